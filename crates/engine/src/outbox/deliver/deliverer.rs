//! The deliverer: its parts, and its state in memory.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_domain::{
    chat::{Address, DeliveryKey, Limits},
    error::ServiceError,
    item::AccountName,
};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::limits::CALL_TIME;
use crate::{
    accounts::{self, Chat, ChatUnavailable},
    active_config::ConfigHandle,
    store::{Delivery, DeliveryState, Store, StoreError},
    system::supervise::Tasks,
};

/// An account that takes no messages for less than this is not in trouble: chats ask for it all the time.
const MOMENT: Duration = Duration::from_secs(10);

/// Delivers what is in the outbox. A clone is the same.
#[derive(Clone)]
pub(crate) struct Deliverer {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) live: ConfigHandle,
    pub(super) tasks: Tasks,
    /// The messages that are being sent. Once it is closed, nothing more is claimed.
    pub(super) sends: TaskTracker,
    builtin_chat: Chat,
    pub(super) logs_failures_quietly: bool,
    state: Mutex<State>,
}

/// What is known of the outbox in memory only.
#[derive(Default)]
pub(super) struct State {
    /// When each channel was last posted in, to keep the pause that its service asks for.
    pub(super) paces: HashMap<Address, Instant>,
    /// How many messages of each account are being sent.
    pub(super) sending: BTreeMap<AccountName, u32>,
    /// The messages that are being looked up, with their accounts.
    pub(super) looked_up: HashSet<(AccountName, DeliveryKey)>,
    /// Why the store cannot be written, while it cannot.
    store_error: Option<String>,
}

/// What the answer to a message says of its account.
#[derive(Debug, PartialEq)]
enum Answer<'e> {
    /// It takes messages.
    Well,
    /// It takes none now.
    Trouble(&'e ServiceError),
    /// It asks for a moment.
    Neither,
}

/// True for an error of a message that says that its account takes none now.
pub(crate) fn is_trouble(error: &ServiceError) -> bool {
    matches!(Answer::of(Some(error)), Answer::Trouble(_))
}

impl<'e> Answer<'e> {
    fn of(error: Option<&'e ServiceError>) -> Self {
        match error {
            // What is refused is this message, or its channel.
            None | Some(ServiceError::Rejected { .. }) => Self::Well,
            Some(ServiceError::RateLimited { retry_after, .. }) if *retry_after < MOMENT => Self::Neither,
            Some(error) => Self::Trouble(error),
        }
    }
}

impl Deliverer {
    /// `logs_failures_quietly` is true where the owner of the store reports itself how its message fared: no warning is
    /// logged then.
    pub(crate) fn new(
        store: Store,
        live: ConfigHandle,
        tasks: Tasks,
        builtin_chat: Chat,
        logs_failures_quietly: bool,
    ) -> Self {
        let (sends, state) = (TaskTracker::new(), Mutex::default());
        let inner = Inner { store, live, tasks, sends, builtin_chat, logs_failures_quietly, state };
        Self { inner: Arc::new(inner) }
    }

    /// Claims nothing more, and waits for what is being sent, as long as a call may take: cut off, it would be unknown
    /// whether it arrived.
    pub(crate) async fn finish(&self) {
        self.inner.sends.close();
        let _ = tokio::time::timeout(CALL_TIME, self.inner.sends.wait()).await;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chat of an account, or why there is none.
    pub(crate) fn chat(&self, account: &AccountName) -> Result<Chat, ChatUnavailable> {
        let live = &self.inner.live;
        let chat = accounts::chat(&live.now().accounts, &self.inner.builtin_chat, account);
        chat.map_err(|why| match (why, live.errors()) {
            // An account that a broken file does not name is not gone.
            (ChatUnavailable::None(why), Some(_)) => ChatUnavailable::Waiting(format!(
                "{why} as long as the configuration has errors: callboard doctor"
            )),
            (why, _) => why,
        })
    }

    /// The accounts that lack something for now, such as a secret: what is for them is neither claimed nor looked up, so
    /// that nothing of it changes before they have it.
    pub(crate) fn waiting(&self) -> Vec<AccountName> {
        accounts::waiting(&self.inner.live.now().accounts)
    }

    /// What a message waits for that is not sent because its account is missing something.
    pub(crate) fn waits_for(&self, delivery: &Delivery) -> Option<ServiceError> {
        if delivery.state != DeliveryState::Pending {
            return None;
        }
        match self.chat(&delivery.to.account) {
            Err(ChatUnavailable::Waiting(why)) => Some(ServiceError::unavailable(why)),
            Ok(_) | Err(ChatUnavailable::None(_)) => None,
        }
    }

    /// True for a message that may have arrived and cannot be looked for: a person looks.
    pub(crate) fn is_unsearchable(&self, delivery: &Delivery) -> bool {
        delivery.state == DeliveryState::Unknown
            && self
                .chat(&delivery.to.account)
                .is_ok_and(|chat| is_unsearchable(chat.limits(), delivery.error.as_ref()))
    }

    /// Notes for the health of an account how it answered what was sent, as a poll would. One that is polled has its health by
    /// that.
    pub(super) async fn note_answer(&self, account: &AccountName, error: Option<&ServiceError>) {
        let active = self.inner.live.now();
        let connection = active.accounts.get(account).and_then(|it| it.connection.as_ref().ok());
        if connection.is_none_or(|connection| connection.source.is_some()) {
            return;
        }
        let store = &self.inner.store;
        let noted = match Answer::of(error) {
            Answer::Trouble(error) => store.poll_failed(account, error.clone(), Timestamp::now()).await,
            Answer::Well => match store.source(account).await {
                Ok(Some(source)) if source.error.is_some() => store.first_answered(account).await,
                other => other.map(drop),
            },
            Answer::Neither => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, %account, "how an account answered could not be recorded");
        }
    }

    /// Why what was sent cannot be recorded, while it cannot: nothing more is sent meanwhile.
    pub(crate) fn store_error(&self) -> Option<String> {
        self.state().store_error.clone()
    }

    /// Notes whether the store could be written. Logged where it changes: a full disk often holds the log as well.
    pub(super) fn note_store<T>(&self, result: &Result<T, StoreError>) {
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

/// True where what may have arrived at a chat with these limits cannot be looked for: the chat has no search, or has refused it
/// to the account, which is then the last error. Where sending again does no harm, nobody need look.
fn is_unsearchable(limits: Limits, last: Option<&ServiceError>) -> bool {
    let is_refused = matches!(last, Some(ServiceError::Auth { .. } | ServiceError::Rejected { .. }));
    !limits.idempotent && (!limits.finds || is_refused)
}

#[cfg(test)]
mod tests {
    use callboard_domain::length::LengthUnit;

    use super::*;

    #[test]
    fn what_cannot_be_looked_for_is_left_to_a_person() {
        let lost = ServiceError::unknown("no answer");
        // whether the chat searches, whether a repeated post is one message, the last error -> whether a person has to look
        let cases = [
            (true, false, Some(lost.clone()), false),
            (true, false, Some(ServiceError::unavailable("503")), false),
            (true, false, None, false),
            (true, false, Some(ServiceError::auth("may not read it")), true),
            (true, false, Some(ServiceError::rejected("not in the channel")), true),
            (false, false, Some(lost.clone()), true),
            (false, false, None, true),
            (false, true, Some(lost), false),
            (true, true, Some(ServiceError::auth("may not read it")), false),
        ];
        for (finds, idempotent, last, expected) in cases {
            let posting = Limits::posting(100, LengthUnit::Characters, Duration::ZERO);
            let limits = Limits { finds, idempotent, ..posting };
            assert_eq!(is_unsearchable(limits, last.as_ref()), expected, "{finds} {idempotent} {last:?}");
        }
    }

    #[test]
    fn account_health_follows_the_response() {
        let limited = |seconds| ServiceError::RateLimited {
            why: "too many".into(),
            retry_after: Duration::from_secs(seconds),
        };
        let in_trouble = [
            ServiceError::unavailable("503"),
            ServiceError::unknown("no answer"),
            ServiceError::auth("revoked"),
            limited(600),
            limited(40),
            limited(10),
        ];
        for error in &in_trouble {
            assert_eq!(Answer::of(Some(error)), Answer::Trouble(error));
        }
        assert!(is_trouble(&limited(40)) && !is_trouble(&limited(9)));
        assert_eq!(Answer::of(None), Answer::Well);
        assert_eq!(Answer::of(Some(&ServiceError::rejected("no such channel"))), Answer::Well);
        assert_eq!(Answer::of(Some(&limited(1))), Answer::Neither);
    }
}
