//! Bytes that are written as numbers over several lines, as `od`, `hexdump`, `xxd`, `curl --trace`, `openssl s_client -debug` and
//! their like dump them: of base 2, 8, 10 or 16, as single bytes or as words in either byte order, after an offset or none,
//! beside their text or none, and in several ways at once (`od -tx1 -tc`, `hexdump -b -c`).
//!
//! Each way to read the numbers of such lines gives bytes ([`decoded`]), which are searched as a text of their own. Where
//! something is found in them, all that its lines show is masked, however they show it.
//!
//! Whether the first number of a line is an offset is not decided by its length alone: decimal words have as many digits as
//! they need. Where that is not sure, the line is read both ways. Where a text stands beside the numbers, it is masked with any of
//! them, after an offset or none.
//!
//! What it costs is bounded: of the [`LAYOUTS`] only those are read that differ in a text. In each, a line is divided into
//! numbers once, and these are read once for each of [`NOTATIONS`] that may differ for numbers of their size; where lines are
//! left out, that is repeated for each of [`REPETITIONS`].

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{
    cell::{MAX_PREFIX, beside_numbers, cell, cell_before, characters_below, is_number, marked, token},
    decoded::Decoded,
    forms::LONG,
    notation::{Line, NOTATIONS, Notation, Widths},
    rows::{self, Values},
    view::{Place, place_of},
};

/// How much of a line is looked at to see whether it is one of numbers, in bytes.
const HEAD: usize = MAX_PREFIX + 96;
/// How many lines may show the same bytes, each in another way.
pub(super) const MAX_ROWS: usize = 4;
/// What is shorter, in bytes, has room for no secret that is looked for: two digits a byte, or a character and a blank.
const SHORTEST: usize = 2 * LONG - 1;
/// How many bytes are added at most for lines that are left out, or as many as the text has.
const MAX_REPEATED: usize = 16 << 10;

/// Lines that show the same bytes.
#[derive(PartialEq)]
struct Block {
    /// What is written as their offset.
    offset: Values,
    /// How many bytes lie between it and the next one, if those are in base 16, 10 or 8.
    distances: [Option<usize>; 3],
    /// What each of them shows.
    rows: Vec<Range<usize>>,
    /// All of that.
    shown: Range<usize>,
    /// `*` follows: further lines show the same bytes, and are left out.
    is_repeated: bool,
}

/// Where the parts of a line of numbers stand.
#[derive(Clone)]
struct Layout {
    /// Empty where it has none.
    offset: Range<usize>,
    /// The numbers, with what stands beside them where it is not known where they end.
    numbers: Range<usize>,
    /// With what stands beside them.
    shown: Range<usize>,
}

impl Layout {
    /// Of a line whose numbers end with the first thing that is none.
    fn new(line: &[u8], offset: Range<usize>, shown: Range<usize>) -> Self {
        Self { offset, numbers: shown.start..line.len(), shown }
    }
}

/// In how many ways a line may be one of numbers. Which is right is known only once a secret is found.
const LAYOUTS: usize = 5;

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
    ways(text).into_iter().flat_map(move |way| read(text, way.blocks, longest, false))
}

/// The same of a text that may end in the middle of a dump; nothing where other lines follow it. Where it was `cut`, its last
/// number is left out: it may go on.
pub(super) fn unfinished(text: &str, longest: usize, cut: bool) -> impl Iterator<Item = Decoded> {
    let text = text.as_bytes();
    let ways = ways(text).into_iter().filter(|way| !way.is_over);
    ways.flat_map(move |way| read(text, way.blocks, longest, cut))
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

/// The lines of numbers in a text, read in one way.
#[derive(PartialEq, Default)]
struct Way<'a> {
    blocks: Vec<Block>,
    /// The first line of the last block, and where its offset stands in that, while its lines go on.
    first: Option<(&'a [u8], Range<usize>)>,
    /// True where the last of them is followed by a whole line of something else.
    is_over: bool,
}

/// Every way to read the lines of numbers in a text, but for those that are like another.
fn ways(text: &[u8]) -> Vec<Way<'_>> {
    let mut ways = Vec::new();
    for rows in rows::divided(text) {
        let mut all: [Way<'_>; LAYOUTS] = Default::default();
        for row in &rows {
            for (way, layout) in all.iter_mut().zip(layouts(&text[row.clone()])) {
                way.add(text, row, layout);
            }
        }
        for way in all {
            if !way.blocks.is_empty() && !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    ways
}

impl<'a> Way<'a> {
    /// Adds the next row of the text, which is laid out so if it is the first line of a block.
    fn add(&mut self, text: &'a [u8], row: &Range<usize>, layout: Option<Layout>) {
        let (line, start, end) = (&text[row.clone()], row.start, row.end);
        let next = self.first.as_ref().and_then(|(first, offset)| match offset.is_empty() {
            true => characters_below(first, offset.start, line),
            false => next_row(first, offset, line),
        });
        if let (Some(from), Some(block)) =
            (next, self.blocks.last_mut().filter(|block| block.rows.len() < MAX_ROWS))
        {
            block.rows.push(start + from..end);
            block.shown.end = start + line.trim_ascii_end().len();
        } else if let Some(Layout { offset, numbers, shown }) = layout {
            let value = rows::values(marked(&line[offset.clone()]).0);
            if let Some(before) = self.blocks.last_mut() {
                before.distances = rows::distances(&before.offset, &value);
            }
            self.blocks.push(Block {
                offset: value,
                distances: [None; 3],
                rows: std::iter::once(start + numbers.start..start + numbers.end).collect(),
                shown: start + shown.start..start + shown.end,
                is_repeated: false,
            });
            self.first = Some((line, offset));
            self.is_over = false;
        } else if let Some(block) =
            self.blocks.last_mut().filter(|_| self.first.is_some() && is_repetition(line))
        {
            block.is_repeated = true;
            self.first = None;
        } else {
            self.first = None;
            self.is_over |= end < text.len();
        }
    }
}

/// How a line is laid out: numbers after an offset, or of which the first two are written alike, with what stands beside them;
/// and, where it ends with numbers, those alone, those after something else, and those after the first. The last are all numbers
/// before a text, without an offset.
fn layouts(line: &[u8]) -> [Option<Layout>; LAYOUTS] {
    let before_text = before_text(line).map(|[numbers, _]| Layout {
        offset: numbers.start..numbers.start,
        shown: numbers.start..line.trim_ascii_end().len(),
        numbers,
    });
    let Some(shown) = numbers_at_end(line) else { return [beside_text(line), None, None, None, before_text] };
    let has_prefix = !line[..shown.start].trim_ascii_start().is_empty();
    let all = without_offset(line, &shown);
    let [alone, at_end] = if has_prefix { [None, all] } else { [all, None] };
    // The text of a row may be blank.
    let before_text = before_text.or_else(|| alone.clone());
    [beside_text(line), alone, at_end, after_first(line, &shown), before_text]
}

/// The numbers of a line without an offset, and the text beside them.
pub(super) fn before_text(line: &[u8]) -> Option<[Range<usize>; 2]> {
    let found = beside_numbers(line)?;
    let numbers = &found[0];
    let is_after_offset = after_offset_or_alike(line).is_some_and(|(offset, from)| {
        let is_padded = || offset.len() > 5 && line[offset.start] == b'0' && from < numbers.end;
        !offset.is_empty() && (from == numbers.start || is_padded())
    });
    (!is_after_offset).then_some(found)
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
fn beside_text(line: &[u8]) -> Option<Layout> {
    let (offset, from) = after_offset_or_alike(line)?;
    // Without an offset it may be a line of something else, with numbers in it.
    let to = if offset.is_empty() { end_of_numbers(line, from) } else { line.trim_ascii_end().len() };
    Some(Layout::new(line, offset, from..to))
}

/// The numbers that a line ends with, unless the first of them is an offset for certain. They may be of any length.
fn without_offset(line: &[u8], shown: &Range<usize>) -> Option<Layout> {
    let first = cell(line, shown.start)?;
    let next = cell(line, first.end);
    // A decimal word may be longer than the next, as an offset is; but no word that begins so has another length than others.
    let is_padded = || line[first.start] == b'0' || !line[first.clone()].iter().all(u8::is_ascii_digit);
    let is_after_offset =
        first.len() > 5 && is_padded() && next.is_some_and(|next| is_offset(line, &first, &next));
    (!is_after_offset).then(|| Layout::new(line, shown.start..shown.start, shown.clone()))
}

/// Those after the first of them, which may be an offset however long they are: `od -A x -o`, `od -t u4`.
fn after_first(line: &[u8], shown: &Range<usize>) -> Option<Layout> {
    let first = cell(line, shown.start)?;
    let next = cell(line, first.end)?;
    let is_after_nothing = first.start == 0 && first.len() >= 4;
    let is_padded = line[first.start] == b'0' && first.len() >= 6;
    let is_like_offset = line[first.clone()].iter().all(u8::is_ascii_hexdigit) && first.len() <= 16;
    let is_offset = is_like_offset && (is_after_nothing || is_padded);
    is_offset.then(|| Layout::new(line, first, next.start..shown.end))
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

fn end_of_numbers(line: &[u8], from: usize) -> usize {
    let mut end = from;
    while let Some(token) = token(line, end).filter(|token| is_number(&line[token.clone()])) {
        end = token.end;
    }
    end
}

/// How many of the bytes that a block seems to show it does, by its offset and the next one. In the right base, offsets count by
/// the same number.
fn width(blocks: &[Block], at: usize, shown: usize) -> Option<usize> {
    let widths = (0..3).filter_map(|base| {
        let width = blocks[at].distances[base].filter(|width| *width <= shown)?;
        let nearby = [at.checked_sub(1), Some(at + 1)].map(|at| blocks.get(at?));
        Some((nearby.iter().flatten().any(|block| block.distances[base] == Some(width)), width))
    });
    widths.max().map(|(_, width)| width)
}

fn read(text: &[u8], blocks: Vec<Block>, longest: usize, cut: bool) -> impl Iterator<Item = Decoded> {
    let rows = blocks.iter().map(|block| block.rows.len()).max().unwrap_or_default();
    let is_repeated = blocks.iter().any(|block| block.is_repeated);
    let repetitions = if is_repeated { &REPETITIONS[..] } else { &REPETITIONS[..1] };
    let budget = text.len().max(MAX_REPEATED);
    let lines: Vec<Vec<Line<'_>>> = blocks
        .iter()
        .map(|block| {
            let line = |row: &Range<usize>| Line::new(&text[row.clone()], cut && row.end == text.len());
            block.rows.iter().map(line).collect()
        })
        .collect();
    // Of single bytes, most notations come to the same.
    let widths = lines.iter().flatten().map(Line::widths).fold(Widths::default(), Widths::max);
    let notations = move || NOTATIONS.into_iter().filter(move |notation| notation.differs(widths));
    let readings = (0..rows).flat_map(move |row| notations().map(move |notation| (row, notation)));
    let all = readings.flat_map(move |(row, notation)| {
        let shown = shown(notation, &blocks, &lines, row);
        repetitions.iter().map(move |repetition| repeated(&shown, *repetition, longest, budget))
    });
    all.filter(|decoded| !decoded.bytes.is_empty())
}

/// The bytes of a line.
struct Shown {
    bytes: Vec<u8>,
    place: Place,
    is_repeated: bool,
}

/// The bytes that one row of each block writes in that notation.
fn shown(notation: Notation, blocks: &[Block], lines: &[Vec<Line<'_>>], row: usize) -> Vec<Shown> {
    let mut all = Vec::new();
    // How many a line showed at last.
    let mut last = None;
    for (at, (block, lines)) in blocks.iter().zip(lines).enumerate() {
        let mut bytes = lines.get(row).map(|line| notation.line(line)).unwrap_or_default();
        if bytes.is_empty() {
            continue;
        }
        // What else is read there is the text beside them.
        let width = width(blocks, at, bytes.len()).filter(|_| notation != Notation::Characters);
        last = width.or(last);
        let usual = || last.or((bytes.len() > 16 && !bytes.len().is_multiple_of(16)).then_some(16));
        let width = if block.is_repeated { width.or_else(usual) } else { width };
        bytes.truncate(width.unwrap_or(usize::MAX));
        all.push(Shown { bytes, place: place_of(block.shown.clone()), is_repeated: block.is_repeated });
    }
    all
}

/// What the lines show with those that are left out, for which at most `budget` bytes are added: for each as many as for
/// the others, as a secret may stand at any of them.
fn repeated(lines: &[Shown], repetition: Repetition, longest: usize, mut budget: usize) -> Decoded {
    let is_squeezed = repetition == Repetition::Unknown;
    let mut decoded = Decoded { bytes: Vec::new(), places: Vec::new(), is_squeezed };
    let share = budget / lines.iter().filter(|line| line.is_repeated).count().max(1);
    for line in lines {
        if is_squeezed {
            decoded.add_unequal(&line.bytes, line.place);
            continue;
        }
        let length = line.bytes.len();
        let more = match repetition {
            _ if !line.is_repeated => 0,
            Repetition::Often => (longest / length + 1).min(share / length),
            Repetition::Times(more) => more,
            Repetition::Unknown => 0,
        };
        let more = more.min(budget / length);
        budget -= more * length;
        for _ in 0..=more {
            decoded.bytes.extend_from_slice(&line.bytes);
        }
        decoded.places.resize(decoded.bytes.len(), line.place);
    }
    decoded
}
