//! Notifications: what is to be told, told once, many at once as one.

use std::time::Duration;

use callboard_domain::rules::{self, Notification};
use jiff::{Timestamp, tz::TimeZone};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Engine,
    decide::is_quiet,
    store::{PendingNotice, StoreError},
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

/// Shows what is to be told until `stop`.
pub(crate) async fn run(engine: Engine, stop: CancellationToken) {
    let mut changed = engine.store().changed();
    loop {
        let wait = match tell(&engine, Timestamp::now()).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "notifications could not be read");
                Some(TOGETHER)
            }
        };
        let due = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = due => {}
            more = changed.changed() => {
                if more.is_err() {
                    return;
                }
                engine.host().changed();
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = settled(&mut changed) => {}
                }
            }
        }
    }
}

/// Waits until nothing has changed for a moment.
async fn settled(changed: &mut watch::Receiver<u64>) {
    let longest = Instant::now() + LONGEST_MOMENT;
    while tokio::time::timeout_at(longest.min(Instant::now() + MOMENT), changed.changed())
        .await
        .is_ok_and(|it| it.is_ok())
    {}
}

/// Shows what may be shown now; says when to look again where something waits.
async fn tell(engine: &Engine, now: Timestamp) -> Result<Option<Duration>, StoreError> {
    let pending = engine.store().pending_notices(LOOKED_AT).await?;
    if pending.is_empty() {
        return Ok(None);
    }
    let (due, wait) = due(pending, engine.is_quiet(now).await?, engine.moments().notified_at, now);
    if !due.is_empty() {
        // Recorded before it is shown: a crash in between loses a notification, and never shows one twice.
        let ids: Vec<i64> = due.iter().map(|notice| notice.event.id).collect();
        engine.store().told(&ids, now).await?;
        engine.moments().notified_at = Some(now);
        if let Some(notification) = one(engine, due).await? {
            engine.host().notify(&notification);
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
    let since = notified_at.map(|at| Duration::try_from(now.duration_since(at)).unwrap_or_default());
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

async fn one(engine: &Engine, due: Vec<PendingNotice>) -> Result<Option<Notification>, StoreError> {
    let mut told = Vec::with_capacity(due.len());
    for PendingNotice { event, notice } in due {
        if let Some(stored) = engine.store().item(&event.item).await? {
            told.push(rules::Told {
                event,
                item: stored.item,
                important: notice.important,
                group: notice.group,
            });
        }
    }
    Ok(rules::notification(&told))
}

impl Engine {
    /// Whether only important notifications may be shown: quiet hours, or a person asked for quiet.
    pub(crate) async fn is_quiet(&self, now: Timestamp) -> Result<bool, StoreError> {
        let hours = self.live().config.notifications.quiet_hours;
        Ok(is_quiet(hours, now, &TimeZone::system())
            || self.store().quiet_until().await?.is_some_and(|end| now < end))
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::event::{Event, EventName};

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
                by: None,
                summary: String::new(),
            },
            notice: Notice { important, group: String::new() },
        }
    }

    #[test]
    fn what_may_be_shown_now() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let both = || vec![notice(1, false), notice(2, true)];
        let seconds = |s| Some(Duration::from_secs(s));
        // quiet, last shown at, now -> ids shown, look again in
        let cases = [
            (false, None, 100, vec![1, 2], None),
            (false, Some(70), 100, vec![1, 2], None),
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
