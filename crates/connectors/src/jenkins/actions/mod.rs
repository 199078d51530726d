//! What can be done with Jenkins's builds.

mod build;
mod log;
mod outcome;
mod stop;

use std::sync::Arc;

use callboard_domain::action::Action;

use self::{build::BuildJob, log::BuildLog, stop::StopBuild};
use super::{client::Jenkins, source::Jobs};

pub(super) fn all(jenkins: &Jenkins, jobs: &Arc<Jobs>) -> Vec<Arc<dyn Action>> {
    vec![
        Arc::new(BuildJob::new(jenkins.clone(), Arc::clone(jobs))),
        Arc::new(BuildLog::new(jenkins.clone(), Arc::clone(jobs))),
        Arc::new(StopBuild::new(jenkins.clone(), Arc::clone(jobs))),
    ]
}
