/**
 * For layouts whose letters are not Latin: the Latin letters of the same keys. The
 * layout is learned from key presses; for text that was not typed here, the usual layouts are assumed.
 */

/** Keys by their `code`, with the Latin letter or sign at that place. */
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

/** The Latin letter, digit or sign at this place of the keyboard; `null` if there is none. */
export function latinOf(code: string): string | null {
  const letter = /^(?:Key|Digit)(.)$/.exec(code)?.[1];
  return letter?.toLowerCase() ?? SIGNS[code] ?? null;
}

export const isLatin = (text: string) => /\p{Script=Latin}/u.test(text);
const isLetter = (text: string) => /^\p{L}$/u.test(text);
/** True for characters that no Latin layout types: letters and marks of other scripts, and digits such as "۹". */
const isForeign = (text: string) => text > "\u007f" && /^[\p{L}\p{M}\p{Nd}]$/u.test(text) && !isLatin(text);

const rows = (foreign: string, latin: string): [string, string][] =>
  [...foreign].map((letter, place) => [letter, latin[place] ?? letter]);
// The rows of the Russian and of the Greek layout, and the signs that their keys type with Shift or as dead keys.
const USUAL = new Map([
  ...rows("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"),
  ...rows("іїєґ№", "s]'`#"),
  ...rows("ςερτυθιοπασδφγηξκλζχψωβνμ΄´¨", "wertyuiopasdfghjklzxcvbnm;;:"),
]);
/** Signs and the signs of the same keys with Shift. Letters are not listed. */
const SHIFTED = new Map(rows(",./;'[]`-=\\", '<>?:"{}~_+|'));

/** The letter or sign that the same key types with Shift. */
export const shifted = (sign: string) => SHIFTED.get(sign) ?? sign.toUpperCase();

type Press = Pick<KeyboardEvent, "key" | "code"> & { shiftKey?: boolean };

/** True for the characters of the "/" key in a Cyrillic layout. A Turkish one has its "." there, too. */
const isCyrillicSlash = ({ key, code }: Press, foreign: boolean) =>
  code === "Slash" && (key === "," || (key === "." && foreign));

export class Layout {
  private readonly letters = new Map<string, string>();
  /** Signs at keys that are letters in a Latin layout, such as `;` at Q. */
  private readonly signs = new Map<string, string>();
  /** True while non-Latin letters are typed. */
  private foreign = false;

  /** Learns from a press: its character and the place of its key. */
  learn({ key, code, shiftKey }: Press): void {
    const latin = latinOf(code);
    if (key.length !== 1 || latin === null) return;
    if (isLetter(key) && /^Key/.test(code)) this.foreign = !isLatin(key);
    if (isForeign(key)) {
      // If a letter has no capital, its key types another letter with Shift.
      const sign = shiftKey && key === key.toLowerCase() ? SHIFTED.get(latin) : undefined;
      this.letters.set(key.toLowerCase(), sign ?? latin);
    } else if (this.foreign && !shiftKey && !isLetter(key) && /^Key/.test(code)) this.signs.set(key, latin);
  }

  /** The Latin letter that a key stands for in a shortcut; `null` if it types a Latin letter itself. */
  latin({ key, code }: Press): string | null {
    if (key.length !== 1) return null;
    // In a Latin layout a key stands for the letter it types, wherever it is. The Turkish `ı` is in no shortcut.
    if (isCyrillicSlash({ key, code }, this.foreign)) return "/";
    const nonLatin = key > "\u007f" || (this.foreign && !isLetter(key) && /^Key/.test(code));
    return nonLatin ? latinOf(code) : null;
  }

  /** The text as the Latin letters of the keys that typed it; `null` if it is already Latin. */
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
