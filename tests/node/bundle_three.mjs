// Makes sadtalker3d/export/page/three.bundle.js, three.js' licence on top, from the pinned npm packages:
//   npm ci --prefix tests/node && node tests/node/bundle_three.mjs [OUT]
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const page = fileURLToPath(new URL("../../sadtalker3d/export/page/", import.meta.url));
const { version } = JSON.parse(await readFile(`${here}node_modules/three/package.json`, "utf8"));
const licence = (await readFile(`${here}node_modules/three/LICENSE`, "utf8")).trim();
await build({
  entryPoints: [`${page}three.entry.js`],
  nodePaths: [`${here}node_modules`],
  outfile: process.argv[2] ?? `${page}three.bundle.js`,
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "three",
  target: "es2022",
  charset: "ascii",
  legalComments: "none", // the one licence stands on top
  banner: { js: `/*! three.js ${version}\n${licence}\n*/` },
});
