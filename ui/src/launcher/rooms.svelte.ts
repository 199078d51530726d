/** Rooms and runs: the messages of each channel, runs with their output, and messages that were not posted. */

import type { ChannelMessage, Delivery, ChannelActivity, Run } from "../api";
import { type AppContext, errorText } from "./context.svelte";
import { channelName } from "../parts/channel";
import { Resource } from "../parts/resource.svelte";
import type { Act } from "./keys";
import { moveSelection } from "./move";
import { isOver } from "./outcome";
import type { View, Window } from "./view";

/** An entry of the list. */
export type Place =
  | { at: "run"; key: string; run: Run }
  | { at: "room"; key: string; name: string; room: ChannelActivity }
  | { at: "delivery"; key: string; delivery: Delivery };

export interface Part {
  title: string;
  places: Place[];
}

export function partsOf(deliveries: Delivery[], rooms: ChannelActivity[], runs: Run[]): Part[] {
  return [
    {
      title: "Not delivered",
      // An edit that is about to go is of a message that has arrived.
      places: deliveries
        .filter(({ is_edit, state }) => !is_edit || ("error" in state && state.error))
        .map((delivery): Place => ({ at: "delivery", key: `delivery-${delivery.id}`, delivery })),
    },
    {
      title: "Rooms",
      places: rooms.map((room): Place => ({
        at: "room",
        key: `room-${room.address}`,
        name: channelName(room.address),
        room,
      })),
    },
    { title: "Runs", places: runs.map((run): Place => ({ at: "run", key: `run-${run.id}`, run })) },
  ].filter(({ places }) => places.length > 0);
}

/** A message, and the replies in its thread. */
export interface Thread {
  first: ChannelMessage;
  replies: ChannelMessage[];
}

/** The messages by thread, each at the place of its first message; a reply whose thread is missing is one of its own. */
export function threadsOf(messages: ChannelMessage[]): Thread[] {
  const threads: Thread[] = [];
  for (const message of messages) {
    const { under } = message;
    const thread = under === null ? undefined : threads.find(({ first }) => first.id === under);
    if (thread) thread.replies.push(message);
    else threads.push({ first: message, replies: [] });
  }
  return threads;
}

export class Rooms implements View {
  readonly at = "rooms";
  private readonly context: AppContext;
  private deliveries = $state.raw<Delivery[]>([]);
  private rooms = $state.raw<ChannelActivity[]>([]);
  private runs = $state.raw<Run[]>([]);
  /** Why the list could not be read, or the last act on it was refused. */
  private refused = $state<string | null>(null);
  selected = $state<string | null>(null);

  readonly parts: Part[] = $derived(partsOf(this.deliveries, this.rooms, this.runs));
  readonly places: Place[] = $derived(this.parts.flatMap(({ places }) => places));
  readonly place: Place | null = $derived(
    this.places.find(({ key }) => key === this.selected) ?? this.places[0] ?? null,
  );

  private readonly content = new Resource(() => this.contentOf(this.place));
  /** The output of the selected run, and the messages of the selected room; null until loaded. */
  readonly output: string | null = $derived(this.content.value?.output ?? null);
  readonly messages: ChannelMessage[] | null = $derived(this.content.value?.messages ?? null);
  readonly failure: string | null = $derived(this.refused ?? this.content.failure?.message ?? null);

  /** `first` is the address of the channel to select at first, unless a message was not posted. */
  constructor(
    context: AppContext,
    private readonly first: string | null = null,
  ) {
    this.context = context;
  }

  async load(): Promise<void> {
    const { backend } = this.context;
    const failures: string[] = [];
    const each = <T>(asking: Promise<T>, take: (answer: T) => void) =>
      asking.then(take, (thrown: unknown) => void failures.push(errorText(thrown)));
    await this.context.waitFor(
      "the engine",
      Promise.all([
        each(backend.call("runs", { limit: 100 }), (runs) => (this.runs = runs)),
        each(backend.call("rooms", {}), (rooms) => (this.rooms = rooms)),
        each(
          backend.call("deliveries", { pending: true, limit: 50 }),
          (deliveries) => (this.deliveries = deliveries),
        ),
      ]),
    );
    this.refused = failures[0] ?? null;
    // Selects a message that was not posted, else the newest one. Later entries do not move the selection.
    this.selected ??= this.firstLook();
    await this.content.force();
  }

  /** The selected run. */
  get run(): Run | null {
    return this.place?.at === "run" ? this.place.run : null;
  }

  act(act: Act, window: Window): boolean {
    if (moveSelection(act, ".places", this.places.length, (by) => this.move(by))) return true;
    switch (act) {
      case "post-now":
        void this.retry();
        return true;
      case "stop":
        void this.stop();
        return true;
      case "go":
        if (this.run) void window.follow(this.run);
        return true;
    }
    return false;
  }

  changed(): void {
    void this.load();
  }

  private firstLook(): string | null {
    const first = this.places[0];
    if (!first || first.at === "delivery") return first?.key ?? null;
    const named = this.places.find((place) => place.at === "room" && place.room.address === this.first);
    if (named) return named.key;
    const at = (place: Place) => (place.at === "room" ? (place.room.last_at ?? "") : "");
    const newest = this.places.reduce((best, place) => (at(place) > at(best) ? place : best), first);
    return newest.key;
  }

  move(by: number): void {
    const at = this.places.findIndex((place) => place === this.place);
    this.select(this.places[Math.max(0, Math.min(at + by, this.places.length - 1))]?.key ?? null);
  }

  select(key: string | null): void {
    if (key === this.selected) return;
    this.selected = key;
    this.content.clear();
    void this.content.force();
  }

  private async contentOf(place: Place | null): Promise<{ output?: string; messages?: ChannelMessage[] }> {
    const { backend } = this.context;
    if (place?.at === "run") {
      const { output } = await backend.call("follow_run", { id: place.run.id, seen: 0, said: "" });
      return { output: output.join("") };
    }
    if (place?.at !== "room") return {};
    return {
      messages: await backend.call("channel_messages", { address: place.room.address, limit: 200 }),
    };
  }

  /** Posts a delivery again. */
  async retry(): Promise<void> {
    const { place } = this;
    if (place?.at !== "delivery") return;
    const { address, id } = place.delivery;
    await this.ask(address, this.context.backend.call("retry", { id }), "Posting again");
  }

  async stop(): Promise<void> {
    const { run } = this;
    if (!run || isOver(run)) return;
    await this.ask(run.account ?? run.command, this.context.backend.call("cancel", { id: run.id }));
  }

  private async ask(whom: string, asking: Promise<unknown>, done?: string): Promise<void> {
    try {
      await this.context.waitFor(whom, asking);
      if (done) this.context.announce(done);
      await this.load();
    } catch (thrown) {
      this.refused = errorText(thrown);
      this.context.announce(this.refused, true);
    }
  }
}
