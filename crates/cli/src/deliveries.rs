//! Messages to channels: how far each is, and why it has not arrived.

use anyhow::Result;
use callboard_engine::api::{AccountError, DeliveriesQuery, Delivery, DeliveryState, FirstInLine};
use jiff::Timestamp;

use crate::{
    args::Page,
    client::Client,
    exit::Exit,
    output::{Output, age, when},
    pages,
    table::{Column, table},
};

/// Its id, its age, its address, its title, its state, and why it has not arrived.
const COLUMNS: [Column; 6] =
    [Column::Whole, Column::Whole, Column::Whole, Column::Prose, Column::Text, Column::Text];

/// Prints what was posted, or with `pending` what has not arrived.
pub(crate) async fn list(
    pending: bool,
    limit: usize,
    page: Page,
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    let ask = async |before, limit| Ok(client.call(DeliveriesQuery { pending, limit, before }).await?);
    let id = |delivery: &Delivery| delivery.id.clone();
    let list = pages::read(limit, page.before.clone(), id, ask).await?;
    let next = list.entries.last().filter(|_| list.more).map(id);
    let deliveries = list.entries;
    let nothing = if pending { "No pending deliveries" } else { "No deliveries" };
    let (now, is_served) = (Timestamp::now(), client.is_served().await?);
    pages::show(output, ("deliveries", nothing), (&deliveries, next), &page, false, || {
        let rows = deliveries.iter().map(|delivery| {
            [
                delivery.id.clone(),
                age(delivery.created_at),
                delivery.address.to_string(),
                delivery.message.title.clone(),
                state(delivery, is_served, now),
                reason(delivery, now),
            ]
        });
        print!("{}", table(rows, COLUMNS));
    });
    Ok(Exit::Done)
}

/// A delivery's state as text. `is_served` is false where neither the daemon nor the app runs: nothing is sent by itself then.
pub(crate) fn state(delivery: &Delivery, is_served: bool, now: Timestamp) -> String {
    // A message that is in its channel has arrived; only its edit has not.
    let plain_or_edit = |plain: String, edit: String| match delivery.is_edit {
        true => format!("posted; its edit {edit}"),
        false => plain,
    };
    let both = |text: String| plain_or_edit(text.clone(), text);
    match &delivery.state {
        DeliveryState::Posted => match &delivery.edit_refused {
            Some(why) => format!("posted; its last edit was refused: {why}"),
            None => "posted".to_owned(),
        },
        DeliveryState::Sending => plain_or_edit("being sent".to_owned(), "is being sent".to_owned()),
        DeliveryState::Pending { waits_for: Some(what), .. } => both(format!("waits for {what}")),
        DeliveryState::Pending { error: None, .. } => both("waits".to_owned()),
        DeliveryState::Pending { next_at, .. } => match (is_served, *next_at > now) {
            (true, true) => plain_or_edit(
                format!("retrying at {}", when(*next_at)),
                format!("is tried again at {}", when(*next_at)),
            ),
            (true, false) => both("is tried again in its turn".to_owned()),
            (false, true) => both(format!("is tried when Callboard runs, not before {}", when(*next_at))),
            (false, false) => both("is tried when Callboard runs".to_owned()),
        },
        DeliveryState::Unknown { .. } => plain_or_edit("not known".to_owned(), "is not known".to_owned()),
        DeliveryState::Failed { .. } => both("failed".to_owned()),
        DeliveryState::Moot { reason } => format!("not posted: {reason}"),
        DeliveryState::Digested { into } => format!("in the digest {into}"),
    }
}

/// How a command ends that waited for a delivery.
pub(crate) fn exit(state: &DeliveryState) -> Exit {
    match state {
        DeliveryState::Posted => Exit::Done,
        DeliveryState::Pending { error: Some(error), .. } | DeliveryState::Failed { error } => error.into(),
        // Nothing of it was sent, or its channel was searched and does not have it.
        DeliveryState::Pending { error: None, .. } => Exit::Unreachable,
        DeliveryState::Moot { .. } => Exit::Failed,
        // Its error may only say why it could not be looked up. Of a digest nothing is known here.
        DeliveryState::Sending | DeliveryState::Unknown { .. } | DeliveryState::Digested { .. } => {
            Exit::Unknown
        }
    }
}

/// Why a delivery has not arrived; empty for one that has ended well.
pub(crate) fn reason(delivery: &Delivery, now: Timestamp) -> String {
    let account = &delivery.address.account;
    let before = delivery.account_error.as_ref().map(|AccountError { error, .. }| {
        // It was not this one that met it.
        format!("the last message to {account} met: {error}")
    });
    let both = |until: String| match &before {
        Some(before) => format!("{until}; {before}"),
        None => until,
    };
    match &delivery.state {
        DeliveryState::Pending { error: Some(error), .. }
        | DeliveryState::Unknown { error, .. }
        | DeliveryState::Failed { error } => error.to_string(),
        DeliveryState::Pending { next_at, .. } if *next_at > now => {
            both(format!("it is not sent before {}", when(*next_at)))
        }
        DeliveryState::Pending { first: Some(FirstInLine { id, at, error }), .. }
            if *at > now || error.is_some() =>
        {
            let until = match *at > now {
                true => format!("{id} is before it, and is not sent before {}", when(*at)),
                false => format!("{id} is before it"),
            };
            match error {
                // That one keeps it waiting, whatever another channel's message met.
                Some(error) => format!("{until}: {error}"),
                None => both(until),
            }
        }
        DeliveryState::Pending { .. } | DeliveryState::Sending if before.is_some() => {
            before.unwrap_or_default()
        }
        DeliveryState::Pending { .. } if delivery.attempts == 0 => {
            "not tried yet: a channel's messages are sent one after another, while Callboard runs".to_owned()
        }
        DeliveryState::Pending { .. } => "it is sent again while Callboard runs".to_owned(),
        DeliveryState::Sending => "the chat has not answered yet".to_owned(),
        DeliveryState::Posted | DeliveryState::Moot { .. } | DeliveryState::Digested { .. } => String::new(),
    }
}

/// What a person does about a message of which nobody else can find out whether it has arrived.
pub(crate) fn left_to_you(delivery: &Delivery) -> String {
    let Delivery { address, id, .. } = delivery;
    format!(
        "{address} cannot be searched: look whether the message is there; where it is not, `callboard retry {id}` sends it"
    )
}

/// Since when the account of a delivery takes no messages for its present reason, and what becomes of the delivery;
/// `None` where the account takes them, and nobody has to look for it.
pub(crate) fn outlook(delivery: &Delivery, is_served: bool) -> Option<String> {
    let account = &delivery.address.account;
    if let DeliveryState::Unknown { unsearchable: true, .. } = delivery.state {
        return Some(left_to_you(delivery));
    }
    let AccountError { since, .. } = delivery.account_error.as_ref()?;
    let then = match (&delivery.state, is_served) {
        (DeliveryState::Unknown { .. }, true) => "The message is looked for before it is sent again",
        (DeliveryState::Unknown { .. }, false) => {
            "The message is looked for before it is sent again, when Callboard runs"
        }
        (_, true) => "The message is kept, and sent by itself once the account takes messages again",
        (_, false) => {
            "The message is kept, and sent when Callboard runs and the account takes messages again"
        }
    };
    Some(format!("{account} takes no messages (this error since {}). {then}", when(*since)))
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        error::ServiceError,
        message::{Message, Tone},
    };
    use callboard_engine::api::MootReason;
    use serde_json::json;

    use super::*;
    use crate::table::table_within;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn later() -> Timestamp {
        now() + std::time::Duration::from_secs(60)
    }

    fn delivery(state: DeliveryState, is_edit: bool) -> Delivery {
        Delivery {
            id: "1".to_owned(),
            address: "chat:#ops".parse().unwrap(),
            message: Message::new(Tone::Neutral, "hello"),
            run: None,
            under: None,
            state,
            is_edit,
            edit_refused: None,
            account_error: None,
            attempts: 0,
            created_at: now(),
            actor: None,
            link: None,
        }
    }

    fn pending(next_at: Timestamp, error: Option<ServiceError>, waits_for: Option<&str>) -> DeliveryState {
        DeliveryState::Pending { next_at, error, waits_for: waits_for.map(str::to_owned), first: None }
    }

    fn unknown(error: ServiceError) -> DeliveryState {
        DeliveryState::Unknown { error, unsearchable: false }
    }

    fn behind(at: Timestamp, error: Option<ServiceError>) -> DeliveryState {
        let first = Some(FirstInLine { id: "0".to_owned(), at, error });
        DeliveryState::Pending { next_at: now(), error: None, waits_for: None, first }
    }

    #[test]
    fn only_what_is_posted_ends_well_and_what_was_not_sent_was_not_reached() {
        let locked = || pending(now(), Some(ServiceError::unavailable("locked")), Some("the keychain"));
        let cases = [
            (DeliveryState::Posted, 0),
            (DeliveryState::Failed { error: ServiceError::rejected("no") }, 1),
            (DeliveryState::Failed { error: ServiceError::auth("no") }, 3),
            (DeliveryState::Failed { error: ServiceError::unavailable("down") }, 4),
            (DeliveryState::Failed { error: ServiceError::unknown("lost") }, 5),
            (unknown(ServiceError::unknown("lost")), 5),
            // What could not be looked up may be there.
            (unknown(ServiceError::unavailable("down")), 5),
            (unknown(ServiceError::rejected("no")), 5),
            (DeliveryState::Sending, 5),
            (pending(now(), None, None), 4),
            (behind(later(), None), 4),
            (locked(), 4),
            (pending(later(), Some(ServiceError::unavailable("503")), None), 4),
            (pending(later(), Some(ServiceError::unknown("lost")), None), 5),
            (DeliveryState::Moot { reason: MootReason::Gone }, 1),
            (DeliveryState::Digested { into: "2".to_owned() }, 5),
        ];
        for (state, code) in cases {
            assert_eq!(exit(&state) as u8, code, "{state:?}");
        }
    }

    #[test]
    fn state_promises_no_retry_that_nothing_makes() {
        let down = || Some(ServiceError::unavailable("503"));
        let locked = || pending(now(), down(), Some("the system's keychain"));
        let at = when(later());
        // the state, whether only the edit waits, whether the daemon or the app runs -> what is shown
        let cases = [
            (pending(now(), None, None), false, false, "waits".to_owned()),
            (pending(now(), None, None), true, false, "posted; its edit waits".to_owned()),
            (locked(), false, false, "waits for the system's keychain".to_owned()),
            (locked(), false, true, "waits for the system's keychain".to_owned()),
            (locked(), true, false, "posted; its edit waits for the system's keychain".to_owned()),
            (pending(later(), down(), None), false, true, format!("retrying at {at}")),
            (pending(later(), down(), None), true, true, format!("posted; its edit is tried again at {at}")),
            (pending(now(), down(), None), false, true, "is tried again in its turn".to_owned()),
            (pending(now(), down(), None), false, false, "is tried when Callboard runs".to_owned()),
            (
                pending(later(), down(), None),
                false,
                false,
                format!("is tried when Callboard runs, not before {at}"),
            ),
            (
                pending(now(), down(), None),
                true,
                false,
                "posted; its edit is tried when Callboard runs".to_owned(),
            ),
            (DeliveryState::Sending, true, true, "posted; its edit is being sent".to_owned()),
            (DeliveryState::Failed { error: ServiceError::rejected("no") }, false, true, "failed".to_owned()),
            (DeliveryState::Posted, false, true, "posted".to_owned()),
        ];
        for (of, is_edit, is_served, expected) in cases {
            let found = state(&delivery(of.clone(), is_edit), is_served, now());
            assert_eq!(found, expected, "{of:?}, edit: {is_edit}, served: {is_served}");
        }
    }

    #[test]
    fn message_whose_last_edit_was_refused_is_posted_and_says_so() {
        let why = || Some("Slack lets an app edit only its own messages".to_owned());
        let refused = "posted; its last edit was refused: Slack lets an app edit only its own messages";
        // the state, why its last edit was refused -> what is shown, how a command ends that waited for it
        let cases = [
            (DeliveryState::Posted, why(), refused, 0),
            (DeliveryState::Posted, None, "posted", 0),
            (DeliveryState::Failed { error: ServiceError::rejected("no") }, None, "failed", 1),
        ];
        for (of, edit_refused, expected, code) in cases {
            let delivery = Delivery { edit_refused, ..delivery(of, false) };
            assert_eq!(state(&delivery, true, now()), expected);
            assert_eq!(exit(&delivery.state) as u8, code, "{expected}");
            assert_eq!(reason(&delivery, now()).is_empty(), code == 0, "{expected}");
        }
        let delivery = Delivery { edit_refused: why(), ..delivery(DeliveryState::Posted, false) };
        let json = serde_json::to_value(&delivery).unwrap();
        assert_eq!((&json["state"]["state"], &json["edit_refused"]), (&json!("posted"), &json!(why())));
    }

    #[test]
    fn ids_of_deliveries_are_whole_and_reasons_shown_to_their_ends() {
        let id = "01a2287b-f16e-75d8-8dd8-0a8a9175caf2";
        let digested = format!("in the digest {id}");
        let why = "the chat answered 503: it is sent again while Callboard runs";
        for terminal in [60, 80, 120] {
            for (state, why) in [("waits", why), (digested.as_str(), "")] {
                let row = [id, "26 s", "chat:#deploys", "Deploy web 1.42.0 to production", state, why];
                let shown = table_within([row.map(str::to_owned)], COLUMNS, Some(terminal)).to_string();
                let words: Vec<&str> = shown.split_whitespace().collect();
                let lost: Vec<&str> =
                    row.iter().flat_map(|cell| cell.split(' ')).filter(|it| !words.contains(it)).collect();
                assert!(lost.iter().all(|word| word.is_empty()), "{terminal}, {lost:?}:\n{shown}");
            }
        }
    }

    #[test]
    fn delivery_that_has_not_arrived_has_a_reason() {
        let cases = [
            (pending(later(), None, None), 0, "it is not sent before"),
            (pending(now(), None, None), 0, "not tried yet"),
            (pending(now(), None, None), 3, "it is sent again"),
            (pending(now(), Some(ServiceError::unavailable("503")), None), 3, "503"),
            (DeliveryState::Sending, 1, "the chat has not answered yet"),
        ];
        for (state, attempts, expected) in cases {
            let why = reason(&Delivery { attempts, ..delivery(state.clone(), false) }, now());
            assert!(why.starts_with(expected), "{state:?}: {why}");
        }
        assert_eq!(reason(&delivery(DeliveryState::Posted, false), now()), "");
        let until = format!("0 is before it, and is not sent before {}", when(later()));
        let failing = || Some(AccountError { since: now(), error: ServiceError::unavailable("503") });
        let both = format!("{until}; the last message to chat met: ");
        let limited = || Some(ServiceError::unavailable("slow down"));
        let of_first = format!("{until}: slow down");
        // the first of its line may be sent at, what that met, whether the account fails -> why it has not arrived
        let cases = [
            (later(), None, None, until.as_str()),
            (later(), None, failing(), &both),
            (now(), None, None, "not tried yet"),
            (now(), None, failing(), "the last message to chat met: "),
            (later(), limited(), None, &of_first),
            (later(), limited(), failing(), &of_first),
            (now(), limited(), None, "0 is before it: slow down"),
        ];
        for (at, error, account_error, expected) in cases {
            let why = reason(&Delivery { account_error, ..delivery(behind(at, error), false) }, now());
            assert!(why.starts_with(expected), "{why}");
        }
    }

    #[test]
    fn delivery_of_an_account_that_fails_names_its_error_and_not_the_queue() {
        let failing = AccountError { since: now(), error: ServiceError::unknown("503") };
        let own = || ServiceError::unavailable("no route");
        let since = format!("chat takes no messages (this error since {}). The message is ", when(now()));
        let met = "the last message to chat met: 503";
        let held = format!("it is not sent before {}; {met}", when(later()));
        let (kept, when_it_runs) = (Some("kept, and sent by itself"), Some("kept, and sent when"));
        // its state, whether its account fails, whether Callboard runs -> why it has not arrived, what becomes of it
        let cases = [
            (pending(now(), None, None), true, true, met, kept),
            (pending(now(), None, None), true, false, met, when_it_runs),
            (pending(now(), None, None), false, true, "not tried yet", None),
            (pending(later(), None, None), true, true, held.as_str(), kept),
            (pending(now(), Some(own()), None), true, true, "no route", kept),
            (pending(now(), Some(own()), None), false, true, "no route", None),
            (DeliveryState::Sending, true, true, met, kept),
            (DeliveryState::Sending, false, true, "the chat has not answered yet", None),
            (unknown(own()), true, true, "no route", Some("looked for")),
            (DeliveryState::Posted, false, true, "", None),
        ];
        for (state, fails, is_served, why, expected) in cases {
            let account_error = fails.then(|| failing.clone());
            let delivery = Delivery { account_error, ..delivery(state.clone(), false) };
            let found = reason(&delivery, now());
            assert!(found.starts_with(why), "{state:?}, {fails}: {found}");
            let found = outlook(&delivery, is_served);
            let is_expected = match (&found, expected) {
                (Some(found), Some(expected)) => {
                    found.strip_prefix(&since).is_some_and(|rest| rest.starts_with(expected))
                }
                (found, expected) => found.is_none() && expected.is_none(),
            };
            assert!(is_expected, "{state:?}, {fails}: {found:?}");
        }
    }

    #[test]
    fn message_that_cannot_be_looked_for_is_left_to_a_person() {
        let failing = || Some(AccountError { since: now(), error: ServiceError::unknown("500") });
        let state =
            |unsearchable| DeliveryState::Unknown { error: ServiceError::unknown("500"), unsearchable };
        let asks = "chat:#ops cannot be searched: look whether the message is there; where it is not, `callboard retry 1` sends it";
        let looks =
            format!("chat takes no messages (this error since {}). The message is looked for ", when(now()));
        // whether its channel cannot be searched, whether its account fails, whether Callboard runs -> what is said
        let cases = [
            (true, true, true, Some(asks)),
            (true, true, false, Some(asks)),
            (true, false, true, Some(asks)),
            (false, true, true, Some(looks.as_str())),
            (false, true, false, Some(looks.as_str())),
            (false, false, true, None),
        ];
        for (unsearchable, fails, is_served, expected) in cases {
            let account_error = failing().filter(|_| fails);
            let delivery = Delivery { account_error, ..delivery(state(unsearchable), false) };
            let found = outlook(&delivery, is_served);
            let is_expected = match (&found, expected) {
                (Some(found), Some(expected)) => found.starts_with(expected),
                (found, expected) => found.is_none() && expected.is_none(),
            };
            assert!(is_expected, "{unsearchable} {fails} {is_served}: {found:?}");
        }
    }
}
