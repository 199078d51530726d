//! Accounts that lack a secret: they are connected as soon as it can be read.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::handle::ConfigHandle;
use crate::{accounts::Accounts, secrets::Secrets};

/// The wait before secrets are read for the first time again; it is doubled up to the longest.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait where secrets could not be read, and it can be seen whether they can be now.
const LOCKED: Duration = Duration::from_secs(10);
/// Each wait but the first where that cannot be known without asking the person for a password.
const BLINDLY: Duration = Duration::from_secs(5 * 60);
/// The longest wait where a secret was not there: another program may put it there.
const NOT_THERE: Duration = Duration::from_secs(60);

/// Why secrets are to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lack {
    /// They could not be read; `seen`: whether they can be is seen without asking the person.
    Unread { seen: bool },
    /// They could be read, and what an account needs was not among them.
    NotThere,
}

/// Tries again, until `stop`, to read the secrets of accounts that lack them; then their messages go out.
pub(crate) async fn reconnect(live: ConfigHandle, stop: CancellationToken) {
    let mut changes = live.changes();
    let mut last = None;
    loop {
        let lack = {
            let active = changes.borrow_and_update();
            lack(&active.accounts, &active.secrets)
        };
        let Some(lack) = lack else {
            last = None;
            tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
            continue;
        };
        let wait = next_wait(lack, last);
        last = Some(wait);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let active = live.now();
        // What could not be read is read once, not looked at first: each time may ask the person.
        if active.secrets.is_ready().await
            && (lack != Lack::NotThere || live.have_new_secrets(&active).await)
            && let Err(error) = live.read_secrets_again().await
        {
            tracing::warn!(%error, "accounts could not be reconnected");
        }
    }
}

/// Why the accounts' secrets are to be read again; `None` where they are not: none is missing, or the missing ones
/// are not stored, and looking for them would ask the person each time.
fn lack(accounts: &Accounts, secrets: &Secrets) -> Option<Lack> {
    if accounts.values().any(|account| account.is_waiting()) {
        return Some(Lack::Unread { seen: secrets.detects_lock() });
    }
    let is_missing = accounts.values().any(|account| account.misses_secrets());
    (is_missing && secrets.asks_nobody()).then_some(Lack::NotThere)
}

/// How long to wait after a wait of `last`.
fn next_wait(lack: Lack, last: Option<Duration>) -> Duration {
    let Some(last) = last else { return FIRST };
    match lack {
        Lack::Unread { seen: true } => LOCKED.min(last * 2),
        Lack::Unread { seen: false } => BLINDLY,
        Lack::NotThere => NOT_THERE.min(last * 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_again_ever_more_seldom() {
        let cases = [
            (Lack::Unread { seen: true }, [1, 2, 4, 8, 10, 10, 10, 10]),
            (Lack::Unread { seen: false }, [1, 300, 300, 300, 300, 300, 300, 300]),
            (Lack::NotThere, [1, 2, 4, 8, 16, 32, 60, 60]),
        ];
        for (lack, expected) in cases {
            let waits =
                std::iter::successors(Some(next_wait(lack, None)), |last| Some(next_wait(lack, Some(*last))));
            let waits: Vec<u64> = waits.take(expected.len()).map(|wait| wait.as_secs()).collect();
            assert_eq!(waits, expected, "{lack:?}");
        }
        // From one to the other: what is seen soon is not waited for long.
        assert_eq!(next_wait(Lack::Unread { seen: true }, Some(NOT_THERE)), LOCKED);
    }
}
