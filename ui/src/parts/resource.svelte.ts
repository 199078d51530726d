/** A value whose answer may be late, superseded or a failure. */

import { untrack } from "svelte";

import type { Failure } from "../desktop";
import { failureOf } from "./failure";

/** The last value stays until a newer one arrives; an answer that a later request has superseded is dropped. */
export class Resource<Value> {
  value = $state.raw<Value>();
  failure = $state.raw<Failure | null>(null);
  /** The number of the request that is awaited; 0 if none is. */
  pending = $state(0);
  #requests = 0;
  #again = false;
  #ask: () => Promise<Value>;
  #taken: (value: Value) => void;

  /** `taken`: called with each value as it is taken, before anything is drawn. */
  constructor(ask: () => Promise<Value>, taken: (value: Value) => void = () => {}) {
    this.#ask = ask;
    this.#taken = taken;
  }

  /** Reads again. During a pending request only one more is queued, because changes come in bursts. */
  async read(): Promise<void> {
    // An effect that reads does not depend on what is pending.
    if (untrack(() => this.pending)) this.#again = true;
    else await this.force();
  }

  /** Reads now, despite a pending request, whose later response is dropped. */
  async force(): Promise<void> {
    const request = ++this.#requests;
    this.pending = request;
    this.#again = false;
    try {
      const value = await this.#ask();
      if (request !== this.#requests) return;
      this.#take(value);
      this.#taken(value);
    } catch (error) {
      if (request !== this.#requests) return;
      this.failure = failureOf(error);
    }
    this.pending = 0;
    if (this.#again) await this.force();
  }

  /** Takes a newer value that arrived with another response. */
  take(value: Value): void {
    this.end();
    this.#take(value);
  }

  #take(value: Value): void {
    this.value = value;
    this.failure = null;
  }

  /** Drops the answer that is awaited. */
  end(): void {
    this.#requests += 1;
    this.pending = 0;
    this.#again = false;
  }

  /** Forgets the value, too. */
  clear(): void {
    this.end();
    this.value = undefined;
    this.failure = null;
  }
}
