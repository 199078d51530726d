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

impl Notation {
    /// The bytes that the numbers at the start of a line write. Where it was `cut`, one at its end is none of them.
    pub(super) fn line(self, line: &[u8], cut: bool) -> Vec<u8> {
        let (mut bytes, mut at) = (Vec::new(), 0);
        let next: fn(&[u8], usize) -> Option<Range<usize>> =
            if self == Self::Characters { cell } else { token };
        while let Some(found) = next(line, at) {
            at = found.end;
            let word = &line[found];
            // `103 'g'`: the character beside its number.
            let is_beside = word.starts_with(b"'") && self != Self::Characters;
            if cut && at == line.len() || !is_beside && self.read(word, &mut bytes).is_none() {
                break;
            }
        }
        bytes
    }

    /// Adds the bytes that a number writes; none where it is not written so.
    fn read(self, word: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
        let after =
            |marks: [&[u8]; 2]| marks.iter().find_map(|mark| word.strip_prefix(*mark)).unwrap_or(word);
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
                let size = match digits.len() {
                    1..=4 => 1,
                    5..=6 => 2,
                    7..=11 => 4,
                    12..=22 => 8,
                    _ => return None,
                };
                bytes.extend(word_bytes(number(digits, 8)?, size, order)?);
            }
            Self::Decimal(size, order) => {
                let digits = word.strip_prefix(b"-").unwrap_or(word);
                let value = number(digits, 10)?;
                let value = if digits.len() < word.len() { -value } else { value };
                bytes.extend(word_bytes(value, size, order)?);
            }
            Self::Binary => {
                let digits = after([b"0b", b"0B"]);
                let size = match digits.len() {
                    6..=8 => 1,
                    length @ 16..=64 if length % 8 == 0 => length / 8,
                    _ => return None,
                };
                bytes.extend(word_bytes(number(digits, 2)?, size, Order::Big)?);
            }
            Self::Characters => match word {
                [character] => bytes.push(*character),
                // `\n`.
                [b'\\', _] => bytes.push(b' '),
                [b'0'..=b'7', _, _] => bytes.push(u8::try_from(number(word, 8)?).ok()?),
                // `sp`, `nul`, `dc1`.
                [b'a'..=b'z', ..] if word.len() <= 3 => bytes.push(b' '),
                _ => return None,
            },
        }
        Some(())
    }
}

/// The value of digits alone, without a sign.
fn number(digits: &[u8], radix: u32) -> Option<i128> {
    // `from_str_radix` takes a sign.
    digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
    i128::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// The bytes of a word of so many, signed or not; none where it is no such word.
fn word_bytes(value: i128, size: usize, order: Order) -> Option<Vec<u8>> {
    let most = 1_i128 << (8 * size);
    if !(-most / 2..most).contains(&value) {
        return None;
    }
    let mut bytes = value.to_le_bytes()[..size].to_vec();
    if order == Order::Big {
        bytes.reverse();
    }
    Some(bytes)
}
