/** A person's own rules while they are edited: all are saved at once, and errors are shown at their fields. */

import type { ConfigError, JsonValue, RuleConfig, RuleFault, RuleInfo } from "../../api";
import type { Failure } from "../../desktop";
import { Draft, same } from "../draft.svelte";
import { located } from "../../parts/failure";
import { fieldOf, join } from "../failure";
import { keep, readKept } from "../kept";
import { freshName, written } from "./rules";

export const FIELDS = ["name", "when", "do", "post", "group_by", "continue", "enabled"] as const;
export type Field = (typeof FIELDS)[number];
/** Keys that are edited with a switch, which cannot show an error: it is shown above the rules instead. */
const SWITCHES: readonly Field[] = ["continue", "enabled"];

/** The errors: those of a rule's fields (by the rule's index), and those of none. */
export interface RuleFaults {
  fields: Record<string, string>;
  rest: string[];
}
export const NO_FAULTS: RuleFaults = { fields: {}, rest: [] };
export const at = (place: number, field: string) => `${place}.${field}`;

/** Assigns the errors of a refused file to their rules and fields. */
export function faultsAt(
  failure: Failure,
  rules: readonly RuleConfig[],
  base: readonly RuleConfig[],
): RuleFaults {
  if (failure.error.kind !== "config") return { fields: {}, rest: [failure.message] };
  const found: RuleFaults = { fields: {}, rest: [] };
  for (const fault of failure.error.errors) {
    const field = fieldOf(fault, FIELDS) as Field | null;
    const place = field === null ? -1 : ruleOf(fault, field, rules, base);
    if (field === null || place < 0 || SWITCHES.includes(field)) found.rest.push(located(fault));
    else found.fields[at(place, field)] = join(found.fields[at(place, field)], fault.what);
  }
  return found;
}

/** The rule whose field is in the faulty line, a changed rule before an unchanged one. */
function ruleOf(
  fault: ConfigError,
  field: Field,
  rules: readonly RuleConfig[],
  base: readonly RuleConfig[],
): number {
  const changed = rules.map((rule) => !base.some((known) => same(known, rule)));
  const matches = rules.map((rule) => {
    const value = rule[field];
    const texts = Array.isArray(value) ? value : [String(value ?? "")];
    // The file may use other quotation marks: only the text between them is compared.
    return texts.some((text) => text !== "" && bare(fault.text).includes(bare(text.split("\n")[0] ?? "")));
  });
  const places = [...rules.keys()];
  const likely =
    places.find((place) => matches[place] && changed[place]) ?? places.find((place) => matches[place]);
  if (likely !== undefined) return likely;
  const only = places.filter((place) => changed[place]);
  return only.length === 1 ? (only[0] as number) : -1;
}

const bare = (text: string) => text.replace(/[\\"'\s]/g, "");

/** The storage name of unsaved rules. */
const KEPT = "rules";

function readRules(): { base: RuleConfig[]; mine: RuleConfig[] } | null {
  const kept = readKept(KEPT);
  if (!kept || typeof kept !== "object") return null;
  const { base, mine } = kept as Partial<Record<"base" | "mine", RuleConfig[]>>;
  return Array.isArray(base) && Array.isArray(mine) ? { base, mine } : null;
}

export class Editing {
  readonly draft: Draft<RuleConfig[]>;
  #refused = $state.raw<RuleFaults>(NO_FAULTS);
  #tried = $state.raw<RuleFaults["fields"]>({});

  /** Unsaved rules are restored at once, so that they are never a surprise once the rules are opened. */
  constructor() {
    const kept = readRules();
    this.draft = new Draft(kept?.base ?? []);
    if (kept) this.draft.mine = kept.mine;
  }

  /** What is wrong: with the rules as they were refused, and with the rules as they stand. */
  get errors(): RuleFaults {
    return { ...this.#refused, fields: { ...this.#refused.fields, ...this.#tried } };
  }

  /** True if the file has no such rule. */
  unsaved(place: number): boolean {
    const rule = $state.snapshot(this.draft.mine[place]);
    return rule !== undefined && !this.draft.base.some((known) => same(known, rule));
  }

  /** Call when the rules were read again. */
  offer(infos: readonly RuleInfo[]) {
    this.draft.offer(infos.filter((info) => !info.builtin).map((info) => info.rule));
  }

  /** Stores unsaved rules for when the window is opened again. */
  keep() {
    const changed = this.draft.changed;
    const kept = { base: this.draft.base, mine: $state.snapshot(this.draft.mine) };
    keep(KEPT, changed ? kept : null);
  }

  change(place: number, change: Partial<RuleConfig>) {
    const rule = this.draft.mine[place];
    if (!rule) return;
    this.draft.mine[place] = { ...rule, ...change };
    // What was refused is what stood there before.
    const edited = Object.keys(change).map((field) => at(place, field));
    const left = Object.entries(this.#refused.fields).filter(([field]) => !edited.includes(field));
    this.#refused = { ...this.#refused, fields: Object.fromEntries(left) };
  }

  /** Adds a rule at the top, where it decides before the others. Returns its index. */
  add(): number {
    const rule: RuleConfig = {
      name: freshName(this.draft.mine),
      when: 'event == "failed"',
      do: "notify",
      post: [],
      group_by: [],
      continue: false,
    };
    this.draft.mine = [rule, ...this.draft.mine];
    this.#forget();
    return 0;
  }

  remove(place: number) {
    this.draft.mine = this.draft.mine.filter((_, other) => other !== place);
    this.#forget();
  }

  /** Moves a rule up or down. Returns its new index. */
  move(place: number, by: 1 | -1): number {
    const to = place + by;
    const rules = [...this.draft.mine];
    const [rule] = rules.splice(place, 1);
    if (!rule || to < 0 || to > rules.length) return place;
    rules.splice(to, 0, rule);
    this.draft.mine = rules;
    this.#forget();
    return to;
  }

  revert() {
    this.draft.revert();
    this.#forget();
  }

  /**
   * What to write, and where. A single changed or removed rule is written alone, so that the comments of
   * the others stay; several changes are written together, so that all or none take effect.
   */
  write(): { path: string[]; value: JsonValue | null } {
    const rules = $state.snapshot(this.draft.mine);
    const base = this.draft.base;
    const other = rules.findIndex((rule, place) => !same(rule, base[place]));
    const place = String(other < 0 ? rules.length : other);
    const rule = rules[other];
    if (rule && rules.length === base.length && same(rules.slice(other + 1), base.slice(other + 1))) {
      return { path: ["rules", place], value: written(rule) };
    }
    if (
      rules.length > 0 &&
      same(
        rules,
        base.filter((_, nth) => nth !== Number(place)),
      )
    ) {
      return { path: ["rules", place], value: null };
    }
    return { path: ["rules"], value: rules.length > 0 ? rules.map(written) : null };
  }

  saved() {
    this.draft.take($state.snapshot(this.draft.mine));
    this.#forget();
  }

  refused(failure: Failure) {
    this.#refused = faultsAt(failure, $state.snapshot(this.draft.mine), this.draft.base);
  }

  /** Takes what trying the rules found wrong with them as they stand. */
  tried(faults: readonly RuleFault[]) {
    const fields: RuleFaults["fields"] = {};
    for (const { rule, key, what } of faults) fields[at(rule, key)] = join(fields[at(rule, key)], what);
    this.#tried = fields;
  }

  /** Faults are known by the index of their rule, which is another one now. */
  #forget() {
    this.#refused = NO_FAULTS;
    this.#tried = {};
  }
}
