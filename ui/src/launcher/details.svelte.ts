/** A cache of items in full and of the ends of their logs, valid until the store changes. */

import type { ItemDetail, LogTail } from "../api";
import { ReactiveMap } from "../parts/reactive-map.svelte";
import { type AppContext, errorText } from "./context.svelte";
import { isRedBranch } from "./facts";
import { kindOf } from "./look";

/** An item is read once the selection has rested on its row for this long: rows passed on the way are not requested. */
export const REST = 60;
/** The same for a log, which is requested from its service and costs more. */
const LOG_REST = 120;

export interface Kept<T> {
  value: T | null;
  failure: string | null;
}

/** The run that a log belongs to: a newer run has another log. */
export function runOf(detail: ItemDetail | null): string {
  if (detail?.item.detail.kind !== "build") return "";
  const run = detail.item.detail.runs[0];
  return run ? `${run.id}.${run.attempt}.${run.status}` : "";
}

export class Details {
  private readonly context: AppContext;
  readonly items = new ReactiveMap<Kept<ItemDetail>>();
  private readonly logs = new ReactiveMap<Kept<LogTail> & { run: string }>();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- pending requests are not drawn
  private readonly loading = new Map<string, Promise<void>>();
  private current: string | null = null;
  private resting: ReturnType<typeof setTimeout>[] = [];

  constructor(context: AppContext) {
    this.context = context;
  }

  item(key: string): ItemDetail | null {
    return this.items.get(key)?.value ?? null;
  }

  /** The log of the item's latest run, if known. */
  log(key: string): Kept<LogTail> | null {
    const log = this.logs.get(key);
    return log && log.run === runOf(this.item(key)) ? log : null;
  }

  /** Call when the selection moves to this item. The very first item, and one that is opened, is read at once. */
  show(key: string | null, at = this.items.all.size > 0 ? REST : 0): void {
    this.resting.forEach(clearTimeout);
    this.resting = [];
    this.current = key;
    if (!key) return;
    if (at > 0) this.resting.push(setTimeout(() => void this.load(key), at));
    else void this.load(key);
    if (kindOf(key) === "build") this.resting.push(setTimeout(() => void this.loadWhyRed(key), LOG_REST));
  }

  /** Reads the item now, for a key that is pressed before the selection has rested. */
  async ensureLoaded(key: string): Promise<void> {
    while (!this.items.has(key)) await (this.loading.get(key) ?? this.load(key));
  }

  /** Call when the store changed: the shown item is read again. */
  changed(): void {
    const shown = this.current;
    this.loading.clear();
    this.items.keep((key) => key === shown);
    if (shown) this.show(shown, 0);
  }

  private load(key: string): Promise<void> {
    const loading: Promise<void> = this.context.backend
      .call("item", { item: key })
      .then(
        (value) => ({ value, failure: null }),
        (thrown) => ({ value: this.item(key), failure: errorText(thrown) }),
      )
      .then((kept) => {
        // A late response never replaces a newer one.
        if (this.loading.get(key) !== loading) return;
        this.loading.delete(key);
        this.items.set(key, kept);
      });
    this.loading.set(key, loading);
    return loading;
  }

  /** Only a failed build's log is shown without being requested. */
  private async loadWhyRed(key: string): Promise<void> {
    await this.ensureLoaded(key);
    const inner = this.item(key)?.item.detail;
    if (inner?.kind === "build" && isRedBranch(inner)) await this.loadLog(key);
  }

  async loadLog(key: string): Promise<void> {
    await this.ensureLoaded(key);
    const run = runOf(this.item(key));
    if (this.logs.get(key)?.run === run) return;
    try {
      const value = await this.context.backend.call("item_log", { item: key });
      this.logs.set(key, { value, failure: null, run });
    } catch (thrown) {
      this.logs.set(key, { value: null, failure: errorText(thrown), run });
    }
  }
}
