//! How a delivery reaches its channel: as a message, a reply or an edit, and when a message that is already there is
//! posted as a new message.

use callboard_domain::chat::{Limits, Posted};

use crate::store::{Delivery, Edits};

/// How a delivery reaches its channel.
#[derive(Debug, PartialEq)]
pub(super) enum DeliveryMethod<'d> {
    /// As a message of its own in the channel.
    Post,
    /// As a message under this one.
    Reply(&'d Posted),
    /// By an edit of this one.
    Edit(&'d Posted),
    /// Not at all: the message that is there is enough until the next revision.
    Skip,
    /// The message that is there can no longer be edited, which is recorded before anything is posted as a new message: after a crash an
    /// edit is repeated, and a post is looked up.
    Close,
}

/// `progress` is true where the next revision is worth no message of its own: that of a run under way, or of an event or a run
/// whose item has changed since, which its thread reports.
pub(super) fn delivery_method(delivery: &Delivery, limits: Limits, progress: bool) -> DeliveryMethod<'_> {
    let anew = match &delivery.under {
        Some(under) if limits.threads => DeliveryMethod::Reply(under),
        _ => DeliveryMethod::Post,
    };
    match &delivery.posted {
        None => anew,
        Some(posted) if limits.edits && delivery.is_editable() => DeliveryMethod::Edit(posted),
        // A new message for each step would flood the channel.
        Some(_) if progress => DeliveryMethod::Skip,
        Some(_) if delivery.is_editable() => DeliveryMethod::Close,
        // In the thread where it stands, or under it: no chat has threads within threads.
        Some(posted) if limits.threads && delivery.edits == Edits::Closed => {
            DeliveryMethod::Reply(delivery.under.as_ref().unwrap_or(posted))
        }
        Some(_) => anew,
    }
}
