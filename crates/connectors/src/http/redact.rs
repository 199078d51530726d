//! Takes secrets out of what a service sends back, in whatever form it repeats them.
//!
//! A text is searched as it stands and as it reads once its escapes are undone (JSON, URL, HTML, terminal), each without
//! white space, control characters and characters that have no width. So a secret that is escaped, wrapped or spread out
//! is found where it stands. Base64 (at every alignment) and hexadecimal cannot be undone without knowing where they
//! begin; there the encoded secret is searched for.

mod parts;
#[cfg(test)]
mod tests;
mod view;

use std::{borrow::Cow, fmt, ops::Range, sync::Arc};

use aho_corasick::AhoCorasick;
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use callboard_domain::secret::{ExposeSecret, SecretString};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

pub use self::parts::Parts;
use self::view::{Escape, View, clean};

const MASK: &str = "[REDACTED]";
/// What is shorter, in bytes, may stand in a text by chance: it is masked only as a word of its own.
const LONG: usize = 8;
/// What is shorter, in bytes, is no secret.
const SHORT: usize = 4;
/// How many escapings of one another are undone.
const DEPTH: usize = 2;
/// How much of a text is searched at once, in bytes.
const SEGMENT: usize = 64 << 10;

/// What never may be repeated, ready to be searched for.
#[derive(Clone, Default)]
pub(super) struct Redactor(Option<Arc<Search>>);

struct Search {
    automaton: AhoCorasick,
    /// By the automaton's patterns.
    edges: Vec<Edges>,
    words: Vec<SecretString>,
    /// The patterns themselves: a text may end in the middle of one.
    forms: Vec<Vec<u8>>,
    /// How long the longest form can be as it stands in a text, in bytes.
    reach: usize,
}

/// How many characters of base64 before and after a pattern hold bits of the secret too.
#[derive(Debug, Clone, Copy, Default)]
struct Edges {
    before: usize,
    after: usize,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let (mut patterns, mut edges, mut words) = (Vec::new(), Vec::new(), Vec::new());
        for secret in secrets {
            let secret = secret.expose_secret().trim();
            for form in [Some(secret), bare(secret)].into_iter().flatten() {
                for (pattern, edge) in forms(form) {
                    patterns.push(pattern);
                    edges.push(edge);
                }
                if (SHORT..LONG).contains(&form.len()) {
                    words.push(SecretString::from(form));
                }
            }
        }
        if patterns.is_empty() && words.is_empty() {
            return Self(None);
        }
        // An escape of a character has at most 6 bytes, and each of those at most 6 where it is escaped again.
        let reach = patterns.iter().map(Vec::len).max().unwrap_or_default() * 36;
        let automaton = AhoCorasick::new(&patterns).expect("a few short patterns make a small automaton");
        Self(Some(Arc::new(Search { automaton, edges, words, forms: patterns, reach })))
    }

    /// A text without the secrets.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.find(text, DEPTH);
        if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(masked(text, found)) }
    }

    /// An answer's body without the secrets. JSON stays JSON: its strings and keys are decoded, and each is redacted.
    pub(super) fn body<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.find(text, DEPTH + 1);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        match serde_json::from_str(text) {
            Ok(value) => Cow::Owned(self.json(value).to_string()),
            Err(_) => Cow::Owned(masked(text, found)),
        }
    }

    /// An answer's headers without the secrets.
    pub(super) fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let text = String::from_utf8_lossy(value.as_bytes());
            if let Cow::Owned(clean) = self.text(&text) {
                *value = HeaderValue::try_from(clean).unwrap_or(HeaderValue::from_static(MASK));
            }
        }
    }

    fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into_owned().into(),
            Value::Array(values) => values.into_iter().map(|value| self.json(value)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (self.text(&name).into_owned(), self.json(value)))
                .collect(),
            Value::Number(number) => match self.text(&number.to_string()) {
                Cow::Owned(masked) => masked.into(),
                Cow::Borrowed(_) => number.into(),
            },
            value @ (Value::Null | Value::Bool(_)) => value,
        }
    }

    /// Where the secrets stand, in order; two may overlap.
    fn find(&self, text: &str, depth: usize) -> Vec<Range<usize>> {
        let Some(search) = &self.0 else { return Vec::new() };
        let mut found = Vec::new();
        for start in (0..text.len()).step_by(SEGMENT) {
            let from = text.floor_char_boundary(start);
            let to = text.ceil_char_boundary((start + SEGMENT + search.reach).min(text.len()));
            let mut here = Vec::new();
            View::of(&text[from..to]).iter().for_each(|view| search.view(view, depth, &mut here));
            // A form that is no UTF-8 may begin with the second byte of a character.
            let whole = |range: Range<usize>| {
                text.floor_char_boundary(from + range.start)..text.ceil_char_boundary(from + range.end)
            };
            found.extend(here.into_iter().map(whole));
        }
        for word in &search.words {
            found.extend(words(text, word.expose_secret()));
        }
        found.sort_unstable_by_key(|range| range.start);
        found
    }
}

impl Search {
    fn view(&self, view: &View, depth: usize, found: &mut Vec<Range<usize>>) {
        for hit in self.automaton.find_overlapping_iter(view.bytes()) {
            let Edges { before, after } = self.edges[hit.pattern()];
            found.push(view.span(widened(view.bytes(), hit.range(), before, after)));
        }
        if depth > 0 {
            for escape in Escape::ALL {
                // What a terminal makes of it is not decoded further: views would double with each escaping.
                for (index, decoded) in view.without(escape).iter().enumerate() {
                    self.view(decoded, if index == 0 { depth - 1 } else { 0 }, found);
                }
            }
        }
    }
}

/// With the neighbouring characters of base64 that hold bits of the secret, and its padding.
fn widened(bytes: &[u8], range: Range<usize>, before: usize, after: usize) -> Range<usize> {
    let is_base64 = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let more = bytes[..range.start].iter().rev().take(before).take_while(is_base64).count();
    let mut end = range.end + bytes[range.end..].iter().take(after).take_while(is_base64).count();
    if after > 0 {
        end += bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
    }
    range.start - more..end
}

/// What follows a scheme, for a header's whole value such as `Token abc`: a service may repeat it alone.
fn bare(secret: &str) -> Option<&str> {
    let (scheme, rest) = secret.split_once(char::is_whitespace)?;
    let rest = rest.trim();
    // `Token token="abc"`
    let rest = match rest.split_once("=\"") {
        Some((name, value)) if !name.contains('"') => value.trim_end_matches('"'),
        _ => rest,
    };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    (scheme.chars().all(is_scheme) && rest.len() >= SHORT).then_some(rest)
}

/// The forms in which a secret is searched for, in a text without escapes and white space.
fn forms(secret: &str) -> Vec<(Vec<u8>, Edges)> {
    let bytes = secret.as_bytes();
    let mut forms = vec![clean(bytes)];
    if secret.contains(' ') {
        forms.push(clean(secret.replace(' ', "+").as_bytes()));
    }
    if !secret.is_ascii() {
        // Escaped byte by byte from Latin-1, and UTF-8 that was taken for Latin-1.
        forms.extend(secret.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<_>>>());
        forms.push(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes());
    }
    let hex = |digits: fn(u8) -> String| bytes.iter().copied().map(digits).collect::<String>().into_bytes();
    forms.extend([hex(|byte| format!("{byte:02x}")), hex(|byte| format!("{byte:02X}"))]);
    let mut forms: Vec<_> = forms.into_iter().map(|form| (form, Edges::default())).collect();
    for (before, skipped) in [(0, 0), (1, 2), (2, 3)] {
        let shifted = [&[0; 2][..before], bytes].concat();
        // A character holds six bits; the last one may hold fewer of the secret.
        let (whole, rest) = (shifted.len() * 8 / 6, shifted.len() * 8 % 6);
        for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            let edges = Edges { before: skipped, after: usize::from(rest > 0) };
            forms.push((encoded.as_bytes()[skipped.min(whole)..whole].to_vec(), edges));
        }
    }
    forms.retain(|(form, _)| form.len() >= LONG);
    forms.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    forms.dedup_by(|(one, _), (other, _)| one == other);
    forms
}

/// Where a short secret stands as a word of its own.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let part_of_one = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).map(|(at, word)| at..at + word.len()).filter(move |range| {
        !part_of_one(text[..range.start].chars().next_back())
            && !part_of_one(text[range.end..].chars().next())
    })
}

fn masked(text: &str, found: Vec<Range<usize>>) -> String {
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for range in found {
        if range.start >= done {
            out.push_str(&text[done..range.start]);
            out.push_str(MASK);
        }
        done = done.max(range.end);
    }
    out.push_str(&text[done..]);
    out
}
