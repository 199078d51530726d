/** A plan is to be read before it runs: if its beginning is scrolled out of view, the first Enter scrolls to it. */

/** How much of it must be visible, in pixels: its first lines. */
const ENOUGH = 120;

/** True if the beginning of the plan is in view, or no plan is drawn; else scrolls there. */
export function readOn(): boolean {
  const pane = document.querySelector(".choosing + .pane");
  const body = pane?.parentElement;
  if (!pane || !body) return true;
  const shown = pane.getBoundingClientRect();
  const frame = body.getBoundingClientRect();
  const inSight = Math.min(shown.bottom, frame.bottom) - Math.max(shown.top, frame.top);
  if (inSight >= Math.min(ENOUGH, shown.height)) return true;
  const before = body.scrollTop;
  body.scrollTop += shown.top - frame.top;
  return body.scrollTop === before;
}
