/** The board as shown: read again when the store changes, not reordered while keys are pressed. */

import type { NotSeen, Run } from "../api";
import { ReactiveMap } from "../parts/reactive-map.svelte";
import { Resource } from "../parts/resource.svelte";
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

/** Rows are not reordered within this many milliseconds of a press. */
const STILL = 400;
/** For how many milliseconds a rolled-back row shows why. */
const REMEMBERED = 10 * 60_000;

/** Why a row was rolled back. */
export interface Undone {
  /** Doubtful if what was done may have taken effect. */
  mark: "undone" | "doubtful";
  title: string;
  why: string;
}

export class BoardState {
  private readonly context: AppContext;
  shown = $state.raw<ShownSection[]>([]);
  runs = $state.raw<Run[]>([]);
  all = $state(false);
  /** What is watched and cannot be seen: with any of it, the board is never shown as calm. */
  notSeen = $state.raw<NotSeen[]>([]);
  /** How often the window was hidden: each time, its list is drawn anew from the top. */
  timesHidden = $state(0);
  private readonly board = new Resource(
    async () => {
      const { backend } = this.context;
      const asking = backend.call("board", { kind: null, all: this.all, snoozed: false });
      const board = await this.context.waitFor("the board", asking);
      const items = missing(this.shown, board.sections);
      return { board, ended: items.length > 0 ? await this.whatBecame(items) : this.ended };
    },
    ({ board, ended }) => {
      this.ended = ended;
      this.notSeen = board.not_seen;
      this.take();
    },
  );
  /** True once it could be read. */
  readonly read: boolean = $derived(this.board.value !== undefined);
  /** Why the board could not be read. The previous board is still shown. */
  readonly failure: string | null = $derived(this.board.failure?.message ?? null);
  readonly marks = new ReactiveMap<Mark>();
  readonly undone = new ReactiveMap<Undone>();

  readonly lines: Lines[] = $derived(linesOf(this.shown, this.marks.all, this.runs));
  readonly entries: Entry[] = $derived(this.lines.flatMap(({ entries }) => entries));
  readonly entry: Entry | null = $derived(this.entries.find(({ key }) => key === this.selected) ?? null);

  private current = $state<string | null>(null);
  /** While the most urgent row is selected after every reading: how long that lasts. A person's choice ends it. */
  private urgent: "until a choice" | "while hidden" | "until read" | null = null;
  /** How rows ended that were shown and are missing from the latest board. */
  private ended = NONE_ENDED;
  private stillUntil = 0;
  private heldDown = false;
  private settling: ReturnType<typeof setTimeout> | undefined;

  constructor(context: AppContext) {
    this.context = context;
  }

  async load(): Promise<void> {
    await this.board.force();
    // After the board: the selection begins with the rows that need a person.
    if (!this.board.pending) await this.loadRuns();
  }

  /** Asks how rows ended that are no longer on the board: a missing row has not necessarily ended. */
  private async whatBecame(items: string[]): Promise<ReadonlyMap<string, Ended>> {
    try {
      return bothEnded(this.ended, endedOf(await this.context.backend.call("off_board", { items })));
    } catch {
      // Without a response, nothing is shown about these rows.
      return this.ended;
    }
  }

  private async loadRuns(): Promise<void> {
    try {
      const runs = await this.context.backend.call("runs", { limit: 5 });
      this.keepSelection(() => (this.runs = runs));
    } catch {
      // The runs that are shown stay.
    }
  }

  /** Shows the latest board; in its own order once no key has been pressed for a while. */
  private take(): void {
    const latest = this.board.value?.board;
    if (!latest) return;
    const wait = this.stillUntil - Date.now();
    const still = this.heldDown || wait > 0;
    this.keepSelection(() => (this.shown = merge(this.shown, latest.sections, still, this.ended)));
    if (!still && this.urgent === "until read") this.urgent = null;
    clearTimeout(this.settling);
    if (still) this.settling = setTimeout(() => this.take(), Math.max(wait, 50));
  }

  private keepSelection(change: () => void): void {
    const before = this.entries;
    change();
    this.current = this.urgent
      ? (this.entries[0]?.key ?? null)
      : selectionAfter(before, this.entries, this.selected);
  }

  get selected(): string | null {
    return this.current;
  }
  /** The row that a person chose. */
  set selected(key: string | null) {
    this.urgent = null;
    this.current = key;
  }

  /** Selects the most urgent row after every reading, until another is chosen or a key is pressed. */
  selectMostUrgent(): void {
    this.urgent = "until a choice";
    this.keepSelection(() => {});
  }

  /** Call on every keydown and keyup. */
  press(down: boolean): void {
    // Of a hotkey that shows the window, only its keyup comes.
    if (down) this.urgent = null;
    this.heldDown = down;
    this.stillUntil = Date.now() + STILL;
  }

  async showAll(all: boolean): Promise<void> {
    this.all = all;
    await this.load();
    // The other board is another list: ended rows of this one do not belong there.
    const latest = this.board.value?.board;
    if (this.all === all && latest)
      this.keepSelection(() => (this.shown = merge([], latest.sections, false)));
  }

  /** Call when the window is hidden: ended rows leave, and the list is at its top when the window is shown again. */
  hidden(): void {
    if (this.urgent !== "until a choice") this.urgent = "while hidden";
    this.timesHidden += 1;
    this.heldDown = false;
    this.ended = NONE_ENDED;
    this.marks.keep((_, mark) => mark === "undone" || mark === "doubtful" || mark === "pending");
    this.keepSelection(() => (this.shown = withoutOver(this.shown)));
  }

  /** Call when the window is shown. After the next reading, the selection keeps its row. */
  opened(): void {
    if (this.urgent === "while hidden") this.urgent = "until read";
  }

  /** Call before another team's board is shown: nothing of this one is kept. */
  reset(): void {
    this.board.clear();
    this.ended = NONE_ENDED;
    this.notSeen = [];
    this.selectMostUrgent();
    this.shown = [];
    this.runs = [];
    this.current = null;
    this.marks.keep(() => false);
    this.undone.keep(() => false);
  }

  move(by: number): void {
    this.selected = moved(this.entries, this.selected, by);
  }
  moveBySection(by: 1 | -1): void {
    this.selected = movedBySection(this.lines, this.selected, by);
  }

  /** Marks a row at once, and rolls it back if the service refuses. */
  async optimistic(key: string, mark: Mark, what: string, service: Promise<unknown>): Promise<void> {
    this.undone.delete(key);
    this.marks.set(key, mark);
    try {
      await service;
    } catch (thrown) {
      this.rollBack(key, what, errorText(thrown));
    }
  }

  rollBack(key: string, what: string, why: string, mark: Undone["mark"] = "undone"): void {
    const title = `${what} ${mark === "undone" ? "did" : "may"} not hold`;
    this.marks.set(key, mark);
    this.undone.set(key, { mark, title, why });
    this.context.announce(`${title}: ${why}`, true);
    setTimeout(() => this.dismiss(key), REMEMBERED);
  }

  dismiss(key: string): void {
    if (this.undone.delete(key)) this.marks.delete(key);
  }
}
