/** The board between two readings: what stays where it is, what enters, what is over. */

import type { Row, Run, Section } from "../api";
import type { Entry, Lines, Mark } from "./look";

/** A row that is shown; `over` where the board has it no more, and it stays, ticked, until the window hides. */
export interface Shown {
  row: Row;
  over: boolean;
}
export interface ShownSection {
  title: string;
  rows: Shown[];
}

/**
 * What to show of a new reading. While `still`, every row keeps its place, with what is new of it, and new rows enter
 * at the end of their section. Else the new order counts; rows that are over keep the place that they had.
 */
export function merge(shown: ShownSection[], next: Section[], still: boolean): ShownSection[] {
  const fresh = new Map(next.flatMap(({ rows }) => rows.map((row) => [row.key, row] as const)));
  const placed = new Set(shown.flatMap(({ rows }) => rows.map(({ row }) => row.key)));
  const before = new Map(shown.map((section) => [section.title, section]));
  const order = still
    ? [...shown.map(({ title }) => title), ...next.map(({ title }) => title)]
    : [...next.map(({ title }) => title), ...shown.map(({ title }) => title)];
  const after = new Map(next.map((section) => [section.title, section]));

  const titles = [...new Set(order)];
  if (!still) titles.sort((a, b) => rank(a, next, shown) - rank(b, next, shown));
  return titles
    .map((title): ShownSection => {
      const old = before.get(title)?.rows ?? [];
      const now = after.get(title)?.rows ?? [];
      if (still) {
        const kept = old.map(({ row }): Shown => {
          const again = fresh.get(row.key);
          return again ? { row: again, over: false } : { row, over: true };
        });
        const entered = now.filter(({ key }) => !placed.has(key)).map((row): Shown => ({ row, over: false }));
        return { title, rows: [...kept, ...entered] };
      }
      const rows = now.map((row): Shown => ({ row, over: false }));
      for (const [at, { row }] of old.entries()) {
        if (!fresh.has(row.key)) rows.splice(Math.min(at, rows.length), 0, { row, over: true });
      }
      return { title, rows };
    })
    .filter(({ rows }) => rows.length > 0);
}

/** Sections that are over keep to their neighbours: the order of the engine's sections is fixed. */
const ORDER = ["Incidents", "Builds", "Pull requests", "Running", "Waiting on others", "Quiet"];
function rank(title: string, next: Section[], shown: ShownSection[]): number {
  const known = ORDER.indexOf(title);
  if (known >= 0) return known;
  const at = next.findIndex((section) => section.title === title);
  return ORDER.length + (at >= 0 ? at : next.length + shown.findIndex((section) => section.title === title));
}

/** The board without what is over: the window was hidden. */
export function withoutOver(shown: ShownSection[]): ShownSection[] {
  return shown
    .map(({ title, rows }) => ({ title, rows: rows.filter(({ over }) => !over) }))
    .filter(({ rows }) => rows.length > 0);
}

/** The board as lines of the list, the recent runs last. */
export function linesOf(shown: ShownSection[], marks: ReadonlyMap<string, Mark>, runs: Run[]): Lines[] {
  const lines = shown.map(({ title, rows }): Lines => {
    const entries = rows.map(({ row, over }): Entry => {
      const mark = marks.get(row.key) ?? (over ? ("done" as const) : undefined);
      return { kind: "row", key: row.key, row, mark };
    });
    return { title, entries };
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
