//! The outbox at work: what is to be posted is put into words and posted (`send`) in its way (`way`), in order for each channel, and what may
//! have arrived is looked up (`look_up`) before it is sent again. The only place that calls a chat service to post.

mod look_up;
mod send;
#[cfg(test)]
mod tests;
mod way;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_domain::{
    chat::{Address, DeliveryKey},
    error::ServiceError,
    item::AccountName,
};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::{
    look_up::look_up,
    send::{broken, send},
};
use crate::{
    accounts::{self, Chat, ChatUnavailable},
    active_config::ConfigHandle,
    store::{Attempt, Delivery, LONGEST_WAIT, Store, StoreError},
    system::supervise::{Tasks, catch_panic, sleep_for},
};

/// The shortest time between two looks at what is due: while much is taken in, most changes are of something else.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The longest: the clock may be set meanwhile.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(30);
/// How many messages of one account are sent at once, each to a channel of its own.
const SENT_AT_ONCE: u32 = 8;
/// How many messages of one account are looked up at once.
const LOOKED_UP_AT_ONCE: u32 = 2;
/// How long one call may take; after it the message may have arrived. Longer than the HTTP client's own limit.
const CALL_TIME: Duration = Duration::from_secs(40);
/// The wait before a message that got no answer is looked for: it may still be on its way.
const LOOK_AFTER: Duration = Duration::from_secs(10);
/// The wait of a message whose account's secrets cannot be read now.
const WAIT_FOR_SECRETS: Duration = Duration::from_secs(30);
/// The waits between two tries to record an attempt, where the store cannot be written.
const RECORD_AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// Delivers what is in the outbox. A clone is the same.
#[derive(Clone)]
pub(crate) struct Deliverer {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    live: ConfigHandle,
    tasks: Tasks,
    builtin_chat: Chat,
    logs_failures_quietly: bool,
    state: Mutex<State>,
}

/// What is known of the outbox in memory only.
#[derive(Default)]
struct State {
    /// When each channel was last posted in, to keep the pause that its service asks for.
    paces: HashMap<Address, Instant>,
    /// How many messages of each account are being sent.
    sending: BTreeMap<AccountName, u32>,
    /// The messages that are being looked up, with their accounts.
    looked_up: HashSet<(AccountName, DeliveryKey)>,
    /// Why the store cannot be written, while it cannot.
    store_error: Option<String>,
}

impl Deliverer {
    /// `logs_failures_quietly` is true where whoever holds the store says itself how its message got on: it is not warned of
    /// then.
    pub(crate) fn new(
        store: Store,
        live: ConfigHandle,
        tasks: Tasks,
        builtin_chat: Chat,
        logs_failures_quietly: bool,
    ) -> Self {
        let state = Mutex::default();
        Self { inner: Arc::new(Inner { store, live, tasks, builtin_chat, logs_failures_quietly, state }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chat of an account, or why there is none.
    pub(crate) fn chat(&self, account: &AccountName) -> Result<Chat, ChatUnavailable> {
        accounts::chat(&self.inner.live.now().accounts, &self.inner.builtin_chat, account)
    }

    /// Why what was sent cannot be recorded, while it cannot: nothing more is sent meanwhile.
    pub(crate) fn store_error(&self) -> Option<String> {
        self.state().store_error.clone()
    }

    /// Notes whether the store could be written. Logged where it changes: a full disk often holds the log as well.
    fn note_store<T>(&self, result: &Result<T, StoreError>) {
        let error = result.as_ref().err().map(ToString::to_string);
        let before = std::mem::replace(&mut self.state().store_error, error.clone());
        match error {
            Some(error) if before.as_ref() != Some(&error) => {
                tracing::error!(error, "the outbox cannot be written; messages wait until it can");
            }
            None if before.is_some() => tracing::info!("the outbox can be written again"),
            _ => {}
        }
    }
}

/// Runs its last act when it is dropped, however its task ends.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Delivers until `stop`. What is being sent then is finished; the store remembers what is not.
pub(crate) async fn run(deliverer: Deliverer, stop: CancellationToken) {
    let mut changed = deliverer.inner.store.changed();
    loop {
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
        }
        tokio::time::sleep_until(looked + LOOK_EVERY).await;
    }
}

/// Starts whatever is due, each in a task of its own; gives the wait until the next is.
async fn start_due(deliverer: &Deliverer) -> Result<Option<Duration>, StoreError> {
    let now = Timestamp::now();
    let Some(next) = deliverer.inner.store.next_delivery_at(now).await? else { return Ok(None) };
    if next > now {
        return Ok(Some(Duration::try_from(next.duration_since(now)).unwrap_or_default()));
    }
    let out = deliverer.state().sending.clone();
    for delivery in deliverer.inner.store.claim(now, SENT_AT_ONCE, out).await? {
        let task = deliverer.clone();
        *deliverer.state().sending.entry(delivery.to.account.clone()).or_default() += 1;
        deliverer.inner.tasks.spawn("posting a message", async move {
            let account = delivery.to.account.clone();
            let _sent = OnDrop(|| release(&mut task.state().sending, &account));
            let claimed = Delivery::clone(&delivery);
            let attempt = unbroken(send(&task, delivery), |error| broken(error, &claimed)).await;
            record(&task, &claimed, attempt).await;
        });
    }
    // Those that are being looked up already are among them.
    for delivery in deliverer.inner.store.unknown_deliveries(now, 4 * LOOKED_UP_AT_ONCE).await? {
        if !begin_look_up(&mut deliverer.state().looked_up, &delivery) {
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
    Ok(None)
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
        // It has been said.
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
