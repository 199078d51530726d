/** The typed text and its results. Each key starts a search. */

import type { Found } from "../api";
import { layout } from "../parts/layout";
import { Resource } from "../parts/resource.svelte";
import { counted } from "../parts/words";
import { moved, movedBySection } from "./board";
import type { AppContext } from "./context.svelte";
import { keepDraft } from "./drafts";
import { type Act, KEYS } from "./keys";
import type { Entry, Lines } from "./look";

/** How many results of each kind are requested. */
const MOST = 20;

const OWN: Act[] = ["runs", "activity", "settings", "quiet", "check", "keys", "quit"];

/** The window's own acts that have a word beginning with the typed text. */
export function ownLines(text: string): Entry[] {
  const latin = layout.reading(text.trim());
  const lines = ownLinesOf(text.trim().toLowerCase());
  return lines.length > 0 || latin === null ? lines : ownLinesOf(latin);
}

function ownLinesOf(typed: string): Entry[] {
  if (typed.length < 2) return [];
  return KEYS.filter(({ act }) => OWN.includes(act)).flatMap(({ act, label, keys }): Entry[] => {
    const at = ` ${label.toLowerCase()}`.indexOf(` ${typed}`);
    if (at < 0) return [];
    const title = [
      { text: label.slice(0, at), hit: false },
      { text: label.slice(at, at + typed.length), hit: true },
      { text: label.slice(at + typed.length), hit: false },
    ].filter(({ text }) => text !== "");
    return [{ kind: "own", key: `own ${act}`, act, title, keys: keys[0] ?? "" }];
  });
}

/** The results as lines of the list. */
export function foundLines(found: Found): Lines[] {
  const commands = found.commands.map((found): Entry => ({
    kind: "command",
    key: `command ${found.name}`,
    found,
  }));
  const items = found.items.map(({ row, title }): Entry => ({ kind: "row", key: row.key, row, title }));
  const runs = found.runs.map((found): Entry => ({ kind: "again", key: `again ${found.id}`, found }));
  // The results of a kind are limited; the number of matching items is known if all were searched.
  const section = (title: string, entries: Entry[], total?: number | null): Lines => {
    if (entries.length < MOST || total === entries.length) return { title, entries };
    const shown = entries.length.toString();
    return {
      title,
      entries,
      count: total ? `${shown} of ${total.toLocaleString("en")}` : `the first ${shown}`,
    };
  };
  const best = [section("Commands", commands), section("On the board", items, found.items_total)];
  if (found.items_first) best.reverse();
  return [...best, section("Run again", runs)].filter(({ entries }) => entries.length > 0);
}

/** The results for the text as typed, then the further results for the Latin letters of its keys. */
export function both(typed: Found, latin: Found): Found {
  const more = <T>(first: T[], second: T[], key: (each: T) => string) => {
    const known = first.map(key);
    return [...first, ...second.filter((each) => !known.includes(key(each)))];
  };
  return {
    ...typed,
    commands: more(typed.commands, latin.commands, ({ name }) => name),
    items: more(typed.items, latin.items, ({ row }) => row.key),
    // The total of two searches together is unknown.
    items_total: latin.items.length > 0 ? null : typed.items_total,
    items_first: (typed.items.length > 0 ? typed : latin).items_first,
    runs: more(typed.runs, latin.runs, ({ line }) => line),
  };
}

/** The lines with the window's own acts that match; the same array if none do. */
function withOwn(lines: Lines[], text: string): Lines[] {
  const entries = ownLines(text);
  return entries.length > 0 ? [...lines, { title: "Callboard", entries }] : lines;
}

function countText(lines: Lines[]): string {
  const count = lines.reduce((sum, { entries }) => sum + entries.length, 0);
  if (lines.some(({ count }) => count)) return `the first ${count} results`;
  return counted(count, "result");
}

/** The rest of the completion, drawn after the typed text. */
export function ghostOf(text: string, completion: string | null): string {
  return completion && text !== "" && completion.toLowerCase().startsWith(text.toLowerCase())
    ? completion.slice(text.length)
    : "";
}

export class Finder {
  private readonly context: AppContext;
  text = $state("");
  /** The text that Esc cleared: ↑ in the empty field brings it back. */
  put = $state("");
  selected = $state<string | null>(null);
  /** True once a person moved the selection: then Enter is for it, else for the typed text. */
  chosen = $state(false);

  private readonly results = new Resource(
    () => this.context.waitFor("the search", this.readings(this.text)),
    () => {
      if (!this.chosen) this.selected = this.entries[0]?.key ?? null;
      this.context.announce(this.counted);
    },
  );
  readonly found: Found | null = $derived(this.results.value ?? null);
  readonly failure: string | null = $derived(this.results.failure?.message ?? null);

  // The lines stay the same objects until the next response: a letter alone redraws nothing.
  private readonly answered: Lines[] = $derived(this.found ? foundLines(this.found) : []);
  readonly lines: Lines[] = $derived(this.found ? withOwn(this.answered, this.text) : []);
  readonly entries: Entry[] = $derived(this.lines.flatMap(({ entries }) => entries));
  /** The number of results, or how many of more are shown. */
  readonly counted: string = $derived(countText(this.lines));
  readonly entry: Entry | null = $derived(this.entries.find(({ key }) => key === this.selected) ?? null);
  readonly ghost = $derived(ghostOf(this.text, this.found?.completion ?? null));

  private answer: Promise<void> = Promise.resolve();

  constructor(context: AppContext) {
    this.context = context;
  }

  /** True while the results are those of a text typed before. */
  get awaited(): boolean {
    return this.results.pending > 0;
  }

  type(text: string): void {
    this.text = text;
    this.chosen = false;
    if (text.trim() === "") {
      this.results.clear();
      this.selected = null;
    }
    // Asked first: the engine searches while the rest is done.
    else this.answer = this.results.force();
    keepDraft({ text, args: null });
  }

  /** Waits for the last response: for an Enter that is pressed before it arrives. */
  async awaitAnswer(): Promise<void> {
    for (let answer; answer !== this.answer;) await (answer = this.answer);
  }

  /** Searches for the text as typed and as the Latin letters of its keys. */
  private async readings(text: string): Promise<Found> {
    const ask = (text: string) => this.context.backend.call("find", { text, limit: MOST });
    const latin = layout.reading(text);
    if (latin === null) return ask(text);
    const [typed, other] = await Promise.all([ask(text), ask(latin)]);
    return both(typed, other);
  }

  complete(): boolean {
    if (this.ghost === "") return false;
    this.type(this.found?.completion ?? this.text);
    return true;
  }

  /** Clears the text, and remembers it. */
  putAway(): void {
    this.put = this.text;
    this.type("");
  }

  bringBack(): boolean {
    if (this.text !== "" || this.put === "") return false;
    this.type(this.put);
    this.put = "";
    return true;
  }

  move(by: number): void {
    this.chosen = this.entries.length > 0;
    this.selected = moved(this.entries, this.selected, by);
  }
  moveBySection(by: 1 | -1): void {
    this.chosen = this.entries.length > 0;
    this.selected = movedBySection(this.lines, this.selected, by);
  }
}
