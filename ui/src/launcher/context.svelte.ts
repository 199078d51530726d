/** What is around every view: the backend, the desktop, the time, what is waited for, and what is said to who listens. */

import { untrack } from "svelte";

import type { Status } from "../api";
import type { Backend, Desktop, Failure } from "../desktop";

/** The text of a failure, whatever was thrown. */
export function errorText(thrown: unknown): string {
  if (thrown && typeof thrown === "object" && "message" in thrown) return String((thrown as Failure).message);
  return String(thrown);
}

/** How long something has been waited for: not to be seen yet, a line, for whom, an offer to leave it. */
export type Stage = 0 | 1 | 2 | 3;
const STAGES: [after: number, stage: Stage][] = [
  [100, 1],
  [2_000, 2],
  [10_000, 3],
];

interface Wait {
  whom: string;
  stage: Stage;
}

export class AppContext {
  readonly backend: Backend;
  desktop = $state.raw<Desktop | null>(null);
  status = $state.raw<Status | null>(null);
  now = $state(Date.now());
  polite = $state("");
  urgent = $state("");
  private waits = $state<Wait[]>([]);

  /** What is waited for longest. */
  readonly wait: Wait | null = $derived(
    this.waits.reduce<Wait | null>(
      (worst, wait) => (worst && worst.stage >= wait.stage ? worst : wait),
      null,
    ),
  );

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Waits for something in everybody's sight: nothing for a moment, then a line, then for whom. */
  waitFor<T>(whom: string, promise: Promise<T>): Promise<T> {
    // An effect that asks something does not depend on what else is waited for.
    return untrack(() => this.watch(whom, promise));
  }

  private async watch<T>(whom: string, promise: Promise<T>): Promise<T> {
    // Who is asked something newer is not waited for twice.
    this.waits = [...this.waits.filter((other) => other.whom !== whom), { whom, stage: 0 }];
    const wait = this.waits[this.waits.length - 1];
    const timers = STAGES.map(([after, stage]) =>
      setTimeout(() => {
        if (wait) wait.stage = stage;
      }, after),
    );
    try {
      return await promise;
    } finally {
      timers.forEach(clearTimeout);
      this.waits = this.waits.filter((other) => other !== wait);
    }
  }

  /** Nothing is waited for in sight any more: the person went on. */
  leaveWaiting(): void {
    this.waits = [];
  }

  /** Said when there is a pause; `urgent` at once. */
  say(text: string, urgent = false): void {
    if (urgent) this.urgent = text;
    else this.polite = text;
  }

  async readStatus(): Promise<void> {
    try {
      this.status = await this.backend.call("status", {});
    } catch {
      // What was last known stays; that the board cannot be read is said where the board is.
    }
  }

  /** Ticks once a second while the window is seen, until told to end. */
  start(): () => void {
    const tick = () => {
      if (document.visibilityState !== "hidden") this.now = Date.now();
    };
    const clock = setInterval(tick, 1_000);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(clock);
      document.removeEventListener("visibilitychange", tick);
    };
  }
}
