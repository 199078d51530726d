//! The outbox: what has not arrived, and why.

use callboard_domain::{error::ServiceError, text};

use crate::{
    Engine, Mode,
    api::{Check, CheckVerdict},
    clients::edit::is_edit,
    store::{Delivery, DeliveryState},
};

/// Reasons that are given in full; the others are counted.
const REASONS: usize = 5;

pub(super) async fn check(engine: &Engine) -> Check {
    let check = |verdict, found| Check { name: "deliveries".to_owned(), verdict, found, remedy: None };
    if let Some(error) = engine.inner.deliverer.store_error() {
        return check(CheckVerdict::Failed, format!("messages wait: {error}"));
    }
    let left = match engine.store().deliveries_not_posted(1_000).await {
        Ok(left) => missing(left, engine.inner.options.mode == Mode::Serve, |delivery| {
            engine.inner.deliverer.waits_for(delivery)
        }),
        Err(error) => return check(CheckVerdict::Failed, error.to_string()),
    };
    if left.is_empty() {
        return check(CheckVerdict::Ok, "everything has arrived".to_owned());
    }
    let reasons = reasons(
        left.iter()
            .filter_map(|Missing { delivery, error }| Some(format!("{}: {}", delivery.to, error.as_ref()?))),
    );
    let found = format!("{}{reasons}", not_arrived(&left));
    let remedy = Some("callboard deliveries --pending".to_owned());
    Check { remedy, ..check(CheckVerdict::Warning, found) }
}

/// What is missing in a channel.
struct Missing {
    delivery: Delivery,
    /// Why, where that is known.
    error: Option<ServiceError>,
}

/// What is missing in its channel, of what is `left` to be sent. An edit that goes by itself, as a daemon sends it, is not:
/// its message has arrived, and one that follows its item is edited all day.
fn missing(
    left: Vec<Delivery>,
    is_serving: bool,
    waits_for: impl Fn(&Delivery) -> Option<ServiceError>,
) -> Vec<Missing> {
    let with_error = left.into_iter().map(|delivery| {
        let error = waits_for(&delivery).or_else(|| delivery.error.clone());
        Missing { delivery, error }
    });
    let goes_by_itself = |Missing { delivery, error }: &Missing| {
        let is_due = matches!(delivery.state, DeliveryState::Pending | DeliveryState::Sending);
        is_serving && error.is_none() && is_due && is_edit(delivery)
    };
    with_error.filter(|it| !goes_by_itself(it)).collect()
}

/// How many messages have not arrived, and how many edits of those that have.
fn not_arrived(left: &[Missing]) -> String {
    let edits = left.iter().filter(|it| is_edit(&it.delivery)).count();
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
        reasons.push(format!("and {}", text::count(more, "more reason")));
    }
    reasons.iter().map(|reason| format!("\n{reason}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clients::edit::tests::delivery, store::Edits};

    #[test]
    fn edit_that_goes_by_itself_is_not_missing() {
        use DeliveryState as S;
        let lost = || Some(ServiceError::unknown("lost"));
        // whether it is an edit, its state, how its last sending went, whether its account lacks something
        // -> whether it is missing, with a reason
        let cases = [
            (true, S::Pending, None, false, None),
            (true, S::Sending, None, false, None),
            (true, S::Pending, None, true, Some(true)),
            (true, S::Pending, lost(), false, Some(true)),
            (true, S::Sending, lost(), false, Some(true)),
            (true, S::Unknown, lost(), false, Some(true)),
            (true, S::Unknown, None, false, Some(false)),
            (true, S::Failed, lost(), false, Some(true)),
            (true, S::Failed, None, false, Some(false)),
            // A message that waits has not arrived, however soon it will.
            (false, S::Pending, None, false, Some(false)),
            (false, S::Sending, None, false, Some(false)),
            (false, S::Pending, lost(), false, Some(true)),
            (false, S::Unknown, lost(), false, Some(true)),
        ];
        for (is_an_edit, state, error, is_lacking, expected) in cases {
            let context = format!("an edit: {is_an_edit}, {state:?}, {error:?}, lacking: {is_lacking}");
            let one = delivery(state, is_an_edit.then_some("17.1"), Edits::Open);
            let waits_for = |_: &Delivery| is_lacking.then(|| ServiceError::unavailable("the secret"));
            let left = vec![Delivery { error, ..one }];
            let found = missing(left.clone(), true, waits_for);
            assert_eq!(found.first().map(|it| it.error.is_some()), expected, "{context}");
            assert_eq!(
                missing(left, false, waits_for).len(),
                1,
                "{context}: nothing goes by itself without a daemon"
            );
        }
    }

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
            let left = new.chain(edited).map(|delivery| Missing { delivery, error: None });
            assert_eq!(not_arrived(&left.collect::<Vec<_>>()), expected);
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
