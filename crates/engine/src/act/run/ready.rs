//! A line that is understood, made ready to run: its steps, where its outcome goes, and what a person must confirm first.
//! Nothing is sent here.

use std::{collections::BTreeMap, sync::Arc};

use callboard_domain::{
    action::{Action, Step},
    chat::Address,
    command::{self, ArgError, Args, CommandSpec},
    expression::Expression,
    identity::Identity,
    item::{AccountName, Detail},
    template::{Escape, Template},
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    account::with_account,
    files,
    plan::{Fingerprint, Parts, changed},
    runner::Runner,
    understand::Read,
};
use crate::{
    active_config::ActiveConfig,
    api::{ApiError, Changed, Confirm, Plan, PlanQuery, RequiredScope, StartRun},
    commands::values::{names, values},
};

/// Why a line is not ready to run.
pub(crate) enum NotReady {
    /// The command can never work on an item as it is stored, which may be older than what its service has by now.
    Refused {
        /// The item's account.
        account: AccountName,
        /// Why it cannot work, as a sentence.
        why: String,
    },
    /// Anything else.
    Error(ApiError),
}

impl From<ApiError> for NotReady {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl From<ArgError> for NotReady {
    fn from(error: ArgError) -> Self {
        Self::Error(error.into())
    }
}

/// A line that is ready to run.
pub(crate) struct Ready {
    pub(super) spec: CommandSpec,
    pub(super) action: Arc<dyn Action>,
    pub(super) account: Option<AccountName>,
    pub(super) args: Args,
    pub(super) line: String,
    pub(super) steps: Vec<Step>,
    pub(super) post: Option<Address>,
    pub(super) post_reason: String,
    pub(super) confirm: Option<Confirm>,
    pub(super) lock: Option<String>,
    /// The time that the steps are for.
    pub(super) at: Timestamp,
    fingerprint: Fingerprint,
    missing_scopes: Vec<RequiredScope>,
    acts_as: Option<String>,
    /// The account's own name on its service, for people: "ana (GitHub)". `None` where the service does not say.
    pub(super) acts_on_service_as: Option<String>,
}

impl Ready {
    /// What a client shows of it.
    pub(crate) fn shown(&self) -> Plan {
        Plan {
            fingerprint: self.fingerprint.text(),
            command: self.spec.name.clone(),
            named_line: command::named_line(&self.line, &self.args),
            names: names_by_arg(&self.args),
            line: self.line.clone(),
            account: self.account.clone(),
            acts_as: self.acts_as.clone(),
            steps: self.steps.clone(),
            post: self.post.clone(),
            post_reason: self.post_reason.clone(),
            confirm: self.confirm.clone(),
            missing_scopes: self.missing_scopes.clone(),
        }
    }
}

/// What people call the values that are ids, by argument; of one that takes several items, all of their names.
fn names_by_arg(args: &Args) -> BTreeMap<String, String> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (arg, _, name) in args.names() {
        let all = names.entry(arg.to_owned()).or_default();
        let comma = if all.is_empty() { "" } else { ", " };
        all.push_str(&format!("{comma}{name}"));
    }
    names
}

impl Runner {
    /// Makes a line ready to run exactly as it was shown, or returns what has changed since.
    pub(crate) async fn ready_as_shown(&self, start: &StartRun, now: Timestamp) -> Result<Ready, NotReady> {
        let Some(shown) = &start.fingerprint else {
            // A person confirms a preview, and nothing identifies which one it was.
            if start.confirmed.is_some() {
                let why = "what was confirmed is not known: run needs the fingerprint that prepare gave";
                return Err(ApiError::usage(why).into());
            }
            return self.ready(&start.what, now).await;
        };
        let shown = Fingerprint::read(shown)?;
        let ready = self.ready(&start.what, shown.at).await?;
        let differences = ready.fingerprint.changed_since(&shown);
        if !differences.is_empty() {
            return Err(changed(&ready.line, differences).into());
        }
        if shown.is_timely(now) {
            return Ok(ready);
        }
        // Old, but good as long as nothing in it is of its time.
        match ready.action.preview(&ready.args, now)? == ready.steps {
            true => Ok(Ready { at: now, ..ready }),
            false => Err(changed(&ready.line, vec![Changed::Time]).into()),
        }
    }

    /// Makes a line ready to run: everything about it is known and checked, and nothing has been sent.
    pub(crate) async fn ready(&self, what: &PlanQuery, now: Timestamp) -> Result<Ready, NotReady> {
        // As a fingerprint carries it: what is prepared for that time again must be the same.
        let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let active = self.inner.live.now();
        let Read { spec, account, asked, keys, action, args, missing, definition } =
            self.understand(&active, &what.line).await?;
        if let Some(missing) = missing {
            return Err(missing.into());
        }
        self.check_not_refused(&*action, &args).await?;
        for (_, item) in args.all_items() {
            if let Detail::Approval(approval) = &item.detail {
                command::check_answers(spec, approval, &args.pairs)?;
            }
        }
        let steps = action.preview(&args, now)?;
        let (post, post_reason) = self.route(&active, spec, &args, what).await?;
        let confirm =
            spec.policy.confirm.as_deref().map(|rule| confirm(rule, spec, &args)).transpose()?.flatten();
        let lock = spec.policy.lock.as_deref().map(|lock| render(lock, spec, &args)).transpose()?;
        let mut written = args.clone();
        written.values.extend(keys);
        let line = active.registry.line(spec, &written);
        let line = match asked {
            Some(account) => with_account(&line, account.as_str()),
            None => line,
        };
        // A command file's request acts as an account, too.
        let actor = account.as_ref().or(action.account());
        let me = match actor {
            Some(account) => self.inner.store.acts_as(account).await.map_err(ApiError::internal)?,
            None => Identity::default(),
        };
        let acts_as = Some(me.display().to_owned()).filter(|name| !name.is_empty());
        let service = actor.and_then(|name| active.accounts.get(name)).map(|it| it.config.title());
        let acts_on_service_as =
            acts_as.as_ref().zip(service).map(|(login, service)| format!("{login} ({service})"));
        let missing_scopes = actor.map(|account| lacking(account, &*action, &me)).unwrap_or_default();
        let parts = Parts {
            command: json!({ "spec": spec, "definition": definition }),
            files: files::contents(action.files(&args)).await,
            account: (actor, acts_as.as_deref()),
            arguments: json!({ "values": args.values, "pairs": args.pairs }),
            items: args.all_items().map(|(_, item)| item).collect(),
            steps: json!(steps),
            channel: post.as_ref(),
        };
        let fingerprint = Fingerprint::new(now, &parts);
        Ok(Ready {
            spec: spec.clone(),
            at: now,
            action,
            account,
            line,
            steps,
            post,
            post_reason,
            confirm,
            lock,
            args,
            fingerprint,
            missing_scopes,
            acts_as,
            acts_on_service_as,
        })
    }

    /// Refuses what can never work on an item as it is stored.
    async fn check_not_refused(&self, action: &dyn Action, args: &Args) -> Result<(), NotReady> {
        for (_, item) in args.all_items().collect::<Vec<_>>() {
            let me = self.inner.store.acts_as(&item.key.account).await.map_err(ApiError::internal)?;
            if let Some(why) = action.refuses(item, &me) {
                return Err(NotReady::Refused { account: item.key.account.clone(), why });
            }
        }
        Ok(())
    }

    /// Where an outcome goes: the channel asked for, else the command's, else the item's, else the default one.
    async fn route(
        &self,
        active: &ActiveConfig,
        spec: &CommandSpec,
        args: &Args,
        what: &PlanQuery,
    ) -> Result<(Option<Address>, String), ApiError> {
        let address = |channel: &str| active.config.address(channel).map_err(ApiError::usage);
        if what.private {
            return Ok((None, "private: nothing is posted".into()));
        }
        if let Some(channel) = &what.channel {
            return Ok((Some(address(channel)?), "you chose it".into()));
        }
        if let Some(post) = &spec.policy.post {
            return Ok((Some(address(&render(post, spec, args)?)?), format!("by {}", spec.name)));
        }
        for (_, item) in args.all_items().collect::<Vec<_>>() {
            let me = self.inner.store.acts_as(&item.key.account).await.map_err(ApiError::internal)?;
            if let Some(channel) = active.rules.route(item, &me).first() {
                return Ok((Some(address(channel)?), "by your rules".to_owned()));
            }
        }
        Ok((Some(active.config.default_channel.clone()), "the default channel".into()))
    }
}

/// What an action needs and the account's credential is known to lack.
fn lacking(account: &AccountName, action: &dyn Action, me: &Identity) -> Vec<RequiredScope> {
    let needs = action.scopes();
    let missing = me.missing_scopes.iter().filter(|missing| needs.contains(&missing.scope.as_str()));
    missing
        .map(|missing| RequiredScope {
            scope: missing.scope.clone(),
            remedy: format!(
                "give the credential of {account} the scope {}, then keep it with: callboard accounts secret {account}",
                missing.scope
            ),
        })
        .collect()
}

fn render(template: &str, spec: &CommandSpec, args: &Args) -> Result<String, ApiError> {
    let rendered = Template::compile(template).and_then(|it| it.render(&values(spec, args), Escape::Line));
    rendered.map_err(|error| ApiError::usage(format!("{template:?}: {error}")))
}

/// What a command's `confirm` expression asks for: `none`, `yes`, or `type:ARG`.
fn confirm(rule: &str, spec: &CommandSpec, args: &Args) -> Result<Option<Confirm>, ApiError> {
    let fault = |what: String| ApiError::usage(format!("the command's confirm: {what}"));
    let (scope, values) = (names(spec), values(spec, args));
    let rule = Expression::compile(rule, &scope).map_err(|error| fault(error.to_string()))?;
    // Characters that a service would drop must not decide whether a person is asked.
    let steers = |arg: &&String| args.get(arg).is_some_and(|value| value.contains(char::is_control));
    if let Some(arg) = rule.names().iter().find(steers) {
        let expected = "one line without control characters, as whether it must be confirmed depends on it";
        let found = args.get(arg).unwrap_or_default().to_owned();
        return Err(
            ArgError::Invalid { arg: arg.clone(), expected: expected.into(), found, nearest: None }.into()
        );
    }
    let answer = rule.eval(&values).map_err(|error| fault(error.to_string()))?;
    match answer.as_str().unwrap_or_default().parse().map_err(fault)? {
        command::Confirm::None => Ok(None),
        command::Confirm::Yes => Ok(Some(Confirm::Yes)),
        command::Confirm::Type(arg) => match args.get(&arg) {
            Some(value) => Ok(Some(Confirm::Type(value.to_owned()))),
            None => Err(fault(format!("there is no argument {arg:?} to type"))),
        },
    }
}

pub(super) fn check_confirmed(ready: &Ready, confirmed: Option<&str>) -> Result<(), ApiError> {
    let (expected, how) = match &ready.confirm {
        None => return Ok(()),
        Some(Confirm::Yes) => ("yes", "say yes to it".to_owned()),
        Some(Confirm::Type(text)) => (text.as_str(), format!("type {text}")),
    };
    if confirmed == Some(expected) {
        Ok(())
    } else {
        Err(ApiError::Confirm { message: format!("{} must be confirmed: {how}", ready.line) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirmation_and_lock_arguments_must_be_one_plain_line() {
        use callboard_domain::command::ArgSpec;
        let spec =
            CommandSpec::new("deploy", "").arg(ArgSpec::text("env", "")).arg(ArgSpec::text("note", ""));
        let args = |env: &str, note: &str| {
            let values =
                [("env", env), ("note", note)].map(|(name, value)| (name.to_owned(), value.to_owned()));
            Args { values: values.into(), ..Args::default() }
        };
        let rule = "env == 'production' ? 'type:env' : 'none'";
        let cases = [
            ("production", "two\nlines", Ok(true)),
            ("staging", "", Ok(false)),
            ("production\t", "", Err(())),
            ("prod\nuction", "", Err(())),
            ("production\u{7f}", "", Err(())),
            ("\u{85}production", "", Err(())),
        ];
        for (env, note, expected) in cases {
            let args = args(env, note);
            let asked = confirm(rule, &spec, &args).map(|asked| asked.is_some()).map_err(drop);
            assert_eq!(asked, expected, "{env:?}");
            let locked = render("deploy:{{ env }}", &spec, &args).map(drop).map_err(drop);
            assert_eq!(locked, expected.map(drop), "{env:?}");
        }
    }
}
