//! What can be done at Splunk On-Call.

mod base;
mod note;
mod on_call;
mod reroute;
mod status;
mod take;

use std::sync::Arc;

use callboard_domain::{action::Action, item::AccountName};

use self::base::Base;
use super::client::SplunkOnCall;

/// All of them, for one account.
pub(super) fn all(service: &Arc<SplunkOnCall>, account: &AccountName) -> Vec<Arc<dyn Action>> {
    let base = || Base { service: Arc::clone(service), account: account.clone() };
    vec![
        Arc::new(status::ChangeStatus::acknowledge(base())),
        Arc::new(status::ChangeStatus::resolve(base())),
        Arc::new(note::Note::new(base())),
        Arc::new(reroute::Reroute::new(base())),
        Arc::new(on_call::OnCall::new(base())),
        Arc::new(take::TakeOnCall::new(base())),
    ]
}
