//! Takes secrets out of what a service sends back, in whatever form it repeats them.
//!
//! Of each secret, [`forms`] makes once what is searched for, and [`patterns`] finds all of those at once. A text goes through
//! these in turn, also where it comes in parts ([`parts`]):
//! 1. [`seen`]: as printable ASCII alone ([`view`]), with what stands in titles and links and without, with its broken lines
//!    joined, and as a terminal shows it ([`shown`]); and each as it reads once its escapes are undone ([`escape`]).
//! 2. [`dump`]: the columns of a dump, its digits and its text, as if each stood alone.
//! 3. [`numbers`]: the bytes that the lines of a dump write. [`rows`] divides it into those, by its offsets where line breaks were
//!    lost or moved, [`cell`] a line into its parts, and [`notation`] reads its numbers in whatever base and size.
//! 4. [`listed`]: bytes that each have an index before them, and characters in quotes or at the ends of lines, one by one.
//! 5. [`runs`]: numbers one after the other with marks of their own or as many digits as each needs.
//! 6. [`unescaped`]: the text before it was coloured, quoted or framed ([`frame`]), for 2 to 5 once more.
//!
//! What 3 to 5 read is a text of its own ([`decoded`]), for 1; where lines that repeat a byte are left out, the secrets are
//! searched for in it with one of equal bytes in a row. Beside all that, a short secret is found as a word of its own, and one of
//! which the beginning stands in what Node shows of a buffer that it cuts.
//!
//! So a secret that is escaped, wrapped, spread out, overstruck or in similar letters is found where it stands, and one with other
//! letters however those are written, or cut in two. Base64 cannot be undone without knowing where it begins: there the encoded
//! secret is searched for, at every alignment, also in base64 once more. In the letters and digits of a text alone, whatever
//! stands between them, a long secret is searched for in any case, and every secret in base32. In its hexadecimal digits alone,
//! whatever marks them as such, every long secret is searched for in hexadecimal and as numbers.
//!
//! A text in which nothing is found, as nearly all are, is read without the places of its bytes: those are made out in a
//! second reading.
//!
//! Not found:
//! - What was compressed, encrypted, hashed, reversed or cut to pieces; other encodings (base58, base85, UTF-16 in base64); base64
//!   in another case, or of what has several lines (of base64 itself, of a dump); Intel HEX and S-records.
//! - Three encodings of one another, and of an encoding more than two escapings.
//! - Numbers of base 2 without a mark and words of more than two bytes where other words stand among them on their line; numbers
//!   with words between them that have the letters a to f, or with a fraction; a list that is divided into several.
//! - A dump with other line breaks whose offsets have as many digits as its numbers, or neither begin with 0 nor are marked, or
//!   whose numbers are broken, or one without offsets beside its text; a dump of characters beside its text without offsets; in
//!   parts, a dump of which each line is quoted by itself.
//! - What is moved on a screen otherwise than [`shown`] says, and what of it was passed on before it was written over.
//! - Of a secret that has fewer than [`LONG`] characters of ASCII among others: what is cut within a letter, or escaped twice.

mod cell;
mod decoded;
mod dump;
mod escape;
mod forms;
mod frame;
mod listed;
mod notation;
mod numbers;
mod parts;
mod patterns;
mod rows;
mod runs;
mod seen;
mod shown;
#[cfg(test)]
mod tests;
mod unescaped;
mod view;

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
    ops::{ControlFlow, Range},
    sync::Arc,
};

use callboard_domain::secret::{ExposeSecret, SecretString};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

pub use self::parts::Parts;
use self::{
    decoded::Decoded,
    escape::Escapes,
    forms::{DEPTH, LONG, SHORT, WIDEST, bare, clean},
    patterns::Patterns,
    seen::Seen,
    unescaped::Unescaped,
    view::{Place, Places, View, byte},
};
use super::credential::secret_parts;

const MASK: &str = "[REDACTED]";
/// How much of a text is searched at once, in bytes, unless secrets reach further.
const SEGMENT: usize = 64 << 10;
/// How much of a buffer Node shows at most, in bytes: 50 of its own, each as two digits and a blank, and how many more it has.
const BUFFER: usize = 192;

/// What never may be repeated, ready to be searched for. Of no secrets, as by default, it costs nothing.
#[derive(Clone, Default)]
pub struct Redactor(Option<Arc<Search>>);

struct Search {
    /// In a text as it is seen.
    exact: Patterns,
    /// In its letters and digits alone.
    alphanumeric: Patterns,
    /// In its hexadecimal digits alone.
    digits: Patterns,
    /// In a text as it stands.
    literal: Patterns,
    /// In what a dump shows of which is not known how often each byte is repeated.
    squeezed: Patterns,
    words: Vec<SecretString>,
    /// How long the longest form can be as it stands in a text, in bytes.
    reach: usize,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Of the secrets that accounts hold, of any field. Of one that is an address also of what in it is secret.
    pub fn of_fields<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let all: Vec<SecretString> = secrets.into_iter().flat_map(secret_parts).collect();
        Self::new(&all)
    }

    /// True where there is no secret to search for: every text stays as it is.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let [mut exact, mut alphanumeric, mut digits, mut literal, mut squeezed] = [const { Vec::new() }; 5];
        let (mut words, mut longest) = (Vec::new(), 0);
        for secret in secrets {
            let secret = secret.expose_secret().trim();
            for form in [Some(secret), bare(secret)].into_iter().flatten() {
                exact.extend(forms::exact(form));
                squeezed.extend(forms::squeezed(form));
                alphanumeric.extend(forms::alphanumeric(form));
                digits.extend(forms::digits(form));
                if clean(form).len() < LONG && !form.is_ascii() {
                    literal.extend(forms::literal(form));
                }
                if (SHORT..LONG).contains(&form.len()) {
                    words.push(SecretString::from(form));
                }
                longest = longest.max(form.len());
            }
        }
        let [exact, alphanumeric, digits, literal, squeezed] =
            [exact, alphanumeric, digits, literal, squeezed].map(Patterns::new);
        let all =
            || [&exact, &alphanumeric, &digits, &literal].into_iter().flat_map(|patterns| &patterns.forms);
        if all().next().is_none() && words.is_empty() {
            return Self(None);
        }
        let reach = all().map(|(form, _)| form.len()).max().unwrap_or_default().max(longest) * WIDEST;
        Self(Some(Arc::new(Search { exact, alphanumeric, digits, literal, squeezed, words, reach })))
    }

    /// How long a secret can be as it stands in a text, in bytes.
    pub(super) fn reach(&self) -> usize {
        self.0.as_ref().map_or(0, |search| search.reach)
    }

    /// A text without the secrets.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.find(text, DEPTH);
        if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(masked(text, found)) }
    }

    /// An answer's body without the secrets. JSON stays JSON: its strings and keys are decoded, and each is redacted. Where a
    /// secret is spread over several values, nothing is left of it.
    pub fn body<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.find(text, DEPTH + 1);
        // The lines of a dump, and those that are written over, are lines only once they are decoded.
        let may_be_in_lines =
            || self.0.is_some() && (dump::may_be_in_json(text) || shown::may_be_in_json(text));
        if found.is_empty() && !may_be_in_lines() {
            return Cow::Borrowed(text);
        }
        match serde_json::from_str::<Value>(text) {
            Ok(value) => {
                let clean = self.json(value.clone());
                if !found.is_empty() && !self.find(&clean.to_string(), DEPTH + 1).is_empty() {
                    return Cow::Owned(Value::from(MASK).to_string());
                }
                if found.is_empty() && clean == value {
                    Cow::Borrowed(text)
                } else {
                    Cow::Owned(clean.to_string())
                }
            }
            Err(_) if found.is_empty() => Cow::Borrowed(text),
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
        let clean: Value = match value {
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
        };
        // A list of bytes or characters may have a secret that none of its values has.
        let is_masked = |list: Value| matches!(self.text(&list.to_string()), Cow::Owned(_));
        if listed::flat(&clean).is_some_and(is_masked) { MASK.into() } else { clean }
    }

    /// Where the secrets stand, in order; two may overlap.
    fn find(&self, text: &str, depth: usize) -> Vec<Range<usize>> {
        let Some(search) = self.0.as_ref().filter(|_| text.len() >= SHORT) else { return Vec::new() };
        let mut found = Vec::new();
        // As much of the next segment is read as a secret may reach: nothing is read more than twice.
        let segment = SEGMENT.max(search.reach);
        for start in (0..text.len()).step_by(segment) {
            let from = text.floor_char_boundary(start);
            let to = text.ceil_char_boundary((start + segment + search.reach).min(text.len()));
            let part = &text[from..to];
            if search.is_in(part, depth) {
                found.extend(search.find(part, depth).into_iter().map(|it| from + it.start..from + it.end));
            }
        }
        found.extend(search.in_cut_buffers(text));
        for word in &search.words {
            found.extend(words(text, word.expose_secret()));
        }
        found.sort_unstable_by_key(|range| range.start);
        found
    }
}

impl Search {
    /// True where a secret stands in a text.
    fn is_in(&self, text: &str, depth: usize) -> bool {
        let is_in_dumps = |text: &str| {
            let mut columns = dump::columns::<()>(text, |_| (0, 0)).into_iter().flatten();
            columns.any(|seen| self.is_seen(seen, depth)) || self.in_numbers(text, depth).next().is_some()
        };
        self.literal.is_in(text.as_bytes())
            || self.is_seen(Seen::quickly(text.as_bytes()), depth)
            || Seen::joined(text).is_some_and(|seen| self.is_seen(seen, depth))
            || Seen::with_strings(text).is_some_and(|seen| self.is_seen(seen, depth))
            || is_in_dumps(text)
            || Unescaped::with_dumps(text, depth).iter().any(|it| is_in_dumps(&it.text))
    }

    /// True where a secret stands in a text that is seen so.
    fn is_seen(&self, seen: Seen<()>, depth: usize) -> bool {
        let is_in = |view: &View<()>| {
            let letters = view.alphanumeric();
            let found = self.exact.is_in(&view.bytes)
                || self.alphanumeric.is_in(&letters.bytes)
                || self.digits.is_in(&letters.digits(false).bytes);
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        readings(seen, depth, false, &is_in).is_break()
    }

    /// What the numbers and lists of a text write, read in each way that has a secret.
    fn in_numbers(&self, text: &str, depth: usize) -> impl Iterator<Item = Decoded> {
        // What was searched in vain: many ways differ in nothing that is seen.
        let mut searched: Vec<Vec<u8>> = Vec::new();
        let numbers = numbers::decoded(text, self.longest()).filter(move |decoded| {
            let seen = Seen::quickly(&decoded.bytes);
            if decoded.is_squeezed {
                return self.squeezed.is_in(&seen.plain.bytes);
            }
            if self.literal.is_in(&decoded.bytes) {
                return true;
            }
            let is_plain = seen.by_terminal.is_none() && seen.shown.is_none();
            let plain = is_plain.then(|| seen.plain.bytes.clone());
            if plain.as_ref().is_some_and(|plain| searched.contains(plain)) {
                return false;
            }
            let is_in = self.is_seen(seen, depth);
            searched.extend(plain.filter(|_| !is_in));
            is_in
        });
        // There may be many lists, and few that are alike.
        let lists = listed::decoded(text).chain(runs::decoded(text)).filter(move |list| {
            self.literal.is_in(&list.bytes) || self.is_seen(Seen::quickly(&list.bytes), depth)
        });
        numbers.chain(lists)
    }

    /// What the numbers and lists write that a text may end in the middle of.
    fn in_unfinished_numbers(&self, text: &str, cut: bool) -> impl Iterator<Item = Decoded> {
        let lists = listed::unfinished(text, cut).chain(runs::unfinished(text, cut));
        numbers::unfinished(text, self.longest(), cut).chain(lists)
    }

    /// How many bytes a secret has at most, in whatever form.
    fn longest(&self) -> usize {
        self.reach / WIDEST
    }

    /// Where the secrets stand in a text.
    fn find(&self, text: &str, depth: usize) -> Vec<Range<usize>> {
        let found = RefCell::new(Vec::new());
        self.literal.find(text, &View::raw(text), &mut found.borrow_mut());
        let find = |view: &View<Vec<Place>>| {
            let letters = view.alphanumeric();
            self.exact.find(text, view, &mut found.borrow_mut());
            self.alphanumeric.find(text, &letters, &mut found.borrow_mut());
            self.digits.find(text, &letters.digits(false), &mut found.borrow_mut());
            ControlFlow::Continue(())
        };
        let others = Unescaped::with_dumps(text, depth);
        let columns = others.iter().flat_map(Unescaped::columns);
        let columns = dump::columns(text, byte).into_iter().chain(columns).flatten();
        let others_seen = Seen::joined(text).into_iter().chain(Seen::with_strings(text));
        for seen in [Seen::of(text)].into_iter().chain(columns).chain(others_seen) {
            let _ = readings(seen, depth, false, &find);
        }
        let in_others = others
            .iter()
            .flat_map(|other| self.in_numbers(&other.text, depth).map(move |it| other.placed(it)));
        for numbers in self.in_numbers(text, depth).chain(in_others) {
            if numbers.is_squeezed {
                self.squeezed.find(text, &numbers.seen().plain, &mut found.borrow_mut());
                continue;
            }
            self.literal.find(text, &numbers.raw(), &mut found.borrow_mut());
            let _ = readings(numbers.seen(), depth, false, &find);
        }
        found.into_inner()
    }

    /// Where a secret begins in what Node shows of a buffer, of which it leaves out the end: `<Buffer 67 68 ... 14 more bytes>`.
    fn in_cut_buffers<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        text.match_indices(" more bytes>").filter_map(move |(at, _)| {
            let from = text.floor_char_boundary(at.saturating_sub(BUFFER));
            let from = from + text[from..at].rfind("<Buffer ")?;
            let shown = &text[from..from + text[from..at].find(" ... ")?];
            let digits = Seen::<Vec<Place>>::of(shown).plain.alphanumeric().digits(false);
            let begin = self.digits.begins(shown, &digits)?;
            // Two digits and a blank each.
            (shown.len() - begin >= SHORT * 3 - 1).then_some(from + begin..from + shown.len())
        })
    }

    /// Where in a text that may go on the first secret begins that it may end in the middle of.
    fn begins(&self, text: &str, depth: usize) -> Option<usize> {
        let first = Cell::new(self.literal.begins(text, &View::raw(text)));
        let others = Unescaped::with_dumps(text, depth);
        // An escape at the end may be whole already, or go on.
        for cut in [true, false] {
            let begins = |view: &View<Vec<Place>>| {
                let letters = view.alphanumeric();
                let here = [
                    self.exact.begins(text, view),
                    self.alphanumeric.begins(text, &letters),
                    self.digits.begins(text, &letters.digits(cut)),
                ];
                first.set(here.into_iter().flatten().chain(first.get()).min());
                ControlFlow::Continue(())
            };
            let columns = others.iter().flat_map(Unescaped::unfinished_columns);
            let columns = dump::unfinished(text, byte).into_iter().chain(columns).flatten();
            let others_seen = Seen::joined(text).into_iter().chain(Seen::with_strings(text));
            for seen in [Seen::of(text)].into_iter().chain(columns).chain(others_seen) {
                let _ = readings(seen, depth, cut, &begins);
            }
            let in_others = others.iter().flat_map(|other| {
                self.in_unfinished_numbers(&other.text, cut).map(move |it| other.placed(it))
            });
            for numbers in self.in_unfinished_numbers(text, cut).chain(in_others) {
                if numbers.is_squeezed {
                    let squeezed = self.squeezed.begins(text, &numbers.seen().plain);
                    first.set(squeezed.into_iter().chain(first.get()).min());
                    continue;
                }
                let literal = self.literal.begins(text, &numbers.raw());
                first.set(literal.into_iter().chain(first.get()).min());
                let _ = readings(numbers.seen(), depth, cut, &begins);
            }
        }
        first.get()
    }
}

/// Every way in which a text can be read, until one is enough. What a terminal makes of it, quoted-printable and numbers that are
/// read as a whole are not read further: ways would double with each escaping.
fn readings<P: Places>(
    seen: Seen<P>,
    depth: usize,
    cut: bool,
    read: &dyn Fn(&View<P>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let each = |seen: &Seen<P>| {
        match &seen.shown {
            Some(shown) if cut => read(&shown.before_cursor())?,
            Some(shown) => read(&shown.whole)?,
            None => {}
        }
        seen.by_terminal.iter().chain([&seen.plain]).try_for_each(read)
    };
    each(&seen)?;
    if depth == 0 {
        return ControlFlow::Continue(());
    }
    if let Some(quoted) = seen.plain.without(Escapes::Equals, cut) {
        each(&quoted)?;
    }
    if let Some(whole) = seen.plain.without(Escapes::Whole, cut) {
        each(&whole)?;
    }
    match seen.plain.without(Escapes::Marked, cut) {
        Some(next) => readings(next, depth - 1, cut, read),
        None => ControlFlow::Continue(()),
    }
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
