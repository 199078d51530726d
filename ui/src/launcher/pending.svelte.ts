/** What will be sent in a few seconds, unless it is undone. One at a time: the next one sends it at once. */

import type { Desk } from "./desk.svelte";

/** How long it can be undone. */
export const UNDO = 5_000;

export interface Change {
  /** "Silence for 2 h". */
  title: string;
  /** The row's title. */
  of: string;
  /** What will be sent, in words. */
  does: string;
  undone: () => void;
  send: () => unknown;
}

export class Pending {
  private readonly desk: Desk;
  change = $state.raw<Change | null>(null);
  private endsAt = $state(0);
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Seconds until it is sent, rounded up. */
  readonly left: number = $derived(Math.max(0, Math.ceil((this.endsAt - this.now()) / 1_000)));

  constructor(desk: Desk) {
    this.desk = desk;
  }

  private now(): number {
    return this.desk.now;
  }

  begin(change: Change): void {
    this.sendNow();
    this.desk.now = Date.now();
    this.change = change;
    this.endsAt = Date.now() + UNDO;
    this.timer = setTimeout(() => this.sendNow(), UNDO);
    this.desk.say(`${change.title}: sent in 5 seconds. Ctrl B undoes it`);
  }

  /** Does not wait any longer. */
  sendNow(): void {
    this.end()?.send();
  }

  /** It is not sent. False where there is nothing to undo any more. */
  undo(): boolean {
    const change = this.end();
    if (!change) return false;
    change.undone();
    this.desk.say("It was not sent");
    return true;
  }

  private end(): Change | null {
    const { change } = this;
    clearTimeout(this.timer);
    this.change = null;
    return change;
  }
}
