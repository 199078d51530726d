/** Asking for something that may come late, never, or as a failure; and doing something that may fail. */

import type { Failure } from "../desktop";
import { failureOf } from "./failure";

/** How long an answer has been awaited, in the steps that are told: a line, a word, an offer. */
export type Wait = "none" | "line" | "word" | "offer";

const STEPS: [number, Wait][] = [
  [100, "line"],
  [2_000, "word"],
  [10_000, "offer"],
];

class Waiting {
  step = $state<Wait>("none");
  #timers: ReturnType<typeof setTimeout>[] = [];

  begin() {
    this.end();
    this.#timers = STEPS.map(([after, step]) => setTimeout(() => (this.step = step), after));
  }

  end() {
    this.#timers.forEach(clearTimeout);
    this.step = "none";
  }
}

/** An answer that is kept up to date: what was read last stays until something newer has come. */
export class AsyncValue<Value> {
  value = $state.raw<Value>();
  failure = $state.raw<Failure | null>(null);
  #waiting = new Waiting();
  #asked = 0;
  #open = false;
  #again = false;
  #ask: () => Promise<Value>;

  constructor(ask: () => Promise<Value>) {
    this.#ask = ask;
  }

  get wait(): Wait {
    return this.#waiting.step;
  }

  /** Reads again. While an answer is on its way one more is asked for after it, and no more: changes come in bursts. */
  async read(): Promise<void> {
    if (this.#open) {
      this.#again = true;
      return;
    }
    await this.force();
  }

  /** Reads now, whatever is on its way; an older answer that comes later is not taken. */
  async force(): Promise<void> {
    const asked = ++this.#asked;
    this.#open = true;
    this.#again = false;
    this.#waiting.begin();
    try {
      const value = await this.#ask();
      if (asked !== this.#asked) return;
      this.value = value;
      this.failure = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.failure = failureOf(error);
    }
    this.#open = false;
    this.#waiting.end();
    if (this.#again) await this.force();
  }

  /** Takes a newer answer that came with something else. */
  take(value: Value) {
    this.#asked += 1;
    this.#open = false;
    this.#waiting.end();
    this.value = value;
    this.failure = null;
  }

  /** Waits for nothing any more. */
  end() {
    this.#asked += 1;
    this.#open = false;
    this.#again = false;
    this.#waiting.end();
  }
}

/** Something that is done once at a time, and what came of it. */
export class Act {
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);
  #waiting = new Waiting();

  get wait(): Wait {
    return this.#waiting.step;
  }

  /** Does it, unless it is being done. True where it was done well. */
  async do(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    this.#waiting.begin();
    try {
      await work();
      return true;
    } catch (error) {
      this.failure = failureOf(error);
      return false;
    } finally {
      this.busy = false;
      this.#waiting.end();
    }
  }
}
