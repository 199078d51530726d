/** Settings of an account as the text of a field, and back. */

import type { JsonValue, ServiceInfo, SettingInfo, SettingType } from "../../api";
import { capital } from "../../parts/words";

/** A value as the text of its field. */
export function textOf(value: JsonValue | undefined, takes: SettingType): string {
  if (value === undefined || value === null) return "";
  if (takes === "list") return Array.isArray(value) ? value.map(String).join("\n") : String(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The text of a field as a value; null if empty. Throws with what would be right. */
export function valueOf(text: string, takes: SettingType): JsonValue | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (takes === "list")
    return trimmed
      .split(/[\n,]/)
      .map((part) => part.trim())
      .filter(Boolean);
  if (takes === "bool") return trimmed === "true";
  if (takes === "number") {
    const number = Number(trimmed);
    if (!Number.isFinite(number)) throw new Error(`Expected a number, found "${trimmed}"`);
    return number;
  }
  return trimmed;
}

/** The environment variable of a secret, for secrets from the environment. */
export function variable(account: string, field: string): string {
  return `CALLBOARD_SECRET_${account}_${field}`.toUpperCase().replace(/[-.]/g, "_");
}

/** One question of connecting an account. */
export type Question =
  | { kind: "name"; key: "name"; required: true }
  | { kind: "setting"; key: string; required: boolean; info: SettingInfo }
  | { kind: "secret"; key: string; required: boolean; help: string };

/** The questions, in order: the name, required settings, secrets, and optional settings. */
export function questions(service: ServiceInfo): Question[] {
  const settings = service.settings.map((info): Question => ({
    kind: "setting",
    key: info.name,
    required: info.required,
    info,
  }));
  const secrets = service.secrets.map((info): Question => ({
    kind: "secret",
    key: info.name,
    required: info.required,
    help: info.help,
  }));
  const name: Question = { kind: "name", key: "name", required: true };
  const all = [...settings, ...secrets];
  return [name, ...all.filter((it) => it.required), ...all.filter((it) => !it.required)];
}

/** A free name: the service's own, else with a number. */
export function freeName(service: string, taken: readonly string[]): string {
  if (!taken.includes(service)) return service;
  for (let number = 2; ; number += 1) {
    if (!taken.includes(`${service}-${number}`)) return `${service}-${number}`;
  }
}

/** What is wrong with an answer, checked here without the engine; undefined if it may be valid. */
export function wrong(question: Question, text: string, taken: readonly string[]): string | undefined {
  const trimmed = text.trim();
  if (question.kind === "name") {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(trimmed)) return "Expected letters, digits, - and _";
    if (trimmed === "room") return '"room" is the built-in room. Choose another name';
    if (taken.includes(trimmed)) return `There is an account "${trimmed}" already. Choose another name`;
  }
  if (question.required && trimmed === "") return "This is needed";
  if (question.kind === "setting") {
    try {
      valueOf(trimmed, question.info.takes);
    } catch (error) {
      return (error as Error).message;
    }
  }
  if (question.key === "every" && trimmed !== "" && !LENGTH.test(trimmed))
    return `Expected a length of time such as 90s or 15m, found "${trimmed}"`;
  if (question.key === "url" && trimmed !== "" && !ADDRESS.test(trimmed))
    return "Expected an address such as https://ci.example.com, without a user, ? or #";
  return undefined;
}

/** Matches an address of a server, as the engine takes it. */
const ADDRESS = /^https?:\/\/[^/?#@\s]+(\/[^?#\s]*)?$/i;

/** Matches a length of time, such as "90s" or "1h 30m". */
const LENGTH = /^(\d+ *[wdhms][a-z]* *)+$/i;

/** A key as a label: "webhook_secret" is "Webhook secret". */
export function spelled(key: string): string {
  const text = key.replaceAll("_", " ").replace(/\burl\b/g, "URL");
  return capital(text);
}
