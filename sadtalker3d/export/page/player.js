// Plays an animated head in step with its sound. `three` is three.bundle.js; the page's data stands in script elements.
(() => {
  "use strict";
  const by = (id) => document.getElementById(id);
  const take = JSON.parse(by("take").textContent);
  const duration = take.frames / take.fps; // seconds
  const last = (take.frames - 1) / take.fps; // where the last key lies
  const MOST_BARS = 12;
  const LEAD_S = 0.1; // the longest time that a browser's audio clock is thought to stand still between two readings
  const FACE_SHARE = 1; // of the view's height taken by what is framed
  const MANY = 4000; // vertices of a mesh looked at to find the face and how far its shapes move it

  // -- data ------------------------------------------------------------------------------------------------------

  function bytes(id) {
    const element = by(id);
    const text = atob(element.textContent);
    element.remove(); // the text is as large as the data
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  }

  async function unpacked(data) {
    const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  // -- the clock: the sound's own where there is sound ------------------------------------------------------------

  function soundClock(data) {
    const audio = new Audio(URL.createObjectURL(new Blob([data], { type: take.sound })));
    audio.preload = "auto";
    let read = { heard: -1, at: 0 };
    return {
      audio,
      get time() {
        const now = performance.now();
        if (audio.currentTime !== read.heard) read = { heard: audio.currentTime, at: now };
        if (audio.paused) return read.heard;
        // some browsers move the clock in steps longer than a frame: between them it goes on by itself
        return read.heard + Math.min((now - read.at) / 1000, LEAD_S) * audio.playbackRate;
      },
      set time(seconds) {
        audio.currentTime = seconds;
      },
      get playing() {
        return !audio.paused;
      },
      play: () => audio.play(),
      pause: () => audio.pause(),
      set rate(rate) {
        audio.playbackRate = rate;
      },
      set muted(muted) {
        audio.muted = muted;
      },
    };
  }

  function silentClock() {
    let from = 0, since = null, speed = 1;
    const time = () => (since === null ? from : from + ((performance.now() - since) / 1000) * speed);
    const restart = () => {
      from = time();
      if (since !== null) since = performance.now();
    };
    return {
      get time() {
        return time();
      },
      set time(seconds) {
        from = seconds;
        if (since !== null) since = performance.now();
      },
      get playing() {
        return since !== null;
      },
      play: async () => {
        since ??= performance.now();
      },
      pause: () => {
        restart();
        since = null;
      },
      set rate(rate) {
        restart();
        speed = rate;
      },
      set muted(_) {},
    };
  }

  // -- the head ----------------------------------------------------------------------------------------------------

  function morphTracks(clip) {
    return clip.tracks.filter((track) => track.name.endsWith(".morphTargetInfluences"));
  }

  function theTake(animations) {
    // a character may have brought animations of its own: the take was added last
    const speaking = animations.filter((clip) => morphTracks(clip).length);
    return speaking.at(-1) ?? animations.at(-1);
  }

  function shapesOf(root) {
    // every name once, with all meshes that have a shape of it
    const shapes = new Map();
    root.traverse((mesh) => {
      for (const [name, index] of Object.entries(mesh.morphTargetDictionary ?? {})) {
        if (!shapes.has(name)) shapes.set(name, []);
        shapes.get(name).push({ mesh, index });
      }
    });
    return shapes;
  }

  function usedShapes(root, clip) {
    // how far the take moves the head by each shape, by name: root mean square of its weight, times its size
    const used = new Map();
    for (const track of morphTracks(clip)) {
      const mesh = three.PropertyBinding.findNode(root, three.PropertyBinding.parseTrackName(track.name).nodeName);
      const targets = mesh?.geometry?.morphAttributes.position ?? [];
      const width = track.values.length / track.times.length;
      const squares = new Float64Array(width);
      track.values.forEach((value, i) => (squares[i % width] += value * value));
      for (const [name, index] of Object.entries(mesh?.morphTargetDictionary ?? {})) {
        const weight = Math.sqrt(squares[index] / track.times.length);
        if (weight > 0.005) used.set(name, Math.hypot(used.get(name) ?? 0, weight * sizeOf(targets[index])));
      }
    }
    return used;
  }

  function sizeOf(target) {
    if (!target) return 0;
    const at = new three.Vector3(), step = Math.ceil(target.count / MANY);
    let sum = 0;
    for (let i = 0; i < target.count; i += step) sum += at.fromBufferAttribute(target, i).lengthSq();
    return Math.sqrt(sum * step);
  }

  function faceBox(root, used) {
    // round the vertices that the take moves; all of it where that is nothing
    const box = new three.Box3(), moved = new three.Vector3(), at = new three.Vector3();
    root.updateMatrixWorld(true);
    root.traverse((mesh) => {
      const targets = mesh.geometry?.morphAttributes.position;
      if (!targets?.length) return;
      const active = Object.entries(mesh.morphTargetDictionary)
        .filter(([name]) => used.has(name))
        .map(([, index]) => targets[index]);
      const count = mesh.geometry.attributes.position.count;
      for (let i = 0; i < count; i += Math.ceil(count / MANY))
        if (active.some((target) => moved.fromBufferAttribute(target, i).lengthSq() > 1e-8))
          box.expandByPoint(mesh.getVertexPosition(i, at).applyMatrix4(mesh.matrixWorld));
    });
    const whole = new three.Box3().setFromObject(root);
    if (box.isEmpty()) return whole;
    // from the face to the head: a little more to every side, as far as there is anything
    const size = box.getSize(at);
    box.min.y -= 0.28 * size.y;
    box.max.y += 0.42 * size.y;
    box.min.x -= 0.3 * size.x;
    box.max.x += 0.3 * size.x;
    box.min.z -= size.z;
    return box.intersect(whole);
  }

  function stage(canvas, gltf, used) {
    const renderer = new three.WebGLRenderer({ canvas, antialias: true, alpha: true });
    renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    renderer.toneMapping = three.NeutralToneMapping;
    const scene = new three.Scene();
    const pmrem = new three.PMREMGenerator(renderer);
    scene.environment = pmrem.fromScene(new three.RoomEnvironment(), 0.04).texture;
    scene.environmentIntensity = 0.5;
    const lamp = new three.DirectionalLight(0xfff4e8, 1.35);
    const fill = new three.DirectionalLight(0xdfe9ff, 0.5);
    scene.add(lamp, lamp.target, fill, fill.target, gltf.scene);
    gltf.scene.traverse((mesh) => (mesh.frustumCulled = false)); // moving shapes leave the box of the rest
    const camera = new three.PerspectiveCamera(26, 1, 0.01, 100);
    const controls = new three.OrbitControls(camera, canvas);
    controls.enableDamping = true;
    const box = faceBox(gltf.scene, used);
    const middle = box.getCenter(new three.Vector3()), size = box.getSize(new three.Vector3());
    lamp.target.position.copy(middle);
    fill.target.position.copy(middle);
    lamp.position.set(1.6, 2, 3).multiplyScalar(size.y * 3).add(middle);
    fill.position.set(-3, 0.5, 2).multiplyScalar(size.y * 3).add(middle);

    function frameFace() {
      const tangent = Math.tan((camera.fov * Math.PI) / 360);
      const far = Math.max(size.y / tangent, size.x / tangent / camera.aspect) / 2 / FACE_SHARE + size.z / 2;
      camera.near = far / 50;
      camera.far = far * 20;
      controls.target.copy(middle);
      controls.minDistance = far / 4;
      controls.maxDistance = far * 6;
      camera.position.copy(middle).add(new three.Vector3(0.16, 0.04, 1).normalize().multiplyScalar(far));
      camera.updateProjectionMatrix();
      controls.update();
    }

    let touched = false;
    controls.addEventListener("start", () => (touched = true));
    return {
      controls, camera, scene, renderer,
      frameFace() {
        touched = false;
        frameFace();
      },
      resize() {
        const { clientWidth: width, clientHeight: height } = canvas;
        renderer.setSize(width, height, false);
        camera.aspect = width / Math.max(height, 1);
        if (touched) camera.updateProjectionMatrix();
        else frameFace();
      },
      draw: () => renderer.render(scene, camera),
    };
  }

  // -- bars and the curve --------------------------------------------------------------------------------------------

  const SIDE = /^(.*?)[._ ]?(Left|Right|_L|_R|left|right)$/;

  function makeBars(list, shapes, used) {
    // the strongest shapes of the take; left and right, which mostly go together, are two bars in one row
    const rows = new Map();
    for (const [name, strength] of used) {
      const [, stem, side] = SIDE.exec(name) ?? [null, name, ""];
      const row = rows.get(stem) ?? { stem, strength: 0, sides: [] };
      row.strength = Math.max(row.strength, strength);
      row.sides.push({ side, targets: shapes.get(name) });
      rows.set(stem, row);
    }
    const strongest = [...rows.values()].sort((a, b) => b.strength - a.strength);
    return strongest.slice(0, MOST_BARS).map((row) => {
      row.sides.sort((a, b) => a.side.localeCompare(b.side));
      const item = document.createElement("div");
      const name = document.createElement("span"), value = document.createElement("span");
      const bars = document.createElement("div");
      item.className = "shape";
      name.className = "name";
      value.className = "value";
      bars.className = "bars";
      name.textContent = name.title = row.stem;
      const fills = row.sides.map(({ side }) => {
        const bar = document.createElement("div");
        bar.className = "bar";
        bar.setAttribute("role", "meter");
        bar.setAttribute("aria-label", `${row.stem} ${side}`.trim());
        bar.setAttribute("aria-valuemin", "0");
        bar.setAttribute("aria-valuemax", "1");
        bars.append(bar);
        return bar.appendChild(document.createElement("i"));
      });
      item.append(name, value, bars);
      list.append(item);
      return () => {
        let largest = 0;
        row.sides.forEach(({ targets }, i) => {
          const weight = targets[0].mesh.morphTargetInfluences[targets[0].index];
          largest = Math.abs(weight) > Math.abs(largest) ? weight : largest;
          fills[i].style.transform = `scaleX(${Math.min(Math.max(weight, 0), 1).toFixed(3)})`;
          fills[i].parentNode.setAttribute("aria-valuenow", weight.toFixed(2));
        });
        value.textContent = largest.toFixed(2);
      };
    });
  }

  function makeGraph(canvas) {
    const context = canvas.getContext("2d");
    const top = Math.max(4, ...thinned(take.opening, 2000)); // millimetres
    const still = document.createElement("canvas");
    by("scale").textContent = `Mouth opening, up to ${top.toFixed(0)} mm`;
    function resize() {
      const ratio = Math.min(devicePixelRatio, 2);
      for (const each of [canvas, still]) {
        each.width = Math.round(canvas.clientWidth * ratio);
        each.height = Math.round(canvas.clientHeight * ratio);
      }
      const pen = still.getContext("2d"), colour = getComputedStyle(document.documentElement);
      const { width, height } = still;
      const heights = thinned(take.opening, width);
      const y = (value) => height - 1.5 * ratio - (value / top) * (height - 5 * ratio);
      pen.beginPath();
      heights.forEach((value, i) => pen.lineTo((i / Math.max(heights.length - 1, 1)) * width, y(value)));
      pen.strokeStyle = colour.getPropertyValue("--accent");
      pen.lineWidth = 1.4 * ratio;
      pen.lineJoin = "round";
      pen.stroke();
      pen.lineTo(width, height);
      pen.lineTo(0, height);
      pen.fillStyle = colour.getPropertyValue("--fill");
      pen.fill();
      pen.fillStyle = colour.getPropertyValue("--line");
      pen.fillRect(0, height - ratio, width, ratio);
    }
    return {
      resize,
      draw(time) {
        const { width, height } = canvas;
        context.clearRect(0, 0, width, height);
        context.drawImage(still, 0, 0);
        const x = last > 0 ? Math.min(time / last, 1) * width : 0;
        context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink");
        context.fillRect(Math.min(Math.max(x - 1, 0), width - 2), 0, 2, height);
      },
    };
  }

  function thinned(values, count) {
    // the largest of each piece, so that no peak is lost
    if (values.length <= count) return values;
    const peaks = new Array(count).fill(0);
    values.forEach((value, i) => {
      const at = Math.floor((i * count) / values.length);
      peaks[at] = Math.max(peaks[at], value);
    });
    return peaks;
  }

  // -- together --------------------------------------------------------------------------------------------------------

  async function start() {
    const data = await unpacked(bytes("head"));
    const gltf = await new three.GLTFLoader().parseAsync(data, "");
    const clip = theTake(gltf.animations);
    if (!clip) throw new Error("this head has no animation");
    const mixer = new three.AnimationMixer(gltf.scene);
    const action = mixer.clipAction(clip);
    action.setLoop(three.LoopOnce);
    action.clampWhenFinished = true;
    action.play();
    const pose = (seconds) => {
      action.paused = false; // it pauses itself at its end
      mixer.setTime(Math.min(seconds, clip.duration));
    };
    pose(0);
    const used = usedShapes(gltf.scene, clip), shapes = shapesOf(gltf.scene);
    const view = stage(by("view"), gltf, used);
    const bars = makeBars(by("shapes"), shapes, used);
    const graph = makeGraph(by("graph"));
    const clock = take.sound ? soundClock(bytes("speech")) : silentClock();
    const scrub = by("scrub");
    let loop = true, dirty = true, shown = -1;
    by("mute").hidden = !take.sound;
    by("full").hidden = !document.fullscreenEnabled;
    scrub.max = take.frames - 1;
    scrub.step = 1;

    const frame = () => Math.min(Math.floor(clock.time * take.fps + 1e-4), take.frames - 1);
    const seek = (seconds) => {
      clock.time = Math.min(Math.max(seconds, 0), duration);
      dirty = true;
    };
    // past the frame's beginning by a hair, so that rounding in the audio clock does not show the one before
    const toFrame = (index) => seek(Math.min(Math.max(index, 0), take.frames - 1) / take.fps + (take.sound ? 5e-4 : 0));
    const setPlaying = async (playing) => {
      by("start").hidden = true;
      if (!playing) clock.pause();
      else {
        if (clock.time >= last - 1e-3) seek(0);
        await clock.play();
      }
      showState();
    };
    const showState = () => {
      document.body.classList.toggle("playing", clock.playing);
      by("play").setAttribute("aria-label", clock.playing ? "Pause" : "Play");
      dirty = true;
    };
    const step = (frames) => {
      if (clock.playing) clock.pause();
      by("start").hidden = true;
      toFrame(frame() + frames);
      showState();
    };
    const toggle = (button, change) => {
      const pressed = by(button).getAttribute("aria-pressed") !== "true";
      by(button).setAttribute("aria-pressed", pressed);
      change(pressed);
    };
    const toggleLoop = () => toggle("loop", (on) => (loop = on));
    const toggleMute = () => toggle("mute", (on) => (clock.muted = on));
    const toggleFull = () =>
      document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    const firstView = () => {
      view.frameFace();
      dirty = true;
    };

    function ended() {
      if (loop) {
        seek(0);
        clock.play();
      } else {
        clock.pause();
        seek(duration);
        showState();
      }
    }

    function tick() {
      requestAnimationFrame(tick);
      let time = clock.time;
      if (clock.playing && time >= duration) {
        ended();
        time = clock.time;
      }
      const turned = view.controls.update();
      if (!dirty && !turned && !clock.playing) return;
      dirty = false;
      if (time !== shown) pose(time);
      shown = time;
      view.draw();
      bars.forEach((show) => show());
      graph.draw(time);
      const index = frame();
      scrub.value = index;
      scrub.setAttribute("aria-valuetext", `${time.toFixed(2)} seconds, frame ${index + 1} of ${take.frames}`);
      by("clock").innerHTML = `${minutes(time)} / ${minutes(duration)}<small>frame ${index}</small>`;
    }

    clock.audio?.addEventListener("ended", ended);
    clock.audio?.addEventListener("pause", showState);
    clock.audio?.addEventListener("seeked", () => (dirty = true));
    by("play").onclick = () => setPlaying(!clock.playing);
    by("start").onclick = () => setPlaying(true);
    by("back").onclick = () => step(-1);
    by("on").onclick = () => step(1);
    by("loop").onclick = toggleLoop;
    by("mute").onclick = toggleMute;
    by("full").onclick = toggleFull;
    by("view").ondblclick = firstView;
    by("speed").onchange = () => (clock.rate = Number(by("speed").value));
    scrub.oninput = () => toFrame(Number(scrub.value));
    const second = Math.round(take.fps);
    const keys = {
      " ": () => setPlaying(!clock.playing), k: () => setPlaying(!clock.playing),
      ArrowLeft: (event) => step(event.shiftKey ? -second : -1),
      ArrowRight: (event) => step(event.shiftKey ? second : 1),
      Home: () => toFrame(0), End: () => toFrame(take.frames - 1),
      l: toggleLoop, m: toggleMute, f: toggleFull, r: firstView,
    };
    addEventListener(
      "keydown",
      (event) => {
        const typing = event.target.closest?.("select");
        if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === " " && event.target.closest?.("button")) return; // the button's own
        const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
        if (!act) return;
        event.preventDefault();
        event.stopPropagation();
        act(event);
      },
      true, // before the orbit controls and the slider take the arrows
    );
    const resize = () => {
      view.resize();
      graph.resize();
      dirty = true;
    };
    new ResizeObserver(resize).observe(by("view"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", resize);
    resize();
    by("facts").textContent =
      `${minutes(duration)} · ${take.frames} frames at ${+take.fps.toFixed(3)} fps · ${shapes.size} shapes` +
      (take.sound ? "" : " · no sound");
    by("message").textContent = "";
    by("start").hidden = false;
    requestAnimationFrame(tick);
    return {
      take, clip, shapes, ...view,
      audio: clock.audio,
      seek, toFrame, setPlaying,
      get time() {
        return clock.time;
      },
      get frame() {
        return frame();
      },
      get playing() {
        return clock.playing;
      },
      weight: (name) => shapes.get(name)[0].mesh.morphTargetInfluences[shapes.get(name)[0].index],
    };
  }

  function minutes(seconds) {
    const whole = Math.floor(seconds / 60);
    return `${whole}:${(seconds - 60 * whole).toFixed(2).padStart(5, "0")}`;
  }

  // for programs that steer the page: a promise of the player
  window.player = start();
  window.player.catch((error) => {
    by("message").textContent = `The head cannot be shown: ${error.message}. A browser of 2023 or later with WebGL shows it.`;
    console.error(error);
  });
})();
