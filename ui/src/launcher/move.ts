/** Moving the selection of a list with the keys. */

import type { Act } from "./keys";

const FORWARD: Partial<Record<Act, boolean>> = {
  down: true,
  "page-down": true,
  last: true,
  up: false,
  "page-up": false,
  first: false,
};

/**
 * Moves a selection among `count` rows by one, by a page, which leaves one row in view, or to an end. False for other keys,
 * and where a page or an end is for the pane or the log that has the focus.
 */
export function moveSelection(act: Act, list: string, count: number, move: (by: number) => void): boolean {
  const forward = FORWARD[act];
  if (forward === undefined) return false;
  const far = act !== "down" && act !== "up";
  if (far && document.activeElement?.closest(".pane, [role=log]")) return false;
  const by = act === "first" || act === "last" ? count : far ? rowsInView(list) - 1 : 1;
  move(forward ? by : -by);
  return true;
}

function rowsInView(list: string): number {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const seen = document.querySelector(list)?.clientHeight || 420;
  return Math.max(2, Math.floor(seen / (2 * rem)));
}

/** Moves in the choices beside a plan. Its pages are those of the plan, once there is one. */
export function moveInChoices(
  act: Act,
  form: { prepared: unknown; choices: unknown[]; mark(by: number): void },
): boolean {
  if (form.prepared && (act === "page-down" || act === "page-up")) return false;
  return moveSelection(act, ".list", form.choices.length, (by) => form.mark(by));
}
