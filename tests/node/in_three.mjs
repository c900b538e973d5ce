// What three.js makes of an animated GLB: node in_three.mjs FILE, and on standard input as JSON
//   {"times": [seconds...], "vertices": [[x, y, z]...]}
// Prints the names of the morph targets, and for each time their influences, the head's quaternion and position, and
// where the vertices that lie at those places at rest have gone, in the scene's metres.
import { readFileSync } from "node:fs";
import { AnimationMixer, LoopOnce, Vector3 } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";

globalThis.self ??= globalThis; // the loader looks for a browser's names; pictures, which need one, it leaves out
console.error = () => {};
const file = readFileSync(process.argv[2]);
const asked = JSON.parse(readFileSync(0, "utf8"));
const gltf = await new GLTFLoader().parseAsync(file.buffer.slice(file.byteOffset, file.byteOffset + file.length), "");
const head = gltf.scene.getObjectByName("Head");
const meshes = [];
gltf.scene.traverse((node) => node.morphTargetInfluences && meshes.push(node));
gltf.scene.updateMatrixWorld(true);

const at = new Vector3(), wanted = new Vector3();
const found = (asked.vertices ?? []).map((place) => {
  wanted.fromArray(place);
  let best = { apart: Infinity };
  for (const mesh of meshes) {
    const positions = mesh.geometry.attributes.position;
    for (let i = 0; i < positions.count; i++) {
      const apart = mesh.localToWorld(at.fromBufferAttribute(positions, i)).distanceToSquared(wanted);
      if (apart < best.apart) best = { apart, mesh, i };
    }
  }
  return best;
});

const mixer = new AnimationMixer(gltf.scene);
const action = mixer.clipAction(gltf.animations[0]).setLoop(LoopOnce);
action.clampWhenFinished = true;
action.play();
const frames = asked.times.map((time) => {
  action.paused = false;
  mixer.setTime(time);
  gltf.scene.updateMatrixWorld(true);
  return {
    influences: meshes.map((mesh) => [...mesh.morphTargetInfluences]),
    quaternion: head.quaternion.toArray(),
    position: head.position.toArray(),
    vertices: found.map(({ mesh, i }) => mesh.localToWorld(mesh.getVertexPosition(i, at)).toArray()),
  };
});
console.log(JSON.stringify({ names: Object.keys(meshes[0].morphTargetDictionary), meshes: meshes.length, frames }));
