import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { expect, test } from "vitest";

import { hashOfSources } from "../scripts/sources.ts";

test("the hash of the sources is the one that src-tauri/pages.rs makes", () => {
  const root = mkdtempSync(join(tmpdir(), "sources-"));
  const files = {
    "index.html": "<p>\r\n",
    "package-lock.json": "{}",
    "settings.html": "",
    "vite.config.ts": "x",
    "src/a.ts": "a\n",
    "src/a/b.ts": "\u00e9",
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  expect(hashOfSources(root)).toBe("768afadf827e54db66d5a4a09db89bed14dd95e3a6c77e5804ff0d9f61d346d5");
  rmSync(root, { recursive: true });
});
