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

const LATIN = /\p{Script=Latin}/u;
const isLetter = (text: string) => /^\p{L}$/u.test(text);

const rows = (foreign: string, latin: string): [string, string][] =>
  [...foreign].map((letter, place) => [letter, latin[place] ?? letter]);
// The rows of the Russian and of the Greek layout.
const USUAL = new Map([
  ...rows("йцукенгшщзхъфывапролджэячсмитьбю", "qwertyuiop[]asdfghjkl;'zxcvbnm,."),
  ...rows("іїєґ", "s]'`"),
  ...rows("ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm"),
]);

type Press = Pick<KeyboardEvent, "key" | "code">;

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
  learn({ key, code }: Press): void {
    const latin = latinOf(code);
    if (key.length !== 1 || latin === null) return;
    if (isLetter(key)) {
      if (/^Key/.test(code)) this.foreign = !LATIN.test(key);
      if (!LATIN.test(key)) this.letters.set(key.toLowerCase(), latin);
    } else if (this.foreign && /^Key/.test(code)) this.signs.set(key, latin);
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
    const letters = [
      ...text
        .normalize("NFD")
        .replace(/\u0301/g, "")
        .normalize("NFC")
        .toLowerCase(),
    ];
    const read = letters.map((letter) => {
      const latin = this.letters.get(letter) ?? USUAL.get(letter);
      if (latin === undefined) return letter;
      changed = true;
      return latin;
    });
    if (!changed) return null;
    return read
      .map((letter, place) => (letters[place] === letter ? (this.signs.get(letter) ?? letter) : letter))
      .join("");
  }
}

/** The keyboard of this window. */
export const layout = new Layout();
