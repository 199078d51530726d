//! What can be done at PagerDuty.

mod base;
mod note;
mod on_call;
mod status;
mod trigger;

use std::sync::Arc;

use callboard_domain::{action::Action, item::AccountName};

use self::base::Base;
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
