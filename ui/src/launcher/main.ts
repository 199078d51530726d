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

/** How many milliseconds the first frame waits for the stored board: too short to be noticed. */
const FIRST = 80;

/** Records keys that are pressed before the field exists. The returned function stops that, and returns the keys. */
function listenEarly(): () => { typed: string; meant: string | null } {
  let typed = "";
  let meant: string | null = null;
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" || event.key === "Escape") meant = event.key;
    if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) typed += event.key;
    else if (event.key === "Backspace") typed = typed.slice(0, -1);
  };
  addEventListener("keydown", press);
  return () => {
    removeEventListener("keydown", press);
    return { typed, meant };
  };
}

async function open(target: HTMLElement): Promise<void> {
  const stopListening = listenEarly();
  const launcher = new Launcher(await theBackend(), () => import("./lazy"));
  await Promise.race([launcher.open(), new Promise((wake) => setTimeout(wake, FIRST))]);
  if (launcher.context.desktop?.first_run) await import("./lazy");
  void launcher.restore();
  mount(App, { target, props: { launcher } });
  const { typed, meant } = stopListening();
  if (typed) launcher.finds.type(launcher.finds.text + typed);
  if (meant === "Escape") void launcher.hide();
  else if (meant === "Enter") void launcher.enter();
}

const target = document.getElementById("app");
if (target) void open(target);
