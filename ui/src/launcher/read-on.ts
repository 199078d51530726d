/** A plan is to be read before it runs: if it is scrolled out of view, the first Enter scrolls to it. */

/** How much of it must at least be visible, in lines of the root's text size: its first lines. */
const ENOUGH = 7.5;

/** True if the plan is in view down to what it runs as, or none is drawn; else scrolls to its beginning. */
export function readOn(): boolean {
  const pane = document.querySelector(".choosing + .pane");
  const body = pane?.parentElement;
  if (!pane || !body) return true;
  const shown = pane.getBoundingClientRect();
  const frame = body.getBoundingClientRect();
  const inSight = Math.min(shown.bottom, frame.bottom) - Math.max(shown.top, frame.top);
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  // The first fact is the account that it runs as; large text moves it down.
  const runsAs = pane.querySelector("dd")?.getBoundingClientRect().bottom ?? 0;
  if (inSight >= Math.min(Math.max(ENOUGH * rem, runsAs - shown.top), shown.height)) return true;
  const before = body.scrollTop;
  body.scrollTop += shown.top - frame.top;
  return body.scrollTop === before;
}
