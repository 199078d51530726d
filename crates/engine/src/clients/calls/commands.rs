//! What can be run, and runs.

use callboard_domain::{
    actor::Actor,
    command::{ArgType, CommandSpec},
    run::{Run, RunState},
};
use jiff::Timestamp;

use super::{LONG_POLL, limited, one_of, page, read_now::Asked};
use crate::{
    Engine,
    act::run::Streamed,
    active_config::ActiveConfig,
    api::{
        ApiError, AuditedChange, Cancel, CommandInfo, CommandsQuery, FollowRun, HelpQuery, Plan, PlanQuery,
        ResolveRun, RunProgress, RunsQuery, StartRun,
    },
    commands::registry::Entry,
    store::StoredOutput,
};

impl Engine {
    pub(crate) async fn commands(&self, _: CommandsQuery) -> Result<Vec<CommandInfo>, ApiError> {
        Ok(self.active().registry.entries().iter().map(|entry| self.command_info(entry)).collect())
    }

    pub(crate) async fn help(&self, query: HelpQuery) -> Result<CommandInfo, ApiError> {
        Ok(self.command_info(self.active().registry.find(&query.command)?))
    }

    pub(super) fn command_info(&self, entry: &Entry) -> CommandInfo {
        let posts_to = self.posts_to(&self.active(), &entry.spec);
        CommandInfo { spec: entry.spec.clone(), origin: entry.origin(), posts_to }
    }

    /// Where a command's outcome would be posted, as far as it is known without arguments.
    pub(crate) fn posts_to(&self, active: &ActiveConfig, spec: &CommandSpec) -> String {
        let takes_item = spec.args.iter().any(|arg| matches!(arg.ty, ArgType::Item(_)));
        match &spec.policy.post {
            Some(post) => post.clone(),
            None if takes_item => {
                format!(
                    "the channels of your rules for the item, otherwise {}",
                    active.config.default_channel
                )
            }
            None => active.config.default_channel.to_string(),
        }
    }

    pub(crate) async fn prepare(&self, what: PlanQuery) -> Result<Plan, ApiError> {
        let mut asked = Asked::default();
        loop {
            match self.inner.runner.ready(&what, Timestamp::now()).await {
                Ok(ready) => return Ok(ready.shown()),
                Err(not_ready) => self.ask_before_denying(not_ready, &mut asked).await?,
            }
        }
    }

    pub(crate) async fn run(&self, start: StartRun, actor: &Actor) -> Result<Run, ApiError> {
        let mut asked = Asked::default();
        loop {
            match self.inner.runner.start(&start, actor).await {
                Ok(run) => {
                    self.start_delivering();
                    return Ok(run);
                }
                Err(not_ready) => self.ask_before_denying(not_ready, &mut asked).await?,
            }
        }
    }

    pub(crate) async fn follow_run(&self, query: FollowRun) -> Result<RunProgress, ApiError> {
        let id = self.run_id(&query.id).await?;
        let stream = self.inner.runner.runs().get(&id);
        if let Some(stream) = &stream {
            let mut changes = stream.changes();
            let is_new = |streamed: &mut Streamed| {
                streamed.line != query.status || streamed.output.total() > query.seen
            };
            // A run that has ended since may have signalled that before this call subscribed.
            let goes_on = self.inner.runner.runs().get(&id).is_some()
                && self.inner.runner.runs().unrecorded(&id).is_none();
            if goes_on && !stream.with(is_new) {
                let _ = tokio::time::timeout(LONG_POLL, changes.changed()).await;
            }
        }
        let unrecorded = self.inner.runner.runs().unrecorded(&id);
        let run = self.known_run(&id).await?;
        let ended = run.state.is_final();
        // The output of a run under way is in memory; once its end is recorded, the output is in the store.
        let (output, seen, line, steps) = match &stream {
            Some(stream) => stream.with(|streamed| {
                let Streamed { output, line, steps, .. } = streamed;
                (output.since(query.seen), output.total(), line.clone(), steps.clone())
            }),
            None => {
                let StoredOutput { output, steps } =
                    self.store().stored_output(&id).await.map_err(ApiError::internal)?;
                (output.since(query.seen), output.total(), String::new(), steps)
            }
        };
        Ok(RunProgress {
            run,
            status: if ended { String::new() } else { line },
            output: Some(output).filter(|output| !output.is_empty()).into_iter().collect(),
            seen: seen.max(query.seen),
            steps,
            delivery: if ended { self.delivery_of(&id).await? } else { None },
            unrecorded: unrecorded.map(|it| it.why),
        })
    }

    /// A run as it is: how it ended counts from its end on, also while that cannot be recorded.
    async fn known_run(&self, id: &str) -> Result<Run, ApiError> {
        let run = self.store().run(id).await.map_err(ApiError::internal)?;
        let run = self.inner.runner.runs().unrecorded(id).map(|it| it.run).or(run);
        run.ok_or_else(|| ApiError::usage(format!("there is no run {id:?}; see: callboard runs")))
    }

    /// The whole id of a run of which the start, or a distinctive end, was typed.
    async fn run_id(&self, typed: &str) -> Result<String, ApiError> {
        if self.store().run(typed).await.map_err(ApiError::internal)?.is_some() {
            return Ok(typed.to_owned());
        }
        let mut found = self.inner.runner.runs().starting_with(typed);
        let runs = self.store().runs(limited(1_000)).await.map_err(ApiError::internal)?;
        found.extend(
            runs.into_iter().map(|run| run.id).filter(|id| id.starts_with(typed) || id.ends_with(typed)),
        );
        one_of(found, typed, "run", "callboard runs")
    }

    pub(crate) async fn runs(&self, query: RunsQuery) -> Result<Vec<Run>, ApiError> {
        let limit = page(query.limit)?;
        let found = match query.before {
            Some(before) => self.store().runs_before(&self.run_id(&before).await?, limit).await,
            None => self.store().runs(limit).await,
        };
        let runs = found.map_err(ApiError::internal)?;
        let known = |run: Run| self.inner.runner.runs().unrecorded(&run.id).map_or(run, |it| it.run);
        Ok(runs.into_iter().map(known).collect())
    }

    pub(crate) async fn cancel(&self, query: Cancel, actor: &Actor) -> Result<Run, ApiError> {
        let id = self.run_id(&query.id).await?;
        let under_way = || {
            self.inner.runner.runs().get(&id).filter(|_| self.inner.runner.runs().unrecorded(&id).is_none())
        };
        let Some(stream) = under_way() else {
            let run = self.known_run(&id).await?;
            return Err(ApiError::usage(format!("run {id} is not under way: it is {}", run.state.name())));
        };
        let mut changes = stream.changes();
        self.record_change(actor, AuditedChange::RunCanceled { run: id.clone() }).await;
        stream.cancel.cancel();
        while under_way().is_some() && changes.changed().await.is_ok() {}
        self.known_run(&id).await
    }

    pub(crate) async fn resolve_run(&self, query: ResolveRun, actor: &Actor) -> Result<Run, ApiError> {
        let run = self.known_run(&self.run_id(&query.id).await?).await?;
        let id = run.id.clone();
        let resolved =
            self.inner.runner.resolve_unknown(run, query.ran, actor).await.map_err(ApiError::internal)?;
        let run = self.known_run(&id).await?;
        if resolved {
            self.start_delivering();
            return Ok(run);
        }
        Err(not_resolved(&run))
    }
}

/// Why a person cannot resolve a run that is as given.
fn not_resolved(run: &Run) -> ApiError {
    let Run { id, state, .. } = run;
    let known = match (state, state.resolution_text()) {
        // While the store cannot be written, that is known here alone.
        (RunState::Unknown { .. }, _) => {
            return ApiError::usage(format!(
                "run {id} ended with an unknown outcome, and that could not be recorded yet; resolve it once it is \
                 (see callboard doctor)"
            ));
        }
        (_, Some(text)) => format!("is resolved: {text}"),
        (_, None) => format!("is {}", state.name()),
    };
    ApiError::usage(format!("run {id} {known}; only one whose outcome is not known can be resolved"))
}

#[cfg(test)]
mod tests {
    use callboard_domain::{command::Args, run::Outcome};

    use super::*;

    #[test]
    fn refusal_to_resolve_a_run_does_not_contradict_itself() {
        let lost = || "lost".to_owned();
        let by_kim =
            RunState::Resolved { ran: true, by: "kim".into(), at: Timestamp::UNIX_EPOCH, why: lost() };
        // how the run is -> why it is not resolved
        let cases = [
            (RunState::Running, "run 1 is running; only one whose outcome"),
            (RunState::Done { outcome: Outcome::ok("done") }, "run 1 is done; only one whose outcome"),
            (by_kim, "run 1 is resolved: kim says it ran; only one whose outcome"),
            (
                RunState::Unknown { why: lost() },
                "run 1 ended with an unknown outcome, and that could not be recorded yet; resolve it once it is (see",
            ),
        ];
        for (state, expected) in cases {
            let run = Run {
                id: "1".into(),
                command: "act".into(),
                line: "act".into(),
                args: Args::default(),
                account: None,
                item: None,
                by: String::new(),
                actor: None,
                started_at: Timestamp::UNIX_EPOCH,
                ended_at: None,
                state,
                post: None,
            };
            let refused = not_resolved(&run).to_string();
            assert!(refused.starts_with(expected), "{:?}: {refused}", run.state);
        }
    }
}
