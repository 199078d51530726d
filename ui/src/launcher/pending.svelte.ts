/**
 * Runs that the engine delays for a few seconds, so that they can be undone. The engine owns them:
 * closing or reloading the window does not affect them.
 */

import type { Run } from "../api";
import { counted } from "../parts/words";
import type { BoardState } from "./board-state.svelte";
import type { AppContext } from "./context.svelte";
import { lineOf } from "./named";
import type { RunStream } from "./run-stream.svelte";

/** The texts that describe a run. */
export interface RunTexts {
  /** "Silence for 2 h". */
  title: string;
  /** The row's title. */
  of: string;
  /** What will be sent. */
  does: string;
  /** What is rolled back if the service refuses: "The acknowledgement". */
  name: string;
}

interface Held extends RunTexts {
  run: Run;
  stream: RunStream;
}

/** When a delayed run begins, in milliseconds since 1970; 0 once it is no longer delayed. */
const beginsAt = ({ state }: Run) => (state.state === "pending" ? Date.parse(state.until) : 0);

export class Pending {
  private readonly context: AppContext;
  private readonly boards: BoardState;
  private readonly states: () => Promise<typeof import("./states")>;
  /** Called when a delayed run has begun. */
  private readonly onBegin: () => void;
  private held = $state.raw<readonly Held[]>([]);

  /** The newest run that can still be undone. */
  readonly newest: Held | null = $derived(
    this.held.filter(({ run }) => beginsAt(run) > this.now()).at(-1) ?? null,
  );
  /** Seconds until it begins, rounded up. */
  readonly left: number = $derived(
    this.newest === null ? 0 : Math.ceil((beginsAt(this.newest.run) - this.now()) / 1_000),
  );

  constructor(context: AppContext, boards: BoardState, states: Pending["states"], onBegin: () => void) {
    this.context = context;
    this.boards = boards;
    this.states = states;
    this.onBegin = onBegin;
  }

  private now(): number {
    return this.context.now;
  }

  /** Shows that a run is delayed and can be undone, and follows it to its end. */
  async show(run: Run, texts: RunTexts): Promise<void> {
    const { RunStream } = await this.states();
    if (this.held.some((other) => other.run.id === run.id)) return;
    this.context.now = Date.now();
    if (run.item !== null) this.boards.marks.set(run.item, "pending");
    const stream = new RunStream(this.context, run, (run) => this.changed(run));
    this.held = [...this.held, { ...texts, run, stream }];
    if (run.state.state !== "pending") return this.changed(run);
    this.context.announce(`${texts.title}: sent in ${counted(this.left, "second")}. Ctrl B undoes it`);
  }

  /** Shows the delayed ones of recent runs: those that were started elsewhere, or before the window was created. */
  async adopt(runs: Run[]): Promise<void> {
    for (const run of runs) {
      if (beginsAt(run) <= Date.now()) continue;
      await this.show(run, { title: "About to run", of: lineOf(run), does: "", name: lineOf(run) });
    }
  }

  /** True while an act on a row is delayed or under way: it is not started twice. */
  has(item: string): boolean {
    return this.held.some(({ run }) => run.item === item);
  }

  /** Undoes the newest run. False if there is nothing left to undo. */
  undo(): boolean {
    const { newest } = this;
    void newest?.stream.stop();
    return newest !== null;
  }

  /** Drops all runs, because the window has switched to another engine. */
  forget(): void {
    for (const { stream } of this.held) stream.end();
    this.held = [];
  }

  private changed(run: Run): void {
    const held = this.held.find((other) => other.run.id === run.id);
    if (!held) return;
    const { state } = run;
    // A short run may have ended before its beginning was seen.
    if (state.state !== "pending" && state.state !== "canceled") this.onBegin();
    if (state.state === "pending" || state.state === "running") {
      this.held = this.held.map((other) => (other === held ? { ...held, run } : other));
      if (run.item !== null && state.state === "running") this.boards.marks.set(run.item, "taken");
      return;
    }
    held.stream.end();
    this.held = this.held.filter((other) => other !== held);
    const why = whyNot(run);
    if (run.item === null) return;
    const may = state.state === "unknown" || state.state === "canceled";
    if (why !== null) this.boards.rollBack(run.item, held.name, why, may ? "doubtful" : "undone");
    else if (state.state === "done") this.boards.marks.set(run.item, "taken");
    else this.boards.marks.delete(run.item);
    if (state.state === "canceled" && !state.sent) this.context.announce("It was not sent");
  }
}

/** Why an ended run did not take effect, or may not have; null if it did, or was undone before it began. */
function whyNot({ state }: Run): string | null {
  switch (state.state) {
    case "failed":
      return state.error.why;
    case "unknown":
      return `it is not known whether it ran: ${state.why}`;
    case "done":
      return state.outcome.ok ? null : state.outcome.summary;
    case "canceled":
      return state.sent ? "it was stopped after something had been sent" : null;
    default:
      return null;
  }
}
