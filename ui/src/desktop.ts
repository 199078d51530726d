/** What the shell around the windows is and can do; the engine's own calls are in `api.ts`. */

import type { ApiError, Calls } from "./api";

/** Why a call failed: a text for a person, and what it was. */
export interface Failure {
  message: string;
  error: ApiError;
}

/** The global hotkey. */
export interface Hotkey {
  /** As people write it: "Alt+Space". */
  keys: string;
  /** `taken`: another program has it. `portal`: the desktop decides. `unavailable`: this desktop has none for us. */
  state: "active" | "taken" | "portal" | "unavailable";
  /** Why it is so, and what to do. */
  why: string | null;
}

/** The theme: the system's, or one of ours whatever the system says. */
export type Theme = "system" | "light" | "dark";

/** The desktop around the windows. */
export interface Desktop {
  version: string;
  platform: "linux" | "macos" | "windows";
  wayland: boolean;
  /** The made-up team's services are what is shown. */
  playground: boolean;
  /** There is no account yet, and nobody has said what to do about it. */
  first_run: boolean;
  hotkey: Hotkey;
  tray: { shown: boolean; why: string | null };
  autostart: boolean;
  /** `daemon`: another process has the store, and this app is a client of it. */
  owner: "here" | "daemon";
  theme: Theme;
}

/** Why a window was shown. */
export interface Shown {
  /** The key of the item to open. */
  item: string | null;
  /** A line to open with what it would do, on that item. */
  line: string | null;
  /** The settings' view to open. */
  view: string | null;
}

/** What the windows need of the rest. */
export interface Backend {
  call<Name extends keyof Calls>(name: Name, params: Calls[Name]["params"]): Promise<Calls[Name]["answer"]>;
  desktop(): Promise<Desktop>;
  hide(): Promise<void>;
  showSettings(view?: string): Promise<void>;
  showLauncher(item?: string): Promise<void>;
  openLink(url: string): Promise<void>;
  setHotkey(keys: string): Promise<Hotkey>;
  setAutostart(on: boolean): Promise<void>;
  playground(on: boolean): Promise<void>;
  testNotification(): Promise<void>;
  quit(): Promise<void>;
  /** The window was shown. Returns what ends the listening. */
  onShown(listener: (shown: Shown) => void): () => void;
  /** Something of the desktop changed. */
  onDesktop(listener: (desktop: Desktop) => void): () => void;
  /** The store changed: what is shown is to be read again. */
  onChanged(listener: () => void): () => void;
}
