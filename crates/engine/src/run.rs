//! Runs: a line becomes a command with its arguments, is recorded, done, and its end recorded; the outcome goes out
//! through the outbox.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_domain::{
    action::{Action, Progress, Step},
    chat::Address,
    command::{self, ArgError, ArgType, Args, CommandSpec, Effect, Resolution},
    error::ServiceError,
    expression::Expression,
    identity::Identity,
    item::{AccountName, Item, Kind},
    message::{Block, Message, Tone},
    run::{Outcome, Run, RunState},
    template::{Escape, Template},
    text,
};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Engine,
    api::{ApiError, Confirm, Prepare, Prepared},
    live::Live,
    registry::Entry,
    store::StoreError,
    values::{names, values},
};

/// The most output of a run that is kept in memory for its followers; the store keeps the same.
const OUTPUT_LIMIT: usize = 1 << 20;
/// A run's message is edited with its progress at most this often.
const EDIT_EVERY: Duration = Duration::from_secs(5);
/// How many items that are not open are looked at when an argument names one.
const RECENT: u32 = 500;

/// A line that is ready to run.
pub(crate) struct Ready {
    spec: CommandSpec,
    action: Arc<dyn Action>,
    account: Option<AccountName>,
    args: Args,
    line: String,
    steps: Vec<Step>,
    post: Option<Address>,
    post_reason: String,
    confirm: Option<Confirm>,
    lock: Option<String>,
}

impl Ready {
    /// The account that it runs as, where it is a connector's action.
    pub(crate) fn account(&self) -> Option<&AccountName> {
        self.account.as_ref()
    }

    /// What a face shows of it.
    pub(crate) fn shown(&self, acts_as: Option<String>) -> Prepared {
        Prepared {
            command: self.spec.name.clone(),
            line: self.line.clone(),
            account: self.account.clone(),
            acts_as,
            steps: self.steps.clone(),
            post: self.post.clone(),
            post_reason: self.post_reason.clone(),
            confirm: self.confirm.clone(),
        }
    }
}

/// What a typed line means, before it is known whether it can run.
pub(crate) struct Read<'l> {
    pub(crate) spec: &'l CommandSpec,
    pub(crate) account: Option<AccountName>,
    pub(crate) action: Arc<dyn Action>,
    pub(crate) args: Args,
    pub(crate) missing: Option<ArgError>,
    pub(crate) entry: &'l Entry,
}

impl Engine {
    /// Reads a line: finds its command, its arguments, the items that they name, and whose action it is.
    pub(crate) async fn read_line<'l>(&self, live: &'l Live, line: &str) -> Result<Read<'l>, ApiError> {
        let (line, asked) = account_of(line)?;
        let (entry, parsed) = live.registry.parse(&line)?;
        let missing = parsed.first_missing();
        let mut args = parsed.args;
        self.resolve_items(&entry.spec, &mut args).await?;
        let of_item = args.items.values().next().map(|item| item.key.account.clone());
        let (account, action) = entry.runner(asked.as_ref().or(of_item.as_ref()))?;
        Ok(Read { spec: &entry.spec, account, action, args, missing, entry })
    }

    /// Puts the items that arguments name beside them, and their whole reference in place of what was typed.
    async fn resolve_items(&self, spec: &CommandSpec, args: &mut Args) -> Result<(), ApiError> {
        for arg in &spec.args {
            let ArgType::Item(kind) = arg.ty else { continue };
            let Some(typed) = args.get(&arg.name).map(str::to_owned) else { continue };
            let items = self.items_of(kind).await.map_err(ApiError::internal)?;
            match command::resolve_item(&typed, items.iter(), kind) {
                Resolution::Exact(item) => {
                    args.values.insert(arg.name.clone(), item.reference().to_owned());
                    args.items.insert(arg.name.clone(), item.clone());
                }
                Resolution::Many(candidates) => {
                    let arg = arg.name.clone();
                    return Err(ArgError::Ambiguous { arg, found: typed, candidates }.into());
                }
                // The service may know it though the board does not: the action says whether it can be.
                Resolution::None => {}
            }
        }
        Ok(())
    }

    /// The items of a kind that a person may mean: all that are open, and the latest of the others.
    pub(crate) async fn items_of(&self, kind: Kind) -> Result<Vec<Item>, StoreError> {
        let open = self.store().open_items().await?.into_iter().map(|stored| stored.item);
        let recent = self.store().items(kind, RECENT).await?.into_iter().map(|stored| stored.item);
        let mut known = BTreeSet::new();
        Ok(open
            .chain(recent)
            .filter(|item| item.key.kind == kind && known.insert(item.key.clone()))
            .collect())
    }

    /// Makes a line ready to run: everything about it is known and checked, and nothing has been sent.
    pub(crate) async fn ready(&self, what: &Prepare, now: Timestamp) -> Result<Ready, ApiError> {
        let live = self.live();
        let Read { spec, account, action, args, missing, .. } = self.read_line(&live, &what.line).await?;
        if let Some(missing) = missing {
            return Err(missing.into());
        }
        let steps = action.preview(&args, now)?;
        let (post, post_reason) = self.route(&live, spec, &args, what).await?;
        let confirm =
            spec.policy.confirm.as_deref().map(|rule| confirm(rule, spec, &args)).transpose()?.flatten();
        let lock = spec.policy.lock.as_deref().map(|lock| render(lock, spec, &args)).transpose()?;
        let line = live.registry.line(spec, &args);
        Ok(Ready { spec: spec.clone(), action, account, line, steps, post, post_reason, confirm, lock, args })
    }

    /// Where an outcome goes: the channel asked for, else the command's, else the item's, else the default one.
    async fn route(
        &self,
        live: &Live,
        spec: &CommandSpec,
        args: &Args,
        what: &Prepare,
    ) -> Result<(Option<Address>, String), ApiError> {
        let address = |channel: &str| live.config.address(channel).map_err(ApiError::usage);
        if what.private {
            return Ok((None, "private: nothing is posted".into()));
        }
        if let Some(channel) = &what.channel {
            return Ok((Some(address(channel)?), "asked for".into()));
        }
        if let Some(post) = &spec.policy.post {
            return Ok((Some(address(&render(post, spec, args)?)?), format!("where {} posts", spec.name)));
        }
        for item in args.items.values() {
            let me = self.me(&item.key.account).await?;
            if let Some(channel) = live.rules.route(item, &me).first() {
                return Ok((Some(address(channel)?), format!("where the rules post {}", item.reference())));
            }
        }
        Ok((Some(live.config.default_channel.clone()), "the default channel".into()))
    }

    /// Who an account acts as, as far as is known.
    pub(crate) async fn me(&self, account: &AccountName) -> Result<Identity, ApiError> {
        let source = self.store().source(account).await.map_err(ApiError::internal)?;
        Ok(source.and_then(|source| source.identity).unwrap_or_default())
    }

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
        self.spawn(async move {
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
        let output = following.with(|said| said.pieces.concat());
        let now = Timestamp::now();
        run.state = state.clone();
        run.ended_at = Some(now);
        let message = message(&run, "");
        let recorded = async {
            if !output.is_empty() {
                self.store().append_output(&run.id, output).await?;
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

    /// The runs that were under way when the program last ended: their messages say that it is not known how they went.
    pub(crate) async fn tell_interrupted(&self, now: Timestamp) -> Result<(), StoreError> {
        for run in self.store().interrupted().to_vec() {
            self.store().revise_run(&run.id, message(&run, ""), now).await?;
        }
        Ok(())
    }
}

/// Takes `account=NAME` or `--account NAME` out of a line: it says whose command is meant, where several have it.
fn account_of(line: &str) -> Result<(String, Option<AccountName>), ArgError> {
    let tokens = command::tokens(line)?;
    for (place, token) in tokens.iter().enumerate() {
        let next = tokens.get(place + 1);
        let (name, end) = match (token.text.trim_start_matches("--").strip_prefix("account="), next) {
            (Some(name), _) if !token.is_quoted() => (name.to_owned(), token.end),
            (None, Some(next)) if token.text == "--account" => (next.text.clone(), next.end),
            _ => continue,
        };
        let rest = format!("{} {}", line[..token.start].trim_end(), line[end..].trim_start());
        return Ok((rest.trim().to_owned(), Some(AccountName(name))));
    }
    Ok((line.to_owned(), None))
}

fn render(template: &str, spec: &CommandSpec, args: &Args) -> Result<String, ApiError> {
    let rendered = Template::compile(template).and_then(|it| it.render(&values(spec, args), Escape::None));
    rendered.map_err(|error| ApiError::usage(format!("{template:?}: {error}")))
}

/// What a command's `confirm` expression asks for: `none`, `yes`, or `type:ARG`.
fn confirm(rule: &str, spec: &CommandSpec, args: &Args) -> Result<Option<Confirm>, ApiError> {
    let fault = |what: String| ApiError::usage(format!("the command's confirm: {what}"));
    let (scope, values) = (names(spec), values(spec, args));
    let rule = Expression::compile(rule, &scope).map_err(|error| fault(error.to_string()))?;
    let said = rule.value(&values).map_err(|error| fault(error.to_string()))?;
    match said.as_str().unwrap_or_default().parse().map_err(fault)? {
        command::Confirm::None => Ok(None),
        command::Confirm::Yes => Ok(Some(Confirm::Yes)),
        command::Confirm::Type(arg) => match args.get(&arg) {
            Some(value) => Ok(Some(Confirm::Type(value.to_owned()))),
            None => Err(fault(format!("there is no argument {arg:?} to type"))),
        },
    }
}

fn check_confirmed(ready: &Ready, confirmed: Option<&str>) -> Result<(), ApiError> {
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
fn person() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    named
        .map(|name| text::line(&name, 64))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "somebody".into())
}

/// The runs that are under way in this process.
#[derive(Default)]
pub(crate) struct Active {
    runs: Mutex<BTreeMap<String, Held>>,
    count: watch::Sender<usize>,
}

struct Held {
    following: Arc<Following>,
    lock: Option<String>,
}

impl Active {
    fn runs(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, id: &str, lock: Option<String>) -> Result<Arc<Following>, ApiError> {
        let mut runs = self.runs();
        let holder =
            lock.as_ref().and_then(|lock| runs.iter().find(|(_, held)| held.lock.as_ref() == Some(lock)));
        if let Some((other, held)) = holder {
            let lock = held.lock.as_deref().unwrap_or_default();
            return Err(ApiError::usage(format!(
                "run {other} holds the lock {lock:?}; wait for it, or stop it with: callboard cancel {other}"
            )));
        }
        let following = Arc::new(Following::default());
        runs.insert(id.to_owned(), Held { following: Arc::clone(&following), lock });
        self.count.send_replace(runs.len());
        Ok(following)
    }

    fn end(&self, id: &str) {
        let mut runs = self.runs();
        runs.remove(id);
        self.count.send_replace(runs.len());
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Following>> {
        self.runs().get(id).map(|held| Arc::clone(&held.following))
    }

    /// The runs whose id starts like this.
    pub(crate) fn starting_with(&self, start: &str) -> Vec<String> {
        self.runs().keys().filter(|id| id.starts_with(start)).cloned().collect()
    }

    /// Waits until none is under way.
    pub(crate) async fn ended(&self) {
        let mut count = self.count.subscribe();
        // The sender lives as long as self: waiting cannot fail.
        let _ = count.wait_for(|count| *count == 0).await;
    }
}

/// What a run under way has said, for those who follow it.
#[derive(Default)]
pub(crate) struct Following {
    said: Mutex<Said>,
    changed: watch::Sender<u64>,
    pub(crate) cancel: CancellationToken,
}

/// What a run has said.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) line: String,
    pub(crate) pieces: Vec<String>,
    length: usize,
}

impl Following {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Said) -> T) -> T {
        look(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn wake(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

impl Progress for Following {
    fn say(&self, line: &str) {
        self.with(|said| said.line = text::line(line, 200));
        self.wake();
    }

    fn output(&self, piece: &str) {
        self.with(|said| {
            let room = OUTPUT_LIMIT.saturating_sub(said.length);
            if room > 0 {
                let piece = text::block(piece, room);
                said.length += piece.len();
                said.pieces.push(piece);
                if said.length >= OUTPUT_LIMIT {
                    said.pieces.push("\n(more output was left out)\n".into());
                }
            }
        });
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_can_be_named_on_the_line() {
        let cases = [
            ("build web", "build web", None),
            ("build web account=ci", "build web", Some("ci")),
            ("build account=ci web branch=main", "build web branch=main", Some("ci")),
            ("build web --account ci", "build web", Some("ci")),
            ("build web --account=ci x=1", "build web x=1", Some("ci")),
            ("comment 'account=ci'", "comment 'account=ci'", None),
        ];
        for (line, rest, account) in cases {
            let (found, named) = account_of(line).unwrap();
            assert_eq!((found.as_str(), named.as_ref().map(AccountName::as_str)), (rest, account), "{line}");
        }
    }

    #[test]
    fn a_lock_is_held_by_one_run() {
        let active = Active::default();
        assert!(active.begin("1", Some("deploy:staging".into())).is_ok());
        assert!(active.begin("2", Some("deploy:production".into())).is_ok());
        assert!(active.begin("3", None).is_ok());
        assert!(matches!(active.begin("4", Some("deploy:staging".into())), Err(ApiError::Usage { .. })));
        active.end("1");
        assert!(active.begin("4", Some("deploy:staging".into())).is_ok());
    }

    #[test]
    fn output_is_bounded() {
        let following = Following::default();
        for _ in 0..20 {
            following.output(&"x".repeat(OUTPUT_LIMIT / 10));
        }
        following.with(|said| {
            let kept: usize = said.pieces.iter().map(String::len).sum();
            assert!(kept <= OUTPUT_LIMIT + 100, "{kept}");
            assert!(said.pieces.last().unwrap().contains("left out"));
        });
    }
}
