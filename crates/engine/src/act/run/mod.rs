//! Runs: a line that is ready is recorded, done, and its end recorded; the outcome goes out through the outbox.

mod account;
mod active;
mod files;
mod message;
mod plan;
mod ready;
mod runner;
mod understand;

use std::time::Duration;

use callboard_connectors::writes::{Sent, Writes};
use callboard_domain::{
    actor::Actor,
    command::Effect,
    error::ServiceError,
    run::{Run, RunState},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    api::{ApiError, StartRun},
    store::{Store, StoreError},
    system::supervise::{Panicked, catch_panic},
};

pub(crate) use account::{account_of, with_account};
use active::Place;
pub(crate) use active::{RunStream, Streamed};
use message::{last_message, message};
pub(crate) use ready::NotReady;
use ready::{Ready, check_confirmed};
pub(crate) use runner::Runner;

/// A run's message is edited with its progress at most this often.
const EDIT_EVERY: Duration = Duration::from_secs(5);
/// What a run puts out is stored this often, so that a crash keeps it.
const SAVE_EVERY: Duration = Duration::from_millis(500);
/// How long a run that asks for it can be taken back before it begins.
const UNDO_TIME: Duration = Duration::from_secs(5);
/// How much later than it was to begin such a run still begins.
const OVERDUE: Duration = Duration::from_secs(60);
/// The wait before a run's end that could not be recorded is tried again; it doubles.
const RECORD_AGAIN: Duration = Duration::from_secs(1);
/// The longest wait before that.
const RECORD_AGAIN_AT_MOST: Duration = Duration::from_secs(60);

impl Runner {
    /// Starts a run: records it with its message, then does it in a task of its own.
    pub(crate) async fn start(&self, start: &StartRun, actor: &Actor) -> Result<Run, NotReady> {
        let now = Timestamp::now();
        let ready = self.ready_as_shown(start, now).await?;
        check_confirmed(&ready, start.confirmed.as_deref())?;
        let state = match start.undo {
            true => RunState::Pending { until: now + UNDO_TIME },
            false => RunState::Running,
        };
        let run = Run {
            id: Uuid::now_v7().to_string(),
            command: ready.spec.name.clone(),
            line: ready.line.clone(),
            args: ready.args.clone(),
            account: ready.account.as_ref().map(ToString::to_string),
            item: ready.args.items.values().next().map(|item| item.key.clone()),
            by: ready.acts_on_service_as.clone().unwrap_or_else(|| actor.principal.to_string()),
            actor: Some(actor.clone()),
            started_at: now,
            ended_at: None,
            state,
            post: ready.post.clone(),
        };
        self.inner.runs.begin(&run.id, ready.lock.clone())?;
        let (runner, started) = (self.clone(), run.clone());
        // In a task of its own from here on: the client may go away, and the run is recorded all the same.
        let (recorded, answer) = tokio::sync::oneshot::channel();
        self.inner.tasks.spawn(format!("run {}", run.id), async move {
            let place = runner.inner.runs.place(&started.id);
            // What can be taken back is not posted before it begins.
            let post = started.post.clone().filter(|_| started.state == RunState::Running);
            let post = post.map(|to| (to, message(&started, "")));
            let begun = runner.inner.store.begin_run(started.clone(), post, started.started_at).await;
            let is_recorded = begun.is_ok();
            // Nobody may be waiting any more.
            let _ = recorded.send(begun.map(drop));
            if is_recorded {
                runner.carry_out(ready, started, &place).await;
            }
        });
        match answer.await {
            Ok(Ok(())) => Ok(run),
            Ok(Err(error)) => Err(ApiError::internal(error).into()),
            Err(_) => Err(ApiError::internal("the run was not recorded, and nothing was sent").into()),
        }
    }

    async fn carry_out(&self, ready: Ready, mut run: Run, place: &Place<'_>) {
        let writes = Writes::default().reporting_to(place.stream.clone());
        run.state = match catch_panic(self.perform(&ready, run.clone(), place, &writes)).await {
            Ok(state) => state,
            // The action's own panic is caught in there; nothing of it is known here.
            Err(panicked) => RunState::Unknown { why: panicked.to_string() },
        };
        run.ended_at = Some(Timestamp::now());
        self.record_end(&run, place).await;
        // The board shows soon what was changed, however that ended. What the run began is on the record before that is read.
        if writes.sent() != Sent::Nothing
            && let Some(account) = ready.account.as_ref().or_else(|| ready.action.account())
        {
            self.inner.live.poll_soon(account);
        }
    }

    /// Waits until it can no longer be taken back, and does it; gives how it ended.
    async fn perform(&self, ready: &Ready, mut run: Run, place: &Place<'_>, writes: &Writes) -> RunState {
        let (stream, stopping) = (&*place.stream, self.inner.tasks.stopping());
        if let RunState::Pending { until } = run.state {
            tokio::select! {
                // Taken back in the last moment, it does not begin.
                biased;
                () = stream.cancel.cancelled() => return RunState::Canceled { sent: false },
                () = stopping.cancelled() => return RunState::Canceled { sent: false },
                () = tokio::time::sleep(UNDO_TIME) => {}
            }
            let now = Timestamp::now();
            if is_overdue(until, now) {
                let why = "it was to begin while this computer was asleep, and nothing was sent";
                return RunState::Failed { error: ServiceError::unavailable(why) };
            }
            run.state = RunState::Running;
            let post = run.post.clone().map(|to| (to, message(&run, "")));
            match self.inner.store.launch_run(&run.id, post, now).await {
                Ok(true) => stream.wake(),
                Ok(false) => return RunState::Canceled { sent: false },
                Err(error) => {
                    let why = format!("it could not be recorded, and nothing was sent: {error}");
                    return RunState::Failed { error: ServiceError::unavailable(why) };
                }
            }
        }
        // What is begun now could not be seen to its end.
        if stopping.is_cancelled() {
            return RunState::Canceled { sent: false };
        }
        let doing = writes.observe(catch_panic(ready.action.run(&ready.args, ready.at, stream)));
        let stopped = |how: &str| stopped(writes.sent(), ready.spec.effect, how);
        tokio::select! {
            // Taken back in the last moment, it does not begin.
            biased;
            () = stream.cancel.cancelled() => match writes.sent() {
                Sent::Nothing => RunState::Canceled { sent: false },
                Sent::Answered => RunState::Canceled { sent: true },
                Sent::Unanswered => {
                    RunState::Unknown { why: "it was stopped in the middle of it, before there was an answer".into() }
                }
            },
            done = tokio::time::timeout(ready.spec.timeout, doing) => match done {
                Ok(Ok(Ok(outcome))) => RunState::Done { outcome },
                Ok(Ok(Err(error))) => failed(error),
                Ok(Err(panicked)) => panicked_in(writes.sent(), &panicked),
                Err(_) => stopped(&format!("it did not end within {} s", ready.spec.timeout.as_secs())),
            },
            () = stopping.cancelled() => stopped("Callboard was stopped while it was under way"),
            () = self.report_progress(&run, stream) => stopped("it was given up"),
            () = self.keep_saving(&run.id, stream) => stopped("it was given up"),
        }
    }

    /// Records how a run ended. Where the store cannot be written, the end is kept in memory and the write is retried;
    /// [`crate::api::FollowRun`] and `doctor` report that.
    async fn record_end(&self, run: &Run, place: &Place<'_>) {
        let ended_at = run.ended_at.unwrap_or(run.started_at);
        // An outcome that cannot be written as a message is an outcome all the same.
        let message = catch_panic(async { message(run, "") }).await.ok();
        let stopping = self.inner.tasks.stopping();
        let mut wait = RECORD_AGAIN;
        loop {
            let saved = self.save_output(&run.id, &place.stream).await;
            let steps = place.stream.with(|streamed| streamed.steps.clone());
            let steps = self.inner.store.record_steps(&run.id, steps).await;
            let ended = self.inner.store.end_run(&run.id, run.state.clone(), message.clone(), ended_at).await;
            let error = match saved.and(steps).and(ended) {
                // What is reported from now on has a message of its own.
                Ok(_) => return self.post_reported_events(run).await,
                Err(error) => error,
            };
            if stopping.is_cancelled() || error == StoreError::Closed {
                tracing::error!(%error, run = %run.id, "a run's outcome could not be recorded; it will be unknown at the next start");
                return;
            }
            tracing::error!(%error, run = %run.id, wait_s = wait.as_secs(), "a run's outcome could not be recorded yet");
            self.inner.runs.keep_unrecorded(run, error.to_string());
            place.stream.wake();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(RECORD_AGAIN_AT_MOST);
        }
    }

    /// Adds to the last message of a run what a service has reported of it while it was under way: for a run whose
    /// outcome is unknown, that shows how it went.
    async fn post_reported_events(&self, run: &Run) {
        let reported = match self.inner.store.reported_of_run(&run.id).await {
            Ok(Some(reported)) => reported,
            Ok(None) => return,
            Err(error) => {
                return tracing::warn!(%error, run = %run.id, "events reported during a run could not be read");
            }
        };
        let (plain, message) = (last_message(run, None), last_message(run, Some(&reported)));
        if message != plain
            && let Err(error) = self.inner.store.revise_run(&run.id, message, Timestamp::now()).await
        {
            tracing::warn!(%error, run = %run.id, "events reported during a run could not be posted");
        }
    }

    /// Stores what has been put out since the last time.
    async fn save_output(&self, id: &str, stream: &RunStream) -> Result<(), StoreError> {
        let pieces: Vec<(u64, String)> = stream.with(|streamed| {
            let new = streamed.output.pieces_since(streamed.saved);
            new.into_iter().map(|(begins, piece)| (begins, piece.to_owned())).collect()
        });
        for (begins, piece) in pieces {
            let end = begins + piece.len() as u64;
            self.inner.store.append_output(id, begins, piece).await?;
            stream.with(|streamed| streamed.saved = end);
        }
        Ok(())
    }

    /// Stores the output as it comes; never ends by itself.
    async fn keep_saving(&self, id: &str, stream: &RunStream) {
        loop {
            tokio::time::sleep(SAVE_EVERY).await;
            if let Err(error) = self.save_output(id, stream).await {
                tracing::warn!(%error, run = id, "a run's output could not be stored yet");
            }
        }
    }

    /// Edits the run's message to its latest status, now and then; never ends by itself.
    async fn report_progress(&self, run: &Run, stream: &RunStream) {
        let mut posted = String::new();
        loop {
            tokio::time::sleep(EDIT_EVERY).await;
            let status = stream.with(|streamed| streamed.line.clone());
            if run.post.is_some() && status != posted {
                if let Err(error) =
                    self.inner.store.revise_run(&run.id, message(run, &status), Timestamp::now()).await
                {
                    tracing::warn!(%error, "a run's progress could not be posted");
                }
                posted = status;
            }
        }
    }

    /// Records how a person resolved a run whose outcome is unknown. False where the outcome is known.
    pub(crate) async fn resolve_unknown(
        &self,
        mut run: Run,
        ran: bool,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let (by, at) = (actor.principal.to_string(), Timestamp::now());
        let RunState::Unknown { why } = run.state else { return Ok(false) };
        run.state = RunState::Resolved { ran, by, at, why };
        let reported = self.inner.store.reported_of_run(&run.id).await?;
        let message = last_message(&run, reported.as_deref());
        self.inner.store.resolve_run(&run.id, run.state, message, actor, at).await
    }
}

/// The runs that were under way when the program last ended: their messages show that the outcome is unknown. To be called
/// before anything that may refuse the start, as the next start does not find them under way any more.
pub(crate) async fn report_interrupted(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    for run in store.interrupted() {
        let reported = store.reported_of_run(&run.id).await?;
        store.revise_run(&run.id, last_message(run, reported.as_deref()), now).await?;
    }
    Ok(())
}

/// True where what could be taken back `until` then is too old to begin: a computer that sleeps stops the wait, and hours
/// later nobody expects it.
fn is_overdue(until: Timestamp, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(until)).is_ok_and(|late| late > OVERDUE)
}

/// How a run ended that ended by itself, without an outcome.
fn failed(error: ServiceError) -> RunState {
    match error {
        ServiceError::Unknown { why } => RunState::Unknown { why },
        error => RunState::Failed { error },
    }
}

/// How a run ended that had to be stopped, and by no person.
fn stopped(sent: Sent, effect: Effect, why: &str) -> RunState {
    match (effect, sent) {
        (Effect::Reads, _) => RunState::Failed { error: ServiceError::unavailable(why) },
        (Effect::Changes, Sent::Nothing) => {
            RunState::Failed { error: ServiceError::unavailable(format!("{why}, and nothing had been sent")) }
        }
        (Effect::Changes, Sent::Answered | Sent::Unanswered) => RunState::Unknown { why: why.to_owned() },
    }
}

/// How a run ended whose action has a fault of its own.
fn panicked_in(sent: Sent, panicked: &Panicked) -> RunState {
    match sent {
        Sent::Nothing => {
            let why = format!("{panicked}, and nothing had been sent");
            RunState::Failed { error: ServiceError::unavailable(why) }
        }
        Sent::Answered | Sent::Unanswered => RunState::Unknown { why: panicked.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_that_could_be_taken_back_begins_in_time_or_not_at_all() {
        let until = Timestamp::from_second(1_000).unwrap();
        // now, in seconds -> whether it is too late
        for (now, expected) in
            [(-5, false), (999, false), (1_000, false), (1_060, false), (1_061, true), (90_000, true)]
        {
            assert_eq!(is_overdue(until, Timestamp::from_second(now).unwrap()), expected, "{now}");
        }
    }
}
