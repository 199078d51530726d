//! Notifications: each event is shown once, and many events of one moment as one notification.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_domain::{
    event::Event,
    identity::Identity,
    item::{AccountName, Item, ItemKey},
    rules::{self, Notification},
};
use jiff::{Timestamp, tz::TimeZone};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{handoff::NotificationHandoff, quiet::quiet};
use crate::{
    active_config::ConfigHandle,
    api::{PendingNotifications, QuietStatus},
    host::Host,
    store::{Notice, PendingNotice, Store, StoreError},
    system::supervise::sleep_for,
};

/// Within this time after a notification, further ones wait and become one.
const TOGETHER: Duration = Duration::from_secs(30);
/// The first one waits for others of the same moment until nothing has changed for this long,
const MOMENT: Duration = Duration::from_millis(500);
/// and at most this long.
const LONGEST_MOMENT: Duration = Duration::from_secs(3);
/// How often quiet hours are looked at while something waits for their end.
const QUIET_LOOK: Duration = Duration::from_secs(30);
/// How many notifications are followed until they are moot; a desktop keeps fewer.
const FOLLOWED: u32 = 200;

/// The notifications that were shown and are not moot yet: the last event of each item.
type Open = BTreeMap<ItemKey, Event>;

/// Notifies the person. A clone is the same.
#[derive(Clone)]
pub(crate) struct Notifier {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    live: ConfigHandle,
    host: Arc<dyn Host>,
    handoff: NotificationHandoff,
    last: Mutex<LastShown>,
}

/// When the last notification was shown.
#[derive(Debug, Clone, Copy, Default)]
struct LastShown {
    any: Option<Timestamp>,
    /// The last one with something important in it.
    important: Option<Timestamp>,
}

/// The items that notifications are about, those that are gone left out, and who each account acts as.
struct Known {
    items: BTreeMap<ItemKey, Item>,
    me: BTreeMap<AccountName, Identity>,
}

impl Known {
    async fn read(store: &Store, keys: Vec<ItemKey>) -> Result<Self, StoreError> {
        let sources = store.sources().await?;
        let items = store.items_by_key(keys).await?;
        Ok(Self {
            items: items.into_iter().map(|item| (item.key.clone(), item)).collect(),
            me: sources.into_iter().filter_map(|it| Some((it.account, it.identity?))).collect(),
        })
    }

    fn me(&self, account: &AccountName) -> Identity {
        self.me.get(account).cloned().unwrap_or_default()
    }
}

impl Notifier {
    pub(crate) fn new(store: Store, live: ConfigHandle, host: Arc<dyn Host>) -> Self {
        let (handoff, last) = (NotificationHandoff::default(), Mutex::default());
        Self { inner: Arc::new(Inner { store, live, host, handoff, last }) }
    }

    /// Where clients wait for notifications.
    pub(crate) fn handoff(&self) -> &NotificationHandoff {
        &self.inner.handoff
    }

    /// Whether only important notifications are shown now, and until when: quiet hours, or a person asked for quiet.
    pub(crate) async fn quiet_now(&self, now: Timestamp) -> Result<Option<QuietStatus>, StoreError> {
        let asked = self.inner.store.quiet_until().await?;
        let hours = self.inner.live.now().config.notifications.quiet_hours;
        Ok(quiet(asked, hours, now, &TimeZone::system()))
    }

    /// To a client that waits for notifications, else to the host.
    async fn hand_over(&self, due: PendingNotifications) {
        self.inner.handoff.hand_over(due, &self.inner.host).await;
    }

    fn last(&self) -> MutexGuard<'_, LastShown> {
        self.inner.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows pending notifications until `stop`.
pub(crate) async fn run(notifier: Notifier, stop: CancellationToken) {
    let mut changed = notifier.inner.store.changed();
    let mut open = recently_shown(&notifier).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "shown notifications cannot be read; they are not withdrawn");
        Open::new()
    });
    loop {
        let now = Timestamp::now();
        if let Err(error) = withdraw(&notifier, &mut open, now).await {
            tracing::error!(%error, "moot notifications could not be read");
        }
        let wait = match show_due(&notifier, &mut open, now).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "notifications could not be read");
                Some(TOGETHER)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep_for(wait) => {}
            more = changed.changed() => {
                if more.is_err() {
                    return;
                }
                notifier.inner.host.changed();
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = quiet_moment(&mut changed) => {}
                }
            }
        }
    }
}

/// Waits until nothing has changed for a moment.
async fn quiet_moment(changed: &mut watch::Receiver<u64>) {
    let longest = Instant::now() + LONGEST_MOMENT;
    while tokio::time::timeout_at(longest.min(Instant::now() + MOMENT), changed.changed())
        .await
        .is_ok_and(|it| it.is_ok())
    {}
}

async fn recently_shown(notifier: &Notifier) -> Result<Open, StoreError> {
    let shown = notifier.inner.store.recently_shown(FOLLOWED).await?;
    let can_be_over = shown.into_iter().filter(|event| rules::can_be_over(event.name, event.item.kind));
    Ok(can_be_over.map(|event| (event.item.clone(), event)).collect())
}

/// Withdraws the notifications that are moot.
async fn withdraw(notifier: &Notifier, open: &mut Open, now: Timestamp) -> Result<(), StoreError> {
    if open.is_empty() {
        return Ok(());
    }
    let known = Known::read(&notifier.inner.store, open.keys().cloned().collect()).await?;
    let mut moot = Vec::new();
    open.retain(|key, event| {
        let (item, me) = (known.items.get(key), known.me(&key.account));
        // An item that is no longer stored asks nothing of anybody.
        let over = item.is_none_or(|item| rules::is_over(event.name, &event.of, item, &me, now));
        if over {
            moot.push(key.clone());
        }
        !over
    });
    if !moot.is_empty() {
        notifier.hand_over(PendingNotifications { show: Vec::new(), moot }).await;
    }
    Ok(())
}

/// Shows what may be shown now. Returns when to look again, where something waits.
async fn show_due(
    notifier: &Notifier,
    open: &mut Open,
    now: Timestamp,
) -> Result<Option<Duration>, StoreError> {
    let store = &notifier.inner.store;
    let pending = store.pending_notices().await?;
    if pending.is_empty() {
        return Ok(None);
    }
    let quiet = notifier.quiet_now(now).await?.is_some();
    let last = *notifier.last();
    let (due, wait) = due(pending, quiet, last, now);
    let events = store.events_by_ids(due.iter().map(|notice| notice.event).collect()).await?;
    if !events.is_empty() {
        // Recorded before it is shown: a crash in between loses a notification, and never shows one twice.
        let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
        store.mark_shown(&ids, now).await?;
        if let Some(notification) = notification(store, due, &events).await? {
            let important = if notification.important { Some(now) } else { last.important };
            *notifier.last() = LastShown { any: Some(now), important };
            notifier.hand_over(PendingNotifications { show: vec![notification], moot: Vec::new() }).await;
        }
        // A new event replaces the one that was shown before.
        for event in events.into_iter().filter(|event| rules::can_be_over(event.name, event.item.kind)) {
            open.insert(event.item.clone(), event);
        }
    }
    Ok(wait)
}

/// Which of the waiting ones may be shown now, and when to look at the others.
fn due(
    pending: Vec<PendingNotice>,
    quiet: bool,
    last: LastShown,
    now: Timestamp,
) -> (Vec<PendingNotice>, Option<Duration>) {
    let left = |shown: Option<Timestamp>| {
        // One that was shown in the future was shown while the clock was ahead.
        let since = Duration::try_from(now.duration_since(shown?)).ok()?;
        TOGETHER.checked_sub(since).filter(|left| !left.is_zero())
    };
    // What is important waits for nothing but others that are.
    let important = left(last.important);
    let other = if quiet { Some(QUIET_LOOK) } else { left(last.any) };
    let wait_of = |it: &PendingNotice| if it.notice.important { important } else { other };
    let wait = pending.iter().filter_map(wait_of).min();
    (pending.into_iter().filter(|it| wait_of(it).is_none()).collect(), wait)
}

/// One notification for all these events, as what is due says.
async fn notification(
    store: &Store,
    due: Vec<PendingNotice>,
    events: &[Event],
) -> Result<Option<Notification>, StoreError> {
    let known = Known::read(store, events.iter().map(|event| event.item.clone()).collect()).await?;
    let mut notices: BTreeMap<i64, Notice> = due.into_iter().map(|it| (it.event, it.notice)).collect();
    let notifiable = events.iter().filter_map(|event| {
        // A gone item leads to no notification.
        let item = known.items.get(&event.item)?;
        let notice = notices.remove(&event.id)?;
        Some(rules::NotifiableEvent {
            of_me: rules::concerns_me(event, item, &known.me(&event.item.account)),
            event: event.clone(),
            item: item.clone(),
            important: notice.important,
            group: notice.group,
        })
    });
    Ok(rules::notification(&notifiable.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        item::{Detail, IncidentStatus, Severity},
        source::Batch,
    };

    use super::*;
    use crate::{
        Mode,
        store::Watched,
        tests::{Scene, incident},
    };

    fn notice(event: i64, important: bool) -> PendingNotice {
        PendingNotice { event, notice: Notice { important, group: String::new() } }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn due_notices_depend_on_quiet_and_the_last_ones() {
        let seconds = |s| Some(Duration::from_secs(s));
        // quiet, any and an important one last shown at, now -> ids of an ordinary and an important one shown, look again in
        type Case<'a> = (bool, Option<i64>, Option<i64>, i64, &'a [i64], Option<Duration>);
        let cases: [Case<'_>; 12] = [
            (false, None, None, 100, &[1, 2], None),
            (false, Some(70), None, 100, &[1, 2], None),
            (false, Some(70), Some(70), 100, &[1, 2], None),
            (false, Some(4_000), Some(4_000), 100, &[1, 2], None),
            // What is important does not wait for what is not,
            (false, Some(90), None, 100, &[2], seconds(20)),
            (false, Some(90), Some(60), 100, &[2], seconds(20)),
            // but for what is.
            (false, Some(90), Some(90), 100, &[], seconds(20)),
            (false, Some(99), Some(80), 100, &[], seconds(10)),
            (true, None, None, 100, &[2], Some(QUIET_LOOK)),
            (true, Some(90), None, 100, &[2], Some(QUIET_LOOK)),
            (true, Some(90), Some(90), 100, &[], seconds(20)),
            (true, Some(70), Some(70), 100, &[2], Some(QUIET_LOOK)),
        ];
        for (quiet, any, important, now, expected, wait) in cases {
            let last = LastShown { any: any.map(at), important: important.map(at) };
            let (shown, again) = due(vec![notice(1, false), notice(2, true)], quiet, last, at(now));
            let ids: Vec<i64> = shown.iter().map(|it| it.event).collect();
            assert_eq!((ids.as_slice(), again), (expected, wait), "quiet {quiet}, {last:?}, now {now}");
        }
        assert_eq!(due(vec![notice(2, true)], true, LastShown::default(), at(0)).1, None);
    }

    #[tokio::test]
    async fn however_many_come_within_half_a_minute_become_one() {
        let it = Scene::open("", Mode::Once, &[]).await;
        let notifier = &it.engine.inner.notifier;
        let mut open = Open::new();
        // Every second one is important.
        let alert = |n: usize| {
            let mut alert = incident(&format!("db{n}"), IncidentStatus::Triggered, 1);
            if let Detail::Incident(incident) = &mut alert.detail {
                incident.severity = if n.is_multiple_of(2) { Severity::Critical } else { Severity::High };
            }
            alert
        };
        it.report([alert(0)]).await;
        let now = Timestamp::now();
        let after = |seconds| now + jiff::SignedDuration::from_secs(seconds);
        let wait = |seconds| Some(Duration::from_secs(seconds));
        // alerts that come, how long after the first -> how many of them are shown then, and when to look again
        let steps = [
            (1..1, 0, Some(1), None),
            // More than fit into any one look, then some more.
            (1..701, 5, None, wait(25)),
            (701..711, 20, None, wait(10)),
            (711..711, 30, Some(710), None),
            (711..712, 31, None, wait(29)),
            (712..713, 59, None, wait(1)),
            (713..713, 60, Some(2), None),
            (713..713, 61, None, None),
        ];
        let mut expected = 0;
        for (alerts, second, count, again) in steps {
            let batch = Batch { snapshots: alerts.map(alert).collect(), ..Batch::default() };
            let watcher = &it.engine.inner.watcher;
            watcher.ingest(&"pager".into(), batch, Watched::all(), now, Default::default()).await.unwrap();
            assert_eq!(
                show_due(notifier, &mut open, after(second)).await.unwrap(),
                again,
                "after {second} s"
            );
            expected += usize::from(count.is_some());
            let shown = it.host.shown();
            assert_eq!(shown.len(), expected, "after {second} s: {shown:?}");
            if let Some(count @ 2..) = count {
                let begins = format!("{count} incidents ");
                assert!(shown.last().is_some_and(|title| title.starts_with(&begins)), "{shown:?}");
            }
        }
        it.engine.stop().await;
    }
}
