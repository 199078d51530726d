/** The modules of the pages build on one another without circles, those of types included. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { expect, test } from "vitest";

const SOURCES = resolve("src");
/** `from "./a"`, `import "./a"` and `import("./a")`. */
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"?]+)"/g;
const ENDINGS = ["", ".ts", ".svelte.ts", "/index.ts"];

const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(ts|svelte)$/.test(name))
  .map((name) => join(SOURCES, name));

function importsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(IMPORT)].flatMap(([, path = ""]) => {
    const place = resolve(dirname(file), path);
    const all = ENDINGS.map((ending) => place + ending);
    return all.find((each) => existsSync(each) && statSync(each).isFile()) ?? [];
  });
}

/** A circle among the imports, by the names of its files; empty if there is none. */
function circle(imports: Map<string, string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): string[] => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      const found = walk(next);
      if (found.length > 0) return found;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const found = walk(file);
    if (found.length > 0) return found;
  }
  return [];
}

test("there is no circle", () => {
  const imports = new Map(files.map((file) => [file, importsOf(file)]));
  // Would be empty if the imports were not recognised.
  expect(imports.get(join(SOURCES, "launcher/main.ts"))).toContain(join(SOURCES, "launcher/App.svelte"));
  expect(circle(imports).map((file) => file.slice(SOURCES.length + 1))).toEqual([]);
});

test("a circle is found", () => {
  const imports = new Map([
    ["a", ["b", "d"]],
    ["b", ["c"]],
    ["c", ["b"]],
    ["d", []],
  ]);
  expect(circle(imports)).toEqual(["b", "c", "b"]);
});
