/** How a command's arguments are filled, one after the other. */

import type { ApiError, CommandInfo, Confirm, FoundChoice, Plan } from "../api";

export interface Flow {
  info: CommandInfo;
  /** What is given, by argument; what is being typed is in here, too. */
  values: Record<string, string>;
  /** The argument that is being typed. */
  active: string | null;
}

const names = (info: CommandInfo) => info.spec.args.map(({ name }) => name);

/** Starts where something is missing, else at the last argument that there must be. */
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

/** The next argument, or the one before; at the ends it stays. */
export function step(flow: Flow, by: 1 | -1): Flow {
  const all = names(flow.info);
  const at = flow.active === null ? -1 : all.indexOf(flow.active);
  return { ...flow, active: all[Math.max(0, Math.min(at + by, all.length - 1))] ?? null };
}

export function activate(flow: Flow, name: string): Flow {
  return { ...flow, active: name };
}

/** The first argument that there must be and is not. */
export function missing(flow: Flow): string | null {
  return (
    flow.info.spec.args.find(
      ({ name, required, ty }) => required && ty !== "pairs" && !(flow.values[name] ?? "").trim(),
    )?.name ?? null
  );
}

/**
 * The choice that the typed text stands for: itself where it is one, the marked one where it begins to be one or where
 * there must be something. Nothing where the argument takes any text, or may be left out.
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

/** True where every word of a text begins a word of the choice, or of what it is called. */
export function isNamed({ value, note }: FoundChoice, text: string): boolean {
  const [own, wanted] = [wordsIn(`${value} ${note ?? ""}`), wordsIn(text)];
  return wanted.length > 0 && wanted.every((word) => own.some((other) => other.startsWith(word)));
}

/** What Enter does: take a choice, go to what is missing, say yes, or run. */
export type Enter =
  | { do: "take"; value: string }
  | { do: "ask"; name: string }
  | { do: "wait" }
  | { do: "confirm"; confirm: Confirm }
  | { do: "run" };

export function enter(flow: Flow, choices: FoundChoice[], marked: number, prepared: Plan | null): Enter {
  const value = chosen(flow, choices, marked);
  if (value !== null) return { do: "take", value };
  const name = missing(flow);
  if (name !== null) return { do: "ask", name };
  if (!prepared) return { do: "wait" };
  return prepared.confirm ? { do: "confirm", confirm: prepared.confirm } : { do: "run" };
}

/** Takes a value and goes on: to what is missing, else to the next argument; at the last one it stays. */
export function take(flow: Flow, value: string): Flow {
  const taken = type(flow, value);
  const name = missing(taken);
  return name === null ? step(taken, 1) : { ...taken, active: name };
}

/** What must be said for a run, once `text` is typed: null where it is not right yet. */
export function confirmed(confirm: Confirm | null, text: string): { ok: boolean; left: number } {
  if (confirm === null) return { ok: true, left: 0 };
  const wanted = confirm === "yes" ? "yes" : confirm.type;
  // Pasting is fine; a pasted line may end in a blank.
  const given = text.trim();
  const left = wanted.startsWith(given) ? wanted.length - given.length : wanted.length;
  return { ok: given === wanted, left };
}

/** The argument that an error is about. */
export function argOf(error: ApiError | null): string | null {
  return error?.kind === "line" && "arg" in error.error ? error.error.arg : null;
}
