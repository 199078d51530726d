/** The acts on a row, or on a run whose outcome is unknown, by a key, a button or the menu. */

import type { ItemAction, Row, SnoozeTime } from "../api";
import { type ActionButton, beginsAtOnce, buttonFor, buttonsOf, isOfDetail } from "./action-buttons";
import type { Act } from "./keys";
import type { Host } from "./host";
import { kindOf } from "./look";
import { isPage } from "./view";

export class RowActs {
  private readonly launcher: Host;
  /** The times that the engine offers for a snooze. */
  snoozeTimes = $state.raw<SnoozeTime[]>([]);

  constructor(launcher: Host) {
    this.launcher = launcher;
  }

  /** Does what a key means on a row. Most acts depend on the row's detail: a key pressed earlier waits for it. */
  async press(act: Act, row: Row): Promise<void> {
    if (isOfDetail(act))
      await this.launcher.context.waitFor("the engine", this.launcher.details.ensureLoaded(row.key));
    const { details, top } = this.launcher;
    return this.click(buttonFor(buttonsOf(row, details.item(row.key), isPage(top)), act), row);
  }

  async click(button: ActionButton | undefined, row = this.launcher.row): Promise<void> {
    this.launcher.over = null;
    if (!button) return;
    const { does } = button;
    if (typeof does === "object" && "resolve" in does) return this.resolveRun(does.resolve);
    if (!row) return;
    if (typeof does === "object") {
      // "I am on it" has no preview: instead it can be undone before it is sent.
      if (beginsAtOnce(button)) return this.take(row, does.run);
      // What a yes lets happen is read before it is given: its page gives it.
      if (kindOf(row.key) === "approval" && does.run.role === "approve")
        return this.launcher.openDetail(row.key);
      return this.launcher.attempt(() => this.launcher.takeLine(does.run.line));
    }
    const url = this.launcher.details.item(row.key)?.item.url ?? row.url;
    switch (does) {
      case "page":
        return this.launcher.openDetail(row.key);
      case "open":
        return this.launcher.openLink(url);
      case "log":
        return this.launcher.attempt(() => this.openLog(row.key));
      case "snooze":
        return this.askUntil();
      case "send":
        return this.launcher.attempt(() => this.send(row));
      case "copy":
        return this.launcher.copy(url ?? "", "The link is copied");
      case "why":
        return this.explain(row.key);
    }
  }

  /** Opens a build's whole log. */
  private async openLog(key: string): Promise<void> {
    const { Log } = await this.launcher.states();
    this.launcher.push(new Log(this.launcher.context, key));
  }

  /** Opens the form that posts a row to a channel. */
  private async send({ key, title }: Row): Promise<void> {
    const { PostForm } = await this.launcher.states();
    const form = new PostForm(this.launcher.context, key, title);
    if (this.launcher.push(form)) await form.load();
  }

  /** Shows why the last event of a row was notified or not. */
  private async explain(key: string): Promise<void> {
    const { Why } = await this.launcher.states();
    this.launcher.push(new Why(this.launcher.context, this.launcher.details, key));
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

  /** Takes a row. The engine waits a few seconds, in which that can be undone. */
  private async take(row: Row, { line, label }: ItemAction): Promise<void> {
    const { boards, context, pending, tour } = this.launcher;
    const what = { line, channel: null, private: false };
    if (boards.marks.get(row.key) === "pending" || pending.has(row.key)) return;
    boards.undone.delete(row.key);
    boards.marks.set(row.key, "pending");
    await this.launcher.attempt(async () => {
      try {
        const prepared = await context.waitFor("the engine", context.backend.call("prepare", what));
        // A command that needs a confirmation opens its form.
        if (prepared.confirm) {
          boards.marks.delete(row.key);
          return await this.launcher.takeLine(line);
        }
        const { fingerprint } = prepared;
        const run = await context.backend.call("run", { what, confirmed: null, fingerprint, undo: true });
        const does = prepared.steps.map(({ what }) => what).join(", then ");
        const name = label ?? "The acknowledgement";
        tour.take("look");
        await pending.show(run, { title: label ?? "Acknowledge", of: row.title, does, name });
      } catch (thrown) {
        boards.marks.delete(row.key);
        throw thrown;
      }
    });
  }

  /** Resolves a run whose outcome is unknown. It is not run again automatically: that is offered. */
  private async resolveRun(ran: boolean): Promise<void> {
    const { run, context } = this.launcher;
    if (!run) return;
    const { verdictOf } = await this.launcher.states();
    await this.launcher.attempt(async () => {
      const resolving = context.backend.call("resolve_run", { id: run.id, ran });
      const resolved = await context.waitFor("the engine", resolving);
      context.announce(verdictOf(resolved).summary ?? "");
    });
    this.launcher.changed();
  }
}
