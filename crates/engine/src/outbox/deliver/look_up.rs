//! Looking for a message that may have arrived.

use std::time::Duration;

use callboard_domain::error::ServiceError;
use jiff::Timestamp;

use super::{
    deliverer::Deliverer,
    limits::{CALL_TIME, LOOK_AFTER, WAIT_FOR_ACCOUNT},
    way::{Way, way},
};
use crate::{
    accounts::ChatUnavailable,
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
    if !chat.limits().finds {
        let error = delivery.error.clone().unwrap_or_else(|| ServiceError::unknown("no answer"));
        return match chat.limits().idempotent {
            // To send it again with its key does no harm.
            true => Attempt::Later(Timestamp::now(), error),
            false => unknown(LONGEST_WAIT, error),
        };
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
