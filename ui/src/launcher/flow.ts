/** How a command's arguments are filled in, one after the other. */

import type { ApiError, CommandInfo, Confirm, FoundChoice, Plan } from "../api";

export interface Flow {
  info: CommandInfo;
  /** The values so far, by argument, with the one that is being typed. */
  values: Record<string, string>;
  /** The argument that is being typed. */
  active: string | null;
}

const names = (info: CommandInfo) => info.spec.args.map(({ name }) => name);

/** Starts at the first missing argument, else at the last required one. */
export function start(info: CommandInfo, values: Record<string, string>, asksFor: string | null): Flow {
  const required = info.spec.args.filter(({ required }) => required).map(({ name }) => name);
  return { info, values, active: asksFor ?? required.at(-1) ?? names(info)[0] ?? null };
}

export function typed(flow: Flow): string {
  return flow.active === null ? "" : (flow.values[flow.active] ?? "");
}

export function type(flow: Flow, text: string): Flow {
  return flow.active === null ? flow : { ...flow, values: { ...flow.values, [flow.active]: text } };
}

/** The next or the previous argument; at the ends, the same one. */
export function step(flow: Flow, by: 1 | -1): Flow {
  const all = names(flow.info);
  const at = flow.active === null ? -1 : all.indexOf(flow.active);
  return { ...flow, active: all[Math.max(0, Math.min(at + by, all.length - 1))] ?? null };
}

/** The first required argument without a value. */
export function missing(flow: Flow): string | null {
  return (
    flow.info.spec.args.find(
      ({ name, required, ty }) => required && ty !== "pairs" && !(flow.values[name] ?? "").trim(),
    )?.name ?? null
  );
}

/**
 * The choice that the typed text stands for: itself if it is one, the marked one if it is the beginning of one or if
 * a value is required. Null if the argument takes any text or is optional.
 */
export function chosen(flow: Flow, choices: FoundChoice[], marked: number): string | null {
  const text = typed(flow).trim();
  const spec = flow.info.spec.args.find(({ name }) => name === flow.active);
  if (!spec || choices.length === 0 || choices.some(({ value }) => value === text)) return null;
  const free =
    spec.ty === "text" ||
    spec.ty === "number" ||
    spec.ty === "duration" ||
    spec.ty === "time" ||
    spec.ty === "pairs";
  if (free && text !== "") return null;
  if (text === "" && !spec.required) return null;
  return choices[marked]?.value ?? null;
}

const wordsIn = (text: string) =>
  text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");

/** True if every word of the text is the beginning of a word of the choice or of its note. */
export function isNamed({ value, note }: FoundChoice, text: string): boolean {
  const [own, query] = [wordsIn(`${value} ${note ?? ""}`), wordsIn(text)];
  return query.length > 0 && query.every((word) => own.some((other) => other.startsWith(word)));
}

/**
 * What Enter does: take a choice, go to a missing argument, confirm, or run. A complete and valid line runs as it is
 * written: then only a choice that the person went to (`picked`) is taken. Nothing is taken for a text whose choices or
 * plan are `awaited`.
 */
export type Enter =
  | { do: "take"; value: string }
  | { do: "ask"; name: string }
  | { do: "wait" }
  | { do: "confirm"; confirm: Confirm }
  | { do: "run" };

export function enter(
  flow: Flow,
  choices: FoundChoice[],
  marked: number,
  prepared: Plan | null,
  picked = false,
  awaited = false,
): Enter {
  const name = missing(flow);
  const runs = prepared !== null && name === null && !picked;
  if (awaited && !runs) {
    const isEmpty = typed(flow).trim() === "" && !picked;
    return isEmpty && name !== null ? { do: "ask", name } : { do: "wait" };
  }
  const other = choices[marked]?.value ?? null;
  const value = picked ? (other === typed(flow) ? null : other) : runs ? null : chosen(flow, choices, marked);
  if (value !== null) return { do: "take", value };
  if (name !== null) return { do: "ask", name };
  if (!prepared) return { do: "wait" };
  return prepared.confirm ? { do: "confirm", confirm: prepared.confirm } : { do: "run" };
}

/** Takes a value and goes on to the first missing argument, else to the next one; at the last one it stays. */
export function take(flow: Flow, value: string): Flow {
  const taken = type(flow, value);
  const name = missing(taken);
  return name === null ? step(taken, 1) : { ...taken, active: name };
}

/** Whether `text` confirms the run, and how many characters of the expected text are left to type. */
export function confirmed(confirm: Confirm | null, text: string): { ok: boolean; left: number } {
  if (confirm === null) return { ok: true, left: 0 };
  const expected = confirm === "yes" ? "yes" : confirm.type;
  // A pasted text may end in whitespace.
  const entered = text.trim();
  const left = expected.startsWith(entered) ? expected.length - entered.length : expected.length;
  return { ok: entered === expected, left };
}

/** The argument that an error is about. */
export function argOf(error: ApiError | null): string | null {
  return error?.kind === "line" && "arg" in error.error ? error.error.arg : null;
}
