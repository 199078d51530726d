//! What is taken in, what comes of it, and who decides about that.

use std::{fmt, sync::Arc, time::Duration};

use callboard_domain::{
    chat::Address,
    event::Event,
    identity::Identity,
    item::Item,
    run::Run,
    source::{Batch, Received},
};
use jiff::Timestamp;

#[cfg(doc)]
use crate::store::Store;
use crate::store::{decisions::Notice, notes::LastNote};

/// What happened longer ago than this is on the record but never news, even if it is first seen now. Nor is what
/// happened longer ago than the record is kept ([`Decide::remembered`]): it may have been seen before. An incident that a
/// poll finds firing is another matter (`ReportContext::is_found_firing`).
pub(super) const NEWS: Duration = Duration::from_secs(90 * 86_400);

/// What a source reports.
#[derive(Debug, Clone)]
pub enum Report {
    /// A poll that succeeded.
    Poll {
        /// What it found.
        batch: Batch,
        /// When it began: what was reported otherwise since then is newer.
        began_at: Timestamp,
        /// What the account watches.
        watched: Watched,
        /// The newest of the notes that it began with.
        last_note: LastNote,
    },
    /// A webhook that proved who sent it.
    Hook(Received),
}

/// Whether an account's configuration covers an item: see [`callboard_domain::source::Source::watches`].
#[derive(Clone)]
pub struct Watched(Arc<dyn Fn(&Item) -> bool + Send + Sync>);

impl Watched {
    /// As the function decides.
    pub fn by(watches: impl Fn(&Item) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(watches))
    }

    /// Whether it covers this item.
    pub(super) fn covers(&self, item: &Item) -> bool {
        (self.0)(item)
    }

    /// Everything.
    pub fn all() -> Self {
        Self::by(|_| true)
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

/// The result of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// What happened that was not on the record, in order.
    pub events: Vec<Event>,
    /// True where this webhook delivery was taken in before: nothing was done.
    pub duplicate: bool,
}

/// What has just happened, as the rules see it.
#[derive(Debug, Clone, Copy)]
pub struct NewEvent<'a> {
    /// What happened. It was seen just now: `seen_at` is the present.
    pub event: &'a Event,
    /// The item as it is now.
    pub item: &'a Item,
    /// Who the account acts as.
    pub me: &'a Identity,
    /// True where a person has snoozed the item until a time that has not come yet.
    pub snoozed: bool,
}

/// What is to be done about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDecision {
    /// The decision with its reasons, as JSON: what [`Store::decision`] gives.
    pub record: String,
    /// Keep the item off the board until something else happens to it.
    pub silence: bool,
    /// How it is shown on this desktop, if at all.
    pub notice: Option<Notice>,
    /// Where it is to be posted.
    pub posts: Vec<Post>,
}

/// A channel in which a rule has the event posted. It is rendered when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Where it goes.
    pub to: Address,
    /// A line to be shown below it.
    pub note: Option<String>,
    /// The name of the rule.
    pub rule: String,
}

/// Decides what is to be done about events. Called while they are being written: it must be quick and do no IO. Its decision
/// is written with the event; it may be asked again where that was not written. If it panics, nothing of the report is
/// written.
pub trait Decide: Send + Sync {
    /// What is to be done. Asked for each event that is news.
    fn decide(&self, happened: NewEvent<'_>) -> EventDecision;

    /// True where what has happened is the doing of that run of ours, so that the message about the run reports it. Asked of what
    /// is moot too: the run has done it all the same.
    fn is_doing_of(&self, run: &Run, happened: NewEvent<'_>) -> bool {
        let _ = (run, happened);
        false
    }

    /// How long events are kept: what happened longer ago may have been reported and forgotten, and is no news.
    fn remembered(&self) -> Duration {
        NEWS
    }
}
