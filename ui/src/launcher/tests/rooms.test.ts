/** What stands in the list of rooms and runs. */

import { expect, test } from "vitest";

import type { Delivery, DeliveryState } from "../../api";
import { partsOf } from "../rooms.svelte";

const error = { error: "unavailable", why: "down" } as const;
const next_at = "2026-11-22T10:00:00Z";

test.each<[is_edit: boolean, state: DeliveryState, listed: boolean]>([
  [false, { state: "pending", next_at, error: null }, true],
  [false, { state: "sending" }, true],
  [false, { state: "failed", error }, true],
  // Its message has arrived.
  [true, { state: "pending", next_at, error: null }, false],
  [true, { state: "sending" }, false],
  [true, { state: "pending", next_at, error }, true],
  [true, { state: "unknown", error }, true],
  [true, { state: "failed", error }, true],
])("an edit: %s, %o is listed as not delivered: %s", (is_edit, state, listed) => {
  const delivery = { id: "d", is_edit, state } as Delivery;
  expect(partsOf([delivery], [], []).map(({ title }) => title)).toEqual(listed ? ["Not delivered"] : []);
});
