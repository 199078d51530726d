/**
 * Runs that the engine holds for a few seconds before they begin, so that they can be undone. They are the engine's:
 * closing or reloading the window changes nothing about them.
 */

import type { Run } from "../api";
import type { BoardState } from "./board-state.svelte";
import type { AppContext } from "./context.svelte";
import { lineOf } from "./named";
import type { RunStream } from "./run-stream.svelte";

/** What a run is, in words. */
export interface Words {
  /** "Silence for 2 h". */
  title: string;
  /** The row's title. */
  of: string;
  /** What will be sent. */
  does: string;
  /** What did not hold, where the service refuses: "The acknowledgement". */
  name: string;
}

interface Held extends Words {
  run: Run;
  stream: RunStream;
}

/** When a run that is held begins, in milliseconds since 1970; 0 where it is not held any more. */
const beginsAt = ({ state }: Run) => (state.state === "pending" ? Date.parse(state.until) : 0);

export class Pending {
  private readonly context: AppContext;
  private readonly boards: BoardState;
  /** A run that could be undone has begun. */
  private readonly begun: () => void;
  private held = $state.raw<readonly Held[]>([]);

  /** The newest run that can still be undone. */
  readonly newest: Held | null = $derived(
    this.held.filter(({ run }) => beginsAt(run) > this.now()).at(-1) ?? null,
  );
  /** Seconds until it begins, rounded up. */
  readonly left: number = $derived(
    this.newest === null ? 0 : Math.ceil((beginsAt(this.newest.run) - this.now()) / 1_000),
  );

  constructor(context: AppContext, boards: BoardState, begun: () => void) {
    this.context = context;
    this.boards = boards;
    this.begun = begun;
  }

  private now(): number {
    return this.context.now;
  }

  /** Shows that a run is held and can be undone, and follows it to its end. */
  async show(run: Run, words: Words): Promise<void> {
    const { RunStream } = await import("./lazy");
    if (this.held.some((other) => other.run.id === run.id)) return;
    this.context.now = Date.now();
    if (run.item !== null) this.boards.marks.set(run.item, "pending");
    const stream = new RunStream(this.context, run, (run) => this.changed(run));
    this.held = [...this.held, { ...words, run, stream }];
    if (run.state.state !== "pending") return this.changed(run);
    this.context.say(`${words.title}: sent in ${this.left} seconds. Ctrl B undoes it`);
  }

  /** Of recent runs, shows those that are held: they were started before the window was made, or elsewhere. */
  async adopt(runs: Run[]): Promise<void> {
    for (const run of runs) {
      if (beginsAt(run) <= Date.now()) continue;
      await this.show(run, { title: "About to run", of: lineOf(run), does: "", name: lineOf(run) });
    }
  }

  /** True while what was asked of a row is held or under way: it is not asked twice. */
  has(item: string): boolean {
    return this.held.some(({ run }) => run.item === item);
  }

  /** Undoes the newest. False where there is nothing to undo any more. */
  undo(): boolean {
    const { newest } = this;
    void newest?.stream.stop();
    return newest !== null;
  }

  /** They are of another engine now: nothing of them is shown any more. */
  forget(): void {
    for (const { stream } of this.held) stream.end();
    this.held = [];
  }

  private changed(run: Run): void {
    const held = this.held.find((other) => other.run.id === run.id);
    if (!held) return;
    const { state } = run;
    // A quick one has ended by the time that it is looked at.
    if (state.state !== "pending" && state.state !== "canceled") this.begun();
    if (state.state === "pending" || state.state === "running") {
      this.held = this.held.map((other) => (other === held ? { ...held, run } : other));
      if (run.item !== null && state.state === "running") this.boards.marks.set(run.item, "taken");
      return;
    }
    held.stream.end();
    this.held = this.held.filter((other) => other !== held);
    const why = whyNot(run);
    if (run.item === null) return;
    if (why !== null) this.boards.rollBack(run.item, held.name, why);
    else if (state.state === "done") this.boards.marks.set(run.item, "taken");
    else this.boards.marks.delete(run.item);
    if (state.state === "canceled" && !state.sent) this.context.say("It was not sent");
  }
}

/** Why a run that has ended did not do what it was for; null where it did, or was undone before it began. */
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
