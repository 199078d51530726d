/**
 * Typed text survives hiding, a crash and a reload, for ten minutes. WebKit buffers it for half a second before it
 * writes: if the whole app is killed within that time, the last letters are lost.
 */

/** The text of the field, or of a command's arguments. */
export interface Draft {
  text: string;
  args: { command: string; values: Record<string, string> } | null;
}

const PLACE = "callboard.draft";
const MINUTES = 10;

export function keepDraft(draft: Draft, now = Date.now()): void {
  try {
    if (draft.text === "" && !draft.args) localStorage.removeItem(PLACE);
    else localStorage.setItem(PLACE, JSON.stringify({ ...draft, at: now }));
  } catch {
    // The storage is full or missing: the draft then lives only as long as the window.
  }
}

export function readDraft(now = Date.now()): Draft | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "null");
    if (!kept || typeof kept !== "object") return null;
    const { text, args, at } = kept as Partial<Draft & { at: number }>;
    if (typeof text !== "string" || typeof at !== "number" || now - at > MINUTES * 60_000) return null;
    return { text, args: args && typeof args.command === "string" ? args : null };
  } catch {
    return null;
  }
}
