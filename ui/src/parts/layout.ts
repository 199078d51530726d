/**
 * What was meant with the keys of a layout whose letters are not Latin ones: the Latin letters of the same keys. The
 * layout is learned from the presses themselves; for text that was not typed here, the usual layouts are taken.
 */

/** Keys by their place, with the Latin letter or sign that stands there. */
const SIGNS: Record<string, string> = {
  Comma: ",",
  Period: ".",
  Slash: "/",
  Semicolon: ";",
  Quote: "'",
  BracketLeft: "[",
  BracketRight: "]",
  Backquote: "`",
  Minus: "-",
  Equal: "=",
  Backslash: "\\",
};

/** The Latin letter, digit or sign at this place of the keyboard; `null` where there is none. */
export function latinOf(code: string): string | null {
  const letter = /^(?:Key|Digit)(.)$/.exec(code)?.[1];
  return letter?.toLowerCase() ?? SIGNS[code] ?? null;
}

export const isLatin = (text: string) => /\p{Script=Latin}/u.test(text);
const isLetter = (text: string) => /^\p{L}$/u.test(text);
/** What no key of a Latin layout types: letters and marks of other scripts, and digits such as "۹". */
const isForeign = (text: string) => text > "\u007f" && /^[\p{L}\p{M}\p{Nd}]$/u.test(text) && !isLatin(text);

const rows = (foreign: string, latin: string): [string, string][] =>
  [...foreign].map((letter, place) => [letter, latin[place] ?? letter]);
// The rows of the Russian and of the Greek layout, and what their keys of signs type with Shift or before a sign.
const USUAL = new Map([
  ...rows("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"),
  ...rows("іїєґ№", "s]'`#"),
  ...rows("ςερτυθιοπασδφγηξκλζχψωβνμ΄´¨", "wertyuiopasdfghjklzxcvbnm;;:"),
]);
/** The signs that have another with Shift, and those. A letter with Shift is a letter still. */
const SHIFTED = new Map(rows(",./;'[]`-=\\", '<>?:"{}~_+|'));

/** What the key of a letter or sign types with Shift. */
export const shifted = (sign: string) => SHIFTED.get(sign) ?? sign.toUpperCase();

type Press = Pick<KeyboardEvent, "key" | "code"> & { shiftKey?: boolean };

/** True for what the key of "/" and "?" types under a Cyrillic layout. A Turkish one has its "." there, too. */
const isCyrillicSlash = ({ key, code }: Press, foreign: boolean) =>
  code === "Slash" && (key === "," || (key === "." && foreign));

export class Layout {
  private readonly letters = new Map<string, string>();
  /** Signs that stand where a Latin layout has letters, such as `;` at Q. */
  private readonly signs = new Map<string, string>();
  /** True while the letters that are typed are not Latin ones. */
  private foreign = false;

  /** A press: what it types, and where the key is. */
  learn({ key, code, shiftKey }: Press): void {
    const latin = latinOf(code);
    if (key.length !== 1 || latin === null) return;
    if (isLetter(key) && /^Key/.test(code)) this.foreign = !isLatin(key);
    if (isForeign(key)) {
      // Where a letter has no capital, its key types another one with Shift.
      const sign = shiftKey && key === key.toLowerCase() ? SHIFTED.get(latin) : undefined;
      this.letters.set(key.toLowerCase(), sign ?? latin);
    } else if (this.foreign && !shiftKey && !isLetter(key) && /^Key/.test(code)) this.signs.set(key, latin);
  }

  /** The Latin letter that a key stands for in a shortcut, where what it types is none. */
  latin({ key, code }: Press): string | null {
    if (key.length !== 1) return null;
    // A Latin layout's keys are what they say, wherever they are. `ı` of a Turkish one is no part of a shortcut.
    if (isCyrillicSlash({ key, code }, this.foreign)) return "/";
    const strange = key > "\u007f" || (this.foreign && !isLetter(key) && /^Key/.test(code));
    return strange ? latinOf(code) : null;
  }

  /** The text as the Latin letters of the keys that typed it; `null` where it is Latin as it is. */
  reading(text: string): string | null {
    let changed = false;
    const typed = [
      ...text
        .normalize("NFD")
        .replace(/\u0301/g, "")
        .normalize("NFC"),
    ];
    const read = typed.map((each) => {
      const letter = each.toLowerCase();
      const latin = this.letters.get(letter) ?? USUAL.get(letter);
      if (latin === undefined) return letter;
      changed = true;
      // A capital was typed with Shift: "Ж" is at ":", and "ж" at ";".
      return letter === each ? latin : (SHIFTED.get(latin) ?? latin);
    });
    if (!changed) return null;
    return read
      .map((letter, place) =>
        typed[place]?.toLowerCase() === letter ? (this.signs.get(letter) ?? letter) : letter,
      )
      .join("");
  }
}

/** The keyboard of this window. */
export const layout = new Layout();
