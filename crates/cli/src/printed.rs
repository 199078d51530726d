//! All output to standard output and standard error: no printed text can steer the terminal.
//!
//! The macros take the place of those of the standard library in this whole program.

use std::borrow::Cow;

use callboard_domain::text;

macro_rules! print {
    ($($text:tt)*) => { std::print!("{}", $crate::printed::clean(&format!($($text)*))) };
}
macro_rules! println {
    () => { std::println!() };
    ($($text:tt)*) => { std::println!("{}", $crate::printed::clean(&format!($($text)*))) };
}
macro_rules! eprint {
    ($($text:tt)*) => { std::eprint!("{}", $crate::printed::clean(&format!($($text)*))) };
}
macro_rules! eprintln {
    () => { std::eprintln!() };
    ($($text:tt)*) => { std::eprintln!("{}", $crate::printed::clean(&format!($($text)*))) };
}

/// A text with every character written out that could steer a terminal or turn the reading direction, but for our own colours,
/// where there are any. New lines and tabs stay.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    clean_with(text, console::colors_enabled() || console::colors_enabled_stderr())
}

fn clean_with(text: &str, colours: bool) -> Cow<'_, str> {
    if !text.contains('\u{1b}') || !colours {
        return text::visible(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len() + 16), text);
    while let Some(at) = rest.find('\u{1b}') {
        let (before, escape) = rest.split_at(at);
        out.push_str(&text::visible(before));
        // Of an escape that is no colour, the first character is written out: the rest is text.
        let end = colour(escape).unwrap_or(1);
        let (escape, after) = escape.split_at(end);
        if end > 1 {
            out.push_str(escape)
        } else {
            out.push_str(&text::visible(escape))
        }
        rest = after;
    }
    out.push_str(&text::visible(rest));
    out.into()
}

/// The length of the sequence that sets a colour or a weight, with which a text begins: `ESC [ 1 ; 31 m`.
fn colour(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    numbers[end..].starts_with('m').then_some(text.len() - numbers.len() + end + 1)
}

/// A text of which all is shown on one line, such as a line that was typed: line breaks are written out too.
pub(crate) fn on_one_line(text: &str) -> String {
    text::visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_text_cannot_steer_the_terminal() {
        // text -> what is printed without colours, and with
        let cases = [
            ("plain\n\ttext é", "plain\n\ttext é", "plain\n\ttext é"),
            ("\u{1b}[2J", "\\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("a\u{202e}b\rc", "a\\u{202e}b\\u{d}c", "a\\u{202e}b\\u{d}c"),
            ("\u{1b}[1;31mred\u{1b}[0m", "\\u{1b}[1;31mred\\u{1b}[0m", "\u{1b}[1;31mred\u{1b}[0m"),
            ("\u{1b}[31", "\\u{1b}[31", "\\u{1b}[31"),
            ("\u{1b}\u{1b}[0m\u{9b}2J", "\\u{1b}\\u{1b}[0m\\u{9b}2J", "\\u{1b}\u{1b}[0m\\u{9b}2J"),
            ("\u{1b}", "\\u{1b}", "\\u{1b}"),
        ];
        for (text, plain, coloured) in cases {
            assert_eq!(clean_with(text, false), plain, "{text:?}");
            assert_eq!(clean_with(text, true), coloured, "{text:?}");
        }
        assert_eq!(on_one_line("a\nb\t\u{7}"), "a\\nb\\t\\u{7}");
    }

    /// No other file of this program writes to a stream, except for a whole text of another library.
    #[test]
    fn all_output_goes_through_this_module() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("printed.rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let past = ["std::print", "std::eprint"].iter().any(|way| text.contains(way));
                    assert!(!past, "{} prints past `printed`", path.display());
                }
            }
        }
    }
}
