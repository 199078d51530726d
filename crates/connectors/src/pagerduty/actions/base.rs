//! What every command of PagerDuty has.

use std::sync::Arc;

use callboard_domain::{
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    item::{AccountName, Item},
};
use serde_json::{Value, json};

use crate::pagerduty::client::PagerDuty;

/// The account that a command is for.
pub(super) struct Base {
    pub(super) pagerduty: Arc<PagerDuty>,
    pub(super) account: AccountName,
}

impl Base {
    /// The incident that the arguments name, on the board and of this account.
    pub(super) fn incident<'a>(&self, spec: &CommandSpec, args: &'a Args) -> Result<&'a Item, ArgError> {
        args.item_of(spec, verbs::INCIDENT, &self.account, "an incident")
    }
}

/// Something that is referred to, as a request has it.
pub(super) fn reference(kind: &str, id: &str) -> Value {
    json!({ "id": id, "type": format!("{kind}_reference") })
}

/// Arguments have passed the preview when a run begins; this is for those that have not.
pub(super) fn rejected(error: ArgError) -> ServiceError {
    ServiceError::rejected(error.to_string())
}
