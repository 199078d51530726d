//! What is left of a message: the message itself, or an edit of what is in its channel.

use crate::store::{Delivery, DeliveryState};

/// True where an earlier form of a delivery is in its channel, and what is left to be sent is an edit of that.
pub(crate) fn is_edit(delivery: &Delivery) -> bool {
    let is_open = match delivery.state {
        DeliveryState::Pending | DeliveryState::Sending | DeliveryState::Unknown | DeliveryState::Failed => {
            true
        }
        DeliveryState::Posted | DeliveryState::Moot | DeliveryState::Digested => false,
    };
    is_open && delivery.is_editable()
}

#[cfg(test)]
pub(crate) mod tests {
    use callboard_domain::{
        chat::{DeliveryKey, Posted},
        message::{Message, Tone},
    };
    use jiff::Timestamp;

    use super::*;
    use crate::store::{About, Edits};

    /// A delivery in that state, of which that message is in the channel.
    pub(crate) fn delivery(state: DeliveryState, posted: Option<&str>, edits: Edits) -> Delivery {
        Delivery {
            key: DeliveryKey("1".to_owned()),
            about: About::Nothing,
            to: "chat:#ops".parse().unwrap(),
            root: None,
            under: None,
            message: Message::new(Tone::Neutral, "hello"),
            own: None,
            at_send: false,
            state,
            attempts: 0,
            next_at: Timestamp::UNIX_EPOCH,
            posted: posted.map(|id| Posted { channel: "C1".to_owned(), id: id.to_owned(), link: None }),
            edits,
            edit_refused: None,
            sent_revision: 1,
            error: None,
            moot: None,
            digest: None,
            created_at: Timestamp::UNIX_EPOCH,
            actor: None,
        }
    }

    #[test]
    fn what_waits_of_a_message_that_has_arrived_is_an_edit() {
        use DeliveryState as S;
        // its state, the message that is in the channel, whether that can be edited -> whether an edit waits
        let cases = [
            (S::Pending, None, Edits::Open, false),
            (S::Pending, Some("17.1"), Edits::Open, true),
            (S::Sending, Some("17.1"), Edits::Open, true),
            (S::Failed, Some("17.1"), Edits::Open, true),
            (S::Posted, Some("17.1"), Edits::Open, false),
            (S::Moot, Some("17.1"), Edits::Open, false),
            // What comes next is a message of its own.
            (S::Pending, Some("17.1"), Edits::Closed, false),
            (S::Pending, Some("17.1"), Edits::Gone, false),
            (S::Pending, Some(""), Edits::Open, false),
        ];
        for (state, posted, edits, expected) in cases {
            let found = is_edit(&delivery(state, posted, edits));
            assert_eq!(found, expected, "{state:?}, {posted:?}, {edits:?}");
        }
    }
}
