/** A plan is read before it runs: until its end was in view, Enter scrolls it. What else is read scrolls with its keys. */

import { PAGE, scrollBox } from "../parts/keys";
import type { Act } from "./keys";

/** How much of it must at least be visible, in lines of the root's text size: its first lines. */
const ENOUGH = 7.5;
/** Beside the choices, a plan of no more panes than this runs though its last lines have to be scrolled to: its step, its
 *  address and most of what is sent are in view, as with a silence of three matchers. */
const GLANCED = 2;
/** True once the plan is being read: Enter goes on from what is in view. */
let begun = false;
/** True once the end of the plan was in view. */
let ended = false;

/** The plan as drawn. `bottom` is the end of what is to be read, `inSight` the height of the plan that is in view. */
interface Drawn {
  scroller: Element;
  frame: DOMRect;
  top: number;
  bottom: number;
  inSight: number;
  /** True where it scrolls by itself, and is short. */
  isGlanced: boolean;
}

const scrolls = (box: Element) => box.scrollHeight > box.clientHeight + 1;

function measure(): Drawn | null {
  const pane = document.querySelector(".choosing + .pane, .plan > .pane");
  if (!pane) return null;
  // Beside the choices the plan scrolls by itself; below them, or on a page, what it stands in scrolls it.
  const isBeside = scrolls(pane);
  let box: Element | null = pane;
  while (box && !scrolls(box)) box = box.closest("main") && box.parentElement;
  const scroller = box ?? pane.parentElement ?? pane;
  const frame = scroller.getBoundingClientRect();
  const shown = pane.getBoundingClientRect();
  const top = shown.top - pane.scrollTop;
  const height = Math.max(shown.height, pane.scrollHeight);
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  // A line ends the steps of a run, and the first fact a message; large text moves them down.
  const last = pane.querySelector("hr") ?? pane.querySelector("dd") ?? pane.lastElementChild;
  const end = last?.getBoundingClientRect().bottom ?? 0;
  const length = Math.min(Math.max(ENOUGH * rem, end - top), height);
  return {
    scroller,
    frame,
    top,
    bottom: top + length,
    isGlanced: isBeside && length <= GLANCED * frame.height,
    inSight: Math.min(top + height, frame.bottom) - Math.max(top, frame.top),
  };
}

/** Positions are rounded to a pixel. */
const showsEnd = ({ bottom, frame }: Drawn) => bottom <= frame.bottom + 1;

/** Call when another plan is drawn: it is read from its beginning. */
export function begin(pane: Element): void {
  begun = ended = false;
  pane.scrollTop = 0;
}

/** Call when the plan was scrolled: its end may be in view now. */
export function scrolled(): void {
  const plan = measure();
  begun = true;
  ended ||= plan !== null && showsEnd(plan);
}

/** True if the plan is or was in view to the end of its steps, or none is drawn; else scrolls to its beginning, or on. */
export function readOn(): boolean {
  const plan = measure();
  if (!plan) return true;
  const { scroller, frame, top, bottom, inSight, isGlanced } = plan;
  ended ||= isGlanced || inSight >= bottom - top || (begun && showsEnd(plan));
  if (ended) return true;
  // What a window has no room for, as with large text, is read page by page, from what is in view on.
  const toBeginning = bottom - top <= frame.height || (!begun && top < frame.top);
  begun = true;
  const before = scroller.scrollTop;
  scroller.scrollTop += toBeginning ? top - frame.top : frame.height * PAGE;
  return scroller.scrollTop === before;
}

/** What is read on a level. */
const READ = ".scrollback, .log-lines, .sheet, .pane";

/** Scrolls the plan, else what has the focus, else what is read first, by a page or to an end. False for other keys. */
export function scroll(act: Act): boolean {
  const plan = measure()?.scroller;
  const box = plan ?? document.activeElement?.closest(READ) ?? document.querySelector(READ);
  if (!box || !scrollBox(box, act)) return false;
  if (plan) scrolled();
  return true;
}
