/** The rooms and the runs: what ran with its output, what the built-in room says, what did not arrive. */

import type { ChannelInfo, Delivery, RoomMessage, Run } from "../api";
import { type Desk, wordsOf } from "./desk.svelte";

/** A channel of the built-in room: "room:general" is "general". */
export function roomOf(address: string): string | null {
  return address.startsWith("room:") ? address.slice("room:".length).replace(/^#/, "") : null;
}

/** What is looked at. */
export type Place =
  | { at: "run"; key: string; run: Run }
  | { at: "room"; key: string; channel: string; name: string }
  | { at: "delivery"; key: string; delivery: Delivery };

export interface Part {
  title: string;
  places: Place[];
}

export function partsOf(deliveries: Delivery[], rooms: ChannelInfo[], runs: Run[]): Part[] {
  return [
    {
      title: "Not delivered",
      places: deliveries.map((delivery): Place => ({
        at: "delivery",
        key: `delivery-${delivery.id}`,
        delivery,
      })),
    },
    {
      title: "Built-in room",
      places: rooms.flatMap(({ address, name }): Place[] => {
        const channel = roomOf(address);
        return channel === null
          ? []
          : [{ at: "room", key: `room-${channel}`, channel, name: name ?? channel }];
      }),
    },
    { title: "Runs", places: runs.map((run): Place => ({ at: "run", key: `run-${run.id}`, run })) },
  ].filter(({ places }) => places.length > 0);
}

export class Rooms {
  private readonly desk: Desk;
  private deliveries = $state.raw<Delivery[]>([]);
  private channels = $state.raw<ChannelInfo[]>([]);
  private runs = $state.raw<Run[]>([]);
  failure = $state<string | null>(null);
  selected = $state<string | null>(null);
  /** What the selected run said, or the selected room's messages. */
  output = $state<string | null>(null);
  messages = $state.raw<RoomMessage[]>([]);

  readonly parts: Part[] = $derived(partsOf(this.deliveries, this.channels, this.runs));
  readonly places: Place[] = $derived(this.parts.flatMap(({ places }) => places));
  readonly place: Place | null = $derived(
    this.places.find(({ key }) => key === this.selected) ?? this.places[0] ?? null,
  );

  private asked = 0;

  constructor(desk: Desk) {
    this.desk = desk;
  }

  async load(): Promise<void> {
    const { backend } = this.desk;
    const failures: string[] = [];
    const each = <T>(asking: Promise<T>, take: (answer: T) => void) =>
      asking.then(take, (thrown: unknown) => void failures.push(wordsOf(thrown)));
    await this.desk.waitFor(
      "the engine",
      Promise.all([
        each(backend.call("runs", { limit: 100 }), (runs) => (this.runs = runs)),
        each(backend.call("channels", { live: false }), (channels) => (this.channels = channels)),
        each(
          backend.call("deliveries", { pending: true, limit: 50 }),
          (deliveries) => (this.deliveries = deliveries),
        ),
      ]),
    );
    this.failure = failures[0] ?? null;
    await this.show();
  }

  move(by: number): void {
    const at = this.places.findIndex((place) => place === this.place);
    this.select(this.places[Math.max(0, Math.min(at + by, this.places.length - 1))]?.key ?? null);
  }

  select(key: string | null): void {
    if (key === this.selected) return;
    this.selected = key;
    this.output = null;
    this.messages = [];
    void this.show();
  }

  private async show(): Promise<void> {
    const asked = ++this.asked;
    const { place } = this;
    const { backend } = this.desk;
    try {
      if (place?.at === "run") {
        const { output } = await backend.call("follow_run", { id: place.run.id, seen: 0, said: "" });
        if (asked === this.asked) this.output = output.join("");
      } else if (place?.at === "room") {
        const messages = await backend.call("room", { channel: place.channel, limit: 100 });
        if (asked === this.asked) this.messages = messages;
      }
    } catch (thrown) {
      if (asked === this.asked) this.failure = wordsOf(thrown);
    }
  }

  /** Sends a delivery again. */
  async retry(): Promise<void> {
    const { place } = this;
    if (place?.at !== "delivery") return;
    try {
      await this.desk.waitFor(
        place.delivery.address,
        this.desk.backend.call("retry", { id: place.delivery.id }),
      );
      this.desk.say("It is being posted again");
      await this.load();
    } catch (thrown) {
      this.failure = wordsOf(thrown);
      this.desk.say(this.failure, true);
    }
  }

  async stop(): Promise<void> {
    const { place } = this;
    if (place?.at !== "run" || place.run.state.state !== "running") return;
    try {
      await this.desk.waitFor(
        place.run.account ?? place.run.command,
        this.desk.backend.call("cancel", { id: place.run.id }),
      );
      await this.load();
    } catch (thrown) {
      this.failure = wordsOf(thrown);
      this.desk.say(this.failure, true);
    }
  }
}
