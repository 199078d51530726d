//! What happened, and why it was notified.

use std::cmp::Reverse;

use anyhow::Result;
use callboard_domain::event::Event;
use callboard_engine::api::{Changes, Events, EventsQuery, RulesExplain, unreadable_events};
use jiff::Timestamp;

use crate::{
    args::Page,
    client::Client,
    exit::{Exit, Usage},
    output::Output,
    pages, times,
};

/// An event, or the number of one that cannot be read.
type Entry = Result<Event, i64>;

fn number(entry: &Entry) -> i64 {
    entry.as_ref().map_or_else(|number| *number, |event| event.id)
}

/// All of them, the latest first.
fn entries(Events { events, unreadable }: Events) -> Vec<Entry> {
    let mut entries: Vec<Entry> = events.into_iter().map(Ok).chain(unreadable.into_iter().map(Err)).collect();
    entries.sort_by_key(|entry| Reverse(number(entry)));
    entries
}

/// The events that can be read, in order, and how many cannot.
fn readable(mut entries: Vec<Entry>) -> (Vec<Event>, usize) {
    entries.reverse();
    let unreadable = entries.iter().filter(|entry| entry.is_err()).count();
    (entries.into_iter().flatten().collect(), unreadable)
}

/// Prints events; with `follow`, goes on as they happen, until it is stopped.
pub(crate) async fn events(
    follow: bool,
    since: Option<String>,
    limit: usize,
    page: Page,
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    let since = since.map(|text| times::past(&text, Timestamp::now())).transpose()?;
    let parse = |text: String| {
        text.parse::<i64>().map_err(|_| Usage(format!("expected an event's number, found {text:?}")))
    };
    let mut seen = client.call(Changes { seen: 0 }).await?;
    let ask = async |before: Option<String>, limit| {
        let before = before.map(parse).transpose()?;
        Ok(entries(client.call(EventsQuery { after: None, before, since, limit }).await?))
    };
    let id = |entry: &Entry| number(entry).to_string();
    let list = pages::read(limit, page.before.clone(), id, ask).await?;
    let next = list.entries.last().filter(|_| list.more).map(id);
    let latest = list.entries.first().map(number);
    let (events, unreadable) = readable(list.entries);
    // A list of which nothing can be read is not an empty one.
    let nothing = if follow || unreadable > 0 { "" } else { "No events" };
    pages::show(output, ("events", nothing), (&events, next), &page, true, || {
        output.events(&events);
    });
    note_unreadable(unreadable, output);
    if !follow {
        return Ok(Exit::Done);
    }
    // Only what is later than the page comes next.
    let mut last = latest.unwrap_or(0);
    loop {
        tokio::select! {
            stopped = crate::serve::stop_signal() => {
                stopped?;
                return Ok(Exit::Done);
            }
            changed = client.call(Changes { seen }) => seen = changed?,
        }
        let query = EventsQuery { after: Some(last), before: None, since: None, limit: 1_000 };
        let entries = entries(client.call(query).await?);
        last = entries.first().map_or(last, number);
        let (events, unreadable) = readable(entries);
        for event in &events {
            output.either(event, || output.event(event));
        }
        note_unreadable(unreadable, output);
    }
}

fn note_unreadable(count: usize, output: &Output) {
    if count > 0 {
        output.note(&unreadable_events(count));
    }
}

/// Why an event was notified, or not.
pub(crate) async fn explain(event: i64, client: &mut Client, output: &Output) -> Result<Exit> {
    let explanation = client.call(RulesExplain { event }).await?;
    output.either(&explanation, || {
        output.event(&explanation.event);
        match &explanation.decided {
            Some(decided) => println!("When it was seen: {}", crate::output::decision_text(decided)),
            None => println!(
                "When it was seen, nothing was decided: it had happened before the account was watched"
            ),
        }
        print!("Now: ");
        output.decision(&explanation.now);
    });
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use callboard_domain::{event::EventName, item::Kind};

    use super::*;

    fn event(id: i64) -> Event {
        Event {
            id,
            item: callboard_domain::item::ItemKey::new(&"pager".into(), Kind::Incident, "a"),
            name: EventName::Triggered,
            at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
            old: false,
            moot: false,
            moot_because: None,
            by: None,
            of: Vec::new(),
            asked_before: Vec::new(),
            summary: String::new(),
        }
    }

    #[test]
    fn events_that_cannot_be_read_are_in_the_list_and_counted() {
        // readable, not readable -> the numbers as a page has them, what is printed, how many cannot be read
        type Case<'c> = (&'c [i64], &'c [i64], &'c [i64], usize);
        let cases: [Case<'_>; 4] = [
            (&[], &[], &[], 0),
            (&[1, 3], &[], &[3, 1], 0),
            (&[1, 4], &[2, 3, 5], &[5, 4, 3, 2, 1], 3),
            (&[], &[7], &[7], 1),
        ];
        for (good, bad, numbers, unreadable) in cases {
            let events = good.iter().copied().map(event).collect();
            let found = entries(Events { events, unreadable: bad.to_vec() });
            assert_eq!(found.iter().map(number).collect::<Vec<_>>(), numbers);
            let (shown, count) = readable(found);
            assert_eq!(shown.iter().map(|event| event.id).collect::<Vec<_>>(), good);
            assert_eq!(count, unreadable);
        }
    }
}
