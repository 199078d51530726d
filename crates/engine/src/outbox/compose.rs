//! Renders the message of an event when it is sent: the event with the state of its item by then, a digest of many late
//! events, or nothing where the event is moot. To that of a run it adds what has become of its items. Pure functions.

use std::collections::BTreeMap;

use callboard_domain::{
    chat::DeliveryKey,
    item::ItemKey,
    message::{Block, ListEntry, Message, Tone},
    rules, text,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{posted, since};
use crate::{
    api::MootReason,
    store::{AfterRun, CurrentEvent, Delivery, OwnMessage, PreparedDelivery, QueuedEvent},
};

/// So many late events that wait for a channel become one message.
const DIGEST_FROM: usize = 6;
/// How many items a digest names.
const NAMED: usize = 20;
/// The longest line of a digest, in characters.
const LINE: usize = 200;

/// Why a delivery is not to be sent, and what is known with that of those behind it.
#[derive(Debug, PartialEq)]
pub(super) struct Moot {
    pub(super) reason: MootReason,
    pub(super) others: Vec<(DeliveryKey, MootReason)>,
}

/// The message of the delivery whose event comes first, and what becomes of those behind it. Where it `stands` already, it
/// shows how its item is now, or was at the end of the episode.
pub(super) fn compose(
    news: Vec<QueuedEvent>,
    stands: bool,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<PreparedDelivery, Moot> {
    let mut news = news.into_iter();
    let Some(own) = news.next() else {
        return Err(Moot { reason: MootReason::Forgotten, others: Vec::new() });
    };
    if stands {
        let message = own.what.ok().map(|what| posted::event(&what, own.note.as_deref(), now, zone));
        return Ok(PreparedDelivery { message, ..PreparedDelivery::default() });
    }
    let mut prepared = PreparedDelivery::default();
    let others: Vec<_> =
        news.map(|it| QueuedEvent { what: it.what.and_then(|what| judged(what, now)), ..it }).collect();
    for other in &others {
        prepared.moot.extend(other.what.as_ref().err().map(|reason| (other.key.clone(), reason.clone())));
    }
    // A digest is carried by an event that it reports.
    let own_what = match own.what.and_then(|what| judged(what, now)) {
        Ok(what) => what,
        Err(reason) => return Err(Moot { reason, others: prepared.moot }),
    };
    let note = own.note.as_deref();
    let is_digest = others.iter().any(|it| it.digested && it.what.is_ok());
    let mut entries = vec![DigestEntry { what: &own_what, note }];
    for QueuedEvent { key, what, note, digested } in &others {
        let Some(what) = what.as_ref().ok().filter(|what| *digested || what.is_late(now)) else { continue };
        entries.push(DigestEntry { what, note: note.as_deref() });
        prepared.digested.extend((!digested).then(|| key.clone()));
    }
    if is_digest || (own_what.is_late(now) && entries.len() >= DIGEST_FROM) {
        prepared.message = Some(digest(&entries, now, zone));
    } else {
        prepared.digested.clear();
        prepared.message = Some(posted::event(&own_what, note, now, zone));
    }
    Ok(prepared)
}

/// The message of a run that has ended, with what has become of its items since.
pub(super) fn compose_run(
    delivery: &Delivery,
    after: &AfterRun,
    now: Timestamp,
    zone: &TimeZone,
) -> PreparedDelivery {
    let arrived = delivery.own.as_ref().and_then(|own| own.arrived);
    let own = OwnMessage { message: delivery.own_message().clone(), arrived };
    let message = Some(posted::run(&own.message, after, now, zone));
    PreparedDelivery { message, own: Some(own), ..PreparedDelivery::default() }
}

/// The event, where it is not moot. An event that is over stays moot where the same has begun again since: that is an event
/// of its own.
fn judged(what: CurrentEvent, now: Timestamp) -> Result<CurrentEvent, MootReason> {
    let is_moot = rules::is_moot(what.event.name, &what.event.of, &what.item, &what.me, now);
    match what.over().or_else(|| is_moot.then(|| what.item.status())) {
        Some(status) => Err(MootReason::Over { status: status.to_owned() }),
        None => Ok(what),
    }
}

/// An event in a digest, with the note that is shown below it.
#[derive(Clone, Copy)]
struct DigestEntry<'a> {
    what: &'a CurrentEvent,
    note: Option<&'a str>,
}

/// One message for many events: of each item the newest, the ones that need somebody first.
fn digest(entries: &[DigestEntry<'_>], now: Timestamp, zone: &TimeZone) -> Message {
    let mut items: BTreeMap<&ItemKey, Vec<DigestEntry<'_>>> = BTreeMap::new();
    for entry in entries {
        items.entry(&entry.what.item.key).or_default().push(*entry);
    }
    let newest = items.into_values().filter_map(|all| {
        let count = all.len();
        let newest = all.into_iter().max_by_key(|one| one.what.event.id)?;
        Some((posted::tone(newest.what, now), count, newest))
    });
    let mut items: Vec<_> = newest.collect();
    items.sort_by_key(|(tone, _, DigestEntry { what, .. })| (rank(*tone), what.event.at, what.event.id));
    let tone = items.first().map_or(Tone::Neutral, |(tone, ..)| *tone);
    let rows = items.iter().take(NAMED).map(|(tone, count, DigestEntry { what, note })| {
        let changed = since::changed(what, now, zone).map(|changed| format!(", now {changed}"));
        let changed = changed.unwrap_or_default();
        let more = if *count > 1 { format!(" ({count} events)") } else { String::new() };
        let unsure = what.unsure.as_ref().map(|_| " (it is not known whether what came before was posted)");
        let unsure = unsure.unwrap_or_default();
        let note = note.map(|note| format!(" ({})", text::line(note, LINE))).unwrap_or_default();
        let line = posted::heading(what, LINE);
        ListEntry {
            text: format!("{} {line}{changed}{more}{unsure}{note}", tone.mark()),
            link: what.item.url.clone(),
        }
    });
    let times = entries.iter().map(|entry| entry.what.event.at);
    let (from, to) = times.fold((now, Timestamp::MIN), |(from, to), at| (from.min(at), to.max(at)));
    let title = format!("{} events, posted late ({})", entries.len(), span(from, to, zone));
    let message = Message::new(tone, title).with_block(Block::List(rows.collect()));
    match items.len().saturating_sub(NAMED) {
        0 => message,
        left => message.with_block(Block::Text(format!("and {}", text::count(left, "more item")))),
    }
}

/// "from 22:10 to 07:45 CET"; with the day where that is longer than a day.
fn span(from: Timestamp, to: Timestamp, zone: &TimeZone) -> String {
    let clock = match to.duration_since(from) < SignedDuration::from_hours(24) {
        true => "%H:%M",
        false => "%d %b %H:%M",
    };
    let (from, to) = (from.to_zoned(zone.clone()), to.to_zoned(zone.clone()));
    format!("from {} to {}", from.strftime(clock), to.strftime(&format!("{clock} %Z")))
}

/// The place of a tone among others: what needs somebody comes first.
fn rank(tone: Tone) -> u8 {
    match tone {
        Tone::Bad => 0,
        Tone::Attention => 1,
        Tone::Unknown => 2,
        Tone::Running => 3,
        Tone::Good => 4,
        Tone::Neutral => 5,
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        event::{Event, EventName},
        identity::Identity,
        item::{ApprovalState, Assignment, BuildStatus, Detail, IncidentStatus, Item, User},
    };

    use super::*;
    use crate::tests::{approval, at, build, incident, pull};

    const NOW: i64 = 40_000;

    fn what(id: i64, name: EventName, happened: i64, item: Item) -> CurrentEvent {
        let event = Event {
            id,
            item: item.key.clone(),
            name,
            at: at(happened),
            seen_at: at(happened),
            old: false,
            moot: false,
            moot_because: None,
            by: None,
            of: Vec::new(),
            asked_before: Vec::new(),
            summary: format!("{} {}", item.title, name.name()),
        };
        CurrentEvent { event, item, me: Identity::default(), is_overtaken: false, end: None, unsure: None }
    }

    fn news(what: CurrentEvent) -> QueuedEvent {
        QueuedEvent { key: key(what.event.id), what: Ok(what), note: None, digested: false }
    }

    /// The same, where its episode has ended since.
    fn ended(what: CurrentEvent, name: EventName, happened: i64) -> CurrentEvent {
        let end = Event { id: what.event.id + 1, name, at: at(happened), ..what.event.clone() };
        CurrentEvent { end: Some(end), ..what }
    }

    fn key(id: i64) -> DeliveryKey {
        DeliveryKey(id.to_string())
    }

    fn firing(id: i64, happened: i64) -> QueuedEvent {
        let item = incident(&format!("db{id}"), IncidentStatus::Triggered, 1);
        news(what(id, EventName::Triggered, happened, item))
    }

    fn title(composed: &Result<PreparedDelivery, Moot>) -> String {
        match composed {
            Ok(prepared) => prepared.message.as_ref().unwrap().title.clone(),
            Err(moot) => format!("moot: {:?}", moot.reason),
        }
    }

    fn composed(news: Vec<QueuedEvent>) -> Result<PreparedDelivery, Moot> {
        compose(news, false, at(NOW), &TimeZone::UTC)
    }

    #[test]
    fn event_that_is_over_when_sent_is_moot() {
        use BuildStatus::{Failed, Passed, Running};
        use EventName as E;
        use IncidentStatus::{Acknowledged, Resolved, Triggered};
        let merged = || {
            let mut item = pull(1, "Try it", &["ana"]);
            if let callboard_domain::item::Detail::PullRequest(pull) = &mut item.detail {
                pull.state = callboard_domain::item::PullRequestState::Merged;
            }
            item
        };
        let cases = [
            (E::Failed, build("acme/web", &[Passed, Failed]), None),
            (E::Failed, build("acme/web", &[Failed, Passed]), Some("passed")),
            (E::Fixed, build("acme/web", &[Failed, Passed]), None),
            (E::Fixed, build("acme/web", &[Passed, Failed]), Some("failed")),
            (E::Running, build("acme/web", &[Passed, Running]), None),
            (E::Running, build("acme/web", &[Passed, Failed]), Some("failed")),
            (E::Queued, build("acme/web", &[Passed]), Some("passed")),
            (E::Triggered, incident("db1", Triggered, 1), None),
            (E::Triggered, incident("db1", Resolved, 1), Some("resolved")),
            (E::Acknowledged, incident("db1", Acknowledged, 1), None),
            (E::ReviewRequested, merged(), Some("merged")),
            (E::Merged, merged(), None),
        ];
        for (name, item, status) in cases {
            let composed = composed(vec![news(what(1, name, NOW - 5, item))]);
            let expected = status.map(|status| MootReason::Over { status: status.to_owned() });
            assert_eq!(composed.err().map(|it| it.reason), expected, "{name:?} {status:?}");
        }
        // Over, and begun again: that is an event of its own.
        let failed = || build("acme/web", &[Failed, Passed, Failed]);
        let again = || incident("db1", Triggered, 1);
        let cases = [
            (E::Failed, E::Fixed, failed(), Some("passed")),
            (E::StillFailing, E::Fixed, failed(), Some("passed")),
            (E::Triggered, E::Resolved, again(), Some("resolved")),
            (E::Escalated, E::Resolved, again(), Some("resolved")),
            (E::Opened, E::Closed, pull(1, "Try it", &["ana"]), None),
        ];
        for (name, end, item, status) in cases {
            let one =
                CurrentEvent { is_overtaken: true, ..ended(what(1, name, NOW - 5, item), end, NOW - 4) };
            let expected = status.map(|status| MootReason::Over { status: status.to_owned() });
            assert_eq!(composed(vec![news(one)]).err().map(|it| it.reason), expected, "{name:?} {end:?}");
        }
        for reason in [MootReason::Gone, MootReason::Orphaned, MootReason::Forgotten] {
            let news = QueuedEvent { what: Err(reason.clone()), ..firing(1, NOW) };
            assert_eq!(composed(vec![news]), Err(Moot { reason, others: Vec::new() }));
        }
    }

    #[test]
    fn many_late_events_become_one_message_and_few_do_not() {
        let night = |ids: std::ops::Range<i64>| ids.map(|id| firing(id, 100 * id)).collect::<Vec<_>>();
        let keys = |ids: std::ops::Range<i64>| ids.map(key).collect::<Vec<_>>();
        // late, then fresh -> title, digested besides
        let many = "6 events, posted late (from 14:15 to 14:23 UTC)";
        let cases = [
            (night(1..6), 0, "Disk of db1 is full triggered", keys(0..0)),
            (night(1..7), 0, many, keys(2..7)),
            (night(1..7), 2, many, keys(2..7)),
            (night(1..6), 9, "Disk of db1 is full triggered", keys(0..0)),
        ];
        for (mut news, fresh, expected, digested) in cases {
            news.extend((100..100 + fresh).map(|id| firing(id, NOW - 60)));
            let composed = composed(news);
            assert_eq!(title(&composed), expected);
            assert_eq!(composed.unwrap().digested, digested, "{expected}");
        }
        // An event that has just happened is posted by itself, whatever waits behind it.
        let mut news = night(2..20);
        news.insert(0, firing(1, NOW - 60));
        assert_eq!(title(&composed(news)), "Disk of db1 is full triggered");
    }

    #[test]
    fn moot_events_are_no_part_of_a_digest() {
        let over = |id: i64| {
            let item = incident(&format!("db{id}"), IncidentStatus::Resolved, 1);
            news(what(id, EventName::Triggered, 100 * id, item))
        };
        let mut all: Vec<_> = (1..7).map(|id| firing(id, 100 * id)).collect();
        all.extend([over(7), over(8)]);
        let prepared = composed(all.clone()).unwrap();
        assert_eq!(prepared.moot.iter().map(|it| it.0.clone()).collect::<Vec<_>>(), [key(7), key(8)]);
        assert!(title(&Ok(prepared)).starts_with("6 events,"));
        // Too few are left.
        all.remove(1);
        assert_eq!(title(&composed(all)), "Disk of db1 is full triggered");
        // Events digested with this one before stay in the digest, but for those that are over since.
        let mut again: Vec<_> =
            (1..4).map(|id| QueuedEvent { digested: id > 1, ..firing(id, 100 * id) }).collect();
        again[1] = QueuedEvent { digested: true, ..over(2) };
        let prepared = composed(again.clone()).unwrap();
        assert_eq!(prepared.moot.len(), 1);
        assert!(title(&Ok(prepared)).starts_with("2 events,"));
        // Its own event is never one that it does not report: where that is over, another takes over the rest.
        again[0] = over(1);
        let moot = composed(again.clone()).unwrap_err();
        assert_eq!(moot.reason, MootReason::Over { status: "resolved".to_owned() });
        assert_eq!(moot.others.iter().map(|it| it.0.clone()).collect::<Vec<_>>(), [key(2)]);
        // All but its own are over: it is a message of its own again.
        let digested_and_over = |id: i64| QueuedEvent { digested: true, ..over(id) };
        let alone = vec![firing(1, 100), digested_and_over(2), digested_and_over(3)];
        assert_eq!(title(&composed(alone)), "Disk of db1 is full triggered");
    }

    #[test]
    fn a_digest_has_a_line_for_each_item_and_its_newest_state_and_is_bounded() {
        let mut all: Vec<_> = (1..=30).map(|id| firing(id, 100 * id)).collect();
        let taken = incident("db30", IncidentStatus::Acknowledged, 1);
        all.push(news(what(31, EventName::Acknowledged, 3_300, taken)));
        all.push(news(what(
            32,
            EventName::Failed,
            90_100 - 86_400,
            build("acme/web", &[BuildStatus::Failed]),
        )));
        if let Ok(what) = &mut all[0].what {
            what.is_overtaken = true;
            if let Detail::Incident(incident) = &mut what.item.detail {
                let to = vec![User::named("Zoe")];
                incident.assigned = Some(Assignment { at: at(150), to, by: None });
            }
        }
        let message = composed(all).unwrap().message.unwrap();
        assert_eq!(message.tone, Tone::Bad);
        let [Block::List(rows), Block::Text(more)] = message.blocks.as_slice() else { panic!("{message:?}") };
        assert_eq!((rows.len(), more.as_str()), (NAMED, "and 11 more items"));
        assert_eq!(rows[0].text, "✗ Disk of db1 is full triggered, now assigned to Zoe");
        let long = CurrentEvent {
            is_overtaken: false,
            ..what(1, EventName::Failed, 0, build(&"x".repeat(9_000), &[BuildStatus::Failed]))
        };
        let all = [DigestEntry { what: &long, note: None }; 2];
        let message = digest(&all, at(NOW), &TimeZone::UTC);
        let Block::List(rows) = &message.blocks[0] else { panic!("{message:?}") };
        assert!(rows.len() == 1 && rows[0].text.chars().count() < LINE + 40, "{}", rows[0].text);
        assert!(rows[0].text.ends_with(" (2 events)"), "{}", rows[0].text);
    }

    #[test]
    fn digest_shows_the_notes_of_its_events() {
        let mut all: Vec<_> = (1..=7).map(|id| firing(id, 100 * id)).collect();
        // The first one is the digest's own, the last two are of one item.
        all[6].what.as_mut().unwrap().item = all[5].what.as_ref().unwrap().item.clone();
        for (place, note) in [(0, "Meant for another channel: ops"), (5, "outdated"), (6, "Meant for: sre")] {
            all[place].note = Some(note.to_owned());
        }
        all[1].what.as_mut().unwrap().unsure = Some("Disk of db2 was filling up".to_owned());
        let message = composed(all).unwrap().message.unwrap();
        let Block::List(rows) = &message.blocks[0] else { panic!("{message:?}") };
        let rows: Vec<_> = rows.iter().map(|row| row.text.as_str()).collect();
        let line = |id: i64, more: &str| format!("✗ Disk of db{id} is full triggered{more}");
        let expected = [
            line(1, " (Meant for another channel: ops)"),
            line(2, " (it is not known whether what came before was posted)"),
            line(3, ""),
            line(4, ""),
            line(5, ""),
            line(7, " (2 events) (Meant for: sre)"),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_span_of_more_than_a_day_names_the_days() {
        let span = |from: &str, to: &str| {
            span(from.parse().unwrap(), to.parse().unwrap(), &TimeZone::get("Europe/Paris").unwrap())
        };
        let night = span("2026-11-28T21:10:00Z", "2026-11-29T06:45:00Z");
        assert_eq!(night, "from 22:10 to 07:45 CET");
        let week_end = span("2026-11-27T21:10:00Z", "2026-11-30T06:45:00Z");
        assert_eq!(week_end, "from 27 Nov 22:10 to 30 Nov 07:45 CET");
    }

    /// A message that became the root in the middle of an episode is edited like any other.
    #[test]
    fn heading_does_not_contradict_the_state_below_it() {
        use EventName as E;
        let alert = |status| incident("db1", status, 1);
        let red = || build("acme/web", &[BuildStatus::Failed]);
        let review = || pull(1, "Try it", &["ana"]);
        // what happened, to what, how it has ended -> whether its heading says that it was before
        let cases = [
            (E::Acknowledged, alert(IncidentStatus::Triggered), None, true),
            (E::Acknowledged, alert(IncidentStatus::Acknowledged), Some(E::Resolved), true),
            (E::Unacknowledged, alert(IncidentStatus::Acknowledged), None, true),
            (E::Triggered, alert(IncidentStatus::Acknowledged), None, false),
            (E::Escalated, alert(IncidentStatus::Triggered), None, false),
            (E::Running, red(), None, true),
            (E::StillFailing, red(), Some(E::Fixed), true),
            (E::Failed, red(), Some(E::Fixed), false),
            (E::Opened, review(), None, false),
            (E::Opened, review(), Some(E::Merged), true),
            (E::ReviewRequested, review(), None, false),
            (E::Requested, approval("web", ApprovalState::Denied), Some(E::Denied), true),
        ];
        for (name, item, end, before) in cases {
            let mut one = what(1, name, 60, item);
            let summary = one.event.summary.clone();
            let title = |one: &CurrentEvent| {
                let posted = compose(vec![news(one.clone())], true, at(NOW), &TimeZone::UTC);
                posted.unwrap().message.unwrap().title
            };
            assert_eq!(title(&one), summary, "{name:?}: nothing has happened since");
            one.is_overtaken = true;
            if let Some(end) = end {
                one = ended(one, end, 120);
            }
            let expected = if before { format!("Before: {summary}") } else { summary };
            assert_eq!(title(&one), expected, "{name:?} {end:?}");
        }
    }

    #[test]
    fn posted_message_shows_its_episode_and_is_never_moot() {
        let item = incident("db1", IncidentStatus::Resolved, 1);
        let one = QueuedEvent {
            what: Ok(CurrentEvent { is_overtaken: true, ..what(1, EventName::Triggered, 0, item) }),
            ..firing(1, 0)
        };
        let message = compose(vec![one], true, at(NOW), &TimeZone::UTC).unwrap().message.unwrap();
        assert_eq!(message.tone, Tone::Neutral);
        assert_eq!(message.blocks, [Block::Fields(vec![("now".to_owned(), "resolved".to_owned())])]);
        // What came after the end of its episode is no part of it.
        let mut failed = build("acme/web", &[BuildStatus::Failed, BuildStatus::Passed, BuildStatus::Failed]);
        if let Detail::Build(build) = &mut failed.detail {
            for run in &mut build.runs {
                run.subject = Some(format!("change {}", run.number));
            }
        }
        let firing_again = || incident("db1", IncidentStatus::Triggered, 1);
        let approved = || approval("web", ApprovalState::Waiting);
        let cases = [
            (EventName::Failed, EventName::Fixed, failed.clone(), Tone::Good, "passed", Some("change 2")),
            (EventName::Running, EventName::Passed, failed.clone(), Tone::Good, "passed", Some("change 2")),
            (EventName::Triggered, EventName::Resolved, firing_again(), Tone::Neutral, "resolved", None),
            (EventName::Requested, EventName::Denied, approved(), Tone::Neutral, "denied", None),
        ];
        for (name, end, item, tone, status, detail) in cases {
            let one = CurrentEvent { is_overtaken: true, ..ended(what(1, name, 60, item), end, 120) };
            let message = compose(vec![news(one)], true, at(NOW), &TimeZone::UTC).unwrap().message.unwrap();
            let mut blocks: Vec<_> = detail.map(|it| Block::Text(it.to_owned())).into_iter().collect();
            blocks.push(Block::Fields(vec![("now".to_owned(), status.to_owned())]));
            assert_eq!((message.tone, message.blocks), (tone, blocks), "{name:?} {end:?}");
        }
        let gone = QueuedEvent { what: Err(MootReason::Gone), ..firing(1, 0) };
        assert_eq!(compose(vec![gone], true, at(NOW), &TimeZone::UTC), Ok(PreparedDelivery::default()));
    }
}
