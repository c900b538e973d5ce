// What three.js shows of a GLB at given times: `node play.mjs FILE ANIMATION BONE SECONDS ...` prints JSON with the
// weight of every morph target by mesh and name, and the bone's turn in the world (a quaternion, x y z w).
import fs from "node:fs";

globalThis.self = globalThis;
globalThis.ProgressEvent ??= class {};
const THREE = await import("three");
const { GLTFLoader } = await import("three/examples/jsm/loaders/GLTFLoader.js");

const [file, animation, bone, ...seconds] = process.argv.slice(2);
const bytes = fs.readFileSync(file);
const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const { scene, animations } = await new GLTFLoader().parseAsync(data, "");
const mixer = new THREE.AnimationMixer(scene);
mixer.clipAction(animations.find((clip) => clip.name === animation)).play();
const shown = seconds.map((time) => {
  mixer.setTime(Number(time));
  scene.updateMatrixWorld(true);
  const weights = {};
  const turn = new THREE.Quaternion();
  scene.traverse((thing) => {
    for (const [name, index] of Object.entries(thing.morphTargetDictionary ?? {})) {
      weights[thing.name] ??= {};
      weights[thing.name][name] = thing.morphTargetInfluences[index];
    }
    if (thing.name === bone) thing.getWorldQuaternion(turn);
  });
  return { weights, turn: turn.toArray() };
});
console.log(JSON.stringify(shown));
