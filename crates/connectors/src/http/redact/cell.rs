//! The cells of a dump's line: its offset, its numbers.

use std::ops::Range;

/// How far into a line its offset may begin, in bytes: what writes a log may put the time and more before each line.
pub(super) const MAX_PREFIX: usize = 96;

/// The digits of an offset, and whether a `:` marks it.
pub(super) fn marked(word: &[u8]) -> (&[u8], bool) {
    let digits = word.strip_suffix(b":").unwrap_or(word);
    (digits.strip_prefix(b"0x").unwrap_or(digits), digits.len() < word.len())
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
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b"-:,;".contains(byte);
    let is_signed = |at: usize| {
        line[at] == b'-'
            && line.get(at + 1).is_some_and(u8::is_ascii_digit)
            && at.checked_sub(1).is_none_or(|before| line[before].is_ascii_whitespace())
    };
    let start = (from..line.len()).find(|at| !is_between(&line[*at]) || is_signed(*at))?;
    let end = (start + 1..line.len()).find(|at| is_between(&line[*at])).unwrap_or(line.len());
    Some(start..end)
}
