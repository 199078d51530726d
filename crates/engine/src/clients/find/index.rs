//! What a launcher looks through, in memory, and what it finds there for a few letters.

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use callboard_domain::{
    board::Row,
    command::{ArgSpec, CommandSpec, named_line},
    identity::Identity,
    item::{AccountName, ItemKey},
    run::Run,
};
use jiff::Timestamp;
use nucleo_matcher::Utf32String;

use super::fuzzy::{self, FuzzyQuery};
use crate::{
    api::{Found, FoundCommand, FoundItem, FoundRun},
    title_match::{TitleMatch, TypedTitle, folded},
};

/// Two texts whose letters are worth as much, within this, are equally meant: then use decides.
const ALIKE: u32 = 3;
/// How many times as many items as are wanted are looked at closely.
const LIKELY: usize = 10;

/// What a launcher looks through.
#[derive(Default)]
pub(crate) struct Index {
    commands: Vec<CommandEntry>,
    items: Vec<ItemEntry>,
    known: HashSet<ItemKey>,
    matched: Mutex<Option<Matched>>,
    lines: Vec<LineEntry>,
    /// Who each account acts as.
    pub(crate) me: BTreeMap<AccountName, Identity>,
}

struct CommandEntry {
    name: String,
    /// Every name of it, in lower case, its own first.
    names: Vec<String>,
    summary: String,
    posts_to: String,
    takes: String,
    /// All that it is found by, as titles are compared.
    title: String,
    text: Utf32String,
    used: u32,
}

impl CommandEntry {
    /// True where it is there as typed, not only letter by letter.
    fn answers(&self, lower: &str, wanted: &TypedTitle) -> bool {
        self.names.iter().any(|name| typed(name, lower).is_some())
            || wanted.of(&self.title) >= TitleMatch::Words
    }
}

struct ItemEntry {
    row: Row,
    /// Its title, as titles are compared.
    title: String,
    open: bool,
    changed_at: Timestamp,
    /// What its row shows.
    text: Utf32String,
    /// That and what full-text search finds it by, in lower case.
    words: String,
}

/// The items that a text means.
struct FoundItems {
    items: Vec<FoundItem>,
    /// How many of them hold every word as it stands; they come first.
    whole: usize,
    /// How many are meant in all, where all were looked at closely.
    total: Option<usize>,
}

/// The places of the items that a text may mean: a text that continues it means no others.
struct Matched {
    text: String,
    /// Those that may hold its words as they stand.
    whole: Vec<usize>,
    /// Those that may hold its letters.
    loose: Vec<usize>,
}

struct LineEntry {
    id: String,
    line: String,
    /// As people read it.
    named: String,
    account: Option<String>,
    lower: String,
    state: &'static str,
    by: String,
    at: Timestamp,
    text: Utf32String,
    used: u32,
}

impl Index {
    /// One with nothing in it yet.
    pub(crate) fn new(me: BTreeMap<AccountName, Identity>) -> Self {
        Self { me, ..Self::default() }
    }

    /// Adds a command, and where it posts. Runs are added before, for how often it is used.
    pub(crate) fn add_command(&mut self, spec: &CommandSpec, posts_to: String, used: &Used) {
        let names: Vec<String> =
            std::iter::once(&spec.name).chain(&spec.aliases).map(|name| name.to_lowercase()).collect();
        let takes = |arg: &ArgSpec| if arg.required { arg.name.clone() } else { format!("[{}]", arg.name) };
        let text = format!("{} {} {}", spec.name, spec.aliases.join(" "), spec.summary);
        self.commands.push(CommandEntry {
            name: spec.name.clone(),
            names,
            summary: spec.summary.clone(),
            posts_to,
            takes: spec.args.iter().map(takes).collect::<Vec<_>>().join(", "),
            title: folded(&text),
            text: text.into(),
            used: used.commands.get(&spec.name).copied().unwrap_or(0),
        });
    }

    /// Adds an item, with the text that full-text search finds it by; one that is there already stays as it is.
    pub(crate) fn add_item(
        &mut self,
        row: Row,
        repo: &str,
        search_text: &str,
        open: bool,
        changed_at: Timestamp,
    ) {
        if !self.known.insert(row.key.clone()) {
            return;
        }
        let mut text = format!("{} {}", row.title, row.subtitle);
        // Said once is enough; what is looked through is what takes the time.
        for more in [row.key.id.as_str(), repo] {
            if !text.contains(more) {
                text.push(' ');
                text.push_str(more);
            }
        }
        let title = folded(&row.title);
        let words = lowered(&format!("{text} {search_text}"));
        self.items.push(ItemEntry { row, title, open, changed_at, text: text.into(), words });
    }

    /// True where it looks through this item.
    pub(crate) fn has(&self, key: &ItemKey) -> bool {
        self.known.contains(key)
    }

    /// Adds the lines that were run, each once; `runs` are newest first.
    pub(crate) fn add_runs(&mut self, runs: &[Run], used: &Used) {
        let mut known = HashSet::new();
        for run in runs {
            if !known.insert(run.line.as_str()) {
                continue;
            }
            let named = named_line(&run.line, &run.args);
            self.lines.push(LineEntry {
                id: run.id.clone(),
                line: run.line.clone(),
                account: run.account.clone(),
                lower: run.line.to_lowercase(),
                state: run.state.name(),
                by: run.by.clone(),
                at: run.started_at,
                text: named.as_str().into(),
                named,
                used: used.lines.get(&run.line).copied().unwrap_or(0),
            });
        }
    }

    /// What a few letters mean, at most `limit` of each kind, and how many of the items hold every word: these come first.
    pub(crate) fn find(&self, text: &str, limit: usize) -> (Found, usize) {
        let Some(mut wanted) = FuzzyQuery::new(text) else { return (Found::default(), 0) };
        let lower = text.trim_start().to_lowercase();
        let FoundItems { items, whole, total } = self.find_items(text, &mut wanted, limit);
        let found = Found {
            commands: self.find_commands(&lower, &mut wanted, limit),
            items,
            items_total: total,
            runs: self.find_lines(&lower, &mut wanted, limit),
            completion: self.completion(text),
            // Said once no more items are added.
            items_first: false,
        };
        (found, whole)
    }

    /// True where the title of the first item holds word by word what was typed, and no command does.
    pub(crate) fn items_come_first(&self, text: &str, items: &[FoundItem]) -> bool {
        let (wanted, lower) = (TypedTitle::new(text), text.trim_start().to_lowercase());
        items.first().is_some_and(|first| wanted.of(&folded(&first.row.title)) >= TitleMatch::Words)
            && !self.commands.iter().any(|entry| entry.answers(&lower, &wanted))
    }

    fn find_commands(&self, lower: &str, wanted: &mut FuzzyQuery, limit: usize) -> Vec<FoundCommand> {
        let found = best(&self.commands, limit, |entry| {
            let typed = entry.names.iter().filter_map(|name| typed(name, lower)).max();
            let quality = wanted.quality(entry.text.slice(..));
            if typed.is_none() && quality.is_none() {
                return None;
            }
            let shorter = Reverse(entry.name.len());
            Some((typed, quality.unwrap_or(0) / ALIKE, entry.used, shorter, Reverse(entry.name.clone())))
        });
        found
            .into_iter()
            .map(|entry| FoundCommand {
                name: entry.name.clone(),
                title: match typed(&entry.names[0], lower) {
                    Some(Typed::Whole) => {
                        vec![crate::api::TextSpan { text: entry.name.clone(), matched: true }]
                    }
                    _ => wanted.mark(entry.text.slice(..), &entry.name),
                },
                summary: entry.summary.clone(),
                posts_to: entry.posts_to.clone(),
                takes: entry.takes.clone(),
            })
            .collect()
    }

    /// The items that hold every word as it stands, then those that are meant by their letters.
    fn find_items(&self, text: &str, wanted: &mut FuzzyQuery, limit: usize) -> FoundItems {
        let typed = TypedTitle::new(text);
        let words: Vec<String> = text.split_whitespace().map(lowered).collect();
        let rank = |quality: Option<u32>, at: usize| {
            let entry = &self.items[at];
            let by_title = typed.of(&entry.title);
            (by_title, quality.map(|it| it / ALIKE), entry.open, entry.changed_at, &entry.row.key)
        };
        let Matched { whole, mut loose, .. } = self.matched_by(text);
        let mut kept = Vec::new();
        let mut found = best(whole, limit, |at| {
            let entry = &self.items[at];
            let quality = wanted.quality_whole(entry.text.slice(..));
            // What its row does not show comes after what it shows.
            if quality.is_none() && !words.iter().all(|word| entry.words.contains(word)) {
                return None;
            }
            kept.push(at);
            Some(rank(quality, at))
        });
        let whole = std::mem::take(&mut kept);
        let mut total = Some(whole.len());
        let found_whole = found.len();
        if wanted.is_worth_more(found_whole, limit) {
            let mut candidates = 0;
            let likely = best(loose, limit.saturating_mul(LIKELY), |at| {
                let quality = wanted.quality_at_a_glance(self.items[at].text.slice(..))?;
                kept.push(at);
                // They are in order.
                if whole.binary_search(&at).is_ok() {
                    return None;
                }
                candidates += 1;
                Some(rank(Some(quality), at))
            });
            loose = kept;
            let (mut meant, all_likely) = (0, candidates == likely.len());
            found.extend(best(likely, limit - found_whole, |at| {
                let quality = wanted.quality(self.items[at].text.slice(..))?;
                meant += 1;
                Some(rank(Some(quality), at))
            }));
            total = all_likely.then_some(whole.len() + meant);
        }
        let matched = Matched { text: text.to_owned(), whole, loose };
        *self.matched.lock().unwrap_or_else(PoisonError::into_inner) = Some(matched);
        let items = found.into_iter().map(|at| {
            let ItemEntry { row, text: shown, .. } = &self.items[at];
            let title = match wanted.quality(shown.slice(..)) {
                Some(_) => wanted.mark(shown.slice(..), &row.title),
                None => fuzzy::with_words(&row.title, text),
            };
            FoundItem { row: row.clone(), title }
        });
        FoundItems { items: items.collect(), whole: found_whole, total }
    }

    /// The items that are worth looking at for a text: where it goes on from the last one, those that matched that one.
    fn matched_by(&self, text: &str) -> Matched {
        let last = self.matched.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A backslash makes the space after it part of the word: then a longer text may mean more.
        let goes_on = |last: &Matched| text.starts_with(&last.text) && !text.contains('\\');
        last.filter(goes_on).unwrap_or_else(|| {
            let all: Vec<usize> = (0..self.items.len()).collect();
            Matched { text: String::new(), whole: all.clone(), loose: all }
        })
    }

    fn find_lines(&self, lower: &str, wanted: &mut FuzzyQuery, limit: usize) -> Vec<FoundRun> {
        let found = best(&self.lines, limit, |entry| {
            let begins = entry.lower.starts_with(lower);
            let quality = match wanted.quality(entry.text.slice(..)) {
                // Also by an id that is not shown: it may be copied from elsewhere.
                None if entry.named != entry.line => wanted.quality_of(&entry.line),
                by_name => by_name,
            }?;
            Some((begins, quality / ALIKE, entry.used, entry.at, &entry.line))
        });
        found
            .into_iter()
            .map(|entry| FoundRun {
                id: entry.id.clone(),
                line: entry.line.clone(),
                account: entry.account.clone(),
                title: wanted.mark(entry.text.slice(..), &entry.named),
                state: entry.state.to_owned(),
                by: entry.by.clone(),
                at: entry.at,
            })
            .collect()
    }

    /// The name of the command that the text begins, or the line that was run before.
    fn completion(&self, text: &str) -> Option<String> {
        let lower = text.to_lowercase();
        let names = self.commands.iter().filter(|entry| entry.names[0].starts_with(&lower));
        let named = names.max_by_key(|entry| (entry.used, Reverse(entry.name.len()), Reverse(&entry.name)));
        let lines = self.lines.iter().filter(|entry| entry.lower.starts_with(&lower));
        let line = lines.max_by_key(|entry| (entry.used, entry.at));
        let longer = |whole: &String| whole.len() > text.len();
        let named = named.map(|entry| &entry.name).filter(|name| longer(name));
        let whole = named.or(line.map(|entry| &entry.line).filter(|line| longer(line)))?;
        continued(text, whole)
    }
}

/// In lower case, letter by letter: what is in a text is in its continuation as well, whatever letters follow.
fn lowered(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// What was typed, and the rest of a text that begins with it, whatever the case of its letters.
pub(crate) fn continued(typed: &str, whole: &str) -> Option<String> {
    let rest = whole.get(typed.len()..).filter(|rest| !rest.is_empty())?;
    Some(format!("{typed}{rest}"))
}

/// How a command's name was typed; the better the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Typed {
    /// The beginning of it.
    Part,
    /// All of it, and maybe what it takes.
    Whole,
}

fn typed(name: &str, lower: &str) -> Option<Typed> {
    match lower.strip_prefix(name) {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => Some(Typed::Whole),
        _ => name.starts_with(lower).then_some(Typed::Part),
    }
}

/// The entries that rank highest, in order.
fn best<E: Copy, R: Ord>(
    entries: impl IntoIterator<Item = E>,
    limit: usize,
    mut rank: impl FnMut(E) -> Option<R>,
) -> Vec<E> {
    let ranked = entries.into_iter().filter_map(|entry| Some((rank(entry)?, entry)));
    let mut ranked: Vec<(R, E)> = ranked.collect();
    if ranked.len() > limit && limit > 0 {
        ranked.select_nth_unstable_by(limit - 1, |one, other| other.0.cmp(&one.0));
    }
    ranked.truncate(limit);
    ranked.sort_by(|one, other| other.0.cmp(&one.0));
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

/// How much commands and lines have been used: often and lately counts more.
#[derive(Default)]
pub(crate) struct Used {
    commands: HashMap<String, u32>,
    lines: HashMap<String, u32>,
}

impl Used {
    /// From the runs on the record.
    pub(crate) fn of(runs: &[Run], now: Timestamp) -> Self {
        let mut used = Self::default();
        for run in runs {
            let worth = match now.duration_since(run.started_at).as_hours() {
                ..24 => 20,
                24..168 => 6,
                168..720 => 2,
                _ => 1,
            };
            *used.commands.entry(run.command.clone()).or_default() += worth;
            *used.lines.entry(run.line.clone()).or_default() += worth;
        }
        used
    }
}
