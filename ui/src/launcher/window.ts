/** Which lines of a long list are near the viewport. Computed from fixed heights, without measuring. */

import type { Lines } from "./look";

export interface Heights {
  head: number;
  row: number;
}

/** The part of a section that is drawn. */
export interface Slice {
  section: number;
  /** The section's top and its height. */
  top: number;
  height: number;
  from: number;
  to: number;
  /** The offset of its first drawn row from the section's top. */
  offset: number;
}

/** How many rows are drawn above and below the viewport. */
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

/** The position of a line; a section's first line includes the section's heading. */
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

/** The nearest scroll position at which a line is completely visible. */
export function scrollTo(place: { top: number; bottom: number }, scrolled: number, seen: number): number {
  if (place.top < scrolled) return place.top;
  if (place.bottom > scrolled + seen) return place.bottom - seen;
  return scrolled;
}

/**
 * The scroll position once the selected line's bottom has moved from `before`: the line stays where it is on the
 * screen. If it is in view and became the list's first line, its heading is in view, too.
 */
export function follow(place: { top: number; bottom: number }, before: number, scrolled: number): number {
  const moved = place.bottom - before;
  const to = scrolled + moved;
  return moved !== 0 && place.top === 0 && to < place.bottom ? 0 : to;
}

/** The id of a line's element: keys may contain spaces, ids may not. */
export function optionId(list: string, key: string): string {
  return `${list}-${encodeURIComponent(key)}`;
}
