//! The outbox at work: what is to be posted is posted, in order for each channel, and what may have arrived is looked
//! up before it is sent again. The only place that calls a chat service to post.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callboard_domain::{
    chat::{Address, ChatService, Limits, Posted},
    error::ServiceError,
};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Engine, accounts, sleep_for,
    store::{Attempt, Delivery, StoreError},
};

/// The shortest time between two looks at what is due: while much is taken in, most changes are of something else.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How many are sent at once, each to a channel of its own.
const AT_ONCE: u32 = 16;
/// How long one call may take; after it the message may have arrived. Longer than the HTTP client's own limit.
const CALL_TIME: Duration = Duration::from_secs(40);
/// The wait before a message that got no answer is looked for: it may still be on its way.
const LOOK_AFTER: Duration = Duration::from_secs(10);
/// A message is looked for from this long before it was decided: clocks differ.
const CLOCK_MARGIN: Duration = Duration::from_secs(5 * 60);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// A message that could not be sent for this long is given up, until a person retries it.
const GIVE_UP: Duration = Duration::from_secs(24 * 60 * 60);
/// How long one that no service can look up waits for a person.
const FOR_A_PERSON: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// When each channel was last posted in, to keep the pause that its service asks for.
type Paces = Arc<Mutex<HashMap<Address, Instant>>>;

/// Delivers until `stop`. What is being sent then is finished; the store remembers what is not.
pub(crate) async fn run(engine: Engine, stop: CancellationToken) {
    let mut changed = engine.store().changed();
    let paces = Paces::default();
    loop {
        let looked = Instant::now();
        let wait = match start_due(&engine, &paces).await {
            Ok(wait) => wait,
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                Some(LOOK_AFTER)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep_for(wait) => {}
            more = changed.changed() => if more.is_err() { return },
        }
        tokio::time::sleep_until(looked + LOOK_EVERY).await;
    }
}

/// Starts whatever is due; gives the wait until the next is.
async fn start_due(engine: &Engine, paces: &Paces) -> Result<Option<Duration>, StoreError> {
    let now = Timestamp::now();
    let Some(next) = engine.store().next_delivery_at().await? else { return Ok(None) };
    if next > now {
        return Ok(Some(Duration::try_from(next.duration_since(now)).unwrap_or_default()));
    }
    for delivery in engine.store().claim(now, AT_ONCE).await? {
        let (task, paces) = (engine.clone(), Arc::clone(paces));
        engine.spawn("posting a message", async move {
            let attempt = send(&task, &delivery, &paces).await;
            record(&task, &delivery, attempt).await;
        });
    }
    for delivery in engine.store().unknown_deliveries(now, AT_ONCE).await? {
        let attempt = look_up(engine, &delivery).await;
        record(engine, &delivery, attempt).await;
    }
    Ok(None)
}

async fn record(engine: &Engine, delivery: &Delivery, attempt: Attempt) {
    match &attempt {
        Attempt::Posted(_) | Attempt::Absent => {
            tracing::debug!(to = %delivery.to, key = %delivery.key.0, ?attempt, "delivery")
        }
        Attempt::Later(_, error) | Attempt::Unknown(_, error) | Attempt::Failed(error) => {
            tracing::warn!(to = %delivery.to, key = %delivery.key.0, %error, "a message did not arrive");
        }
    }
    if let Err(error) = engine.store().attempted(&delivery.key, attempt, Timestamp::now()).await {
        tracing::error!(%error, key = %delivery.key.0, "a delivery's state could not be recorded; it is looked up at the next start");
    }
}

async fn send(engine: &Engine, delivery: &Delivery, paces: &Paces) -> Attempt {
    let chat = match accounts::chat(&engine.live().accounts, &engine.inner.room, &delivery.to.account) {
        Ok(chat) => chat,
        Err(why) => return Attempt::Failed(ServiceError::rejected(why)),
    };
    keep_pace(paces, &delivery.to, chat.limits().pause).await;
    let called = tokio::time::timeout(CALL_TIME, call(&*chat, delivery)).await;
    let result = called.unwrap_or_else(|_| {
        Err(ServiceError::unknown(format!("no answer within {} s", CALL_TIME.as_secs())))
    });
    after_sending(result, delivery, chat.limits(), Timestamp::now())
}

async fn call(chat: &dyn ChatService, delivery: &Delivery) -> Result<Posted, ServiceError> {
    let Delivery { to, under, message, key, posted, .. } = delivery;
    match (posted, under) {
        (Some(posted), _) if chat.limits().edits => chat.edit(posted, message).await.map(|()| posted.clone()),
        // What cannot be edited is said again.
        (Some(_), _) | (None, None) => chat.post(&to.channel, message, key).await,
        (None, Some(under)) => chat.reply(under, message, key).await,
    }
}

/// Waits until the channel may be posted in again, and takes that place.
async fn keep_pace(paces: &Paces, to: &Address, pause: Duration) {
    let at = {
        let mut paces = paces.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        paces.retain(|_, last| now.duration_since(*last) < LONGEST_WAIT);
        let at = paces.get(to).map_or(now, |last| now.max(*last + pause));
        paces.insert(to.clone(), at);
        at
    };
    tokio::time::sleep_until(at).await;
}

/// What an answer means for the delivery.
fn after_sending(
    result: Result<Posted, ServiceError>,
    delivery: &Delivery,
    limits: Limits,
    now: Timestamp,
) -> Attempt {
    let error = match result {
        Ok(posted) => return Attempt::Posted(posted),
        Err(error) => error,
    };
    let is_edit = limits.edits && delivery.posted.is_some();
    match error {
        // An edit is safe to repeat.
        ServiceError::Unknown { .. } if is_edit => later(error, delivery, now),
        ServiceError::Unknown { .. } if limits.finds => Attempt::Unknown(now + LOOK_AFTER, error),
        ServiceError::Unknown { .. } => Attempt::Unknown(now + FOR_A_PERSON, error),
        error if error.may_retry() => later(error, delivery, now),
        error => Attempt::Failed(error),
    }
}

fn later(error: ServiceError, delivery: &Delivery, now: Timestamp) -> Attempt {
    if now.duration_since(delivery.created_at).unsigned_abs() > GIVE_UP {
        return Attempt::Failed(error);
    }
    let doubled = Duration::from_secs(1 << delivery.attempts.min(10)).min(LONGEST_WAIT);
    let wait = match &error {
        ServiceError::RateLimited { retry_after, .. } => (*retry_after).max(Duration::from_secs(1)),
        _ => doubled,
    };
    Attempt::Later(now + wait, error)
}

async fn look_up(engine: &Engine, delivery: &Delivery) -> Attempt {
    let unknown = |wait: Duration, error| Attempt::Unknown(Timestamp::now() + wait, error);
    let chat = match accounts::chat(&engine.live().accounts, &engine.inner.room, &delivery.to.account) {
        Ok(chat) => chat,
        Err(why) => return unknown(LONGEST_WAIT, ServiceError::rejected(why)),
    };
    if !chat.limits().finds {
        let error = delivery.error.clone().unwrap_or_else(|| ServiceError::unknown("no answer"));
        return unknown(FOR_A_PERSON, error);
    }
    let since = delivery.created_at - CLOCK_MARGIN;
    let found = chat.find(&delivery.to.channel, delivery.under.as_ref(), &delivery.key, since);
    match tokio::time::timeout(CALL_TIME, found).await {
        Ok(Ok(Some(posted))) => Attempt::Posted(posted),
        Ok(Ok(None)) => Attempt::Absent,
        Ok(Err(ServiceError::RateLimited { why, retry_after })) => {
            unknown(retry_after, ServiceError::RateLimited { why, retry_after })
        }
        Ok(Err(error)) if error.may_retry() => unknown(LOOK_AFTER * 3, error),
        // The credential may post but not read: a person can mend that, or look.
        Ok(Err(error)) => unknown(LONGEST_WAIT, error),
        Err(_) => unknown(LOOK_AFTER * 3, ServiceError::unknown("it could not be looked up: no answer")),
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        chat::DeliveryKey,
        message::{Message, Tone},
    };

    use super::*;
    use crate::store::{About, DeliveryState};

    fn delivery(posted: bool, attempts: u32) -> Delivery {
        Delivery {
            key: DeliveryKey("k".into()),
            about: About::Nothing,
            to: "chat:#deploys".parse().unwrap(),
            under: None,
            message: Message::new(Tone::Good, "done"),
            state: DeliveryState::Sending,
            attempts,
            next_at: at(0),
            posted: posted.then(|| Posted { channel: "C1".into(), id: "1.2".into(), link: None }),
            error: None,
            created_at: at(0),
        }
    }

    fn limits(able: bool) -> Limits {
        Limits { max_chars: 100, pause: Duration::ZERO, edits: able, finds: able }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_an_answer_means() {
        let unknown = ServiceError::unknown("lost");
        let down = ServiceError::unavailable("down");
        let no = ServiceError::rejected("no");
        let auth = ServiceError::auth("no");
        let limited = ServiceError::RateLimited { why: "slow".into(), retry_after: Duration::from_secs(30) };
        let day = i64::try_from(GIVE_UP.as_secs()).unwrap();
        // error, was posted before, service finds, attempts, now -> what is recorded
        let cases = [
            (&unknown, false, true, 1, 100, Attempt::Unknown(at(110), unknown.clone())),
            (&unknown, false, false, 1, 0, Attempt::Unknown(at(0) + FOR_A_PERSON, unknown.clone())),
            (&unknown, true, true, 1, 100, Attempt::Later(at(102), unknown.clone())),
            // What cannot be edited was said again: that is as unknown as a first post.
            (&unknown, true, false, 1, 0, Attempt::Unknown(at(0) + FOR_A_PERSON, unknown.clone())),
            (&down, false, true, 3, 100, Attempt::Later(at(108), down.clone())),
            (&down, false, true, 99, 100, Attempt::Later(at(1_000), down.clone())),
            (&down, false, true, 99, day + 1, Attempt::Failed(down.clone())),
            (&limited, false, true, 1, 100, Attempt::Later(at(130), limited.clone())),
            (&no, false, true, 1, 100, Attempt::Failed(no.clone())),
            (&auth, true, true, 1, 100, Attempt::Failed(auth.clone())),
        ];
        for (error, posted, finds, attempts, now, expected) in cases {
            let delivery = delivery(posted, attempts);
            assert_eq!(
                after_sending(Err(error.clone()), &delivery, limits(finds), at(now)),
                expected,
                "{error:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_channel_keeps_its_pause_and_others_do_not_wait() {
        let (paces, began) = (Paces::default(), Instant::now());
        let (one, other) = ("chat:#a".parse().unwrap(), "chat:#b".parse().unwrap());
        let pause = Duration::from_secs(1);
        keep_pace(&paces, &one, pause).await;
        keep_pace(&paces, &one, pause).await;
        assert_eq!(began.elapsed(), pause);
        keep_pace(&paces, &other, pause).await;
        assert_eq!(began.elapsed(), pause);
    }
}
