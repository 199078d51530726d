/** State of the tour that outlives its window, which may be created again in the middle of the tour. */

import type { Run } from "../api";
import type { Tour } from "./tour.svelte";

/** The storage key for the run whose message was read last. */
const PLACE = "callboard.tour";

/** Ticks the steps that were done before this window was created: the playground's runs are all this person's. */
export function resume(tour: Tour, runs: readonly Run[]): void {
  const started = runs.filter(({ state }) => state.state !== "pending" && state.state !== "canceled");
  if (started.length === 0) return;
  tour.take("run");
  const read = kept();
  if (started.some(({ id }) => id === read)) tour.take("room");
}

/** Call when the message of this run was read. */
export function keep(run: Run): void {
  try {
    localStorage.setItem(PLACE, run.id);
  } catch {
    // Without storage the step is offered again.
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}
