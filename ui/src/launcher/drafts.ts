/**
 * What was typed survives hiding, a crash and a reload, for ten minutes. WebKit gathers it for half a second before it
 * writes: where the whole app is killed within that, the last letters are lost.
 */

/** What was typed: in the field, or into a command's arguments. */
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
    // Full or not there: then a draft is only as long as the window.
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
