/** A plan is to be read before it runs: if it is scrolled out of view, the first Enter scrolls to it. */

/** How much of it must at least be visible, in lines of the root's text size: its first lines. */
const ENOUGH = 7.5;
/** How much of the window a page further is. */
const PAGE = 0.8;
/** The plan whose beginning was shown last. */
let reading: Element | null = null;

/** True if the plan is in view down to the end of its steps, or was, or none is drawn; else scrolls to its beginning, or on. */
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
  const before = body.scrollTop;
  if (reading !== pane || shown.top > frame.top) {
    reading = pane;
    body.scrollTop += shown.top - frame.top;
    if (body.scrollTop !== before) return false;
  }
  // A window that has no room for so much, as with large text, shows it page by page.
  if (shown.top + needed <= frame.bottom) return true;
  body.scrollTop += frame.height * PAGE;
  return body.scrollTop === before;
}
