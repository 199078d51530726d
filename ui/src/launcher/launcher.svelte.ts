/** The launcher as a whole: its levels, and what leads from one to another. */

import { createContext } from "svelte";

import type { CommandInfo, ItemDetail, LineRead, Row, Run } from "../api";
import type { Backend, Shown } from "../desktop";
import { layout } from "../parts/layout";
import { type ActionButton, buttonsOf, buttonsOfRun } from "./action-buttons";
import { does } from "./acts";
import { BoardState } from "./board-state.svelte";
import { AppContext, errorText } from "./context.svelte";
import { Details } from "./details.svelte";
import { keepDraft, readDraft } from "./drafts";
import { Finder } from "./finder.svelte";
import type { Act } from "./keys";
import type { Level } from "./levels";
import type { Entry } from "./look";
import { Pending } from "./pending.svelte";
import { RowActs } from "./row-acts.svelte";
import { Tour } from "./tour.svelte";

/** What a level asks for again and again ends with it. */
function leave(level: Level): void {
  if (level.at === "run") level.run.end();
  if (level.at === "log") level.log.end();
}

export class Launcher {
  readonly context: AppContext;
  readonly boards: BoardState;
  readonly finds: Finder;
  readonly details: Details;
  readonly pending: Pending;
  readonly tour: Tour;
  readonly rowActs: RowActs;
  levels = $state.raw<Level[]>([]);
  /** What lies over the level: the actions of the row, for how long not to disturb, until when to snooze, what is not seen. */
  over = $state<"actions" | "quiet" | "snooze" | "not-seen" | null>(null);
  /** What was in the field at Enter, until its answer is there, and what was typed after it. */
  private entered: string | null = null;
  private ahead = "";
  /** A list that is filtered by what is typed: the keys. */
  sought = $state("");
  /** Below 700 wide the detail is a level of its own. */
  narrow = $state(false);
  /** The views that are never the first to be seen, once they are read. */
  lazy = $state.raw<typeof import("./lazy") | null>(null);
  /** Something that went wrong here, with no better place to say it. */
  mishap = $state<string | null>(null);

  readonly top: Level | null = $derived(this.levels.at(-1) ?? null);
  readonly searching: boolean = $derived(this.isSearching());
  /** What was found is in sight. Until the first answer the board still is, and nothing of it is meant any more. */
  readonly answered: boolean = $derived(this.isAnswered());
  readonly entry: Entry | null = $derived(this.currentEntry());
  readonly row: Row | null = $derived(this.currentRow());
  readonly detail: ItemDetail | null = $derived(this.currentDetail());
  readonly run: Run | null = $derived(this.currentRun());
  readonly buttons: ActionButton[] = $derived(
    this.row
      ? buttonsOf(this.row, this.detail, this.top?.at === "item")
      : this.run
        ? buttonsOfRun(this.run)
        : [],
  );

  constructor(backend: Backend) {
    this.context = new AppContext(backend);
    this.boards = new BoardState(this.context);
    this.finds = new Finder(this.context);
    this.details = new Details(this.context);
    this.tour = new Tour();
    this.rowActs = new RowActs(this);
    this.pending = new Pending(this.context, this.boards, () => this.tour.take("run"));
  }

  private isSearching(): boolean {
    return this.finds.text.trim() !== "";
  }

  private isAnswered(): boolean {
    return this.searching && (this.finds.found !== null || this.finds.failure !== null);
  }

  private currentEntry(): Entry | null {
    return this.searching ? this.finds.entry : this.boards.entry;
  }

  /** The row that actions are for: of the level, else of the selection. */
  private currentRow(): Row | null {
    const { top } = this;
    if (top && "key" in top) return this.rowOf(top.key);
    if (top) return null;
    return this.entry?.kind === "row" ? this.entry.row : null;
  }

  private currentDetail(): ItemDetail | null {
    return this.row ? this.details.item(this.row.key) : null;
  }

  /** The run that actions are for. */
  private currentRun(): Run | null {
    const { top } = this;
    if (top?.at === "run") return top.run.run;
    if (top?.at === "rooms") return top.rooms.place?.at === "run" ? top.rooms.place.run : null;
    return !top && this.entry?.kind === "run" ? this.entry.run : null;
  }

  /** A row by its key; also of an item that is not on the board. */
  private rowOf(key: string): Row | null {
    const isIt = (entry: Entry) => entry.key === key;
    const found = this.boards.entries.find(isIt) ?? this.finds.entries.find(isIt);
    if (found?.kind === "row") return found.row;
    const item = this.details.item(key)?.item;
    const more = { second: "", turn: null, since: null, held: false, state: "quiet" as const, as_of: null };
    const none = { severity: null, approvals: null, checks: null, expires_at: null, snoozed: null };
    return { ...more, ...none, key, title: item?.title ?? key, url: item?.url ?? null };
  }

  /** Reads what is shown first. */
  async open(): Promise<void> {
    const desktop = this.context.backend.desktop().then((desktop) => {
      this.context.desktop = desktop;
      if (desktop.playground) this.boards.selectMostUrgent();
      this.resumeTour();
    });
    await Promise.allSettled([desktop, this.loadBoard(), this.context.readStatus()]);
  }

  private async loadBoard(): Promise<void> {
    await this.boards.load();
    await this.pending.adopt(this.boards.runs);
    this.resumeTour();
  }

  /** The window may have been made anew in the middle of the tour. */
  private resumeTour(): void {
    if (!this.context.desktop?.playground) return;
    void import("./lazy").then(({ tourMemory }) => tourMemory.resume(this.tour, this.boards.runs));
  }

  /** Listens to the shell and ticks, until told to end. */
  start(): () => void {
    const { backend } = this.context;
    const ends = [
      backend.onDesktop((desktop) => {
        const another = desktop.playground !== this.context.desktop?.playground;
        this.context.desktop = desktop;
        if (another) this.another();
      }),
      this.context.start(),
      backend.onShown((shown) => this.shown(shown)),
      backend.onChanged(() => this.changed()),
    ];
    return () => ends.forEach((end) => end());
  }

  /** Brings back what was typed before a reload or a crash. */
  async restore(): Promise<void> {
    const draft = readDraft();
    if (!draft) return;
    if (draft.text !== "") this.finds.type(draft.text);
    if (!draft.args) return;
    const { command, values } = draft.args;
    await this.attempt(async () =>
      this.fill(await this.context.backend.call("help", { command }), values, null),
    );
  }

  private shown({ item, line }: Shown): void {
    this.context.now = Date.now();
    if (item) this.openItem(item);
    if (line) void this.attempt(() => this.takeLine(line));
    this.changed();
  }

  changed(): void {
    void this.loadBoard();
    void this.context.readStatus();
    this.details.changed();
    if (this.top?.at === "run") void this.top.run.changed();
    if (this.top?.at === "rooms") void this.top.rooms.load();
    if (this.top?.at === "send") void this.top.sending.changed();
  }

  /** The playground came or went. */
  private another(): void {
    this.pending.forget();
    this.tour.again();
    this.boards.reset();
    this.finds.type("");
    this.leaveAll();
    this.changed();
  }

  async leavePlayground(): Promise<void> {
    await this.attempt(() => this.context.waitFor("the playground", this.context.backend.playground(false)));
  }

  openItem(key: string): void {
    this.leaveAll();
    if (this.boards.entries.some((entry) => entry.key === key) && !this.narrow && !this.searching) {
      this.boards.selected = key;
    } else {
      this.push({ at: "item", key });
    }
  }

  private leaveAll(): void {
    this.levels.forEach(leave);
    this.levels = [];
  }

  push(level: Level): void {
    this.over = null;
    this.levels = [...this.levels, level];
  }

  /** One level back. False where there is none: then the window goes. */
  back(): boolean {
    this.context.leaveWaiting();
    if (this.over) {
      this.over = null;
      return true;
    }
    const { top } = this;
    if (top?.at === "fill" && top.form.confirming) {
      top.form.confirming = false;
      return true;
    }
    if (top?.at === "keys" && this.sought !== "") {
      this.sought = "";
      return true;
    }
    if (top) {
      leave(top);
      if (top.at === "fill") keepDraft({ text: this.finds.text, args: null });
      this.levels = this.levels.slice(0, -1);
      return true;
    }
    if (this.finds.text !== "") {
      this.finds.putAway();
      return true;
    }
    return false;
  }

  async hide(): Promise<void> {
    this.boards.hidden();
    this.mishap = null;
    await this.context.backend.hide();
  }

  /** The settings of an account, or of all. */
  openAccount(account?: string): void {
    void this.attempt(() => this.context.backend.showSettings(account ? `accounts/${account}` : "accounts"));
  }

  /** Does it, and says what went wrong. */
  async attempt(what: () => Promise<unknown>): Promise<void> {
    try {
      await what();
      this.mishap = null;
    } catch (thrown) {
      this.mishap = errorText(thrown);
      this.context.say(this.mishap, true);
    }
  }

  private async fill(
    info: CommandInfo,
    values: Record<string, string>,
    asksFor: string | null,
  ): Promise<void> {
    const { CommandForm } = await import("./lazy");
    const form = new CommandForm(this.context, info, values, asksFor);
    this.tour.take("look");
    if (this.ahead) form.typeAhead(this.ahead);
    this.ahead = "";
    this.push({ at: "fill", form });
  }

  /** Typed into the field. What is typed after Enter, before its answer is there, belongs to what Enter leads to. */
  type(text: string): void {
    if (this.entered !== null && text.startsWith(this.entered)) this.ahead = text.slice(this.entered.length);
    else this.finds.type(text);
  }

  async follow(run: Run): Promise<void> {
    const { RunStream } = await import("./lazy");
    this.tour.take("run");
    // What led to the run is done: back from it is the board.
    this.levels = [
      ...this.levels.filter(({ at }) => at === "rooms"),
      { at: "run", run: new RunStream(this.context, run) },
    ];
    this.finds.type("");
    this.over = null;
  }

  /**
   * A line, as far as it goes, to its arguments. Answers false where it begins with no command. Where words of it can be the
   * text of no argument, it stays where it was typed: fails with what is wrong.
   */
  async takeLine(line: string): Promise<boolean> {
    const read: LineRead = await this.context.waitFor(
      "the engine",
      this.context.backend.call("read_line", { line }),
    );
    if (!read.command) return false;
    if (read.problem !== null && read.asks_for === null) throw new Error(read.problem);
    await this.fill(read.command, read.values, read.asks_for);
    return true;
  }

  /** Enter in the field: what was typed where it is a command's line, else what is selected. */
  async enter(): Promise<void> {
    const { finds } = this;
    if (!this.searching) return this.go(this.boards.entry);
    const { text, chosen } = finds;
    this.entered = text;
    await this.attempt(async () => {
      if (!chosen && (await this.takeLine(text))) return;
      const latin = layout.reading(text);
      if (!chosen && latin !== null && (await this.takeLine(latin))) return;
      // Pressed faster than the answer came: it is waited for.
      await finds.settled();
      if (finds.text === text && finds.failure === null) await this.go(finds.entry);
    });
    this.entered = null;
    // It led nowhere that could take them: they are the field's.
    if (this.ahead) finds.type(text + this.ahead);
    this.ahead = "";
  }

  /** The first thing about a line of the list. */
  async go(entry: Entry | null): Promise<void> {
    switch (entry?.kind) {
      case "row":
        if (this.boards.undone.has(entry.key)) return this.boards.dismiss(entry.key);
        if (this.searching || this.narrow) {
          if (this.top?.at !== "item") return this.push({ at: "item", key: entry.key });
        }
        return this.rowActs.press("go", entry.row);
      case "run":
        return this.follow(entry.run);
      case "again":
        return this.attempt(() => this.takeLine(entry.found.line));
      case "own":
        this.finds.type("");
        this.act(entry.act);
        return;
      case "command":
        return this.attempt(async () => {
          const read = await this.context.backend.call("read_line", { line: entry.found.name });
          if (read.command) await this.fill(read.command, read.values, read.asks_for);
        });
    }
  }

  /** The line again, as far as it goes: nothing runs before it is looked at. */
  async again(run: Run): Promise<void> {
    await this.attempt(() => this.takeLine(run.line));
  }

  async openLink(url: string | null): Promise<void> {
    if (url) await this.attempt(() => this.context.backend.openLink(url));
  }

  async copy(text: string, said: string): Promise<void> {
    await this.attempt(async () => {
      await navigator.clipboard.writeText(text);
      this.context.say(said);
    });
  }

  /** What a key does here. False where it does nothing, and the key is the field's. */
  act(act: Act): boolean {
    return does(this, act);
  }

  /** Rooms and runs. */
  async openRooms(): Promise<void> {
    const { Rooms, tourMemory } = await import("./lazy");
    if (this.top?.at === "rooms") return;
    // The tour's last step is about the message of the run before it.
    const toured = !this.tour.over && this.context.desktop?.playground;
    this.tour.take("room");
    if (toured && this.boards.runs[0]) tourMemory.keep(this.boards.runs[0]);
    const rooms = new Rooms(this.context, toured ? (this.boards.runs[0]?.post ?? null) : null);
    this.push({ at: "rooms", rooms });
    await rooms.load();
  }

  /** Only important notifications until then; null ends it. */
  async beQuiet(until: string | null): Promise<void> {
    this.over = null;
    await this.attempt(async () => {
      await this.context.backend.call("quiet", { until });
      await this.context.readStatus();
      this.context.say(until ? "Do not disturb" : "Notifications are shown again");
    });
  }
}

export const [useLauncher, provideLauncher] = createContext<Launcher>();
