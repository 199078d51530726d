//! The cells of a dump's line: its offset, its numbers.

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
