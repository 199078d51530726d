import { describe, expect, test } from "vitest";

import { presses } from "../keys";
import { Layout } from "../layout";

/** A layout that has learned from this typed text. */
function typedOn(...typed: [key: string, code: string][]): Layout {
  const layout = new Layout();
  for (const [key, code] of typed) layout.learn({ key, code });
  return layout;
}

describe("the Latin letters of typed text", () => {
  test.each<[text: string, latin: string | null]>([
    ["deploy", null],
    ["вуздщн", "deploy"],
    ["ВУЗДЩН", "deploy"],
    ["вуздщн api", "deploy api"],
    ["δεπλου", "deploy"],
    ["ωεβ", "veb"],
    ["wéb", null],
    ["größe", null],
    // A shifted sign is a sign of its own, and a sign that was typed directly stays.
    ["ьщтвфн 9Ж30", "monday 9:30"],
    ["ЬЩТВФН 9Ж30", "monday 9:30"],
    ["ьщтвфн 9:30", "monday 9:30"],
    ["25Ж00", "25:00"],
    ["25ж00", "25;00"],
    ["БЮХЪЭЁ", '<>{}"~'],
    ["№7", "#7"],
    // Greek has dead keys there, which appear as characters before a digit.
    ["μονδαυ 9¨30", "monday 9:30"],
    ["μονδαυ 9΄30", "monday 9;30"],
    ["", null],
    ["482", null],
    ["9:30", null],
  ])("%s: %s", (text, latin) => {
    expect(new Layout().reading(text)).toBe(latin);
  });

  test("are those of the layout that is used, not of the usual one", () => {
    // A phonetic layout has its letters at the Latin letters that sound alike.
    const phonetic = typedOn(["д", "KeyD"], ["е", "KeyE"], ["п", "KeyP"]);
    expect(phonetic.reading("деп")).toBe("dep");
    expect(typedOn(["ε", "KeyE"], [";", "KeyQ"]).reading(";υευε")).toBe("qyeye");
    // Digits of another script, and letters at the digit keys of a Latin layout.
    expect(typedOn(["੨", "Digit2"], ["ๅ", "Digit1"]).reading("੨ๅ")).toBe("21");
    expect(typedOn(["۹", "Digit9"], ["۰", "Digit0"]).reading("۹:۰۰")).toBe("9:00");
  });

  test("distinguish a shifted sign from a letter", () => {
    const greek = new Layout();
    greek.learn({ key: "ε", code: "KeyE" });
    greek.learn({ key: ":", code: "KeyQ", shiftKey: true });
    expect(greek.reading("υευε 9:30")).toBe("yeye 9:30");
    const uncased = new Layout();
    uncased.learn({ key: "ซ", code: "Semicolon", shiftKey: true });
    uncased.learn({ key: "ว", code: "Semicolon", shiftKey: false });
    expect(uncased.reading("9ซ30ว")).toBe("9:30;");
  });
});

describe("a shortcut under another layout", () => {
  const press = (key: string, code: string, held: Partial<KeyboardEventInit> = { ctrlKey: true }) =>
    new KeyboardEvent("keydown", { key, code, ...held });
  const russian = () => typedOn(["в", "KeyD"]);
  const greek = () => typedOn(["δ", "KeyD"]);
  test.each<[layout: Layout, event: KeyboardEvent, presses: string[]]>([
    [russian(), press("л", "KeyK"), ["Ctrl+Л", "Ctrl+K"]],
    [russian(), press("Л", "KeyK", { ctrlKey: true, shiftKey: true }), ["Ctrl+Shift+Л", "Ctrl+Shift+K"]],
    [russian(), press("о", "KeyJ", {}), ["о", "j"]],
    [russian(), press("у", "KeyE", {}), ["у", "e"]],
    [russian(), press("У", "KeyE", { shiftKey: true }), ["У", "E"]],
    [greek(), press("Ν", "KeyN", { shiftKey: true }), ["Ν", "N"]],
    [russian(), press("Ж", "Semicolon", { shiftKey: true }), ["Ж", ":"]],
    [new Layout(), press("؟", "Slash", { shiftKey: true }), ["؟", "?"]],
    [russian(), press("б", "Comma"), ["Ctrl+Б", "Ctrl+,"]],
    // On the first press.
    [new Layout(), press("л", "KeyK"), ["Ctrl+Л", "Ctrl+K"]],
    // "?" and "/" are found by place, whatever their key types.
    [new Layout(), press(",", "Slash", { shiftKey: true }), ["?", ","]],
    [russian(), press(",", "Slash", { shiftKey: true }), ["?", ","]],
    [russian(), press(".", "Slash", {}), ["/", "."]],
    [russian(), press(".", "Slash"), ["Ctrl+/", "Ctrl+."]],
    [russian(), press("ю", "Period"), ["Ctrl+Ю", "Ctrl+."]],
    [greek(), press("?", "Slash", { shiftKey: true }), ["?"]],
    // A Turkish layout has its "." there.
    [new Layout(), press(".", "Slash"), ["Ctrl+."]],
    [greek(), press(";", "KeyQ"), ["Ctrl+;", "Ctrl+Q"]],
    [greek(), press("Enter", "Enter"), ["Ctrl+Enter"]],
    // Dvorak, AZERTY, QWERTZ, Turkish: in a Latin layout a key stands for the letter it types.
    [new Layout(), press("'", "KeyQ"), ["Ctrl+'"]],
    [new Layout(), press("a", "KeyQ"), ["Ctrl+A"]],
    [typedOn(["д", "KeyL"], ["l", "KeyL"]), press("'", "KeyQ"), ["Ctrl+'"]],
    [new Layout(), press("ı", "KeyI"), ["Ctrl+I", "Ctrl+I"]],
    [new Layout(), press("É", "Slash", { shiftKey: true }), ["É", "/"]],
  ])("%#: presses", (layout, event, expected) => {
    expect(presses(event, layout, false)).toEqual(expected);
  });
});
