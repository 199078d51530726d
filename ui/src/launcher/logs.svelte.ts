/** An open log, which is followed to its end. */

import type { LogLine, LogProgress } from "../api";
import { layout } from "../parts/layout";
import { type AppContext, errorText } from "./context.svelte";
import { groupAt, groupsOf, nextLine, shownLines, type ShownLine } from "./log";
import { pause } from "./run-stream.svelte";
import type { View } from "./view";

/** Reading stops after this many failures in a row. */
const PATIENCE = 5;

export class Log implements View {
  readonly at = "log";
  private readonly context: AppContext;
  /** The item's key. */
  readonly key: string;
  lines = $state.raw<LogLine[]>([]);
  /** The number of dropped lines before these. */
  dropped = $state(0);
  over = $state(false);
  /** True if the item has no log that can be read here. */
  none = $state(false);
  failure = $state<string | null>(null);
  /** The search text, and the line that was found or jumped to. */
  searchText = $state("");
  current = $state(-1);
  /** The first lines of the groups that a person folded or unfolded. */
  private toggled = $state.raw<number[]>([]);

  readonly groups = $derived(groupsOf(this.lines));
  readonly shown: ShownLine[] = $derived(shownLines(this.lines, this.groups, this.toggled));
  readonly errors: number = $derived(this.lines.reduce((sum, { error }) => sum + (error ? 1 : 0), 0));
  /** The effective search text: as typed or, if no line contains that, the Latin letters of its keys. */
  readonly query: string = $derived(this.asRead());
  readonly found: number = $derived(this.countFound());

  private ended = false;

  constructor(context: AppContext, key: string) {
    this.context = context;
    this.key = key;
    void this.follow();
  }

  private asRead(): string {
    const typed = this.searchText.toLowerCase();
    const latin = layout.reading(typed);
    const occurs = (text: string) => this.lines.some((line) => line.text.toLowerCase().includes(text));
    return latin !== null && !occurs(typed) && occurs(latin) ? latin : typed;
  }

  private countFound(): number {
    if (this.searchText === "") return 0;
    return this.lines.reduce((sum, { text }) => sum + (this.fits(text) ? 1 : 0), 0);
  }

  private fits(text: string): boolean {
    return text.toLowerCase().includes(this.query);
  }

  private async follow(): Promise<void> {
    let reading: number | null = null;
    let seen = 0;
    let failures = 0;
    while (!this.ended) {
      try {
        const asking: Promise<LogProgress | null> = this.context.backend.call("follow_log", {
          item: this.key,
          reading,
          seen,
        });
        const account = this.key.split("/")[0] ?? "the service";
        const progress: LogProgress | null = await (reading === null
          ? this.context.waitFor(account, asking)
          : asking);
        if (this.ended) return;
        failures = 0;
        if (!progress) {
          this.none = true;
          return;
        }
        reading = progress.reading;
        const gone = progress.dropped - this.dropped;
        seen = progress.seen;
        this.take(progress.lines, gone);
        this.dropped = progress.dropped;
        this.failure = progress.error?.why ?? null;
        if (progress.over) {
          this.over = true;
          return;
        }
      } catch (thrown) {
        if (this.ended) return;
        failures += 1;
        // A stream that the engine has closed is not requested again; its lines stay.
        if (failures > PATIENCE || reading !== null) {
          this.failure = errorText(thrown);
          this.over = true;
          return;
        }
        await new Promise((wake) => setTimeout(wake, pause(failures)));
      }
    }
  }

  /** Appends lines and drops as many at the beginning. */
  private take(lines: LogLine[], gone: number): void {
    if (gone > 0) {
      this.lines = this.lines.slice(gone);
      this.current = Math.max(-1, this.current - gone);
      this.toggled = this.toggled.map((at) => at - gone).filter((at) => at >= 0);
    }
    if (lines.length > 0) this.lines = [...this.lines, ...lines];
  }

  toggle(at: number): void {
    const others = this.toggled.filter((other) => other !== at);
    this.toggled = others.length < this.toggled.length ? others : [...others, at];
  }

  /** Jumps to the next or the previous error line. */
  nextError(by: 1 | -1): void {
    this.goTo(nextLine(this.lines.length, this.start(by), by, (at) => this.lines[at]?.error === true));
  }

  /** Jumps to the next or the previous match. */
  nextFound(by: 1 | -1): void {
    if (this.searchText === "") return;
    this.goTo(nextLine(this.lines.length, this.start(by), by, (at) => this.fits(this.lines[at]?.text ?? "")));
  }

  /** Searches for a text, from the current line on. */
  seek(text: string): void {
    this.searchText = text;
    const at = this.current;
    if (text === "" || (at >= 0 && this.fits(this.lines[at]?.text ?? ""))) return;
    this.nextFound(1);
  }

  private start(by: 1 | -1): number {
    if (this.current >= 0) return this.current;
    return by > 0 ? -1 : this.lines.length;
  }

  private goTo(at: number): void {
    if (at < 0) return;
    // The group of the line is opened, so that it can be seen.
    const group = groupAt(this.groups, at);
    if (group && !this.shown.some((line) => line.at === at)) this.toggle(group.at);
    this.current = at;
  }

  /** Call when the view is left. */
  end(): void {
    this.ended = true;
  }
}
