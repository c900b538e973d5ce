// Prints what pixiv's three-vrm-animation reads of a VRM animation at one key, as JSON: node read.mjs FILE KEY
import { readFile } from "node:fs/promises";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { VRMAnimationLoaderPlugin } from "@pixiv/three-vrm-animation";

const [file, key] = [process.argv[2], Number(process.argv[3])];
const bytes = await readFile(file);
const loader = new GLTFLoader();
loader.register((parser) => new VRMAnimationLoaderPlugin(parser));
const gltf = await loader.parseAsync(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), "");
const take = gltf.userData.vrmAnimations[0];
const at = (track) => Array.from(track.values.slice(key * track.getValueSize(), (key + 1) * track.getValueSize()));
const all = (tracks) => Object.fromEntries([...tracks].map(([name, track]) => [name, at(track)]));
console.log(JSON.stringify({
  duration: take.duration,
  preset: all(take.expressionTracks.preset),
  custom: all(take.expressionTracks.custom),
  rotation: all(take.humanoidTracks.rotation),
  moved: [...take.humanoidTracks.translation.keys()],
  lookAt: take.lookAtTrack && at(take.lookAtTrack),
  hips: take.restHipsPosition.toArray(),
}));
