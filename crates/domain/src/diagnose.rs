//! What a mistake in a text is told with: where it stands, and what was likely meant.

pub use crate::nearest::nearest;
use crate::nearest::slips;

/// Where something stands in a text: line and column, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Where the byte `offset` of `text` stands; past the end counts as the end.
pub fn position(text: &str, offset: usize) -> Position {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    Position {
        line: before.iter().filter(|&&b| b == b'\n').count() + 1,
        // Every character has exactly one byte that is not a continuation.
        column: before[line_start..].iter().filter(|&&b| b & 0xC0 != 0x80).count() + 1,
    }
}

/// [`nearest`] for a dotted name that may go on into the known one: `item.lables.team` is near `item.labels`.
pub fn nearest_path<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .filter_map(|name| {
            let parts = name.split('.').count();
            let end = typed.match_indices('.').nth(parts - 1).map_or(typed.len(), |(at, _)| at);
            Some((slips(&typed[..end], name)?, name))
        })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

/// `; did you mean "x"?`, or nothing.
pub(crate) fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters() {
        let text = "ab\nčd\n";
        let cases = [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (5, (2, 2)), (7, (3, 1)), (99, (3, 1))];
        for (offset, (line, column)) in cases {
            assert_eq!(position(text, offset), Position { line, column }, "{offset}");
        }
    }

    #[test]
    fn finds_what_was_meant() {
        let known = ["failed", "fixed", "still_failing", "merged"];
        let cases = [
            ("faild", Some("failed")),
            ("fixd", Some("fixed")),
            ("stil_failing", Some("still_failing")),
            ("Merged", Some("merged")),
            ("mergde", Some("merged")),
            ("banana", None),
            ("", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(nearest(typed, known), expected, "{typed:?}");
        }
        assert_eq!(nearest_path("item.lables.team", ["item.labels"]), Some("item.labels"));
        assert_eq!(nearest_path("itm", ["item.labels"]), None);
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
