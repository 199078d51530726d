//! What is wrong with the syntax of an expression, in plain words: the parser speaks of its tokens.

use super::error::ExpressionError;
use crate::text;

/// The longest piece of the expression that a message repeats, in characters.
const REPEATED: usize = 30;

/// Words that other languages have for an operator, and how it is written here.
const OPERATORS: [(&str, &str); 6] =
    [("and", "&&"), ("or", "||"), ("is", "=="), ("equals", "=="), ("not", "!"), ("mod", "%")];

/// What the parser's `message` at the byte `at` of an expression means.
pub(super) fn explain(text: &str, at: usize, message: &str) -> ExpressionError {
    let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (place, what) = reason(text, at, message);
    ExpressionError::new(text, place, what)
}

/// Where the mistake is, and what it is.
fn reason(text: &str, at: usize, message: &str) -> (usize, String) {
    let (before, rest) = (text[..at].trim_end(), &text[at..]);
    if let Some(what) = character(rest) {
        return (at, what);
    }
    let (start, last) = last_word(before);
    if let Some(operator) = operator(last) {
        return (start, format!("`{last}` is no operator: write `{operator}`"));
    }
    let found = first_word(rest);
    if let Some(operator) = operator(found) {
        return (at, format!("`{found}` is no operator: write `{operator}`"));
    }
    if message.starts_with("reserved identifier") {
        let choice = if found == "if" { "; a choice is written `condition ? one : other`" } else { "" };
        return (at, format!("`{found}` is a reserved word, and cannot be a name{choice}"));
    }
    if message.starts_with("Incomplete") {
        return (at, "this choice is not complete: write `condition ? one : other`".to_owned());
    }
    if rest.trim().is_empty() {
        return match open_bracket(before) {
            _ if ends_in_operator(before) => (at, format!("a value must follow `{last}`")),
            Some((open, close)) => (at, format!("a `{open}` is not closed: add `{close}`")),
            None => (at, "it ends too early: a value must follow".to_owned()),
        };
    }
    if found == "," && open_bracket(before).is_some_and(|(open, _)| open == '(') {
        return (
            at,
            "`,` cannot stand here: a list is written in square brackets, such as `[1, 2]`".to_owned(),
        );
    }
    let wanted = match before.is_empty() || ends_in_operator(before) {
        true => "a value",
        false => "an operator such as `==`, `&&` or `||`",
    };
    (at, format!("`{}` cannot stand here: expected {wanted}", text::line(found, REPEATED)))
}

/// What is wrong with the character that the rest begins with, where no expression has it, or not alone.
fn character(rest: &str) -> Option<String> {
    let first = rest.chars().next()?;
    let second = rest[first.len_utf8()..].chars().next();
    let what = match (first, second) {
        ('=', Some('~')) => "there is no `=~`: write `text.matches(\"pattern\")`".to_owned(),
        ('=', Some('=')) | ('&', Some('&')) | ('|', Some('|')) => return None,
        ('=', _) => "`=` does not compare: write `==`".to_owned(),
        ('&', _) => "`&` is no operator: write `&&`".to_owned(),
        ('|', _) => "`|` is no operator: write `||`".to_owned(),
        ('"' | '\'', _) if !is_closed(rest, first) => {
            format!("the text that begins here is not closed: end it with `{first}`")
        }
        ('\u{201c}'..='\u{201f}' | '\u{2018}'..='\u{201b}' | '\u{ab}' | '\u{bb}', _) => {
            format!("`{first}` is no quote here: write `\"`")
        }
        ('\\', _) => "`\\` cannot stand here: quotes inside a text in '...' need none before them".to_owned(),
        (';' | '#' | '$' | '@' | '~' | '^' | '`', _) => format!("`{first}` cannot stand here"),
        (other, _) if !other.is_ascii() => {
            format!("`{}` cannot stand here", text::line(&other.to_string(), 8))
        }
        _ => return None,
    };
    Some(what)
}

/// True where a text that begins with this quote ends on its line.
fn is_closed(rest: &str, quote: char) -> bool {
    let mut escaped = false;
    rest.chars().skip(1).take_while(|c| *c != '\n').any(|c| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })
}

fn operator(word: &str) -> Option<&'static str> {
    OPERATORS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, operator)| *operator)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// The word, or else the one character, that the rest begins with.
fn first_word(rest: &str) -> &str {
    let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    let one = rest.chars().next().map_or(0, char::len_utf8);
    &rest[..end.max(one)]
}

/// The word or operator that the text ends with, and where it begins.
fn last_word(before: &str) -> (usize, &str) {
    let like = |c: char| {
        let last = before.chars().next_back().unwrap_or(' ');
        if is_word(last) {
            is_word(c)
        } else {
            is_operator(c) == is_operator(last) && !is_word(c) && c != ' '
        }
    };
    let start =
        before.char_indices().rev().take_while(|(_, c)| like(*c)).last().map_or(before.len(), |(at, _)| at);
    (start, &before[start..])
}

fn is_operator(c: char) -> bool {
    "=!<>&|+-*/%?:,".contains(c)
}

fn ends_in_operator(before: &str) -> bool {
    before.ends_with(is_operator) || last_word(before).1 == "in"
}

/// The last bracket that is still open at the end of a text, and what closes it. What is in quotes does not count.
fn open_bracket(before: &str) -> Option<(char, char)> {
    let (mut open, mut quote) = (Vec::new(), None);
    let mut escaped = false;
    for c in before.chars() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => open.push(('(', ')')),
            (None, '[') => open.push(('[', ']')),
            (None, '{') => open.push(('{', '}')),
            (None, ')' | ']' | '}') => drop(open.pop()),
            (None, _) => {}
        }
    }
    open.pop()
}

#[cfg(test)]
mod tests {
    use super::super::{Expression, Name, Type};

    #[test]
    fn syntax_error_has_its_place_and_the_expected_text() {
        let scope = [
            Name { name: "item.kind", ty: Type::Text, values: &[], meaning: "" },
            Name { name: "item.mine", ty: Type::Bool, values: &[], meaning: "" },
            Name { name: "event", ty: Type::Text, values: &[], meaning: "" },
        ];
        let cases = [
            ("item.kind ==", 13, "a value must follow `==`"),
            ("item.kind == 'b' || ", 21, "a value must follow `||`"),
            ("event in ", 10, "a value must follow `in`"),
            ("!", 2, "a value must follow `!`"),
            ("item.kind = 'b'", 11, "`=` does not compare: write `==`"),
            ("item.kind =~ 'b'", 11, "there is no `=~`: write `text.matches(\"pattern\")`"),
            ("item.mine & item.mine", 11, "`&` is no operator: write `&&`"),
            ("item.mine | item.mine", 11, "`|` is no operator: write `||`"),
            ("item.mine and item.mine", 11, "`and` is no operator: write `&&`"),
            ("item.mine OR item.mine", 11, "`OR` is no operator: write `||`"),
            ("item.kind is 'b'", 11, "`is` is no operator: write `==`"),
            ("not item.mine", 1, "`not` is no operator: write `!`"),
            ("(item.kind == 'b'", 18, "a `(` is not closed: add `)`"),
            ("event in ['failed'", 19, "a `[` is not closed: add `]`"),
            ("event in ['fai]led', ", 22, "a value must follow `,`"),
            ("item.kind == 'b", 14, "the text that begins here is not closed: end it with `'`"),
            ("item.kind == \u{201c}b\u{201d}", 14, "`\u{201c}` is no quote here: write `\"`"),
            ("item.kind == \\\"b\\\"", 14, "`\\` cannot stand here"),
            (
                "if item.mine",
                1,
                "`if` is a reserved word, and cannot be a name; a choice is written `condition ? one : other`",
            ),
            ("item.mine ? 1", 1, "this choice is not complete: write `condition ? one : other`"),
            ("true true", 6, "`true` cannot stand here: expected an operator such as `==`, `&&` or `||`"),
            ("event in ('a', 'b')", 14, "`,` cannot stand here: a list is written in square brackets"),
            ("1 +* 2", 4, "`*` cannot stand here: expected a value"),
            ("item.mine;", 10, "`;` cannot stand here"),
            ("item.mine\n&& item.kind = 'b'", 14, "`=` does not compare: write `==`"),
        ];
        for (text, column, what) in cases {
            let error = Expression::compile(text, &scope).err().unwrap_or_else(|| panic!("{text} is read"));
            assert!(error.what.starts_with(what), "{text}: {}", error.what);
            assert_eq!(error.column, column, "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn cel_parser_jargon_never_reaches_the_user(text in "[a-c .()=&|!\"'\\[\\],?:+*]{1,24}") {
            if let Err(error) = Expression::compile_untyped(&text, ["a", "b", "c"]) {
                for word in ["mismatched", "token recognition", "extraneous", "no viable", "ExprContext", "EOF"] {
                    proptest::prop_assert!(!error.what.contains(word), "{text}: {}", error.what);
                }
            }
        }
    }
}
