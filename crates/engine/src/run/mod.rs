//! Runs: a line that is ready is recorded, done, and its end recorded; the outcome goes out through the outbox.

mod active;
mod ready;

use std::{sync::Arc, time::Duration};

use callboard_domain::{
    command::{CommandSpec, Effect},
    error::ServiceError,
    message::{Block, Message, Tone},
    run::{Outcome, Run, RunState},
    text,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Engine, api::ApiError, store::StoreError};

use active::Following;
pub(crate) use active::{Active, Said};
pub(crate) use ready::account_of;
use ready::{Ready, check_confirmed};

/// A run's message is edited with its progress at most this often.
const EDIT_EVERY: Duration = Duration::from_secs(5);

impl Engine {
    /// Starts a run: records it with its message, then does it in a task of its own.
    pub(crate) async fn start(&self, ready: Ready, confirmed: Option<&str>) -> Result<Run, ApiError> {
        check_confirmed(&ready, confirmed)?;
        let run = Run {
            id: Uuid::now_v7().to_string(),
            command: ready.spec.name.clone(),
            line: ready.line.clone(),
            args: ready.args.clone(),
            account: ready.account.as_ref().map(ToString::to_string),
            item: ready.args.items.values().next().map(|item| item.key.clone()),
            by: person(),
            started_at: Timestamp::now(),
            ended_at: None,
            state: RunState::Running,
            post: ready.post.clone(),
        };
        let following = self.inner.runs.begin(&run.id, ready.lock.clone())?;
        let post = ready.post.clone().map(|to| (to, message(&run, "")));
        if let Err(error) = self.store().begin_run(run.clone(), post, run.started_at).await {
            self.inner.runs.end(&run.id);
            return Err(ApiError::internal(error));
        }
        let (engine, started) = (self.clone(), run.clone());
        self.spawn(format!("run {}", run.id), async move {
            engine.carry_out(ready, started, &following).await;
        });
        Ok(run)
    }

    async fn carry_out(&self, ready: Ready, mut run: Run, following: &Arc<Following>) {
        let doing = ready.action.run(&ready.args, run.started_at, &**following);
        let stopping = self.stopping();
        let state = tokio::select! {
            done = tokio::time::timeout(ready.spec.timeout, doing) => ended(done, &ready.spec),
            () = following.cancel.cancelled() => RunState::Canceled,
            () = self.tell_progress(&run, following) => RunState::Unknown { why: "it was given up".into() },
            () = stopping.cancelled() => RunState::Unknown {
                why: "Callboard was stopped while it was under way; look at the service before running it again".into(),
            },
        };
        let (output, steps) = following.with(|said| (said.pieces.concat(), said.steps.clone()));
        let now = Timestamp::now();
        run.state = state.clone();
        run.ended_at = Some(now);
        let message = message(&run, "");
        let recorded = async {
            if !output.is_empty() {
                self.store().append_output(&run.id, output).await?;
            }
            if !steps.is_empty() {
                self.store().record_steps(&run.id, steps).await?;
            }
            self.store().end_run(&run.id, state, Some(message), now).await
        };
        if let Err(error) = recorded.await {
            tracing::error!(%error, run = %run.id, "how a run ended could not be recorded; it is unknown at the next start");
        }
        self.inner.runs.end(&run.id);
        following.wake();
    }

    /// Edits the run's message with what it says, now and then; never ends by itself.
    async fn tell_progress(&self, run: &Run, following: &Following) {
        let mut told = String::new();
        loop {
            tokio::time::sleep(EDIT_EVERY).await;
            let said = following.with(|said| said.line.clone());
            if run.post.is_some() && said != told {
                if let Err(error) =
                    self.store().revise_run(&run.id, message(run, &said), Timestamp::now()).await
                {
                    tracing::warn!(%error, "a run's progress could not be told");
                }
                told = said;
            }
        }
    }

    /// Takes a person's word on a run that is not known. False where it is known, by then or all along.
    pub(crate) async fn take_word(&self, mut run: Run, ran: bool) -> Result<bool, StoreError> {
        let (by, at) = (person(), Timestamp::now());
        let RunState::Unknown { why } = run.state else { return Ok(false) };
        run.state = RunState::Settled { ran, by, at, why };
        let message = message(&run, "");
        self.store().settle_run(&run.id, run.state, message, at).await
    }

    /// The runs that were under way when the program last ended: their messages say that it is not known how they went.
    pub(crate) async fn tell_interrupted(&self, now: Timestamp) -> Result<(), StoreError> {
        for run in self.store().interrupted().to_vec() {
            self.store().revise_run(&run.id, message(&run, ""), now).await?;
        }
        Ok(())
    }
}

/// How a run ended, as recorded.
fn ended(
    done: Result<Result<Outcome, ServiceError>, tokio::time::error::Elapsed>,
    spec: &CommandSpec,
) -> RunState {
    match done {
        Ok(Ok(outcome)) => RunState::Done { outcome },
        Ok(Err(ServiceError::Unknown { why })) => RunState::Unknown { why },
        Ok(Err(error)) => RunState::Failed { error },
        Err(_) => {
            let why = format!("it did not end within {} s", spec.timeout.as_secs());
            match spec.effect {
                Effect::Reads => RunState::Failed { error: ServiceError::unavailable(why) },
                Effect::Changes => RunState::Unknown { why },
            }
        }
    }
}

/// The one message of a run: what was asked, by whom, and how far it is.
fn message(run: &Run, said: &str) -> Message {
    let base = match &run.state {
        RunState::Running => {
            let title = match said {
                "" => run.line.clone(),
                said => format!("{}: {said}", run.line),
            };
            Message::new(Tone::Running, title)
        }
        RunState::Done { outcome } => {
            let tone = if outcome.ok { Tone::Good } else { Tone::Bad };
            Message {
                blocks: outcome.blocks.clone(),
                ..Message::new(tone, &outcome.summary).linked(outcome.link.clone())
            }
        }
        RunState::Failed { error } => {
            Message::new(Tone::Bad, format!("{} could not be done: {error}", run.line))
        }
        RunState::Canceled => Message::new(
            Tone::Neutral,
            format!("{} was stopped; what it had sent by then stays done", run.line),
        ),
        RunState::Unknown { why } => Message::new(
            Tone::Unknown,
            format!("We do not know whether {} ran: {why}. It will not be run again by itself", run.line),
        ),
        RunState::Settled { .. } => {
            Message::new(Tone::Neutral, format!("{}: {}", run.line, run.state.said().unwrap_or_default()))
        }
    };
    let mut fields = vec![("command".to_owned(), run.line.clone()), ("by".to_owned(), run.by.clone())];
    if let Some(ended_at) = run.ended_at {
        let took = ended_at.duration_since(run.started_at).as_secs().max(0).unsigned_abs();
        fields.push(("took".into(), callboard_domain::duration::Span(Duration::from_secs(took)).to_string()));
    }
    let mut message = base;
    message.title = text::line(&message.title, 300);
    message.blocks.insert(0, Block::Fields(fields));
    message
}

/// Who is at the keyboard, as the system names them.
pub(crate) fn person() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    named
        .map(|name| text::line(&name, 64))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "somebody".into())
}
