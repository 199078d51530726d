/** An act that may fail, and values that are kept up to date while a view is open. */

import { untrack } from "svelte";

import type { Failure } from "../desktop";
import { failureOf } from "../parts/failure";
import type { Resource } from "../parts/resource.svelte";

/** Reads values at first, and again whenever what `on` returns has changed, until the component is gone. */
export function keepUpToDate(on: () => unknown, ...values: Pick<Resource<unknown>, "read" | "end">[]): void {
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

  /** Performs it, unless it is under way. True on success. */
  async do(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.failure = failureOf(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
