import { expect, test } from "vitest";

import type { Actor } from "../../api";
import { askedText } from "../actor";

const ana: Actor["principal"] = { kind: "person", id: "ana" };
const local: Actor["principal"] = { kind: "unlisted", account: null, id: "1000", name: "bo" };
const assistant: Actor["principal"] = { kind: "program", name: "helper" };

test.each<[actor: Actor | null | undefined, expected: string]>([
  [{ principal: ana, via: { kind: "launcher" } }, "by ana in the launcher"],
  [{ principal: local, via: { kind: "cli" } }, "by bo on the command line"],
  [{ principal: local, via: { kind: "tray" } }, "by bo in the tray's menu"],
  [{ principal: assistant, via: { kind: "mcp", client: "editor" } }, "by helper through editor"],
  [
    { principal: ana, via: { kind: "chat", account: "chat", channel: "#ops", message: "1" } },
    "by ana in chat:#ops",
  ],
  [{ principal: { kind: "unreadable" }, via: { kind: "unreadable" } }, "not known: its record is damaged"],
  [null, "not known: an older version recorded it"],
  [undefined, "not known: an older version recorded it"],
])("the text of actor %#: %s", (actor, expected) => {
  expect(askedText(actor)).toBe(expected);
});
