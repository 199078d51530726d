/** A run while it is followed, and what was posted of it. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";

import { failure } from "../../fake";
import { delivery } from "../../fake/runs";
import { run } from "../../fake/team";
import { open, press, type } from "./stage";

describe("a run", () => {
  const going = () => run("r1", "deploy api to staging", { state: { state: "running" }, ended_at: null });

  test("that cannot be followed is told in its place, and followed again", async () => {
    const { backend } = await open({ run: going() });
    let asked = 0;
    backend.answer("follow_run", () => {
      asked += 1;
      if (asked === 2) throw failure("the engine went away");
      const over = asked > 2;
      return {
        run: over ? run("r1", "deploy api to staging") : going(),
        said: over ? "" : "rolling out",
        output: [`piece ${asked}\n`],
        seen: asked,
        delivery: over ? delivery("r1", { state: "posted" }) : null,
      };
    });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    press("Enter");
    await screen.findByText(/cannot be followed for the moment: the engine went away/);
    await screen.findByText("deploy api to staging is done", {}, { timeout: 3_000 });
    expect(screen.queryByText(/cannot be followed/)).toBeNull();
    expect(screen.getByText(/piece 1/).textContent).toContain("piece 3");
  });

  test("that the room was not told of says so, and is posted with Ctrl+P", async () => {
    const error = { error: "rejected", why: "the channel is archived" } as const;
    const { backend } = await open({
      follow_run: {
        run: run("r1", "deploy api to staging"),
        said: "",
        output: [],
        seen: 0,
        delivery: delivery("r1", { state: "failed", error }),
      },
      retry: delivery("r1", { state: "posted" }),
    });
    await screen.findByRole("group", { name: "Recent runs" });
    press("Ctrl+End");
    press("Enter");
    await screen.findByText("Ran, but the room was not told");
    expect(document.querySelector('[aria-live="assertive"]')?.textContent).toContain("the room was not told");
    press("Ctrl+P");
    await screen.findByText("Posted in");
    expect(backend.asked("retry")).toEqual([{ id: "d-r1" }]);
  });

  test("is stopped with Ctrl+. and left with Esc, while it goes on", async () => {
    const { backend } = await open({ runs: [going()], cancel: going() });
    backend.never("follow_run");
    await screen.findByRole("group", { name: "Recent runs" });
    press("Ctrl+End");
    press("Enter");
    await screen.findByText("Running", { selector: "span" });
    press("Ctrl+.");
    await waitFor(() => expect(backend.asked("cancel")).toEqual([{ id: "r1" }]));
    press("Escape");
    await screen.findByText("Queue depth on api-worker");
  });
});

describe("rooms and runs", () => {
  const error = { error: "unavailable", why: "chat did not answer" } as const;
  test("show the room's messages, a run's output, and send again what did not arrive", async () => {
    const late = delivery("0199aa00-0000-7000-8000-000000000604", { state: "failed", error });
    const { backend } = await open({ deliveries: [late], retry: late });
    type("room");
    press("Enter");
    await screen.findByRole("heading", { name: "Rooms and runs" });
    await screen.findByText(/It was not posted: chat did not answer/);
    press("Ctrl+P");
    await waitFor(() => expect(backend.asked("retry")).toEqual([{ id: late.id }]));
    press("ArrowDown");
    await screen.findByRole("log", { name: "Messages" });
    await within(screen.getByRole("log", { name: "Messages" })).findByText("api 1.42.0 is on staging");
    press("ArrowDown");
    await within(await screen.findByRole("log", { name: "Output" })).findByText(/Rolling out/);
    press("Enter");
    await screen.findByText(/Recorded as run/);
    press("Escape");
    await screen.findByRole("heading", { name: "Rooms and runs" });
  });
});
