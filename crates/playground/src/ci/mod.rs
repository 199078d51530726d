//! The CI server: a Jenkins. Its remote access API as far as connectors use it: the tree of jobs with their builds, the
//! queue, builds with parameters, logs that grow (`progressiveText`), stopping, pipelines that ask a person.
//!
//! Nothing runs in the background: the progress of a build follows from the time of the request. `tree=` is not
//! evaluated: every answer has everything.

mod input;
mod jobs;
mod rest;

use std::io;

pub use self::jobs::Ci;
pub(crate) use self::rest::TOKEN;
use crate::{
    Pace,
    service::{Life, listen},
};

/// Starts the CI server.
pub(crate) async fn start(life: &Life, pace: Pace) -> io::Result<Ci> {
    let (listener, url) = listen().await?;
    let ci = Ci::new(url, pace);
    life.serve(listener, rest::router(ci.clone()));
    Ok(ci)
}
