/** What the windows are built from, as one hash: `src-tauri/pages.rs` makes the same one, and refuses pages of other sources. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the build leaves the hash, in its folder. */
export const HASH = "sources.sha256";

const ROOTS = ["index.html", "package-lock.json", "settings.html", "src", "vite.config.ts"];

function filesIn(root: string, path: string): string[] {
  const entries = readdirSync(join(root, path), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const inner = `${path}/${entry.name}`;
    return entry.isDirectory() ? filesIn(root, inner) : [inner];
  });
}

/** The hash of the sources below `root`, by their content only: times and places are nothing that a checkout keeps. */
export function hashOfSources(root: string): string {
  const files = ROOTS.flatMap((name) => (name === "src" ? filesIn(root, name) : [name])).sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  const hash = createHash("sha256");
  for (const file of files) {
    // A checkout on Windows has other line ends than the archive.
    const bytes = Buffer.from(readFileSync(join(root, file), "latin1").replaceAll("\r\n", "\n"), "latin1");
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}
