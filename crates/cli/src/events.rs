//! What happened, and why one was told of it.

use anyhow::Result;
use callboard_domain::event::Event;
use callboard_engine::api::{Changes, EventsQuery, RulesExplain};
use jiff::Timestamp;

use crate::{
    args::Page,
    client::Client,
    exit::{Exit, Usage},
    output::Output,
    pages, times,
};

/// Prints events, and goes on as they happen where `follow` says so, until it is told to stop.
pub(crate) async fn events(
    follow: bool,
    since: Option<String>,
    limit: usize,
    page: Page,
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    let since = since.map(|text| times::past(&text, Timestamp::now())).transpose()?;
    let number = |text: String| {
        text.parse::<i64>().map_err(|_| Usage(format!("expected an event's number, found {text:?}")))
    };
    let mut seen = client.call(Changes { seen: 0 }).await?;
    let ask = async |before: Option<String>, limit| {
        let before = before.map(number).transpose()?;
        let mut events = client.call(EventsQuery { after: None, before, since, limit }).await?;
        events.reverse();
        Ok(events)
    };
    let id = |event: &Event| event.id.to_string();
    let list = pages::read(limit, page.before.clone(), id, ask).await?;
    let next = list.entries.last().filter(|_| list.more).map(id);
    let mut events = list.entries;
    events.reverse();
    let nothing = if follow { "" } else { "No events" };
    pages::show(output, ("events", nothing), (&events, next), &page, true, || {
        events.iter().for_each(|event| output.event(event));
    });
    if !follow {
        return Ok(Exit::Done);
    }
    // What is older than a page that was asked for is not what comes next.
    let mut last = events.last().map_or(0, |event| event.id);
    loop {
        tokio::select! {
            stopped = crate::serve::stop_asked_for() => {
                stopped?;
                return Ok(Exit::Done);
            }
            changed = client.call(Changes { seen }) => seen = changed?,
        }
        let query = EventsQuery { after: Some(last), before: None, since: None, limit: 1_000 };
        let events = client.call(query).await?;
        for event in &events {
            output.either(event, || output.event(event));
        }
        last = events.last().map_or(last, |event| event.id);
    }
}

/// Why one was told of an event, or not.
pub(crate) async fn explain(event: i64, client: &mut Client, output: &Output) -> Result<Exit> {
    let explanation = client.call(RulesExplain { event }).await?;
    output.either(&explanation, || {
        output.event(&explanation.event);
        match &explanation.decided {
            Some(decided) => println!("When it was seen: {}", crate::output::say(decided)),
            None => println!(
                "When it was seen, nothing was decided: it had happened before the account was watched"
            ),
        }
        print!("Now: ");
        output.decision(&explanation.now);
    });
    Ok(Exit::Done)
}
