//! The names and marks of a Rust source. Enough to see what it names: it is known to compile.

/// Whether a token is a name or a word of the language.
pub(crate) fn is_name(token: &str) -> bool {
    token.chars().next().is_some_and(|it| it.is_alphabetic() || it == '_')
}

/// The names and marks of a source, `::` as one mark; comments, texts, numbers and lifetimes are left out.
pub(crate) fn tokens(source: &str) -> Vec<String> {
    let letters: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let rest = &letters[at..];
        at += match rest {
            ['/', '/', ..] => rest.iter().take_while(|it| **it != '\n').count(),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => text(rest),
            ['\'', '\\', _, end @ ..] => 4 + end.iter().take_while(|it| **it != '\'').count(),
            ['\'', _, '\'', ..] => 3,
            ['\'', after @ ..] => 1 + name_length(after),
            [':', ':', ..] => {
                found.push("::".to_owned());
                2
            }
            [first, ..] if first.is_alphanumeric() || *first == '_' => {
                let length = name_length(rest);
                let name: String = rest[..length].iter().collect();
                match (name.as_str(), raw_text(&rest[length..])) {
                    ("r" | "br" | "cr", Some(raw)) => length + raw,
                    // `r#type` is the name `type`.
                    ("r", None) if rest.get(1) == Some(&'#') => 2,
                    _ => {
                        if is_name(&name) {
                            found.push(name);
                        }
                        length
                    }
                }
            }
            [first, ..] => {
                if !first.is_whitespace() {
                    found.push(first.to_string());
                }
                1
            }
            [] => 1,
        };
    }
    found
}

fn name_length(letters: &[char]) -> usize {
    letters.iter().take_while(|it| it.is_alphanumeric() || **it == '_').count()
}

/// The length of a comment that may hold others.
fn block_comment(letters: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < letters.len() {
        match &letters[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a text with its quotes.
fn text(letters: &[char]) -> usize {
    let mut at = 1;
    while at < letters.len() && letters[at] != '"' {
        at += if letters[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of a raw text from its first `#` or quote on, where there is one.
fn raw_text(letters: &[char]) -> Option<usize> {
    let marks = letters.iter().take_while(|it| **it == '#').count();
    let (quote, inner) = letters.get(marks..)?.split_first()?;
    if *quote != '"' {
        return None;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', marks)).collect();
    let length = inner.windows(end.len()).position(|it| it == end)?;
    Some(marks + 1 + length + end.len())
}

/// Where the bracket at a place closes; the end where it does not.
pub(crate) fn closing(tokens: &[String], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The tokens without what is compiled for tests alone.
pub(crate) fn without_tests(tokens: &[String]) -> Vec<String> {
    let (mut left, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        let begins = |marks: &[&str]| {
            tokens[at..].iter().map(String::as_str).take(marks.len()).eq(marks.iter().copied())
        };
        if begins(&["#", "[", "cfg", "(", "test"]) || begins(&["#", "[", "cfg", "(", "all", "(", "test"]) {
            at = item_end(tokens, at);
        } else {
            left.push(tokens[at].clone());
            at += 1;
        }
    }
    left
}

/// Where what an attribute belongs to ends: an item, a field, a variant or a statement.
fn item_end(tokens: &[String], mut at: usize) -> usize {
    while tokens.get(at).is_some_and(|it| it == "#") {
        at = closing(tokens, at + 1) + 1;
    }
    let mut generics = 0_usize;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            ";" => return at + 1,
            "," if generics == 0 => return at + 1,
            "<" => generics += 1,
            // Not the end of an arrow.
            ">" if !["-", "="].contains(&tokens[at - 1].as_str()) => generics = generics.saturating_sub(1),
            "{" => return closing(tokens, at) + 1,
            "(" | "[" => at = closing(tokens, at),
            "}" | ")" | "]" => return at,
            _ => {}
        }
        at += 1;
    }
    at
}
