/** A form's draft beside the file's values: neither ever overwrites the other without a choice. */

export const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export class Draft<Value> {
  /** The draft, as shown on the screen. */
  mine = $state() as Value;
  #base = $state.raw() as Value;
  /** The file's current values, if they changed while the draft was edited. */
  theirs = $state.raw<{ value: Value } | null>(null);

  constructor(value: Value) {
    this.#base = value;
    this.mine = copy(value);
  }

  /** The file's values when the editing began. */
  get base(): Value {
    return this.#base;
  }

  get changed(): boolean {
    return !same($state.snapshot(this.mine), this.#base);
  }

  /** Call when the file was read again. */
  offer(value: Value) {
    if (same(value, this.#base)) {
      this.theirs = null;
    } else if (!this.changed || same(value, $state.snapshot(this.mine))) {
      this.take(value);
    } else {
      this.theirs = { value };
    }
  }

  /** True if the draft equals the file's values. */
  take(value: Value) {
    this.#base = value;
    this.mine = copy(value);
    this.theirs = null;
  }

  /** Keeps the draft, over the file's current values. */
  keep() {
    if (this.theirs) this.#base = this.theirs.value;
    this.theirs = null;
  }

  /** Discards the draft for the file's current values. */
  revert() {
    this.take(this.theirs ? this.theirs.value : this.#base);
  }
}

function copy<Value>(value: Value): Value {
  return structuredClone(value);
}
