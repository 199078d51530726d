/** The interface of the shell around the windows; the engine's own calls are in `api.ts`. */

import type { ApiError, Calls } from "./api";

/** Why a call failed: a text for a person, and the error itself. */
export interface Failure {
  message: string;
  error: ApiError;
}

/** The global hotkey. */
export interface Hotkey {
  /** As people write it: "Alt+Space". */
  keys: string;
  /** `taken`: another program has it. `portal`: the desktop decides. `unavailable`: this desktop supports none. */
  state: "active" | "taken" | "portal" | "unavailable";
  /** The reason for the state, and what to do. */
  why: string | null;
}

/** The theme: the system's, or light or dark regardless of the system. */
export type Theme = "system" | "light" | "dark";

/** The desktop around the windows. */
export interface Desktop {
  version: string;
  platform: "linux" | "macos" | "windows";
  wayland: boolean;
  /** True if the made-up team's services are shown. */
  playground: boolean;
  /** True if there is no account yet and the first run has not been completed. */
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
  /** A line to open with its preview, on that item. */
  line: string | null;
  /** The settings' view to open. */
  view: string | null;
}

/** Everything that the windows need from the shell and the engine. */
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
  /** Calls back each time the window is shown. Returns the function that unsubscribes. */
  onShown(listener: (shown: Shown) => void): () => void;
  /** Calls back when the desktop's state changed. */
  onDesktop(listener: (desktop: Desktop) => void): () => void;
  /** Calls back when the store changed: everything shown is to be read again. */
  onChanged(listener: () => void): () => void;
}
