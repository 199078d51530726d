//! Notifications: each event is shown once, and many events of one moment as one notification.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_domain::{
    event::Event,
    identity::Identity,
    item::ItemKey,
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
    store::{PendingNotice, Store, StoreError},
    system::supervise::sleep_for,
};

/// Within this time after a notification, further ones wait and become one.
const TOGETHER: Duration = Duration::from_secs(30);
/// The first one waits for others of the same moment until nothing has changed for this long,
const MOMENT: Duration = Duration::from_millis(500);
/// and at most this long.
const LONGEST_MOMENT: Duration = Duration::from_secs(3);
/// How many are looked at in one go; more than a person reads in any case.
const LOOKED_AT: u32 = 500;
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
    /// When the last notification was shown.
    notified_at: Mutex<Option<Timestamp>>,
}

impl Notifier {
    pub(crate) fn new(store: Store, live: ConfigHandle, host: Arc<dyn Host>) -> Self {
        let (handoff, notified_at) = (NotificationHandoff::default(), Mutex::default());
        Self { inner: Arc::new(Inner { store, live, host, handoff, notified_at }) }
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

    fn notified_at(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.inner.notified_at.lock().unwrap_or_else(PoisonError::into_inner)
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
    let sources = notifier.inner.store.sources().await?;
    let items = notifier.inner.store.items_by_key(open.keys().cloned().collect()).await?;
    let nobody = Identity::default();
    let mut moot = Vec::new();
    open.retain(|key, event| {
        let source = sources.iter().find(|source| source.account == key.account);
        let me = source.and_then(|source| source.identity.as_ref()).unwrap_or(&nobody);
        let item = items.iter().find(|item| item.key == *key);
        // An item that is no longer stored asks nothing of anybody.
        let over = item.is_none_or(|item| rules::is_over(event.name, &event.of, item, me, now));
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
    let pending = notifier.inner.store.pending_notices(LOOKED_AT).await?;
    if pending.is_empty() {
        return Ok(None);
    }
    let (due, wait) = due(pending, notifier.quiet_now(now).await?.is_some(), *notifier.notified_at(), now);
    if !due.is_empty() {
        // Recorded before it is shown: a crash in between loses a notification, and never shows one twice.
        let ids: Vec<i64> = due.iter().map(|notice| notice.event.id).collect();
        notifier.inner.store.mark_shown(&ids, now).await?;
        *notifier.notified_at() = Some(now);
        let events: Vec<Event> = due.iter().map(|notice| notice.event.clone()).collect();
        if let Some(notification) = notification(notifier, due).await? {
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
    notified_at: Option<Timestamp>,
    now: Timestamp,
) -> (Vec<PendingNotice>, Option<Duration>) {
    // One that was shown in the future was shown while the clock was ahead.
    let since = notified_at.and_then(|at| Duration::try_from(now.duration_since(at)).ok());
    let recent = since.filter(|since| *since < TOGETHER);
    if !quiet && recent.is_none() {
        return (pending, None);
    }
    let (important, others): (Vec<_>, Vec<_>) = pending.into_iter().partition(|it| it.notice.important);
    let wait = match recent {
        _ if others.is_empty() => None,
        _ if quiet => Some(QUIET_LOOK),
        since => since.map(|since| TOGETHER - since),
    };
    (important, wait)
}

async fn notification(
    notifier: &Notifier,
    due: Vec<PendingNotice>,
) -> Result<Option<Notification>, StoreError> {
    let mut events = Vec::with_capacity(due.len());
    for PendingNotice { event, notice } in due {
        // A gone item leads to no notification.
        if let Some(stored) =
            notifier.inner.store.item(&event.item).await?.filter(|stored| stored.gone.is_none())
        {
            let me = notifier.inner.store.acts_as(&event.item.account).await?;
            events.push(rules::NotifiableEvent {
                of_me: rules::concerns_me(&event, &stored.item, &me),
                event,
                item: stored.item,
                important: notice.important,
                group: notice.group,
            });
        }
    }
    Ok(rules::notification(&events))
}

#[cfg(test)]
mod tests {
    use callboard_domain::event::EventName;

    use super::*;
    use crate::store::Notice;

    fn notice(id: i64, important: bool) -> PendingNotice {
        let at = Timestamp::UNIX_EPOCH;
        PendingNotice {
            event: Event {
                id,
                item: "ci/build/web".parse().unwrap(),
                name: EventName::Failed,
                at,
                seen_at: at,
                old: false,
                moot: false,
                moot_because: None,
                by: None,
                of: Vec::new(),
                asked_before: Vec::new(),
                summary: String::new(),
            },
            notice: Notice { important, group: String::new() },
        }
    }

    #[test]
    fn due_notices_depend_on_quiet_and_the_last_one() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let both = || vec![notice(1, false), notice(2, true)];
        let seconds = |s| Some(Duration::from_secs(s));
        // quiet, last shown at, now -> ids shown, look again in
        let cases = [
            (false, None, 100, vec![1, 2], None),
            (false, Some(70), 100, vec![1, 2], None),
            (false, Some(4_000), 100, vec![1, 2], None),
            (false, Some(90), 100, vec![2], seconds(20)),
            (true, None, 100, vec![2], Some(QUIET_LOOK)),
            (true, Some(90), 100, vec![2], Some(QUIET_LOOK)),
        ];
        for (quiet, last, now, expected, wait) in cases {
            let (shown, again) = due(both(), quiet, last.map(at), at(now));
            let ids: Vec<i64> = shown.iter().map(|it| it.event.id).collect();
            assert_eq!((ids, again), (expected, wait), "quiet {quiet}, last {last:?}, now {now}");
        }
        assert_eq!(due(vec![notice(2, true)], true, None, at(0)).1, None);
    }
}
