//! A pull request as text, for a message that everybody in a channel reads.

use callboard_domain::{
    identity::Identity,
    item::{ChecksStatus, Detail, Item, PullRequest, PullRequestState, Size, Verdict},
};
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
    parts.extend(turn(pull));
    parts.join(" · ")
}

/// A pull request as names and values.
pub(super) fn fields(pull: &PullRequest, now: Timestamp) -> impl Iterator<Item = (&'static str, String)> {
    let state = match pull.state {
        PullRequestState::Open if pull.draft => "draft",
        state => state.name(),
    };
    [
        ("State", Some(state.to_owned())),
        ("Author", Some(pull.author.clone())),
        ("Branch", Some(format!("{} into {}", pull.branch, pull.base))),
        ("Opened", Some(format!("{} ago", age(pull.opened_at, now)))),
        ("Size", pull.size.as_ref().map(Size::words)),
        ("Merged by", pull.merged_by.clone()),
        ("Reviews", Some(reviews(pull).join(", ")).filter(|reviews| !reviews.is_empty())),
        ("Checks", checks(pull)),
        ("Turn", turn(pull)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

fn reviews(pull: &PullRequest) -> Vec<String> {
    let named = |what: &str, verdict| {
        let decisions = pull.decisions().into_iter();
        let by: Vec<_> =
            decisions.filter(|(_, review)| review.verdict == verdict).map(|(by, _)| by).collect();
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
        ChecksStatus::Unknown => Some("result of checks unknown".to_owned()),
        ChecksStatus::Passed => Some("checks passed".to_owned()),
        ChecksStatus::Failed => Some(format!("failed: {}", checks.failing.join(", "))),
    }
}

/// Whose turn it is, by names: nobody is "you" in a channel.
fn turn(pull: &PullRequest) -> Option<String> {
    pull.turn(&Identity::default()).map(|turn| turn.what)
}

fn age(since: Timestamp, now: Timestamp) -> String {
    match now.duration_since(since).as_mins().max(0) {
        minutes @ 0..60 => format!("{minutes} m"),
        minutes @ 60..1_440 => format!("{} h", minutes / 60),
        minutes => format!("{} d", minutes / 1_440),
    }
}
