/** Moving among things in a column with the arrows: those marked `data-stop`, in the order in which they stand. */

const MOVES: Record<string, (at: number, count: number) => number> = {
  ArrowDown: (at, count) => Math.min(at + 1, count - 1),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** Where a key leads from a place among so many; null where it leads nowhere. */
export function moved(key: string, at: number, count: number): number | null {
  const move = MOVES[key];
  if (!move || count === 0) return null;
  return move(at, count);
}

/** Moves the focus, and calls `onmove` with what has it then. */
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
