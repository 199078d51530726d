/** What is being typed, beside what the file says: neither ever overwrites the other unasked. */

export const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export class Draft<Value> {
  /** What is on the screen. */
  mine = $state() as Value;
  #base = $state.raw() as Value;
  /** What the file says now, where that changed under the typing. */
  theirs = $state.raw<{ value: Value } | null>(null);

  constructor(value: Value) {
    this.#base = value;
    this.mine = copy(value);
  }

  /** What the file said when the typing began. */
  get base(): Value {
    return this.#base;
  }

  get changed(): boolean {
    return !same($state.snapshot(this.mine), this.#base);
  }

  /** The file was read again. */
  offer(value: Value) {
    if (same(value, this.#base)) {
      this.theirs = null;
    } else if (!this.changed || same(value, $state.snapshot(this.mine))) {
      this.take(value);
    } else {
      this.theirs = { value };
    }
  }

  /** What is on the screen is what the file says. */
  take(value: Value) {
    this.#base = value;
    this.mine = copy(value);
    this.theirs = null;
  }

  /** Goes on with what was typed, over what the file says now. */
  keep() {
    if (this.theirs) this.#base = this.theirs.value;
    this.theirs = null;
  }

  /** Back to what the file says. */
  revert() {
    this.take(this.theirs ? this.theirs.value : this.#base);
  }
}

function copy<Value>(value: Value): Value {
  return structuredClone(value);
}
