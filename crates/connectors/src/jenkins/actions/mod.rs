//! What can be done with Jenkins's builds, and with what waits in them.

mod answer;
mod approve;
mod build;
mod form;
mod log;
mod outcome;
mod stop;

use std::sync::Arc;

use callboard_domain::{action::Action, item::AccountName};

use self::{
    answer::Base,
    approve::{Approve, Deny},
    build::BuildJob,
    log::BuildLog,
    stop::StopBuild,
};
use super::{client::Jenkins, source::Jobs};

/// All of them, for one account; `user`: whom it acts as, where it signs in.
pub(super) fn all(
    jenkins: &Jenkins,
    jobs: &Arc<Jobs>,
    account: &AccountName,
    user: Option<&str>,
) -> Vec<Arc<dyn Action>> {
    let base = || Base { jenkins: jenkins.clone(), account: account.clone(), user: user.map(str::to_owned) };
    vec![
        Arc::new(BuildJob::new(jenkins.clone(), Arc::clone(jobs))),
        Arc::new(BuildLog::new(jenkins.clone(), Arc::clone(jobs))),
        Arc::new(StopBuild::new(jenkins.clone(), Arc::clone(jobs))),
        Arc::new(Approve::new(base())),
        Arc::new(Deny::new(base())),
    ]
}
