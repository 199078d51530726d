/** A command before it runs: its arguments, live choices, the plan, and where it will post. */

import type { ArgSpec, CommandInfo, FoundChoice, LineRead, Plan, Question, Run } from "../api";
import type { Failure } from "../desktop";
import { layout } from "../parts/layout";
import { ReactiveMap } from "../parts/reactive-map.svelte";
import { changesText } from "./changes";
import { type AppContext, errorText } from "./context.svelte";
import { keepDraft } from "./drafts";
import {
  argOf,
  confirmed,
  enter,
  type Enter,
  type Flow,
  isNamed,
  missing,
  start,
  step,
  take,
  type,
  typed,
} from "./flow";
import type { Act } from "./keys";
import { moveInChoices } from "./move";
import { ACCOUNT, withAccount, withArgs } from "./args";
import { choicesOf, defaultsOf, fieldsOf, givenOf, inPlaceOf, wrongOf } from "./questions";
import { readOn } from "./read-on";
import type { View, Window } from "./view";

/** For so many milliseconds a plan to run again is shown before Enter runs it: Enter pressed twice at once does not. */
const READING = 500;

export interface Problem {
  text: string;
  /** The argument that it is about, if known. */
  arg: string | null;
}

const CHECKED = "It is still being checked. Press Enter again in a moment";
const UNREAD = "Read on, then press again";

/** Who runs a command, for the progress text: its accounts, or the command itself. */
export function servedBy(info: CommandInfo): string {
  return "accounts" in info.origin ? info.origin.accounts.join(", ") : info.spec.name;
}

export class CommandForm implements View {
  readonly at = "fill";
  /** The command with the values that it began with. */
  readonly key: string;
  private readonly context: AppContext;
  flow = $state.raw<Flow>() as Flow;
  line = $state("");
  choices = $state.raw<FoundChoice[]>([]);
  choicesFailure = $state<string | null>(null);
  /** Typed text that matches none of the choices. */
  unlisted = $state<string | null>(null);
  /** The value of the choice that a person moved the mark to. */
  private pick = $state<string | null>(null);
  private isReading = $state(false);
  private isChoosing = $state(false);
  /** True if the argument's text is left over from the line: then only a choice that it names is taken. */
  private leftover = $state(false);
  prepared = $state.raw<Plan | null>(null);
  /** What people call the values that are ids, by `argument=value`, as far as the engine said. */
  readonly names = new ReactiveMap<string>();
  /** The plan that was shown at Enter, if it has changed since: the current plan is not confirmed yet. */
  before = $state.raw<Plan | null>(null);
  problem = $state.raw<Problem | null>(null);
  privately = $state(false);
  /** True while a confirmation is asked for, after Enter. */
  confirming = $state(false);
  confirmation = $state("");
  running = $state(false);
  /** Why the last Enter did not run it; null if it did. */
  refused = $state<string | null>(null);

  readonly typed = $derived(typed(this.flow));
  /** True while the choices are those of a text typed before, or it is not known yet whether the text is a value. */
  readonly awaited: boolean = $derived(this.isChoosing || (this.isReading && this.typed.trim() !== ""));
  /** The index of the marked choice; -1 if none is marked. */
  readonly marked: number = $derived(this.markedAt());
  /** True once a person moved the mark: then Enter takes the marked choice. */
  readonly picked: boolean = $derived(this.pick !== null && this.choices[this.marked]?.value === this.pick);
  readonly missing = $derived(missing(this.flow));
  /** The argument that is being typed. */
  private readonly spec: ArgSpec | undefined = $derived(
    this.flow.info.spec.args.find(({ name }) => name === this.flow.active),
  );
  readonly guard = $derived(this.prepared?.confirm ?? (this.before ? "yes" : null));
  readonly ready = $derived(
    this.prepared !== null &&
      !this.running &&
      (!this.confirming || confirmed(this.guard, this.confirmation).ok),
  );
  /** What Enter does next, unless a confirmation is asked for. */
  readonly next: Enter = $derived(
    enter(this.flow, this.choices, this.marked, this.prepared, this.picked, this.awaited),
  );
  /** True for approvals, which Enter never runs. */
  readonly deliberate: boolean;
  /** The questions of the request, each an argument here. On the line they are the pairs of one argument, by this name. */
  readonly fields: ArgSpec[];
  private readonly pairs: string;

  /** Enter runs nothing before: only then can the plan have been read. */
  private readableFrom = 0;
  private requests = 0;
  private choiceRequests = 0;
  private written: Promise<string>;
  private reading: Promise<void>;
  private choosing: Promise<void>;
  /** What an Enter was pressed for that waits until it is no longer awaited. */
  private entered: Flow | null = null;

  constructor(
    context: AppContext,
    info: CommandInfo,
    values: Record<string, string>,
    asksFor: string | null,
    /** True if a finished run led here, with the key that runs it here. */
    private readonly again = false,
    questions: readonly Question[] = [],
  ) {
    this.context = context;
    this.fields = fieldsOf(questions);
    this.pairs = info.spec.args.find(({ ty }) => ty === "pairs")?.name ?? "";
    this.key = JSON.stringify([info.spec.name, values]);
    this.deliberate = info.spec.role === "approve";
    this.flow = this.begin(ACCOUNT.name in values ? withAccount(info) : info, values, asksFor);
    this.leftover = asksFor !== null && (values[asksFor] ?? "").trim() !== "";
    this.written = Promise.resolve(info.spec.name);
    this.reading = this.read();
    this.choosing = this.choose();
  }

  /** The first question without an answer is asked for. */
  private begin(info: CommandInfo, values: Record<string, string>, asksFor: string | null): Flow {
    const { fields } = this;
    if (fields.length === 0) return start(info, values, asksFor);
    const first = fields.find(({ required }) => required) ?? fields[0];
    const args = inPlaceOf(this.pairs, info.spec.args, fields);
    return start(withArgs(info, args), { ...defaultsOf(fields), ...values }, first?.name ?? asksFor);
  }

  act(act: Act, window: Window): boolean {
    if (moveInChoices(act, this)) return true;
    switch (act) {
      case "complete":
      case "previous":
        if (this.confirming) return false;
        this.step(act === "complete" ? 1 : -1);
        return true;
      case "privately":
        this.makePrivate();
        return true;
      case "go":
      case "approve":
        // Enter never approves: approving has a key of its own. Enter still fills in missing arguments.
        if (this.deliberate && act === "go" && this.ready && this.next.do !== "take") return true;
        if (act === "approve" && this.confirming && this.guard === "yes") this.confirmation = "yes";
        void this.enter().then((run) => void (run && window.follow(run)));
        return true;
    }
    return false;
  }

  /** Goes from the confirmation back to the arguments; a form that is left leaves no draft. */
  leave(window: Window): boolean {
    if (this.confirming) return (this.confirming = false);
    keepDraft({ text: window.finds.text, args: null });
    return true;
  }

  /** An Enter that waits takes nothing any more. */
  end(): void {
    this.entered = null;
  }

  /** The choice that was moved to, else the one that the text is, else the first that it names or may mean. */
  private markedAt(): number {
    const { choices, pick } = this;
    const text = this.typed.trim();
    for (const value of [pick, text]) {
      const at = choices.findIndex((choice) => choice.value === value);
      if (at >= 0) return at;
    }
    // The text is a value by itself, or may turn out to be one; or none is needed.
    if (this.prepared || this.awaited || (text === "" && !this.spec?.required)) return -1;
    const named = choices.findIndex((choice) => isNamed(choice, text));
    return this.leftover ? named : Math.max(0, named);
  }

  get info(): CommandInfo {
    return this.flow.info;
  }

  get command(): string {
    return this.flow.info.spec.name;
  }

  private set(flow: Flow): void {
    const moved = flow.active !== this.flow.active;
    const changed = flow.values !== this.flow.values;
    this.flow = flow;
    this.entered = null;
    this.before = null;
    this.confirming = false;
    this.refused = null;
    this.confirmation = "";
    keepDraft({
      text: "",
      args: { command: this.command, values: givenOf(this.fields, this.pairs, flow.values) },
    });
    if (moved || changed) {
      this.leftover = false;
      this.unlisted = null;
      this.pick = null;
    }
    // The values of another argument cannot be taken for this one.
    if (moved) this.choices = [];
    if (changed) this.reading = this.read();
    if (moved || changed) this.choosing = this.choose();
  }

  type(text: string): void {
    this.set(type(this.flow, text));
  }
  /** Appends text that was typed before the field existed. */
  typeAhead(text: string): void {
    this.type(this.leftover ? this.typed + text : text);
  }
  activate(name: string): void {
    this.set({ ...this.flow, active: name });
  }
  take(value: string): void {
    this.set(take(this.flow, value));
  }

  /** Goes on to the next argument, taking the marked choice; while choices are awaited, the text stays as typed. */
  step(by: 1 | -1): void {
    const { flow: from, choices, marked, picked, awaited } = this;
    const next = by > 0 ? enter(from, choices, marked, null, picked, awaited) : null;
    const flow = next?.do === "take" ? type(this.flow, next.value) : this.flow;
    this.set(step(flow, by));
  }

  mark(by: number): void {
    const at = Math.max(0, Math.min(this.marked + by, this.choices.length - 1));
    this.pick = this.choices[at]?.value ?? null;
  }

  makePrivate(): void {
    this.privately = !this.privately;
    this.before = null;
    this.context.announce(this.privately ? "Private: nothing is posted" : "The outcome is posted");
    this.reading = this.read();
  }

  /** Reads and prepares the line that the values make. Errors go to their argument; late responses are dropped. */
  private async read(): Promise<void> {
    const request = ++this.requests;
    const { backend } = this.context;
    const current = () => request === this.requests;
    const typed = this.latin(this.flow.values);
    const values = givenOf(this.fields, this.pairs, typed);
    const wrong = wrongOf(this.fields, typed);
    this.prepared = null;
    this.isReading = true;
    try {
      this.written = backend.call("write_line", { command: this.command, values });
      const line = await this.written;
      if (!current()) return;
      this.line = line;
      const read = await backend.call("read_line", { line });
      if (!current()) return;
      this.keepNames(read.names, values);
      this.problem = read.problem ? { text: read.problem, arg: this.argNamed(read.problem) } : null;
      if (wrong) this.problem = { text: `${wrong.name} has no such choice`, arg: wrong.name };
      if (read.asks_for || this.problem || this.missing) return;
      const preparing = backend.call("prepare", { line, channel: null, private: this.privately });
      const prepared = await this.context.waitFor(servedBy(this.info), preparing);
      if (!current()) return;
      this.prepared = prepared;
      this.keepNames(prepared.names, values);
      if (this.again) this.readableFrom = Date.now() + READING;
      this.problem = null;
    } catch (thrown) {
      if (current()) this.fail(thrown);
    } finally {
      if (current()) this.isReading = false;
    }
  }

  private keepNames(names: LineRead["names"], values: Record<string, string>): void {
    for (const [arg, name] of Object.entries(names ?? {}))
      this.names.set(`${arg}=${values[arg] ?? ""}`, name);
  }

  /** The values with durations in Latin letters: "2р" is "2h" typed on a Russian layout. */
  private latin(values: Record<string, string>): Record<string, string> {
    const meant = { ...values };
    for (const { name, ty } of this.info.spec.args) {
      const value = meant[name];
      const isLatin = ty === "duration" || ty === "time" || ty === "number" || ty === "bool";
      if (isLatin && value !== undefined) meant[name] = layout.reading(value) ?? value;
    }
    return meant;
  }

  /** The argument that an error text is about: the text begins with its name. */
  private argNamed(text: string): string | null {
    return (
      this.info.spec.args.find(({ name }) => text.startsWith(`${name}:`) || text.startsWith(`${name} `))
        ?.name ?? null
    );
  }

  /** Asks for the account if that is all that is not clear: which of several is to run it. */
  private asksAccount(thrown: unknown): boolean {
    const error = (thrown as Failure | null)?.error;
    if (error?.kind !== "line" || error.error.problem !== "ambiguous" || error.error.arg !== ACCOUNT.name)
      return false;
    if (!this.info.spec.args.includes(ACCOUNT)) {
      // Once something was typed, more may come: its letters are not for another argument.
      const active = this.requests > 1 ? this.flow.active : ACCOUNT.name;
      this.set({ ...this.flow, info: withAccount(this.info), active });
    }
    return true;
  }

  private fail(thrown: unknown): void {
    if (this.asksAccount(thrown)) {
      this.problem = null;
      return;
    }
    const error = (thrown as Failure | null)?.error ?? null;
    this.problem = { text: errorText(thrown), arg: argOf(error) };
    this.context.announce(this.problem.text, true);
  }

  private async choose(): Promise<void> {
    const request = ++this.choiceRequests;
    const { spec } = this;
    const { active } = this.flow;
    if (spec && this.fields.includes(spec)) {
      this.choices = choicesOf(spec, this.typed);
      this.choicesFailure = null;
      this.isChoosing = false;
    } else if (
      active === null ||
      spec?.ty === "text" ||
      spec?.ty === "number" ||
      spec?.ty === "duration" ||
      spec?.ty === "time"
    ) {
      this.choices = [];
      this.isChoosing = false;
    } else await this.askChoices(request, active);
  }

  private async askChoices(request: number, active: string): Promise<void> {
    const { spec } = this;
    this.isChoosing = true;
    try {
      // The choices may depend on the other arguments.
      const line = await this.written.catch(() => this.command);
      if (request !== this.choiceRequests) return;
      const ask = (typed: string) =>
        this.context.waitFor(
          servedBy(this.info),
          this.context.backend.call("choices", { line, arg: active, typed }),
        );
      const latin = layout.reading(this.typed);
      let choices = await ask(this.typed);
      if (choices.length === 0 && latin !== null) choices = await ask(latin);
      if (request !== this.choiceRequests) return;
      this.choices = choices;
      this.choicesFailure = null;
      const text = this.typed.trim();
      const named = choices.some(
        (choice) => !this.leftover || choice.value === text || isNamed(choice, text),
      );
      this.unlisted = named || text === "" || spec?.ty === "pairs" ? null : text;
    } catch (thrown) {
      if (request !== this.choiceRequests) return;
      this.choices = [];
      this.unlisted = null;
      // A whole line may run on the account of its item: what prepares it asks.
      const asks = this.missing !== null && this.requests === 1 && this.asksAccount(thrown);
      this.choicesFailure = asks ? null : errorText(thrown);
    } finally {
      if (request === this.choiceRequests) this.isChoosing = false;
    }
  }

  /** Enter: takes a choice, goes to a missing argument, asks for a confirmation, or runs. Returns the run, if any. */
  async enter(): Promise<Run | null> {
    if (this.running) return null;
    if (this.confirming) return this.ready ? this.send() : null;
    const { next } = this;
    if (next.do === "wait" && this.awaited) return this.enterOnceKnown();
    switch (next.do) {
      case "take":
        this.take(next.value);
        return null;
      case "ask":
        if (next.name !== this.flow.active) this.activate(next.name);
        this.refuse(this.whyMissing(next.name));
        return null;
      case "wait":
        this.refuse(this.problem?.text ?? CHECKED);
        return null;
      case "confirm":
      case "run":
        if (Date.now() < this.readableFrom || !readOn()) {
          this.refuse(UNREAD);
          return null;
        }
        this.refused = null;
        if (next.do === "run" && this.guard === null) return this.send();
        this.confirming = true;
        return null;
    }
  }

  /** Enter while choices or the plan are awaited: it is for those of this text, and runs nothing that was not shown. */
  private async enterOnceKnown(): Promise<null> {
    const { flow } = this;
    if (this.entered === flow) {
      this.refuse(CHECKED);
      return null;
    }
    this.entered = flow;
    while (this.awaited) await Promise.all([this.reading, this.choosing]);
    if (this.entered !== flow) return null;
    this.entered = null;
    if (this.next.do === "run" || this.next.do === "confirm") this.refuse(UNREAD);
    else await this.enter();
    return null;
  }

  private whyMissing(name: string): string {
    const spec = this.info.spec.args.find((arg) => arg.name === name);
    return `${name} is missing${spec ? `: ${spec.summary}` : ""}`;
  }

  private refuse(why: string): void {
    this.refused = why;
    this.context.announce(why, true);
  }

  private async send(): Promise<Run | null> {
    const { line, privately, prepared } = this;
    if (!prepared) return null;
    const guard = prepared.confirm;
    this.running = true;
    try {
      const confirmed = guard === null ? null : guard === "yes" ? "yes" : this.confirmation.trim();
      const what = { line, channel: null, private: privately };
      const run = await this.context.waitFor(
        servedBy(this.info),
        this.context.backend.call("run", {
          what,
          confirmed,
          fingerprint: prepared.fingerprint,
          undo: false,
        }),
      );
      keepDraft({ text: "", args: null });
      // A form may be used again: the next run is confirmed by itself.
      this.confirming = false;
      this.confirmation = "";
      return run;
    } catch (thrown) {
      const error = (thrown as Failure | null)?.error;
      // The new plan is shown, with why it did not run; a typed confirmation was for the old plan.
      if (error?.kind === "changed") {
        this.confirming = false;
        this.confirmation = "";
        this.before = prepared;
        await (this.reading = this.read());
        // The form was edited meanwhile: its current values were not refused.
        if (!this.before) return null;
        if (this.prepared) {
          this.problem = { text: changesText(error.changed, prepared, this.prepared), arg: null };
          this.context.announce(this.problem.text, true);
          return null;
        }
      }
      this.fail(thrown);
      return null;
    } finally {
      this.running = false;
    }
  }
}
