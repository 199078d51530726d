//! What a mistake in a text is told with: where it stands, and what was likely meant.

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

/// The known name that a mistyped one most likely meant, if any is near enough.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer ones are not typing mistakes, and the comparison is quadratic.
    const LONGEST: usize = 64;
    if typed.is_empty() || typed.len() > LONGEST {
        return None;
    }
    let typed = typed.to_lowercase();
    let slips = (typed.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .filter(|name| name.len() <= LONGEST)
        .map(|name| (strsim::osa_distance(&typed, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= slips)
        .min_by_key(|(distance, _)| *distance)
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
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
