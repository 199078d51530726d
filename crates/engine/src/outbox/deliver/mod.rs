//! Sends what is in the outbox: each delivery is rendered and posted (`send`) by its method (`method`), in order for each
//! channel. What may have arrived is looked up (`look_up`) before it is sent again. No other module posts to a chat.

mod deliverer;
mod limits;
mod look_up;
mod method;
mod send;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashSet},
    future::Future,
    time::Duration,
};

use callboard_domain::{chat::DeliveryKey, error::ServiceError, item::AccountName};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use self::deliverer::{Deliverer, is_trouble};
use self::{
    limits::{LOOK_AT_LEAST_EVERY, LOOK_EVERY, LOOKED_UP_AT_ONCE, RECORD_AGAIN, SENT_AT_ONCE},
    look_up::look_up,
    send::{broken, send},
};
use crate::{
    store::{Attempt, Delivery, LONGEST_WAIT, LOOK_AFTER, StoreError},
    system::supervise::{catch_panic, sleep_for},
};

/// Runs its last act when it is dropped, however its task ends.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Delivers until `stop`, or [`Deliverer::finish`]. What is being sent then is finished; the store remembers what is not.
pub(crate) async fn run(deliverer: Deliverer, stop: CancellationToken) {
    let mut changed = deliverer.inner.store.changed();
    let mut configured = deliverer.inner.live.changes();
    while !deliverer.inner.sends.is_closed() {
        let looked = Instant::now();
        let started = start_due(&deliverer).await;
        deliverer.note_store(&started);
        let wait = match started {
            Ok(wait) => wait.map_or(LOOK_AT_LEAST_EVERY, |wait| wait.min(LOOK_AT_LEAST_EVERY)),
            Err(StoreError::Closed) => return,
            Err(_) => LOOK_AFTER,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep_for(Some(wait)) => {}
            more = changed.changed() => if more.is_err() { return },
            // An account may have what it lacked.
            more = configured.changed() => if more.is_err() { return },
        }
        tokio::time::sleep_until(looked + LOOK_EVERY).await;
    }
}

/// Starts whatever is due, each in a task of its own; gives the wait until the next is, however long these take.
async fn start_due(deliverer: &Deliverer) -> Result<Option<Duration>, StoreError> {
    let now = Timestamp::now();
    let waiting = deliverer.waiting();
    let next = deliverer.inner.store.next_delivery_at(now, waiting.clone()).await?;
    let Some(next) = next else { return Ok(None) };
    if next > now {
        return Ok(Some(Duration::try_from(next.duration_since(now)).unwrap_or_default()));
    }
    let mut out = deliverer.state().sending.clone();
    // No place is left for what waits.
    out.extend(waiting.iter().map(|account| (account.clone(), SENT_AT_ONCE)));
    for delivery in deliverer.inner.store.claim(now, SENT_AT_ONCE, out).await? {
        let task = deliverer.clone();
        *deliverer.state().sending.entry(delivery.to.account.clone()).or_default() += 1;
        let sending = deliverer.inner.sends.track_future(async move {
            let account = delivery.to.account.clone();
            let _sent = OnDrop(|| release(&mut task.state().sending, &account));
            let claimed = Delivery::clone(&delivery);
            let attempt = unbroken(send(&task, delivery), |error| broken(error, &claimed)).await;
            record(&task, &claimed, attempt).await;
        });
        deliverer.inner.tasks.spawn("posting a message", sending);
    }
    // Those that are being looked up already are among them.
    for delivery in deliverer.inner.store.unknown_deliveries(now, 4 * LOOKED_UP_AT_ONCE).await? {
        if waiting.contains(&delivery.to.account)
            || !begin_look_up(&mut deliverer.state().looked_up, &delivery)
        {
            continue;
        }
        let task = deliverer.clone();
        deliverer.inner.tasks.spawn("looking up a message", async move {
            let entry = (delivery.to.account.clone(), delivery.key.clone());
            let _looked_up = OnDrop(|| {
                task.state().looked_up.remove(&entry);
            });
            let again = |error| Attempt::Unknown(Timestamp::now() + LONGEST_WAIT, error);
            let attempt = unbroken(look_up(&task, &delivery), again).await;
            record(&task, &delivery, attempt).await;
        });
    }
    let next = deliverer.inner.store.next_delivery_after(now, waiting).await?;
    Ok(next.map(|next| Duration::try_from(next.duration_since(now)).unwrap_or_default()))
}

fn release(counts: &mut BTreeMap<AccountName, u32>, account: &AccountName) {
    if let Some(count) = counts.get_mut(account) {
        *count -= 1;
        if *count == 0 {
            counts.remove(account);
        }
    }
}

/// Takes a place for a look-up. False where it is under way, or its account has enough of them.
fn begin_look_up(looked_up: &mut HashSet<(AccountName, DeliveryKey)>, delivery: &Delivery) -> bool {
    let account = &delivery.to.account;
    let under_way = looked_up.iter().filter(|(other, _)| other == account).count();
    under_way < LOOKED_UP_AT_ONCE as usize && looked_up.insert((account.clone(), delivery.key.clone()))
}

/// What a future gives; where it panics, what `broken` makes of that. So no delivery stays as it was.
async fn unbroken(
    attempt: impl Future<Output = Attempt>,
    broken: impl FnOnce(ServiceError) -> Attempt,
) -> Attempt {
    catch_panic(attempt).await.unwrap_or_else(|panicked| broken(ServiceError::unknown(panicked.to_string())))
}

/// Records how an attempt went. Where the store cannot be written it is kept and tried again: forgotten, the message
/// would count as being sent until the next start, and hold up its channel.
async fn record(deliverer: &Deliverer, delivery: &Delivery, attempt: Attempt) {
    match &attempt {
        Attempt::Posted(_) | Attempt::Absent | Attempt::Skipped | Attempt::NoThread | Attempt::Moot(_) => {
            tracing::debug!(to = %delivery.to, key = %delivery.key.0, ?attempt, "delivery")
        }
        Attempt::Closed(_) => {
            tracing::info!(to = %delivery.to, key = %delivery.key.0, "a message cannot be edited any more and is posted anew");
        }
        Attempt::Refused { why, .. } => {
            tracing::info!(to = %delivery.to, key = %delivery.key.0, why, "the edit of a message was refused");
        }
        // It has been logged.
        Attempt::Later(_, error) | Attempt::Unknown(_, error) if delivery.error.as_ref() == Some(error) => {
            tracing::debug!(to = %delivery.to, key = %delivery.key.0, %error, "a message did not arrive");
        }
        Attempt::Later(_, error) | Attempt::Unknown(_, error) | Attempt::Failed(error)
            if deliverer.inner.logs_failures_quietly =>
        {
            tracing::info!(to = %delivery.to, key = %delivery.key.0, %error, "a message did not arrive");
        }
        Attempt::Later(_, error) | Attempt::Unknown(_, error) | Attempt::Failed(error) => {
            tracing::warn!(to = %delivery.to, key = %delivery.key.0, %error, "a message did not arrive");
        }
    }
    let stop = deliverer.inner.tasks.stopping();
    let [mut wait, longest] = RECORD_AGAIN;
    loop {
        let recorded =
            deliverer.inner.store.attempted(&delivery.key, attempt.clone(), Timestamp::now()).await;
        deliverer.note_store(&recorded);
        match recorded {
            Ok(_) | Err(StoreError::Closed) => return,
            // It is looked up at the next start.
            Err(_) if stop.is_cancelled() => return,
            Err(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
        wait = longest.min(wait * 2);
    }
}
