/** The playground, as a newcomer meets it. */

import { screen, waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { Section } from "../../api";
import { board, sections } from "../../fake/team";
import { open, press, selected } from "./stage";

const next = () => document.querySelector('[aria-current="step"]')?.textContent ?? "";

test("what is most urgent is selected, whatever came first, until a key is pressed", async () => {
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
  // From now on it stays where it is put.
  await come([{ ...sections()[0], title: "Incidents before" } as Section, ...sections()], "Incidents before");
  expect(selected()).toContain("Queue depth");
});

test("three steps are shown, the last one the message in the room", async () => {
  await open({}, { playground: true });
  await screen.findByRole("list", { name: "Three steps" });
  expect(next()).toContain("See what one thing would do");
  // A room without a message is no step yet.
  press("Ctrl+Shift+R");
  await screen.findByRole("heading", { name: "Rooms and runs" });
  press("Escape");
  await screen.findByRole("list", { name: "Three steps" });
  press("ArrowDown");
  press("ArrowDown");
  await screen.findByText("Run it again");
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
