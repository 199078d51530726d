/** Which lines of a long list are near the viewport. Everything is counted from heights that are known. */

import type { Lines } from "./look";

export interface Heights {
  head: number;
  row: number;
}

/** A section's part that is drawn. */
export interface Slice {
  section: number;
  /** Where the section begins, and how high it is. */
  top: number;
  height: number;
  from: number;
  to: number;
  /** Where its first drawn row is, from the section's beginning. */
  offset: number;
}

/** Rows drawn above and below what is seen. */
const SPARE = 6;

export function heightOf(lines: Lines[], { head, row }: Heights): number {
  return lines.reduce((sum, { entries }) => sum + head + entries.length * row, 0);
}

export function slices(lines: Lines[], heights: Heights, scrolled: number, seen: number): Slice[] {
  const { head, row } = heights;
  const drawn: Slice[] = [];
  let top = 0;
  for (const [section, { entries }] of lines.entries()) {
    const height = head + entries.length * row;
    const from = Math.max(0, Math.floor((scrolled - top - head) / row) - SPARE);
    const to = Math.min(entries.length, Math.ceil((scrolled + seen - top - head) / row) + SPARE);
    const near = top < scrolled + seen + SPARE * row && top + height > scrolled - SPARE * row;
    if (near)
      drawn.push({
        section,
        top,
        height,
        from: Math.min(from, entries.length),
        to: Math.max(to, 0),
        offset: head + from * row,
      });
    top += height;
  }
  return drawn;
}

/** Where a line begins; the head of a section counts to its first line. */
export function placeOf(
  lines: Lines[],
  heights: Heights,
  key: string,
): { top: number; bottom: number } | null {
  const { head, row } = heights;
  let top = 0;
  for (const { entries } of lines) {
    const at = entries.findIndex((entry) => entry.key === key);
    if (at >= 0) {
      const begins = top + head + at * row;
      return { top: at === 0 ? top : begins, bottom: begins + row };
    }
    top += head + entries.length * row;
  }
  return null;
}

/** How far to scroll so that a line is seen whole: as little as it takes. */
export function scrollTo(place: { top: number; bottom: number }, scrolled: number, seen: number): number {
  if (place.top < scrolled) return place.top;
  if (place.bottom > scrolled + seen) return place.bottom - seen;
  return scrolled;
}

/** The id of a line's element: keys may hold blanks, ids may not. */
export function optionId(list: string, key: string): string {
  return `${list}-${encodeURIComponent(key)}`;
}
