//! Looking for a message that may have arrived.

use std::time::Duration;

use callboard_domain::{chat::Posted, error::ServiceError};
use jiff::Timestamp;

use super::{
    deliverer::Deliverer,
    limits::{CALL_TIME, LOOK_AGAIN_AFTER, WAIT_FOR_ACCOUNT},
    method::{DeliveryMethod, delivery_method},
};
use crate::{
    accounts::{Chat, ChatUnavailable},
    store::{Attempt, Delivery, LONGEST_WAIT},
};

/// A message is looked for from this long before it was decided: clocks differ.
const CLOCK_MARGIN: Duration = Duration::from_secs(5 * 60);

pub(super) async fn look_up(deliverer: &Deliverer, delivery: &Delivery) -> Attempt {
    let unknown = |wait: Duration, error| Attempt::Unknown(Timestamp::now() + wait, error);
    let chat = match deliverer.chat(&delivery.to.account) {
        Ok(chat) => chat,
        Err(ChatUnavailable::Waiting(why)) => {
            // That it may have arrived is not forgotten for that.
            let error = delivery.error.clone().unwrap_or_else(|| ServiceError::unknown(why));
            return unknown(WAIT_FOR_ACCOUNT, error);
        }
        Err(ChatUnavailable::None(why)) => return unknown(LONGEST_WAIT, ServiceError::rejected(why)),
    };
    let found = look_for(&chat, delivery).await;
    // That it can be read does not say that it takes messages, nor the other way round.
    if let Found::NotKnown(_, error @ (ServiceError::Unavailable { .. } | ServiceError::Unknown { .. })) =
        &found
    {
        deliverer.note_answer(&delivery.to.account, Some(error)).await;
    }
    match found {
        Found::There(posted) => Attempt::Posted(posted),
        Found::Absent => Attempt::Absent,
        Found::NotKnown(wait, error) => unknown(wait, error),
        // To send it again with its key does no harm.
        Found::NotSearchable(error) if chat.limits().idempotent => Attempt::Later(Timestamp::now(), error),
        // A person can mend that, or look.
        Found::NotSearchable(error) => unknown(LONGEST_WAIT, error),
    }
}

/// The result of a search for a message.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    There(Posted),
    /// It is surely not there.
    Absent,
    /// It was not found, but the search got no response, or an incomplete one. It is looked for again after this time.
    NotKnown(Duration, ServiceError),
    /// Its channel cannot be searched: the chat cannot, or the account may post there and not look.
    NotSearchable(ServiceError),
}

/// Looks for a message as it was last sent.
pub(super) async fn look_for(chat: &Chat, delivery: &Delivery) -> Found {
    if !chat.limits().finds {
        let error = delivery.error.clone().unwrap_or_else(|| ServiceError::unknown("no answer"));
        return Found::NotSearchable(error);
    }
    // What was decided while the clock was ahead has been sent before that.
    let since = delivery.created_at.min(Timestamp::now()) - CLOCK_MARGIN;
    let key = delivery.message_key();
    let method = delivery_method(delivery, chat.limits(), false);
    let under = if let DeliveryMethod::Reply(under) = method { Some(under) } else { None };
    let found = chat.find(&delivery.to.channel, under, &key, since);
    match tokio::time::timeout(CALL_TIME, found).await {
        Ok(Ok(Some(posted))) => Found::There(posted),
        Ok(Ok(None)) => Found::Absent,
        Ok(Err(ServiceError::RateLimited { why, retry_after })) => {
            Found::NotKnown(retry_after, ServiceError::RateLimited { why, retry_after })
        }
        Ok(Err(error)) if error.may_retry() => Found::NotKnown(LOOK_AGAIN_AFTER, error),
        Ok(Err(error @ ServiceError::Unknown { .. })) => Found::NotKnown(LONGEST_WAIT, error),
        Ok(Err(error)) => Found::NotSearchable(error),
        Err(_) => {
            Found::NotKnown(LOOK_AGAIN_AFTER, ServiceError::unknown("it could not be looked up: no answer"))
        }
    }
}
