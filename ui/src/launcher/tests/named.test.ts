import { expect, test } from "vitest";

import { INCIDENT } from "../../fake/items";
import { lineOf, namedLine } from "../named";

test.each([
  ["ack 0f3a", "ack Disk is full in storage"],
  ["silence 0f3a for 2h 0f3ab", "silence Disk is full in storage for 2h 0f3ab"],
  ["ack toString", "ack toString"],
  ["", ""],
])("%s is read as %s", (line, read) => {
  expect(namedLine(line, { "0f3a": "Disk is full in storage" })).toBe(read);
});

test("a run's line shows the title of its alert", () => {
  const item = {
    key: "pager/incident/0f3a",
    title: "Disk is full",
    url: null,
    detail: { kind: "incident" as const, ...INCIDENT, service: "storage" },
  };
  const args = { values: {}, items: { alert: item }, pairs: [] as [string, string][] };
  expect(lineOf({ line: "ack 0f3a", args })).toBe("ack Disk is full in storage");
  expect(lineOf({ line: "ack 0f3a", args: { ...args, items: {} } })).toBe("ack 0f3a");
});
