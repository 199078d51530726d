/** Storage for unsaved drafts, so that none is lost when its form is closed. */

const PLACE = "callboard.";

/** The draft of that name; null if there is none, or it cannot be read. */
export function readKept(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PLACE + name) ?? "null");
  } catch {
    return null;
  }
}

/** Stores a draft under a name; null removes it. Never for secrets. */
export function keep(name: string, value: object | null): void {
  try {
    if (value === null) localStorage.removeItem(PLACE + name);
    else localStorage.setItem(PLACE + name, JSON.stringify(value));
  } catch {
    // The storage is full or missing: the draft then lives only as long as the form.
  }
}
