import { existsSync, writeFileSync } from "node:fs";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { HASH, hashOfSources } from "./scripts/sources.ts";

/** Leaves beside the pages what they were built from, so that the app is not built with old ones. */
const leaveHash = {
  name: "leave-hash",
  apply: "build" as const,
  closeBundle: () => writeFileSync(`dist/${HASH}`, `${hashOfSources(".")}\n`),
};

/**
 * The pages come from no server: what Svelte has to take over such a page is left out. Svelte guards all of it by one
 * variable for that, which the bundler takes for one that changes.
 */
const noHydration = {
  name: "no-hydration",
  apply: "build" as const,
  transform(code: string, id: string) {
    // Components call these for each element, and they do nothing else.
    if (id.endsWith(".svelte"))
      return { code: code.replace(/^\t+\$\.(reset\(\w+\)|next\(\d*\));\n/gm, ""), map: null };
    if (!id.endsWith("/svelte/src/internal/client/dom/hydration.js")) return null;
    const constant = code
      .replace("export let hydrating = false;", "export const hydrating = false;")
      .replace("\thydrating = value;\n", "");
    if (/(?:let |\t)hydrating =/.test(constant))
      throw new Error("Svelte has changed how it says that it hydrates");
    return { code: constant, map: null };
  },
};

/** What loads a part of a page: its style sheets first, those that the page has aside. Vite's own does more, for other sites. */
const preload = {
  name: "preload",
  apply: "build" as const,
  enforce: "pre" as const,
  load: (id: string) =>
    id === "\0vite/preload-helper.js"
      ? `export const __vitePreload = (load, sheets = []) =>
           Promise.all(sheets.map((sheet) => {
             const href = "/" + sheet;
             return document.querySelector(\`[href="\${href}"]\`) || new Promise((resolve, reject) => {
               document.head.append(Object.assign(document.createElement("link"),
                 { rel: "stylesheet", href, onload: resolve, onerror: reject }));
             });
           })).then(load)`
      : null,
};

// In a browser there is no shell: the fake backend stands in. The app's own build has no trace of it.
export default defineConfig(({ mode }) => ({
  plugins: [svelte(), noHydration, preload, leaveHash],
  define: { __FAKE__: JSON.stringify(mode !== "production") },
  build: {
    target: "es2022",
    modulePreload: false,
    // Nothing may be inlined: the content security policy allows files of the app only.
    assetsInlineLimit: 0,
    rollupOptions: {
      // Few chunks: what two of them share is compressed in each. What both pages load is one, and the launcher's first frame.
      output: {
        codeSplitting: {
          groups: [
            {
              name: "shared",
              test: /preload-helper|\/node_modules\/|\/src\/(parts\/|base|icons)/,
              minShareCount: 2,
              priority: 1,
            },
            { name: "first", test: /\/launcher\/(App\.svelte|launcher\.css)$/ },
          ],
        },
      },
      input: Object.fromEntries(
        Object.entries({ launcher: "index.html", settings: "settings.html" }).filter(([, page]) =>
          existsSync(page),
        ),
      ),
    },
  },
  server: { port: 5173, strictPort: true, fs: { allow: [".."] } },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    // axe takes its time where several builds share a machine.
    testTimeout: 30_000,
  },
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
}));
