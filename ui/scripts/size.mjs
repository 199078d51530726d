/** Builds, and fails where a page has grown past what it may weigh: gzipped, fonts aside. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LAUNCHER = 60_000;
const ALL = 140_000;

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");

function filesIn(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
}

const isFont = (path) => /\.(woff2?|ttf)$/.test(path);
const weigh = (path) => gzipSync(readFileSync(path), { level: 9 }).length;

execFileSync("npx", ["vite", "build", "--logLevel", "warn", "--manifest", "manifest.json"], {
  cwd: root,
  stdio: "inherit",
  shell: process.platform === "win32",
});
const manifest = JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8"));
rmSync(join(dist, "manifest.json"));

/** What a page loads to be shown; with `later`, also what it reads after that. */
function loaded(page, later) {
  const files = new Set([page]);
  const seen = new Set();
  const visit = (name) => {
    const chunk = manifest[name];
    if (!chunk || seen.has(name)) return;
    seen.add(name);
    for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file);
    for (const next of chunk.imports ?? []) visit(next);
    // There is no first frame without the way to the shell.
    for (const next of chunk.dynamicImports ?? []) if (later || next === "src/backend.ts") visit(next);
  };
  visit(page);
  return [...files].map((file) => join(dist, file)).filter((path) => !isFont(path));
}

let failed = false;
function report(what, files, most) {
  const sum = files.reduce((sum, path) => sum + weigh(path), 0);
  console.log(`${what}: ${(sum / 1000).toFixed(1)} kB of ${most / 1000} kB gzipped, fonts aside`);
  for (const path of files) console.log(`  ${String(weigh(path)).padStart(7)}  ${relative(dist, path)}`);
  failed ||= sum > most;
}

const names = ["index.html", "settings.html"].filter((name) => manifest[name]);
report("launcher", loaded("index.html", false), LAUNCHER);
report("all of it", [...new Set(names.flatMap((name) => loaded(name, true)))], ALL);
const pages = names.map((name) => join(dist, name));

/** The content security policy allows nothing that is inline. */
for (const page of pages) {
  if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/.test(readFileSync(page, "utf8"))) {
    console.error(`${relative(dist, page)} has an inline script or style`);
    failed = true;
  }
}
for (const path of filesIn(dist).filter((path) => path.endsWith(".svg"))) {
  if (/<script|<style|\sstyle=/.test(readFileSync(path, "utf8"))) {
    console.error(`${relative(dist, path)} has an inline script or style`);
    failed = true;
  }
}
if (failed) process.exit(1);
