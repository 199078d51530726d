/** The board between two readings: which rows keep their place, which enter, and which have ended. */

import type { GoneReason, OffBoardItem, Row, Run, Section } from "../api";
import type { Entry, Lines, Mark } from "./look";

/** Why a row left the board for good: "passed", "merged", "deleted on the service". */
export interface Ended {
  text: string;
  /** True if it ended well or was ended by a person; false if it is merely no longer there. */
  over: boolean;
}

/** A row that is shown; with `ended` if its service says so: it then stays until the window is hidden. */
export interface Shown {
  row: Row;
  ended: Ended | null;
}
export interface ShownSection {
  title: string;
  rows: Shown[];
  /** The number of open rows, shown or not. */
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

/** No ended rows. */
export const NONE_ENDED: ReadonlyMap<string, Ended> = new Map();

/** The ended rows of both; the later one wins. */
export function bothEnded(
  earlier: ReadonlyMap<string, Ended>,
  later: ReadonlyMap<string, Ended>,
): ReadonlyMap<string, Ended> {
  return new Map([...earlier, ...later]);
}

/** Of the rows that left the board, those that ended. The others are snoozed, someone else's, or further down. */
export function endedOf(left: OffBoardItem[]): Map<string, Ended> {
  const ended = left.flatMap(({ item, why }): [string, Ended][] => {
    if (typeof why === "object") return [[item, { text: GONE[why.gone.reason], over: false }]];
    switch (why) {
      case "passed":
      case "merged":
      case "resolved":
      case "approved":
        return [[item, { text: why, over: true }]];
      case "canceled":
      case "closed":
      case "denied":
      case "expired":
      case "superseded":
        return [[item, { text: why, over: false }]];
      case "snoozed":
      case "others":
      case "open":
      case "unknown":
        return [];
    }
  });
  return new Map(ended);
}

/** At most this many ended rows stay in a section: nobody reads more of them one by one. */
export const MOST_ENDED = 20;

/** The rows that are shown as open and missing from a new reading: for the first few of them the engine is asked why. */
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
 * Merges a new reading into the board. While `still`, every row is updated in its place, and new rows enter
 * at the end of their section. Otherwise the new order applies, and ended rows are placed below open ones. A row
 * that is merely missing leaves: only its service can say that it ended.
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
      // A row that was shown, as it is now or as it ended; null if neither is known.
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

/** Ended sections stay beside their neighbours. The engine's sections have a fixed order; others keep theirs. */
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

/** The board without its ended rows, for when the window is hidden. */
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
      return { kind: "row", key: row.key, row, mark: marks.get(row.key) ?? how, ended: ended?.text };
    });
    const open = rows.filter(({ ended }) => !ended).length;
    return { title, entries, count: open === 0 && total === 0 ? "all ended" : countOf(open, total) };
  });
  // If nothing needs a person, only that is shown; the runs are in their own view.
  if (runs.length > 0 && lines.length > 0) {
    lines.push({
      title: "Recent runs",
      entries: runs.map((run) => ({ kind: "run", key: `run ${run.id}`, run })),
    });
  }
  return lines;
}

/** The number of open rows: "12", or "1,000 of 5,002" if not all of them are in the list. */
function countOf(shown: number, total: number): string {
  const grouped = (count: number) => count.toLocaleString("en");
  return total > shown ? `${grouped(shown)} of ${grouped(total)}` : grouped(shown);
}

/** The selection after a new reading: the same row or, if that is gone, the one in its place. */
export function selectionAfter(before: Entry[], after: Entry[], selected: string | null): string | null {
  if (after.some(({ key }) => key === selected)) return selected;
  const at = before.findIndex(({ key }) => key === selected);
  return after[Math.max(0, Math.min(at, after.length - 1))]?.key ?? null;
}

/** The key of the line `by` lines away, or of the first or last line. */
export function moved(entries: Entry[], selected: string | null, by: number): string | null {
  const at = entries.findIndex(({ key }) => key === selected);
  if (at < 0) return entries[0]?.key ?? null;
  return entries[Math.max(0, Math.min(at + by, entries.length - 1))]?.key ?? null;
}

/** The first line of the next (or the previous) section. */
export function movedBySection(lines: Lines[], selected: string | null, by: 1 | -1): string | null {
  const at = lines.findIndex(({ entries }) => entries.some(({ key }) => key === selected));
  const here = lines[at];
  // From the middle of a section, "previous" goes to its beginning.
  if (by < 0 && here && here.entries[0]?.key !== selected) return here.entries[0]?.key ?? selected;
  return lines[at + by]?.entries[0]?.key ?? selected;
}
