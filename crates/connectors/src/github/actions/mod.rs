//! What can be done: commands about pull requests, runs and approvals.

mod excerpt;
mod format;
mod gates;
mod pulls;
mod reference;
mod review;
mod runs;

use std::sync::Arc;

use callboard_domain::action::Action;

use super::account::Account;

/// All of them, for one account.
pub(super) fn all(account: &Arc<Account>) -> Vec<Arc<dyn Action>> {
    vec![
        Arc::new(pulls::List::new(account)),
        Arc::new(pulls::Show::new(account)),
        Arc::new(review::Approve::new(account)),
        Arc::new(review::Comment::new(account)),
        Arc::new(review::Merge::new(account)),
        Arc::new(runs::Rerun::new(account)),
        Arc::new(runs::Log::new(account)),
        Arc::new(gates::Answering::new(account, gates::Decision::Approve)),
        Arc::new(gates::Answering::new(account, gates::Decision::Deny)),
    ]
}
