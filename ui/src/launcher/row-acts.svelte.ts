/** The acts on a row, or on a run whose outcome is unknown, by a key, a button or the menu. */

import type { Row, SnoozeTime } from "../api";
import { type ActionButton, beginsAtOnce, buttonFor, buttonsOf, isOfDetail } from "./action-buttons";
import type { Act } from "./keys";
import type { Launcher } from "./launcher.svelte";

export class RowActs {
  private readonly launcher: Launcher;
  /** The times that the engine offers for a snooze. */
  snoozeTimes = $state.raw<SnoozeTime[]>([]);

  constructor(launcher: Launcher) {
    this.launcher = launcher;
  }

  /** Does what a key means on a row. Most acts depend on the row's detail: a key pressed earlier waits for it. */
  async press(act: Act, row: Row): Promise<void> {
    if (isOfDetail(act))
      await this.launcher.context.waitFor("the engine", this.launcher.details.ensureLoaded(row.key));
    const { details, top } = this.launcher;
    return this.click(buttonFor(buttonsOf(row, details.item(row.key), top?.at === "item"), act), row);
  }

  async click(button: ActionButton | undefined, row = this.launcher.row): Promise<void> {
    this.launcher.over = null;
    if (!button) return;
    const { does } = button;
    if (typeof does === "object" && "resolve" in does)
      return (await import("./lazy")).resolveRun(this.launcher, does.resolve);
    if (!row) return;
    if (typeof does === "object") {
      // "I am on it" has no preview: instead it can be undone before it is sent.
      if (beginsAtOnce(button)) return (await import("./lazy")).take(this.launcher, row, does.run);
      return this.launcher.attempt(() => this.launcher.takeLine(does.run.line));
    }
    const url = this.launcher.details.item(row.key)?.item.url ?? row.url;
    switch (does) {
      case "page":
        return this.launcher.push({ at: "item", key: row.key });
      case "open":
        return this.launcher.openLink(url);
      case "log":
        return this.launcher.attempt(() => this.openLog(row.key));
      case "snooze":
        return this.askUntil();
      case "send":
        return this.launcher.attempt(async () => (await import("./lazy")).send(this.launcher, row));
      case "copy":
        return this.launcher.copy(url ?? "", "The link is copied");
      case "why":
        return (await import("./lazy")).explain(this.launcher, row.key);
    }
  }

  /** Opens a build's whole log. */
  private async openLog(key: string): Promise<void> {
    const { Log } = await import("./lazy");
    if (this.launcher.top?.at !== "log")
      this.launcher.push({ at: "log", key, log: new Log(this.launcher.context, key) });
  }

  /** Opens the list of times to snooze until, which the engine offers. */
  private async askUntil(): Promise<void> {
    await this.launcher.attempt(async () => {
      this.snoozeTimes = await this.launcher.context.backend.call("snooze_times", {});
      this.launcher.over = "snooze";
    });
  }

  /** The typed time, as the engine reads it; throws with what can be typed. */
  async readTime(typed: string): Promise<SnoozeTime | undefined> {
    const [time] = await this.launcher.context.backend.call("snooze_times", { typed });
    return time;
  }

  /** Snoozes the row until then; null: until it changes. */
  async snooze(until: string | null, row = this.launcher.row): Promise<void> {
    this.launcher.over = null;
    if (!row) return;
    const { boards, searching, top } = this.launcher;
    // The row moves to the end of the board; the selection moves to the row after it.
    if (!top && !searching && boards.selected === row.key) {
      boards.move(1);
      if (boards.selected === row.key) boards.move(-1);
    }
    const next = boards.selected;
    await boards.optimistic(
      row.key,
      "snoozed",
      "The snooze",
      this.launcher.context.backend.call("snooze", { item: row.key, until }),
    );
    // The reason is shown beside the row.
    if (boards.undone.has(row.key) && boards.selected === next) boards.selected = row.key;
  }

  /** Ends the snooze of a row. */
  async unsnooze(row = this.launcher.row): Promise<void> {
    this.launcher.over = null;
    if (!row) return;
    this.launcher.boards.marks.delete(row.key);
    await this.launcher.attempt(() => this.launcher.context.backend.call("unsnooze", { item: row.key }));
  }
}
