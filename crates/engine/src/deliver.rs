//! The outbox at work: what is to be posted is posted, in order for each channel, and what may have arrived is looked
//! up before it is sent again. The only place that calls a chat service to post.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_domain::{
    chat::{Address, ChatService, DeliveryKey, Edited, Limits, Posted},
    error::ServiceError,
    item::AccountName,
};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Engine,
    accounts::{self, NoChat},
    sleep_for,
    store::{About, Attempt, Delivery, Edits, LONGEST_WAIT, StoreError},
    supervise::catch_panic,
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
/// A message is looked for from this long before it was decided: clocks differ.
const CLOCK_MARGIN: Duration = Duration::from_secs(5 * 60);
/// A message that could not be sent for this long, and this often, is given up until a person retries it.
const GIVE_UP: Duration = Duration::from_secs(24 * 60 * 60);
const GIVE_UP_TRIES: u32 = 20;
/// A message whose sending breaks inside Callboard this often is given up until a person retries it.
const GIVE_UP_BROKEN: u32 = 3;
/// The wait of a message whose account's secrets cannot be read now.
const WAIT_FOR_SECRETS: Duration = Duration::from_secs(30);
/// The waits between two tries to record an attempt, where the store cannot be written.
const RECORD_AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// What is known of the outbox in memory only.
#[derive(Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
}

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

impl Outbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
pub(crate) async fn run(engine: Engine, stop: CancellationToken) {
    let mut changed = engine.store().changed();
    loop {
        let looked = Instant::now();
        let started = start_due(&engine).await;
        engine.inner.outbox.note_store(&started);
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
async fn start_due(engine: &Engine) -> Result<Option<Duration>, StoreError> {
    let now = Timestamp::now();
    let Some(next) = engine.store().next_delivery_at(now).await? else { return Ok(None) };
    if next > now {
        return Ok(Some(Duration::try_from(next.duration_since(now)).unwrap_or_default()));
    }
    let out = engine.inner.outbox.state().sending.clone();
    for delivery in engine.store().claim(now, SENT_AT_ONCE, out).await? {
        let (engine, task) = (engine.clone(), engine.clone());
        *engine.inner.outbox.state().sending.entry(delivery.to.account.clone()).or_default() += 1;
        engine.spawn("posting a message", async move {
            let account = delivery.to.account.clone();
            let _sent = OnDrop(|| release(&mut task.inner.outbox.state().sending, &account));
            let attempt = unbroken(send(&task, &delivery), |error| broken(error, &delivery)).await;
            record(&task, &delivery, attempt).await;
        });
    }
    // Those that are being looked up already are among them.
    for delivery in engine.store().unknown_deliveries(now, 4 * LOOKED_UP_AT_ONCE).await? {
        if !begin_look_up(&mut engine.inner.outbox.state().looked_up, &delivery) {
            continue;
        }
        let task = engine.clone();
        engine.spawn("looking up a message", async move {
            let entry = (delivery.to.account.clone(), delivery.key.clone());
            let _looked_up = OnDrop(|| {
                task.inner.outbox.state().looked_up.remove(&entry);
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

/// A sending that broke may have arrived. One that breaks each time is given up.
fn broken(error: ServiceError, delivery: &Delivery) -> Attempt {
    match delivery.attempts >= GIVE_UP_BROKEN {
        true => Attempt::Failed(error),
        false => Attempt::Unknown(Timestamp::now() + LOOK_AFTER, error),
    }
}

/// Records how an attempt went. Where the store cannot be written it is kept and tried again: forgotten, the message
/// would count as being sent until the next start, and hold up its channel.
async fn record(engine: &Engine, delivery: &Delivery, attempt: Attempt) {
    match &attempt {
        Attempt::Posted(_) | Attempt::Absent | Attempt::Skipped => {
            tracing::debug!(to = %delivery.to, key = %delivery.key.0, ?attempt, "delivery")
        }
        Attempt::Closed(_) => {
            tracing::info!(to = %delivery.to, key = %delivery.key.0, "a message cannot be edited any more and is posted anew");
        }
        // It has been said.
        Attempt::Later(_, error) | Attempt::Unknown(_, error) if delivery.error.as_ref() == Some(error) => {
            tracing::debug!(to = %delivery.to, key = %delivery.key.0, %error, "a message did not arrive");
        }
        Attempt::Later(_, error) | Attempt::Unknown(_, error) | Attempt::Failed(error) => {
            tracing::warn!(to = %delivery.to, key = %delivery.key.0, %error, "a message did not arrive");
        }
    }
    let stop = engine.stopping();
    let [mut wait, longest] = RECORD_AGAIN;
    loop {
        let recorded = engine.store().attempted(&delivery.key, attempt.clone(), Timestamp::now()).await;
        engine.inner.outbox.note_store(&recorded);
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

/// How a delivery gets to where it is wanted.
#[derive(Debug, PartialEq)]
enum Way<'d> {
    /// As a message of its own in the channel.
    Post,
    /// As a message under this one.
    Reply(&'d Posted),
    /// By an edit of this one.
    Edit(&'d Posted),
    /// Not at all: what stands there is enough until the next revision.
    Skip,
    /// What stands there is no longer to be edited, which is recorded before anything is posted anew: after a crash an
    /// edit is repeated, and a post is looked up.
    Close,
}

/// `progress` is true where the message is about something that has not ended.
fn way(delivery: &Delivery, limits: Limits, progress: bool) -> Way<'_> {
    let anew = match &delivery.under {
        Some(under) if limits.edits => Way::Reply(under),
        _ => Way::Post,
    };
    match &delivery.posted {
        None => anew,
        Some(posted) if limits.edits && !posted.id.is_empty() && delivery.edits == Edits::Open => {
            Way::Edit(posted)
        }
        // Each step posted anew would flood the channel.
        Some(_) if progress => Way::Skip,
        Some(posted) if delivery.edits == Edits::Open && !posted.id.is_empty() => Way::Close,
        Some(posted) if limits.edits && delivery.edits == Edits::Closed => Way::Reply(posted),
        Some(_) => anew,
    }
}

async fn send(engine: &Engine, delivery: &Delivery) -> Attempt {
    let chat = match accounts::chat(&engine.live().accounts, &engine.inner.room, &delivery.to.account) {
        Ok(chat) => chat,
        // Nothing is lost by waiting, however long; it is made due when the secrets can be read.
        Err(NoChat::Waiting(error)) => {
            return Attempt::Later(
                Timestamp::now() + WAIT_FOR_SECRETS,
                ServiceError::unavailable(error.to_string()),
            );
        }
        Err(NoChat::None(why)) => return Attempt::Failed(ServiceError::rejected(why)),
    };
    let limits = chat.limits();
    let progress = match &delivery.about {
        About::Run(run) if delivery.posted.is_some() => engine.store().is_under_way(run).await,
        _ => Ok(false),
    };
    let way = match progress {
        Ok(progress) => way(delivery, limits, progress),
        Err(error) => return later(ServiceError::unavailable(error.to_string()), delivery, Timestamp::now()),
    };
    match way {
        Way::Skip => return Attempt::Skipped,
        Way::Close => return Attempt::Closed(Edits::Closed),
        _ => keep_pace(&mut engine.inner.outbox.state().paces, &delivery.to, limits.pause),
    }
    .await;
    let called = tokio::time::timeout(CALL_TIME, call(&*chat, delivery, &way)).await;
    let result = called.unwrap_or_else(|_| {
        Err(ServiceError::unknown(format!("no answer within {} s", CALL_TIME.as_secs())))
    });
    after_sending(result, delivery, &way, limits, Timestamp::now())
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq)]
enum Answered {
    Posted(Posted),
    /// It was to be edited, and cannot be.
    Closed(Edits),
}

async fn call(chat: &dyn ChatService, delivery: &Delivery, way: &Way<'_>) -> Result<Answered, ServiceError> {
    let Delivery { to, message, .. } = delivery;
    let key = delivery.message_key();
    match way {
        Way::Edit(posted) => Ok(match chat.edit(posted, message).await? {
            Edited::Done => Answered::Posted((*posted).clone()),
            Edited::Refused { .. } => Answered::Closed(Edits::Closed),
            Edited::Gone { .. } => Answered::Closed(Edits::Gone),
        }),
        Way::Reply(under) => chat.reply(under, message, &key).await.map(Answered::Posted),
        Way::Post | Way::Skip | Way::Close => {
            chat.post(&to.channel, message, &key).await.map(Answered::Posted)
        }
    }
}

/// Takes the next place in which the channel may be posted in, and waits until it has come.
fn keep_pace(
    paces: &mut HashMap<Address, Instant>,
    to: &Address,
    pause: Duration,
) -> impl Future<Output = ()> + use<> {
    let now = Instant::now();
    paces.retain(|_, last| now.duration_since(*last) < LONGEST_WAIT);
    let at = paces.get(to).map_or(now, |last| now.max(*last + pause));
    paces.insert(to.clone(), at);
    tokio::time::sleep_until(at)
}

/// What an answer means for the delivery.
fn after_sending(
    result: Result<Answered, ServiceError>,
    delivery: &Delivery,
    way: &Way<'_>,
    limits: Limits,
    now: Timestamp,
) -> Attempt {
    let error = match result {
        Ok(Answered::Posted(posted)) => return Attempt::Posted(posted),
        Ok(Answered::Closed(edits)) => return Attempt::Closed(edits),
        Err(error) => error,
    };
    let is_edit = matches!(way, Way::Edit(_));
    match error {
        // An edit is safe to repeat.
        ServiceError::Unknown { .. } if is_edit => later(error, delivery, now),
        ServiceError::Unknown { .. } if limits.finds => Attempt::Unknown(now + LOOK_AFTER, error),
        // It waits for a person; the account may be changed to one that can look.
        ServiceError::Unknown { .. } => Attempt::Unknown(now + LONGEST_WAIT, error),
        // An edit that is refused is refused for good: what it was to say is posted anew.
        ServiceError::Rejected { .. } if is_edit => Attempt::Closed(Edits::Closed),
        // Nor can it stand under what it was to be an edit of.
        ServiceError::Rejected { .. } if matches!(way, Way::Reply(under) if delivery.posted.as_ref() == Some(*under)) => {
            Attempt::Closed(Edits::Gone)
        }
        error if error.may_retry() => later(error, delivery, now),
        error => Attempt::Failed(error),
    }
}

fn later(error: ServiceError, delivery: &Delivery, now: Timestamp) -> Attempt {
    // Of one that was decided while the clock was ahead, the age is not known.
    let age = Duration::try_from(now.duration_since(delivery.created_at)).unwrap_or_default();
    if age > GIVE_UP && delivery.attempts >= GIVE_UP_TRIES {
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
        Err(NoChat::Waiting(error)) => {
            return unknown(WAIT_FOR_SECRETS, ServiceError::unavailable(error.to_string()));
        }
        Err(NoChat::None(why)) => return unknown(LONGEST_WAIT, ServiceError::rejected(why)),
    };
    if !chat.limits().finds {
        let error = delivery.error.clone().unwrap_or_else(|| ServiceError::unknown("no answer"));
        return unknown(LONGEST_WAIT, error);
    }
    // What was decided while the clock was ahead has been sent before that.
    let since = delivery.created_at.min(Timestamp::now()) - CLOCK_MARGIN;
    let key = delivery.message_key();
    let way = way(delivery, chat.limits(), false);
    let under = if let Way::Reply(under) = way { Some(under) } else { None };
    let found = chat.find(&delivery.to.channel, under, &key, since);
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
    use futures::FutureExt;

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
            posted: posted.then(stands),
            edits: Edits::Open,
            sent_revision: 2,
            error: None,
            created_at: at(0),
        }
    }

    fn stands() -> Posted {
        Posted { channel: "C1".into(), id: "1.2".into(), link: None }
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
            (&unknown, false, false, 1, 0, Attempt::Unknown(at(0) + LONGEST_WAIT, unknown.clone())),
            (&unknown, true, true, 1, 100, Attempt::Later(at(102), unknown.clone())),
            // What cannot be edited was said again: that is as unknown as a first post.
            (&unknown, true, false, 1, 0, Attempt::Unknown(at(0) + LONGEST_WAIT, unknown.clone())),
            (&down, false, true, 3, 100, Attempt::Later(at(108), down.clone())),
            (&down, false, true, 99, 100, Attempt::Later(at(1_000), down.clone())),
            (&down, false, true, 99, day + 1, Attempt::Failed(down.clone())),
            // Asleep for a day, it was hardly tried; decided while the clock was ahead, it is not old.
            (&down, false, true, 3, day + 1, Attempt::Later(at(day + 9), down.clone())),
            (&down, false, true, 99, -400 * day, Attempt::Later(at(-400 * day + 900), down.clone())),
            // An edit that is refused for good is posted anew.
            (&no, true, true, 1, 100, Attempt::Closed(Edits::Closed)),
            (&limited, false, true, 1, 100, Attempt::Later(at(130), limited.clone())),
            (&no, false, true, 1, 100, Attempt::Failed(no.clone())),
            (&auth, true, true, 1, 100, Attempt::Failed(auth.clone())),
        ];
        for (error, posted, finds, attempts, now, expected) in cases {
            let delivery = delivery(posted, attempts);
            let way = match &delivery.posted {
                Some(posted) if finds => Way::Edit(posted),
                _ => Way::Post,
            };
            assert_eq!(
                after_sending(Err(error.clone()), &delivery, &way, limits(finds), at(now)),
                expected,
                "{error:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_edited_is_posted_anew_when_it_is_over() {
        let (stands, parent) = (stands(), Posted { id: "1.0".into(), ..stands() });
        let nowhere = Posted { id: String::new(), ..stands.clone() };
        let (s, n, p) = (Some(&stands), Some(&nowhere), Some(&parent));
        // stands, edits, in a thread, the chat edits, under way -> way
        let cases = [
            (None, Edits::Open, None, true, true, Way::Post),
            (None, Edits::Open, p, true, false, Way::Reply(&parent)),
            (None, Edits::Open, p, false, false, Way::Post),
            (s, Edits::Open, None, true, true, Way::Edit(&stands)),
            (s, Edits::Open, None, true, false, Way::Edit(&stands)),
            (s, Edits::Closed, None, true, true, Way::Skip),
            (s, Edits::Closed, None, true, false, Way::Reply(&stands)),
            (s, Edits::Gone, None, true, true, Way::Skip),
            (s, Edits::Gone, None, true, false, Way::Post),
            (s, Edits::Gone, p, true, false, Way::Reply(&parent)),
            (s, Edits::Open, None, false, true, Way::Skip),
            (s, Edits::Open, None, false, false, Way::Close),
            (s, Edits::Closed, None, false, false, Way::Post),
            (n, Edits::Open, None, false, true, Way::Skip),
            (n, Edits::Open, None, false, false, Way::Post),
            (n, Edits::Open, None, true, false, Way::Post),
        ];
        for (posted, edits, under, able, progress, expected) in cases {
            let delivery =
                Delivery { posted: posted.cloned(), edits, under: under.cloned(), ..delivery(false, 1) };
            assert_eq!(way(&delivery, limits(able), progress), expected, "{delivery:?}");
        }
        // Where it cannot stand under it either, it stands alone.
        let closed = Delivery { edits: Edits::Closed, ..delivery(true, 1) };
        let no = Err(ServiceError::rejected("no such thread"));
        let way = Way::Reply(closed.posted.as_ref().unwrap());
        let after = after_sending(no, &closed, &way, limits(true), at(0));
        assert_eq!(after, Attempt::Closed(Edits::Gone));
        assert_eq!(closed.message_key().0, "k.2", "the first message has the key of the delivery");
    }

    #[tokio::test]
    async fn a_sending_that_breaks_is_unknown_and_then_given_up() {
        let breaks = || async { panic!("a renderer") };
        let kinds: Vec<&str> = [1, 2, 3]
            .map(|attempts| {
                let delivery = delivery(false, attempts);
                let attempt = unbroken(breaks(), |error| broken(error, &delivery)).now_or_never().unwrap();
                match attempt {
                    Attempt::Unknown(..) => "unknown",
                    Attempt::Failed(_) => "failed",
                    _ => "other",
                }
            })
            .to_vec();
        assert_eq!(kinds, ["unknown", "unknown", "failed"]);
    }

    #[test]
    fn an_account_is_looked_up_in_a_few_times_at_once_and_holds_up_no_other() {
        let mut looked_up = HashSet::new();
        let of = |key: &str, to: &str| Delivery {
            key: DeliveryKey(key.into()),
            to: to.parse().unwrap(),
            ..delivery(false, 1)
        };
        let begun = [("1", "a:#x"), ("1", "a:#x"), ("2", "a:#y"), ("3", "a:#z"), ("4", "b:#x")]
            .map(|(key, to)| begin_look_up(&mut looked_up, &of(key, to)));
        assert_eq!(begun, [true, false, true, false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_channel_keeps_its_pause_and_others_do_not_wait() {
        let (mut paces, began) = (HashMap::new(), Instant::now());
        let (one, other) = ("chat:#a".parse().unwrap(), "chat:#b".parse().unwrap());
        let pause = Duration::from_secs(1);
        keep_pace(&mut paces, &one, pause).await;
        keep_pace(&mut paces, &one, pause).await;
        assert_eq!(began.elapsed(), pause);
        keep_pace(&mut paces, &other, pause).await;
        assert_eq!(began.elapsed(), pause);
    }
}
