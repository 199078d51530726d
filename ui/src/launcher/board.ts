/** The board between two readings: what stays where it is, what enters, what is over. */

import type { GoneReason, OffBoardItem, Row, Run, Section } from "../api";
import type { Entry, Lines, Mark } from "./look";

/** Why a row left the board for good, in a word: "passed", "merged", "deleted on the service". */
export interface Ended {
  words: string;
  /** It ended well or was ended by a person; else it is just not there any more. */
  over: boolean;
}

/** A row that is shown; `ended` where its service says so, and it stays until the window hides. */
export interface Shown {
  row: Row;
  ended: Ended | null;
}
export interface ShownSection {
  title: string;
  rows: Shown[];
  /** How many are open, shown or not. */
  total: number;
}

const GONE: Record<GoneReason["reason"], string> = {
  deleted: "deleted on the service",
  not_listed: "no longer listed",
  disabled: "disabled",
  renamed: "renamed",
  branch_deleted: "branch deleted",
  not_default_branch: "not the default branch",
  not_watched: "not watched",
};

/** Where no row has ended. */
export const NONE_ENDED: ReadonlyMap<string, Ended> = new Map();

/** What is known of both; the later says. */
export function bothEnded(
  earlier: ReadonlyMap<string, Ended>,
  later: ReadonlyMap<string, Ended>,
): ReadonlyMap<string, Ended> {
  return new Map([...earlier, ...later]);
}

/** Of rows that left the board, those that ended. The others are snoozed, someone else's, or further down. */
export function endedOf(left: OffBoardItem[]): Map<string, Ended> {
  const ended = left.flatMap(({ item, why }): [string, Ended][] => {
    if (typeof why === "object") return [[item, { words: GONE[why.gone.reason], over: false }]];
    switch (why) {
      case "passed":
      case "merged":
      case "resolved":
      case "approved":
        return [[item, { words: why, over: true }]];
      case "canceled":
      case "closed":
      case "denied":
      case "expired":
      case "superseded":
        return [[item, { words: why, over: false }]];
      case "snoozed":
      case "others":
      case "open":
      case "unknown":
        return [];
    }
  });
  return new Map(ended);
}

/** How many rows stay after they ended, in a section. Of more that end at once nobody reads how, row by row. */
export const MOST_ENDED = 20;

/** The rows that are shown as open and that a new reading lacks: what became of them is to be asked, of a few. */
export function missing(shown: ShownSection[], next: Section[]): string[] {
  const there = new Set(next.flatMap(({ rows }) => rows.map(({ key }) => key)));
  return shown.flatMap(({ rows }) =>
    rows
      .filter(({ row, ended }) => !ended && !there.has(row.key))
      .slice(0, MOST_ENDED)
      .map(({ row }) => row.key),
  );
}

/**
 * What to show of a new reading. While `still`, every row keeps its place, with what is new of it, and new rows enter
 * at the end of their section. Else the new order counts, and rows that have ended stand under those that have not. A row
 * that is merely missing leaves: that it ended is for its service to say.
 */
export function merge(
  shown: ShownSection[],
  next: Section[],
  still: boolean,
  ended: ReadonlyMap<string, Ended> = new Map(),
): ShownSection[] {
  const fresh = new Map(next.flatMap(({ rows }) => rows.map((row) => [row.key, row] as const)));
  const placed = new Set(shown.flatMap(({ rows }) => rows.map(({ row }) => row.key)));
  const before = new Map(shown.map((section) => [section.title, section]));
  const order = still
    ? [...shown.map(({ title }) => title), ...next.map(({ title }) => title)]
    : [...next.map(({ title }) => title), ...shown.map(({ title }) => title)];
  const after = new Map(next.map((section) => [section.title, section]));

  const titles = [...new Set(order)];
  if (!still) titles.sort((a, b) => rank(a) - rank(b));
  return titles
    .map((title): ShownSection => {
      const old = before.get(title)?.rows ?? [];
      const now = after.get(title)?.rows ?? [];
      const total = after.get(title)?.total ?? 0;
      // Where a row is that was shown: as it is now, or as it ended. Null where it is neither.
      const kept = (each: Shown): Shown | null => {
        const again = fresh.get(each.row.key);
        if (again) return { row: again, ended: null };
        const how = each.ended ?? ended.get(each.row.key);
        return how ? { row: each.row, ended: how } : null;
      };
      if (still) {
        const entered = now.filter(({ key }) => !placed.has(key)).map((row): Shown => ({ row, ended: null }));
        return { title, rows: [...old.flatMap((each) => kept(each) ?? []), ...entered], total };
      }
      const over = old
        .filter(({ row }) => !fresh.has(row.key))
        .flatMap((each) => kept(each) ?? [])
        .slice(-MOST_ENDED);
      return { title, rows: [...now.map((row): Shown => ({ row, ended: null })), ...over], total };
    })
    .filter(({ rows }) => rows.length > 0);
}

/** Sections that are over keep to their neighbours: the order of the engine's sections is fixed; of others, as they came. */
const ORDER = [
  "Approvals",
  "Incidents",
  "Builds",
  "Pull requests",
  "Running",
  "Waiting on others",
  "Quiet",
  "Snoozed",
];
function rank(title: string): number {
  const known = ORDER.indexOf(title);
  return known < 0 ? ORDER.length : known;
}

/** The board without what is over: the window was hidden. */
export function withoutOver(shown: ShownSection[]): ShownSection[] {
  return shown
    .map((section) => ({ ...section, rows: section.rows.filter(({ ended }) => !ended) }))
    .filter(({ rows }) => rows.length > 0);
}

/** The board as lines of the list, the recent runs last. */
export function linesOf(shown: ShownSection[], marks: ReadonlyMap<string, Mark>, runs: Run[]): Lines[] {
  const lines = shown.map(({ title, rows, total }): Lines => {
    const entries = rows.map(({ row, ended }): Entry => {
      const how = ended ? (ended.over ? ("done" as const) : ("gone" as const)) : undefined;
      return { kind: "row", key: row.key, row, mark: marks.get(row.key) ?? how, ended: ended?.words };
    });
    const open = rows.filter(({ ended }) => !ended).length;
    return { title, entries, count: countOf(open, total) };
  });
  // Where nothing needs a person, that is what is said; the runs are in their own view.
  if (runs.length > 0 && lines.length > 0) {
    lines.push({
      title: "Recent runs",
      entries: runs.map((run) => ({ kind: "run", key: `run ${run.id}`, run })),
    });
  }
  return lines;
}

/** How many are open: "12", or "1,000 of 5,002" where not all of them are in the list. */
function countOf(shown: number, total: number): string {
  const words = (count: number) => count.toLocaleString("en");
  return total > shown ? `${words(shown)} of ${words(total)}` : words(shown);
}

/** Where the selection is after a new reading: on the same thing; where that is gone, on what has its place. */
export function selectionAfter(before: Entry[], after: Entry[], selected: string | null): string | null {
  if (after.some(({ key }) => key === selected)) return selected;
  const at = before.findIndex(({ key }) => key === selected);
  return after[Math.max(0, Math.min(at, after.length - 1))]?.key ?? null;
}

/** The key that is `by` lines away, as far as there are lines. */
export function moved(entries: Entry[], selected: string | null, by: number): string | null {
  const at = entries.findIndex(({ key }) => key === selected);
  if (at < 0) return entries[0]?.key ?? null;
  return entries[Math.max(0, Math.min(at + by, entries.length - 1))]?.key ?? null;
}

/** The first line of the next (or the previous) section. */
export function movedBySection(lines: Lines[], selected: string | null, by: 1 | -1): string | null {
  const at = lines.findIndex(({ entries }) => entries.some(({ key }) => key === selected));
  const here = lines[at];
  // Back from the middle of a section is to its beginning.
  if (by < 0 && here && here.entries[0]?.key !== selected) return here.entries[0]?.key ?? selected;
  return lines[at + by]?.entries[0]?.key ?? selected;
}
