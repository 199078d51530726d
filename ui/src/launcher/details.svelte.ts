/** Items in full and the ends of their logs, kept for as long as they are right. */

import { SvelteMap } from "svelte/reactivity";

import type { ItemDetail, LogTail } from "../api";
import { type Desk, wordsOf } from "./desk.svelte";
import { isRedBranch } from "./facts";
import { kindOf } from "./look";

/** A log is asked of its service once the selection rests on the row. */
const REST = 120;

export interface Kept<T> {
  value: T | null;
  failure: string | null;
}

/** The run that a log is of: a newer run has another log. */
export function runOf(detail: ItemDetail | null): string {
  if (detail?.item.detail.kind !== "build") return "";
  const run = detail.item.detail.runs[0];
  return run ? `${run.id}.${run.attempt}.${run.status}` : "";
}

export class Details {
  private readonly desk: Desk;
  readonly items = new SvelteMap<string, Kept<ItemDetail>>();
  private readonly logs = new SvelteMap<string, Kept<LogTail> & { run: string }>();
  private current: string | null = null;
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(desk: Desk) {
    this.desk = desk;
  }

  item(key: string): ItemDetail | null {
    return this.items.get(key)?.value ?? null;
  }

  /** The log of the item's latest run, where it is known. */
  log(key: string): Kept<LogTail> | null {
    const log = this.logs.get(key);
    return log && log.run === runOf(this.item(key)) ? log : null;
  }

  /** The selection is on this item now. */
  show(key: string | null): void {
    clearTimeout(this.resting);
    this.current = key;
    if (!key) return;
    void this.load(key);
    if (kindOf(key) === "build") this.resting = setTimeout(() => void this.loadWhyRed(key), REST);
  }

  /** The store changed: what is shown is read again. */
  changed(): void {
    const shown = this.current;
    for (const key of this.items.keys()) if (key !== shown) this.items.delete(key);
    if (shown) this.show(shown);
  }

  private async load(key: string): Promise<void> {
    try {
      const value = await this.desk.backend.call("item", { item: key });
      this.items.set(key, { value, failure: null });
    } catch (thrown) {
      this.items.set(key, { value: this.item(key), failure: wordsOf(thrown) });
    }
  }

  /** Unasked, only a red build's log is shown: the others have nothing to say for themselves. */
  private async loadWhyRed(key: string): Promise<void> {
    if (!this.items.has(key)) await this.load(key);
    const inner = this.item(key)?.item.detail;
    if (inner?.kind === "build" && isRedBranch(inner)) await this.loadLog(key);
  }

  async loadLog(key: string): Promise<void> {
    if (!this.items.has(key)) await this.load(key);
    const run = runOf(this.item(key));
    if (this.logs.get(key)?.run === run) return;
    try {
      const value = await this.desk.backend.call("item_log", { item: key });
      this.logs.set(key, { value, failure: null, run });
    } catch (thrown) {
      this.logs.set(key, { value: null, failure: wordsOf(thrown), run });
    }
  }
}
