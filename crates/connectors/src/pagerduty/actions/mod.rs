//! What can be done at PagerDuty.

mod note;
mod on_call;
mod status;
mod trigger;

use std::sync::Arc;

use callboard_domain::{
    action::Action,
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    item::{AccountName, Item},
};
use serde_json::{Value, json};

use super::client::PagerDuty;

/// All of them, for one account.
pub(super) fn all(pagerduty: &Arc<PagerDuty>, account: &AccountName) -> Vec<Arc<dyn Action>> {
    let base = || Base { pagerduty: Arc::clone(pagerduty), account: account.clone() };
    vec![
        Arc::new(status::ChangeStatus::acknowledge(base())),
        Arc::new(status::ChangeStatus::resolve(base())),
        Arc::new(status::Escalate::new(base())),
        Arc::new(status::Reassign::new(base())),
        Arc::new(note::Note::new(base())),
        Arc::new(trigger::Trigger::new(base())),
        Arc::new(on_call::OnCall::new(base())),
    ]
}

/// What every command has.
struct Base {
    pagerduty: Arc<PagerDuty>,
    account: AccountName,
}

impl Base {
    /// The incident that the arguments name, on the board and of this account.
    fn incident<'a>(&self, spec: &CommandSpec, args: &'a Args) -> Result<&'a Item, ArgError> {
        args.item_of(spec, verbs::INCIDENT, &self.account, "an incident")
    }
}

/// Something that is referred to, as a request has it.
fn reference(kind: &str, id: &str) -> Value {
    json!({ "id": id, "type": format!("{kind}_reference") })
}

/// Arguments have passed the preview when a run begins; this is for those that have not.
fn rejected(error: ArgError) -> ServiceError {
    ServiceError::rejected(error.to_string())
}
