//! Pull requests: how they are joined, and which events a new state makes.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use jiff::{SignedDuration, Timestamp};

use super::{
    join::{Order, canonicalise_list, join_lists},
    name::EventName,
    transition::Transition,
};
use crate::{
    item::{
        Checks, ChecksStatus, Item, Mergeability, PullRequest, PullRequestState, REQUESTED_KEPT,
        REVIEWS_KEPT, RequestedRead, Review, Size, User, Verdict, join_sets, without_organisation,
    },
    text::listed,
};

/// How long an open pull request may be untouched before it is [`EventName::Stale`]: 7 days.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(super) fn canonicalise(pull_request: &mut PullRequest) {
    canonicalise_list(&mut pull_request.reviews, REVIEWS_KEPT, newest_first, join_review);
    let head = &pull_request.head;
    pull_request.checks.take_if(|checks| !is_of_head(&checks.commit, head));
    pull_request.mergeability.take_if(|mergeability| !is_of_head(&mergeability.commit, head));
    pull_request.size.take_if(|size| !is_of_head(&size.commit, head));
    let version = pull_request.updated_at;
    Requests::of(pull_request).give(pull_request, version);
}

/// True where a report on that commit is one on the head. The head may not be known: then it may be this commit.
fn is_of_head(commit: &str, head: &str) -> bool {
    head.is_empty() || commit == head
}

/// Who is asked for a review, by versions of their own, because a newer snapshot may leave them out: the newest whole list,
/// and whom newer ones name that are not whole. So the result does not depend on the order in which they arrive.
struct Requests {
    whole_at: Option<Timestamp>,
    /// Who is on the whole list. Some of `named_at` may be among them.
    names: BTreeSet<String>,
    named_at: BTreeMap<String, Timestamp>,
}

impl Requests {
    fn of(pull_request: &PullRequest) -> Self {
        let PullRequest { requested, requested_unknown, requested_read, updated_at, .. } = pull_request;
        let names = requested.clone();
        match (requested_unknown, requested_read) {
            (false, _) => Self { whole_at: Some(*updated_at), names, named_at: BTreeMap::new() },
            (true, Some(RequestedRead { whole_at, named_at })) => {
                Self { whole_at: *whole_at, names, named_at: named_at.clone() }
            }
            // A snapshot, or a state that an older version of this program stored.
            (true, None) => {
                let named_at = names.iter().map(|name| (name.clone(), *updated_at)).collect();
                Self { whole_at: None, names, named_at }
            }
        }
    }

    /// What was known before something of that version was read: where it is ahead of that (a clock was put right, a server was
    /// restored), it is no later, and its list may not be whole any more.
    fn caught_up(mut self, version: Timestamp) -> Self {
        if self.whole_at.take_if(|at| *at > version).is_some() {
            for name in &self.names {
                self.named_at.entry(name.clone()).or_insert(version);
            }
        }
        self.named_at.values_mut().for_each(|at| *at = version.min(*at));
        self
    }

    /// Of two whole lists of the same version the later received wins.
    fn join(self, new: Self) -> Self {
        let (mut winner, other) = if new.whole_at >= self.whole_at { (new, self) } else { (self, new) };
        for (name, at) in other.named_at {
            if winner.whole_at.is_none_or(|whole_at| at > whole_at) {
                let newest = winner.named_at.entry(name.clone()).or_insert(at);
                *newest = at.max(*newest);
                winner.names.insert(name);
            }
        }
        winner
    }

    /// Puts it into a pull request of that version. Of more names than are kept the first are, as of one snapshot's.
    fn give(self, pull_request: &mut PullRequest, version: Timestamp) {
        let Self { whole_at, mut names, mut named_at } = self;
        while names.len() > REQUESTED_KEPT {
            names.pop_last();
        }
        named_at.retain(|name, _| names.contains(name));
        let is_unknown = whole_at.is_none_or(|at| at < version);
        pull_request.requested = names;
        pull_request.requested_unknown = is_unknown;
        pull_request.requested_read = is_unknown.then_some(RequestedRead { whole_at, named_at });
    }
}

/// All that has no version of its own is one register. What was read later wins, whatever its version: clocks are put right, and
/// servers restored. At the same version merged wins against closed and closed against open, because services count versions in
/// seconds; else the later received wins. Nothing undoes a merge but a later version.
pub(super) fn is_newer(old: &PullRequest, new: &PullRequest, order: Order) -> bool {
    let version = |pull_request: &PullRequest| {
        let ended = match pull_request.state {
            PullRequestState::Open => 0,
            PullRequestState::Closed => 1,
            PullRequestState::Merged => 2,
        };
        (pull_request.updated_at, ended)
    };
    let may_undo = old.state != PullRequestState::Merged || new.state == PullRequestState::Merged;
    (order == Order::Later && may_undo) || version(new) >= version(old)
}

pub(super) fn join(old: &PullRequest, mut new: PullRequest, order: Order) -> PullRequest {
    let reviews =
        join_lists(&old.reviews, std::mem::take(&mut new.reviews), REVIEWS_KEPT, newest_first, join_review);
    let requests = match order {
        Order::Later => Requests::of(old).caught_up(new.updated_at),
        Order::Unknown => Requests::of(old),
    };
    let requests = requests.join(Requests::of(&new));
    let (new_checks, new_mergeability) = (new.checks.take(), new.mergeability.take());
    let new_size = new.size.take();
    let mut joined = if is_newer(old, &new, order) {
        fill(&mut new, old);
        new
    } else {
        let mut joined = old.clone();
        fill(&mut joined, &new);
        joined
    };
    // Checks of a commit that is no longer the head are not those of the pull request.
    let head = joined.head.as_str();
    let of_head = |checks: &Checks| is_of_head(&checks.commit, head);
    joined.checks = match (old.checks.as_ref().filter(|c| of_head(c)), new_checks.filter(of_head)) {
        (Some(old), Some(new)) => Some(join_checks(old, new, order)),
        (Some(old), None) => Some(old.clone()),
        (None, new) => new,
    };
    // The service's newer report, if it is of the head.
    let of_head = |it: &Mergeability| is_of_head(&it.commit, head);
    joined.mergeability = match new_mergeability.filter(of_head) {
        Some(new) if order == Order::Later => Some(new),
        new => {
            let reported = old.mergeability.iter().filter(|it| of_head(it)).cloned().chain(new);
            reported.max_by_key(|it| (it.at, it.state))
        }
    };
    let of_head = |size: &Size| is_of_head(&size.commit, head);
    joined.size = match (old.size.as_ref().filter(|size| of_head(size)), new_size.filter(of_head)) {
        (Some(old), Some(new)) => Some(join_sizes(old, new, order)),
        (old, new) => new.or_else(|| old.cloned()),
    };
    let version = joined.updated_at;
    requests.give(&mut joined, version);
    joined.reviews = reviews;
    joined
}

/// What the winner does not know is taken from the other.
fn fill(winner: &mut PullRequest, other: &PullRequest) {
    let texts = [
        (&mut winner.repo, &other.repo),
        (&mut winner.author, &other.author),
        (&mut winner.branch, &other.branch),
        (&mut winner.base, &other.base),
        (&mut winner.head, &other.head),
    ];
    for (text, other) in texts {
        if text.is_empty() {
            text.clone_from(other);
        }
    }
    if winner.description.is_none() {
        winner.description.clone_from(&other.description);
    }
    if winner.state == other.state {
        winner.ended_at = winner.ended_at.or(other.ended_at);
        winner.merged_by = winner.merged_by.take().or_else(|| other.merged_by.clone());
    }
}

fn newest_first(one: &Review, other: &Review) -> Ordering {
    (other.at, &other.by).cmp(&(one.at, &one.by))
}

fn join_review(old: &Review, new: Review) -> Review {
    let commit = old.commit.clone().or(new.commit);
    let serial = old.serial.max(new.serial);
    Review { verdict: new.verdict.max(old.verdict), by: new.by, at: new.at, commit, serial }
}

/// Both are of the head: of one commit, where that is known.
fn join_checks(old: &Checks, new: Checks, order: Order) -> Checks {
    if order == Order::Later {
        return new;
    }
    match (new.at, new.status, &new.commit).cmp(&(old.at, old.status, &old.commit)) {
        Ordering::Less => old.clone(),
        Ordering::Equal => Checks { failing: join_sets(&old.failing, new.failing), ..new },
        Ordering::Greater => new,
    }
}

/// Both are of the head: of one commit, where that is known.
fn join_sizes(old: &Size, new: Size, order: Order) -> Size {
    let version = |size: &Size| (size.at, size.files, size.added, size.removed);
    let newer = order == Order::Later || version(&new) >= version(old);
    if newer { new } else { old.clone() }
}

pub(super) fn transitions(old: Option<&PullRequest>, new: &PullRequest, item: &Item) -> Vec<Transition> {
    let mut found: Vec<_> = opening(old, new, item).into_iter().collect();
    found.extend(requested(old, new, item));
    found.extend(new.reviews.iter().rev().filter_map(|review| reviewed(old, new, review, item)));
    found.extend(checked(old, new, item));
    found.extend(ending(old, new, item));
    found.sort_by_key(|transition| transition.at);
    found
}

/// What people call it: "acme/web#479 Bump dependency pins".
pub(crate) fn name(item: &Item) -> String {
    format!("{} {}", item.reference(), item.given_title()).trim_end().to_owned()
}

/// The name, or `an unknown user` where the service does not say.
pub(crate) fn who(name: Option<&str>) -> &str {
    name.filter(|name| !name.is_empty()).unwrap_or("an unknown user")
}

fn known(name: &str) -> Option<User> {
    Some(name).filter(|name| !name.is_empty()).map(User::named)
}

fn is_open(pull_request: &PullRequest) -> bool {
    pull_request.state == PullRequestState::Open
}

fn opening(old: Option<&PullRequest>, new: &PullRequest, item: &Item) -> Option<Transition> {
    let opened = |at: Timestamp, by, summary| Transition {
        at: Some(at),
        by,
        distinct: at.to_string(),
        ..Transition::new(EventName::Opened, summary)
    };
    match old {
        None if is_open(new) => {
            let summary = format!("{} opened {}", who(Some(&new.author)), name(item));
            Some(opened(new.opened_at, known(&new.author), summary))
        }
        Some(old) if is_open(new) && !is_open(old) => {
            Some(opened(new.updated_at, None, format!("{} is open again", name(item))))
        }
        _ => None,
    }
}

/// Whose review is asked for now and was not before, each by an event of their own: so each is reported once, however the service
/// groups them. One that is open again asks all of them again.
fn requested(old: Option<&PullRequest>, new: &PullRequest, item: &Item) -> Vec<Transition> {
    if !is_open(new) {
        return Vec::new();
    }
    let still_open = old.filter(|old| is_open(old));
    let mut asked_before: Vec<String> =
        still_open.into_iter().flat_map(|old| old.requested.iter().cloned()).collect();
    let mut found = Vec::new();
    for id in &new.requested {
        // Services write one login in several ways.
        if asked_before.iter().any(|before| before.eq_ignore_ascii_case(id)) {
            continue;
        }
        // The list may be older than the rest.
        let since = if old.is_some_and(is_open) { new.requested_since(id) } else { new.updated_at };
        let of = User { id: id.clone(), name: without_organisation(id) };
        let summary = format!("{} asks {} for a review of {}", who(Some(&new.author)), of.name, name(item));
        found.push(Transition {
            at: Some(since),
            by: known(&new.author),
            of: vec![of],
            asked_before: asked_before.clone(),
            distinct: format!("{since} {id}"),
            ..Transition::new(EventName::ReviewRequested, summary)
        });
        asked_before.push(id.clone());
    }
    found
}

fn reviewed(
    old: Option<&PullRequest>,
    new: &PullRequest,
    review: &Review,
    item: &Item,
) -> Option<Transition> {
    let old = old.map_or(&[][..], |old| &old.reviews);
    let before = old.binary_search_by(|known| newest_first(known, review)).ok().map(|at| old[at].verdict);
    if before == Some(review.verdict) {
        return None;
    }
    let by = who(Some(&review.by));
    let (event, summary) = match review.verdict {
        Verdict::Approved => {
            let count = match new.approvals_with(review) {
                0 => String::new(),
                1 => ": 1 approval".to_owned(),
                count => format!(": {count} approvals"),
            };
            (EventName::Approved, format!("{by} approved {}{count}", name(item)))
        }
        Verdict::ChangesRequested => {
            (EventName::ChangesRequested, format!("{by} asks for changes in {}", name(item)))
        }
        Verdict::Commented | Verdict::Dismissed => return None,
    };
    Some(Transition {
        at: Some(review.at),
        by: known(&review.by),
        distinct: format!("{} {}", review.by, review.at),
        ..Transition::new(event, summary)
    })
}

fn checked(old: Option<&PullRequest>, new: &PullRequest, item: &Item) -> Option<Transition> {
    let checks = new.checks.as_ref().filter(|_| new.state == PullRequestState::Open)?;
    let before = old.and_then(|old| old.checks.as_ref()).filter(|before| before.commit == checks.commit);
    if before.is_some_and(|before| before.status == checks.status) {
        return None;
    }
    let (event, summary) = match checks.status {
        ChecksStatus::Failed if checks.failing.is_empty() => {
            (EventName::ChecksFailed, format!("checks of {} failed", name(item)))
        }
        ChecksStatus::Failed => {
            (EventName::ChecksFailed, format!("{} failed on {}", listed(&checks.failing), name(item)))
        }
        ChecksStatus::Passed => (EventName::ChecksPassed, format!("checks of {} passed", name(item))),
        ChecksStatus::None | ChecksStatus::Pending | ChecksStatus::Unknown => return None,
    };
    Some(Transition {
        at: Some(checks.at),
        distinct: format!("{} {}", checks.commit, checks.at),
        ..Transition::new(event, summary)
    })
}

fn ending(old: Option<&PullRequest>, new: &PullRequest, item: &Item) -> Option<Transition> {
    let was_so = old.is_some_and(|old| old.state == new.state);
    let at = new.ended_at.unwrap_or(new.updated_at);
    match new.state {
        PullRequestState::Merged if !was_so => {
            let summary = match new.merged_by.as_deref() {
                Some(by) => format!("{by} merged {}", name(item)),
                None => format!("{} was merged", name(item)),
            };
            // Nothing is merged twice.
            let distinct = String::new();
            let by = new.merged_by.clone().map(User::named);
            Some(Transition { at: Some(at), by, distinct, ..Transition::new(EventName::Merged, summary) })
        }
        PullRequestState::Closed if !was_so || is_closed_anew(old, new) => {
            let summary = format!("{} was closed without merging", name(item));
            let distinct = at.to_string();
            Some(Transition { at: Some(at), distinct, ..Transition::new(EventName::Closed, summary) })
        }
        _ => None,
    }
}

/// True where it was opened and closed again unseen.
fn is_closed_anew(old: Option<&PullRequest>, new: &PullRequest) -> bool {
    let before = old.and_then(|old| old.ended_at);
    before.zip(new.ended_at).is_some_and(|(before, now)| before != now)
}

pub(super) fn stale(item: &Item, pull_request: &PullRequest, now: Timestamp) -> Option<Transition> {
    let touched = pull_request.last_activity();
    let quiet = now.duration_since(touched);
    if pull_request.state != PullRequestState::Open || pull_request.draft || quiet < STALE_AFTER {
        return None;
    }
    let summary = format!("{} has been quiet for {} days", name(item), quiet.as_hours() / 24);
    Some(Transition {
        at: touched.checked_add(STALE_AFTER).ok(),
        distinct: touched.to_string(),
        ..Transition::new(EventName::Stale, summary)
    })
}
