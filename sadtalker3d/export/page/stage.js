// The head: which animation is the take, which shapes it uses, and a view of the face.

const FACE_SHARE = 1; // of the view's height taken by what is framed
const MANY = 4000; // vertices of a mesh looked at to find the face and how far its shapes move it

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
