//! The tour: a made-up team's services on this machine, and the real engine on them, in folders of its own.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use callboard_domain::{
    event::{Event, EventName},
    rules::Notification,
    text,
};
use callboard_engine::{
    Engine, Mode, OnConfigError, Options,
    api::{
        AccountsQuery, BoardQuery, Changes, Check, DeliveryState, EventsQuery, Flush, Health, Hello,
        PlanQuery, StartRun,
    },
    host::Host,
    paths::{self, Paths},
    secrets::Secrets,
};
use callboard_playground::{CART, Chat, ChatMessage, ME, Moment, Pace, Playground, RED, RELEASE, SLOW};
use console::{Term, style};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    args::Page,
    board,
    client::{Client, explain},
    events,
    exit::Exit,
    host::TerminalHost,
    output::{EVENT_MARGIN, Output, print_wrapped},
    run, serve, wrap,
};

/// How long each step of the loop may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// Builds in the loop are short, so that it ends soon.
const BRISK: Pace = Pace { queue: Duration::from_millis(300), build: Duration::from_secs(1) };
/// How much faster than a real day the open tour's is: something happens every few seconds.
const SPEED: f64 = 150.0;
/// How many events are read at once.
const EVENTS: usize = 1_000;
/// How much of a request is shown, in characters.
const REQUEST: usize = 100;

/// The tour's folder, for an end that nothing waits for.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Removes the tour's folder, if there is one. For an exit without unwinding, such as on a closed pipe.
pub(crate) fn remove_folder() {
    // A file that cannot be removed stays, as after a crash.
    let _ = FOLDER.get().map(std::fs::remove_dir_all);
}

/// Plays one full loop, or days on end until it is stopped. Leaves nothing behind.
pub(crate) async fn play(once: bool, output: &Output) -> Result<Exit> {
    let (notified, notifications) = mpsc::unbounded_channel();
    let (pace, host): (_, Arc<dyn Host>) = match once {
        true => (BRISK, Arc::new(Collect(notified))),
        false => (Pace::default(), Arc::new(MadeUp(TerminalHost::start()?))),
    };
    // A stop is how the days end; a loop that is stopped has not finished.
    let stopped = if once { Exit::Failed } else { Exit::Done };
    let mut stop = std::pin::pin!(serve::stop_or_hangup_signal());
    let tour = tokio::select! {
        tour = Tour::start(pace, host) => tour?,
        stop = &mut stop => return Ok(stop.map(|()| stopped)?),
    };
    let playing = async {
        match once {
            true => tour.one_loop(notifications, output).await.map(|()| Exit::Done),
            false => tour.days(output).await,
        }
    };
    let played = tokio::select! {
        played = playing => played,
        stop = &mut stop => stop.map(|()| stopped).map_err(Into::into),
    };
    let ended = tour.end().await;
    played.and_then(|exit| ended.map(|()| exit))
}

/// A host that passes notifications on: the loop shows them in its place.
struct Collect(mpsc::UnboundedSender<Notification>);

impl Host for Collect {
    fn notify(&self, notification: &Notification) {
        // The receiver is gone once the loop has ended.
        let _ = self.0.send(notification.clone());
    }
}

/// A host whose notifications say that they are of the playground: they come among a person's own.
struct MadeUp<H>(H);

impl<H: Host> Host for MadeUp<H> {
    fn notify(&self, notification: &Notification) {
        let title = format!("Playground: {}", notification.title);
        self.0.notify(&Notification { title, ..notification.clone() });
    }

    fn checks(&self) -> Vec<Check> {
        self.0.checks()
    }

    fn notification_check(&self) -> Option<Check> {
        self.0.notification_check()
    }
}

/// The services and the engine on them.
struct Tour {
    playground: Playground,
    engine: Engine,
    paths: Paths,
    folder: TempDir,
}

impl Tour {
    async fn start(pace: Pace, host: Arc<dyn Host>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("callboard-playground-").tempdir()?;
        let _ = FOLDER.set(folder.path().to_owned());
        let paths = Paths::within(folder.path());
        let playground = Playground::start(pace).await.context("the services could not be started")?;
        std::fs::write(&paths.config, playground.config_toml())?;
        let engine = Engine::open(Options {
            paths: paths.clone(),
            passphrase: None,
            secrets: Some(Secrets::in_memory(playground.secrets())),
            host,
            mode: Mode::Serve,
            at_start: OnConfigError::Refuse,
        });
        let tour = Self { engine: engine.await.map_err(explain)?, playground, paths, folder };
        paths::mark_playground(&tour.paths.data)?;
        if let Some(receiver) = tour.engine.call(Hello {}).await?.webhook_addr {
            tour.playground.send_webhooks_to(receiver);
        }
        Ok(tour)
    }

    async fn end(self) -> Result<()> {
        self.engine.stop().await;
        self.playground.stop().await;
        self.folder.close().context("the tour's folder could not be removed")
    }

    fn about(&self) -> Value {
        let Playground { forge, ci, pager, chat, .. } = &self.playground;
        json!({
            "step": "started",
            "config": self.paths.config,
            "data": self.paths.data,
            "services": { "forge": forge.url(), "ci": ci.url(), "pager": pager.url(), "chat": chat.url() },
        })
    }

    /// Plays days on end, and prints the events and the chat, until it is stopped.
    async fn days(&self, output: &Output) -> Result<Exit> {
        output.either(&self.about(), || {
            let Paths { config, data } = &self.paths;
            let (config, data) = (config.display(), data.display());
            println!(
                "A made-up team lives its days on this machine; you are {ME}. Try, in another terminal:"
            );
            println!();
            println!("  export CALLBOARD_CONFIG={config} CALLBOARD_DATA={data}");
            println!("  callboard board");
            println!("  callboard commands");
            println!("  callboard approvals");
            println!("  callboard run run rerun acme/web/ci@main");
            println!("  callboard run build deploy ENV=staging");
            println!();
            println!("What happens shows here. Ctrl+C ends it and removes everything.");
            println!();
        });
        let (mut client, end) = (Client::of(&self.engine, &self.paths), CancellationToken::new());
        tokio::select! {
            ended = events::events(true, None, EVENTS, Page::default(), &mut client, output) => ended,
            () = self.playground.live_a_day(SPEED, &end) => Ok(Exit::Done),
            () = print_chat(&self.playground.chat, output) => Ok(Exit::Done),
        }
    }

    /// One full loop: things happen, the board, commands, their outcomes in the chat, the board again.
    async fn one_loop(
        &self,
        mut notifications: mpsc::UnboundedReceiver<Notification>,
        output: &Output,
    ) -> Result<()> {
        output.either(&self.about(), || {
            println!(
                "A made-up team's forge, CI server, pager and chat run on this machine, and Callboard on"
            );
            println!("them, with nothing left out: real connectors, real HTTP, a store of its own.");
        });
        within("the services are watched", self.is_watching()).await?;

        title(output, "Things happen: the forge and the pager send webhooks, the CI server is polled");
        let number = self.playground.forge.open(CART, &[ME]).context("the forge opened no pull request")?;
        let run = self.playground.forge.ask(RELEASE).context("the forge began no deployment")?;
        let (pull, alert) = (format!("acme/web#{number}"), SLOW.fingerprint());
        let release = format!("acme/web/runs/{run}/production");
        self.playground.play(Moment::Push(RED));
        self.playground.play(Moment::Fire(SLOW));
        self.playground.play(Moment::Build("deploy", "dora", false));
        let expected = [
            ("your review is asked for", EventName::ReviewRequested, pull.as_str()),
            ("your yes is asked for", EventName::Requested, &release),
            ("an alert fires", EventName::Triggered, &alert),
            ("main breaks", EventName::Failed, "acme/web/ci@main"),
            ("a deployment ends", EventName::Passed, "deploy"),
        ];
        for (what, name, reference) in expected {
            let event = within(what, self.happens(name, reference, 0)).await?;
            output.either(&json!({ "step": "event", "event": event }), || output.event(&event));
        }
        let taken = self.playground.webhooks_taken();
        ensure!(taken > 0, "no webhook was received");
        let notification = async { notifications.recv().await.context("the engine ended") };
        let notification = within("the desktop is notified", notification).await?;
        let shown = json!({
        "step": "notification",
        "title": notification.title,
        "body": notification.body,
        "webhooks": taken,
        });
        output.either(&shown, || {
            println!("{taken} webhooks were received. A desktop shows:");
            println!("  {}", style(&notification.title).bold());
            notification.body.lines().for_each(|line| print_wrapped(&format!("  {line}"), 2));
        });
        title(output, "What needs you: callboard board");
        self.board(output).await?;

        title(output, "Deal with it; everybody sees the outcome");
        let approve = format!("pr approve {pull} Works for me");
        let silence = format!("silence {alert} for 30m looking into it");
        let let_go = format!("approve {release} Works on staging");
        let commands = [
            (
                "the failed run passes when it is run again",
                "run rerun acme/web/ci@main",
                None,
                EventName::Fixed,
            ),
            ("the pull request is approved", approve.as_str(), None, EventName::Approved),
            ("the alert is silenced", silence.as_str(), None, EventName::Acknowledged),
            ("the deployment is approved", let_go.as_str(), None, EventName::Approved),
            (
                "a build is queued, runs and passes",
                "build deploy ENV=production",
                Some("deploys"),
                EventName::Passed,
            ),
        ];
        let references = ["acme/web/ci@main", pull.as_str(), alert.as_str(), release.as_str(), "deploy"];
        for ((what, line, channel, name), reference) in commands.into_iter().zip(references) {
            let before = self.last_event().await?;
            within(what, self.command(line, channel, output)).await?;
            let event = within(what, self.happens(name, reference, before)).await?;
            output.either(&json!({ "step": "event", "event": event }), || output.event(&event));
        }
        self.engine.call(Flush { seconds: DEADLINE.as_secs(), deliveries: Vec::new() }).await?;

        title(output, "The rows have changed because the services say so: callboard board");
        self.board(output).await?;
        let next = "callboard accounts add forge github watch=OWNER/REPO";
        output.either(&json!({ "step": "next", "command": next }), || {
            println!();
            println!("That was the loop. With your own forge, and a token that is asked for:");
            println!("  {next}");
            println!("  callboard board");
        });
        Ok(())
    }

    /// Waits until every account has been read once: what happens from then on is news.
    async fn is_watching(&self) -> Result<()> {
        let read = self.until(async || {
            let accounts = self.engine.call(AccountsQuery {}).await?;
            Ok(accounts
                .iter()
                .filter(|info| info.watched)
                .all(|info| info.health == Health::Ok)
                .then_some(()))
        });
        read.await?;
        // The forge reports whole seconds: an event later in this one would seem to be from before.
        let now = Timestamp::now();
        let rest = 1_000_000_000 - now.subsec_nanosecond().clamp(0, 999_999_999);
        tokio::time::sleep(Duration::from_nanos(rest.unsigned_abs().into())).await;
        Ok(())
    }

    /// Waits for an event of an item, after the event of that number.
    async fn happens(&self, name: EventName, reference: &str, after: i64) -> Result<Event> {
        self.until(async || {
            let query = EventsQuery { after: Some(after), before: None, since: None, limit: EVENTS };
            let events = self.engine.call(query).await?.events;
            let meant = |event: &Event| event.name == name && event.item.id == reference && !event.old;
            Ok(events.into_iter().find(meant))
        })
        .await
    }

    async fn last_event(&self) -> Result<i64> {
        let latest = EventsQuery { after: None, before: None, since: None, limit: 1 };
        Ok(self.engine.call(latest).await?.events.last().map_or(0, |event| event.id))
    }

    /// Looks again whenever the store has changed, until `look` finds something.
    async fn until<T>(&self, look: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
        loop {
            let seen = self.engine.call(Changes { seen: 0 }).await?;
            if let Some(found) = look().await? {
                return Ok(found);
            }
            self.engine.call(Changes { seen }).await?;
        }
    }

    async fn board(&self, output: &Output) -> Result<()> {
        let board = self.engine.call(BoardQuery::default()).await?;
        output.either(&json!({ "step": "board", "board": board }), || board::print_board(&board));
        Ok(())
    }

    /// Runs a line, and shows its outcome as it is posted in the chat.
    async fn command(&self, line: &str, channel: Option<&str>, output: &Output) -> Result<()> {
        let mut client = Client::of(&self.engine, &self.paths);
        let what = PlanQuery { line: line.to_owned(), channel: channel.map(str::to_owned), private: false };
        let prepared = client.call(what.clone()).await?;
        if !output.json {
            let flag = channel.map(|channel| format!("--channel {channel} ")).unwrap_or_default();
            println!();
            println!("{} {}", style("$").dim(), style(format!("callboard run {flag}{line}")).bold());
            for step in &prepared.steps {
                let request = step.request.lines().next().unwrap_or_default();
                print_wrapped(&format!("  {} {}", step.what, style(text::line(request, REQUEST)).dim()), 4);
            }
        }
        let began = Instant::now();
        let started = client
            .call(StartRun { what, fingerprint: Some(prepared.fingerprint.clone()), ..StartRun::default() })
            .await?;
        let (progress, printed) = run::follow(&started, &mut client, output).await?;
        let progress = run::flush(progress, &mut client).await?;
        if Exit::from(&progress.run.state) != Exit::Done {
            output.either(&progress, || output.ended(&progress, printed.text()));
            bail!("{line} ended as {}", progress.run.state.name());
        }
        let delivery = progress.delivery.as_ref().context("its outcome was not to be posted")?;
        ensure!(delivery.state == DeliveryState::Posted, "its outcome is not posted: {:?}", delivery.state);
        let messages = self.playground.chat.messages(&delivery.address.channel);
        let messages: Vec<&ChatMessage> =
            messages.iter().filter(|message| message.key() == Some(&delivery.id)).collect();
        let [message] = messages[..] else { bail!("{} messages tell of it in the chat", messages.len()) };
        let step = json!({
            "step": "run",
            "line": progress.run.line,
            "steps": prepared.steps,
            "state": progress.run.state,
            "seconds": began.elapsed().as_secs_f64(),
            "message": { "channel": message.channel, "text": message.plain(), "edits": message.edits },
        });
        output.either(&step, || {
            println!("  #{} says, in one message{}:", message.channel, edited(message));
            let bar = style("│").cyan();
            let width = wrap::width_of(&Term::stdout()).map(|width| width.saturating_sub(4).max(1));
            for line in wrap::prose(&message.plain(), width, 0).lines() {
                println!("  {bar} {line}");
            }
        });
        Ok(())
    }
}

fn title(output: &Output, title: &str) {
    if !output.json {
        println!();
        println!("{}", style(title).bold().underlined());
    }
}

fn edited(message: &ChatMessage) -> String {
    match message.edits {
        0 => String::new(),
        1 => ", edited once".to_owned(),
        times => format!(", edited {times} times"),
    }
}

/// Waits for a step, for a limited time. An error in it is reported as this step's: the exit code is 1.
async fn within<T>(step: &str, doing: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(DEADLINE, doing).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => bail!("{step}: {error:#}"),
        Err(_) => bail!("{step}: it did not come true within {} s", DEADLINE.as_secs()),
    }
}

/// Prints the messages of the chat, and again those that are edited. Ends with the chat.
async fn print_chat(chat: &Chat, output: &Output) {
    let mut changes = chat.changes();
    let mut seen: Vec<ChatMessage> = Vec::new();
    while changes.changed().await.is_ok() {
        let all = chat.all();
        for (place, message) in
            all.iter().enumerate().filter(|(place, message)| seen.get(*place) != Some(message))
        {
            let text = message.plain();
            let step = json!({
                "step": "said",
                "channel": message.channel,
                "by": message.by,
                "text": text,
                "edits": message.edits,
            });
            output.either(&step, || {
                let again = if place < seen.len() { " (edited)" } else { "" };
                let line = text.lines().next().unwrap_or_default();
                let channel = style(format!("#{}", message.channel)).cyan();
                let said = format!("{:EVENT_MARGIN$}{channel} {}{again}: {line}", "", message.by);
                print_wrapped(&said, EVENT_MARGIN + 2);
            });
        }
        seen = all;
    }
}

#[cfg(test)]
mod tests {
    use callboard_engine::api::ApiError;

    use super::*;
    use crate::exit;

    #[test]
    fn playground_notification_has_its_name_in_the_title() {
        let (notified, mut notifications) = mpsc::unbounded_channel();
        let (title, body) = ("main failed".to_owned(), "unit tests".to_owned());
        let real = Notification { title, body, items: Vec::new(), important: true, parts: Vec::new() };
        MadeUp(Collect(notified)).notify(&real);
        let shown = notifications.try_recv().unwrap();
        assert_eq!(shown, Notification { title: "Playground: main failed".to_owned(), ..real });
    }

    #[tokio::test(start_paused = true)]
    async fn step_that_fails_or_times_out_is_named_and_fails_the_tour() {
        let never = within("main breaks", std::future::pending::<Result<()>>()).await.unwrap_err();
        assert_eq!(never.to_string(), "main breaks: it did not come true within 15 s");
        let refused = async { Err::<(), _>(ApiError::usage("there is no run").into()) };
        let refused = within("the failed run passes", refused).await.unwrap_err();
        assert_eq!(refused.to_string(), "the failed run passes: there is no run");
        assert_eq!((exit::of(&never), exit::of(&refused)), (Exit::Failed, Exit::Failed));
    }
}
