//! Templates as they are written: the words in their tags, and what is rewritten of them before minijinja reads them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashSet},
};

/// A dotted name in a tag.
pub(super) struct Word<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
    pub(super) is_filter: bool,
    pub(super) is_name: bool,
}

/// What is in the tags of a template, outside of quotes.
struct Tags<'a> {
    words: Vec<Word<'a>>,
    colons: Vec<Colon>,
}

/// A `:` of a slice.
struct Colon {
    at: usize,
    /// True where nothing is before it: `a[:3]`.
    is_first: bool,
}

/// The dotted names in the tags of a template, outside of quotes.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    tags(text).words
}

fn tags(text: &str) -> Tags<'_> {
    let bytes = text.as_bytes();
    let mut tags = Tags { words: Vec::new(), colons: Vec::new() };
    // A tag ends only where its brackets are closed, as in `{{ {'a': {'b': 1}} }}`.
    let (mut at, mut in_tag, mut before, mut brackets) = (0, false, b' ', Vec::new());
    while at < bytes.len() {
        let here = bytes[at];
        let pair = bytes.get(at..at + 2).unwrap_or_default();
        match here {
            _ if !in_tag => match pair {
                b"{{" | b"{%" => {
                    in_tag = true;
                    before = b' ';
                    at += 2;
                }
                b"{#" => at = text[at..].find("#}").map_or(bytes.len(), |end| at + end + 2),
                _ => at += 1,
            },
            b'}' | b'%' if brackets.is_empty() && (pair == b"}}" || pair == b"%}") => {
                in_tag = false;
                at += 2;
            }
            b'"' | b'\'' => {
                at += 1;
                while at < bytes.len() && bytes[at] != here {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
                before = here;
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
                let length = bytes[at..].iter().take_while(|b| is_word(b)).count();
                tags.words.push(Word {
                    at,
                    text: &text[at..at + length],
                    is_filter: before == b'|',
                    is_name: before != b'|' && before != b'.',
                });
                at += length;
                before = b'a';
            }
            _ => {
                match here {
                    b'(' | b'[' | b'{' => brackets.push(here),
                    b')' | b']' | b'}' => drop(brackets.pop()),
                    b':' if brackets.last() == Some(&b'[') => {
                        tags.colons.push(Colon { at, is_first: matches!(before, b'[' | b':') });
                    }
                    _ => {}
                }
                if !here.is_ascii_whitespace() {
                    before = here;
                }
                at += 1;
            }
        }
    }
    tags
}

/// A source of the same names in which each slice is an index: `a[1:n]` becomes `a[1 or n]`. Only its names are of use.
pub(super) fn slices_as_indices(source: &str) -> Cow<'_, str> {
    let parts = tags(source).colons.into_iter().map(|colon| {
        let is_last = source[colon.at + 1..].trim_start().starts_with(']');
        let (first, last) = (if colon.is_first { "0" } else { "" }, if is_last { "0" } else { "" });
        (colon.at, 1, format!("{first} or {last}"))
    });
    replaced(source, parts.collect())
}

/// The source with a name of its own in place of each field of a text, such as `pr.title`, and which those are: a field
/// and its new name. `is_field` says what is one, `undeclared` which names a source takes from its context. Each name is
/// as long as what it replaces, so that places in errors stay right. A field is one word: `pr['title']` and `pr . title` stay
/// as they are, and are refused when they are rendered.
pub(super) fn fields_renamed(
    source: &str,
    is_field: impl Fn(&str) -> bool,
    undeclared: impl Fn(&str) -> HashSet<String>,
) -> (Cow<'_, str>, BTreeMap<String, String>) {
    let words = words(source);
    // What is called is no field, and its error is to name what was written.
    let is_called = |word: &Word<'_>| source[word.at + word.text.len()..].trim_start().starts_with('(');
    let fields: Vec<_> = words
        .iter()
        .filter(|word| word.is_name && word.text.contains('.') && is_field(word.text) && !is_called(word))
        .collect();
    if fields.is_empty() {
        return (Cow::Borrowed(source), BTreeMap::new());
    }
    // A template may give the text's name another meaning in a part of it, and quote tags: which of the words are fields
    // is asked of minijinja, with another field in place of each.
    let marked = |nth: usize, word: &Word<'_>| {
        let of = word.text.split('.').next().unwrap_or_default();
        format!("{of}._{nth}")
    };
    let marks = fields.iter().enumerate().map(|(nth, word)| (word.at, word.text.len(), marked(nth, word)));
    let taken = undeclared(&replaced(source, marks.collect()));
    let fields = fields.iter().enumerate().filter(|(nth, word)| taken.contains(&marked(*nth, word)));
    let mut used: BTreeSet<String> = words.iter().map(|word| word.text.to_owned()).collect();
    let (mut names, mut parts) = (BTreeMap::new(), Vec::new());
    for (_, word) in fields {
        let own = names.entry(word.text.to_owned()).or_insert_with(|| own_name(word.text.len(), &mut used));
        parts.push((word.at, word.text.len(), own.clone()));
    }
    (replaced(source, parts), names)
}

/// A name of this length that is not used yet. No argument begins with `_`.
fn own_name(length: usize, used: &mut BTreeSet<String>) -> String {
    let digits = length.saturating_sub(1);
    let mut nth = 0_usize;
    loop {
        let name = format!("_{nth:0digits$}");
        if used.insert(name.clone()) {
            return name;
        }
        nth += 1;
    }
}

/// The source with other texts in some places: from a byte on, so many bytes, in their order.
fn replaced(source: &str, parts: Vec<(usize, usize, String)>) -> Cow<'_, str> {
    if parts.is_empty() {
        return Cow::Borrowed(source);
    }
    let (mut out, mut end) = (String::with_capacity(source.len()), 0);
    for (at, length, text) in parts {
        out.push_str(&source[end..at]);
        out.push_str(&text);
        end = at + length;
    }
    out.push_str(&source[end..]);
    Cow::Owned(out)
}
