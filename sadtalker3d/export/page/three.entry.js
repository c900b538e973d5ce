// What the page uses of three.js (MIT); bundled into three.bundle.js by tests/node/bundle_three.mjs.
export {
  AnimationMixer,
  Box3,
  DirectionalLight,
  LoopOnce,
  NeutralToneMapping,
  PMREMGenerator,
  PropertyBinding,
  PerspectiveCamera,
  Scene,
  Vector3,
  WebGLRenderer,
} from "three";
export { OrbitControls } from "three/addons/controls/OrbitControls.js";
export { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
export { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
