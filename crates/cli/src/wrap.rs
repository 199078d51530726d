//! Lines that fit a terminal: broken between words, and cut with "…", by the width that characters have on the screen.

use console::{Term, measure_text_width};
use unicode_segmentation::UnicodeSegmentation;

/// The width of a terminal that reports none.
const USUAL: usize = 80;

/// The width of a terminal; `None` where the output is not one. Where the terminal reports none, as a recorder's does, that of
/// `COLUMNS`, else the usual one.
pub(crate) fn width_of(out: &Term) -> Option<usize> {
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    let measured = || out.size_checked().map(|(_, columns)| usize::from(columns));
    out.is_term()
        .then(|| measured().filter(|columns| *columns > 0).or_else(from_environment).unwrap_or(USUAL))
}

/// A part of a text that stays on one line.
struct Unit<'t> {
    text: &'t str,
    width: usize,
    /// Preceded by white space.
    spaced: bool,
}

/// The words of a text; wide characters, as of Chinese and Japanese, are words of their own.
fn units(text: &str) -> Vec<Unit<'_>> {
    let mut units: Vec<Unit<'_>> = Vec::new();
    for word in text.split_whitespace() {
        let (mut start, mut spaced) = (0, true);
        let mut push = |from: usize, to: usize| {
            if from < to {
                let text = &word[from..to];
                units.push(Unit { text, width: measure_text_width(text), spaced });
                spaced = false;
            }
        };
        for (at, grapheme) in word.grapheme_indices(true) {
            if !grapheme.is_ascii() && measure_text_width(grapheme) > 1 {
                push(start, at);
                start = at + grapheme.len();
                push(at, start);
            }
        }
        push(start, word.len());
    }
    units
}

/// The width of the widest part that stays on one line.
pub(crate) fn widest_word(text: &str) -> usize {
    units(text).iter().map(|unit| unit.width).max().unwrap_or(0)
}

/// A text in lines of at most `width`, broken between words. A word that is wider than a line has one of its own.
pub(crate) fn lines(text: &str, width: usize) -> Vec<String> {
    hung_lines(text, width, width, false)
}

/// The same, but for a word that is wider than a line: that is broken.
pub(crate) fn broken_lines(text: &str, width: usize) -> Vec<String> {
    hung_lines(text, width, width, true)
}

/// The same where the further lines have another width than the first one. With `within_words` a word that is wider
/// than a line is broken.
fn hung_lines(text: &str, first: usize, further: usize, within_words: bool) -> Vec<String> {
    let mut width = first;
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for unit in units(text) {
        let space = usize::from(unit.spaced && used > 0);
        if used > 0 && used + space + unit.width > width {
            lines.push(std::mem::take(&mut line));
            (used, width) = (0, further);
        } else if space > 0 {
            line.push(' ');
            used += 1;
        }
        if unit.width <= width || !within_words {
            line.push_str(unit.text);
            used += unit.width;
            continue;
        }
        for grapheme in unit.text.graphemes(true) {
            let wide = measure_text_width(grapheme);
            if used > 0 && used + wide > width {
                lines.push(std::mem::take(&mut line));
                (used, width) = (0, further);
            }
            line.push_str(grapheme);
            used += wide;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A text in at most `most` such lines; what is longer ends in "…". A single line is filled, within a word too: what is
/// below it is not shown.
pub(crate) fn lines_cut(text: &str, width: usize, most: usize) -> Vec<String> {
    if most == 1 {
        let whole = lines(text, usize::MAX).into_iter();
        return whole
            .map(|line| if measure_text_width(&line) > width { cut(&line, width) } else { line })
            .collect();
    }
    let mut all = broken_lines(text, width);
    if all.len() > most {
        all.truncate(most);
        if let Some(last) = all.last_mut() {
            *last = cut(last, width);
        }
    }
    all
}

/// A line that goes on, with "…" at its end.
fn cut(line: &str, width: usize) -> String {
    let room = width.saturating_sub(1);
    let (mut kept, mut used) = (0, 0);
    for (at, grapheme) in line.grapheme_indices(true) {
        let wide = measure_text_width(grapheme);
        if used + wide > room {
            break;
        }
        used += wide;
        kept = at + grapheme.len();
    }
    format!("{}…", line[..kept].trim_end())
}

/// Sentences as a terminal of that width shows them, broken between words; none is broken where there is no width. Lines that
/// begin with white space, such as quoted ones, stay as they are; `indent` is put before the others' further lines.
pub(crate) fn prose(text: &str, width: Option<usize>, indent: usize) -> String {
    let Some(width) = width else { return text.to_owned() };
    let margin = format!("\n{}", " ".repeat(indent));
    let wrapped = text.lines().map(|line| {
        if line.starts_with(char::is_whitespace) || measure_text_width(line) <= width {
            return line.to_owned();
        }
        // The first line may take what the others leave to the margin.
        let room = width.saturating_sub(indent).max(1);
        hung_lines(line, width, room, false).join(margin.as_str())
    });
    wrapped.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_by_their_width_on_the_screen() {
        let cases: &[(&str, usize, &[&str])] = &[
            ("", 10, &[]),
            ("one two three", 20, &["one two three"]),
            ("one two three", 8, &["one two", "three"]),
            ("one two three", 7, &["one two", "three"]),
            ("an investigation", 8, &["an", "investig", "ation"]),
            ("  spaces   are one ", 20, &["spaces are one"]),
            // Wide characters take two columns, and may be at either end of a line.
            ("長い題名です", 6, &["長い題", "名です"]),
            ("fix 長い題名", 8, &["fix 長い", "題名"]),
            ("長い", 1, &["長", "い"]),
            // Marks stay with their letter, and families together.
            ("e\u{301}e\u{301}e\u{301} e\u{301}", 3, &["e\u{301}e\u{301}e\u{301}", "e\u{301}"]),
            ("e\u{301}e\u{301}e\u{301}", 2, &["e\u{301}e\u{301}", "e\u{301}"]),
            ("👨‍👩‍👧👨‍👩‍👧", 2, &["👨‍👩‍👧", "👨‍👩‍👧"]),
            ("שלום עולם", 5, &["שלום", "עולם"]),
        ];
        for (text, width, expected) in cases {
            assert_eq!(broken_lines(text, *width), *expected, "{text:?} in {width}");
        }
        assert_eq!(
            lines("see https://ci.example/a/long/path now", 10),
            ["see", "https://ci.example/a/long/path", "now"]
        );
    }

    #[test]
    fn cut_text_ends_in_an_ellipsis() {
        let cases: &[(&str, usize, usize, &[&str])] = &[
            ("one two three", 8, 2, &["one two", "three"]),
            ("one two three four", 8, 2, &["one two", "three…"]),
            ("one two three four", 7, 1, &["one tw…"]),
            ("one two", 7, 1, &["one two"]),
            ("", 7, 1, &[]),
            // A word that has no room is begun, not left out.
            ("probe payments-eu", 15, 1, &["probe payments…"]),
            ("probe payments-eu", 10, 2, &["probe", "payments-…"]),
            ("長い題名です", 6, 1, &["長い…"]),
            ("e\u{301}e\u{301}e\u{301}", 2, 1, &["e\u{301}…"]),
            ("abc", 1, 1, &["…"]),
        ];
        for (text, width, most, expected) in cases {
            assert_eq!(lines_cut(text, *width, *most), *expected, "{text:?} in {width}");
        }
    }

    #[test]
    fn sentences_are_wrapped_and_quoted_lines_are_not() {
        let text = "c.toml:2:9: there is no value `x`\n 2 | store = \"a long line\"\nend";
        assert_eq!(prose(text, None, 2), text);
        assert_eq!(
            prose(text, Some(20), 2),
            "c.toml:2:9: there is\n  no value `x`\n 2 | store = \"a long line\"\nend"
        );
        // Wide characters break within a word.
        assert_eq!(
            prose("長い題名です長い題名です", Some(6), 2),
            "長い題\n  名で\n  す長\n  い題\n  名で\n  す"
        );
        assert_eq!(prose("fix 長い題名です now", Some(8), 2), "fix 長い\n  題名で\n  す now");
    }

    #[test]
    fn wrapped_text_loses_nothing() {
        let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        for text in [
            "長い題名です長い題名です",
            "a長い b題名です c",
            "one two https://ci.example/a/long/path",
            "e\u{301}e\u{301} 👨‍👩‍👧👨‍👩‍👧 שלום",
        ] {
            for (width, indent) in (0..30).flat_map(|width| [(width, 0), (width, 2), (width, 40)]) {
                assert_eq!(plain(&prose(text, Some(width), indent)), plain(text), "{width} {indent}");
            }
        }
    }
}
