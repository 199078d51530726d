//! Gates: what of a run waits for a person's yes. A job may wait for a protected environment, and a first-timer's run waits
//! as a whole. Each open gate is an approval.

mod collect;
mod end;
mod read;
mod ship;
mod snapshot;
mod waiting_run;
mod wire;

pub(super) use self::{
    collect::collect,
    read::{GatesRead, read},
    ship::read_shipments,
    snapshot::{Pending, answered, first_timer, waiting},
    waiting_run::{ReportedGates, WaitingRun, WaitingRuns},
    wire::{DeploymentAnswer, Environment, PendingDeployment, RequiredReviewer},
};
