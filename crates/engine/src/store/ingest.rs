//! Taking in what a source reports: it is compared with what is stored, and everything that follows from it
//! (items, events, decisions, messages to be sent, the source's cursor, notes for its next poll) is written in one
//! transaction.
//!
//! In this order: runs of builds that were deleted, what has another name by now, what lost its name to something else,
//! what is reported, what is gone, and last what complete listings lack.

mod gone;
mod report;

use std::{sync::Arc, time::Duration};

use callboard_domain::{
    actor::Actor,
    event::{Change, Event, EventName, Transition, compare, compare_read},
    item::{AccountName, Detail, IncidentStatus, Item, ItemKey, Kind},
    rules,
    run::Run,
    source::{Gone, GoneReason, Received, Scope},
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use self::report::NEWS;
pub use self::report::{Decide, EventDecision, Ingested, NewEvent, Post, Report, Watched};
use super::{
    Store, StoreError, decisions,
    deliveries::{self, Content, NewDelivery},
    events::{self, News},
    hooks,
    items::{self, Known},
    notes,
    row::{all, before, whole_micros},
    runs,
    sources::{self, SourceState},
};

/// How long an item may be reported unchanged before that is written, so that what is still reported is not deleted as
/// long over, and then news again.
const SEEN: Duration = Duration::from_secs(86_400);

/// How far clocks differ. What is seen has happened: a time further ahead is a wrong one, and counts as not known. A nearer
/// one stays as the item has it, to be compared with that.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// The effects of a run are reported while it is under way or soon after.
const LATELY: Duration = Duration::from_secs(86_400);

/// Where a report comes from and how it is to be read.
struct ReportContext<'a> {
    conn: &'a Connection,
    account: &'a AccountName,
    source: SourceState,
    /// True for the first poll of the account: what it finds without a time is old.
    first_poll: bool,
    /// When the poll began; `None` for a webhook.
    polled: Option<Timestamp>,
    now: Timestamp,
    decide: &'a dyn Decide,
    events: Vec<Event>,
}

pub(super) fn ingest(
    conn: &Connection,
    account: &AccountName,
    report: &Report,
    now: Timestamp,
    decide: &dyn Decide,
) -> rusqlite::Result<Ingested> {
    let source = sources::state(conn, account, now)?;
    let now = whole_micros(now);
    let mut context = ReportContext {
        conn,
        account,
        first_poll: matches!(report, Report::Poll { .. }) && !source.polled,
        polled: match report {
            Report::Poll { began_at, .. } => Some(*began_at),
            Report::Hook(_) => None,
        },
        source,
        now,
        decide,
        events: Vec::new(),
    };
    match report {
        Report::Hook(Received { delivery, snapshots, gone, poll: _, unread: _, note }) => {
            if let Some(delivery) = delivery
                && !hooks::first_time(conn, account, delivery, now)?
            {
                return Ok(Ingested { events: Vec::new(), duplicate: true });
            }
            context.take_in(snapshots, gone, &[])?;
            if context.source.baseline_at.is_none() {
                sources::begin(conn, account, now)?;
            }
            // What no poll has seen yet needs no checking.
            if let Some(note) = note
                && context.source.has_cursor
            {
                notes::make(conn, account, note)?;
            }
        }
        Report::Poll { batch, began_at, watched, last_note } => {
            if context.source.baseline_at.is_none() {
                sources::begin(conn, account, *began_at)?;
                context.source.baseline_at = Some(*began_at);
            }
            // Before what is reported, so that it is compared with what is left.
            batch.deleted_runs.iter().try_for_each(|it| context.forget_runs(it))?;
            context.take_in(&batch.snapshots, &batch.gone, &batch.replaced)?;
            context.miss(batch, *began_at, watched)?;
            sources::polled(conn, account, batch, *began_at, *last_note)?;
        }
    }
    Ok(Ingested { events: context.events, duplicate: false })
}

impl ReportContext<'_> {
    /// Takes in what a report names, by poll or webhook.
    fn take_in(&mut self, snapshots: &[Item], gone: &[Gone], replaced: &[Scope]) -> rusqlite::Result<()> {
        // Before what is reported under the new names, so that it finds what happened under the old ones.
        let (renamed, gone): (Vec<_>, Vec<_>) =
            gone.iter().partition(|it| matches!(it.reason, GoneReason::Renamed { .. }));
        renamed.into_iter().try_for_each(|it| self.mark_gone(it))?;
        // What is left under a name is not what is reported under it.
        replaced.iter().try_for_each(|scope| self.set_aside(scope))?;
        self.take_all(snapshots)?;
        gone.into_iter().try_for_each(|it| self.mark_gone(it))
    }

    fn take_all(&mut self, snapshots: &[Item]) -> rusqlite::Result<()> {
        for snapshot in snapshots {
            if self.is_own(&snapshot.key) {
                self.take(snapshot)?;
            }
        }
        Ok(())
    }

    fn is_own(&self, key: &ItemKey) -> bool {
        let own = key.account == *self.account;
        if !own {
            tracing::warn!(account = %self.account, %key, "a report on another account's item was left out");
        }
        own
    }

    fn take(&mut self, snapshot: &Item) -> rusqlite::Result<()> {
        let known = items::load(self.conn, &snapshot.key)?;
        let stored = known.as_ref().and_then(|known| known.state.as_ref());
        // What a poll reads is later than all that had come when it began.
        let later = known.as_ref().zip(self.polled).is_some_and(|(known, began)| known.seen_at < began);
        let compare = if later { compare_read } else { compare };
        let mut change = compare(stored.map(|stored| &stored.item), snapshot.clone());
        let beginning = match &known {
            Some(known) => self.take_back_old_beginning(known.n, &change)?,
            None => None,
        };
        let is_new = known.is_none() || beginning.is_some();
        let reported = self.is_reported(known.as_ref(), snapshot);
        change.transitions.splice(..0, beginning);
        self.apply(known, change, is_new, reported)
    }

    /// The beginning of an incident that was old when a webhook reported it, and that a poll finds firing now: see
    /// [`Self::is_found_firing`]. It is taken off the record, to be recorded as news.
    fn take_back_old_beginning(&self, n: i64, change: &Change) -> rusqlite::Result<Option<Transition>> {
        let Detail::Incident(incident) = &change.item.detail else { return Ok(None) };
        let at = incident.began().filter(|at| self.is_long_ago(*at) && !self.is_before_baseline(*at));
        if self.polled.is_none() || incident.status != IncidentStatus::Triggered || at.is_none() {
            return Ok(None);
        }
        let beginning = compare(None, change.item.clone()).transitions.into_iter().next();
        match beginning.filter(|it| it.name == EventName::Triggered) {
            Some(it) if events::take_back_old(self.conn, n, &it)? => Ok(Some(it)),
            _ => Ok(None),
        }
    }

    /// Whether it happened longer ago than anything that is news.
    fn is_long_ago(&self, at: Timestamp) -> bool {
        at < before(self.now, NEWS.min(self.decide.remembered()))
    }

    /// Whether it happened before the account was watched.
    fn is_before_baseline(&self, at: Timestamp) -> bool {
        self.source.baseline_at.is_some_and(|baseline| is_before(at, baseline))
    }

    /// Whether a listing is still to answer for an item, once this is written of it: see [`items::V5`]. A poll that names
    /// the item answers for the webhooks that came before it began, unless what it found is behind them.
    fn is_reported(&self, known: Option<&Known>, found: &Item) -> bool {
        let Some(began) = self.polled else { return true };
        known.is_some_and(|known| known.reported && (known.seen_at >= began || is_behind(found, known)))
    }

    /// Writes what has become of an item, and what happened to it.
    fn apply(
        &mut self,
        known: Option<Known>,
        change: Change,
        is_new: bool,
        reported: bool,
    ) -> rusqlite::Result<()> {
        let Self { conn, now, .. } = *self;
        let Change { item, changed, transitions } = change;
        let stored = known.as_ref().and_then(|known| known.state.as_ref());
        let off_board = stored.is_some_and(|stored| stored.silenced || stored.snoozed.is_some());
        let snoozed = stored.and_then(|stored| stored.snoozed);
        let n = match &known {
            None => items::insert(conn, &item, reported, now)?,
            Some(known) => {
                if changed || known.state.is_none() {
                    items::update(conn, known, &item, reported, now)?;
                } else if self.polled.is_none_or(|began| known.seen_at < before(began, SEEN))
                    || known.reported != reported
                    || items::is_back(known, &item)
                {
                    items::touch(conn, known, &item, reported, now)?;
                }
                known.n
            }
        };
        let subject = Subject { n, item: &item, off_board, snoozed, is_new, is_inserted: known.is_none() };
        transitions.iter().try_for_each(|transition| self.record(&subject, transition))?;
        // What happened has done so.
        match changed && transitions.is_empty() {
            true => deliveries::renew_all(conn, n, &item.key, now),
            false => Ok(()),
        }
    }

    /// Writes an event, and what the rules decide about it where it is news.
    fn record(&mut self, subject: &Subject<'_>, transition: &Transition) -> rusqlite::Result<()> {
        let Self { conn, now, decide, .. } = *self;
        let Subject { n, item, .. } = *subject;
        // What was silenced from its beginning has not been reported yet: this event is the first.
        let begins = transition.name == EventName::Unacknowledged
            && events::begins_as_news(conn, n, &transition.distinct)?;
        let transition = &match begins {
            true => Transition { name: EventName::Triggered, ..transition.clone() },
            false => transition.clone(),
        };
        let told = transition.at.filter(|at| at.duration_since(now) <= SKEW);
        let at = whole_micros(told.unwrap_or(now));
        let old = match transition.at {
            Some(at) => {
                self.is_before_baseline(at)
                    || (self.is_long_ago(at) && !self.is_found_firing(subject, transition))
            }
            None => self.first_poll,
        };
        let moot = rules::is_moot(transition.name, &transition.of, item, &self.source.me, now)
            || rules::ends(transition.name).map_or(Ok(false), |ends| events::all_moot(conn, n, ends))?;
        let because = moot.then(|| rules::moot_cause(item, now));
        let news = News { old, moot: because };
        let Some(id) = events::insert(conn, n, transition, at, now, news)? else { return Ok(()) };
        let event = Event {
            id,
            item: item.key.clone(),
            name: transition.name,
            at,
            seen_at: now,
            old,
            moot,
            moot_because: because,
            by: transition.by.clone(),
            of: transition.of.clone(),
            asked_before: transition.asked_before.clone(),
            summary: transition.summary.clone(),
        };
        let snoozed = matches!(subject.snoozed, Some(items::Snooze::Until(end)) if now < end);
        let happened = NewEvent { event: &event, item, me: &self.source.me, snoozed };
        // Whether or not anything is posted of it: what a run has changed is in its one message of a channel.
        let lately = match old {
            true => Vec::new(),
            false => runs::lately_on(conn, &item.key, before(now, LATELY), subject.is_inserted)?,
        };
        let mut doers: Vec<&Run> = Vec::new();
        for run in lately.iter().filter(|run| decide.is_doing_of(run, happened)) {
            // A run has each of its effects once: where it is not known who did it, the second is somebody else's.
            if event.by.is_some() || !events::has_happened_since(conn, n, &event, run.started_at)? {
                doers.push(run);
            }
        }
        let joined = deliveries::join_runs(conn, &doers, id)?;
        // What was posted in a channel shows the state of its item. Nothing is sent before all that is reported of it is written,
        // so once is enough.
        let may_be_posted = !subject.is_inserted || !lately.is_empty();
        if may_be_posted && self.events.last().is_none_or(|event| event.item != item.key) {
            deliveries::renew_all(conn, n, &item.key, now)?;
        }
        if !old && !moot {
            let mut decided = decide.decide(happened);
            // Who did it themselves is not alarmed by it.
            let is_own = !doers.is_empty() && decided.notice.take().is_some();
            decisions::insert(conn, id, &decided.record, decided.notice.as_ref())?;
            // What only others are asked for is nothing that has happened, unless a rule makes it so.
            let is_notified = is_own || decided.notice.is_some() || !decided.posts.is_empty();
            if subject.off_board
                && (is_notified || !rules::concerns_others_only(&event, item, &self.source.me))
            {
                items::clear_snooze_on_change(conn, n)?;
            }
            if decided.silence {
                items::silence(conn, n)?;
            }
            let posts = decided.posts.into_iter().filter(|post| !joined.contains(&post.to));
            for Post { to, note, rule } in posts {
                let actor = Some(Actor::rule(rule));
                let new = NewDelivery { content: Content::Event { id, note }, to, actor };
                deliveries::insert(conn, &new, now)?;
            }
        }
        self.events.push(event);
        Ok(())
    }

    /// True for the beginning of an unacknowledged incident that a poll is the first to report: it fires, and nobody has
    /// been notified. That is news however long ago it began, such as by a clock that is ahead. A webhook may
    /// itself be as old as what it reports.
    fn is_found_firing(&self, subject: &Subject<'_>, transition: &Transition) -> bool {
        self.polled.is_some()
            && subject.is_new
            && transition.name == EventName::Triggered
            && matches!(&subject.item.detail, Detail::Incident(incident) if incident.status == IncidentStatus::Triggered)
    }
}

/// True where what was found is an earlier occurrence than the one on record.
fn is_behind(found: &Item, known: &Known) -> bool {
    match (&found.detail, known.state.as_ref().map(|stored| &stored.item.detail)) {
        (Detail::Incident(found), Some(Detail::Incident(known))) => {
            found.began().zip(known.began()).is_some_and(|(found, known)| found < known)
        }
        _ => false,
    }
}

/// Whether it happened before `baseline`. Many services report whole seconds: what they date to its
/// second may have come after.
fn is_before(at: Timestamp, baseline: Timestamp) -> bool {
    match at.subsec_nanosecond() {
        0 => at.as_second() < baseline.as_second(),
        _ => at < baseline,
    }
}

/// The item that something happened to.
struct Subject<'a> {
    n: i64,
    item: &'a Item,
    /// True where it was off the board.
    off_board: bool,
    snoozed: Option<items::Snooze>,
    /// True where it was not known before, or only from a webhook that was too old to be news.
    is_new: bool,
    /// True where its row is new: nothing has been posted of it, but by a run that began it.
    is_inserted: bool,
}

impl Store {
    /// Takes in a report. Returns once it and all that follows from it are on the disk.
    pub async fn ingest(
        &self,
        account: &AccountName,
        report: Report,
        now: Timestamp,
        decide: Arc<dyn Decide>,
    ) -> Result<Ingested, StoreError> {
        let account = account.clone();
        self.write(move |conn| ingest(conn, &account, &report, now, &*decide)).await
    }

    /// The same, but [`StoreError::Busy`] at once where too much waits: for a listener that can send the caller away.
    pub async fn try_ingest(
        &self,
        account: &AccountName,
        report: Report,
        now: Timestamp,
        decide: Arc<dyn Decide>,
    ) -> Result<Ingested, StoreError> {
        let account = account.clone();
        self.try_write(move |conn| ingest(conn, &account, &report, now, &*decide)).await
    }

    /// Takes off the board what an account's configuration does not cover any more, as far as it was last seen before
    /// `before`: gone, not over.
    pub async fn leave_unwatched(
        &self,
        account: &AccountName,
        watched: Watched,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| {
            for kind in Kind::ALL {
                let present = items::present(conn, &account, kind, before)?;
                for it in present.iter().filter(|it| !watched.covers(&it.item)) {
                    items::mark_gone(conn, it.n, &GoneReason::NotWatched, now)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Records what time alone brings about (a pull request grown stale): `find` gives what has happened to an open
    /// item of that kind by `now`. Each such event is recorded once, like any other.
    pub async fn sweep(
        &self,
        kind: Kind,
        find: fn(&Item, Timestamp) -> Option<Transition>,
        now: Timestamp,
        decide: Arc<dyn Decide>,
    ) -> Result<Vec<Event>, StoreError> {
        let due: Vec<(ItemKey, Transition)> = self
            .read(move |conn| {
                let sql = format!("SELECT {} FROM {} AND kind = ?1", items::COLUMNS, items::OPEN);
                let open = all(conn, &sql, [kind.name()], items::read)?;
                let due = open.into_iter().filter_map(|it| Some((it.item.key.clone(), find(&it.item, now)?)));
                Ok(due.collect())
            })
            .await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |conn| sweep(conn, &due, now, &*decide)).await
    }
}

fn sweep(
    conn: &Connection,
    due: &[(ItemKey, Transition)],
    now: Timestamp,
    decide: &dyn Decide,
) -> rusqlite::Result<Vec<Event>> {
    let mut events = Vec::new();
    for (key, transition) in due {
        let Some(Known { n, state: Some(stored), .. }) = items::load(conn, key)? else { continue };
        let off_board = stored.silenced || stored.snoozed.is_some();
        let mut context = ReportContext {
            conn,
            account: &key.account,
            source: sources::state(conn, &key.account, now)?,
            first_poll: false,
            polled: Some(now),
            now: whole_micros(now),
            decide,
            events,
        };
        let (item, snoozed) = (&stored.item, stored.snoozed);
        let subject = Subject { n, item, off_board, snoozed, is_new: false, is_inserted: false };
        context.record(&subject, transition)?;
        events = context.events;
    }
    Ok(events)
}
