// Where three.js puts every vertex: `node points.mjs FILE ANIMATION SECONDS ...` prints JSON with a list for each mesh by
// name, which has for each time the places in the scene, x y z x y z ...; meshopt's compression is understood.
import fs from "node:fs";

globalThis.self = globalThis; // the loader looks for a browser's names; pictures, which need one, it leaves out
globalThis.ProgressEvent ??= class {};
console.error = console.warn = () => {};
const THREE = await import("three");
const { GLTFLoader } = await import("three/examples/jsm/loaders/GLTFLoader.js");
const { MeshoptDecoder } = await import("three/examples/jsm/libs/meshopt_decoder.module.js");

const [file, animation, ...seconds] = process.argv.slice(2);
const bytes = fs.readFileSync(file);
const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const loader = new GLTFLoader().setMeshoptDecoder(MeshoptDecoder);
const { scene, animations } = await loader.parseAsync(data, "");
const mixer = new THREE.AnimationMixer(scene);
mixer.clipAction(animations.find((clip) => clip.name === animation)).play();
const place = new THREE.Vector3();
const found = {};
for (const time of seconds) {
  mixer.setTime(Number(time));
  scene.updateMatrixWorld(true);
  scene.traverse((mesh) => {
    if (!mesh.isMesh) return;
    const points = [];
    for (let i = 0; i < mesh.geometry.attributes.position.count; i++) {
      points.push(...mesh.localToWorld(mesh.getVertexPosition(i, place)).toArray());
    }
    (found[mesh.name] ??= []).push(points);
  });
}
console.log(JSON.stringify(found));
