/** The launcher as a whole: its levels, and how they lead to each other. */

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

/** Ends what a level that is left still waits for. */
function leave(level: Level): void {
  if (level.at === "run") level.run.end();
  if (level.at === "log") level.log.end();
  if (level.at === "fill") level.form.end();
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
  /** The overlay: the actions of the row, the choices of do not disturb or of a snooze, or what is not seen. */
  over = $state<"actions" | "quiet" | "snooze" | "not-seen" | null>(null);
  /** The text of the field at Enter, until its response arrives, and the text typed after it. */
  private entered: string | null = null;
  private ahead = "";
  /** True while the line of a finished run is read, to be opened again. */
  private reopening = false;
  /** The text that filters the list of keys. */
  keyFilter = $state("");
  /** True below a width of 700: the detail is a level of its own. */
  narrow = $state(false);
  /** The lazily loaded views, once loaded. */
  lazy = $state.raw<typeof import("./lazy") | null>(null);
  /** The error of the last act, if no view shows it. */
  error = $state<string | null>(null);

  readonly top: Level | null = $derived(this.levels.at(-1) ?? null);
  readonly searching: boolean = $derived(this.isSearching());
  /** True if search results are shown. Until the first response the board is still shown, and cannot be chosen from. */
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

  /** The row that actions apply to: the level's, else the selected one. */
  private currentRow(): Row | null {
    const { top } = this;
    if (top && "key" in top) return this.rowOf(top.key);
    if (top) return null;
    return this.entry?.kind === "row" ? this.entry.row : null;
  }

  private currentDetail(): ItemDetail | null {
    return this.row ? this.details.item(this.row.key) : null;
  }

  /** The run that actions apply to. */
  private currentRun(): Run | null {
    const { top } = this;
    if (top?.at === "run") return top.run.run;
    if (top?.at === "rooms") return top.rooms.place?.at === "run" ? top.rooms.place.run : null;
    return !top && this.entry?.kind === "run" ? this.entry.run : null;
  }

  /** A row by its key; also for an item that is not on the board. */
  private rowOf(key: string): Row | null {
    const isIt = (entry: Entry) => entry.key === key;
    const found = this.boards.entries.find(isIt) ?? this.finds.entries.find(isIt);
    if (found?.kind === "row") return found.row;
    const item = this.details.item(key)?.item;
    const more = { second: "", turn: null, since: null, held: false, state: "quiet" as const, as_of: null };
    const none = { severity: null, approvals: null, checks: null, expires_at: null, snoozed: null };
    return { ...more, ...none, key, title: item?.title ?? key, url: item?.url ?? null };
  }

  /** Reads everything that the first frame shows. */
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

  /** Continues the tour: the window may have been created again in the middle of it. */
  private resumeTour(): void {
    if (!this.context.desktop?.playground) return;
    void import("./lazy").then(({ tourMemory }) => tourMemory.resume(this.tour, this.boards.runs));
  }

  /** Subscribes to the shell and starts the clock. Returns the function that ends both. */
  start(): () => void {
    const { backend } = this.context;
    // The shell hides the window, too: by the hotkey, and when the settings open.
    const seen = () => {
      if (document.visibilityState === "hidden") this.boards.hidden();
      else this.boards.opened();
    };
    document.addEventListener("visibilitychange", seen);
    const ends = [
      () => document.removeEventListener("visibilitychange", seen),
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

  /** Restores the draft of before a reload or a crash. */
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
    this.boards.opened();
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

  /** Call when the playground was entered or left. */
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

  /** Goes one level back. False if there is none: the window is then to be hidden. */
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
    if (top?.at === "keys" && this.keyFilter !== "") {
      this.keyFilter = "";
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
    this.error = null;
    await this.context.backend.hide();
  }

  /** Opens the settings of an account, or of all. */
  openAccount(account?: string): void {
    void this.attempt(() => this.context.backend.showSettings(account ? `accounts/${account}` : "accounts"));
  }

  /** Does something, and shows and announces its error. */
  async attempt(what: () => Promise<unknown>): Promise<void> {
    try {
      await what();
      this.error = null;
    } catch (thrown) {
      this.error = errorText(thrown);
      this.context.announce(this.error, true);
    }
  }

  private async fill(
    info: CommandInfo,
    values: Record<string, string>,
    asksFor: string | null,
    again = false,
  ): Promise<void> {
    const { CommandForm } = await import("./lazy");
    const form = new CommandForm(this.context, info, values, asksFor, again);
    this.tour.take("look");
    if (this.ahead) form.typeAhead(this.ahead);
    this.ahead = "";
    this.push({ at: "fill", form });
  }

  /** Call when the field's text changes. Text typed between Enter and its response belongs to the next view. */
  type(text: string): void {
    if (this.entered !== null && text.startsWith(this.entered)) this.ahead = text.slice(this.entered.length);
    else this.finds.type(text);
  }

  async follow(run: Run): Promise<void> {
    const { RunStream } = await import("./lazy");
    this.tour.take("run");
    // The levels that led to the run are closed: back from it is the board.
    this.levels = [
      ...this.levels.filter(({ at }) => at === "rooms"),
      { at: "run", run: new RunStream(this.context, run) },
    ];
    this.finds.type("");
    this.over = null;
  }

  /**
   * Opens a line, complete or not, as a command form. Returns false if it begins with no command. Throws, and leaves the
   * line in the field, if words of it fit no argument. `account`: the one that it ran as before.
   */
  async takeLine(line: string, again = false, account?: string | null): Promise<boolean> {
    const read: LineRead = await this.context.waitFor(
      "the engine",
      this.context.backend.call("read_line", { line }),
    );
    const { command, values } = read;
    if (!command) return false;
    if (read.problem !== null && read.asks_for === null) throw new Error(read.problem);
    // An account that is the only one anyway need not be named.
    const only = "accounts" in command.origin ? command.origin.accounts.join() : account;
    const all = account && account !== only ? { account, ...values } : values;
    await this.fill(command, all, read.asks_for, again);
    return true;
  }

  /** Enter in the field: opens the typed text if it is a command's line, else the selection. */
  async enter(): Promise<void> {
    const { finds } = this;
    if (!this.searching) return this.go(this.boards.entry);
    const { text, chosen } = finds;
    this.entered = text;
    await this.attempt(async () => {
      if (!chosen && (await this.takeLine(text))) return;
      const latin = layout.reading(text);
      if (!chosen && latin !== null && (await this.takeLine(latin))) return;
      // Enter may be pressed before the response arrives.
      await finds.awaitAnswer();
      if (finds.text === text && finds.failure === null) await this.go(finds.entry);
    });
    this.entered = null;
    // No view took the letters: they go back to the field.
    if (this.ahead) finds.type(text + this.ahead);
    this.ahead = "";
  }

  /** Does the first action of a line of the list. */
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
        return this.attempt(() => this.takeLine(entry.found.line, false, entry.found.account));
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

  /** Opens a line again as a form: nothing runs before a person has seen it. */
  async again(run: Run): Promise<void> {
    if (this.reopening) return;
    this.reopening = true;
    await this.attempt(() => this.takeLine(run.line, true, run.account));
    this.reopening = false;
  }

  async openLink(url: string | null): Promise<void> {
    if (url) await this.attempt(() => this.context.backend.openLink(url));
  }

  async copy(text: string, announcement: string): Promise<void> {
    await this.attempt(async () => {
      await navigator.clipboard.writeText(text);
      this.context.announce(announcement);
    });
  }

  /** Does what a key does here. False if it does nothing and the key belongs to the field. */
  act(act: Act): boolean {
    return does(this, act);
  }

  /** Opens rooms and runs. */
  async openRooms(): Promise<void> {
    const { Rooms, tourMemory } = await import("./lazy");
    if (this.top?.at === "rooms") return;
    // The tour's last step shows the message of the run before it.
    const toured = !this.tour.over && this.context.desktop?.playground;
    this.tour.take("room");
    if (toured && this.boards.runs[0]) tourMemory.keep(this.boards.runs[0]);
    const rooms = new Rooms(this.context, toured ? (this.boards.runs[0]?.post ?? null) : null);
    this.push({ at: "rooms", rooms });
    await rooms.load();
  }

  /** Turns on do not disturb until then; null turns it off. */
  async beQuiet(until: string | null): Promise<void> {
    this.over = null;
    await this.attempt(async () => {
      await this.context.backend.call("quiet", { until });
      await this.context.readStatus();
      this.context.announce(until ? "Do not disturb" : "Notifications are shown again");
    });
  }
}

export const [useLauncher, provideLauncher] = createContext<Launcher>();
