/** The connection to the shell, and through it to the engine. The only module of the windows that depends on Tauri. */

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { Backend, Desktop, Hotkey, Shown } from "./desktop";

/** The shell's label of this window. Each window has a page of its own. */
const label = location.pathname.startsWith("/settings") ? "settings" : "launcher";

/**
 * Subscribes to an event. The returned function ends the subscription, even if the shell has not confirmed it yet.
 * Receives events that are sent to this window or to all windows.
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
