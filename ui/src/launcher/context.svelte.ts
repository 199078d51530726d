/** The context of every view: the backend, the desktop, the time, pending requests, and announcements. */

import { untrack } from "svelte";

import type { Status } from "../api";
import type { Backend, Desktop, Failure } from "../desktop";

/** The error text of anything that was thrown. */
export function errorText(thrown: unknown): string {
  if (thrown && typeof thrown === "object" && "message" in thrown) return String((thrown as Failure).message);
  return String(thrown);
}

/** How a wait is shown, by its length: not at all, a line, a text with who is slow, an offer to leave it. */
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

  /** The wait in the latest stage. */
  readonly wait: Wait | null = $derived(
    this.waits.reduce<Wait | null>(
      (worst, wait) => (worst && worst.stage >= wait.stage ? worst : wait),
      null,
    ),
  );

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Awaits a promise and shows the wait, in stages; `whom` names who is slow. */
  waitFor<T>(whom: string, promise: Promise<T>): Promise<T> {
    // An effect that makes a request must not depend on other waits.
    return untrack(() => this.watch(whom, promise));
  }

  private async watch<T>(whom: string, promise: Promise<T>): Promise<T> {
    // A newer wait for the same service replaces the older one.
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

  /** Hides all waits: the person went on. */
  leaveWaiting(): void {
    this.waits = [];
  }

  /** Announces a text to screen readers: at the next pause, or at once if `urgent`. */
  announce(text: string, urgent = false): void {
    if (urgent) this.urgent = text;
    else this.polite = text;
  }

  async readStatus(): Promise<void> {
    try {
      this.status = await this.backend.call("status", {});
    } catch {
      // The last status stays; the board shows that it cannot be read.
    }
  }

  /** Ticks once a second while the window is visible. Returns the function that stops it. */
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
