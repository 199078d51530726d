//! Why a webhook is not taken, and what its sender is told.

use http::StatusCode;

/// What everybody is told who does not prove to send for an account.
const UNPROVEN: &str = "not a webhook of an account here: its path names the account, and it is signed with that account's \
                        webhook_secret (the reason is in Callboard's log)";

/// Why a delivery is not taken.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// What the sender is told.
    pub(super) answer: String,
    /// What the log says.
    pub(super) why: String,
}

pub(super) fn refuse(status: StatusCode, why: impl Into<String>) -> Refusal {
    let why = why.into();
    Refusal { status, answer: why.clone(), why }
}

/// The one answer to whoever does not prove to send for an account, whether there is such an account or not.
pub(super) fn unauthorized(why: impl Into<String>) -> Refusal {
    Refusal { status: StatusCode::UNAUTHORIZED, answer: UNPROVEN.to_owned(), why: why.into() }
}
