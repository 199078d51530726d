//! Bytes that stand as numbers one after the other, anywhere in a text, each with as many digits as it needs and a mark of
//! its own: `0o147 0o61`, `0147, 061`, `x67 x70`, `16#67#`, `&H67`, `103u8`, `[103.0, 104.0]`, `chr(103) + chr(104)`, `103.chr`,
//! `(byte)103, (byte)104`, also in several bases, with characters in quotes among them (`'g', 49`), as words of two bytes
//! (`26417, 29800`), and UTF-16 byte by byte (`103 0 104 0`), as a zero is not seen.
//!
//! Numbers that all have the same number of digits need none of this: their digits alone are searched, whatever stands between
//! them.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{
    decoded::Decoded,
    forms::{LONG, SHORT},
    notation::Order,
    view::place_of,
};

/// How much may stand between two numbers of a run, in bytes: a comma, a line break and the blanks before the next.
const BETWEEN: usize = 64;

/// How many digits an offset has at least that is hexadecimal.
const OFFSET: usize = 4;

/// How the numbers of a run without a mark are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Decimal,
    Octal,
    /// As in C: those that begin with a zero are octal.
    OctalAfterZero,
    /// Decimal, each of two bytes.
    Words(Order),
}

/// A number of a run, and where it stands with what marks it.
struct Number<'a> {
    literal: Literal<'a>,
    place: Range<usize>,
}

/// How a number is written.
#[derive(Clone, Copy)]
enum Literal<'a> {
    Unmarked(&'a [u8]),
    /// With the base that its mark says.
    Marked(u32, &'a [u8]),
    /// In quotes: it stands for itself.
    Character(u8),
}

impl Literal<'_> {
    /// The same before a point and zeros: without a mark it is decimal.
    fn before_fraction(self) -> Self {
        match self {
            Self::Unmarked(digits) => Self::Marked(10, digits),
            Self::Marked(..) | Self::Character(_) => self,
        }
    }
}

impl Number<'_> {
    fn value(&self, reading: Reading) -> Option<u32> {
        let (radix, digits) = match self.literal {
            Literal::Character(character) => return Some(u32::from(character)),
            Literal::Marked(radix, digits) => (radix, digits),
            Literal::Unmarked(digits) => match reading {
                Reading::Octal => (8, digits),
                Reading::OctalAfterZero if self.is_after_zero() => (8, digits),
                Reading::Decimal | Reading::OctalAfterZero | Reading::Words(_) => (10, digits),
            },
        };
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
    }

    fn is_unmarked(&self) -> bool {
        matches!(self.literal, Literal::Unmarked(_))
    }

    fn is_after_zero(&self) -> bool {
        matches!(self.literal, Literal::Unmarked([b'0', _, ..]))
    }

    /// Adds the bytes that it writes; none where it is not written so.
    fn write(&self, reading: Reading, bytes: &mut Vec<u8>) -> Option<()> {
        let value = self.value(reading)?;
        match reading {
            Reading::Words(order) => {
                let word = u16::try_from(value).ok()?;
                bytes.extend(if order == Order::Little { word.to_le_bytes() } else { word.to_be_bytes() });
            }
            _ => {
                let character = char::from_u32(value)?;
                match u8::try_from(character) {
                    Ok(byte) => bytes.push(byte),
                    Err(_) => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
                }
            }
        }
        Some(())
    }
}

/// What a word of a text is to a run.
enum Word<'a> {
    Number(Number<'a>),
    /// Neither part of the run nor its end: an offset or index before a `:`, or what numbers are added to.
    Skipped,
    /// What may call or cast the number right after it: `chr(`, `(byte)`.
    Mark(Range<usize>),
    /// Ends the run.
    Other,
}

/// What the runs of a text may write, in every way to read them.
pub(super) fn decoded(text: &str) -> impl Iterator<Item = Decoded> {
    let Runs { ended, open } = runs(text.as_bytes(), LONG, false);
    let all = ended.into_iter().chain([open]);
    let read = |run: Vec<Number<'_>>| readings(&run).into_iter().flatten().collect::<Vec<_>>();
    all.flat_map(read).filter(|piece| piece.bytes.len() >= LONG)
}

/// The same of the run that may go on after a text; nothing where something else follows it. Where the text was `cut`, its last
/// number is left out: it may go on.
pub(super) fn unfinished(text: &str, cut: bool) -> impl Iterator<Item = Decoded> {
    let Runs { open, .. } = runs(text.as_bytes(), SHORT, cut);
    let last = readings(&open).into_iter().filter_map(|mut pieces| pieces.pop());
    last.filter(|piece| piece.bytes.len() >= SHORT)
}

/// What a run writes in each way that it may be read.
fn readings(run: &[Number<'_>]) -> Vec<Vec<Decoded>> {
    let mut readings = vec![Reading::Decimal];
    let unmarked = || run.iter().filter(|number| number.is_unmarked());
    if unmarked().next().is_some() {
        readings.push(Reading::Octal);
    }
    // Otherwise it comes to the same as one of those.
    if unmarked().any(Number::is_after_zero) && unmarked().any(|number| !number.is_after_zero()) {
        readings.push(Reading::OctalAfterZero);
    }
    if run.iter().any(|number| number.value(Reading::Decimal).is_some_and(|value| value > 0xff)) {
        readings.extend([Order::Little, Order::Big].map(Reading::Words));
    }
    readings.into_iter().map(|reading| pieces(run, reading)).collect()
}

/// What a run writes where it is read so, divided at what is no number there.
fn pieces(run: &[Number<'_>], reading: Reading) -> Vec<Decoded> {
    let (mut pieces, mut piece) = (Vec::new(), Decoded::default());
    for number in run {
        if number.write(reading, &mut piece.bytes).is_none() {
            pieces.push(std::mem::take(&mut piece));
            continue;
        }
        piece.places.resize(piece.bytes.len(), place_of(number.place.clone()));
    }
    pieces.push(piece);
    pieces
}

/// The runs of a text.
#[derive(Default)]
struct Runs<'a> {
    ended: Vec<Vec<Number<'a>>>,
    /// The one that may go on after the text.
    open: Vec<Number<'a>>,
}

impl Runs<'_> {
    /// Ends a run; it is kept where it has at least so many numbers.
    fn end(&mut self, least: usize) {
        let run = std::mem::take(&mut self.open);
        self.ended.extend(Some(run).filter(|run| run.len() >= least));
    }
}

/// The runs of a text, those that have ended with at least so many numbers.
fn runs(text: &[u8], least: usize, cut: bool) -> Runs<'_> {
    let mut runs = Runs::default();
    // What may call or cast the next number.
    let mut mark: Option<Range<usize>> = None;
    let mut at = 0;
    while let Some(found) = next(text, at) {
        if found.is_empty() {
            at = found.end;
            continue;
        }
        let is_far = found.start - at > BETWEEN;
        let (word, end) = word(text, found);
        at = end;
        if is_far || matches!(word, Word::Other) && !may_go_on(&text[end..]) {
            runs.end(least);
        }
        match word {
            Word::Number(number) if cut && number.place.end == text.len() => {}
            Word::Number(mut number) => {
                let mark = mark.take().filter(|mark| mark.end == number.place.start);
                if let Some(place) = mark.and_then(|mark| marked(text, mark, &number.place)) {
                    at = at.max(place.end);
                    number.place = place;
                }
                runs.open.push(number);
            }
            Word::Mark(range) => mark = Some(range),
            Word::Skipped | Word::Other => {}
        }
    }
    if text.len() - at > BETWEEN {
        runs.end(least);
    }
    runs
}

/// True where a text ends in a word, by what follows that: the rest of it may make a number of it, or what calls one or is added
/// to.
fn may_go_on(after: &[u8]) -> bool {
    matches!(without_blanks(after), b"" | b"." | b":" | b"::" | b"+")
}

/// What a text is after the blanks that it begins with.
fn without_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take(BETWEEN).take_while(|byte| **byte == b' ').count();
    &text[blanks..]
}

/// Where a number stands with what calls or casts it; none for the first of several numbers.
fn marked(text: &[u8], mark: Range<usize>, number: &Range<usize>) -> Option<Range<usize>> {
    if matches!(text[mark.end - 1], b')' | b']') {
        return Some(mark.start..number.end);
    }
    let end = match &text[number.end..] {
        [b')' | b'}', ..] => number.end,
        after => number.end + name_as_argument(after)?,
    };
    Some(mark.start..end + 1)
}

/// How long what stands before the `)` is where a name is the last argument: `fputc(103, f)`.
fn name_as_argument(after: &[u8]) -> Option<usize> {
    let name = without_blanks(after.strip_prefix(b",")?);
    let length = length(name);
    let is_name = name.first().is_some_and(u8::is_ascii_alphabetic) && name.get(length) == Some(&b')');
    is_name.then_some(after.len() - name.len() + length)
}

/// Where the next word or character in quotes stands, a word without the `\n` before it in a string; that may be all there is of
/// it.
fn next(text: &[u8], from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    let begins = |(at, byte): (usize, &u8)| is_of_word(byte) || quoted(&rest[at..]).is_some();
    let start = from + rest.iter().enumerate().position(begins)?;
    if let Some(length) = quoted(&text[start..]) {
        return Some(start..start + length);
    }
    let end = start + length(&text[start..]);
    let is_escaped = start > 0 && text[start - 1] == b'\\' && matches!(text[start], b'n' | b'r' | b't');
    Some(start + usize::from(is_escaped)..end)
}

/// How long a character in quotes is, with those: `'g'`, `'\''`.
fn quoted(rest: &[u8]) -> Option<usize> {
    match *rest {
        [quote @ (b'\'' | b'"'), b'\\', mark, end, ..] if end == quote && mark.is_ascii_punctuation() => {
            Some(4)
        }
        [quote @ (b'\'' | b'"'), character, end, ..] if end == quote && character.is_ascii_graphic() => {
            (character != quote).then_some(3)
        }
        _ => None,
    }
}

fn is_of_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// How long the word is that a text begins with.
fn length(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_of_word(byte)).count()
}

/// What the word is that stands there, and where it ends with what belongs to it.
fn word(text: &[u8], found: Range<usize>) -> (Word<'_>, usize) {
    let Range { start, end } = found;
    let found = &text[start..end];
    if let [.., character, b'\'' | b'"'] = *found {
        let number = Number { literal: Literal::Character(character), place: start..end };
        // Before a `:` it is an index.
        return (if text.get(end) == Some(&b':') { Word::Skipped } else { Word::Number(number) }, end);
    }
    let is_before_numbers = match &text[end..] {
        [b':', next, ..] => next.is_ascii_whitespace(),
        rest => rest == b":",
    };
    let literal = number(found);
    let is_hexadecimal = || found.len() >= OFFSET && found.iter().all(u8::is_ascii_hexdigit);
    if is_before_numbers && (is_hexadecimal() || literal.is_some()) {
        return (Word::Skipped, end);
    }
    let Some(literal) = literal else { return name(text, start, end) };
    // `&H67`, `#o147`.
    let has_sign =
        matches!(literal, Literal::Marked(..)) && start > 0 && matches!(text[start - 1], b'&' | b'#');
    let number = |literal, end| {
        let place = start - usize::from(has_sign)..end;
        (Word::Number(Number { literal, place }), end)
    };
    if start > 0 && text[start - 1] == b'.' {
        return (Word::Other, end);
    }
    if let Some((number, end)) = with_base(text, &(start..end)) {
        return (Word::Number(number), end);
    }
    match &text[end..] {
        // `103.chr`
        [b'.', method, ..] if method.is_ascii_alphabetic() => {
            number(literal, end + 1 + length(&text[end + 1..]))
        }
        [b'.', fraction @ ..] => {
            let zeros = fraction.iter().take_while(|byte| **byte == b'0').count();
            let goes_on = match &fraction[zeros..] {
                [b'.', next, ..] | [next, ..] => is_of_word(next),
                [] => false,
            };
            if goes_on {
                // A version, an address, a number with a fraction.
                let rest = fraction.iter().take_while(|byte| is_of_word(byte) || **byte == b'.').count();
                (Word::Other, end + 1 + rest)
            } else if zeros > 0 {
                number(literal.before_fraction(), end + 1 + zeros)
            } else {
                number(literal, end)
            }
        }
        _ => number(literal, end),
    }
}

/// A number after its base, as Ada and Erlang write it: `16#67#`, `16#67`.
fn with_base<'a>(text: &'a [u8], base: &Range<usize>) -> Option<(Number<'a>, usize)> {
    let digits = text[base.end..].strip_prefix(b"#")?;
    let radix = std::str::from_utf8(&text[base.clone()]).ok()?.parse::<u32>().ok()?;
    let digits = &digits[..length(digits)];
    let is_number = (2..=16).contains(&radix) && digits.iter().all(|byte| char::from(*byte).is_digit(radix));
    let end = base.end + 1 + digits.len();
    let end = end + usize::from(text.get(end) == Some(&b'#'));
    let number = Number { literal: Literal::Marked(radix, digits), place: base.start..end };
    (is_number && !digits.is_empty()).then_some((number, end))
}

/// What names the type of a number after its digits: `103u8`, `103L`.
const TYPES: [&[u8]; 16] = [
    b"u8", b"i8", b"u16", b"i16", b"u32", b"i32", b"u64", b"i64", b"usize", b"u", b"U", b"l", b"L", b"ul",
    b"UL", b"uy",
];

/// The number that a word is, with the type that may be named after its digits.
fn number(word: &[u8]) -> Option<Literal<'_>> {
    let (radix, digits) = match word {
        [b'0', b'x' | b'X', digits @ ..] | [b'x' | b'X' | b'H', digits @ ..] => (Some(16), digits),
        [b'0', b'o' | b'O', digits @ ..] | [b'o', digits @ ..] => (Some(8), digits),
        [b'0', b'b' | b'B', digits @ ..] => (Some(2), digits),
        digits => (None, digits),
    };
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix.unwrap_or(10));
    let (digits, kind) = digits.split_at(digits.iter().take_while(|byte| is_digit(byte)).count());
    let kind = kind.strip_prefix(b"_").unwrap_or(kind);
    let literal = radix.map_or(Literal::Unmarked(digits), |radix| Literal::Marked(radix, digits));
    (!digits.is_empty() && (kind.is_empty() || TYPES.contains(&kind))).then_some(literal)
}

/// What a word is that is no number, with what a `.` or `::` joins to it.
fn name(text: &[u8], start: usize, mut end: usize) -> (Word<'_>, usize) {
    loop {
        end += match &text[end..] {
            [b'.', next, ..] if next.is_ascii_alphabetic() => 1 + length(&text[end + 1..]),
            [b':', b':', next, ..] if next.is_ascii_alphabetic() => 2 + length(&text[end + 2..]),
            // `static_cast<char>(`
            [b'<', argument @ ..] => match &argument[type_length(argument)..] {
                [b'>', b'(', ..] | [b'>'] => 2 + type_length(argument),
                // The rest may come.
                [] => 1 + argument.len(),
                _ => break,
            },
            _ => break,
        };
    }
    let before = start.checked_sub(1).map(|at| text[at]);
    match (before, text.get(end)) {
        (_, Some(b'(' | b'{')) => (Word::Mark(start..end + 1), end + 1),
        (Some(b'('), Some(b')')) | (Some(b'['), Some(b']')) => (Word::Mark(start - 1..end + 1), end + 1),
        _ if is_before_more(&text[end..]) || text[start..end].eq_ignore_ascii_case(b"chr") => {
            (Word::Skipped, end)
        }
        _ => (Word::Other, end),
    }
}

/// How long the type is that a text begins with: `unsigned char`.
fn type_length(text: &[u8]) -> usize {
    let is_of_type = |byte: &&u8| is_of_word(byte) || b" :".contains(*byte);
    text.iter().take(BETWEEN).take_while(is_of_type).count()
}

/// True where something is added to the name before: `s += chr(103)`, `$s .= chr(103)`.
fn is_before_more(after: &[u8]) -> bool {
    matches!(without_blanks(after), [b'+' | b'.', b'=', ..] | [b'<', b'<', ..])
}
