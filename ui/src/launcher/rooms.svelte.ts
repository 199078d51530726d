/** Rooms and runs: the messages of each channel, runs with their output, and messages that were not posted. */

import type { ChannelMessage, Delivery, ChannelActivity, Run } from "../api";
import { type AppContext, errorText } from "./context.svelte";
import { channelName } from "../parts/channel";
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
  failure = $state<string | null>(null);
  selected = $state<string | null>(null);
  /** The output of the selected run, or the messages of the selected room; null until loaded. */
  output = $state<string | null>(null);
  messages = $state.raw<ChannelMessage[] | null>(null);

  readonly parts: Part[] = $derived(partsOf(this.deliveries, this.rooms, this.runs));
  readonly places: Place[] = $derived(this.parts.flatMap(({ places }) => places));
  readonly place: Place | null = $derived(
    this.places.find(({ key }) => key === this.selected) ?? this.places[0] ?? null,
  );

  private requests = 0;

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
    this.failure = failures[0] ?? null;
    // Selects a message that was not posted, else the newest one. Later entries do not move the selection.
    this.selected ??= this.firstLook();
    await this.show();
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
    this.output = null;
    this.messages = null;
    void this.show();
  }

  private async show(): Promise<void> {
    const request = ++this.requests;
    const { place } = this;
    const { backend } = this.context;
    try {
      if (place?.at === "run") {
        const { output } = await backend.call("follow_run", { id: place.run.id, seen: 0, said: "" });
        if (request === this.requests) this.output = output.join("");
      } else if (place?.at === "room") {
        const { address } = place.room;
        const messages = await backend.call("channel_messages", { address, limit: 200 });
        if (request === this.requests) this.messages = messages;
      }
    } catch (thrown) {
      if (request === this.requests) this.failure = errorText(thrown);
    }
  }

  /** Posts a delivery again. */
  async retry(): Promise<void> {
    const { place } = this;
    if (place?.at !== "delivery") return;
    try {
      await this.context.waitFor(
        place.delivery.address,
        this.context.backend.call("retry", { id: place.delivery.id }),
      );
      this.context.announce("Posting again");
      await this.load();
    } catch (thrown) {
      this.failure = errorText(thrown);
      this.context.announce(this.failure, true);
    }
  }

  async stop(): Promise<void> {
    const { place } = this;
    if (place?.at !== "run" || isOver(place.run)) return;
    try {
      await this.context.waitFor(
        place.run.account ?? place.run.command,
        this.context.backend.call("cancel", { id: place.run.id }),
      );
      await this.load();
    } catch (thrown) {
      this.failure = errorText(thrown);
      this.context.announce(this.failure, true);
    }
  }
}
