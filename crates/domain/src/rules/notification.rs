//! One notification for the events of a group.

use std::{borrow::Cow, collections::HashSet};

use serde::{Deserialize, Serialize};

use crate::{
    event::{Event, EventName, pull_request},
    item::{Detail, Item, ItemKey, Kind},
    text,
};

/// Lines of a notification's body; desktops show fewer.
const LINES: usize = 5;
/// Characters of a title and of a line.
const WIDTH: usize = 120;

/// What the desktop shows for one or several events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Notification {
    /// The line that says it all.
    pub title: String,
    /// More, in a few lines; may be empty.
    pub body: String,
    /// The items that it is about, the most urgent first.
    pub items: Vec<ItemKey>,
    /// It pierces quiet hours.
    pub important: bool,
    /// What it says of each of them, in the same order: what is left of it once others are over. Empty from an older version.
    #[serde(default)]
    pub parts: Vec<NotificationPart>,
}

/// What a notification says of one of its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct NotificationPart {
    /// The item.
    pub item: ItemKey,
    /// The line that says it all.
    pub title: String,
    /// More; may be empty.
    pub body: String,
}

/// An event that is to be notified, and the item as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifiableEvent {
    /// What happened.
    pub event: Event,
    /// What it happened to.
    pub item: Item,
    /// It asks me for something: see [`super::concerns_me`].
    pub of_me: bool,
    /// It pierces quiet hours.
    pub important: bool,
    /// [`super::Decision::group`]: where there are several, each has a line of the body.
    pub group: String,
}

/// One notification for events that are shown together, given in the order in which they happened; `None` for none.
///
/// Of several events of one item the last counts. Whether they are to be notified at all is the caller's decision.
pub fn notification(events: &[NotifiableEvent]) -> Option<Notification> {
    let mut later = HashSet::new();
    let mut latest: Vec<&NotifiableEvent> =
        events.iter().rev().filter(|one| later.insert(&one.item.key)).collect();
    latest.reverse();
    // The sort is stable: what is equally urgent stays in order.
    latest.sort_by_key(|one| urgency(one.event.name));
    let (title, body) = match &latest[..] {
        [] => return None,
        [one] => single(one),
        several => (title(several), body(several)),
    };
    let part = |one: &&NotifiableEvent| {
        let (title, body) = single(one);
        NotificationPart { item: one.item.key.clone(), title, body }
    };
    Some(Notification {
        title,
        body,
        parts: latest.iter().map(part).collect(),
        items: latest.iter().map(|one| one.item.key.clone()).collect(),
        important: events.iter().any(|one| one.important),
    })
}

/// A line for each event, or for each group where there are several of them.
fn body(latest: &[&NotifiableEvent]) -> String {
    let mut groups: Vec<Vec<&NotifiableEvent>> = Vec::new();
    for one in latest {
        match groups.iter_mut().find(|group| group[0].group == one.group) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    if let [only] = &groups[..] {
        groups = only.iter().map(|one| vec![*one]).collect();
    }
    let line = |group: &Vec<&NotifiableEvent>| match &group[..] {
        [one] => text::line(&summary(one), WIDTH),
        several => title(several),
    };
    let mut lines: Vec<_> = groups.iter().take(LINES).map(line).collect();
    let left: usize = groups.iter().skip(LINES).map(Vec::len).sum();
    if left > 0 {
        lines.push(format!("and {left} more"));
    }
    lines.join("\n")
}

/// What happened, in a line that addresses me.
fn summary(notifiable: &NotifiableEvent) -> Cow<'_, str> {
    let NotifiableEvent { event, item, of_me, .. } = notifiable;
    match event.name {
        EventName::ReviewRequested if *of_me => {
            let by = pull_request::who(event.by.as_ref().map(|by| by.name.as_str()));
            Cow::Owned(format!("{by} asks for your review of {}", pull_request::name(item)))
        }
        _ => Cow::Borrowed(&event.summary),
    }
}

fn single(notifiable: &NotifiableEvent) -> (String, String) {
    let (item, summary) = (&notifiable.item, summary(notifiable));
    let more = match &item.detail {
        Detail::Build(build) => build
            .runs
            .iter()
            .find(|run| run.status.is_verdict())
            .and_then(|run| run.subject.as_deref())
            .unwrap_or_default(),
        Detail::PullRequest(_) => &item.title,
        Detail::Incident(incident) => incident.description.as_deref().unwrap_or_default(),
        Detail::Approval(approval) => approval.description.as_deref().unwrap_or_default(),
    };
    let body = if summary.contains(more) { String::new() } else { text::line(more, WIDTH) };
    (text::line(&summary, WIDTH), body)
}

/// `3 builds of acme/web failed`, `3 builds of acme/web: 2 failed, 1 is fixed`, `2 builds and 1 incident`.
fn title(latest: &[&NotifiableEvent]) -> String {
    let kinds = counted(latest.iter().map(|one| one.item.key.kind));
    // Whether it is of me makes a difference to a request for a review alone.
    let names = counted(latest.iter().map(|one| {
        let name = one.event.name;
        (name, one.of_me && name == EventName::ReviewRequested)
    }));
    let of = match counted(latest.iter().map(|one| one.item.repo())).as_slice() {
        [(repo, _)] => format!(" of {}", text::line(repo, WIDTH / 2)),
        repos if kinds.len() == 1 => format!(" in {} {}", repos.len(), places(kinds[0].0)),
        _ => String::new(),
    };
    match (&kinds[..], &names[..]) {
        ([(kind, count)], [((name, of_me), _)]) => {
            format!("{} {}", things(*kind, *count) + &of, phrase(*name, *of_me, *count))
        }
        ([(kind, count)], _) => {
            let each: Vec<_> = names
                .iter()
                .map(|((name, of_me), count)| format!("{count} {}", phrase(*name, *of_me, *count)))
                .collect();
            format!("{}: {}", things(*kind, *count) + &of, each.join(", "))
        }
        _ => {
            let each: Vec<_> = kinds.iter().map(|(kind, count)| things(*kind, *count)).collect();
            let (last, before) = each.split_last().expect("there are several kinds");
            format!("{} and {last}{of}", before.join(", "))
        }
    }
}

/// How many there are of each, in the order in which they come.
fn counted<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for one in all {
        match counts.iter_mut().find(|(known, _)| *known == one) {
            Some((_, count)) => *count += 1,
            None => counts.push((one, 1)),
        }
    }
    counts
}

fn things(kind: Kind, count: usize) -> String {
    let thing = match kind {
        Kind::Build => "build",
        Kind::PullRequest => "pull request",
        Kind::Incident => "incident",
        Kind::Approval => "approval",
    };
    text::count(count, thing)
}

fn places(kind: Kind) -> &'static str {
    match kind {
        Kind::Build | Kind::PullRequest => "repositories",
        Kind::Incident => "services",
        Kind::Approval => "places",
    }
}

fn phrase(event: EventName, of_me: bool, count: usize) -> String {
    let (is, has, was, wants, waits) = match count {
        1 => ("is", "has", "was", "wants", "waits"),
        _ => ("are", "have", "were", "want", "wait"),
    };
    match event {
        EventName::Queued => format!("{is} queued"),
        EventName::Running => format!("{is} running"),
        EventName::Passed => "passed".to_owned(),
        EventName::Failed => "failed".to_owned(),
        EventName::Fixed => format!("{is} fixed"),
        EventName::StillFailing => format!("{is} still failing"),
        EventName::Canceled => format!("{was} canceled"),
        EventName::Opened => format!("{was} opened"),
        EventName::ReviewRequested if of_me => format!("{wants} your review"),
        EventName::ReviewRequested => format!("{wants} a review by others"),
        EventName::Approved => format!("{was} approved"),
        EventName::ChangesRequested => format!("{has} changes requested"),
        EventName::ChecksFailed => format!("{has} failed checks"),
        EventName::ChecksPassed => format!("{has} passed checks"),
        EventName::Merged => format!("{was} merged"),
        EventName::Closed => format!("{was} closed"),
        EventName::Stale => format!("{is} stale"),
        EventName::Triggered => format!("{was} triggered"),
        EventName::Acknowledged => format!("{was} acknowledged"),
        EventName::Unacknowledged => format!("{is} no longer acknowledged or silenced"),
        EventName::Escalated => format!("{was} escalated"),
        EventName::Reassigned => format!("{was} reassigned"),
        EventName::Resolved => format!("{was} resolved"),
        EventName::Requested => format!("{waits} for an answer"),
        EventName::Denied => format!("{was} denied"),
        EventName::Expired => "expired".to_owned(),
        EventName::Superseded => format!("{was} superseded"),
    }
}

/// What comes first: what needs a person, the most urgent first, then the rest.
pub(super) fn urgency(event: EventName) -> u8 {
    use EventName::*;
    match event {
        Requested => 0,
        Escalated => 1,
        Unacknowledged => 2,
        Triggered => 3,
        Reassigned => 4,
        Failed => 5,
        StillFailing => 6,
        ReviewRequested => 7,
        ChangesRequested => 8,
        ChecksFailed => 9,
        Denied => 10,
        Approved => 11,
        Expired => 12,
        Superseded => 13,
        Fixed => 14,
        Acknowledged => 15,
        Resolved => 16,
        Merged => 17,
        Opened => 18,
        Closed => 19,
        Stale => 20,
        ChecksPassed => 21,
        Passed => 22,
        Canceled => 23,
        Running => 24,
        Queued => 25,
    }
}
