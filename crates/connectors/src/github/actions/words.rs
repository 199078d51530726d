//! A pull request in words, for a message that everybody in a channel reads.

use std::collections::BTreeMap;

use callboard_domain::item::{ChecksStatus, Detail, Item, PullRequest, PullRequestState, Verdict};
use jiff::Timestamp;

/// A pull request in a line: `acme/web#482 Cache the price list · ana, 3 h · approved by bo · checks passed · merge`.
pub(super) fn row(item: &Item, now: Timestamp) -> String {
    let Detail::PullRequest(pull) = &item.detail else {
        return item.title.clone();
    };
    let mut parts = vec![
        format!("{} {}", item.reference(), item.title),
        format!("{}, {}", pull.author, age(pull.opened_at, now)),
    ];
    parts.extend(reviews(pull));
    parts.extend(checks(pull));
    parts.push(turn(pull));
    parts.join(" · ")
}

/// A pull request as names and values.
pub(super) fn fields(pull: &PullRequest, now: Timestamp) -> impl Iterator<Item = (&'static str, String)> {
    let state = match pull.state {
        PullRequestState::Open if pull.draft => "draft",
        state => state.name(),
    };
    let open = pull.state == PullRequestState::Open;
    [
        ("State", Some(state.to_owned())),
        ("Author", Some(pull.author.clone())),
        ("Branch", Some(format!("{} into {}", pull.branch, pull.base))),
        ("Opened", Some(format!("{} ago", age(pull.opened_at, now)))),
        ("Merged by", pull.merged_by.clone()),
        ("Reviews", Some(reviews(pull).join(", ")).filter(|reviews| !reviews.is_empty())),
        ("Checks", checks(pull)),
        ("Turn", open.then(|| turn(pull))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

/// Each reviewer's last word that counts: comments do not take an approval back, a dismissal does.
fn last_words(pull: &PullRequest) -> BTreeMap<&str, Verdict> {
    let mut reviews: Vec<_> =
        pull.reviews.iter().filter(|review| review.verdict != Verdict::Commented).collect();
    reviews.sort_by_key(|review| review.at);
    reviews.into_iter().map(|review| (review.by.as_str(), review.verdict)).collect()
}

fn by(pull: &PullRequest, verdict: Verdict) -> Vec<&str> {
    let words = last_words(pull).into_iter();
    words.filter(|(_, said)| *said == verdict).map(|(by, _)| by).collect()
}

fn reviews(pull: &PullRequest) -> Vec<String> {
    let named = |what: &str, verdict| {
        let by = by(pull, verdict);
        (!by.is_empty()).then(|| format!("{what} {}", by.join(", ")))
    };
    let words =
        [named("approved by", Verdict::Approved), named("changes asked by", Verdict::ChangesRequested)];
    words.into_iter().flatten().collect()
}

fn checks(pull: &PullRequest) -> Option<String> {
    let checks = pull.checks.as_ref()?;
    match checks.status {
        ChecksStatus::None => None,
        ChecksStatus::Pending => Some("checks run".to_owned()),
        ChecksStatus::Passed => Some("checks passed".to_owned()),
        ChecksStatus::Failed => Some(format!("failed: {}", checks.failing.join(", "))),
    }
}

/// Whose turn it is, for everybody who reads it in a channel: by names.
fn turn(pull: &PullRequest) -> String {
    let checks = pull.checks.as_ref().map_or(ChecksStatus::None, |checks| checks.status);
    let requested: Vec<_> = pull.requested.iter().map(String::as_str).collect();
    if pull.draft {
        format!("draft of {}", pull.author)
    } else if !by(pull, Verdict::ChangesRequested).is_empty() || checks == ChecksStatus::Failed {
        format!("changes by {}", pull.author)
    } else if !requested.is_empty() {
        format!("review by {}", requested.join(", "))
    } else if checks == ChecksStatus::Pending {
        "checks".to_owned()
    } else if !by(pull, Verdict::Approved).is_empty() {
        "merge".to_owned()
    } else {
        "review by anyone".to_owned()
    }
}

fn age(since: Timestamp, now: Timestamp) -> String {
    match now.duration_since(since).as_mins().max(0) {
        minutes @ 0..60 => format!("{minutes} m"),
        minutes @ 60..2_880 => format!("{} h", minutes / 60),
        minutes => format!("{} d", minutes / 1_440),
    }
}
