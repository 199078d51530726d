/** What a request asks along with a yes, as fields of the command's form. */

import type { ArgSpec, FoundChoice, Question } from "../api";

/** The names of the arguments that stand in the same line, which any case names. */
const TAKEN = ["account", "approval", "comment", "answers"];

/** True for what can only be answered on the service's page: a file, or what a line has no place for. */
export const isElsewhere = ({ name, ty }: Question): boolean =>
  ty === "elsewhere" || name === "" || name.includes("=") || TAKEN.includes(name.toLowerCase());

/** An argument for each question that can be answered here. What a service names twice is asked once. */
export function fieldsOf(questions: readonly Question[]): ArgSpec[] {
  const fields = new Map<string, ArgSpec>();
  for (const question of questions) {
    const { name, summary, ty, default: value } = question;
    if (ty === "elsewhere" || isElsewhere(question) || fields.has(name)) continue;
    const required = typeof value !== "string";
    fields.set(name, { name, summary: summary ?? "asked with it", ty, default: value ?? null, required });
  }
  return [...fields.values()];
}

/** The values that a field can have; empty where it takes any text. */
const valuesOf = ({ ty }: ArgSpec): string[] =>
  ty === "bool" ? ["true", "false"] : typeof ty === "object" && "choice" in ty ? ty.choice : [];

/** The values that go with what is typed: all of them, once it is one. */
export function choicesOf(field: ArgSpec, typed: string): FoundChoice[] {
  const values = [...new Set(valuesOf(field))];
  const query = typed.trim().toLowerCase();
  return values
    .filter((value) => values.includes(typed) || value.toLowerCase().includes(query))
    .map((value) => ({ value, title: [{ text: value, hit: false }], note: null }));
}

/** The first field whose text is none of its values. */
export const wrongOf = (fields: readonly ArgSpec[], values: Record<string, string>): ArgSpec | undefined =>
  fields.find((field) => {
    const [value, all] = [values[field.name] ?? "", valuesOf(field)];
    return value !== "" && all.length > 0 && !all.includes(value);
  });

/** Quoted, as a line is read, whatever it is. */
const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** The answers as `name=value` pairs. */
export const pairsOf = (fields: readonly ArgSpec[], values: Record<string, string>): string =>
  fields
    .filter(({ name }) => values[name])
    .map(({ name }) => `${quote(name)}=${quote(values[name] ?? "")}`)
    .join(" ");

/** The arguments, with the questions in the place of the one that takes their answers as pairs. */
export const inPlaceOf = (pairs: string, args: readonly ArgSpec[], fields: ArgSpec[]): ArgSpec[] =>
  args.flatMap((arg) => (arg.name === pairs ? fields : arg));

/** The answers where none is given. */
export const defaultsOf = (fields: readonly ArgSpec[]): Record<string, string> =>
  Object.fromEntries(fields.map(({ name, default: value }) => [name, value ?? ""]));

/** The values as the command takes them: the answers are the value of one argument. */
export function givenOf(
  fields: readonly ArgSpec[],
  pairs: string,
  values: Record<string, string>,
): Record<string, string> {
  if (fields.length === 0) return values;
  const own = Object.entries(values).filter(([name]) => !fields.some((field) => field.name === name));
  return { ...Object.fromEntries(own), [pairs]: pairsOf(fields, values) };
}
