import { readdirSync } from "node:fs";
import { join } from "node:path";

import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

const components = readdirSync(join(import.meta.dirname, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".svelte"))
  .map((name) => `src/${name.replaceAll("\\", "/")}`)
  .sort();

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    discloseVersion: false,
    // Short scope names: they stand in every rule and every template. Each component has its number.
    cssHash: ({ hash, filename, css }) => {
      const at = components.findIndex((name) => filename.endsWith(name));
      return `s${at < 0 ? hash(css) : at.toString(36)}`;
    },
  },
};
