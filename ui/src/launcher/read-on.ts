/** What will happen is read before it is sent: where its beginning is out of sight, Enter first shows it. */

/** How much of it is enough, in pixels: its first lines. */
const ENOUGH = 120;

/** True where the beginning of what will happen is in sight, or nothing of it is drawn; else scrolls there. */
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
