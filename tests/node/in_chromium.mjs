// Opens a page in Debian's Chromium and does what standard input asks for, as JSON; prints what was seen, as JSON.
//   {"page": "take.html", "width": 640, "height": 480, "dark": false, "phone": false, "steps": [...]}
// Steps, each with one answer in "answers":
//   {"do": "click" | "press" | "wait" | "evaluate" | "screenshot", "what": selector | key | ms | script | path}
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const PATIENCE_MS = 240_000; // a software renderer on a busy machine
const asked = JSON.parse(readFileSync(0, "utf8"));
const profile = await mkdtemp(join(tmpdir(), "chromium-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  viewport: { width: asked.width ?? 640, height: asked.height ?? 480 },
  colorScheme: asked.dark ? "dark" : "light",
  deviceScaleFactor: asked.phone ? 2 : 1,
  isMobile: asked.phone ?? false,
  hasTouch: asked.phone ?? false,
  args: [
    "--no-sandbox", "--disable-gpu", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--mute-audio",
  ],
});
context.setDefaultTimeout(PATIENCE_MS);
const seen = { errors: [], requests: [], answers: [] };
try {
  const page = context.pages()[0] ?? (await context.newPage());
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  page.on("pageerror", (error) => seen.errors.push(error.message));
  context.on("request", (request) => seen.requests.push(request.url().slice(0, 100)));
  await page.goto(pathToFileURL(asked.page).href);
  for (const { do: act, what } of asked.steps) {
    if (act === "click") await page.click(what);
    else if (act === "press") await page.keyboard.press(what);
    else if (act === "wait") await page.waitForTimeout(what);
    else if (act === "screenshot") await page.screenshot({ path: what });
    else if (act !== "evaluate") throw new Error(`no such step: ${act}`);
    seen.answers.push(act === "evaluate" ? await page.evaluate(`(${what})()`) : null);
  }
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(seen));
