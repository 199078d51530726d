/** The playground's three steps: what a newcomer does first, ticked as it is done. */

export type Step = "look" | "run" | "room";

export const STEPS: { step: Step; words: string; keys: string }[] = [
  { step: "look", words: "See what one thing would do", keys: "Enter" },
  { step: "run", words: "Run it", keys: "Enter" },
  { step: "room", words: "Read the message in the room", keys: "Ctrl+Shift+R" },
];

export class Tour {
  private done = $state.raw<readonly Step[]>([]);

  /** The steps with whether each is done; the first that is not is the next. */
  readonly steps = $derived(
    STEPS.map((each, place) => ({
      ...each,
      done: this.done.includes(each.step),
      next: STEPS.findIndex(({ step }) => !this.done.includes(step)) === place,
    })),
  );
  readonly over: boolean = $derived(STEPS.every(({ step }) => this.done.includes(step)));

  take(step: Step): void {
    // Whoever ran something has seen what it would do; a room without a message is no step yet.
    if (step === "room" && !this.done.includes("run")) return;
    const before: Step[] = step === "run" ? ["look"] : [];
    this.done = [...this.done, ...before, step];
  }

  again(): void {
    this.done = [];
  }
}
