/** The launcher as a whole: the views over the board, how they lead to each other, and the keys of the window. */

import { createContext } from "svelte";

import type { CommandInfo, ItemDetail, LineRead, Row, Run } from "../api";
import type { Backend, Shown } from "../desktop";
import { layout } from "../parts/layout";
import { type ActionButton, buttonFor, buttonsOf, buttonsOfRun, isOfDetail } from "./action-buttons";
import { BoardState } from "./board-state.svelte";
import { AppContext, errorText } from "./context.svelte";
import { Details } from "./details.svelte";
import { readDraft } from "./drafts";
import { Finder } from "./finder.svelte";
import type { Host } from "./host";
import { KeyList } from "./key-list.svelte";
import { type Act, isOfRow } from "./keys";
import { type Entry, kindOf } from "./look";
import { moveSelection } from "./move";
import { Pending } from "./pending.svelte";
import { RowActs } from "./row-acts.svelte";
import { Tour } from "./tour.svelte";
import { isOfItem, isPage, isSame, type View } from "./view";

export class Launcher implements Host {
  readonly context: AppContext;
  readonly boards: BoardState;
  readonly finds: Finder;
  readonly details: Details;
  readonly pending: Pending;
  readonly tour: Tour;
  readonly rowActs: RowActs;
  levels = $state.raw<View[]>([]);
  /** The overlay: the actions of the row, the choices of do not disturb or of a snooze, or what is not seen. */
  over = $state<Host["over"]>(null);
  /** The text of the field at Enter, until its response arrives, and the text typed after it. */
  private entered: string | null = null;
  private ahead = "";
  /** True while the line of a finished run is read, to be opened again. */
  private reopening = false;
  /** True below a width of 700: the detail is a level of its own. */
  narrow = $state(false);
  /** The error of the last act, if no view shows it. */
  error = $state<string | null>(null);

  readonly top: View | null = $derived(this.levels.at(-1) ?? null);
  readonly searching: boolean = $derived(this.isSearching());
  /** True if search results are shown. Until the first response the board is still shown, and cannot be chosen from. */
  readonly answered: boolean = $derived(this.isAnswered());
  readonly entry: Entry | null = $derived(this.currentEntry());
  readonly row: Row | null = $derived(this.currentRow());
  readonly detail: ItemDetail | null = $derived(this.currentDetail());
  readonly run: Run | null = $derived(this.currentRun());
  readonly buttons: ActionButton[] = $derived([
    ...(this.row ? buttonsOf(this.row, this.detail, isPage(this.top)) : []),
    ...(this.run ? buttonsOfRun(this.run) : []),
  ]);

  /** `states`: loads the state of the views, which the first frame does not need. */
  constructor(
    backend: Backend,
    readonly states: Host["states"],
  ) {
    this.context = new AppContext(backend);
    this.boards = new BoardState(this.context);
    this.finds = new Finder(this.context);
    this.details = new Details(this.context);
    this.tour = new Tour();
    this.rowActs = new RowActs(this);
    this.pending = new Pending(this.context, this.boards, states, () => this.tour.take("run"));
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
    if (top) return isOfItem(top) ? this.rowOf(top.key ?? "") : null;
    return this.entry?.kind === "row" ? this.entry.row : null;
  }

  private currentDetail(): ItemDetail | null {
    return this.row ? this.details.item(this.row.key) : null;
  }

  /** The run that actions apply to. */
  private currentRun(): Run | null {
    const { top } = this;
    if (top) return top.run ?? null;
    return this.entry?.kind === "run" ? this.entry.run : null;
  }

  /** A row by its key; also for an item that is not on the board. */
  private rowOf(key: string): Row | null {
    const isIt = (entry: Entry) => entry.key === key;
    const found = this.boards.entries.find(isIt) ?? this.finds.entries.find(isIt);
    if (found?.kind === "row") return found.row;
    const detail = this.details.item(key);
    if (detail?.row) return detail.row;
    const item = detail?.item;
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
    void this.states().then(({ tourMemory }) => tourMemory.resume(this.tour, this.boards.runs));
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
    this.top?.changed?.();
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
      this.openDetail(key);
    }
  }

  private leaveAll(): void {
    this.levels.forEach((view) => view.end?.());
    this.levels = [];
  }

  /** Shows a view on top of the others. False if the same is there already. */
  push(view: View): boolean {
    this.over = null;
    if (this.top && isSame(this.top, view)) {
      view.end?.();
      return false;
    }
    this.levels = [...this.levels, view];
    return true;
  }

  /** Goes one level back. False if there is none: the window is then to be hidden. */
  back(): boolean {
    this.context.leaveWaiting();
    const { finds, over, top } = this;
    if (over) this.over = null;
    else if (top) {
      if (top.leave?.(this) === false) return true;
      top.end?.();
      this.levels = this.levels.slice(0, -1);
    } else if (finds.text !== "") finds.putAway();
    else return false;
    return true;
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
    const { CommandForm } = await this.states();
    const form = new CommandForm(this.context, info, values, asksFor, again);
    this.tour.take("look");
    if (this.ahead) form.typeAhead(this.ahead);
    this.ahead = "";
    this.push(form);
  }

  /** Call when the field's text changes. Text typed between Enter and its response belongs to the next view. */
  type(text: string): void {
    if (this.entered !== null && text.startsWith(this.entered)) this.ahead = text.slice(this.entered.length);
    else this.finds.type(text);
  }

  async follow(run: Run): Promise<void> {
    const { RunStream } = await this.states();
    this.tour.take("run");
    const page = this.levels.find((view) => view.takes?.(run));
    if (page) {
      this.levels = this.levels.slice(0, this.levels.indexOf(page) + 1);
      return;
    }
    // The levels that led to the run are closed: back from it is the board.
    this.levels = this.levels.filter(({ at }) => at === "rooms");
    this.push(new RunStream(this.context, run));
    this.finds.type("");
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
        if ((this.searching || this.narrow) && this.top?.at !== "item") return this.openDetail(entry.key);
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

  /** Shows an item as a level of its own. */
  openDetail(key: string): void {
    if (kindOf(key) !== "approval") return void this.push({ at: "item", key });
    void this.states().then(({ ApprovalPage }) => this.push(new ApprovalPage(this.context, key)));
  }

  /** Does what a key does here. False if it does nothing and the key belongs to the field. */
  act(act: Act): boolean {
    const { buttons, details, finds, row, top } = this;
    if (!top && finds.awaited && isOfRow(act)) {
      // The selected row is still that of a text typed before.
      const { text } = finds;
      void finds.awaitAnswer().then(() => {
        if (!this.top && finds.text === text && finds.failure === null) this.act(act);
      });
      return true;
    }
    const everywhere = this.everywhere[act];
    if (everywhere) return everywhere() !== false;
    if (top ? top.act?.(act, this) : this.onList(act)) return true;
    // While a log or an explanation is open, Enter is not for the row beneath.
    if (top && top.at !== "item" && (act === "go" || act === "second")) return false;
    const unknown = row && !details.items.has(row.key) && isOfDetail(act);
    if (!row || !(unknown || buttonFor(buttons, act))) return false;
    void this.rowActs.press(act, row);
    return true;
  }

  /** The keys that do the same in every view; false where there is nothing to do. */
  private readonly everywhere: Partial<Record<Act, () => unknown>> = {
    activity: () => this.attempt(() => this.context.backend.showSettings("activity")),
    settings: () => this.attempt(() => this.context.backend.showSettings()),
    account: () => this.openAccount(this.context.status?.troubles[0]?.account),
    "not-seen": () => this.boards.notSeen.length > 0 && this.toggle("not-seen"),
    quit: () => this.attempt(() => this.context.backend.quit()),
    check: () => {
      const asking = () => this.context.backend.call("poll_now", { account: null });
      void this.attempt(() => this.context.waitFor("all accounts", asking()));
      void this.boards.load();
    },
    quiet: () => (this.context.status?.quiet?.asked ? this.beQuiet(null) : this.toggle("quiet")),
    keys: () => void this.push(new KeyList()),
    runs: () => this.attempt(() => this.openRooms()),
    help: () => this.help(),
    actions: () => this.buttons.length > 0 && this.toggle("actions"),
    undo: () => this.pending.undo(),
    ran: () => this.resolve("ran"),
    "did-not-run": () => this.resolve("did-not-run"),
  };

  private toggle(over: Host["over"]): void {
    this.over = this.over === over ? null : over;
  }

  private resolve(act: Act): boolean {
    const button = buttonFor(this.buttons, act);
    if (button) void this.rowActs.click(button);
    return button !== undefined;
  }

  /** Shows the help of the command that is filled in or selected. False if there is none. */
  private help(): boolean {
    const { entry, top } = this;
    const selected = !top && entry?.kind === "command" ? entry.found.name : null;
    const key = top ? top.command : selected;
    return key ? this.push({ at: "help", key }) : false;
  }

  /** What a key does in the list of the board or of the results. */
  private onList(act: Act): boolean {
    const { boards, entry, finds } = this;
    const list = this.searching ? finds : boards;
    const isAtTop = list === boards && (list.entries[0]?.key ?? null) === list.selected;
    if (act === "up" && isAtTop && finds.bringBack()) return true;
    if (moveSelection(act, ".list", list.entries.length, (by) => list.move(by))) return true;
    switch (act) {
      case "next-section":
      case "previous-section":
        list.moveBySection(act === "next-section" ? 1 : -1);
        return true;
      case "everyone":
        void boards.showAll(!boards.all);
        return true;
      case "complete":
        return finds.complete();
      case "into":
        if (!this.narrow || entry?.kind !== "row") return false;
        this.openDetail(entry.key);
        return true;
      case "go":
        void this.enter();
        return true;
    }
    return false;
  }

  /** Opens rooms and runs. */
  async openRooms(): Promise<void> {
    const { Rooms, tourMemory } = await this.states();
    if (this.top?.at === "rooms") return;
    // The tour's last step shows the message of the run before it.
    const toured = !this.tour.over && this.context.desktop?.playground;
    this.tour.take("room");
    if (toured && this.boards.runs[0]) tourMemory.keep(this.boards.runs[0]);
    const rooms = new Rooms(this.context, toured ? (this.boards.runs[0]?.post ?? null) : null);
    if (this.push(rooms)) await rooms.load();
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
