/** Scrolling what is read with the keys. */

/** How much of what is in view a page is: the last line that was in view stays. */
export const PAGE = 0.8;

/** Scrolls by a page or to an end. False for anything else. */
export function scrollBox(box: Element, to: string): boolean {
  const by = box.clientHeight * PAGE;
  if (to === "page-down") box.scrollTop += by;
  else if (to === "page-up") box.scrollTop -= by;
  else if (to === "first") box.scrollTop = 0;
  else if (to === "last") box.scrollTop = box.scrollHeight;
  else return false;
  return true;
}
