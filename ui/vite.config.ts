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

// In a browser there is no shell: the fake backend stands in. The app's own build has no trace of it.
export default defineConfig(({ mode }) => ({
  plugins: [svelte(), leaveHash],
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
