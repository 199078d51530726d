/** Why the last event of an item was notified or not. */

import type { Explanation } from "../api";
import { Resource } from "../parts/resource.svelte";
import type { AppContext } from "./context.svelte";
import type { Details } from "./details.svelte";
import type { View } from "./view";

export class Why implements View {
  readonly at = "why";
  readonly explained: Resource<Explanation>;

  constructor(
    { backend }: AppContext,
    details: Details,
    readonly key: string,
  ) {
    this.explained = new Resource(async () => {
      const detail = details.item(key) ?? (await backend.call("item", { item: key }));
      const event = detail.events[0];
      if (!event) throw new Error("Nothing has happened to it yet, so no rule was applied");
      return backend.call("rules_explain", { event: event.id });
    });
    void this.explained.force();
  }

  end(): void {
    this.explained.end();
  }
}
