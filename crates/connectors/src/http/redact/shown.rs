//! A text as a person sees it in a terminal: overstruck (`x\bx`, as man pages have it), taken back and written over (`\b`, `\r`, moves
//! of the cursor, what is erased), and with letters of other scripts that look like those of ASCII.
//!
//! Each line is a row of cells of one column each, of whatever width a terminal has. What is moved to another line begins a row of
//! its own: what stands there already is not known.

use std::collections::BTreeMap;

use super::view::{CSI, Place, Places, View, first_char, folded, terminal};

const BACKSPACE: u8 = 0x08;
const ESCAPE: u8 = 0x1b;

/// What is seen of a text.
pub(super) struct Shown<P> {
    pub(super) whole: View<P>,
    /// How many of its bytes stand before the cursor, without the character that was written last: one at the end may be written
    /// over.
    before_cursor: usize,
}

/// True where what is shown may be something else than what is written.
pub(super) fn differs(all: &[u8]) -> bool {
    let mut at = 0;
    while at < all.len() {
        let rest = &all[at..];
        at += match rest {
            [BACKSPACE, ..] => return true,
            [b'\r', next, ..] if *next != b'\n' => return true,
            [0xcd..=0xd4 | 0xe2, ..] if first_char(rest).and_then(similar).is_some() => return true,
            _ if rest[0] == ESCAPE || rest.starts_with(&CSI) => match terminal(rest) {
                Some(length) if moves(&rest[..length]) => return true,
                length => length.unwrap_or(1),
            },
            _ => 1,
        };
    }
    false
}

/// True where the decoded strings of a JSON text may show something else than what is written.
pub(super) fn may_be_in_json(json: &str) -> bool {
    // Control characters have several ways to be written; most services write `<` as `\u003c`, too.
    ["\\b", "\\u000", "\\u001", "\\u009"].iter().any(|escape| json.contains(escape))
        || json.match_indices("\\r").any(|(at, it)| !json[at + it.len()..].starts_with("\\n"))
}

/// True for a sequence that moves the cursor or erases what stands there.
fn moves(sequence: &[u8]) -> bool {
    match sequence {
        [ESCAPE, b'7' | b'8'] => true,
        [ESCAPE, b'[', .., last] | [0xc2, 0x9b, .., last] => b"ABCDEFGHJKX`adefsu".contains(last),
        _ => false,
    }
}

impl<P: Places> Shown<P> {
    pub(super) fn of(all: &[u8], place: impl Fn(usize) -> Place) -> Self {
        let mut view = View::with_capacity(all.len());
        let (mut row, mut at, mut is_written) = (Row::default(), 0, false);
        while at < all.len() {
            let (rest, column) = (&all[at..], row.column);
            let mut writes = false;
            at += match rest[0] {
                b'\n' => {
                    row.show(all, &place, &mut view);
                    row = Row::default();
                    1
                }
                b'\r' => row.move_to(0),
                BACKSPACE => row.move_to(column.saturating_sub(1)),
                b'\t' => row.move_to((column | 7).saturating_add(1)),
                byte if byte == b' ' || byte.is_ascii_graphic() => {
                    writes = true;
                    row.write(at, 1)
                }
                _ => match (terminal(rest), first_char(rest)) {
                    (Some(length), _) => {
                        if row.obey(&rest[..length]) {
                            row.show(all, &place, &mut view);
                            row.cells.clear();
                        }
                        length
                    }
                    (None, Some(character)) if has_width(character) => {
                        writes = true;
                        row.write(at, character.len_utf8())
                    }
                    (None, character) => character.map_or(1, char::len_utf8),
                },
            };
            // Colours, or a sequence that is cut, leave it where it is.
            is_written = writes || is_written && row.column == column;
        }
        let end = row.column.saturating_sub(u32::from(is_written));
        let after = row.cells.split_off(&end);
        row.show(all, &place, &mut view);
        let before_cursor = view.bytes.len();
        row.cells = after;
        row.show(all, &place, &mut view);
        Self { whole: view, before_cursor }
    }

    /// What stands before the cursor, and is not written over by what may come next.
    pub(super) fn before_cursor(&self) -> View<P> {
        self.whole.first(self.before_cursor)
    }
}

/// The line that the cursor stands in.
#[derive(Default)]
struct Row {
    /// By their columns: a move may leave any number of them out.
    cells: BTreeMap<u32, Cell>,
    column: u32,
    saved: u32,
}

/// Where a character stands in the text.
struct Cell {
    /// With those that it was struck over: `x\bx`.
    from: usize,
    start: usize,
    end: usize,
}

impl Row {
    /// The length of what moves so.
    fn move_to(&mut self, column: u32) -> usize {
        self.column = column;
        1
    }

    /// Writes the character of that length, which is returned.
    fn write(&mut self, start: usize, length: usize) -> usize {
        // Nothing but a backspace stands between.
        let struck = self.cells.get(&self.column).filter(|cell| cell.end + 1 == start);
        let from = struck.map_or(start, |cell| cell.from);
        self.cells.insert(self.column, Cell { from, start, end: start + length });
        self.column = self.column.saturating_add(1);
        length
    }

    /// Does what a sequence for a terminal asks for (ECMA-48); true where the cursor leaves the line.
    fn obey(&mut self, sequence: &[u8]) -> bool {
        let (parameters, last) = match sequence {
            [ESCAPE, last @ (b'7' | b'8')] => (&sequence[..0], if *last == b'7' { b's' } else { b'u' }),
            [ESCAPE, b'[', parameters @ .., last] | [0xc2, 0x9b, parameters @ .., last] => {
                (parameters, *last)
            }
            _ => return false,
        };
        let parameter = |at: usize| {
            let digits = parameters.split(|byte| *byte == b';').nth(at)?;
            std::str::from_utf8(digits).ok()?.parse::<u32>().ok()
        };
        let mode = parameter(0).unwrap_or(0);
        let count = mode.max(1);
        match last {
            b'C' | b'a' => self.column = self.column.saturating_add(count),
            b'D' => self.column = self.column.saturating_sub(count),
            b'G' | b'`' => self.column = count - 1,
            b's' => self.saved = self.column,
            b'u' => self.column = self.saved,
            b'J' | b'K' => self.erase(mode),
            b'X' => {
                let range = self.column..self.column.saturating_add(count);
                let erased: Vec<u32> = self.cells.range(range).map(|(column, _)| *column).collect();
                for column in erased {
                    self.cells.remove(&column);
                }
            }
            b'A' | b'B' | b'd' | b'e' => return true,
            b'E' | b'F' => {
                self.column = 0;
                return true;
            }
            b'H' | b'f' => {
                self.column = parameter(1).unwrap_or(1).max(1) - 1;
                return true;
            }
            _ => {}
        }
        false
    }

    /// Erases the line from the cursor on (0), up to it (1), or whole.
    fn erase(&mut self, mode: u32) {
        let cursor = self.column;
        match mode {
            0 => {
                while self.cells.last_key_value().is_some_and(|(column, _)| *column >= cursor) {
                    self.cells.pop_last();
                }
            }
            1 => {
                while self.cells.first_key_value().is_some_and(|(column, _)| *column <= cursor) {
                    self.cells.pop_first();
                }
            }
            _ => self.cells.clear(),
        }
    }

    /// Adds what is seen of the line to a view.
    fn show<P: Places>(&self, all: &[u8], place: &impl Fn(usize) -> Place, view: &mut View<P>) {
        for cell in self.cells.values() {
            let whole = (place(cell.from).0, place(cell.end - 1).1);
            match &all[cell.start..cell.end] {
                [byte] if byte.is_ascii_graphic() => view.push(*byte, whole),
                [_] => {}
                character => {
                    let character = first_char(character);
                    if let Some(byte) = character.and_then(similar) {
                        view.push(byte, whole);
                    } else if let Some(plain) = character.and_then(folded) {
                        for byte in plain.bytes().filter(u8::is_ascii_graphic) {
                            view.push(byte, whole);
                        }
                    }
                }
            }
        }
    }
}

/// False for what takes no column: accents that join the letter before them, marks of direction and joins, control characters.
fn has_width(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The character of ASCII that a letter of Cyrillic or Greek, or a dash, looks like (after Unicode's confusables,
/// <https://www.unicode.org/Public/security/latest/confusables.txt>, of which the skeletons join letters of ASCII, too: `0` and `O`).
fn similar(character: char) -> Option<u8> {
    Some(match character {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => b'-',
        '\u{417}' | '\u{437}' => b'3',
        '\u{431}' => b'6',
        '\u{410}' | '\u{391}' => b'A',
        '\u{412}' | '\u{392}' => b'B',
        '\u{421}' | '\u{3f9}' => b'C',
        '\u{415}' | '\u{395}' => b'E',
        '\u{50c}' => b'G',
        '\u{41d}' | '\u{397}' => b'H',
        '\u{406}' | '\u{4c0}' | '\u{399}' => b'I',
        '\u{408}' | '\u{37f}' => b'J',
        '\u{41a}' | '\u{39a}' => b'K',
        '\u{41c}' | '\u{39c}' => b'M',
        '\u{39d}' => b'N',
        '\u{41e}' | '\u{39f}' => b'O',
        '\u{420}' | '\u{3a1}' => b'P',
        '\u{51a}' => b'Q',
        '\u{405}' => b'S',
        '\u{422}' | '\u{3a4}' => b'T',
        '\u{474}' => b'V',
        '\u{51c}' => b'W',
        '\u{425}' | '\u{3a7}' => b'X',
        '\u{423}' | '\u{4ae}' | '\u{3a5}' => b'Y',
        '\u{396}' => b'Z',
        '\u{430}' | '\u{3b1}' => b'a',
        '\u{42c}' | '\u{432}' | '\u{44c}' => b'b',
        '\u{441}' | '\u{3f2}' => b'c',
        '\u{501}' => b'd',
        '\u{435}' => b'e',
        '\u{43d}' | '\u{4ba}' | '\u{4bb}' => b'h',
        '\u{456}' | '\u{3b9}' => b'i',
        '\u{458}' | '\u{3f3}' => b'j',
        '\u{43a}' | '\u{3ba}' => b'k',
        '\u{4cf}' => b'l',
        '\u{43c}' => b'm',
        '\u{43f}' | '\u{3b7}' => b'n',
        '\u{43e}' | '\u{3bf}' => b'o',
        '\u{440}' | '\u{3c1}' => b'p',
        '\u{51b}' => b'q',
        '\u{433}' => b'r',
        '\u{455}' => b's',
        '\u{442}' | '\u{3c4}' => b't',
        '\u{3c5}' => b'u',
        '\u{475}' | '\u{3bd}' => b'v',
        '\u{51d}' | '\u{3c9}' => b'w',
        '\u{445}' | '\u{3c7}' => b'x',
        '\u{443}' | '\u{4af}' | '\u{3b3}' => b'y',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use callboard_domain::secret::SecretString;
    use serde_json::json;

    use super::{super::Redactor, *};

    const SECRET: &str = "xoxb-1234567890-abcdefghijkl";

    fn redactor(secret: &str) -> Redactor {
        Redactor::new(&[SecretString::from(secret)])
    }

    /// A text -> what is seen of it, without blanks.
    #[test]
    fn lines_are_shown_as_in_a_terminal() {
        let cases = [
            ("a\x08ab\x08b", "ab"),
            ("_\x08a_\x08b", "ab"),
            ("abZZ\x08\x08cd", "abcd"),
            ("\x08\x08ab", "ab"),
            ("abZZ\x1b[2Dcd", "abcd"),
            ("abZZ\u{9b}2Dcd", "abcd"),
            ("ZbZ\r\x1b[1Cb\rac\x1b[Kd", "acd"),
            ("a  d\x1b[2Gb\x1b[3`c", "abcd"),
            ("a\x1b[sZZ\x1b[ubc", "abc"),
            ("a\x1b7ZZ\x1b8bc", "abc"),
            ("abZZZZ\x1b[3G\x1b[K", "ab"),
            ("ZZab\x1b[2G\x1b[1K", "ab"),
            ("ZZZZ\x1b[2K\rab", "ab"),
            ("abZZcd\x1b[3G\x1b[2X", "abcd"),
            ("AAcd\rab", "abcd"),
            ("AAcd\r\nab", "AAcdab"),
            ("AAcd\r", "AAcd"),
            ("ZZZZZZZZ\tc\rab      ", "abc"),
            // What is above is not known.
            ("ab\x1b[Acd", "abcd"),
            ("ZZ\x1b[H\x1b[2Jab", "ZZab"),
            ("a\x1b[4294967000Cb\x1b[99999999999Cc", "abc"),
            ("a\u{301}\x08b\u{200b}", "b"),
            ("\u{445}\u{43e}\u{445}b\u{2013}1", "xoxb-1"),
            ("\x1b[31ma\x1b[0m\x1b]0;t\x07b", "ab"),
            ("ab\x1b[", "ab"),
            ("", ""),
        ];
        for (text, expected) in cases {
            let shown = Shown::<()>::of(text.as_bytes(), |_| (0, 0)).whole.bytes;
            assert_eq!(String::from_utf8_lossy(&shown), expected, "{text:?}");
        }
    }

    #[test]
    fn ordinary_texts_are_shown_as_they_are_written() {
        let cases = [
            ("one\r\ntwo\r\n", false),
            ("done\r", false),
            ("\x1b[31mred\x1b[0m \x1b]0;title\x07", false),
            ("\u{65e5}\u{672c} caf\u{e9}", false),
            ("10%\r20%", true),
            ("a\x08b", true),
            ("\x1b[2K", true),
            ("\u{43e}", true),
        ];
        for (text, expected) in cases {
            assert_eq!(differs(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_in_json_that_may_be_shown_otherwise_are_seen() {
        let cases = [
            (r#"{"log":"a\b"}"#, true),
            (r#"{"log":"10%\r20%"}"#, true),
            (r#"{"log":"\u001b[2K"}"#, true),
            (r#"{"log":"a\u000Db"}"#, true),
            (r#"{"log":"a\r\nb\n"}"#, false),
            (r#"{"log":"\u003cp\u003e"}"#, false),
            ("", false),
        ];
        for (json, expected) in cases {
            assert_eq!(may_be_in_json(json), expected, "{json}");
        }
    }

    /// Ways to show the secret, each with how many bytes of the text may be left beside the mask.
    fn shown_otherwise() -> Vec<(String, usize)> {
        let each = |write: fn(char) -> String| SECRET.chars().map(write).collect::<String>();
        vec![
            (each(|c| format!("{c}\x08{c}")), 0),
            (each(|c| format!("{c}\x08{c}\x08{c}")), 0),
            (each(|c| format!("_\x08{c}")), 0),
            (each(|c| format!("?\x1b[D{c}")), 4),
            ("\u{445}\u{43e}\u{445}b-1234567890-abcdefghijkl".to_owned(), 0),
            ("\u{3c7}\u{3bf}\u{3c7}b\u{2212}1234567890\u{2013}abcdefghijkl".to_owned(), 0),
            ("xoxb-1XX\x08\x08234567890-abcdefghijkl".to_owned(), 0),
            ("xoxb-1ZZ\x1b[2D234567890-abcdefghijkl".to_owned(), 0),
            ("xoxb-1ZZ\x1b[2D\x1b[K234567890-abcdefghijkl".to_owned(), 0),
        ]
    }

    #[test]
    fn secret_that_is_shown_otherwise_is_masked() {
        for (text, most) in shown_otherwise() {
            for (before, after) in [("token: ", " is it"), ("", ""), ("\r 10%\r 20%\n", "\n")] {
                let clean = redactor(SECRET).text(&format!("{before}{text}{after}")).into_owned();
                let left = clean.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                let left = left.and_then(|left| left.strip_suffix("[REDACTED]"));
                assert!(left.is_some_and(|left| left.len() <= most), "{text:?}: {clean:?}");
            }
            let body = json!({ "log": format!("a\n{text}\n") }).to_string();
            assert!(redactor(SECRET).body(&body).contains("[REDACTED]"), "{body}");
        }
    }

    /// What is written over a line stands after the rest of the secret: all between is masked.
    #[test]
    fn line_that_is_written_over_is_masked() {
        let cases = [
            ("AAAA-1234567890-abcdefghijkl\rxoxb\nb", "AAAA[REDACTED]\nb"),
            ("AoAb-1234567890-abcdefghijkl\rx\x1b[1Cx", "A[REDACTED]"),
            ("a\n    -1234567890-abcdefghijkl\x1b[Gxoxb", "a\n    [REDACTED]"),
        ];
        for (text, expected) in cases {
            assert_eq!(redactor(SECRET).text(text), expected, "{text:?}");
        }
        let body = json!({ "log": cases[0].0 }).to_string();
        let expected = json!({ "log": cases[0].1 }).to_string();
        assert_eq!(redactor(SECRET).body(&body), expected);
    }

    #[test]
    fn progress_without_a_secret_is_left_alone() {
        for text in [
            "\r 10%\r 20%\r100%\n",
            "a 1/3\x08\x08\x082/3\x1b[K\n",
            "N\x08NA\x08AM\x08ME\x08E\n",
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \u{2013} \u{43d}\u{435}\u{442}",
            "xoxb-1234567890\rdone           ",
        ] {
            assert_eq!(redactor(SECRET).text(text), text);
            let mut parts = redactor(SECRET).parts();
            assert_eq!(parts.next(text, true) + &parts.next("", false), text);
        }
    }

    /// A bar is passed on at once: it is no beginning of a secret.
    #[test]
    fn progress_is_not_held_back() {
        let mut parts = redactor(SECRET).parts();
        for part in ["\r 10%", "\r 20%", "\r\x1b[K", "100%\x08"] {
            assert_eq!(parts.next(part, true), part);
        }
    }

    /// Of a secret that is cut wherever it may be, no more is passed on than what comes before its fourth character, or before what
    /// takes something back.
    #[test]
    fn secret_that_is_shown_otherwise_is_found_wherever_it_is_cut() {
        let redactor = redactor(SECRET);
        for (form, _) in shown_otherwise() {
            let text = format!("+ login {form}\ndone\n");
            for cut in (1..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                let mut parts = redactor.parts();
                let out = [parts.next(&text[..cut], true), parts.next(&text[cut..], false)].concat();
                let (passed, rest) = out.split_once("[REDACTED]").unwrap_or((out.as_str(), ""));
                assert!(passed.starts_with("+ login "), "{form:?} at {cut}: {out:?}");
                assert!(!passed.contains("2345") && rest == "\ndone\n", "{form:?} at {cut}: {out:?}");
                assert!(passed.len() <= "+ login ".len() + 4 * 5 + 4, "{form:?} at {cut}: {out:?}");
            }
        }
    }

    /// What came before is written over later: the end of the secret was passed on, the beginning is not.
    #[test]
    fn what_writes_over_an_earlier_part_is_masked() {
        let mut parts = redactor(SECRET).parts();
        assert_eq!(parts.next("AAAA-1234567890-abcdefghijkl", true), "AAAA-1234567890-abcdefghijkl");
        assert_eq!(parts.next("\rxoxb\nb", false), "[REDACTED]\nb");
        let mut parts = redactor(SECRET).parts();
        assert_eq!(parts.next("AAAA-1234567890-abcdefghijkl\rxoxb", true), "AAAA");
        assert_eq!(parts.next("\nb", false), "[REDACTED]\nb");
    }

    /// A secret may have such letters itself.
    #[test]
    fn secret_with_similar_letters_is_found() {
        let secret = "\u{43a}od-\u{43f}a\u{440}-Zx81-7766";
        for text in [secret.to_owned(), "kod-nap-Zx81-7766".to_owned(), format!("{secret}X\x08 ")] {
            let clean = redactor(secret).text(&text).into_owned();
            assert!(clean.starts_with("[REDACTED]"), "{text:?}: {clean:?}");
        }
    }

    /// Each cell is written once and erased once, however far the cursor moves.
    #[test]
    fn long_moves_take_no_room() {
        let text = "x\x1b[4000000000G\x1b[1K\x1b[K\r".repeat(2_000);
        let shown = Shown::<()>::of(text.as_bytes(), |_| (0, 0));
        assert!(shown.whole.bytes.len() <= 1, "{}", shown.whole.bytes.len());
        assert_eq!(redactor(SECRET).text(&text), text);
    }
}
