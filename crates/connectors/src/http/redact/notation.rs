//! The notations in which tools write bytes as numbers: of base 2, 8, 10 or 16, as single bytes or as words.

use std::ops::Range;

use super::cell::{cell, token};

/// Which byte of a word comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

/// How bytes are written as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    /// Digits in the order of the bytes.
    Hexadecimal,
    /// Words, of which the lowest byte is written last and comes first.
    Swapped,
    /// Of which the number of digits says how many bytes they are.
    Octal(Order),
    /// Words of so many bytes.
    Decimal(usize, Order),
    Binary,
    /// The bytes' characters, apart: `od -c`, `od -a`.
    Characters,
}

/// All of them. Of a single byte the order does not matter.
pub(super) const NOTATIONS: [Notation; 13] = [
    Notation::Hexadecimal,
    Notation::Swapped,
    Notation::Octal(Order::Little),
    Notation::Octal(Order::Big),
    Notation::Decimal(1, Order::Little),
    Notation::Decimal(2, Order::Little),
    Notation::Decimal(2, Order::Big),
    Notation::Decimal(4, Order::Little),
    Notation::Decimal(4, Order::Big),
    Notation::Decimal(8, Order::Little),
    Notation::Decimal(8, Order::Big),
    Notation::Binary,
    Notation::Characters,
];

/// A line of a dump, divided into its numbers once for all notations.
pub(super) struct Line<'a> {
    whole: &'a [u8],
    /// True where the line may go on: a number at its end is none of it.
    cut: bool,
    /// The numbers that it begins with, of whatever notation.
    words: Vec<Word<'a>>,
}

impl<'a> Line<'a> {
    pub(super) fn new(whole: &'a [u8], cut: bool) -> Self {
        // `103 'g'`: the character beside its number.
        let words = parts(whole, token, cut).filter(|word| !word.starts_with(b"'"));
        Self { whole, cut, words: words.take_while(|word| may_be_number(word)).map(Word::new).collect() }
    }

    /// How wide its widest numbers are.
    pub(super) fn widths(&self) -> Widths {
        self.words.iter().map(Word::widths).fold(Widths::default(), Widths::max)
    }
}

/// How many bytes the widest of some numbers may write, by how they are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Widths {
    /// As digits in the order of the bytes.
    digits: usize,
    octal: usize,
    /// As a value of base 10.
    decimal: usize,
}

impl Widths {
    /// The greater of each.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            digits: self.digits.max(other.digits),
            octal: self.octal.max(other.octal),
            decimal: self.decimal.max(other.decimal),
        }
    }
}

/// What stands in a line, part by part.
fn parts(
    line: &[u8],
    next: fn(&[u8], usize) -> Option<Range<usize>>,
    cut: bool,
) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let found = next(line, at).filter(|found| !cut || found.end < line.len())?;
        at = found.end;
        Some(&line[found])
    })
}

/// False for what is no number in any notation.
fn may_be_number(word: &[u8]) -> bool {
    digits(word).iter().all(u8::is_ascii_hexdigit)
}

/// A number without its mark.
fn digits(word: &[u8]) -> &[u8] {
    let marks: [&[u8]; 5] = [b"-", b"0x", b"0X", b"0o", b"0O"];
    marks.iter().find_map(|mark| word.strip_prefix(*mark)).unwrap_or(word)
}

struct Word<'a> {
    text: &'a [u8],
    /// What it is in base 10, which is read as words of every size.
    decimal: Option<i128>,
}

impl<'a> Word<'a> {
    fn new(text: &'a [u8]) -> Self {
        let decimal = match text.strip_prefix(b"-") {
            Some(digits) => number(digits, 10).map(|value| -value),
            None => number(text, 10),
        };
        Self { text, decimal }
    }

    fn widths(&self) -> Widths {
        let digits = digits(self.text);
        let as_value = |value| [1, 2, 4].into_iter().find(|size| fits(value, *size)).unwrap_or(8);
        let is_octal = digits.iter().all(|digit| matches!(digit, b'0'..=b'7'));
        Widths {
            digits: digits.len() / 2,
            octal: octal_size(digits.len()).filter(|_| is_octal).unwrap_or_default(),
            decimal: self.decimal.map_or(0, as_value),
        }
    }
}

impl Notation {
    /// True where numbers so wide may be read otherwise than single bytes are: what is zero, or no ASCII, is not seen.
    pub(super) fn differs(self, widths: Widths) -> bool {
        match self {
            Self::Swapped => widths.digits > 1,
            Self::Octal(Order::Big) => widths.octal > 1,
            Self::Decimal(size, _) => size == 1 || widths.decimal > size / 2,
            Self::Hexadecimal | Self::Octal(Order::Little) | Self::Binary | Self::Characters => true,
        }
    }

    /// The bytes that the numbers at the start of a line write.
    pub(super) fn line(self, line: &Line<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = match self {
            Self::Characters => {
                let mut cells = parts(line.whole, cell, line.cut).map(Word::new);
                cells.try_for_each(|cell| self.read(&cell, &mut bytes))
            }
            _ => line.words.iter().try_for_each(|word| self.read(word, &mut bytes)),
        };
        bytes
    }

    /// Adds the bytes that a number writes; none where it is not written so.
    fn read(self, word: &Word<'_>, bytes: &mut Vec<u8>) -> Option<()> {
        let Word { text, decimal } = *word;
        let after =
            |marks: [&[u8]; 2]| marks.iter().find_map(|mark| text.strip_prefix(*mark)).unwrap_or(text);
        match self {
            Self::Hexadecimal | Self::Swapped => {
                let digits = after([b"0x", b"0X"]);
                let start = bytes.len();
                if digits.len() % 2 != 0 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                for pair in digits.chunks_exact(2) {
                    bytes.push(u8::try_from(number(pair, 16)?).ok()?);
                }
                if self == Self::Swapped {
                    bytes[start..].reverse();
                }
            }
            Self::Octal(order) => {
                let digits = after([b"0o", b"0O"]);
                push(bytes, number(digits, 8)?, octal_size(digits.len())?, order)?;
            }
            Self::Decimal(size, order) => push(bytes, decimal?, size, order)?,
            Self::Binary => {
                let digits = after([b"0b", b"0B"]);
                let size = match digits.len() {
                    6..=8 => 1,
                    length @ 16..=64 if length % 8 == 0 => length / 8,
                    _ => return None,
                };
                push(bytes, number(digits, 2)?, size, Order::Big)?;
            }
            Self::Characters => match text {
                [character] => bytes.push(*character),
                // `\n`.
                [b'\\', _] => bytes.push(b' '),
                [b'0'..=b'7', _, _] => bytes.push(u8::try_from(number(text, 8)?).ok()?),
                // `sp`, `nul`, `dc1`.
                [b'a'..=b'z', ..] if text.len() <= 3 => bytes.push(b' '),
                _ => return None,
            },
        }
        Some(())
    }
}

/// How many bytes a number of so many octal digits writes.
fn octal_size(digits: usize) -> Option<usize> {
    match digits {
        1..=4 => Some(1),
        5..=6 => Some(2),
        7..=11 => Some(4),
        12..=22 => Some(8),
        _ => None,
    }
}

/// The value of digits alone, without a sign; none of what no word holds.
fn number(digits: &[u8], radix: u32) -> Option<i128> {
    let add = |value: u64, digit: &u8| {
        let digit = char::from(*digit).to_digit(radix)?;
        value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add).map(i128::from) }
}

/// True where a word of so many bytes, signed or not, holds a value.
fn fits(value: i128, size: usize) -> bool {
    let most = 1_i128 << (8 * size);
    (-most / 2..most).contains(&value)
}

/// Adds the bytes of a word of so many, signed or not; none where it is no such word.
fn push(bytes: &mut Vec<u8>, value: i128, size: usize, order: Order) -> Option<()> {
    fits(value, size).then_some(())?;
    let start = bytes.len();
    bytes.extend_from_slice(&value.to_le_bytes()[..size]);
    if order == Order::Big {
        bytes[start..].reverse();
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line -> how many bytes its widest numbers may write as digits, in octal and in decimal, and in how many notations they are
    /// read for that.
    #[test]
    fn notations_that_come_to_the_same_are_not_read() {
        let cases = [
            ("67 68 70 5f", [1, 1, 1], 5),
            ("147 150 160 137", [1, 1, 1], 5),
            // Octal, of two digits or more: not of two bytes.
            ("0147 061 0150", [2, 1, 1], 6),
            ("103 104 112 95", [1, 1, 1], 5),
            ("103 -100 0 104", [1, 1, 1], 5),
            ("0x67, 0x68", [1, 1, 0], 5),
            ("103 300 112", [1, 1, 2], 7),
            ("6867 5f70", [2, 0, 2], 8),
            ("064147 017", [3, 2, 2], 9),
            ("00000000103 104", [5, 4, 1], 7),
            ("1601202279 1886349413", [5, 0, 4], 10),
            ("0x5f706867", [4, 0, 0], 6),
            ("  g   h", [0, 0, 0], 5),
            ("the build has passed", [0, 0, 0], 5),
        ];
        for (line, [digits, octal, decimal], count) in cases {
            let found = Line::new(line.as_bytes(), false).widths();
            assert_eq!(found, Widths { digits, octal, decimal }, "{line}");
            let read = NOTATIONS.iter().filter(|notation| notation.differs(found)).count();
            assert_eq!(read, count, "{line}");
        }
    }

    /// A line, and whether it is cut -> what it writes in a notation, without its zeros.
    #[test]
    fn line_is_read_in_each_notation() {
        use Notation::{Binary, Characters, Decimal, Hexadecimal, Octal, Swapped};
        use Order::{Big, Little};
        let cases = [
            ("67 68 70 5f", false, Hexadecimal, "ghp_"),
            ("6867 5f70", false, Swapped, "ghp_"),
            ("0x67,0X68, 70-5f", false, Hexadecimal, "ghp_"),
            ("147 150 160 137", false, Octal(Little), "ghp_"),
            ("0o147 064147", false, Octal(Little), "ggh"),
            ("0o147 064147", false, Octal(Big), "ghg"),
            ("103 104 112 95", false, Decimal(1, Little), "ghp_"),
            ("103 104 112 95", false, Decimal(8, Big), "ghp_"),
            ("1601202279 1886349413", false, Decimal(4, Little), "ghp_ehop"),
            ("1601202279 1886349413", false, Decimal(4, Big), "_phgpohe"),
            ("1601202279 1886349413", false, Decimal(2, Little), ""),
            ("103 -152 104", false, Decimal(1, Little), "g"),
            ("103 -100 104", false, Decimal(1, Little), "g\u{fffd}h"),
            ("01100111 01101000", false, Binary, "gh"),
            ("  g   h  \\n 137", false, Characters, "gh _"),
            // The character beside each number.
            ("103 'g'\t104 'h'", false, Decimal(1, Little), "gh"),
            // What is no number ends them, in each notation what is none there.
            ("67 68 |70 5f|", false, Hexadecimal, "gh"),
            ("67 68 705 5f", false, Hexadecimal, "gh"),
            ("103 104 zz 112", false, Decimal(1, Little), "gh"),
            ("103 300 112", false, Decimal(1, Little), "g"),
            ("67 0x 68", false, Hexadecimal, "gh"),
            // The last one may go on.
            ("67 68 70", true, Hexadecimal, "gh"),
            ("67 68 70 ", true, Hexadecimal, "ghp"),
            ("67 68-70", true, Hexadecimal, "gh"),
            ("g h p", true, Characters, "gh"),
            ("g h-p", true, Characters, "g"),
            ("", false, Hexadecimal, ""),
            ("the build has passed", false, Hexadecimal, ""),
        ];
        for (line, cut, notation, expected) in cases {
            let mut bytes = notation.line(&Line::new(line.as_bytes(), cut));
            bytes.retain(|byte| *byte != 0);
            assert_eq!(String::from_utf8_lossy(&bytes), expected, "{line} as {notation:?}, cut: {cut}");
        }
    }
}
