/** Posting a row to a channel: the channel, the preview, and the state of the delivery. */

import type { ChannelInfo, Delivery, PostPlan } from "../api";
import { layout } from "../parts/layout";
import { Resource } from "../parts/resource.svelte";
import { type AppContext, errorText } from "./context.svelte";
import type { Act } from "./keys";
import { moveInChoices } from "./move";
import { channelName } from "../parts/channel";
import { type RoomLine, sentLine, willSend } from "./outcome";
import { readOn } from "./read-on";
import type { View } from "./view";

/** The channels whose name or address contains the typed text. */
export function fitting(channels: ChannelInfo[], typed: string): ChannelInfo[] {
  const query = typed.trim().replace(/^#/, "").toLowerCase();
  const latin = layout.reading(query) ?? query;
  return channels.filter(({ name, address }) =>
    [name ?? "", address].some((text) => [query, latin].some((part) => text.toLowerCase().includes(part))),
  );
}

export class PostForm implements View {
  readonly at = "send";
  private readonly context: AppContext;
  /** Of the item. */
  readonly key: string;
  readonly title: string;
  typed = $state("");
  channels = $state.raw<ChannelInfo[]>([]);
  /** Why not all channels could be listed. */
  failure = $state<string | null>(null);
  /** The index of the marked channel; -1 if the typed text is one that is not listed. */
  marked = $state(0);
  private readonly plan = new Resource(() =>
    this.context.waitFor(
      "the engine",
      this.context.backend.call("prepare_post", { what: this.what(this.channel) }),
    ),
  );
  readonly prepared: PostPlan | null = $derived(this.plan.value ?? null);
  /** Why it was not posted. */
  private refused = $state<string | null>(null);
  readonly problem: string | null = $derived(this.refused ?? this.plan.failure?.message ?? null);
  posting = $state(false);
  /** The delivery, once it is posted. */
  delivery = $state.raw<Delivery | null>(null);

  readonly choices: ChannelInfo[] = $derived(fitting(this.channels, this.typed));
  /** The channel to post to: the marked one, else the typed text, for a channel that is not listed. */
  readonly channel: string = $derived(this.choices[this.marked]?.address ?? this.typed.trim());
  readonly ready: boolean = $derived(this.prepared !== null && !this.posting && this.delivery === null);
  readonly room: RoomLine | null = $derived(this.roomLine());

  constructor(context: AppContext, key: string, title: string) {
    this.context = context;
    this.key = key;
    this.title = title;
  }

  act(act: Act): boolean {
    if (moveInChoices(act, this)) return true;
    switch (act) {
      case "post-now":
        void this.retry();
        return true;
      case "go":
        if (!this.ready || readOn()) void this.post();
        return true;
    }
    return false;
  }

  private roomLine(): RoomLine | null {
    if (this.delivery) return sentLine(this.delivery, this.context.now);
    return this.prepared && willSend(this.prepared.address);
  }

  /** Lists channels with short names at once, and those of the services once they respond. */
  async load(): Promise<void> {
    await this.list(false);
    await this.list(true);
  }

  private async list(live: boolean): Promise<void> {
    try {
      const asking = this.context.backend.call("channels", { live });
      const channels = await this.context.waitFor(live ? "the chat services" : "the engine", asking);
      const first = this.channels.length === 0;
      const before = this.channel;
      this.channels = channels;
      this.failure = null;
      if (first && this.typed === "")
        this.marked = Math.max(
          0,
          channels.findIndex((known) => known.default),
        );
      else {
        // More channels move neither the mark nor a text that the engine knows as a channel.
        const at = this.choices.findIndex(({ address }) => address === before);
        if (at >= 0 || this.prepared) this.marked = at;
      }
      if (this.channel !== before) await this.prepare();
    } catch (thrown) {
      this.failure = errorText(thrown);
    }
  }

  type(text: string): void {
    if (this.delivery) return;
    this.typed = text;
    // A text that is a channel's name or address is that channel.
    const name = text.trim().replace(/^#/, "");
    this.choose(this.choices.findIndex((each) => each.name === name || each.address === name));
  }

  mark(by: number): void {
    this.choose(this.marked + by);
  }

  select(address: string): void {
    this.choose(this.choices.findIndex((choice) => choice.address === address));
  }

  private choose(at: number): void {
    if (this.delivery) return;
    this.marked = Math.max(0, Math.min(at, this.choices.length - 1));
    void this.prepare();
  }

  private what(channel: string) {
    return { channel, text: "", item: this.key };
  }

  /** Loads the preview. */
  private async prepare(): Promise<void> {
    this.plan.clear();
    this.refused = null;
    if (this.channel !== "") await this.plan.force();
  }

  async post(): Promise<void> {
    const { prepared } = this;
    if (!prepared || !this.ready) return;
    this.posting = true;
    await this.ask(this.context.backend.call("post", this.what(prepared.address)));
    this.posting = false;
    // It may have been posted before this window subscribed to changes.
    await this.changed();
  }

  /** Posts it again. */
  async retry(): Promise<void> {
    if (this.delivery && this.room?.delivery)
      await this.ask(this.context.backend.call("retry", { id: this.delivery.id }));
  }

  private async ask(asking: Promise<Delivery>): Promise<void> {
    try {
      this.take(await this.context.waitFor(this.channel, asking));
      this.refused = null;
    } catch (thrown) {
      this.refused = errorText(thrown);
      this.context.announce(this.refused, true);
    }
  }

  /** Call when the store changed: the delivery may have been posted or have failed. */
  async changed(): Promise<void> {
    const id = this.delivery?.id;
    if (id === undefined) return;
    try {
      const all = await this.context.backend.call("deliveries", { pending: false, limit: 50 });
      const delivery = all.find((other) => other.id === id);
      if (delivery) this.take(delivery);
    } catch {
      // The last known state stays: it is read again at the next change.
    }
  }

  private take(delivery: Delivery): void {
    const before = this.delivery?.state.state;
    this.delivery = delivery;
    if (delivery.state.state === before) return;
    const line = sentLine(delivery, Date.now());
    this.context.announce(`${line.before} #${channelName(delivery.address)}`, line.urgent);
  }
}
