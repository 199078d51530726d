//! Bytes that stand as numbers one after the other, anywhere in a text, each with as many digits as it needs and a mark of
//! its own: `0o147 0o61`, `0147, 061`, `x67 x70`, `[103.0, 104.0]`, `chr(103) + chr(104)`, `(byte)103, (byte)104`, and UTF-16
//! byte by byte (`103 0 104 0`), as a zero is not seen.
//!
//! Numbers that all have as many digits need none of this: their digits alone are searched, whatever stands between them.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{
    forms::{LONG, SHORT},
    numbers::Decoded,
    view::place_of,
};

/// How much may stand between two numbers of a run, in bytes: a comma, a line break and the blanks before the next.
const BETWEEN: usize = 64;

/// How many digits an offset has at least that is hexadecimal.
const OFFSET: usize = 4;

/// The bases that numbers without a mark are read in.
static RADIXES: [u32; 2] = [10, 8];

/// A number of a run, and where it stands with what marks it.
struct Number<'a> {
    digits: &'a [u8],
    /// The base that its mark says.
    radix: Option<u32>,
    place: Range<usize>,
}

impl Number<'_> {
    fn character(&self, radix: u32) -> Option<char> {
        let digits = std::str::from_utf8(self.digits).ok()?;
        u32::from_str_radix(digits, self.radix.unwrap_or(radix)).ok().and_then(char::from_u32)
    }
}

/// What a word of a text is to a run.
enum Word<'a> {
    Number(Number<'a>),
    /// Before a `:`, where the numbers after it stand.
    Offset,
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

/// What a run writes in each base that it may have.
fn readings(run: &[Number<'_>]) -> Vec<Vec<Decoded>> {
    let is_marked = run.iter().all(|number| number.radix.is_some());
    let radixes = if is_marked { &RADIXES[..1] } else { &RADIXES[..] };
    radixes.iter().map(|radix| pieces(run, *radix)).collect()
}

/// What a run writes in a base, divided at what is no number there.
fn pieces(run: &[Number<'_>], radix: u32) -> Vec<Decoded> {
    let (mut pieces, mut piece) = (Vec::new(), Decoded::default());
    for number in run {
        let Some(character) = number.character(radix) else {
            pieces.push(std::mem::take(&mut piece));
            continue;
        };
        match u8::try_from(character) {
            Ok(byte) => piece.bytes.push(byte),
            Err(_) => piece.bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
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
                    number.place = place;
                }
                runs.open.push(number);
            }
            Word::Mark(range) => mark = Some(range),
            Word::Offset | Word::Other => {}
        }
    }
    if text.len() - at > BETWEEN {
        runs.end(least);
    }
    runs
}

/// True where a text ends in a word, by what follows that: the rest of it may make a number of it, or what calls one.
fn may_go_on(after: &[u8]) -> bool {
    matches!(after, b"" | b"." | b":" | b"::")
}

/// Where a number stands with what calls or casts it; none for the first of several arguments.
fn marked(text: &[u8], mark: Range<usize>, number: &Range<usize>) -> Option<Range<usize>> {
    let is_cast = text[mark.end - 1] == b')' || text[mark.end - 1] == b']';
    let is_closed = matches!(text.get(number.end), Some(b')' | b'}'));
    (is_cast || is_closed).then(|| mark.start..number.end + usize::from(!is_cast))
}

/// Where the next word stands, without the `\n` before it in a string; that may be all there is of it.
fn next(text: &[u8], from: usize) -> Option<Range<usize>> {
    let start = from + text.get(from..)?.iter().position(is_of_word)?;
    let end = start + length(&text[start..]);
    let is_escaped = start > 0 && text[start - 1] == b'\\' && matches!(text[start], b'n' | b'r' | b't');
    Some(start + usize::from(is_escaped)..end)
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
    let is_before_numbers = match &text[end..] {
        [b':', next, ..] => next.is_ascii_whitespace(),
        rest => rest == b":",
    };
    let is_hexadecimal = || end - start >= OFFSET && text[start..end].iter().all(u8::is_ascii_hexdigit);
    if is_before_numbers && (is_hexadecimal() || number(&text[start..end]).is_some()) {
        return (Word::Offset, end);
    }
    let Some((radix, digits)) = number(&text[start..end]) else { return name(text, start, end) };
    let number = |radix, end| (Word::Number(Number { digits, radix, place: start..end }), end);
    if start > 0 && text[start - 1] == b'.' {
        return (Word::Other, end);
    }
    match &text[end..] {
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
                number(radix.or(Some(10)), end + 1 + zeros)
            } else {
                number(radix, end)
            }
        }
        _ => number(radix, end),
    }
}

/// The base that its mark says, and the digits of a number.
fn number(word: &[u8]) -> Option<(Option<u32>, &[u8])> {
    let (radix, digits) = match word {
        [b'0', b'x' | b'X', digits @ ..] | [b'x' | b'X', digits @ ..] => (Some(16), digits),
        [b'0', b'o' | b'O', digits @ ..] => (Some(8), digits),
        [b'0', b'b' | b'B', digits @ ..] => (Some(2), digits),
        digits => (None, digits),
    };
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix.unwrap_or(10));
    (!digits.is_empty() && digits.iter().all(is_digit)).then_some((radix, digits))
}

/// What a word is that is no number, with what a `.` or `::` joins to it.
fn name(text: &[u8], start: usize, mut end: usize) -> (Word<'_>, usize) {
    loop {
        end += match &text[end..] {
            [b'.', next, ..] if next.is_ascii_alphabetic() => 1 + length(&text[end + 1..]),
            [b':', b':', next, ..] if next.is_ascii_alphabetic() => 2 + length(&text[end + 2..]),
            _ => break,
        };
    }
    let before = start.checked_sub(1).map(|at| text[at]);
    match (before, text.get(end)) {
        (_, Some(b'(' | b'{')) => (Word::Mark(start..end + 1), end + 1),
        (Some(b'('), Some(b')')) | (Some(b'['), Some(b']')) => (Word::Mark(start - 1..end + 1), end + 1),
        _ => (Word::Other, end),
    }
}
