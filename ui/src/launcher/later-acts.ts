/** What is done with a row or a run that is never the first to be asked for. */

import type { Row } from "../api";
import { wordsOf } from "./desk.svelte";
import type { Launcher } from "./launcher.svelte";
import type { Level } from "./levels";
import { verdictOf } from "./outcome";
import { Sending } from "./sending.svelte";

/** A row to a channel. */
export async function send(launcher: Launcher, { key, title }: Row): Promise<void> {
  if (launcher.top?.at === "send") return;
  const sending = new Sending(launcher.desk, key, title);
  launcher.push({ at: "send", sending });
  await sending.load();
}

/** A person's word on the run that is not known. It is not run again by itself: that is offered. */
export async function resolveRun(launcher: Launcher, ran: boolean): Promise<void> {
  const { run, desk } = launcher;
  if (!run) return;
  await launcher.attempt(async () => {
    const resolved = await desk.waitFor("the engine", desk.backend.call("resolve_run", { id: run.id, ran }));
    desk.say(verdictOf(resolved).summary ?? "");
  });
  launcher.changed();
}

/** Why what happened to a row last was notified, or not. */
export async function explain(launcher: Launcher, key: string): Promise<void> {
  const { backend } = launcher.desk;
  const level = { at: "why" as const, key, explanation: null, failure: null };
  launcher.push(level);
  const show = (change: Partial<Extract<Level, { at: "why" }>>) => {
    launcher.levels = launcher.levels.map((other) => (other === level ? { ...level, ...change } : other));
  };
  try {
    const detail = launcher.details.item(key) ?? (await backend.call("item", { item: key }));
    const event = detail.events[0];
    if (!event) return show({ failure: "Nothing has happened to it yet, so no rule has spoken" });
    show({ explanation: await backend.call("rules_explain", { event: event.id }) });
  } catch (thrown) {
    show({ failure: wordsOf(thrown) });
  }
}
