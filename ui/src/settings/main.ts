/** The settings page: in the app on the shell, in a browser during development on a fake. */

import "../base.css";

import { mount } from "svelte";

import type { Backend } from "../desktop";
import Settings from "./Settings.svelte";

declare const __FAKE__: boolean;

async function backend(): Promise<Backend> {
  if ("__TAURI_INTERNALS__" in window) return (await import("../backend")).backend;
  if (__FAKE__) return (await import("../fake/settings")).settingsFake();
  throw new Error("This page belongs to the Callboard app.");
}

const target = document.getElementById("app");
if (target) mount(Settings, { target, props: { backend: await backend() } });
