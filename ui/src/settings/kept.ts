/** What is typed and not saved, kept for when its form is opened again: no form is the only place of what was typed. */

const PLACE = "callboard.";

/** What is kept under a name; null where there is nothing, or nothing that can be read. */
export function readKept(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PLACE + name) ?? "null");
  } catch {
    return null;
  }
}

/** Keeps it under a name; null keeps nothing. Secrets have no place here. */
export function keep(name: string, value: object | null): void {
  try {
    if (value === null) localStorage.removeItem(PLACE + name);
    else localStorage.setItem(PLACE + name, JSON.stringify(value));
  } catch {
    // Full or not there: then it is kept for as long as the form is open.
  }
}
