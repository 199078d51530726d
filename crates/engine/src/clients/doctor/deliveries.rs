//! The outbox: what has not arrived, and why.

use crate::{
    Engine,
    api::{Check, CheckVerdict},
    clients::edit::is_edit,
    store::Delivery,
};

/// Reasons that are given in full; the others are counted.
const REASONS: usize = 5;

pub(super) async fn check(engine: &Engine) -> Check {
    let check = |verdict, found| Check { name: "deliveries".to_owned(), verdict, found, remedy: None };
    if let Some(error) = engine.inner.deliverer.store_error() {
        return check(CheckVerdict::Failed, format!("messages wait: {error}"));
    }
    let left = match engine.store().deliveries_not_posted(1_000).await {
        Ok(left) if left.is_empty() => return check(CheckVerdict::Ok, "everything has arrived".to_owned()),
        Ok(left) => left,
        Err(error) => return check(CheckVerdict::Failed, error.to_string()),
    };
    let reasons = reasons(left.iter().filter_map(|delivery| {
        let error = engine.inner.deliverer.waits_for(delivery).or_else(|| delivery.error.clone())?;
        Some(format!("{}: {error}", delivery.to))
    }));
    let found = format!("{}{reasons}", not_arrived(&left));
    let remedy = Some("callboard deliveries --pending".to_owned());
    Check { remedy, ..check(CheckVerdict::Warning, found) }
}

/// How many messages have not arrived, and how many edits of those that have.
fn not_arrived(left: &[Delivery]) -> String {
    let edits = left.iter().filter(|delivery| is_edit(delivery)).count();
    let messages = match left.len() - edits {
        0 => "every message has arrived".to_owned(),
        1 => "1 message has not arrived".to_owned(),
        count => format!("{count} messages have not arrived"),
    };
    match edits {
        0 => messages,
        1 => format!("{messages}; the edit of 1 posted message has not"),
        count => format!("{messages}; the edits of {count} posted messages have not"),
    }
}

/// Each reason once, on a line of its own.
fn reasons(found: impl Iterator<Item = String>) -> String {
    let mut reasons = Vec::<String>::new();
    for reason in found {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let more = reasons.len().saturating_sub(REASONS);
    reasons.truncate(REASONS);
    if more > 0 {
        reasons.push(format!("and {more} more reasons"));
    }
    reasons.iter().map(|reason| format!("\n{reason}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clients::edit::tests::delivery,
        store::{DeliveryState, Edits},
    };

    #[test]
    fn message_of_which_only_the_edit_waits_has_arrived() {
        // messages that are not in their channel, messages of which only the edit waits -> what is found
        let cases = [
            (1, 0, "1 message has not arrived"),
            (12, 0, "12 messages have not arrived"),
            (0, 1, "every message has arrived; the edit of 1 posted message has not"),
            (0, 3, "every message has arrived; the edits of 3 posted messages have not"),
            (2, 1, "2 messages have not arrived; the edit of 1 posted message has not"),
        ];
        for (messages, edits, expected) in cases {
            let new = (0..messages).map(|_| delivery(DeliveryState::Pending, None, Edits::Open));
            let edited = (0..edits).map(|_| delivery(DeliveryState::Pending, Some("17.1"), Edits::Open));
            let left: Vec<Delivery> = new.chain(edited).collect();
            assert_eq!(not_arrived(&left), expected);
        }
    }

    #[test]
    fn reason_is_given_once_and_the_rest_is_counted() {
        let of = |found: &[&str]| reasons(found.iter().map(|reason| (*reason).to_owned()));
        assert_eq!(of(&[]), "");
        assert_eq!(of(&["a", "b", "a"]), "\na\nb");
        assert_eq!(of(&["a", "b", "c", "d", "e", "f", "g"]), "\na\nb\nc\nd\ne\nand 2 more reasons");
    }
}
