//! The errors of the parsers of JSON and TOML in plain words: their own are for programmers.

mod syntax;

/// How the data is written: it names its parts in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// A file that a person writes.
    Toml,
    /// What a program writes.
    Json,
}

/// The beginning of serde's message on an unknown key.
const UNKNOWN_KEY: &str = "unknown field";
/// And of a value that is none of those that can be.
const UNKNOWN_VALUE: &str = "unknown variant";

/// A key or a value that serde does not know, with those that can be in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown<'m> {
    /// True for a key.
    pub is_key: bool,
    /// As it is written.
    pub found: &'m str,
    /// What can be in its place.
    pub known: Vec<&'m str>,
}

/// The name that an error of serde refuses, where it is about one.
pub fn unknown(message: &str) -> Option<Unknown<'_>> {
    let is_key = message.starts_with(UNKNOWN_KEY);
    if !is_key && !message.starts_with(UNKNOWN_VALUE) {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    Some(Unknown { is_key, found: quoted.next()?, known: quoted.collect() })
}

/// The key that an error of serde misses, where it is about one.
pub fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// True for an error of serde about how many entries a list has.
pub fn is_of_length(message: &str) -> bool {
    message.starts_with("invalid length ")
}

/// True for an error of the TOML parser about a key that is there twice.
pub fn is_doubled(message: &str) -> bool {
    message.starts_with("duplicate key")
}

/// A parser's message in plain words, with its place where it names one. A message that no rule here matches stays as it is.
pub fn readable_message(message: &str, notation: Notation) -> String {
    let readable = without_place(message, notation);
    match place(message).1 {
        Some((line, column)) => format!("{readable} (line {line}, column {column})"),
        None => readable,
    }
}

/// The same without the place: for a part of a text, in which it would mislead.
pub fn without_place(message: &str, notation: Notation) -> String {
    translate(place(message).0, notation)
}

/// Takes the place off the end of what serde_json says: `... at line 1 column 5`.
fn place(message: &str) -> (&str, Option<(&str, &str)>) {
    let found = || {
        let (rest, place) = message.rsplit_once(" at line ")?;
        let (line, column) = place.split_once(" column ")?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number(line) && is_number(column)).then_some((rest, Some((line, column))))
    };
    found().unwrap_or((message, None))
}

fn translate(message: &str, notation: Notation) -> String {
    if let Some(Unknown { is_key, found, known }) = unknown(message) {
        let what = if is_key { "key" } else { "value" };
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let right =
            if known.is_empty() { String::new() } else { format!("; it can be {}", known.join(", ")) };
        return format!("there is no {what} `{found}`{right}");
    }
    if let Some(name) = missing(message) {
        return format!("`{name}` is missing");
    }
    if let Some(name) = message.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()) {
        return format!("`{name}` is there twice");
    }
    let kinds = ["invalid type: ", "invalid value: "];
    let types = kinds.iter().find_map(|kind| message.strip_prefix(kind)?.rsplit_once(", expected "));
    if let Some((found, expected)) = types {
        return format!("expected {}, found {}", of_type(expected, notation), of_type(found, notation));
    }
    if let Some((found, expected)) =
        message.strip_prefix("invalid length ").and_then(|rest| rest.split_once(", expected "))
    {
        let entries = if found == "1" { "entry" } else { "entries" };
        return format!("expected {}, found {found} {entries}", of_type(expected, notation));
    }
    if message.starts_with("data did not match any variant") {
        return "it has none of the forms that can stand here".to_owned();
    }
    if notation == Notation::Toml
        && let Some(plain) = syntax::translate(message)
    {
        return plain.to_owned();
    }
    let whole = match message {
        "invalid socket address syntax" => "expected an address and a port such as 127.0.0.1:7878",
        "expected value" | "expected ident" | "invalid number" => "this is no JSON",
        "trailing characters" => "more follows after the end of the JSON",
        "trailing comma" => "there is a comma too many",
        "key must be a string" => "a key must be in quotes",
        "recursion limit exceeded" => "it is nested too deep",
        ended if ended.starts_with("EOF while parsing") => "it ends too early",
        other => other,
    };
    whole.to_owned()
}

/// What serde calls a type or a value, in the words of the notation.
fn of_type(name: &str, notation: Notation) -> String {
    let table = match notation {
        Notation::Toml => "a table",
        Notation::Json => "an object {...}",
    };
    let text = match notation {
        Notation::Toml => "a text in quotes",
        Notation::Json => "a text",
    };
    let (kind, value) = name.split_once(' ').unwrap_or((name, ""));
    match (kind, value) {
        ("map", _) | ("a", "map") | ("struct", _) => table.to_owned(),
        ("sequence", _) | ("a", "sequence") | ("an", "array") => "a list".to_owned(),
        ("tuple" | "array", _) | ("a", "tuple") => "a list".to_owned(),
        ("a", size) if size.starts_with("tuple of size ") || size.starts_with("tuple of ") => {
            format!("a list of {}", size.trim_start_matches("tuple of ").trim_start_matches("size "))
        }
        ("a", "string" | "borrowed string") | ("str" | "string", "") => text.to_owned(),
        ("a", "boolean") | ("bool", "") => "true or false".to_owned(),
        ("u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize", "")
        | ("an", "integer") => "a whole number".to_owned(),
        ("f32" | "f64", "") => "a number".to_owned(),
        ("null", "") | ("unit", "") | ("unit", "value") => "nothing (null)".to_owned(),
        ("string", value) => format!("the text {value}"),
        ("boolean", value) => value.to_owned(),
        ("integer", value) => format!("the number {value}"),
        ("floating", value) => format!("the number {}", value.trim_start_matches("point ")),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parser_message_is_translated() {
        use Notation::{Json, Toml};
        let cases = [
            ("invalid type: map, expected a sequence", Toml, "expected a list, found a table"),
            (
                "invalid type: boolean `true`, expected a string",
                Toml,
                "expected a text in quotes, found `true`",
            ),
            (
                "invalid type: integer `3`, expected struct Receive",
                Toml,
                "expected a table, found the number `3`",
            ),
            (
                "invalid type: string \"3\", expected u16",
                Toml,
                "expected a whole number, found the text \"3\"",
            ),
            ("invalid type: sequence, expected a map", Json, "expected an object {...}, found a list"),
            ("invalid type: null, expected a list", Json, "expected a list, found nothing (null)"),
            ("invalid value: string \"x\", expected a day", Json, "expected a day, found the text \"x\""),
            ("invalid length 3, expected a tuple of size 2", Toml, "expected a list of 2, found 3 entries"),
            ("missing field `listen`", Toml, "`listen` is missing"),
            ("missing field `event` at line 1 column 2", Json, "`event` is missing (line 1, column 2)"),
            ("duplicate field `a`", Json, "`a` is there twice"),
            ("unknown variant `x`, expected `a` or `b`", Toml, "there is no value `x`; it can be `a`, `b`"),
            ("unknown field `x`, there are no fields", Json, "there is no key `x`"),
            ("EOF while parsing a value at line 2 column 0", Json, "it ends too early (line 2, column 0)"),
            ("expected value at line 1 column 1", Json, "this is no JSON (line 1, column 1)"),
            (
                "data did not match any variant of untagged enum X",
                Json,
                "it has none of the forms that can stand here",
            ),
            (
                "expected a length of time such as 2h, found \"x\"",
                Toml,
                "expected a length of time such as 2h, found \"x\"",
            ),
            ("meet at line 3", Json, "meet at line 3"),
        ];
        for (message, notation, expected) in cases {
            assert_eq!(readable_message(message, notation), expected, "{message}");
        }
    }
}
