//! The frames that `hexyl` and its like draw around a dump: bars between its columns, of ASCII or not.

use super::cell::{cell, digits_of_bytes};

/// How many digits a number in a frame has at most.
const WIDEST: usize = 32;

/// The bars that may stand around an offset, as `hexyl` draws them.
const BARS: [char; 4] = ['|', '│', '┃', '║'];
/// How many digits an offset in bars has at least.
const OFFSET: usize = 4;
/// How many digits a row in bars has at least that has no offset: of four bytes.
const BYTES: usize = 8;

/// True for a character that draws a frame.
pub(super) fn is_frame(character: char) -> bool {
    matches!(character, '\u{2500}'..='\u{257f}')
}

/// True for a text with a dump in a frame.
pub(super) fn is_framed(text: &str) -> bool {
    has_frame(text, BYTES)
}

/// True where an offset stands in bars or, after a bar and a blank, bytes of at least so many digits.
pub(super) fn has_frame(text: &str, least: usize) -> bool {
    text.match_indices(BARS).any(|(at, bar)| {
        let rest = &text.as_bytes()[at + bar.len()..];
        let digits = rest.iter().take(WIDEST).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let is_offset = digits >= OFFSET && rest[digits..].starts_with(bar.as_bytes());
        is_offset || rest.strip_prefix(b" ").is_some_and(|row| digits_of_row(row, least) >= least)
    })
}

/// How many digits a row begins with that write bytes, as far as there are `enough`.
fn digits_of_row(row: &[u8], enough: usize) -> usize {
    let (mut at, mut digits) = (0, 0);
    while let Some(found) = cell(row, at).filter(|found| digits < enough && found.start - at <= 1) {
        let more = digits_of_bytes(&row[found.clone()]);
        if more == 0 {
            break;
        }
        digits += more;
        at = found.end;
    }
    digits
}

/// True for a text that ends with an offset that stands alone.
pub(super) fn ends_with_offset(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = bytes.iter().rev().take(WIDEST).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (before, offset) = bytes.split_at(bytes.len() - digits);
    digits >= OFFSET && offset.starts_with(b"0") && before.last().is_none_or(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use callboard_domain::secret::SecretString;

    use super::{super::Redactor, *};

    const SECRET: &str = "g1thub_pat-Zx9Kq2Lw8Rt5";

    /// How a dump in a frame is drawn: what stands around and in the middle of its columns, how many bytes stand together,
    /// whether an offset comes first, and how a byte is written.
    struct Drawn {
        bars: [char; 2],
        group: usize,
        has_offset: bool,
        byte: fn(u8) -> String,
    }

    impl Drawn {
        /// The rows of a text.
        fn rows(&self, text: &str) -> Vec<String> {
            let [bar, middle] = self.bars;
            let write = self.byte;
            let width = 8 * write(0).len() + 8 / self.group - 1;
            let panel = |bytes: &[u8]| {
                let groups =
                    bytes.chunks(self.group).map(|it| it.iter().map(|b| write(*b)).collect::<String>());
                format!(" {:<width$} ", groups.collect::<Vec<_>>().join(" "))
            };
            let row = |(number, bytes): (usize, &[u8])| {
                let (one, other) = bytes.split_at(bytes.len().min(8));
                let offset =
                    if self.has_offset { format!("{bar}{:08x}", number * 16) } else { String::new() };
                let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\n', "_");
                format!(
                    "{offset}{bar}{}{middle}{}{bar}{:<8}{middle}{:<8}{bar}",
                    panel(one),
                    panel(other),
                    shown(one),
                    shown(other)
                )
            };
            text.as_bytes().chunks(16).enumerate().map(row).collect()
        }
    }

    /// With positions and without, in groups, in base 2, after something else and as one line.
    #[test]
    fn secret_is_found_in_every_frame() {
        let redactor = Redactor::new(&[SecretString::from(SECRET)]);
        let hexadecimal: fn(u8) -> String = |byte| format!("{byte:02x}");
        let binary: fn(u8) -> String = |byte| format!("{byte:08b}");
        let joined: [fn(&[String]) -> String; 4] = [
            |rows| rows.join("\n"),
            |rows| rows.iter().map(|row| format!("> {row}\n")).collect(),
            |rows| rows.iter().map(|row| format!("2026-11-22T11:00:00.1Z {row}\n")).collect(),
            |rows| rows.join(" ").split_ascii_whitespace().collect::<Vec<_>>().join(" "),
        ];
        for bars in [['│', '┊'], ['|', '|'], ['┃', '│']] {
            for (group, byte) in
                [(1, hexadecimal), (2, hexadecimal), (4, hexadecimal), (8, hexadecimal), (1, binary)]
            {
                // Without offsets nothing divides one line into rows.
                let ways = joined
                    .map(|join| (true, join))
                    .into_iter()
                    .chain(joined[..3].iter().map(|join| (false, *join)));
                for (has_offset, join) in ways {
                    let drawn = Drawn { bars, group, has_offset, byte };
                    let text = |secret: &str| join(&drawn.rows(&format!("export KEY={secret}\n")));
                    let clean = redactor.text(&text(SECRET)).into_owned();
                    assert!(clean.contains("[REDACTED]"), "{clean}");
                    for piece in SECRET.as_bytes().windows(5) {
                        let shown = String::from_utf8_lossy(piece);
                        let bytes: String = piece.iter().map(|b| byte(*b)).collect();
                        let left: String = clean.chars().filter(char::is_ascii_alphanumeric).collect();
                        assert!(!clean.contains(&*shown) && !left.contains(&bytes), "{shown}: {clean}");
                    }
                    let other = text("g1thub_pat-Zx9Kq2Lw8Rt6");
                    assert_eq!(redactor.text(&other), other);
                }
            }
        }
    }

    #[test]
    fn tables_are_no_frames() {
        let cases = [
            ("│00000000│ 67", true),
            ("  |00000010| 67", true),
            ("> │00000000│ 67", true),
            ("┌──┐ │00000000│ 67", true),
            ("│ 67 68 70 5f ┊", true),
            ("│ 6768705f ┊", true),
            ("11:00:00 | 67 68 70 5f |", true),
            ("│ 67 68 70 ┊", false),
            ("| 67 | 68 | 70 | 5f |", false),
            ("| 2026 | 12.50 |", false),
            ("| 103 104 112 95 |", false),
            ("│00000000", false),
            ("| 0000 | 67 |", false),
            ("|103|104|", false),
            ("|00000000  67", false),
            ("│name│ kim", false),
            ("", false),
        ];
        for (line, expected) in cases {
            assert_eq!(is_framed(line), expected, "{line}");
        }
    }
}
