/** Posting a row to a channel. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";

import type { ChannelInfo, Delivery } from "../../api";
import type { Answers } from "../../fake";
import { fitting } from "../post-form.svelte";
import { open, press, selected, type } from "./stage";

const channel = (name: string | null, address: string, is_default = false): ChannelInfo => ({
  name,
  address,
  default: is_default,
});
const KNOWN = [channel("alerts", "chat:#alerts"), channel("deploys", "chat:#deploys", true)];
const ALL = [...KNOWN, channel(null, "chat:#random"), channel(null, "room:general")];
const INCIDENT = "alerts/incident/checkout";

test.each([
  ["", ["chat:#alerts", "chat:#deploys", "chat:#random", "room:general"]],
  ["DEP", ["chat:#deploys"]],
  ["#ran", ["chat:#random"]],
  ["room:", ["room:general"]],
  ["nowhere", []],
])("%j is found in %j", (typed, addresses) => {
  expect(fitting(ALL, typed).map(({ address }) => address)).toEqual(addresses);
});

describe("a row", () => {
  const field = () => screen.getByRole<HTMLInputElement>("combobox", { name: "Channel" });
  const preview = (name = "What will be posted") => screen.findByRole("region", { name });

  async function sending(more: Answers = {}) {
    const it = await open({ channels: ({ live }) => (live ? ALL : KNOWN), deliveries: [], ...more });
    await screen.findByText("Acknowledge");
    press("Ctrl+Shift+S");
    await preview();
    await waitFor(() => expect(selected()).toContain("deploys"));
    return it;
  }

  test("is shown as it will appear in the channel, and not posted before Enter", async () => {
    const { backend } = await sending();
    const shown = within(await preview());
    await shown.findByText("Checkout slower than 2 s (billing)");
    expect(shown.getByText(/turn: nobody yet/)).toBeTruthy();
    await screen.findByText("Will post to");
    await screen.findByText("chat:#random");
    press("ArrowDown");
    await waitFor(() => expect(selected()).toContain("random"));
    expect(backend.asked("prepare_post").at(-1)).toEqual({
      what: { channel: "chat:#random", text: "", item: INCIDENT },
    });
    press("Escape");
    await screen.findByText("Acknowledge");
    expect(backend.asked("post")).toEqual([]);
  });

  test("is posted once, and shows when it was posted", async () => {
    const { backend } = await sending();
    await screen.findByText("chat:#random");
    type("ran");
    await waitFor(() => expect(selected()).toContain("random"));
    await screen.findByText("Will post to");
    press("Enter");
    await screen.findByText("Being posted to");
    press("Enter");
    expect(backend.asked("post")).toEqual([{ channel: "chat:#random", text: "", item: INCIDENT }]);
    expect(field().readOnly).toBe(true);
    await preview("What was posted");

    const sent = (state: Delivery["state"]): Delivery => ({
      id: "d-sent",
      address: "chat:#random",
      message: { tone: "bad", title: "Checkout", link: null, blocks: [] },
      run: null,
      state,
      attempts: 2,
      created_at: new Date().toISOString(),
      link: null,
    });
    const error = { error: "unavailable", why: "chat did not answer" } as const;
    const next_at = new Date(Date.now() + 90_000).toISOString();
    backend.answer("deliveries", [sent({ state: "pending", next_at, error })]);
    backend.emitChanged();
    await screen.findByText(/^It was not posted: retrying in 1:/);
    backend.answer("retry", sent({ state: "sending" }));
    press("Ctrl+P");
    await screen.findByText("Being posted to");
    backend.answer("deliveries", [sent({ state: "posted" })]);
    backend.emitChanged();
    await screen.findByText("Posted to");
    expect(document.querySelector('[aria-live="polite"]')?.textContent).toBe("Posted to #random");
  });

  test("is posted to the channel whose name is typed, though another one contains it", async () => {
    const eu = channel("deploys-eu", "chat:#deploys-eu");
    const { backend } = await sending({ channels: [eu, ...KNOWN] });
    type("deploys");
    await waitFor(() => expect(backend.asked("prepare_post").at(-1)?.what.channel).toBe("chat:#deploys"));
    type("-");
    await waitFor(() => expect(backend.asked("prepare_post").at(-1)?.what.channel).toBe("chat:#deploys-eu"));
  });

  test("is posted to the channel that was typed, though one that contains it is listed later", async () => {
    let list: (all: ChannelInfo[]) => void = () => {};
    const listed = new Promise<ChannelInfo[]>((answer) => (list = answer));
    const { backend } = await sending({ channels: ({ live }) => (live ? listed : KNOWN) });
    type("chat:#ran");
    await waitFor(() => expect(backend.asked("prepare_post").at(-1)?.what.channel).toBe("chat:#ran"));
    await screen.findByText("Will post to");
    list(ALL);
    await screen.findByRole("option", { name: /random/ });
    expect(selected()).toBe("");
    press("Enter");
    await screen.findByText("Being posted to");
    expect(backend.asked("post").map((each) => each.channel)).toEqual(["chat:#ran"]);
  });

  test("is posted to an unlisted channel, with an error if the channel is wrong", async () => {
    const { backend } = await sending();
    type("chat:#secret");
    await waitFor(() => expect(backend.asked("prepare_post").at(-1)?.what.channel).toBe("chat:#secret"));
    backend.fail("prepare_post", "there is no account chats; did you mean chat?");
    type("s");
    await within(await preview()).findByText(/there is no account chats/);
    press("Enter");
    expect(backend.asked("post")).toEqual([]);
  });

  test("can be posted although a service does not list its channels", async () => {
    await sending({
      channels: ({ live }) => {
        if (live) throw { message: "chat: it did not answer", error: { kind: "internal", message: "" } };
        return KNOWN;
      },
    });
    await screen.findByText(/Not all channels can be listed: chat: it did not answer/);
    press("Enter");
    await screen.findByText("Being posted to");
  });

  test("that could not be recorded shows that, and can be posted again", async () => {
    const { backend } = await sending();
    await screen.findByText("Will post to");
    backend.fail("post", "the disk is full");
    press("Enter");
    await screen.findByText("the disk is full", { selector: "p" });
    press("Enter");
    await waitFor(() => expect(backend.asked("post").length).toBe(2));
  });
});
