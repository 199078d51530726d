/** What outlasts the window of the tour: it may be made anew in the middle of it. */

import type { Run } from "../api";
import type { Tour } from "./tour.svelte";

/** Where the run is kept whose message was read last. */
const PLACE = "callboard.tour";

/** Ticks what was done before this window was made: the team's runs are this person's alone. */
export function resume(tour: Tour, runs: readonly Run[]): void {
  const begun = runs.filter(({ state }) => state.state !== "pending" && state.state !== "canceled");
  if (begun.length === 0) return;
  tour.take("run");
  const read = kept();
  if (begun.some(({ id }) => id === read)) tour.take("room");
}

/** The message of this run was read. */
export function keep(run: Run): void {
  try {
    localStorage.setItem(PLACE, run.id);
  } catch {
    // Not there: then the step is offered again.
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}
