//! Texts, names, times and links, each in its one form and bounded.

use std::collections::BTreeMap;

use jiff::Timestamp;
use url::Url;

use crate::{
    item::{Checks, User},
    text::{self, is_plain},
};

/// The longest line about an item that is kept or posted, in characters: a title as it was given, a subject, an event.
pub const LONGEST_LINE: usize = 300;
/// Repositories, pipelines, branches, services, jobs.
pub(super) const NAME: usize = 200;
/// Logins, commits.
pub(super) const SHORT: usize = 100;
/// Descriptions, in lines.
pub(super) const DESCRIPTION: usize = 4_000;
/// A label's value.
pub(super) const LABEL: usize = 500;
/// Bytes of a URL; a longer one is left out.
pub(super) const URL: usize = 2_000;
/// Names in a list of failing jobs, and of holders; changes that would be shipped.
pub(super) const NAMES_KEPT: usize = 20;
/// Requested reviewers (the first by name), and who may answer.
pub(crate) const REQUESTED_KEPT: usize = 100;
/// Labels, and arguments.
pub(super) const LABELS_KEPT: usize = 64;

/// The first moment that a service can mean; zero times of some languages (year 1) lie before it.
pub const EARLIEST: Timestamp = Timestamp::UNIX_EPOCH;
/// The last moment that is kept, the beginning of the year 2200: services write "for ever" as year 9999 and the like.
pub const LATEST: Timestamp = Timestamp::constant(7_258_118_400, 0);

pub(super) fn clean_checks(checks: &mut Checks) {
    line(&mut checks.commit, SHORT);
    time(&mut checks.at);
    set(&mut checks.failing, NAME, NAMES_KEPT);
}

/// In their order, without empty ones.
pub(super) fn lines(lines: &mut Vec<String>) {
    lines.iter_mut().for_each(|text| line(text, LONGEST_LINE));
    lines.retain(|line| !line.is_empty());
    lines.truncate(NAMES_KEPT);
}

/// Labels and the like.
pub(super) fn clean_texts(labels: &mut BTreeMap<String, String>) {
    let is_clean = |(name, value): (&String, &String)| is_plain(name, SHORT) && is_plain(value, LABEL);
    if labels.len() > LABELS_KEPT || !labels.iter().all(is_clean) {
        let cleaned: BTreeMap<_, _> = labels
            .iter()
            .map(|(name, value)| (text::line(name, SHORT), text::line(value, LABEL)))
            .take(LABELS_KEPT)
            .collect();
        *labels = cleaned;
    }
}

/// In lines, without the empty ones before and after.
pub(super) fn description(text: &mut Option<String>) {
    *text = text.take().map(|text| {
        let clean = text::block(&text, DESCRIPTION);
        clean.trim().to_owned()
    });
}

/// True for a text that cleaning leaves as it is, in whatever script.
pub(super) fn is_clean(text: &str, max: usize) -> bool {
    is_plain(text, max) || text::line(text, max) == text
}

pub(super) fn line(text: &mut String, max: usize) {
    if !is_plain(text, max) {
        *text = text::line(text, max);
    }
}

pub(super) fn time(at: &mut Timestamp) {
    *at = (*at).clamp(EARLIEST, LATEST);
}

pub(super) fn optional_time(at: &mut Option<Timestamp>) {
    *at = at.filter(|at| (EARLIEST..=LATEST).contains(at));
}

pub(super) fn optional(text: &mut Option<String>, max: usize) {
    if let Some(some) = text {
        line(some, max);
        if some.is_empty() {
            *text = None;
        }
    }
}

/// In the service's order.
pub(super) fn users(users: &mut Vec<User>) {
    users.retain_mut(clean_user);
    users.truncate(NAMES_KEPT);
}

pub(super) fn user(user: &mut Option<User>) {
    user.take_if(|it| !clean_user(it));
}

/// One who is only named is identified by that. False for one who is neither.
pub(super) fn clean_user(User { id, name }: &mut User) -> bool {
    line(id, SHORT);
    line(name, SHORT);
    if name.is_empty() {
        name.clone_from(id);
    } else if id.is_empty() {
        id.clone_from(name);
    }
    !id.is_empty()
}

/// Sorted, each once, none longer than `width`, at most the first `most`. True where every name is there as it was.
pub(super) fn set(names: &mut Vec<String>, width: usize, most: usize) -> bool {
    let mut whole = true;
    for name in names.iter_mut().filter(|name| name.is_empty() || !is_plain(name, width)) {
        let clean = text::line(name, width);
        whole &= !clean.is_empty() && clean == *name;
        *name = clean;
    }
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    whole &= names.len() <= most;
    names.truncate(most);
    whole
}

/// Joins two such sets; what does not fit is left out in the same way whichever came first.
pub(crate) fn join_sets(one: &[String], other: Vec<String>) -> Vec<String> {
    let mut names = other;
    names.extend_from_slice(one);
    names.sort_unstable();
    names.dedup();
    names.truncate(NAMES_KEPT);
    names
}

/// Keeps a link only where it is safe to follow: http or https, at most 2,000 bytes, and without a password.
pub fn keep_safe_link(url: &mut Option<Url>) {
    let good = |url: &Url| matches!(url.scheme(), "http" | "https") && url.as_str().len() <= URL;
    *url = url.take().filter(good);
    if let Some(url) = url
        && (!url.username().is_empty() || url.password().is_some())
    {
        // Neither fails for http and https.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
}
