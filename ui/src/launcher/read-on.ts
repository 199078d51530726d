/** A plan is to be read before it runs: if it is scrolled out of view, the first Enter scrolls to it. */

/** How much of it must at least be visible, in lines of the root's text size: its first lines. */
const ENOUGH = 7.5;
/** How much of the window a page is: the last line that was in view stays. */
const PAGE = 0.8;
/** The plan that is being read. */
let reading: Element | null = null;

/** True if the plan is in view to the end of its steps, or was, or none is drawn; else scrolls to its beginning, or on. */
export function readOn(): boolean {
  const pane = document.querySelector(".choosing + .pane");
  const body = pane?.parentElement;
  if (!pane || !body) return true;
  const shown = pane.getBoundingClientRect();
  const frame = body.getBoundingClientRect();
  const inSight = Math.min(shown.bottom, frame.bottom) - Math.max(shown.top, frame.top);
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  // A line ends the steps of a run, and the first fact a message; large text moves them down.
  const end = (pane.querySelector("hr") ?? pane.querySelector("dd"))?.getBoundingClientRect().bottom ?? 0;
  const needed = Math.min(Math.max(ENOUGH * rem, end - shown.top), shown.height);
  if (inSight >= needed) return true;
  const isFirst = reading !== pane;
  reading = pane;
  if (!isFirst && shown.top + needed <= frame.bottom) return true;
  // What a window has no room for, as with large text, is read page by page, from what is in view on.
  const toBeginning = needed <= frame.height || (isFirst && shown.top < frame.top);
  const before = body.scrollTop;
  body.scrollTop += toBeginning ? shown.top - frame.top : frame.height * PAGE;
  return body.scrollTop === before;
}
