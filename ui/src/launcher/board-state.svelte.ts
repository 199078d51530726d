/** The board as it is shown: read again when the store changes, still while keys are pressed. */

import { SvelteMap } from "svelte/reactivity";

import type { Board, NotSeen, Run } from "../api";
import {
  type Ended,
  bothEnded,
  endedOf,
  NONE_ENDED,
  linesOf,
  merge,
  missing,
  moved,
  movedBySection,
  selectionAfter,
  type ShownSection,
  withoutOver,
} from "./board";
import { type AppContext, errorText } from "./context.svelte";
import type { Entry, Lines, Mark } from "./look";

/** Rows do not reorder so soon after a press. */
const STILL = 400;
/** A row that was rolled back says so for this long. */
const REMEMBERED = 10 * 60_000;

/** Why a row is back as it was. */
export interface Undone {
  what: string;
  why: string;
}

export class BoardState {
  private readonly context: AppContext;
  shown = $state.raw<ShownSection[]>([]);
  runs = $state.raw<Run[]>([]);
  all = $state(false);
  selected = $state<string | null>(null);
  /** Why the board could not be read. What was read before is still shown. */
  failure = $state<string | null>(null);
  /** What is to be watched and is not seen: the board is not calm, whatever is on it. */
  notSeen = $state.raw<NotSeen[]>([]);
  /** True once there is an answer. */
  read = $state(false);
  readonly marks = new SvelteMap<string, Mark>();
  readonly undone = new SvelteMap<string, Undone>();

  readonly lines: Lines[] = $derived(linesOf(this.shown, this.marks, this.runs));
  readonly entries: Entry[] = $derived(this.lines.flatMap(({ entries }) => entries));
  readonly entry: Entry | null = $derived(this.entries.find(({ key }) => key === this.selected) ?? null);

  /** Until a key is pressed on the board of a team that has just come, what is most urgent is selected. */
  private untouched = false;
  private asked = 0;
  private latest: Board | null = null;
  /** How rows ended that were shown and are not on the latest board. */
  private ended = NONE_ENDED;
  private stillUntil = 0;
  private heldDown = false;
  private settling: ReturnType<typeof setTimeout> | undefined;

  constructor(context: AppContext) {
    this.context = context;
  }

  /** Reads the board. A late answer never takes the place of a newer one. */
  async load(): Promise<void> {
    const asked = ++this.asked;
    const { all } = this;
    try {
      const board = await this.context.waitFor(
        "the board",
        this.context.backend.call("board", { kind: null, all, snoozed: false }),
      );
      if (asked !== this.asked) return;
      const items = missing(this.shown, board.sections);
      const ended = items.length > 0 ? await this.whatBecame(items) : this.ended;
      if (asked !== this.asked) return;
      this.failure = null;
      this.latest = board;
      this.ended = ended;
      this.notSeen = board.not_seen;
      this.take();
    } catch (thrown) {
      if (asked === this.asked) this.failure = errorText(thrown);
    } finally {
      if (asked === this.asked) this.read = true;
    }
    // After the board: the selection begins with what needs a person.
    if (asked === this.asked) await this.loadRuns();
  }

  /** How rows ended that the board has no more: to be missing is not to be over. */
  private async whatBecame(items: string[]): Promise<ReadonlyMap<string, Ended>> {
    try {
      return bothEnded(this.ended, endedOf(await this.context.backend.call("off_board", { items })));
    } catch {
      // Nothing is said of what is not known.
      return this.ended;
    }
  }

  private async loadRuns(): Promise<void> {
    try {
      const runs = await this.context.backend.call("runs", { limit: 5 });
      this.keepSelection(() => (this.runs = runs));
    } catch {
      // The runs that were shown stay.
    }
  }

  /** Shows what was read last; in its own order once the keys have been still. */
  private take(): void {
    const { latest } = this;
    if (!latest) return;
    const wait = this.stillUntil - Date.now();
    const still = this.heldDown || wait > 0;
    this.keepSelection(() => (this.shown = merge(this.shown, latest.sections, still, this.ended)));
    clearTimeout(this.settling);
    if (still) this.settling = setTimeout(() => this.take(), Math.max(wait, 50));
  }

  private keepSelection(change: () => void): void {
    const before = this.entries;
    change();
    this.selected = this.untouched
      ? (this.entries[0]?.key ?? null)
      : selectionAfter(before, this.entries, this.selected);
  }

  /** Until a key is pressed, what is most urgent is selected, whatever comes. */
  selectMostUrgent(): void {
    this.untouched = true;
    this.keepSelection(() => {});
  }

  /** A key went down, or up. */
  press(down: boolean): void {
    this.untouched = false;
    this.heldDown = down;
    this.stillUntil = Date.now() + STILL;
  }

  async showAll(all: boolean): Promise<void> {
    this.all = all;
    await this.load();
    // The other board is another list: what is over of the one has no place in it.
    if (this.all === all && this.latest) {
      const { sections } = this.latest;
      this.keepSelection(() => (this.shown = merge([], sections, false)));
    }
  }

  /** The window was hidden: what is over leaves. */
  hidden(): void {
    this.heldDown = false;
    this.ended = NONE_ENDED;
    for (const [key, mark] of this.marks) if (mark !== "undone" && mark !== "pending") this.marks.delete(key);
    this.keepSelection(() => (this.shown = withoutOver(this.shown)));
  }

  /** Another team's board is to be shown: nothing of this one has a place in it. */
  reset(): void {
    this.latest = null;
    this.ended = NONE_ENDED;
    this.notSeen = [];
    this.selectMostUrgent();
    this.shown = [];
    this.runs = [];
    this.selected = null;
    this.marks.clear();
    this.undone.clear();
  }

  move(by: number): void {
    this.selected = moved(this.entries, this.selected, by);
  }
  moveBySection(by: 1 | -1): void {
    this.selected = movedBySection(this.lines, this.selected, by);
  }

  /** Marks a row at once, and takes it back where the service disagrees. */
  async optimistic(key: string, mark: Mark, what: string, service: Promise<unknown>): Promise<void> {
    this.undone.delete(key);
    this.marks.set(key, mark);
    try {
      await service;
    } catch (thrown) {
      this.rollBack(key, what, errorText(thrown));
    }
  }

  rollBack(key: string, what: string, why: string): void {
    this.marks.set(key, "undone");
    this.undone.set(key, { what, why });
    this.context.say(`${what} did not hold: ${why}`, true);
    setTimeout(() => this.dismiss(key), REMEMBERED);
  }

  dismiss(key: string): void {
    if (this.undone.delete(key)) this.marks.delete(key);
  }
}
