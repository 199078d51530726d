import "../base.css";
import "./launcher.css";

import { mount } from "svelte";

import type { Backend } from "../desktop";
import App from "./App.svelte";
import { Launcher } from "./launcher.svelte";

declare const __FAKE__: boolean;

async function theBackend(): Promise<Backend> {
  if (!__FAKE__ || "__TAURI_INTERNALS__" in window) return (await import("../backend")).backend;
  return (await import("../fake/scenes")).scene(location.search);
}

/** The first frame is the stored board. It is not waited for any longer than nobody notices. */
const FIRST = 80;

async function open(target: HTMLElement): Promise<void> {
  const launcher = new Launcher(await theBackend());
  await Promise.race([launcher.open(), new Promise((wake) => setTimeout(wake, FIRST))]);
  mount(App, { target, props: { launcher } });
}

const target = document.getElementById("app");
if (target) void open(target);
