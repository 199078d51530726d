/** Whether a window is narrow: it then shows one column at a time. */

/** In rem, so that larger text counts; the styles have the same. */
const NARROW = "(max-width: 43.74rem)";

/** Reports at once and with each change. Returns the function that ends it. */
export function onNarrow(report: (narrow: boolean) => void): () => void {
  if (typeof matchMedia !== "function") return () => {};
  const media = matchMedia(NARROW);
  const update = () => report(media.matches);
  update();
  media.addEventListener("change", update);
  return () => media.removeEventListener("change", update);
}
