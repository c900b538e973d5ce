// Plays an animated head in step with its sound. Stands with clock.js, stage.js and gauges.js in one function on the
// page; `three` is three.bundle.js, and the page's data lies in script elements.

const by = (id) => document.getElementById(id);
const take = JSON.parse(by("take").textContent);
const duration = take.frames / take.fps; // seconds
const last = (take.frames - 1) / take.fps; // where the last key lies

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
    by("start").hidden = dirty = true;
  };
  // past the frame's beginning by a hair, so that rounding in the audio clock does not show the one before
  const toFrame = (index) => seek(Math.min(Math.max(index, 0), take.frames - 1) / take.fps + (take.sound ? 5e-4 : 0));
  // a pause that comes before it has begun, or a browser that wants a click first: it stays paused
  const begin = () => clock.play().catch(() => {});
  const setPlaying = async (playing) => {
    by("start").hidden = true;
    if (!playing) clock.pause();
    else {
      if (clock.time >= last - 1e-3) seek(0);
      await begin();
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
      begin();
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
    by("clock").innerHTML =
      `${minutes(time)}<span class="whole"> / ${minutes(duration)}</span><small>frame ${index}</small>`;
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
