/** The playground's three steps: what a newcomer does first, ticked as it is done. */

export type Step = "look" | "run" | "room";

export const STEPS: readonly Step[] = ["look", "run", "room"];

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

  again(): void {
    this.done = [];
  }
}
