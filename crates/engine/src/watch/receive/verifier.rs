//! Who checks what is sent for an account: its own hook or, so that nobody learns which accounts there are, another's.

use std::hash::{BuildHasher, RandomState};

use callboard_domain::{
    item::AccountName,
    source::{Hook, HookError, Received},
};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::refusal::{Refusal, refuse, unauthorized};
use crate::{accounts::Account, active_config::ActiveConfig};

/// What a sender sent who has proved to send for an account.
pub(super) enum Delivery {
    Read(Received),
    /// It cannot be read, for this reason.
    Unreadable(String),
}

/// Who checks what is sent for an account.
pub(super) enum Verifier<'l> {
    /// Its own hook.
    Own(&'l dyn Hook),
    /// It has none: the same work is done by another's hook where there is one, and the sender is refused for this reason.
    StandIn(Option<&'l dyn Hook>, String),
}

impl<'l> Verifier<'l> {
    pub(super) fn of(active: &'l ActiveConfig, account: &AccountName, stand_in: &RandomState) -> Self {
        fn hook(account: &Account) -> Option<&dyn Hook> {
            account.connection.as_ref().ok()?.hook.as_deref()
        }
        let why = match active.accounts.get(account) {
            None => format!("there is no account {account}"),
            Some(found) => match (&found.connection, hook(found)) {
                (_, Some(hook)) => return Self::Own(hook),
                // A different response would reveal that the account exists; its owner sees the reason in the status.
                (Err(why), None) => format!("{account} is not ready: {why}"),
                (Ok(_), None) => format!("{} accounts take no webhooks", found.config.service_name()),
            },
        };
        let hooks: Vec<&dyn Hook> = active.accounts.values().filter_map(|account| hook(account)).collect();
        let chosen = usize::try_from(stand_in.hash_one(account.as_str()) >> 1).unwrap_or_default();
        Self::StandIn(chosen.checked_rem(hooks.len()).map(|at| hooks[at]), why)
    }

    /// Checks the headers.
    pub(super) fn admit(&self, account: &AccountName, headers: &HeaderMap) -> Result<(), Refusal> {
        match self {
            Self::Own(hook) => hook.admit(headers).map_err(|error| refused(account, error)),
            Self::StandIn(None, why) => Err(unauthorized(why)),
            Self::StandIn(Some(hook), why) => hook.admit(headers).map_err(|_| unauthorized(why)),
        }
    }

    /// Checks the signature, and reads what is sent.
    pub(super) fn receive(
        &self,
        account: &AccountName,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Delivery, Refusal> {
        match self {
            Self::Own(hook) => match hook.receive(headers, body, now) {
                Ok(received) => Ok(Delivery::Read(received)),
                Err(HookError::Malformed(why)) => Ok(Delivery::Unreadable(why)),
                Err(error @ HookError::Unsigned(_)) => Err(refused(account, error)),
            },
            Self::StandIn(hook, why) => {
                let _ = hook.map(|hook| hook.receive(headers, body, now));
                Err(unauthorized(why))
            }
        }
    }
}

fn refused(account: &AccountName, error: HookError) -> Refusal {
    match error {
        HookError::Unsigned(why) => unauthorized(format!("{account}: {why}")),
        HookError::Malformed(why) => refuse(StatusCode::BAD_REQUEST, why),
    }
}
