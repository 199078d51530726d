//! The rows of a dump whose line breaks were lost or moved: `echo $(xxd F)` writes it as one line, `fold` breaks its lines. Its
//! offsets count on all the same, and each begins a row, wherever it stands.

use std::{collections::VecDeque, ops::Range};

use super::cell::{cell, marked};

/// How many bytes a line shows at most.
const MAX_BYTES: usize = 256;

/// What a number is in base 16, 10 and 8.
pub(super) type Values = [Option<u64>; 3];

/// The values of digits.
pub(super) fn values(digits: &[u8]) -> Values {
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    [16, 10, 8].map(|radix| u64::from_str_radix(digits, radix).ok())
}

/// How many bytes lie between two offsets, in each base in which a line may show so many.
pub(super) fn distances(one: &Values, next: &Values) -> [Option<usize>; 3] {
    std::array::from_fn(|base| {
        let distance = next[base]?.checked_sub(one[base]?)?;
        usize::try_from(distance).ok().filter(|distance| (1..=MAX_BYTES).contains(distance))
    })
}

/// How many digits an offset has at least that neither a `:` marks nor a dash follows.
const SHORTEST: usize = 6;

/// How many numbers that may be offsets are remembered until a further one follows one of them.
const RECENT: usize = 8;

/// Every way to divide a text into rows: its lines and, where a dump has other rows, those.
pub(super) fn divided(text: &[u8]) -> impl Iterator<Item = Vec<Range<usize>>> {
    let mut all = Vec::new();
    lines(text, 0..text.len(), &mut all);
    [Some(all), by_offsets(text)].into_iter().flatten()
}

fn lines(text: &[u8], part: Range<usize>, rows: &mut Vec<Range<usize>>) {
    let mut start = part.start;
    for line in text[part].split(|byte| *byte == b'\n') {
        rows.push(start..start + line.len());
        start += line.len() + 1;
    }
}

/// The rows of dumps of which not each stands in a line of its own, with the lines around them; none where there is no such dump.
fn by_offsets(text: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut dumps = dumps(text);
    dumps.retain(|dump| dump.windows(2).any(|pair| breaks(&text[pair[0]..pair[1]]) != 1));
    let (mut rows, mut at) = (Vec::new(), 0);
    for (number, dump) in dumps.iter().enumerate() {
        let &[.., before, last] = dump.as_slice() else { continue };
        if at < dump[0] {
            lines(text, at..dump[0], &mut rows);
        }
        for pair in dump.windows(2) {
            row(text, pair[0]..pair[1], &mut rows);
        }
        // Nothing ends the last one: it is of as many lines as the one before it.
        let until = dumps.get(number + 1).map_or(text.len(), |next| next[0]);
        let ends = text[last..until].iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let end = ends.map(|(length, _)| last + length).nth(breaks(&text[before..last]).saturating_sub(1));
        row(text, last..end.unwrap_or(until), &mut rows);
        at = end.map_or(until, |end| end + 1);
    }
    if rows.is_empty() {
        return None;
    }
    if at < text.len() {
        lines(text, at..text.len(), &mut rows);
    }
    Some(rows)
}

/// A row and, as one of its own, the `*` after it for those that are left out.
fn row(text: &[u8], row: Range<usize>, rows: &mut Vec<Range<usize>>) {
    let before = text[row.clone()].trim_ascii_end().strip_suffix(b"*");
    match before.filter(|before| before.ends_with(b" ") || before.ends_with(b"\n")) {
        Some(before) => {
            let mark = row.start + before.len();
            rows.extend([row.start..mark, mark..row.end]);
        }
        None => rows.push(row),
    }
}

fn breaks(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// A number that may be an offset.
struct Offset {
    start: usize,
    /// How it is written: with a mark, and with how many digits.
    form: (bool, usize),
    values: Values,
}

impl Offset {
    fn read(text: &[u8], found: &Range<usize>) -> Option<Self> {
        let word = &text[found.clone()];
        if !word.last().is_some_and(|byte| *byte == b':' || byte.is_ascii_hexdigit()) {
            return None;
        }
        let (digits, is_marked) = marked(word);
        if !(4..=16).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        // Of numbers that are not marked, those of a row are written like the next. A short one may be an octal byte,
        // `0147`, unless it stands before a dash.
        let may_be_before = |next: Range<usize>| match digits.len() {
            ..SHORTEST => text[next] == *b"-",
            _ => next.len() != word.len(),
        };
        let may_be = is_marked
            || (word.starts_with(b"0x") || digits[0] == b'0')
                && cell(text, found.end).is_none_or(may_be_before);
        may_be.then(|| Self { start: found.start, form: (is_marked, digits.len()), values: values(digits) })
    }

    /// True where `next` may be the offset of the next row: it is written alike, and between them is room for the bytes.
    fn is_followed_by(&self, next: &Self) -> bool {
        let length = next.start - self.start;
        let has_room = |distance: usize| (2 * distance..=32 * distance + MAX_BYTES).contains(&length);
        self.form == next.form && distances(&self.values, &next.values).into_iter().flatten().any(has_room)
    }
}

/// Where the offsets of each dump begin: at least two, of which each counts on.
fn dumps(text: &[u8]) -> Vec<Vec<usize>> {
    let mut dumps: Vec<Vec<usize>> = Vec::new();
    // The last offset of the last dump, and what may be one since then.
    let mut last: Option<Offset> = None;
    let mut recent: VecDeque<Offset> = VecDeque::with_capacity(RECENT);
    let mut at = 0;
    while let Some(found) = cell(text, at) {
        at = found.end;
        let Some(offset) = Offset::read(text, &found) else { continue };
        let goes_on = last.as_ref().is_some_and(|last| last.is_followed_by(&offset));
        let first = recent.iter().find(|one| one.is_followed_by(&offset)).map(|first| first.start);
        match (goes_on, dumps.last_mut(), first) {
            (true, Some(dump), _) => dump.push(offset.start),
            (_, _, Some(first)) => dumps.push(vec![first, offset.start]),
            _ => {
                if recent.len() == RECENT {
                    recent.pop_front();
                }
                recent.push_back(offset);
                continue;
            }
        }
        recent.clear();
        last = Some(offset);
    }
    dumps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text -> its rows, of which each but the first line begins with an offset.
    #[test]
    fn rows_begin_with_offsets_that_count_on() {
        let cases: [(&str, &[&str]); 15] = [
            (
                "a 00000000: 6768 705f gh 00000004: 5a78 Zx\nb\n",
                &["a", "00000000: 6768 705f gh", "00000004: 5a78 Zx", "b", ""],
            ),
            (
                "0000000 67 68 70 5f 0000004 5a 78 0000006\nb",
                &["0000000 67 68 70 5f", "0000004 5a 78", "0000006", "b"],
            ),
            ("0000: 67 68\n70 5f\n0004: 5a\n78\nb", &["0000: 67 68\n70 5f", "0004: 5a\n78", "b"]),
            // Octal, and words that are longer than an offset.
            (
                "0000000 1601202279 1886349413 0000010 825784410",
                &["0000000 1601202279 1886349413", "0000010 825784410"],
            ),
            ("x:1:00000000: 6768 x:2:00000002: 705f", &["x:1:00000000: 6768", "x:2:00000002: 705f"]),
            // One after the other.
            (
                "0000000 67 68 0000002\n00000000: 6768 gh 00000002: 705f",
                &["0000000 67 68", "0000002", "00000000: 6768 gh", "00000002: 705f"],
            ),
            (
                "0000000 67 68 0000002 70 5f * 0000020 70 5f 0000022",
                &["0000000 67 68", "0000002 70 5f", "*", "0000020 70 5f", "0000022"],
            ),
            // Octal bytes of as many digits as each needs.
            ("0147 061 0150 0160", &[]),
            (
                "0000 - 67 68-70 5f   gh-p_ 0004 - 5a 78   Zx",
                &["0000 - 67 68-70 5f   gh-p_", "0004 - 5a 78   Zx"],
            ),
            // In lines of their own.
            ("00000000: 6768 gh\n00000002: 705f\n", &[]),
            ("web 00000000 67 68\nweb 00000002 70 5f\n", &[]),
            // No room for so many bytes between them, or too much.
            ("0000000 67 0000020 70", &[]),
            ("0000016 0000015 0000014", &[]),
            ("the build 0001234 has passed in 12 s", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            let found = by_offsets(text.as_bytes()).unwrap_or_default();
            let found: Vec<&str> = found.into_iter().map(|row| text[row].trim_matches(' ')).collect();
            let found: Vec<&str> = found.into_iter().map(|row| row.trim_end()).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
