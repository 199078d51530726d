//! A command that looks, asked of every account that has it: one answer, and what could not be read is named.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, Args, CommandSpec},
    error::ServiceError,
    item::AccountName,
    message::Block,
    run::Outcome,
};
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Map, json};

/// All accounts that have a command.
pub(crate) struct EveryAccount {
    spec: CommandSpec,
    accounts: BTreeMap<AccountName, Arc<dyn Action>>,
}

impl EveryAccount {
    pub(crate) fn new(spec: CommandSpec, accounts: BTreeMap<AccountName, Arc<dyn Action>>) -> Self {
        Self { spec, accounts }
    }
}

#[async_trait]
impl Action for EveryAccount {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let mut steps = Vec::new();
        for (account, action) in &self.accounts {
            let own = action.preview(args, now)?.into_iter();
            steps.extend(own.map(|step| Step { what: format!("{account}: {}", step.what), ..step }));
        }
        Ok(steps)
    }

    /// One that cannot be read is reported among the others; where none can be, that is the error.
    async fn run(
        &self,
        args: &Args,
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let asked = self
            .accounts
            .iter()
            .map(|(account, action)| async move { (account, action.run(args, now, progress).await) });
        let answers = join_all(asked).await;
        if let Some((_, Err(error))) = answers.first().filter(|_| answers.iter().all(|(_, it)| it.is_err())) {
            return Err(error.clone());
        }
        let (mut ok, mut lines, mut blocks, mut data) = (true, Vec::new(), Vec::new(), Map::new());
        for (account, answer) in answers {
            match answer {
                Ok(outcome) => {
                    ok &= outcome.ok;
                    lines.push(format!("{account}: {}", outcome.summary));
                    if !outcome.blocks.is_empty() {
                        blocks.push(Block::Text(account.to_string()));
                        blocks.extend(outcome.blocks);
                    }
                    data.insert(account.to_string(), outcome.data.unwrap_or_default());
                }
                Err(error) => {
                    ok = false;
                    lines.push(format!("{account}: cannot be read: {error}"));
                    data.insert(account.to_string(), json!({ "error": error.to_string() }));
                }
            }
        }
        let outcome = Outcome { blocks, ..Outcome::ok(lines.join("; ")) };
        Ok(Outcome { ok, ..outcome.with_data(data.into()) })
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::message::ListEntry;

    use super::*;

    struct Says(CommandSpec, Result<&'static str, ServiceError>);

    #[async_trait]
    impl Action for Says {
        fn spec(&self) -> &CommandSpec {
            &self.0
        }

        fn preview(&self, _: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
            Ok(vec![Step { what: "Look".into(), request: "GET /".into() }])
        }

        async fn run(&self, _: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
            let name = self.1.clone()?;
            let row = ListEntry { text: name.to_owned(), link: None };
            Ok(Outcome::ok("1 person is on call").with_block(Block::List(vec![row])))
        }
    }

    struct Silent;

    impl Progress for Silent {
        fn status(&self, _: &str) {}

        fn output(&self, _: &str) {}
    }

    fn of(answers: &[(&str, Result<&'static str, ServiceError>)]) -> EveryAccount {
        let spec = callboard_domain::command::verbs::on_call();
        let accounts = answers.iter().map(|(name, answer)| {
            let action: Arc<dyn Action> = Arc::new(Says(spec.clone(), answer.clone()));
            (AccountName::from(*name), action)
        });
        EveryAccount::new(spec.clone(), accounts.collect())
    }

    #[tokio::test]
    async fn account_that_cannot_be_read_hides_no_other() {
        let down = || Err(ServiceError::unavailable("down"));
        let run = async |answers: &[(&str, Result<&'static str, ServiceError>)]| {
            of(answers).run(&Args::default(), Timestamp::UNIX_EPOCH, &Silent).await
        };
        let both = run(&[("a", Ok("ana")), ("b", Ok("bo"))]).await.unwrap();
        assert!(both.ok && both.summary == "a: 1 person is on call; b: 1 person is on call", "{both:?}");
        assert_eq!(both.blocks.len(), 4);
        let one = run(&[("a", Ok("ana")), ("b", down())]).await.unwrap();
        assert!(!one.ok && one.summary.ends_with("b: cannot be read: down"), "{one:?}");
        assert!(run(&[("a", down()), ("b", down())]).await.is_err());
        let steps = of(&[("a", Ok("ana")), ("b", down())]).preview(&Args::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(
            steps.unwrap().iter().map(|step| step.what.as_str()).collect::<Vec<_>>(),
            ["a: Look", "b: Look"]
        );
    }
}
