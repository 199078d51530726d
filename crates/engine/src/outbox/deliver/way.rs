//! How a delivery gets to where it is wanted: as a message, a reply or an edit, and when what stands there already is
//! posted anew.

use callboard_domain::chat::{Limits, Posted};

use crate::store::{Delivery, Edits};

/// How a delivery gets to where it is wanted.
#[derive(Debug, PartialEq)]
pub(super) enum Way<'d> {
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

/// `progress` is true where the next revision is worth no message of its own: of a run that has not ended, or of an event
/// whose item has gone on, which its thread tells.
pub(super) fn way(delivery: &Delivery, limits: Limits, progress: bool) -> Way<'_> {
    let anew = match &delivery.under {
        Some(under) if limits.threads => Way::Reply(under),
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
        // In the thread where it stands, or under it: no chat has threads within threads.
        Some(posted) if limits.threads && delivery.edits == Edits::Closed => {
            Way::Reply(delivery.under.as_ref().unwrap_or(posted))
        }
        Some(_) => anew,
    }
}
