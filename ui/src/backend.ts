/** The way to the shell, and through it to the engine. Nothing else of the windows knows that there is a Tauri. */

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { Backend, Desktop, Hotkey, Shown } from "./desktop";

/** The shell's name of this window. Each window has a page of its own. */
const label = location.pathname.startsWith("/settings") ? "settings" : "launcher";

/**
 * Listens until it is told to end, also where that is before the shell has taken it in. Hears what is said to this
 * window and to all, not what is said to the other one.
 */
function on<Payload>(event: string, listener: (payload: Payload) => void): () => void {
  const target = { kind: "WebviewWindow", label } as const;
  const listening = listen<Payload>(event, ({ payload }) => listener(payload), { target });
  return () => void listening.then((end) => end());
}

export const backend: Backend = {
  call: (name, params) => invoke("call", { name, params }),
  desktop: () => invoke<Desktop>("desktop"),
  hide: () => invoke("hide"),
  showSettings: (view) => invoke("show_settings", { view: view ?? null }),
  showLauncher: (item) => invoke("show_launcher", { item: item ?? null }),
  openLink: (url) => invoke("open_link", { url }),
  setHotkey: (keys) => invoke<Hotkey>("set_hotkey", { keys }),
  setAutostart: (enabled) => invoke("set_autostart", { on: enabled }),
  playground: (enabled) => invoke("playground", { on: enabled }),
  testNotification: () => invoke("test_notification"),
  quit: () => invoke("quit"),
  onShown: (listener) => on<Shown>("shown", listener),
  onDesktop: (listener) => on<Desktop>("desktop", listener),
  onChanged: (listener) => on<null>("changed", () => listener()),
};
