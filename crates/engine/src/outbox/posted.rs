//! What is posted of an item: an event that happened to it, how it stands after a run on it, or when a person sends it.

use callboard_domain::{
    board::{self, State},
    event::EventName,
    identity::Identity,
    item::{BuildRun, Detail, Item, Severity},
    message::{Block, Message, Tone},
    run::RunState,
    text,
};
use jiff::{Timestamp, tz::TimeZone};

use super::since;
use crate::store::{AfterRun, CurrentEvent, SinceRun};

/// The longest title of an item's message, in characters: only a person's words are longer.
const TITLE: usize = callboard_domain::item::LONGEST_LINE;

/// An event as it is posted, with its item as it is now, or was at the end of the episode; `note` stands below.
pub(super) fn event(what: &CurrentEvent, note: Option<&str>, now: Timestamp, zone: &TimeZone) -> Message {
    let CurrentEvent { item, end, unsure, .. } = what;
    let message = Message::new(tone(what, now), heading(what, TITLE)).with_link(item.url.clone());
    let mut message = with_detail(message, item, end.as_ref().map(|end| end.at));
    if let Some(changed) = since::changed(what, now, zone) {
        message = message.with_block(Block::Fields(vec![("now".to_owned(), changed)]));
    }
    if let Some(before) = unsure {
        let before = text::line(before, TITLE);
        message = message
            .with_block(Block::Text(format!("It is not known whether this was posted before: {before}")));
    }
    match note {
        Some(note) => message.with_block(Block::Text(note.to_owned())),
        None => message,
    }
}

/// What a run says of itself, with what has become of its items where more has happened to them than the run did. What
/// the run came to stays as it was; what it said of the items was so when it ended.
pub(super) fn run(own: &Message, what: &AfterRun, now: Timestamp, zone: &TimeZone) -> Message {
    let mut message = own.clone();
    if what.items.iter().all(|it| it.since == SinceRun::Nothing) {
        return message;
    }
    match &what.state {
        RunState::Done { .. } => {
            let then = since::clock(what.ended_at, now, zone);
            message.title = text::line(&format!("At {then}: {}", own.title), TITLE);
        }
        // What was not done, or may not have been, says nothing of the items.
        RunState::Pending { .. }
        | RunState::Running
        | RunState::Failed { .. }
        | RunState::Canceled { .. }
        | RunState::Unknown { .. }
        | RunState::Resolved { .. } => {}
    }
    if let Some(field) = since::after_run(what, now, zone) {
        // Above all that the run has put out.
        message.blocks.insert(0, Block::Fields(vec![field]));
    }
    message
}

/// What happened, in a line of at most `longest` characters, as it reads beside the state of its item by now: an event whose
/// summary is in the present tense was so before.
pub(super) fn heading(what: &CurrentEvent, longest: usize) -> String {
    use EventName as E;
    let is_over = match what.event.name {
        E::Queued
        | E::Running
        | E::StillFailing
        | E::Acknowledged
        | E::Unacknowledged
        | E::Reassigned
        | E::Stale => true,
        // So as long as the pull request is open, or the approval is waited for.
        E::Opened | E::ReviewRequested | E::ChangesRequested | E::Requested => what.end.is_some(),
        E::Passed
        | E::Failed
        | E::Fixed
        | E::Canceled
        | E::Approved
        | E::ChecksPassed
        | E::ChecksFailed
        | E::Merged
        | E::Closed
        | E::Triggered
        | E::Resolved
        | E::Escalated
        | E::Denied
        | E::Expired
        | E::Superseded => false,
    };
    let summary = &what.event.summary;
    match what.is_overtaken && is_over {
        true => text::line(&format!("Before: {summary}"), longest),
        false => text::line(summary, longest),
    }
}

/// An item as its row says it, sent by a person. `words` is what they say of it, and may be empty; `by` is their name.
pub(crate) fn item(item: &Item, words: &str, by: &str, now: Timestamp) -> Message {
    // Who reads it is not who sends it: whose turn it is goes by names, and is nobody's own.
    let nobody = Identity::default();
    let row = board::row(board::Entry { item, me: &nobody, snoozed: None }, now);
    let tone = tone_of_state(row.state, item);
    let title = match row.subtitle.as_str() {
        "" => row.title,
        second => format!("{} ({second})", row.title),
    };
    let mut message = Message::new(tone, text::line(&title, TITLE)).with_link(row.url);
    if !words.is_empty() {
        message = message.with_block(Block::Text(words.to_owned()));
    }
    let mut fields = vec![("state".to_owned(), item.status().to_owned())];
    fields.extend(row.turn.map(|turn| ("turn".to_owned(), turn.what)));
    fields.push(("by".to_owned(), by.to_owned()));
    with_detail(message, item, None).with_block(Block::Fields(fields))
}

/// With what the item says of itself, of a build as it was at `end`.
fn with_detail(message: Message, item: &Item, end: Option<Timestamp>) -> Message {
    let was_there = |run: &&BuildRun| end.is_none_or(|end| run.at.is_none_or(|at| at <= end));
    let text = match &item.detail {
        Detail::Build(build) => build.runs.iter().find(was_there).and_then(|run| run.subject.as_ref()),
        Detail::Incident(incident) => incident.description.as_ref(),
        Detail::Approval(approval) => approval.description.as_ref(),
        Detail::PullRequest(_) => None,
    };
    match text {
        Some(text) => message.with_block(Block::Text(text.clone())),
        None => message,
    }
}

fn tone_of_state(state: State, item: &Item) -> Tone {
    match state {
        State::Failing => Tone::Bad,
        State::Incident => urgency(item),
        State::Attention => Tone::Attention,
        State::Running => Tone::Running,
        State::Passing => Tone::Good,
        State::Quiet => Tone::Neutral,
    }
}

/// The tone of an event by now: where more has happened since, that of the item's state, or of its state at the end of the
/// episode.
pub(super) fn tone(what: &CurrentEvent, now: Timestamp) -> Tone {
    let CurrentEvent { event, item, is_overtaken, end, .. } = what;
    match (is_overtaken, end) {
        (false, _) => tone_of_event(event.name, item),
        (true, Some(end)) => tone_at_end(end.name),
        (true, None) => {
            let nobody = Identity::default();
            let entry = board::Entry { item, me: &nobody, snoozed: None };
            tone_of_state(board::row(entry, now).state, item)
        }
    }
}

/// How the end of an episode leaves what was reported of it.
fn tone_at_end(end: EventName) -> Tone {
    use EventName as E;
    match end {
        E::Passed | E::Fixed => Tone::Good,
        _ => Tone::Neutral,
    }
}

fn tone_of_event(event: EventName, item: &Item) -> Tone {
    use EventName as E;
    match event {
        E::Failed | E::StillFailing | E::ChecksFailed | E::Denied => Tone::Bad,
        E::Passed | E::Fixed | E::ChecksPassed | E::Approved | E::Merged | E::Resolved => Tone::Good,
        E::Triggered | E::Unacknowledged | E::Escalated => urgency(item),
        E::ReviewRequested | E::ChangesRequested | E::Stale | E::Reassigned | E::Requested => Tone::Attention,
        E::Queued | E::Running => Tone::Running,
        E::Canceled | E::Opened | E::Closed | E::Acknowledged | E::Expired | E::Superseded => Tone::Neutral,
    }
}

/// The tone of an incident.
fn urgency(item: &Item) -> Tone {
    match &item.detail {
        Detail::Incident(incident) if incident.severity >= Severity::High => Tone::Bad,
        Detail::Incident(_) | Detail::Build(_) | Detail::PullRequest(_) | Detail::Approval(_) => {
            Tone::Attention
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::item::{ApprovalState, BuildStatus, IncidentStatus};

    use super::*;
    use crate::tests::{approval, at, build, incident, pull};

    #[test]
    fn posted_item_reads_like_its_row_without_a_viewer() {
        let mine = Item { url: "https://forge.example/1".parse().ok(), ..pull(1, "Try it", &["ana"]) };
        let failed = build("acme/web", &[BuildStatus::Passed, BuildStatus::Failed]);
        // item -> tone, title, state, whose turn
        let cases = [
            (mine.clone(), (Tone::Attention, "Try it (acme/web#1)", "open", Some("review by ana"))),
            (failed, (Tone::Bad, "web main (failed)", "failed", Some("change by ana"))),
            (build("acme/web", &[BuildStatus::Passed]), (Tone::Good, "web main (passed)", "passed", None)),
            (
                incident("db1", IncidentStatus::Triggered, 1),
                (Tone::Bad, "Disk of db1 is full (storage)", "triggered", Some("nobody yet")),
            ),
            (
                approval("web", ApprovalState::Waiting),
                (
                    Tone::Attention,
                    "Deploy web (production, bo asks)",
                    "waiting",
                    Some("answer by cy or team/release"),
                ),
            ),
            (
                incident("db1", IncidentStatus::Resolved, 1),
                (Tone::Neutral, "Disk of db1 is full (storage, resolved)", "resolved", None),
            ),
        ];
        for (item, (tone, title, state, turn)) in cases {
            let message = super::item(&item, "", "kim", at(100));
            assert_eq!((message.tone, message.title.as_str()), (tone, title));
            let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let mut fields = vec![field("state", state)];
            fields.extend(turn.map(|turn| field("turn", turn)));
            fields.push(field("by", "kim"));
            assert_eq!(message.blocks.last(), Some(&Block::Fields(fields)), "{title}");
            assert_eq!(message.link, item.url);
        }
        let message = super::item(&mine, "please look", "kim", at(100));
        assert_eq!(message.blocks.first(), Some(&Block::Text("please look".into())));
    }
}
