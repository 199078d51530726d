//! Which item on the board a text means, and which commands fit an item.

use std::collections::HashMap;

use url::Url;

use super::{
    ArgSpec, ArgType, CommandSpec, Usage,
    arg_error::MOST_CANDIDATES,
    token::{quote, tokens},
    usage::{Element, Piece},
};
use crate::{
    item::{Detail, Incident, IncidentStatus, Item, ItemKey, Kind, PullRequestState},
    text,
};

/// How much of an incident's title tells it from others, in characters.
const MOST_OF_TITLE: usize = 60;

/// What a text means among the items of the board.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolution<'i> {
    /// This one.
    Exact(&'i Item),
    /// Any of several.
    Many {
        /// What they are called, sorted, at most ten: by reference, or by whole key where references are the same; incidents with
        /// their title as well, since their reference may be a hash.
        names: Vec<String>,
        /// How many there are.
        total: usize,
    },
    /// None of them.
    None,
}

/// How well a text names an item: the better way counts, whatever else it would match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// The whole key.
    Key,
    /// The reference, or the page in the browser.
    Reference,
    /// The reference, but for its case.
    AnyCase,
    /// The number of a pull request or an incident.
    Number,
    /// The whole title, or the name of an alert's rule, but for its case.
    Title,
    /// The end of the reference, from the start of a word on.
    End,
    /// Words of the reference in their order, the last one among them.
    Parts,
    /// Words of the reference and the title, or of an alert's rule.
    Words,
}

/// How good a candidate an item is, the best one first: what ended is meant by its title or a part of its name only where nothing else
/// is, and by its whole name where nothing of that name goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    is_last_resort: bool,
    found: Match,
    is_over: bool,
}

impl Fit {
    fn new(found: Match, item: &Item) -> Self {
        let is_over = is_over(item);
        Self { is_last_resort: is_over && found >= Match::Title, found, is_over }
    }
}

/// Finds the item that a text means: by key (`forge/pull_request/acme/web#479`), reference (`acme/web#479`), page in
/// the browser, number (`479`, `#479`), whole title, end of the reference (`web#479`), its parts in order (`web/ci@main`,
/// `web main`), or words of reference and title. What is a number or looks like a reference never means words of a title. What is
/// over does not count where an open one is meant as well, unless it alone is named in full.
pub fn resolve_item<'i>(text: &str, items: impl IntoIterator<Item = &'i Item>, kind: Kind) -> Resolution<'i> {
    let wanted = Wanted::new(text);
    let found = items.into_iter().filter(|item| item.key.kind == kind);
    let found: Vec<(Fit, &Item)> =
        found.filter_map(|item| Some((Fit::new(wanted.matches(item)?, item), item))).collect();
    let fit = found.iter().map(|(fit, _)| *fit).min();
    let best: Vec<&Item> =
        found.into_iter().filter(|(it, _)| Some(*it) == fit).map(|(_, item)| item).collect();
    match best.as_slice() {
        [] => Resolution::None,
        [item] => Resolution::Exact(item),
        several => Resolution::Many { names: disambiguated(several), total: several.len() },
    }
}

/// Names that distinguish the items.
fn disambiguated(items: &[&Item]) -> Vec<String> {
    let mut known = HashMap::<&str, usize>::new();
    for item in items {
        *known.entry(item.reference()).or_default() += 1;
    }
    let shared = |item: &Item| known.get(item.reference()).is_some_and(|count| *count > 1);
    let mut names: Vec<_> = items
        .iter()
        .map(|item| {
            let name = if shared(item) { item.key.to_string() } else { item.reference().to_owned() };
            match item.key.kind {
                Kind::Incident => format!("{name} ({})", text::line(&item.title, MOST_OF_TITLE)),
                Kind::Build | Kind::PullRequest | Kind::Approval => name,
            }
        })
        .collect();
    names.sort();
    names.truncate(MOST_CANDIDATES);
    names
}

struct Wanted {
    text: String,
    key: Option<ItemKey>,
    page: Option<Url>,
    lower: String,
    number: Option<u64>,
    parts: Vec<String>,
}

impl Wanted {
    fn new(text: &str) -> Self {
        let text = text.trim();
        let lower = text.to_lowercase();
        Self {
            key: text.parse().ok(),
            page: Url::parse(text).ok().filter(|page| page.has_host()).map(plain),
            number: text.strip_prefix('#').unwrap_or(text).parse().ok(),
            parts: parts(&lower).map(str::to_owned).collect(),
            text: text.to_owned(),
            lower,
        }
    }

    fn matches(&self, item: &Item) -> Option<Match> {
        if self.parts.is_empty() {
            return None;
        }
        if self.key.as_ref() == Some(&item.key) {
            return Some(Match::Key);
        }
        if self.page.is_some() {
            return (item.url.clone().map(plain) == self.page).then_some(Match::Reference);
        }
        if item.reference() == self.text {
            return Some(Match::Reference);
        }
        let reference = item.reference().to_lowercase();
        if reference == self.lower {
            return Some(Match::AnyCase);
        }
        match (&item.detail, self.number) {
            (Detail::Incident(Incident { number: Some(own), .. }), Some(number)) if *own == number => {
                return Some(Match::Number);
            }
            (Detail::PullRequest(pull_request), Some(number)) if pull_request.number == number => {
                return Some(Match::Number);
            }
            _ => {}
        }
        // People know an alert by its rule's name as well.
        let rule = match &item.detail {
            Detail::Incident(incident) => incident.labels.get("alertname").map_or("", String::as_str),
            Detail::Build(_) | Detail::PullRequest(_) | Detail::Approval(_) => "",
        };
        let [title, rule] = [item.title.as_str(), rule].map(str::to_lowercase);
        if self.number.is_none() && [&title, &rule].contains(&&self.lower) {
            return Some(Match::Title);
        }
        if let Some(before) = reference.strip_suffix(&self.lower)
            && (before.ends_with(separates) || self.lower.starts_with(separates))
        {
            return Some(Match::End);
        }
        if self.number.is_some() {
            return None;
        }
        if self.are_parts_of(&reference) {
            return Some(Match::Parts);
        }
        if self.text.contains(['#', '/', '@']) {
            return None;
        }
        let all = format!("{reference} {title} {rule}");
        self.lower.split_whitespace().all(|word| has_word(&all, word)).then_some(Match::Words)
    }

    fn are_parts_of(&self, reference: &str) -> bool {
        let mut given = parts(reference).rev();
        let mut wanted = self.parts.iter().rev();
        let ends_alike = given.next() == wanted.next().map(String::as_str);
        ends_alike && wanted.all(|part| given.any(|candidate| candidate == part))
    }
}

fn separates(c: char) -> bool {
    c.is_whitespace() || "/#@.:!".contains(c)
}

fn parts(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split(separates).filter(|part| !part.is_empty())
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(char::is_alphanumeric)
            && !text[at + word.len()..].starts_with(char::is_alphanumeric)
    })
}

/// A page's address without what does not distinguish pages.
fn plain(mut page: Url) -> Url {
    page.set_fragment(None);
    let path = page.path().trim_end_matches('/').to_owned();
    page.set_path(&path);
    page
}

/// True where nothing can be done about an item any more. A build can always be run again.
pub fn is_over(item: &Item) -> bool {
    match &item.detail {
        Detail::Incident(incident) => incident.status == IncidentStatus::Resolved,
        Detail::PullRequest(pull_request) => pull_request.state != PullRequestState::Open,
        Detail::Approval(approval) => !approval.waits(),
        Detail::Build(_) => false,
    }
}

/// True where a command can be run on an item: it takes one of that kind.
pub fn applies_to(spec: &CommandSpec, item: &Item) -> bool {
    item_arg(spec, item).is_some()
}

/// The line that runs a command on an item, as far as the item determines it; only the name where the command takes none.
pub fn prefill(spec: &CommandSpec, item: &Item) -> String {
    let Some(arg) = item_arg(spec, item) else { return spec.name.clone() };
    let comes_first = Usage::compile(spec).is_ok_and(|usage| {
        match usage.segments.first().and_then(|segment| segment.elements.first()) {
            Some(Element::Word(pieces)) => matches!(pieces.as_slice(), [Piece::Arg(first)] if *first == arg),
            Some(Element::Rest(first)) => *first == arg,
            Some(Element::Group(_)) | None => false,
        }
    });
    if comes_first {
        return format!("{} {}", spec.name, quote(item.reference()));
    }
    let of = &spec.args[arg];
    let value = item_value(spec, of, &[item.reference().to_owned()]);
    format!("{} {}={}", spec.name, of.name, quote(&value))
}

/// True for an argument that takes several items: all the words that are left, each an item of its own.
pub fn takes_several(spec: &CommandSpec, arg: &ArgSpec) -> bool {
    let place = spec.args.iter().position(|it| it.name == arg.name);
    let is_item = matches!(arg.ty, ArgType::Item(_));
    is_item
        && place.zip(Usage::compile(spec).ok()).is_some_and(|(place, usage)| usage.takes_several(spec, place))
}

/// The texts in the value of an item argument that each name an item: the whole, or, of one that takes several, its words.
pub fn item_names(spec: &CommandSpec, arg: &ArgSpec, value: &str) -> Vec<String> {
    let words = if takes_several(spec, arg) { tokens(value).ok() } else { None };
    match words {
        Some(words) => words.into_iter().map(|word| word.text).collect(),
        None => vec![value.to_owned()],
    }
}

/// The value of an item argument that means these: what [`item_names`] reads as them.
pub fn item_value(spec: &CommandSpec, arg: &ArgSpec, names: &[String]) -> String {
    match takes_several(spec, arg) {
        true => names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(" "),
        false => names.concat(),
    }
}

fn item_arg(spec: &CommandSpec, item: &Item) -> Option<usize> {
    spec.args.iter().position(|arg| arg.ty == ArgType::Item(item.key.kind))
}
