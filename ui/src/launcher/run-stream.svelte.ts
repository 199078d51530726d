/** A followed run: its output as it arrives, its outcome, and its message. Following goes on after failures. */

import type { Run } from "../api";
import { type AppContext, errorText } from "./context.svelte";
import type { Act } from "./keys";
import { begin, follow, type Followed, isOver, isFinal, roomLine, verdictOf } from "./outcome";
import type { View, Window } from "./view";

/** The delay before the next try, by the number of failures. */
export function pause(failures: number): number {
  return Math.min(8_000, 500 * 2 ** Math.min(failures, 8));
}

export class RunStream implements View {
  readonly at = "run";
  readonly key: string;
  private readonly context: AppContext;
  /** Called when its state changed. */
  private readonly onstate: (run: Run) => void;
  state = $state.raw<Followed>() as Followed;
  /** Why it cannot be followed at the moment. */
  trouble = $state<string | null>(null);
  /** Why the last act on it was refused. */
  refused = $state<string | null>(null);
  stopping = $state(false);

  readonly run: Run = $derived(this.state.run);
  readonly over = $derived(isOver(this.state.run));
  readonly verdict = $derived(verdictOf(this.state.run));
  readonly room = $derived(roomLine(this.state.run, this.state.delivery, this.now()));
  /** In seconds; negative if it ended before it began: the clock was set back, and its length is unknown. */
  readonly elapsed = $derived.by(() => {
    const began = Date.parse(this.run.started_at);
    const { ended_at } = this.run;
    return (ended_at ? Date.parse(ended_at) - began : Math.max(0, this.now() - began)) / 1000;
  });

  private ended = false;
  private asking = false;
  private askedAgain = false;
  private wake: () => void = () => {};

  constructor(context: AppContext, run: Run, onstate: (run: Run) => void = () => {}) {
    this.context = context;
    this.onstate = onstate;
    this.key = run.id;
    this.state = begin(run);
    void this.follow();
  }

  act(act: Act, window: Window): boolean {
    switch (act) {
      case "stop":
        void this.stop();
        return true;
      case "post-now":
        void this.postNow();
        return true;
      case "open":
        void window.openLink(this.verdict.link ?? this.room.link);
        return true;
      case "go":
        if (!this.over) return false;
        this.end();
        void window.again(this.run);
        return true;
    }
    return false;
  }

  private now(): number {
    return this.context.now;
  }

  /** Polls until its outcome and delivery are final, or the view is left. The run itself goes on. */
  private async follow(): Promise<void> {
    if (this.asking) {
      // The pending response may predate the change.
      this.askedAgain = true;
      return this.wake();
    }
    this.asking = true;
    do {
      this.askedAgain = false;
      await this.poll();
    } while (this.askedAgain && !this.ended);
    this.asking = false;
  }

  private async poll(): Promise<void> {
    let failures = 0;
    while (!this.ended) {
      try {
        const { run, seen, status } = this.state;
        const lastStatus = isOver(run) ? "" : status;
        const progress = await this.context.backend.call("follow_run", {
          id: run.id,
          seen,
          said: lastStatus,
        });
        if (this.ended) return;
        this.take(follow(this.state, progress));
        this.trouble = null;
        failures = 0;
      } catch (thrown) {
        if (this.ended) return;
        this.trouble = errorText(thrown);
        failures += 1;
      }
      if (isFinal(this.state)) return;
      // For an ended run the response is immediate: wait for the store's next change, or a moment.
      if (failures > 0 || this.over) await this.rest(failures > 0 ? pause(failures) : 2_000);
    }
  }

  private take(next: Followed): void {
    const before = this.state;
    this.state = next;
    if (isOver(next.run) && !isOver(before.run)) {
      const { summary, label } = verdictOf(next.run);
      this.context.announce(summary ?? label, next.run.state.state === "unknown");
    }
    const stateOf = (state: Followed) => state.delivery?.state.state;
    if (stateOf(next) !== stateOf(before) && next.delivery) {
      const line = roomLine(next.run, next.delivery, Date.now());
      this.context.announce(
        [line.before, line.channel && `#${line.channel}`].filter(Boolean).join(" "),
        line.urgent,
      );
    }
    if (next.run.state.state !== before.run.state.state) this.onstate(next.run);
  }

  private rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Call when the store changed: the delivery may have changed. While the run goes on, only deliveries are read. */
  async changed(): Promise<void> {
    // A person may have resolved an unknown outcome, here or elsewhere.
    if (this.run.state.state === "unknown") return this.follow();
    if (this.over) return this.wake();
    if (!this.run.post) return;
    try {
      const all = await this.context.backend.call("deliveries", { pending: false, limit: 50 });
      const delivery = all.find(({ run }) => run === this.run.id);
      if (delivery && !this.over) this.take({ ...this.state, delivery });
    } catch {
      // If the engine cannot be reached, following shows that.
    }
  }

  async stop(): Promise<void> {
    if (this.over || this.stopping) return;
    this.stopping = true;
    await this.ask(
      this.context.backend
        .call("cancel", { id: this.run.id })
        .then((run) => this.take({ ...this.state, run })),
    );
    this.stopping = false;
  }

  async postNow(): Promise<void> {
    const { delivery } = this.state;
    if (!delivery) return;
    await this.ask(
      this.context.backend.call("retry", { id: delivery.id }).then((delivery) => {
        this.take({ ...this.state, delivery });
        if (!isFinal(this.state)) void this.follow();
      }),
    );
  }

  private async ask(asking: Promise<void>): Promise<void> {
    try {
      await this.context.waitFor(this.run.account ?? this.run.command, asking);
      this.refused = null;
    } catch (thrown) {
      this.refused = errorText(thrown);
      this.context.announce(this.refused, true);
    }
  }

  /** Call when the view is left. */
  end(): void {
    this.ended = true;
    this.wake();
  }
}
