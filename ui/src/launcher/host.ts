/** What acts on rows and runs need of the launcher. */

import type { ItemDetail, Row, Run } from "../api";
import type { BoardState } from "./board-state.svelte";
import type { AppContext } from "./context.svelte";
import type { Details } from "./details.svelte";
import type { Pending } from "./pending.svelte";
import type { Tour } from "./tour.svelte";
import type { Window } from "./view";

export interface Host extends Window {
  readonly context: AppContext;
  readonly boards: BoardState;
  readonly details: Details;
  readonly pending: Pending;
  readonly tour: Tour;
  readonly row: Row | null;
  readonly detail: ItemDetail | null;
  readonly run: Run | null;
  readonly searching: boolean;
  over: "actions" | "quiet" | "snooze" | "not-seen" | null;
  /** Loads the state of the views. */
  states(): Promise<typeof import("./states")>;
  openDetail(key: string): void;
  changed(): void;
  attempt(what: () => Promise<unknown>): Promise<void>;
  takeLine(line: string): Promise<boolean>;
  copy(text: string, announcement: string): Promise<void>;
}
