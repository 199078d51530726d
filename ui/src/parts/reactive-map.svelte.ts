/* eslint-disable svelte/prefer-svelte-reactivity -- none of these maps changes, and SvelteMap weighs several times as much */

/** A small map whose readers are updated when it changes: each change makes another map. */
export class ReactiveMap<Value> {
  all = $state.raw<ReadonlyMap<string, Value>>(new Map());

  get(key: string): Value | undefined {
    return this.all.get(key);
  }
  has(key: string): boolean {
    return this.all.has(key);
  }
  set(key: string, value: Value): void {
    this.all = new Map([...this.all, [key, value]]);
  }
  /** True if it was there. */
  delete(key: string): boolean {
    const was = this.has(key);
    if (was) this.keep((other) => other !== key);
    return was;
  }
  /** Deletes the others. */
  keep(which: (key: string, value: Value) => boolean): void {
    this.all = new Map([...this.all].filter(([key, value]) => which(key, value)));
  }
}
