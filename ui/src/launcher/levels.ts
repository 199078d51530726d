/** The levels above the board: Esc goes back one. */

import type { Explanation } from "../api";
import type { Fill } from "./fills.svelte";
import type { Log } from "./logs.svelte";
import type { Rooms } from "./rooms.svelte";
import type { Following } from "./runs.svelte";
import type { Sending } from "./sending.svelte";

export type Level =
  | { at: "item"; key: string }
  | { at: "log"; key: string; log: Log }
  | { at: "why"; key: string; explanation: Explanation | null; failure: string | null }
  | { at: "help"; command: string }
  | { at: "fill"; fill: Fill }
  | { at: "run"; run: Following }
  | { at: "rooms"; rooms: Rooms }
  | { at: "send"; sending: Sending }
  | { at: "keys" };
