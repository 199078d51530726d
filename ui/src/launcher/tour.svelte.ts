/** The playground's three steps for a newcomer, each ticked once done. */

export type Step = "look" | "run" | "room";

export const STEPS: readonly Step[] = ["look", "run", "room"];

export class Tour {
  private done = $state.raw<readonly Step[]>([]);

  /** The steps and whether each is done; the first that is not done is the next. */
  readonly steps = $derived(
    STEPS.map((step, place) => ({
      step,
      done: this.done.includes(step),
      next: STEPS.findIndex((step) => !this.done.includes(step)) === place,
    })),
  );
  readonly over: boolean = $derived(STEPS.every((step) => this.done.includes(step)));

  take(step: Step): void {
    // Running something implies having seen its preview. The room step waits for the first message.
    if (step === "room" && !this.done.includes("run")) return;
    const steps: Step[] = step === "run" ? ["look", "run"] : [step];
    const fresh = steps.filter((step) => !this.done.includes(step));
    if (fresh.length > 0) this.done = [...this.done, ...fresh];
  }

  again(): void {
    this.done = [];
  }
}
