// Serves the folder, CesiumJS and the page on the loopback, drives Chromium through it, validates each .glb. Prints one JSON document.
import { createServer } from "node:http";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import validator from "gltf-validator";

const [folder, executablePath, picture] = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));
const roots = { tiles: folder, cesium: join(here, "node_modules/cesium/Build/Cesium"), "": here };
const types = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".css": "text/css", ".wasm": "application/wasm", ".glb": "model/gltf-binary" };

const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
  const [, first, ...rest] = path.split("/");
  const root = rest.length && roots[first] ? roots[first] : here;
  const file = normalize(join(root, root === here ? path : rest.join("/")));
  try {
    if (!file.startsWith(normalize(root + sep))) throw new Error("outside");
    const body = await readFile(file);
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));

const glbs = (await readdir(join(folder, "tiles"))).filter(name => name.endsWith(".glb"));
const validation = { files: glbs.length, errors: 0, warnings: 0, messages: {} };
for (const name of glbs) {
  const report = await validator.validateBytes(new Uint8Array(await readFile(join(folder, "tiles", name))), { uri: name });
  validation.errors += report.issues.numErrors;
  validation.warnings += report.issues.numWarnings;
  for (const { code, severity, message, pointer } of report.issues.messages) {
    if (severity < 2) validation.messages[code] ??= `${name}${pointer}: ${message}`;
  }
}

const browser = await chromium.launch({
  executablePath, headless: true,
  args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let done = { failures: ["the page said nothing"] };
const problems = [];
try {
  const page = await browser.newPage({ viewport: { width: 960, height: 600 } });
  page.on("console", message => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", error => problems.push(String(error)));
  await page.goto(`http://127.0.0.1:${server.address().port}/page.html`);
  await page.waitForFunction("window.done", null, { timeout: 540000 });
  done = await page.evaluate("window.done");
  await writeFile(picture, await page.screenshot());
} finally {
  await browser.close();
  server.close();
}
const picked = (done.views ?? []).map(view => view.feature).filter(Boolean);
const good = !done.failures.length && !problems.length && !validation.errors && picked.length > 0 && picked.every(feature => feature.id && feature.class);
console.log(JSON.stringify({ good, picture, ...done, problems, validation }, null, 1));
process.exit(good ? 0 : 1);
