/** What will happen is read before it is sent: Enter first shows what of it is not in sight. */

/** So much that is out of sight is the edge of the pane, not its text. */
const EDGE = 14;

/** True where the end of what will happen is in sight, or nothing of it is drawn; else scrolls on to what comes next of it. */
export function readOn(): boolean {
  const pane = document.querySelector(".choosing + .pane");
  const body = pane?.parentElement;
  if (!pane || !body) return true;
  const from = pane.getBoundingClientRect().top - body.getBoundingClientRect().top;
  // Beside what is chosen it scrolls by itself; beneath it, all of it does.
  return ![
    { box: body, by: from > EDGE ? from : 0.85 * body.clientHeight },
    { box: pane, by: 0.85 * pane.clientHeight },
  ].some(({ box, by }) => {
    const before = box.scrollTop;
    if (box.scrollHeight - box.clientHeight - before <= EDGE) return false;
    box.scrollTop += by;
    return box.scrollTop !== before;
  });
}
