/** The playground's three steps: what a newcomer does first, ticked as it is done. */

import type { Run } from "../api";

export type Step = "look" | "run" | "room";

export const STEPS: readonly Step[] = ["look", "run", "room"];

/** Where the run is kept whose message was read last. */
const PLACE = "callboard.tour";

export class Tour {
  private done = $state.raw<readonly Step[]>([]);

  /** The steps with whether each is done; the first that is not is the next. */
  readonly steps = $derived(
    STEPS.map((step, place) => ({
      step,
      done: this.done.includes(step),
      next: STEPS.findIndex((step) => !this.done.includes(step)) === place,
    })),
  );
  readonly over: boolean = $derived(STEPS.every((step) => this.done.includes(step)));

  take(step: Step): void {
    // Whoever ran something has seen what it would do; a room without a message is no step yet.
    if (step === "room" && !this.done.includes("run")) return;
    const steps: Step[] = step === "run" ? ["look", "run"] : [step];
    const fresh = steps.filter((step) => !this.done.includes(step));
    if (fresh.length > 0) this.done = [...this.done, ...fresh];
  }

  /** What was done before this window was made: the team's runs are this person's alone. */
  resume(runs: readonly Run[]): void {
    const begun = runs.filter(({ state }) => state.state !== "pending" && state.state !== "canceled");
    if (begun.length === 0) return;
    this.take("run");
    const read = kept();
    if (begun.some(({ id }) => id === read)) this.take("room");
  }

  /** The message of this run was read, which outlasts the window. */
  keep(run: Run): void {
    try {
      localStorage.setItem(PLACE, run.id);
    } catch {
      // Not there: then the step is offered again.
    }
  }

  again(): void {
    this.done = [];
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}
