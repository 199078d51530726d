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

test.each([
  ["Disk is full", "storage", "ack Disk is full in storage"],
  ["HighCPU", "HighCPU", "ack HighCPU"],
  ["storage is full", "storage", "ack storage is full"],
  ["Disk is full", "", "ack Disk is full"],
])("a run's line shows the title of its alert: %s of %j", (title, service, read) => {
  const item = {
    key: "pager/incident/0f3a",
    title,
    url: null,
    detail: { kind: "incident" as const, ...INCIDENT, service },
  };
  const args = { values: {}, items: { alert: item }, pairs: [] as [string, string][] };
  expect(lineOf({ line: "ack 0f3a", args })).toBe(read);
  expect(lineOf({ line: "ack 0f3a", args: { ...args, items: {} } })).toBe("ack 0f3a");
  // Of an argument that takes several.
  const other = {
    ...item,
    key: "pager/incident/b2",
    title: "Fan is off",
    detail: { ...item.detail, service: "" },
  };
  const several = { ...args, more_items: { alert: [other] } };
  expect(lineOf({ line: "ack 0f3a b2", args: several })).toBe(`${read} Fan is off`);
});
