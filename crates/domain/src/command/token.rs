//! A typed line as words: quotes group, white space separates.

use std::ops::Range;

use super::ArgError;

/// One word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its text, without the quotes.
    pub text: String,
    /// Where it begins in the line, in bytes.
    pub start: usize,
    /// Where it ends in the line, in bytes.
    pub end: usize,
    quotes: Vec<Quote>,
}

/// A quoted part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Quote {
    /// What is quoted, as bytes of the text.
    text: Range<usize>,
    /// The same with its quotes, as bytes of the line.
    source: Range<usize>,
}

impl Token {
    /// A word that is still to be typed.
    pub(super) fn empty(at: usize) -> Self {
        Self { text: String::new(), start: at, end: at, quotes: Vec::new() }
    }

    /// A word as it would be typed.
    pub(super) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), start: 0, end: text.len(), quotes: Vec::new() }
    }

    /// True where any part of it is quoted. What is quoted is only ever a value.
    pub fn is_quoted(&self) -> bool {
        !self.quotes.is_empty()
    }

    /// Where in the text, from `from` on, an unquoted `needle` first occurs.
    pub(super) fn find_bare(&self, needle: &str, from: usize) -> Option<usize> {
        self.text[from..]
            .match_indices(needle)
            .map(|(at, _)| from + at)
            .find(|at| self.is_bare(*at..*at + needle.len()))
    }

    /// True where no byte of this part of the text is quoted.
    pub(super) fn is_bare(&self, part: Range<usize>) -> bool {
        self.quotes.iter().all(|quote| quote.text.end <= part.start || part.end <= quote.text.start)
    }

    /// Where in the line the text from `at` on begins, the opening quote included. `at` is not inside quotes.
    pub(super) fn source_of(&self, at: usize) -> usize {
        let before = self.quotes.iter().rfind(|quote| quote.text.start < at);
        before.map_or(self.start + at, |quote| quote.source.end + at.saturating_sub(quote.text.end))
    }
}

/// The words of a line. White space separates; `'single'` and `"double"` quotes group and may begin inside a word
/// (`message="a b"`). In double quotes `\"` and `\\` stand for `"` and `\`; elsewhere a backslash is itself.
/// A single quote right after a letter or digit is an apostrophe: `don't` is a word.
///
/// # Errors
/// [`ArgError::OpenQuote`].
pub fn tokens(line: &str) -> Result<Vec<Token>, ArgError> {
    let (tokens, open) = scan(line);
    match open {
        None => Ok(tokens),
        Some(at) => Err(ArgError::OpenQuote { at: line[..at].chars().count() + 1 }),
    }
}

/// The words of a line that may still be being typed, and where a quote begins that is not closed: it goes to the end.
pub fn scan(line: &str) -> (Vec<Token>, Option<usize>) {
    let mut tokens = Vec::new();
    let mut token: Option<Token> = None;
    let mut quote: Option<(char, usize, usize)> = None;
    let mut before = ' ';
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        if quote.is_none() && c.is_whitespace() {
            tokens.extend(token.take());
            before = c;
            continue;
        }
        let current = token.get_or_insert_with(|| Token::empty(at));
        current.end = end;
        match quote {
            Some((mark, source, text)) if c == mark => {
                current.quotes.push(Quote { text: text..current.text.len(), source: source..end });
                quote = None;
            }
            Some(('"', ..)) if c == '\\' => match chars.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((at, escaped)) => {
                    current.text.push(escaped);
                    current.end = at + escaped.len_utf8();
                }
                None => current.text.push(c),
            },
            None if c == '"' || (c == '\'' && !before.is_alphanumeric()) => {
                quote = Some((c, at, current.text.len()));
            }
            _ => current.text.push(c),
        }
        before = c;
    }
    if let (Some((_, source, text)), Some(current)) = (quote, token.as_mut()) {
        current.quotes.push(Quote { text: text..current.text.len(), source: source..line.len() });
    }
    tokens.extend(token);
    (tokens, quote.map(|(_, at, _)| at))
}

/// A text written so that it is one word of a line, and only ever a value.
pub fn quote(text: &str) -> String {
    let bare = !text.is_empty()
        && !text.starts_with("--")
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '='));
    if bare { text.to_owned() } else { in_quotes(text) }
}

/// The same in quotes whatever it is: as text, and never as a time or a word of the command's own.
pub(super) fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#))
}

/// The line that a program's arguments make, after the shell has taken their quotes: `message=a b` becomes
/// `message="a b"`. A single argument is a line as it stands.
pub fn line_from<S: AsRef<str>>(arguments: &[S]) -> String {
    if let [line] = arguments {
        return line.as_ref().to_owned();
    }
    let words: Vec<_> = arguments.iter().map(|argument| word_from(argument.as_ref())).collect();
    words.join(" ")
}

fn word_from(argument: &str) -> String {
    let is_name =
        |name: &str| !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "\"'".contains(c));
    match argument.split_once('=') {
        Some((name, value)) if is_name(name) => format!("{name}={}", quote(value)),
        None if argument.starts_with("--") && is_name(argument) => argument.to_owned(),
        _ => quote(argument),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(line: &str) -> Result<Vec<String>, usize> {
        match tokens(line) {
            Ok(tokens) => Ok(tokens.into_iter().map(|token| token.text).collect()),
            Err(ArgError::OpenQuote { at }) => Err(at),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn line_is_split_into_tokens() {
        let cases: &[(&str, Result<&[&str], usize>)] = &[
            ("", Ok(&[])),
            ("  \t\n ", Ok(&[])),
            ("deploy api  to\tstaging ", Ok(&["deploy", "api", "to", "staging"])),
            (r#"a "b c" d"#, Ok(&["a", "b c", "d"])),
            (r#"message="a b"c 'd e'f"#, Ok(&["message=a bc", "d ef"])),
            (r#"'single "inside"' "double 'inside'""#, Ok(&["single \"inside\"", "double 'inside'"])),
            (r#""a \"b\" \\ \n" 'a\' C:\x"#, Ok(&[r#"a "b" \ \n"#, r"a\", r"C:\x"])),
            (r#""" '' x"#, Ok(&["", "", "x"])),
            ("I don't know, it's ana's", Ok(&["I", "don't", "know,", "it's", "ana's"])),
            ("naïve 'ü b' 👨‍👩‍👧", Ok(&["naïve", "ü b", "👨‍👩‍👧"])),
            ("a\u{a0}b", Ok(&["a", "b"])),
            ("say \"open", Err(5)),
            ("ü 'open", Err(3)),
            (r#""ends in \"#, Err(1)),
            (r#""ends in \""#, Err(1)),
        ];
        for (line, expected) in cases {
            let expected =
                expected.map(|words| words.iter().map(|word| word.to_string()).collect::<Vec<_>>());
            assert_eq!(texts(line), expected, "{line:?}");
        }
    }

    #[test]
    fn tokens_have_their_position() {
        let line = r#"ü x="a \" b"/c  "end"#;
        let (tokens, open) = scan(line);
        let spans: Vec<_> = tokens.iter().map(|token| &line[token.start..token.end]).collect();
        assert_eq!(spans, ["ü", r#"x="a \" b"/c"#, "\"end"]);
        assert_eq!(open, Some(17));
        let word = &tokens[1];
        assert_eq!(word.text, "x=a \" b/c");
        assert_eq!(&line[word.source_of(word.find_bare("=", 0).unwrap() + 1)..], r#""a \" b"/c  "end"#);
        assert_eq!(&line[word.source_of(word.find_bare("/", 0).unwrap() + 1)..], "c  \"end");
        assert_eq!(word.find_bare(" ", 0), None);
    }

    #[test]
    fn arguments_of_a_program_make_a_line() {
        let cases: &[(&[&str], &str)] = &[
            (&["deploy api to staging"], "deploy api to staging"),
            (&["deploy", "api", "to", "staging"], "deploy api to staging"),
            (&["pr", "approve", "web#1", "looks good"], r#"pr approve web#1 "looks good""#),
            (
                &["build", "web", "message=a b", "--ref=x y", "--yes"],
                r#"build web message="a b" --ref="x y" --yes"#,
            ),
            (&["note", "a b=c", "--two words"], r#"note "a b=c" "--two words""#),
        ];
        for (arguments, expected) in cases {
            assert_eq!(line_from(arguments), *expected, "{arguments:?}");
        }
    }

    proptest! {
        #[test]
        fn quoted_text_is_one_token(text in any::<String>()) {
            prop_assert_eq!(texts(&quote(&text)), Ok(vec![text]));
        }

        #[test]
        fn scanning_never_fails(line in any::<String>()) {
            for token in scan(&line).0 {
                prop_assert!(line.get(token.start..token.end).is_some());
                prop_assert!(token.source_of(token.text.len()) <= line.len());
            }
        }
    }
}
