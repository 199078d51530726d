//! Bytes that are written as numbers over several lines, as `od`, `hexdump`, `xxd`, `curl --trace`, `openssl s_client -debug` and
//! their like dump them: of base 2, 8, 10 or 16, as single bytes or as words in either byte order, after an offset or none,
//! beside their text or none, and in several ways at once (`od -tx1 -tc`, `hexdump -b -c`).
//!
//! Each way to read the numbers of such lines gives bytes ([`decoded`]), which are searched as a text of their own. Where
//! something is found in them, all that its lines show is masked, however they show it.
//!
//! Whether the first number of a line is an offset is not decided by its length alone: decimal words have as many digits as
//! they need. Where that is not sure, the line is read both ways.
//!
//! What it costs is bounded: each line is read once for each of [`NOTATIONS`], [`LAYOUTS`] and, where lines are left out,
//! [`REPETITIONS`], and only where its cells are numbers or characters.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{
    cell::{MAX_PREFIX, cell, cell_before, marked, token},
    forms::LONG,
    notation::{NOTATIONS, Notation},
    rows,
    seen::Seen,
    view::{Place, Places, View},
};

/// How much of a line is looked at to see whether it is one of numbers, in bytes.
const HEAD: usize = MAX_PREFIX + 96;
/// How many lines may show the same bytes, each in another way.
pub(super) const MAX_ROWS: usize = 4;
/// What is shorter, in bytes, has room for no secret that is looked for: two digits a byte, or a character and a blank.
const SHORTEST: usize = 2 * LONG - 1;
/// How many bytes are added at most for lines that are left out, or as many as the text has.
const MAX_REPEATED: usize = 16 << 10;

/// The bytes that the numbers of a text write, read in one way; each with the place of the lines that show it.
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    pub(super) places: Vec<Place>,
    /// True where of equal bytes in a row there is but one: how many there were is not known.
    pub(super) is_squeezed: bool,
}

impl Decoded {
    pub(super) fn seen<P: Places>(&self) -> Seen<P> {
        Seen::read(&self.bytes, |at| self.places[at])
    }

    /// Every byte of it.
    pub(super) fn raw(&self) -> View<Vec<Place>> {
        View::placed(self.bytes.clone(), self.places.clone())
    }
}

/// Lines that show the same bytes.
struct Block {
    /// Where their offset stands in the text; empty where they have none.
    offset: Range<usize>,
    /// How many bytes lie between it and the next one, if those are in base 16, 10 or 8.
    distances: [Option<usize>; 3],
    /// What each of them shows.
    rows: Vec<Range<usize>>,
    /// All of that.
    shown: Range<usize>,
    /// `*` follows: further lines show the same bytes, and are left out.
    is_repeated: bool,
}

/// Where the offset of a line of numbers stands, empty where it has none, and the numbers with what stands beside them.
type Layout = fn(&[u8]) -> Option<(Range<usize>, Range<usize>)>;

/// A line may be one of numbers in several ways: which is known only once a secret is found.
const LAYOUTS: [Layout; 4] = [beside_text, alone, at_end, after_first];

/// How often what a line shows is repeated by the lines after it that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repetition {
    /// As often as the longest secret may need.
    Often,
    Times(usize),
    /// Not known: of equal bytes in a row one is left.
    Unknown,
}

/// All that are tried where lines are left out; otherwise the first alone.
static REPETITIONS: [Repetition; 4] =
    [Repetition::Often, Repetition::Times(1), Repetition::Times(2), Repetition::Unknown];

/// What the numbers of a text may write, in every way to read them; secrets have at most `longest` bytes.
pub(super) fn decoded(text: &str, longest: usize) -> impl Iterator<Item = Decoded> {
    let text: &[u8] = if text.len() < SHORTEST { b"" } else { text.as_bytes() };
    rows::divided(text).flat_map(move |rows| {
        LAYOUTS.into_iter().flat_map(move |layout| read(text, blocks(text, &rows, layout).0, longest, false))
    })
}

/// The same of a text that may end in the middle of a dump; nothing where other lines follow it. Where it was `cut`, its last
/// number is left out: it may go on.
pub(super) fn unfinished(text: &str, longest: usize, cut: bool) -> impl Iterator<Item = Decoded> {
    let text = text.as_bytes();
    rows::divided(text).flat_map(move |rows| {
        LAYOUTS.into_iter().flat_map(move |layout| {
            let (blocks, is_over) = blocks(text, &rows, layout);
            read(text, if is_over { Vec::new() } else { blocks }, longest, cut)
        })
    })
}

/// How many digits a word of two bytes has at least where it is written as a number, unless it begins with control characters.
const WORD: usize = 4;

/// True where a line may be one of several numbers, or of one that writes several bytes.
pub(super) fn may_be(line: &[u8]) -> bool {
    let is_enough =
        |(first, next): (Range<usize>, Option<Range<usize>>)| next.is_some() || first.len() >= WORD;
    after_offset_or_alike(line).is_some() || first_at_end(line).is_some_and(is_enough)
}

/// True for a line that ends with words of several bytes, which say nothing unless they are read as such.
pub(super) fn is_of_words(line: &[u8]) -> bool {
    first_at_end(line).and_then(|(_, next)| next).is_some_and(|next| next.len() >= WORD)
}

/// The first two of the numbers that a line ends with, or the only one.
fn first_at_end(line: &[u8]) -> Option<(Range<usize>, Option<Range<usize>>)> {
    let first = cell(line, numbers_at_end(line)?.start)?;
    let next = cell(line, first.end);
    Some((first, next))
}

/// Where what a line shows begins, if it shows the same bytes as the line `first`, of which the offset stands there: it is
/// blank below that, or has the same one.
pub(super) fn next_row(first: &[u8], offset: &Range<usize>, line: &[u8]) -> Option<usize> {
    let column = line.get(offset.clone()).filter(|column| !column.is_empty())?;
    let is_apart = line.get(offset.end).is_some_and(u8::is_ascii_whitespace);
    let is_same = is_apart && first.get(offset.clone()) == Some(column);
    let is_blank = column.iter().all(u8::is_ascii_whitespace);
    if is_same || is_blank { cell(line, offset.end).map(|cell| cell.start) } else { None }
}

/// The lines of numbers among the rows of a text, and whether the last of them is followed by a whole line of something else.
fn blocks(text: &[u8], rows: &[Range<usize>], layout: Layout) -> (Vec<Block>, bool) {
    let mut blocks: Vec<Block> = Vec::new();
    // The first line of the last block, and where its offset stands in that, while its lines go on.
    let mut first: Option<(&[u8], Range<usize>)> = None;
    let mut is_over = false;
    for &Range { start, end } in rows {
        let (line, is_whole) = (&text[start..end], end < text.len());
        let row = first.as_ref().and_then(|(first, offset)| next_row(first, offset, line));
        if let (Some(from), Some(block)) =
            (row, blocks.last_mut().filter(|block| block.rows.len() < MAX_ROWS))
        {
            block.rows.push(start + from..end);
            block.shown.end = start + line.trim_ascii_end().len();
        } else if let Some((offset, shown)) = layout(line) {
            blocks.push(Block {
                offset: start + offset.start..start + offset.end,
                distances: [None; 3],
                rows: std::iter::once(start + shown.start..end).collect(),
                shown: start + shown.start..start + shown.end,
                is_repeated: false,
            });
            first = Some((line, offset));
            is_over = false;
        } else if let Some(block) = blocks.last_mut().filter(|_| first.is_some() && is_repetition(line)) {
            block.is_repeated = true;
            first = None;
        } else {
            first = None;
            is_over |= is_whole;
        }
    }
    for at in 1..blocks.len() {
        blocks[at - 1].distances = distances(text, &blocks[at - 1], &blocks[at]);
    }
    (blocks, is_over)
}

/// `*`, also after what a log puts before each line.
fn is_repetition(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() < MAX_PREFIX && (line == b"*" || line.ends_with(b" *"))
}

/// Finds the numbers after an offset, or of which the first two are written alike.
fn after_offset_or_alike(line: &[u8]) -> Option<(Range<usize>, usize)> {
    let head = &line[..line.len().min(HEAD)];
    let mut found = cell(head, 0)?;
    while found.start < MAX_PREFIX {
        let next = cell(head, found.end)?;
        if is_offset(head, &found, &next) {
            return Some((found, next.start));
        }
        // Without one: numbers that are written alike.
        let is_pair = found.len() > 1 && found.len() == next.len();
        if is_pair && is_number(&head[found.clone()]) && is_number(&head[next.clone()]) {
            return Some((found.start..found.start, found.start));
        }
        found = next;
    }
    None
}

/// Finds the numbers after an offset, or of which the first two are written alike, whatever stands beside them.
fn beside_text(line: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let (offset, from) = after_offset_or_alike(line)?;
    // Without an offset it may be a line of something else, with numbers in it.
    let to = if offset.is_empty() { end_of_numbers(line, from) } else { line.trim_ascii_end().len() };
    Some((offset, from..to))
}

/// Finds the numbers of a line that has nothing but those: they may be of any length then.
fn alone(line: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    without_offset(line, false)
}

/// The same after something else, such as the time that a log puts before each line.
fn at_end(line: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    without_offset(line, true)
}

fn without_offset(line: &[u8], is_after_prefix: bool) -> Option<(Range<usize>, Range<usize>)> {
    let shown = numbers_at_end(line)?;
    let has_prefix = !line[..shown.start].trim_ascii_start().is_empty();
    let first = cell(line, shown.start).filter(|_| has_prefix == is_after_prefix)?;
    let next = cell(line, first.end);
    // A decimal word may be longer than the next, as an offset is; but no word that begins so has another length than others.
    let is_padded = || line[first.start] == b'0' || !line[first.clone()].iter().all(u8::is_ascii_digit);
    let is_after_offset =
        first.len() > 5 && is_padded() && next.is_some_and(|next| is_offset(line, &first, &next));
    (!is_after_offset).then_some((shown.start..shown.start, shown))
}

/// Finds the numbers after the first of a line, which may be an offset however long they are: `od -A x -o`, `od -t u4`.
fn after_first(line: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let shown = numbers_at_end(line)?;
    let first = cell(line, shown.start)?;
    let next = cell(line, first.end)?;
    let is_after_nothing = first.start == 0 && first.len() >= 4;
    let is_padded = line[first.start] == b'0' && first.len() >= 6;
    let is_like_offset = line[first.clone()].iter().all(u8::is_ascii_hexdigit) && first.len() <= 16;
    (is_like_offset && (is_after_nothing || is_padded)).then_some((first, next.start..shown.end))
}

/// The numbers that a line ends with, after no more than what a log puts before each line.
fn numbers_at_end(line: &[u8]) -> Option<Range<usize>> {
    let end = line.trim_ascii_end().len();
    let mut start = end;
    while let Some(number) = cell_before(line, start).filter(|it| is_number(&line[it.clone()])) {
        start = number.start;
    }
    (start < end && start <= MAX_PREFIX).then_some(start..end)
}

/// True for hexadecimal digits that are marked as an offset by a `:`, or are of another length than the numbers after them.
fn is_offset(line: &[u8], word: &Range<usize>, next: &Range<usize>) -> bool {
    let (digits, is_marked) = marked(&line[word.clone()]);
    if !(4..=16).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let after = cell(line, next.end);
    // `0x00000010 31316330`, as `readelf -x` writes it; what is padded may be the offset itself, after something else.
    let is_prefixed = |it: &Range<usize>| {
        let (digits, _) = marked(&line[it.clone()]);
        line[it.start..it.end - digits.len()].ends_with(b"0x")
    };
    let is_padded = line[next.start] == b'0' && after.as_ref().is_some_and(|after| after.len() < next.len());
    let is_before_unprefixed = is_prefixed(word)
        && !is_prefixed(next)
        && next.len() <= digits.len()
        && is_number(&line[next.clone()])
        && !is_padded;
    // Long words; an offset after something else is followed by bytes of two digits.
    let is_before_words = || {
        next.len() > word.len()
            && is_number(&line[next.clone()])
            && after.is_none_or(|after| after.len() != 2 || !is_number(&line[after]))
    };
    is_marked || next.len() < digits.len() || is_before_unprefixed || is_before_words()
}

fn is_number(word: &[u8]) -> bool {
    let word = word.strip_suffix(b",").unwrap_or(word);
    let digits = word.strip_prefix(b"-").or_else(|| word.strip_prefix(b"0x")).unwrap_or(word);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
}

fn end_of_numbers(line: &[u8], from: usize) -> usize {
    let mut end = from;
    while let Some(token) = token(line, end).filter(|token| is_number(&line[token.clone()])) {
        end = token.end;
    }
    end
}

/// How many bytes lie between the offsets of two blocks, if those are in base 16, 10 or 8.
fn distances(text: &[u8], one: &Block, other: &Block) -> [Option<usize>; 3] {
    let number = |offset: &Range<usize>, radix| {
        let digits = std::str::from_utf8(marked(&text[offset.clone()]).0).ok()?;
        u64::from_str_radix(digits, radix).ok()
    };
    [16, 10, 8].map(|radix| {
        let distance = number(&other.offset, radix)?.checked_sub(number(&one.offset, radix)?)?;
        usize::try_from(distance).ok().filter(|distance| (1..=rows::MAX_BYTES).contains(distance))
    })
}

/// How many of the bytes that a block seems to show it does, by its offset and the next one. In the right base, offsets count by
/// the same number.
fn width(blocks: &[Block], at: usize, shown: usize) -> Option<usize> {
    let nearby = [at.checked_sub(1), Some(at + 1)].map(|at| blocks.get(at?));
    let widths = (0..3).filter_map(|base| {
        let width = blocks[at].distances[base].filter(|width| *width <= shown)?;
        Some((nearby.iter().flatten().any(|block| block.distances[base] == Some(width)), width))
    });
    widths.max().map(|(_, width)| width)
}

fn read(text: &[u8], blocks: Vec<Block>, longest: usize, cut: bool) -> impl Iterator<Item = Decoded> {
    let rows = blocks.iter().map(|block| block.rows.len()).max().unwrap_or_default();
    let is_repeated = blocks.iter().any(|block| block.is_repeated);
    let repetitions = if is_repeated { &REPETITIONS[..] } else { &REPETITIONS[..1] };
    let readings = (0..rows).flat_map(|row| NOTATIONS.map(|notation| (row, notation)));
    let readings =
        readings.flat_map(move |(row, notation)| repetitions.iter().map(move |it| (row, notation, *it)));
    readings
        .map(move |(row, notation, repetition)| {
            decode(notation, text, &blocks, row, repetition, longest, cut)
        })
        .filter(|decoded| !decoded.bytes.is_empty())
}

/// The bytes that one row of each block writes in that notation.
fn decode(
    notation: Notation,
    text: &[u8],
    blocks: &[Block],
    row: usize,
    repetition: Repetition,
    longest: usize,
    cut: bool,
) -> Decoded {
    let is_squeezed = repetition == Repetition::Unknown;
    let mut decoded = Decoded { bytes: Vec::new(), places: Vec::new(), is_squeezed };
    // How many bytes a line showed at last, and how many may be added for lines that are left out.
    let (mut last, mut budget) = (None, text.len().max(MAX_REPEATED));
    for (at, block) in blocks.iter().enumerate() {
        let Some(range) = block.rows.get(row) else { continue };
        let mut bytes = notation.line(&text[range.clone()], cut && range.end == text.len());
        // What else is read there is the text beside them.
        let width = width(blocks, at, bytes.len()).filter(|_| notation != Notation::Characters);
        last = width.or(last);
        let usual = || last.or((bytes.len() > 16 && !bytes.len().is_multiple_of(16)).then_some(16));
        let width = if block.is_repeated { width.or_else(usual) } else { width };
        bytes.truncate(width.unwrap_or(usize::MAX));
        let mut times = 1;
        if block.is_repeated && !bytes.is_empty() {
            let more = match repetition {
                Repetition::Often => longest / bytes.len() + 1,
                Repetition::Times(more) => more,
                Repetition::Unknown => 0,
            };
            let more = more.min(budget / bytes.len());
            budget -= more * bytes.len();
            times += more;
        }
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let place = (place(block.shown.start), place(block.shown.end));
        if is_squeezed {
            bytes.dedup();
            if decoded.bytes.last() == bytes.first()
                && let Some(last) = decoded.places.last_mut()
            {
                last.1 = place.1;
                bytes.drain(..1);
            }
        }
        for _ in 0..times {
            decoded.bytes.extend_from_slice(&bytes);
        }
        decoded.places.resize(decoded.bytes.len(), place);
    }
    decoded
}
