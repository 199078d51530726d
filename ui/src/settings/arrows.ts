/** Moving the focus in a column with the arrow keys, among elements marked `data-stop`, in document order. */

const PAGE = 8;
const MOVES: Record<string, (at: number, count: number) => number> = {
  ArrowDown: (at, count) => Math.min(at + 1, count - 1),
  ArrowUp: (at) => Math.max(at - 1, 0),
  PageDown: (at, count) => Math.min(at + PAGE, count - 1),
  PageUp: (at) => Math.max(at - PAGE, 0),
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** The index that a key leads to; null if the key does not move. */
export function moved(key: string, at: number, count: number): number | null {
  const move = MOVES[key];
  if (!move || count === 0) return null;
  return move(at, count);
}

/** Moves the focus, and calls `onmove` with the newly focused element. */
export function arrow(event: KeyboardEvent, onmove?: (stop: HTMLElement) => void) {
  const list = event.currentTarget as HTMLElement;
  const stops = [...list.querySelectorAll<HTMLElement>("[data-stop]")];
  const at = stops.indexOf((event.target as HTMLElement).closest("[data-stop]") as HTMLElement);
  if (at < 0) return;
  const to = moved(event.key, at, stops.length);
  const stop = to === null ? undefined : stops[to];
  if (!stop) return;
  event.preventDefault();
  stop.focus();
  onmove?.(stop);
}
