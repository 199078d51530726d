//! The cells of a dump's line: its offset, its numbers, and the text beside them.

use std::ops::Range;

/// How far into a line its offset may begin, in bytes: what writes a log may put the time and more before each line.
pub(super) const MAX_PREFIX: usize = 96;

/// The digits of an offset, and whether a `:` marks it. Something else may stand right before it: `F:2:00000010:`, as `grep -Hn`
/// writes it, `"00000010` in JSON.
pub(super) fn marked(word: &[u8]) -> (&[u8], bool) {
    let all = word.strip_suffix(b":").unwrap_or(word);
    let is_marked = all.len() < word.len();
    let start = all.iter().rposition(|byte| !byte.is_ascii_hexdigit()).map_or(0, |at| at + 1);
    let (before, digits) = all.split_at(start);
    let unprefixed = before.strip_suffix(b"0x");
    let is_offset = match unprefixed.unwrap_or(before).last() {
        None => true,
        // Neither a line number nor the last part of a UUID.
        Some(before) => {
            let least = if is_marked || *before == b'"' { 4 } else { 7 };
            !before.is_ascii_alphanumeric()
                && (*before != b'-' || is_marked)
                && digits.len() >= least
                && (digits[0] == b'0' || unprefixed.is_some())
        }
    };
    (if is_offset { digits } else { all }, is_marked)
}

/// True for digits of any base, with what marks them.
pub(super) fn is_number(word: &[u8]) -> bool {
    let digits = digits(word);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
}

/// A number without what marks it.
fn digits(word: &[u8]) -> &[u8] {
    let word = word.strip_suffix(b",").unwrap_or(word);
    word.strip_prefix(b"-").or_else(|| word.strip_prefix(b"0x")).unwrap_or(word)
}

/// How many hexadecimal digits a cell adds to the bytes of a line: a cell of bytes has two for each.
pub(super) fn digits_of_bytes(cell: &[u8]) -> usize {
    if cell.len().is_multiple_of(2) && cell.iter().all(u8::is_ascii_hexdigit) { cell.len() } else { 0 }
}

/// The numbers of a line, whatever stands before them, and the text beside those. What looks like an offset is one of them.
pub(super) fn beside_numbers(line: &[u8]) -> Option<[Range<usize>; 2]> {
    let mut at = 0;
    let mut row: Option<Row> = None;
    while let Some(found) = cell(line, at) {
        if let Some(row) = row.as_ref().filter(|_| found.start - at > 1)
            && let Some(text) = row.text(line, found.start)
        {
            return Some([row.start..at, text]);
        }
        let word = &line[found.clone()];
        if is_number(word) {
            row.get_or_insert_with(|| Row::new(found.start)).add(word);
        } else if found.start < MAX_PREFIX {
            row = None;
        } else {
            return None;
        }
        at = found.end;
    }
    None
}

/// The numbers of a line without an offset, in whatever notation.
struct Row {
    start: usize,
    numbers: usize,
    /// How many bytes they are if each two digits are one; none where there are other numbers of digits.
    pairs: Option<usize>,
    /// How many of the bytes are blanks: those at either end of the text cannot be told from what stands around it.
    blanks: usize,
}

impl Row {
    fn new(start: usize) -> Self {
        Self { start, numbers: 0, pairs: Some(0), blanks: 0 }
    }

    fn add(&mut self, word: &[u8]) {
        let digits = digits(word);
        let pairs = digits.len().is_multiple_of(2).then_some(digits.len() / 2);
        self.numbers += 1;
        self.pairs = self.pairs.zip(pairs).map(|(all, more)| all + more);
        self.blanks += match digits {
            b"00100000" => 1,
            _ => digits.chunks_exact(2).filter(|pair| **pair == *b"20").count(),
        };
    }

    /// The text beside them that begins there; none for what only follows them.
    fn text(&self, line: &[u8], start: usize) -> Option<Range<usize>> {
        let rest = line[start..].trim_ascii_end();
        match in_marks(rest) {
            Some(length) => (length <= self.most()).then_some(start + 1..start + 1 + length),
            None => self.is_shown_by(rest.len()).then_some(start..start + rest.len()),
        }
    }

    /// True for so many characters: one for each byte, with a blank where a bar was between every eight of them.
    fn is_shown_by(&self, characters: usize) -> bool {
        let lengths = characters..=characters + self.blanks;
        let mut bytes = [Some(self.numbers), self.pairs].into_iter().flatten();
        bytes.any(|bytes| [bytes, with_bars(bytes)].iter().any(|it| lengths.contains(it)))
    }

    /// How many bytes they are at most: a number is a word of up to 8, unless it has more digits.
    fn most(&self) -> usize {
        (8 * self.numbers).max(self.pairs.unwrap_or_default())
    }
}

/// The text that begins there beside so many bytes, in bars where the offset is not marked; none where more follows than the text
/// of those, with a blank where a bar was between every eight of them.
pub(super) fn text(line: &[u8], start: usize, bytes: usize, is_marked: bool) -> Option<Range<usize>> {
    let rest = line[start..].trim_ascii_end();
    match in_marks(rest).filter(|_| !is_marked) {
        Some(length) => Some(start + 1..start + 1 + length),
        None => (rest.len() <= with_bars(bytes)).then_some(start..start + rest.len()),
    }
}

/// How many characters show so many bytes with a bar between every eight of them.
fn with_bars(bytes: usize) -> usize {
    bytes + bytes.saturating_sub(1) / 8
}

/// How long a text is in the marks that it begins with, `>...<` or `|...|`; all of it where the second may come.
fn in_marks(rest: &[u8]) -> Option<usize> {
    let (end, inner) = match rest {
        [b'|', inner @ ..] => (b'|', inner),
        [b'>', inner @ ..] => (b'<', inner),
        _ => return None,
    };
    Some(inner.iter().rposition(|byte| *byte == end).unwrap_or(inner.len()))
}

/// What stands next in a line between white space.
pub(super) fn cell(line: &[u8], from: usize) -> Option<Range<usize>> {
    let start = from + line.get(from..)?.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let length = line[start..].iter().position(u8::is_ascii_whitespace).unwrap_or(line.len() - start);
    Some(start..start + length)
}

/// What stands last in a line between white space, before `end`.
pub(super) fn cell_before(line: &[u8], end: usize) -> Option<Range<usize>> {
    let end = line[..end].trim_ascii_end().len();
    let start = line[..end].iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
    (start < end).then_some(start..end)
}

/// What stands next in a line between white space and what may stand between numbers: `54-54`.
pub(super) fn token(line: &[u8], from: usize) -> Option<Range<usize>> {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'-' | b':' | b',' | b';');
    let is_signed = |at: usize| {
        line[at] == b'-'
            && line.get(at + 1).is_some_and(u8::is_ascii_digit)
            && at.checked_sub(1).is_none_or(|before| line[before].is_ascii_whitespace())
    };
    let start = (from..line.len()).find(|at| !is_between(&line[*at]) || is_signed(*at))?;
    let end = (start + 1..line.len()).find(|at| is_between(&line[*at])).unwrap_or(line.len());
    Some(start..end)
}

/// How far apart `od` writes characters: as wide as the numbers above them.
const PITCHES: [usize; 2] = [4, 5];

/// Where the characters begin that a line shows for the numbers from `from` on of the line `first` above it, neither of which has
/// an offset (`od -An -tx1 -c`): each ends where a byte does there, none before the first of them.
pub(super) fn characters_below(first: &[u8], from: usize, line: &[u8]) -> Option<usize> {
    if !first[..from].trim_ascii().is_empty() {
        return None;
    }
    let first_number = cell(first, from)?;
    let numbers = first.split(u8::is_ascii_whitespace).filter(|word| is_number(word));
    let more_bytes = numbers.map(|word| bytes_of_word(digits(word).len()) - 1).max()?;
    let end = first.trim_ascii_end().len();
    let (mut fits, mut at) = (PITCHES.map(|_| true), 0);
    let mut start: Option<usize> = None;
    let (mut are_single, mut are_numbers) = (true, true);
    while let Some(found) = cell(line, at) {
        let word = &line[found.clone()];
        let distance = end.checked_sub(found.end).filter(|_| found.start > 0 && is_character(word))?;
        for (fits, pitch) in fits.iter_mut().zip(PITCHES) {
            let is_below = found.end + pitch * more_bytes >= first_number.end;
            *fits &= is_below && distance.is_multiple_of(pitch);
        }
        if !fits.contains(&true) {
            return None;
        }
        are_single &= word.len() == 1;
        are_numbers &= is_number(word);
        start = start.or(Some(found.start));
        at = found.end;
    }
    // Else it is the next row of numbers.
    start.filter(|_| are_single || !are_numbers)
}

/// How many bytes a number of so many digits may be, in any base of `od`.
fn bytes_of_word(digits: usize) -> usize {
    match digits {
        ..=3 => 1,
        4..=6 => 2,
        7..=11 => 4,
        _ => 8,
    }
}

/// True for what `od -c` or `od -a` writes for a byte: `g`, `\n`, `303`, `sp`.
fn is_character(word: &[u8]) -> bool {
    match word {
        [_] | [b'\\', _] => true,
        [b'0'..=b'7', ..] => word.len() == 3 && word.iter().all(|byte| matches!(byte, b'0'..=b'7')),
        [b'a'..=b'z', ..] => word.len() <= 3,
        _ => false,
    }
}
