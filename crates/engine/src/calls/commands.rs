//! What can be run, and runs.

use callboard_domain::{
    command::{ArgType, CommandSpec},
    run::Run,
};
use jiff::Timestamp;

use super::{LONG_POLL, limited, one_of};
use crate::{
    Engine,
    api::{
        ApiError, Cancel, CommandInfo, CommandsQuery, FollowRun, HelpQuery, Prepare, Prepared, RunProgress,
        RunsQuery, SettleRun, StartRun,
    },
    live::Live,
    registry::Entry,
};

impl Engine {
    pub(crate) async fn commands(&self, _: CommandsQuery) -> Result<Vec<CommandInfo>, ApiError> {
        Ok(self.live().registry.entries().iter().map(|entry| self.command_info(entry)).collect())
    }

    pub(crate) async fn help(&self, query: HelpQuery) -> Result<CommandInfo, ApiError> {
        Ok(self.command_info(self.live().registry.find(&query.command)?))
    }

    pub(super) fn command_info(&self, entry: &Entry) -> CommandInfo {
        let posts_to = self.posts_to(&self.live(), &entry.spec);
        CommandInfo { spec: entry.spec.clone(), origin: entry.origin(), posts_to }
    }

    /// Where a command's outcome would be posted, as far as can be told without arguments.
    pub(crate) fn posts_to(&self, live: &Live, spec: &CommandSpec) -> String {
        let takes_item = spec.args.iter().any(|arg| matches!(arg.ty, ArgType::Item(_)));
        match &spec.policy.post {
            Some(post) => post.clone(),
            None if takes_item => {
                format!("the channels of your rules for the item, otherwise {}", live.config.default_channel)
            }
            None => live.config.default_channel.to_string(),
        }
    }

    pub(crate) async fn prepare(&self, what: Prepare) -> Result<Prepared, ApiError> {
        let ready = self.ready(&what, Timestamp::now()).await?;
        let acts_as = match ready.account() {
            Some(account) => Some(self.me(account).await?.login).filter(|login| !login.is_empty()),
            None => None,
        };
        Ok(ready.shown(acts_as))
    }

    pub(crate) async fn run(&self, start: StartRun) -> Result<Run, ApiError> {
        let ready = self.ready(&start.what, Timestamp::now()).await?;
        self.start(ready, start.confirmed.as_deref()).await
    }

    pub(crate) async fn follow_run(&self, query: FollowRun) -> Result<RunProgress, ApiError> {
        let id = self.run_id(&query.id).await?;
        if let Some(following) = self.inner.runs.get(&id) {
            let mut changes = following.changes();
            let is_new = |said: &mut crate::run::Said| {
                said.line != query.said || said.pieces.len() as u64 > query.seen
            };
            // One that has ended since may have said so before anybody listened.
            if !following.with(is_new) && self.inner.runs.get(&id).is_some() {
                let _ = tokio::time::timeout(LONG_POLL, changes.changed()).await;
            }
            let run = self.stored_run(&id).await?;
            // Between the record of its end and its leaving this list there is a moment: the record counts.
            if self.inner.runs.get(&id).is_some() && !run.state.is_final() {
                let seen = usize::try_from(query.seen).unwrap_or(usize::MAX);
                let (said, output, total, steps) = following.with(|said| {
                    (
                        said.line.clone(),
                        said.pieces.get(seen..).unwrap_or_default().to_vec(),
                        said.pieces.len(),
                        said.steps.clone(),
                    )
                });
                return Ok(RunProgress { run, said, output, seen: total as u64, steps, delivery: None });
            }
            // It has ended in between: what was not seen of it is in memory still.
            let seen = usize::try_from(query.seen).unwrap_or(usize::MAX);
            let (output, total, steps) = following.with(|said| {
                let output = said.pieces.get(seen..).unwrap_or_default().to_vec();
                (output, said.pieces.len() as u64, said.steps.clone())
            });
            let (run, delivery) = (self.stored_run(&id).await?, self.delivery_of(&id).await?);
            return Ok(RunProgress { run, said: String::new(), output, seen: total, steps, delivery });
        }
        let run = self.stored_run(&id).await?;
        let output = if query.seen == 0 {
            self.store().output(&id).await.map_err(ApiError::internal)?
        } else {
            String::new()
        };
        let output: Vec<String> = Some(output).filter(|output| !output.is_empty()).into_iter().collect();
        let seen = query.seen.max(output.len() as u64);
        let steps = self.store().steps(&id).await.map_err(ApiError::internal)?;
        let delivery = self.delivery_of(&id).await?;
        Ok(RunProgress { run, said: String::new(), output, seen, steps, delivery })
    }

    async fn stored_run(&self, id: &str) -> Result<Run, ApiError> {
        let run = self.store().run(id).await.map_err(ApiError::internal)?;
        run.ok_or_else(|| ApiError::usage(format!("there is no run {id:?}; see: callboard runs")))
    }

    /// The whole id of a run of which the start, or a distinctive end, was typed.
    async fn run_id(&self, typed: &str) -> Result<String, ApiError> {
        if self.store().run(typed).await.map_err(ApiError::internal)?.is_some() {
            return Ok(typed.to_owned());
        }
        let mut found = self.inner.runs.starting_with(typed);
        let runs = self.store().runs(limited(1_000)).await.map_err(ApiError::internal)?;
        found.extend(
            runs.into_iter().map(|run| run.id).filter(|id| id.starts_with(typed) || id.ends_with(typed)),
        );
        one_of(found, typed, "run", "callboard runs")
    }

    pub(crate) async fn runs(&self, query: RunsQuery) -> Result<Vec<Run>, ApiError> {
        self.store().runs(limited(query.limit)).await.map_err(ApiError::internal)
    }

    pub(crate) async fn cancel(&self, query: Cancel) -> Result<Run, ApiError> {
        let id = self.run_id(&query.id).await?;
        let Some(following) = self.inner.runs.get(&id) else {
            let run = self.stored_run(&id).await?;
            return Err(ApiError::usage(format!("run {id} is not under way: it is {}", run.state.name())));
        };
        let mut changes = following.changes();
        following.cancel.cancel();
        while self.inner.runs.get(&id).is_some() && changes.changed().await.is_ok() {}
        self.stored_run(&id).await
    }

    pub(crate) async fn settle_run(&self, query: SettleRun) -> Result<Run, ApiError> {
        let run = self.stored_run(&self.run_id(&query.id).await?).await?;
        let id = run.id.clone();
        let settled = self.take_word(run, query.ran).await.map_err(ApiError::internal)?;
        let run = self.stored_run(&id).await?;
        if settled {
            return Ok(run);
        }
        let known = match run.state.said() {
            Some(said) => format!("is settled: {said}"),
            None => format!("is {}", run.state.name()),
        };
        Err(ApiError::usage(format!("run {id} {known}; only one that is unknown can be settled")))
    }
}
