//! What is to be done about an event: the rules' word, turned into what the store keeps with the event.

use std::sync::Arc;

use callboard_domain::{
    event::{Event, EventName},
    item::{Detail, Item, Severity},
    message::{Block, Message, Tone},
    rules::Do,
};

use crate::{
    live::Live,
    store::{Decide, Decided, Happened, Notice},
};

/// The rules in force.
struct Deciding(Arc<Live>);

/// The rules in force, as the store asks them.
pub(crate) fn by(live: Arc<Live>) -> Arc<dyn Decide> {
    Arc::new(Deciding(live))
}

impl Decide for Deciding {
    fn decide(&self, Happened { event, item, me, snoozed }: Happened<'_>) -> Decided {
        let Live { rules, config, .. } = &*self.0;
        let decision = rules.decide(event, item, me);
        let told = !snoozed && matches!(decision.action, Do::Notify | Do::Important);
        let posts = decision.post.iter().map(|channel| match config.address(channel) {
            Ok(address) => (address, message(event, item)),
            // A template has named a channel that does not exist: the news must not be lost for that.
            Err(what) => {
                let note = Block::Text(format!("Meant for another channel: {what}"));
                (config.default_channel.clone(), message(event, item).with(note))
            }
        });
        Decided {
            posts: posts.collect(),
            silence: decision.action == Do::Silence,
            notice: told.then(|| Notice {
                important: decision.action == Do::Important,
                group: decision.group.clone(),
            }),
            record: serde_json::to_string(&decision).unwrap_or_default(),
        }
    }
}

/// An event as it is posted.
fn message(event: &Event, item: &Item) -> Message {
    let message = Message::new(tone(event.name, item), &event.summary).linked(item.url.clone());
    match &item.detail {
        Detail::Build(build) => match build.latest().and_then(|run| run.subject.as_deref()) {
            Some(subject) => message.with(Block::Text(subject.to_owned())),
            None => message,
        },
        Detail::Incident(incident) => match &incident.description {
            Some(text) => message.with(Block::Text(text.clone())),
            None => message,
        },
        Detail::PullRequest(_) => message,
    }
}

fn tone(event: EventName, item: &Item) -> Tone {
    use EventName as E;
    match event {
        E::Failed | E::StillFailing | E::ChecksFailed => Tone::Bad,
        E::Passed | E::Fixed | E::ChecksPassed | E::Approved | E::Merged | E::Resolved => Tone::Good,
        E::Triggered | E::Escalated => match &item.detail {
            Detail::Incident(incident) if incident.severity >= Severity::High => Tone::Bad,
            _ => Tone::Attention,
        },
        E::ReviewRequested | E::ChangesRequested | E::Stale => Tone::Attention,
        E::Queued | E::Running => Tone::Running,
        E::Canceled | E::Opened | E::Closed | E::Acknowledged => Tone::Neutral,
    }
}
