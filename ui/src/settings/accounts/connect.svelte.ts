/** Connecting an account: a service, one question after the other, and the response of the service. */

import type { Identity, JsonValue, ServiceInfo } from "../../api";
import type { Backend, Failure } from "../../desktop";
import { failureOf } from "../../parts/failure";
import { placed } from "../failure";
import { keep, readKept } from "../kept";
import { Act } from "../act.svelte";
import { freeName, questions, textOf, valueOf, wrong, type Question } from "./fields";

/** The result of testing the new account. */
export type Tested =
  | { identity: Identity; took: number }
  | { failure: Failure; /** The secret to ask for again, if any. */ secret: string | null };

/** The storage key of an incomplete account. */
const KEPT = "new-account";

/** The service of the incomplete account; null if there is none. */
export function keptService(): string | null {
  return kept()?.service ?? null;
}

function kept(): { service: string; at: number; answers: Record<string, string> } | null {
  const read = readKept(KEPT);
  if (!read || typeof read !== "object") return null;
  const { service, at, answers } = read as Record<string, unknown>;
  if (typeof service !== "string" || typeof at !== "number" || !answers || typeof answers !== "object")
    return null;
  return { service, at, answers: answers as Record<string, string> };
}

export class Connect {
  readonly questions: Question[];
  at = $state(0);
  answers = $state<Record<string, string>>({});
  errors = $state<Record<string, string | undefined>>({});
  /** An error that belongs to no question. */
  rest = $state<string[]>([]);
  /** True once the account is in the configuration. */
  added = $state(false);
  tested = $state.raw<Tested | null>(null);
  readonly act = new Act();

  constructor(
    readonly backend: Backend,
    readonly service: ServiceInfo,
    readonly taken: readonly string[],
    readonly clock: () => number = () => performance.now(),
  ) {
    this.questions = questions(service);
    for (const question of this.questions) this.answers[question.key] = "";
    this.answers["name"] = freeName(service.service, taken);
    for (const { name, takes, default: value, required } of service.settings) {
      if (required && value !== null) this.answers[name] = textOf(value, takes);
    }
    this.restore();
  }

  /** Restores the answers of before another section was opened. Secrets are asked for again. */
  private restore() {
    const before = kept();
    if (before?.service !== this.service.service) return;
    for (const { key, kind } of this.questions) {
      const answer = before.answers[key];
      if (kind !== "secret" && typeof answer === "string") this.answers[key] = answer;
    }
    const secret = this.questions.findIndex(({ kind, required }) => kind === "secret" && required);
    const last = secret < 0 ? this.questions.length - 1 : secret;
    this.at = Math.max(0, Math.min(Math.trunc(before.at), last));
  }

  /** Keeps the answers for when the form is opened again; drops them once the account is added. */
  keep() {
    const answers: Record<string, string> = {};
    for (const { key, kind } of this.questions) if (kind !== "secret") answers[key] = this.answers[key] ?? "";
    keep(KEPT, this.added ? null : { service: this.service.service, at: this.at, answers });
  }

  /** Drops the answers: the person chose not to add the account. */
  discard() {
    this.forget();
    keep(KEPT, null);
  }

  get question(): Question {
    return this.questions[this.at] as Question;
  }
  get name(): string {
    return (this.answers["name"] ?? "").trim();
  }
  get last(): boolean {
    return this.at === this.questions.length - 1;
  }
  /** True if no required question is left. */
  get enough(): boolean {
    return this.questions.slice(this.at + 1).every((question) => !question.required);
  }

  /** Takes the answer to the question and goes on to the next one, or adds the account. */
  async next(): Promise<void> {
    if (!this.check(this.question)) return;
    if (this.last) await this.finish();
    else this.at += 1;
  }

  /** Skips an optional question. */
  async skip(): Promise<void> {
    if (this.question.required) return;
    this.answers[this.question.key] = "";
    await this.next();
  }

  /** Goes back one question. False at the first. */
  previous(): boolean {
    if (this.at === 0) return false;
    this.at -= 1;
    return true;
  }

  /** Adds the account and tests it. A refused value is reported at its question. */
  async finish(): Promise<void> {
    const bad = this.questions.findIndex((question) => !this.check(question));
    if (bad >= 0) {
      this.at = bad;
      return;
    }
    this.rest = [];
    const well = await this.act.do(async () => {
      await this.backend.call("add_account", {
        name: this.name,
        service: this.service.service,
        settings: this.settings(),
        secrets: this.secrets(),
      });
      this.added = true;
      this.forget();
      await this.test();
    });
    if (!well && this.act.failure) this.refused(this.act.failure);
  }

  /** Replaces a refused secret, and tests again. */
  async replace(field: string): Promise<void> {
    const secret = (this.answers[field] ?? "").trim();
    this.answers[field] = "";
    if (secret === "") {
      this.errors[field] = "This is needed";
      return;
    }
    this.errors[field] = undefined;
    await this.act.do(async () => {
      await this.backend.call("set_secret", { account: this.name, field, secret });
      await this.test();
    });
    if (this.act.failure) this.errors[field] = this.act.failure.message;
  }

  /** Tests the account: asks the service for our identity. */
  async test(): Promise<void> {
    const began = this.clock();
    try {
      const identity = await this.backend.call("test_account", { account: this.name });
      this.tested = { identity, took: this.clock() - began };
    } catch (error) {
      const failure = failureOf(error);
      const refused = failure.error.kind === "service" && failure.error.error.error === "auth";
      const secret = this.questions.find((question) => question.kind === "secret")?.key ?? null;
      this.tested = { failure, secret: refused ? secret : null };
    }
  }

  /** Clears the secrets, which are kept no longer than needed. */
  forget() {
    for (const question of this.questions) if (question.kind === "secret") this.answers[question.key] = "";
  }

  private refused({ error, message }: Failure) {
    const keys = this.questions.map((question) => question.key);
    const found = placed(error, message, keys, `[accounts.${this.name}]`);
    if (error.kind === "service" && error.error.error === "auth") {
      const secret = this.questions.find((question) => question.kind === "secret");
      if (secret) {
        this.answers[secret.key] = "";
        found.fields[secret.key] = message;
        found.rest = [];
      }
    }
    this.errors = found.fields;
    this.rest = found.rest;
    const first = this.questions.findIndex((question) => question.key in found.fields);
    if (first >= 0) this.at = first;
  }

  private check(question: Question): boolean {
    const error = wrong(question, this.answers[question.key] ?? "", this.taken);
    this.errors[question.key] = error;
    return error === undefined;
  }

  private settings(): Record<string, JsonValue> {
    const settings: Record<string, JsonValue> = {};
    for (const question of this.questions) {
      if (question.kind !== "setting") continue;
      const value = valueOf(this.answers[question.key] ?? "", question.info.takes);
      if (value !== null) settings[question.key] = value;
    }
    return settings;
  }

  private secrets(): Record<string, string> {
    const secrets: Record<string, string> = {};
    for (const question of this.questions) {
      const secret = (this.answers[question.key] ?? "").trim();
      if (question.kind === "secret" && secret !== "") secrets[question.key] = secret;
    }
    return secrets;
  }
}
