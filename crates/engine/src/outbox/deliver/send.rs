//! Sending one message, and what the answer means for it.

use std::{collections::HashMap, future::Future, time::Duration};

use callboard_domain::{
    chat::{Address, ChatService, Edited, Limits, Posted},
    error::ServiceError,
    message::Message,
};
use jiff::{Timestamp, tz::TimeZone};
use tokio::time::Instant;

use super::{
    deliverer::Deliverer,
    limits::{CALL_TIME, WAIT_FOR_ACCOUNT},
    look_up::{Found, look_for},
    method::{DeliveryMethod, delivery_method},
};
use crate::{
    accounts::{Chat, ChatUnavailable},
    api::MootReason,
    outbox::compose::{Moot, compose, compose_run},
    store::{
        About, Attempt, Claimed, Delivery, Edits, LONGEST_WAIT, LOOK_AFTER, PreparedDelivery, Store,
        StoreError,
    },
};

/// A message that could not be sent for this long, and this often, is given up until a person retries it.
pub(super) const GIVE_UP: Duration = Duration::from_secs(24 * 60 * 60);
const GIVE_UP_TRIES: u32 = 20;
/// A message whose sending breaks inside Callboard this often is given up until a person retries it.
const GIVE_UP_BROKEN: u32 = 3;

/// A sending that broke may have arrived. One that breaks each time is given up.
pub(super) fn broken(error: ServiceError, delivery: &Delivery) -> Attempt {
    match delivery.attempts >= GIVE_UP_BROKEN {
        true => Attempt::Failed(error),
        false => Attempt::Unknown(Timestamp::now() + LOOK_AFTER, error),
    }
}

pub(super) async fn send(deliverer: &Deliverer, delivery: Claimed) -> Attempt {
    let chat = match deliverer.chat(&delivery.to.account) {
        Ok(chat) => chat,
        // The configuration was changed since it was claimed. Nothing is lost by waiting, however long.
        Err(ChatUnavailable::Waiting(why)) => {
            let error = delivery.error.clone().unwrap_or_else(|| ServiceError::unavailable(why));
            return Attempt::Later(Timestamp::now() + WAIT_FOR_ACCOUNT, error);
        }
        Err(ChatUnavailable::None(why)) => return Attempt::Failed(ServiceError::rejected(why)),
    };
    let limits = chat.limits();
    let claimed = Delivery::clone(&delivery);
    let unreadable = |error: StoreError| {
        // That it may have arrived is not forgotten for that.
        let unknown = claimed.error.clone().filter(|_| claimed.may_have_arrived());
        let error = unknown.unwrap_or_else(|| ServiceError::unavailable(error.to_string()));
        later(error, &claimed, Timestamp::now())
    };
    let delivery = match looked_for(&deliverer.inner.store, &chat, delivery).await {
        Ok(Ok(delivery)) => delivery,
        Ok(Err(attempt)) => return attempt,
        Err(error) => return unreadable(error),
    };
    let delivery = match ready(&deliverer.inner.store, delivery, Timestamp::now()).await {
        Ok(Ok(delivery)) => delivery,
        Ok(Err(attempt)) => return attempt,
        Err(error) => return unreadable(error),
    };
    let delivery = &delivery;
    let progress = match &delivery.about {
        About::Run(_) if delivery.own_has_arrived() => Ok(true),
        About::Run(run) if delivery.posted.is_some() => deliverer.inner.store.is_under_way(run).await,
        _ => Ok(delivery.at_send),
    };
    let method = match progress {
        Ok(progress) => delivery_method(delivery, limits, progress),
        Err(error) => return unreadable(error),
    };
    match method {
        DeliveryMethod::Skip => return Attempt::Skipped,
        DeliveryMethod::Close => return Attempt::Closed(Edits::Closed),
        _ => keep_pace(&mut deliverer.state().paces, &delivery.to, limits.pause),
    }
    .await;
    let called = tokio::time::timeout(CALL_TIME, call(chat.posting(delivery), delivery, &method)).await;
    let result = called.unwrap_or_else(|_| {
        Err(ServiceError::unknown(format!("no answer within {} s", CALL_TIME.as_secs())))
    });
    deliverer.note_answer(&delivery.to.account, result.as_ref().err()).await;
    after_sending(result, delivery, &method, limits, Timestamp::now())
}

/// A delivery that a person has retried is looked up first, where it may have arrived. Returns it where it is to be sent;
/// else the result of the search. Where the channel cannot be searched it is sent: the person was asked to look.
pub(super) async fn looked_for(
    store: &Store,
    chat: &Chat,
    delivery: Claimed,
) -> Result<Result<Claimed, Attempt>, StoreError> {
    if !delivery.may_have_arrived() {
        return Ok(Ok(delivery));
    }
    let attempt = match look_for(chat, &delivery).await {
        Found::There(posted) => Attempt::Posted(posted),
        // It is claimed again with that knowledge.
        Found::Absent => Attempt::Absent,
        Found::NotKnown(wait, error) => Attempt::Unknown(Timestamp::now() + wait, error),
        Found::NotSearchable(_) => return store.send_anyway(delivery).await.map(Ok),
    };
    Ok(Err(attempt))
}

/// A delivery as it is to be sent, recorded as such: an event is put into words now, and to what a run says, what has become
/// of its item is added. Where it is not to be sent, why not.
pub(super) async fn ready(
    store: &Store,
    mut delivery: Claimed,
    now: Timestamp,
) -> Result<Result<Claimed, Attempt>, StoreError> {
    // What becomes of an item is an edit or nothing.
    if (delivery.at_send || delivery.own_has_arrived())
        && delivery.posted.is_some()
        && !delivery.is_editable()
    {
        return Ok(Err(Attempt::Skipped));
    }
    if !delivery.at_send {
        let prepared = match store.after_run(&delivery).await? {
            Some(after) => compose_run(&delivery, &after, now, &TimeZone::system()),
            None => PreparedDelivery::default(),
        };
        if delivery.own_has_arrived() && says_all(&delivery, &prepared) {
            return Ok(Err(Attempt::Skipped));
        }
        if prepared.message.is_none() && delivery.root.is_none() {
            return Ok(Ok(delivery));
        }
        return store.prepare(delivery, prepared, now).await.map(Ok);
    }
    let prepared = loop {
        let news = store.news(&delivery, now).await?;
        let is_alone = news.len() <= 1;
        match compose(news, delivery.posted.is_some(), now, &TimeZone::system()) {
            Ok(prepared) if prepared.moot.is_empty() => break prepared,
            // An end goes with the beginning that is over: what is left is read anew.
            Ok(PreparedDelivery { moot, .. }) => {
                let over = PreparedDelivery { moot, ..PreparedDelivery::default() };
                delivery = store.prepare(delivery, over, now).await?;
            }
            Err(Moot { reason, others }) => {
                let attempt = moot(reason, delivery.error.clone(), now);
                if !is_alone {
                    store.release(delivery, others, now).await?;
                }
                return Ok(Err(attempt));
            }
        }
    };
    if says_all(&delivery, &prepared) {
        return Ok(Err(Attempt::Skipped));
    }
    store.prepare(delivery, prepared, now).await.map(Ok)
}

/// True where what stands there says all that it would, unless the last edit failed: it may have arrived all the same.
fn says_all(delivery: &Delivery, prepared: &PreparedDelivery) -> bool {
    let is_the_same = |message: &Message| delivery.error.is_none() && *message == delivery.message;
    delivery.posted.is_some() && prepared.message.as_ref().is_none_or(is_the_same)
}

/// A moot delivery is not sent. A delivery whose last sending may have arrived is not reported as "not posted":
/// it may be in the channel.
fn moot(reason: MootReason, error: Option<ServiceError>, now: Timestamp) -> Attempt {
    match error {
        Some(error @ ServiceError::Unknown { .. }) => Attempt::Unknown(now + LONGEST_WAIT, error),
        _ => Attempt::Moot(reason),
    }
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answered {
    Posted(Posted),
    /// It was to be edited, and cannot be.
    Refused {
        edits: Edits,
        why: String,
    },
}

async fn call(
    chat: &dyn ChatService,
    delivery: &Delivery,
    method: &DeliveryMethod<'_>,
) -> Result<Answered, ServiceError> {
    let Delivery { to, message, .. } = delivery;
    let key = delivery.message_key();
    match method {
        DeliveryMethod::Edit(posted) => Ok(match chat.edit(posted, message).await? {
            Edited::Done => Answered::Posted((*posted).clone()),
            Edited::Refused { why } => Answered::Refused { edits: Edits::Closed, why },
            Edited::Gone { why } => Answered::Refused { edits: Edits::Gone, why },
        }),
        DeliveryMethod::Reply(under) => chat.reply(under, message, &key).await.map(Answered::Posted),
        DeliveryMethod::Post | DeliveryMethod::Skip | DeliveryMethod::Close => {
            chat.post(&to.channel, message, &key).await.map(Answered::Posted)
        }
    }
}

/// Takes the next place in which the channel may be posted in, and waits until it has come.
pub(super) fn keep_pace(
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
pub(super) fn after_sending(
    result: Result<Answered, ServiceError>,
    delivery: &Delivery,
    method: &DeliveryMethod<'_>,
    limits: Limits,
    now: Timestamp,
) -> Attempt {
    let error = match result {
        Ok(Answered::Posted(posted)) => return Attempt::Posted(posted),
        Ok(Answered::Refused { edits, why }) => return Attempt::Refused { edits, why },
        Err(error) => error,
    };
    let is_edit = matches!(method, DeliveryMethod::Edit(_));
    match error {
        // An edit does no harm twice.
        ServiceError::Unknown { .. } if is_edit => later(error, delivery, now),
        ServiceError::Unknown { .. } if limits.finds => Attempt::Unknown(now + LOOK_AFTER, error),
        // Nor does a post that is known by its key.
        ServiceError::Unknown { .. } if limits.idempotent => later(error, delivery, now),
        // It waits for a person; the account may be changed to one that can look.
        ServiceError::Unknown { .. } => Attempt::Unknown(now + LONGEST_WAIT, error),
        // An edit that is refused is refused for good: its text is posted as a new message.
        ServiceError::Rejected { why } if is_edit => Attempt::Refused { edits: Edits::Closed, why },
        // Nor can it stand under what it was to be an edit of.
        ServiceError::Rejected { .. } if matches!(method, DeliveryMethod::Reply(under) if delivery.posted.as_ref() == Some(*under)) => {
            Attempt::Closed(Edits::Gone)
        }
        // The thread may be gone, or closed: it is worth a message of its own.
        ServiceError::Rejected { .. } if matches!(method, DeliveryMethod::Reply(_)) => Attempt::NoThread,
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
