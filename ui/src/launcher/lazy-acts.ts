/** Acts on rows and runs that are not needed for the first frame. */

import type { ItemAction, ItemDetail, Row } from "../api";
import { untilText } from "../parts/until";
import { askedText } from "./actor";
import { errorText } from "./context.svelte";
import type { Launcher } from "./launcher.svelte";
import type { Level } from "./levels";
import { verdictOf } from "./outcome";
import { PostForm } from "./post-form.svelte";

/** "Snoozed until 18:00, by ana in the launcher"; empty if it is not snoozed. */
export function snoozedText({ snoozed, snoozed_by }: ItemDetail, now: number): string {
  if (!snoozed) return "";
  const until = snoozed === "until_change" ? "until it changes" : untilText(snoozed.until, new Date(now));
  return `Snoozed ${until}${snoozed_by ? `, ${askedText(snoozed_by)}` : ""}`;
}

/** Opens the form that posts a row to a channel. */
export async function send(launcher: Launcher, { key, title }: Row): Promise<void> {
  if (launcher.top?.at === "send") return;
  const sending = new PostForm(launcher.context, key, title);
  launcher.push({ at: "send", sending });
  await sending.load();
}

/** Resolves a run whose outcome is unknown. It is not run again automatically: that is offered. */
export async function resolveRun(launcher: Launcher, ran: boolean): Promise<void> {
  const { run, context } = launcher;
  if (!run) return;
  await launcher.attempt(async () => {
    const resolved = await context.waitFor(
      "the engine",
      context.backend.call("resolve_run", { id: run.id, ran }),
    );
    context.announce(verdictOf(resolved).summary ?? "");
  });
  launcher.changed();
}

/** Shows why the last event of a row was notified or not. */
export async function explain(launcher: Launcher, key: string): Promise<void> {
  const { backend } = launcher.context;
  const level = { at: "why" as const, key, explanation: null, failure: null };
  launcher.push(level);
  const show = (change: Partial<Extract<Level, { at: "why" }>>) => {
    launcher.levels = launcher.levels.map((other) => (other === level ? { ...level, ...change } : other));
  };
  try {
    const detail = launcher.details.item(key) ?? (await backend.call("item", { item: key }));
    const event = detail.events[0];
    if (!event) return show({ failure: "Nothing has happened to it yet, so no rule was applied" });
    show({ explanation: await backend.call("rules_explain", { event: event.id }) });
  } catch (thrown) {
    show({ failure: errorText(thrown) });
  }
}

/** Takes a row. The engine waits a few seconds, in which that can be undone. */
export async function take(launcher: Launcher, row: Row, { line, label }: ItemAction): Promise<void> {
  const { boards, context, pending } = launcher;
  const what = { line, channel: null, private: false };
  if (boards.marks.get(row.key) === "pending" || pending.has(row.key)) return;
  boards.undone.delete(row.key);
  boards.marks.set(row.key, "pending");
  await launcher.attempt(async () => {
    try {
      const prepared = await context.waitFor("the engine", context.backend.call("prepare", what));
      // A command that needs a confirmation opens its form.
      if (prepared.confirm) {
        boards.marks.delete(row.key);
        return await launcher.takeLine(line);
      }
      const { fingerprint } = prepared;
      const run = await context.backend.call("run", { what, confirmed: null, fingerprint, undo: true });
      const does = prepared.steps.map(({ what }) => what).join(", then ");
      const name = label ?? "The acknowledgement";
      launcher.tour.take("look");
      await pending.show(run, { title: label ?? "Acknowledge", of: row.title, does, name });
    } catch (thrown) {
      boards.marks.delete(row.key);
      throw thrown;
    }
  });
}
