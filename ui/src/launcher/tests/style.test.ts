/** Rules of the styles, read as text: jsdom lays nothing out. */

import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

/** The declarations of a selector that stands alone. */
const rule = (file: string, selector: string) =>
  new RegExp(`\\n *${selector.replaceAll(".", "\\.")} \\{([^}]*)\\}`).exec(
    readFileSync(`src/launcher/${file}`, "utf8"),
  )?.[1] ?? "";

// What will be sent is read whole in its pane; lists, panes and logs scroll.
test.each<[file: string, selector: string, scrolls: boolean]>([
  ["launcher.css", ".pane", true],
  ["launcher.css", ".log-lines", true],
  ["List.svelte", ".list", true],
  ["Chips.svelte", ".chips", true],
  ["launcher.css", ".code", false],
  ["WillRun.svelte", "li", false],
  ["WillRun.svelte", "del", false],
])("%s: %s scrolls by itself: %s", (file, selector, scrolls) => {
  expect(rule(file, selector)).not.toBe("");
  expect(/(overflow|max-height): /.test(rule(file, selector))).toBe(scrolls);
});

// Text from right to left is cut at its end, too.
test.each([
  ["launcher.css", ".level"],
  ["LineView.svelte", ".turn"],
  ["Chips.svelte", ".value"],
])("%s: %s is cut at the end of its own direction", (file, selector) => {
  const cut = rule(file, selector);
  for (const has of ["unicode-bidi: plaintext", "text-align: start", "text-overflow: ellipsis"])
    expect(cut).toContain(has);
});

// A name within a sentence, and a service's text, go by their own direction.
test.each([
  ["../base.css", "code", "isolate"],
  ["../settings/settings.css", ".two > span", "plaintext"],
])("%s: %s goes by its own direction", (file, selector, has) => {
  expect(rule(file, selector)).toContain(`unicode-bidi: ${has}`);
});

// Text that does not fit wraps, or ends with an ellipsis.
test.each<[file: string, selector: string, has: string]>([
  ["Chips.svelte", ".chips", "flex-wrap: wrap"],
  ["Chips.svelte", ".value", "text-overflow: ellipsis"],
  // The name gives way before what is typed beside it.
  ["Chips.svelte", ".value", "flex: 0 999 auto"],
  ["Chips.svelte", ".grow", "flex: 0 1 auto"],
  ["Frame.svelte", "header", "min-height: var(--field-height)"],
  ["Footer.svelte", ".cut", "text-overflow: ellipsis"],
  ["LineView.svelte", ".two .right", "max-width: none"],
  // What is not delivered is said whole; the account in trouble beside it gives way.
  ["Footer.svelte", "button.whole", "flex: none"],
  // What is hidden could still be scrolled to, by the focus or by `scrollIntoView`.
  ["../base.css", "html", "overflow: hidden"],
  ["../base.css", "body", "overflow: clip"],
  ["../base.css", "body", "position: relative"],
  ["App.svelte", ".window", "overflow: clip"],
])("%s: %s has %s", (file, selector, has) => {
  expect(rule(file, selector)).toContain(has);
});
