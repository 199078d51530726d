//! Takes secrets out of what a service sends back, in whatever form it repeats them.
//!
//! A text is searched as it stands and as it reads once its escapes are undone (JSON, URL, HTML, quoted-printable, terminal),
//! each without white space, control characters and characters that have no width, and with the forms of a letter (full
//! width, in a circle) as that letter. So a secret that is escaped, wrapped or spread out is found where it stands. Base64 and
//! base32 (at every alignment) and hexadecimal cannot be undone without knowing where they begin; there the encoded secret is
//! searched for, also in base64 once more, and base32 and hexadecimal whatever stands between their digits.
//!
//! Not found: what was compressed, encrypted, hashed, reversed or cut to pieces, other encodings (base58, base85, UTF-16 as
//! bytes), three encodings of one another, and of an encoding more than two escapings.

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
    /// In a text as it is seen.
    exact: Patterns,
    /// In its letters and digits alone.
    alphanumeric: Patterns,
    words: Vec<SecretString>,
    /// How long the longest form can be as it stands in a text, in bytes.
    reach: usize,
}

/// Forms of secrets that are searched for at once.
struct Patterns {
    automaton: AhoCorasick,
    /// A text may end in the middle of one.
    forms: Vec<(Vec<u8>, Edges)>,
}

impl Patterns {
    fn new(mut forms: Vec<(Vec<u8>, Edges)>) -> Self {
        forms.retain(|(form, _)| form.len() >= LONG);
        forms.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        forms.dedup_by(|(one, _), (other, _)| one == other);
        let automaton = AhoCorasick::new(forms.iter().map(|(form, _)| form))
            .expect("a few short patterns make a small automaton");
        Self { automaton, forms }
    }

    fn find(&self, view: &View, found: &mut Vec<Range<usize>>) {
        for hit in self.automaton.find_overlapping_iter(view.bytes()) {
            let Edges { before, after } = self.forms[hit.pattern()].1;
            found.push(view.span(widened(view, hit.range(), before, after)));
        }
    }

    /// Where in the text a form begins that the view ends in the middle of. Too few bytes say nothing of a secret.
    fn begins(&self, view: &View) -> Option<usize> {
        let bytes = view.bytes();
        let longest = |form: &[u8]| {
            (SHORT..form.len().min(bytes.len() + 1)).rev().find(|length| bytes.ends_with(&form[..*length]))
        };
        let length = self.forms.iter().filter_map(|(form, _)| longest(form)).max()?;
        Some(view.span(bytes.len() - length..bytes.len()).start)
    }
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
        let (mut exact, mut alphanumeric, mut words) = (Vec::new(), Vec::new(), Vec::new());
        for secret in secrets {
            let secret = secret.expose_secret().trim();
            for form in [Some(secret), bare(secret)].into_iter().flatten() {
                exact.extend(exact_forms(form));
                alphanumeric.extend(alphanumeric_forms(form.as_bytes()));
                if (SHORT..LONG).contains(&form.len()) {
                    words.push(SecretString::from(form));
                }
            }
        }
        let (exact, alphanumeric) = (Patterns::new(exact), Patterns::new(alphanumeric));
        let all = || exact.forms.iter().chain(&alphanumeric.forms);
        if all().next().is_none() && words.is_empty() {
            return Self(None);
        }
        // An escape of a character has at most 6 bytes, and each of those at most 6 where it is escaped again.
        let reach = all().map(|(form, _)| form.len()).max().unwrap_or_default() * 36;
        Self(Some(Arc::new(Search { exact, alphanumeric, words, reach })))
    }

    /// How long a secret can be as it stands in a text, in bytes.
    pub(super) fn reach(&self) -> usize {
        self.0.as_ref().map_or(0, |search| search.reach)
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
            for view in View::of(&text[from..to]) {
                search.view(&view, depth, &mut here);
                // Letters and digits need no escapes.
                search.alphanumeric.find(&view.alphanumeric(), &mut here);
            }
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
        self.exact.find(view, found);
        if depth > 0 {
            for escape in Escape::ALL {
                for (index, decoded) in view.without(escape, false).iter().enumerate() {
                    self.view(decoded, escape.depth_below(depth, index), found);
                }
            }
        }
    }
}

/// With the neighbouring characters of base64 that hold bits of the secret, and its padding. What stands apart is no neighbour.
fn widened(view: &View, range: Range<usize>, before: usize, after: usize) -> Range<usize> {
    let bytes = view.bytes();
    let is_base64 = |at: &usize| bytes[*at].is_ascii_alphanumeric() || b"+/-_".contains(&bytes[*at]);
    let is_next = |at: &usize| view.is_next_to_last(*at);
    let more =
        (0..range.start).rev().take(before).take_while(|at| is_base64(at) && is_next(&(at + 1))).count();
    let ahead = |end: usize| (end..bytes.len()).take_while(is_next);
    let mut end = range.end + ahead(range.end).take(after).take_while(is_base64).count();
    if after > 0 {
        end += ahead(end).take(2).take_while(|at| bytes[*at] == b'=').count();
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

/// The forms in which a secret is searched for in a text without escapes and white space.
fn exact_forms(secret: &str) -> Vec<(Vec<u8>, Edges)> {
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
    let mut forms: Vec<_> = forms.into_iter().map(|form| (form, Edges::default())).collect();
    let mut once = in_base64(bytes);
    once.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    once.dedup_by(|(one, _), (other, _)| one == other);
    // What of the inner one is not known at its ends is about so long in the outer one.
    let wider =
        |(form, edges): (Vec<u8>, Edges)| (form, Edges { before: edges.before + 4, after: edges.after + 4 });
    forms.extend(once.iter().flat_map(|(inner, _)| in_base64(inner)).map(wider));
    forms.extend(in_base64(&hexadecimal(bytes)));
    forms.extend(once);
    forms
}

/// The forms in which it is searched for in the letters and digits of a text alone, in lower case.
fn alphanumeric_forms(bytes: &[u8]) -> Vec<(Vec<u8>, Edges)> {
    let mut forms = encoded(bytes, 5, |bytes| vec![base32(bytes)]);
    forms.push((hexadecimal(bytes), Edges::default()));
    forms.extend(
        in_base64(bytes).into_iter().map(|(inner, _)| (hexadecimal(&inner), Edges { before: 8, after: 8 })),
    );
    forms
}

fn in_base64(bytes: &[u8]) -> Vec<(Vec<u8>, Edges)> {
    let encode = |bytes: &[u8]| {
        [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD]
            .map(|engine| engine.encode(bytes).into_bytes())
            .to_vec()
    };
    encoded(bytes, 6, encode)
}

/// Bytes in an encoding of so many bits a character, wherever in it they begin: only the characters that hold nothing else.
fn encoded(bytes: &[u8], bits: usize, encode: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> Vec<(Vec<u8>, Edges)> {
    let mut forms = Vec::new();
    // After as many bytes as characters have bits, at the latest, one begins with a byte.
    for before in (0..bits).take_while(|before| *before == 0 || before * 8 % bits != 0) {
        let shifted = [&[0; 8][..before], bytes].concat();
        let (skipped, whole) = ((before * 8).div_ceil(bits), shifted.len() * 8 / bits);
        // The last character may hold fewer bits of it.
        let edges = Edges { before: skipped, after: usize::from(shifted.len() * 8 % bits > 0) };
        let form = |encoded: Vec<u8>| (encoded[skipped.min(whole)..whole].to_vec(), edges);
        forms.extend(encode(&shifted).into_iter().map(form));
    }
    forms
}

/// RFC 4648, section 6, in lower case and without padding.
fn base32(bytes: &[u8]) -> Vec<u8> {
    let bit = |place: usize| bytes.get(place / 8).map_or(0, |byte| byte >> (7 - place % 8) & 1);
    let digit = |at: usize| (0..5).fold(0, |digit, place| digit << 1 | bit(at + place));
    let character = |digit: u8| if digit < 26 { b'a' + digit } else { b'2' + digit - 26 };
    (0..bytes.len() * 8).step_by(5).map(|at| character(digit(at))).collect()
}

fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
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
