/** The levels above the board: Esc goes one back. */

import type { Explanation } from "../api";
import type { CommandForm } from "./command-form.svelte";
import type { Log } from "./logs.svelte";
import type { PostForm } from "./post-form.svelte";
import type { Rooms } from "./rooms.svelte";
import type { RunStream } from "./run-stream.svelte";

export type Level =
  | { at: "item"; key: string }
  | { at: "log"; key: string; log: Log }
  | { at: "why"; key: string; explanation: Explanation | null; failure: string | null }
  | { at: "help"; command: string }
  | { at: "fill"; form: CommandForm }
  | { at: "run"; run: RunStream }
  | { at: "rooms"; rooms: Rooms }
  | { at: "send"; sending: PostForm }
  | { at: "keys" };
