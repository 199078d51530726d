//! Why a webhook is not taken, and the response that its sender gets.

use http::StatusCode;

/// The response to a sender that does not prove to send for an account.
const UNPROVEN: &str = "not a webhook of an account here: its path names the account, and it is signed with that account's \
                        webhook_secret (the reason is in Callboard's log)";

/// Why a delivery is not taken.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The body of the response.
    pub(super) response: String,
    /// The reason, for the log.
    pub(super) why: String,
}

pub(super) fn refuse(status: StatusCode, why: impl Into<String>) -> Refusal {
    let why = why.into();
    Refusal { status, response: why.clone(), why }
}

/// The one response to a sender that does not prove to send for an account, whether or not there is such an account.
pub(super) fn unauthorized(why: impl Into<String>) -> Refusal {
    Refusal { status: StatusCode::UNAUTHORIZED, response: UNPROVEN.to_owned(), why: why.into() }
}
