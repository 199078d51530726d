/** The playground, as a newcomer sees it. */

import { screen, waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { Section } from "../../api";
import { board, run, sections } from "../../fake/team";
import { resume } from "../tour-memory";
import { Tour } from "../tour.svelte";
import { ack, open, press, selected } from "./stage";

const next = () => document.querySelector('[aria-current="step"]')?.textContent ?? "";

test("the most urgent row is selected, whatever came first, until a key is pressed", async () => {
  let shown: Section[] = [];
  const { backend } = await open(
    { board: () => ({ ...board(), sections: shown }), runs: [] },
    { playground: true },
  );
  const come = async (these: Section[], title: string) => {
    shown = these;
    backend.emitChanged();
    await screen.findAllByText(title);
  };
  await come(sections().slice(3), "Invoice rounding");
  await come(sections().slice(1), "Cache the price list");
  await come(sections(), "Checkout slower than 2 s");
  await waitFor(() => expect(selected()).toContain("Checkout slower than 2 s"));
  press("ArrowDown");
  await waitFor(() => expect(selected()).toContain("Queue depth"));
  // From now on the selection does not move by itself.
  await come([{ ...sections()[0], title: "Incidents before" } as Section, ...sections()], "Incidents before");
  expect(selected()).toContain("Queue depth");
});

test("a run that Enter began shows its progress, and can be undone", async () => {
  await open({ runs: [], prepare: ack }, { playground: true });
  await waitFor(() => expect(next()).toContain("Acknowledge: it can be undone"));
  press("Enter");
  await waitFor(() => expect(next()).toMatch(/It runs in [1-5] s, or undo it/));
  press("Ctrl+B");
  await waitFor(() => expect(next()).toContain("Run it"));
});

test("a window that is created again continues the tour", async () => {
  const started = run("r1", "deploy api to staging", { post: "chat:#deploys" });
  const first = await open({ runs: [started] }, { playground: true });
  await screen.findByRole("list", { name: "Three steps" });
  await waitFor(() => expect(next()).toContain("Read the message in the room"));
  press("Ctrl+Shift+R");
  await waitFor(() => expect(first.launcher.tour.over).toBe(true));
  // The message of this run stays read; another team has another tour.
  const again = new Tour();
  resume(again, [started]);
  expect(again.over).toBe(true);
  const other = new Tour();
  resume(other, [run("r2", "deploy api to staging", {})]);
  expect(other.steps.map(({ done }) => done)).toEqual([true, true, false]);
  const undone = new Tour();
  resume(undone, [run("r3", "alert ack", { state: { state: "canceled", sent: false } })]);
  expect(undone.steps.map(({ done }) => done)).toEqual([false, false, false]);
});

test("three steps are shown, the last one the message in the room", async () => {
  await open({ runs: [] }, { playground: true });
  await screen.findByRole("list", { name: "Three steps" });
  // The text describes what Enter does with the selection: an acknowledgement begins without a preview.
  await waitFor(() => expect(next()).toContain("Acknowledge: it can be undone for 5 s"));
  // Without a message in the room its step is not offered yet.
  press("Ctrl+Shift+R");
  await screen.findByRole("heading", { name: "Rooms and runs" });
  press("Escape");
  await screen.findByRole("list", { name: "Three steps" });
  press("ArrowDown");
  press("ArrowDown");
  await screen.findByText("Run it again");
  expect(next()).toContain("See what the first action would do");
  press("Enter");
  await screen.findByText("What will run");
  press("Escape");
  await screen.findByRole("list", { name: "Three steps" });
  expect(next()).toContain("Run it");
  press("Enter");
  await screen.findByText("Start run rerun on ci.acme.example");
  press("Enter");
  await screen.findByRole("list", { name: "Steps" });
  press("Escape");
  await screen.findByRole("list", { name: "Three steps" });
  expect(next()).toContain("Read the message in the room");
  press("Ctrl+Shift+R");
  await screen.findByRole("heading", { name: "Rooms and runs" });
  press("Escape");
  await screen.findByRole("listbox", { name: "What needs a person" });
  expect(screen.queryByRole("list", { name: "Three steps" })).toBeNull();
});
