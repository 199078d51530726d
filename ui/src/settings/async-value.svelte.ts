/** Loading a value whose response may be late, missing or a failure; and performing an act that may fail. */

import { untrack } from "svelte";

import type { Failure } from "../desktop";
import { failureOf } from "./failure";

/** How long a response has been awaited, in the steps that are shown: a line, a text, an offer to ask again. */
export type Wait = "none" | "line" | "text" | "offer";

const STEPS: [number, Wait][] = [
  [100, "line"],
  [2_000, "text"],
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

/** A value that is kept up to date: the last one stays until a newer one arrives. */
export class AsyncValue<Value> {
  value = $state.raw<Value>();
  failure = $state.raw<Failure | null>(null);
  #waiting = new Waiting();
  #requests = 0;
  #open = false;
  #again = false;
  #ask: () => Promise<Value>;

  constructor(ask: () => Promise<Value>) {
    this.#ask = ask;
  }

  get wait(): Wait {
    return this.#waiting.step;
  }

  /** Reads again. During a pending request only one more is queued, because changes come in bursts. */
  async read(): Promise<void> {
    if (this.#open) {
      this.#again = true;
      return;
    }
    await this.force();
  }

  /** Reads now, despite a pending request, whose later response is dropped. */
  async force(): Promise<void> {
    const request = ++this.#requests;
    this.#open = true;
    this.#again = false;
    this.#waiting.begin();
    try {
      const value = await this.#ask();
      if (request !== this.#requests) return;
      this.value = value;
      this.failure = null;
    } catch (error) {
      if (request !== this.#requests) return;
      this.failure = failureOf(error);
    }
    this.#open = false;
    this.#waiting.end();
    if (this.#again) await this.force();
  }

  /** Takes a newer value that arrived with another response. */
  take(value: Value) {
    this.#requests += 1;
    this.#open = false;
    this.#waiting.end();
    this.value = value;
    this.failure = null;
  }

  /** Stops showing the wait. */
  end() {
    this.#requests += 1;
    this.#open = false;
    this.#again = false;
    this.#waiting.end();
  }
}

/** Reads values at first, and again whenever what `on` returns has changed, until the component is gone. */
export function keepUpToDate(on: () => unknown, ...values: AsyncValue<unknown>[]): void {
  $effect(() => {
    on();
    untrack(() => values.forEach((value) => void value.read()));
  });
  $effect(() => () => values.forEach((value) => value.end()));
}

/** An act that runs once at a time, and its failure. */
export class Act {
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);
  #waiting = new Waiting();

  get wait(): Wait {
    return this.#waiting.step;
  }

  /** Performs it, unless it is under way. True on success. */
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
