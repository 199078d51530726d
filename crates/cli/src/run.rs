//! `callboard run`: a command exactly as the launcher would run it.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Result;
use callboard_domain::{
    command::{self, ArgError, named_line},
    run::Run,
};
use callboard_engine::api::{
    ApiError, Cancel, ChoicesQuery, Confirm, Delivery, DeliveryState, Flush, FollowRun, Plan, PlanQuery,
    ReadLine, RunProgress, StartRun,
};

use crate::{
    args,
    client::Client,
    exit::{Exit, Usage},
    output::{Output, RunOutput, spinner_text},
};

/// How long the outcome may take to be posted before the command line leaves it to the next run.
const FLUSH_SECONDS: u64 = 10;

/// How often a run that needs no confirmation is prepared again because its plan has changed.
const UNSHOWN_TRIES: u32 = 3;

/// The program's own flags that stand after a command's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub json: bool,
    pub quiet: bool,
    pub no_color: bool,
    pub verbose: u8,
    pub yes: bool,
    pub dry_run: bool,
    pub private: bool,
    pub help: bool,
    pub channel: Option<String>,
    pub config: Option<String>,
    pub data: Option<String>,
}

impl Flags {
    /// The words without the program's flags, and those flags. What the command declares is its own, and so is all that
    /// follows `--`. Where the configuration and the store are must be known before any command is: `--config` and
    /// `--data` are the program's always, and a command's argument of that name is given as `name=value`.
    pub(crate) fn of(words: &[String], is_own: impl Fn(&str) -> bool) -> Result<(Vec<String>, Self), Usage> {
        let mut flags = Self::default();
        let mut rest = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                rest.push(word.clone());
                rest.extend(words.by_ref().cloned());
                break;
            }
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            let own = name.strip_prefix("--").is_some_and(&is_own);
            let mut text = || match value {
                Some(value) => Ok(value.to_owned()),
                None => words.next().cloned().ok_or_else(|| Usage(format!("{name} needs a value after it"))),
            };
            match (name, value) {
                ("--config", _) => flags.config = Some(text()?),
                ("--data", _) => flags.data = Some(text()?),
                _ if own => rest.push(word.clone()),
                ("--channel", _) => flags.channel = Some(text()?),
                ("--json", None) => flags.json = true,
                ("-q" | "--quiet", None) => flags.quiet = true,
                ("--no-color", None) => flags.no_color = true,
                ("-v" | "--verbose", None) => flags.verbose = flags.verbose.saturating_add(1),
                ("-vv", None) => flags.verbose = flags.verbose.saturating_add(2),
                ("-y" | "--yes", None) => flags.yes = true,
                ("--dry-run", None) => flags.dry_run = true,
                ("--private", None) => flags.private = true,
                ("-h" | "--help", None) => flags.help = true,
                _ => rest.push(word.clone()),
            }
        }
        Ok((rest, flags))
    }
}

/// Takes the program's flags out of the words of a line. Returns them, and the command that the line begins with.
pub(crate) async fn take_flags(
    request: &mut args::Run,
    client: &mut Client,
) -> Result<(Flags, Option<String>)> {
    let (without, mut flags) = Flags::of(&request.line, |_| false)?;
    if flags == Flags::default() {
        return Ok((flags, None));
    }
    // Only the command's declaration decides whose flags they are.
    let read = client.call(ReadLine { line: line_of(&without) }).await;
    let spec = read.ok().and_then(|read| read.command).map(|info| info.spec);
    if let Some(spec) = &spec {
        let own = |name: &str| spec.args.iter().any(|arg| arg.name.replace('_', "-") == name);
        (request.line, flags) = Flags::of(&request.line, own)?;
    } else {
        request.line = without;
    }
    let options = &mut request.options;
    options.yes |= flags.yes;
    options.dry_run |= flags.dry_run;
    options.private |= flags.private;
    options.channel = flags.channel.clone().or(options.channel.take());
    if options.private && options.channel.is_some() {
        return Err(
            Usage("--private posts nothing, and --channel says where: give one of them".into()).into()
        );
    }
    Ok((flags, spec.map(|spec| spec.name)))
}

/// Runs the words of a line.
pub(crate) async fn run(request: args::Run, client: &mut Client, output: &Output) -> Result<Exit> {
    run_line(line_of(&request.line), request.options, async |_| Ok(None), client, output).await
}

/// Prepares the line, asks for what is missing, runs and follows it, and prints where it was posted. With `about`, what a
/// person reads first, it is run only once they have said yes, whatever the command itself asks for.
pub(crate) async fn run_line(
    line: String,
    options: args::RunOptions,
    about: impl AsyncFnOnce(&mut Client) -> Result<Option<String>>,
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    let mut what = PlanQuery { line, channel: options.channel, private: options.private };
    let mut prepared = complete(&mut what, client, output).await?;
    if options.dry_run {
        output.either(&prepared, || output.prepared(&prepared));
        return Ok(Exit::Done);
    }
    for missing in &prepared.missing_scopes {
        output.note(&format!("the credential lacks {}: {}", missing.scope, missing.remedy));
    }
    let about = if options.yes { None } else { about(client).await? };
    let about = about.as_deref();
    let is_shown = (prepared.confirm.is_some() || about.is_some()) && !options.yes;
    let mut left = if is_shown { 1 } else { UNSHOWN_TRIES };
    let run = loop {
        let confirmed = confirm(&prepared, options.yes, about, std::io::stdin().is_terminal())?;
        // What was shown is what runs, however long the answer took.
        let fingerprint = Some(prepared.fingerprint);
        let start = StartRun { what: what.clone(), confirmed, fingerprint, undo: false };
        left -= 1;
        match client.call(start).await {
            // Nothing was shown: the plan of now is as good.
            Err(ApiError::Changed { .. }) if left > 0 => prepared = client.call(what.clone()).await?,
            run => break run?,
        }
    };
    let (progress, printed) = follow(&run, client, output).await?;
    let progress = flush(progress, client).await?;
    output.either(&progress, || output.ended(&progress, printed.text()));
    Ok(Exit::from(&progress.run.state))
}

/// The words as one line. A single word is taken as a whole line.
fn line_of(words: &[String]) -> String {
    match words {
        [line] => line.clone(),
        words => command::line_from(words),
    }
}

/// Prepares the line; where an argument is missing and a person is there, asks for it with its choices.
async fn complete(what: &mut PlanQuery, client: &mut Client, output: &Output) -> Result<Plan> {
    loop {
        let error = match client.call(what.clone()).await {
            Ok(prepared) => return Ok(prepared),
            Err(error) => error,
        };
        let ApiError::Line { error: ArgError::Missing { arg, summary, .. } } = &error else {
            return Err(error.into());
        };
        if !std::io::stdin().is_terminal() || output.json {
            return Err(error.into());
        }
        let choices = client
            .call(ChoicesQuery { line: what.line.clone(), arg: arg.clone(), typed: String::new() })
            .await
            .unwrap_or_default();
        for choice in choices.iter().take(20) {
            let note = choice.note.as_deref().map_or_else(String::new, |note| format!("  {note}"));
            eprintln!("  {}{note}", choice.value);
        }
        let value = ask(&format!("{arg} ({summary}): "))?;
        if value.is_empty() {
            return Err(error.into());
        }
        what.line = command::answer(&what.line, arg, &value);
    }
}

fn ask(question: &str) -> Result<String> {
    eprint!("{question}");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// The confirmation, where the plan needs one. `--yes` confirms without a question; with `about` a person is asked where the
/// plan needs none.
fn confirm(prepared: &Plan, yes: bool, about: Option<&str>, can_ask: bool) -> Result<Option<String>> {
    let (question, answer) = match &prepared.confirm {
        Some(Confirm::Yes) => ("type yes to run it: ".to_owned(), Some("yes")),
        Some(Confirm::Type(text)) => (format!("type {text} to run it: "), Some(text.as_str())),
        None if about.is_some() => ("run it? [y/N] ".to_owned(), None),
        None => return Ok(None),
    };
    if yes {
        return Ok(answer.map(str::to_owned));
    }
    if !can_ask {
        let how = answer.map_or_else(String::new, |_| format!("{}, or ", question.trim_end_matches(": ")));
        let message = format!("{} must be confirmed: {how}pass --yes", prepared.line);
        return Err(ApiError::Confirm { message }.into());
    }
    if let Some(about) = about {
        eprintln!("{about}");
    }
    for step in &prepared.steps {
        eprintln!("{}\n{}", step.what, step.request);
    }
    let typed = ask(&question)?;
    if answer.is_none() && !means_yes(&typed) {
        let message = format!("{} was not confirmed: nothing was sent", prepared.line);
        return Err(ApiError::Confirm { message }.into());
    }
    Ok(answer.map(|_| typed))
}

/// True for the two words that mean yes; nothing else does.
fn means_yes(typed: &str) -> bool {
    ["y", "yes"].iter().any(|yes| typed.eq_ignore_ascii_case(yes))
}

/// Streams the run's output until it ends, and returns what was printed of it. The first Ctrl+C stops the run.
pub(crate) async fn follow(
    run: &Run,
    client: &mut Client,
    output: &Output,
) -> Result<(RunProgress, RunOutput)> {
    let spinner = output.spinner();
    let line = named_line(&run.line, &run.args);
    spinner.set_message(spinner_text(&line, ""));
    let mut printed = RunOutput::default();
    let mut seen = FollowRun { id: run.id.clone(), seen: 0, status: String::new() };
    let mut stopping = false;
    loop {
        let next = tokio::select! {
            next = client.call(seen.clone()) => Some(next?),
            _ = tokio::signal::ctrl_c(), if !stopping => None,
        };
        let Some(next) = next else {
            stopping = true;
            spinner.set_message("stopping");
            client.reconnect().await?;
            client.call(Cancel { id: run.id.clone() }).await?;
            continue;
        };
        let more = !next.run.state.is_final();
        spinner.suspend(|| output.run_output(&mut printed, &next.output, more));
        spinner.set_message(spinner_text(&line, &next.status));
        (seen.seen, seen.status) = (next.seen, next.status.clone());
        if !more {
            spinner.finish_and_clear();
            return Ok((next, printed));
        }
    }
}

/// Waits until the outcome is posted in its channel, for a limited time.
pub(crate) async fn flush(mut progress: RunProgress, client: &mut Client) -> Result<RunProgress> {
    let is_under_way =
        |state: &DeliveryState| matches!(state, DeliveryState::Pending { .. } | DeliveryState::Sending);
    let under_way = progress.delivery.as_ref().filter(|delivery| is_under_way(&delivery.state));
    let under_way = under_way.map(|delivery| delivery.id.clone());
    if let Some(id) = under_way.filter(|_| progress.run.state.is_final()) {
        let awaited = client.call(Flush { seconds: FLUSH_SECONDS, deliveries: vec![id] }).await?.pop();
        let seen = FollowRun { id: progress.run.id.clone(), seen: progress.seen, status: String::new() };
        progress.delivery = in_line(client.call(seen).await?.delivery, awaited);
    }
    Ok(progress)
}

/// A run's delivery once it was waited for. What was waited for has the first of its line; but only the run's own is
/// posted once all that the run says itself has arrived, whatever becomes of its item later.
fn in_line(of_run: Option<Delivery>, awaited: Option<Delivery>) -> Option<Delivery> {
    let waits = |delivery: &Delivery| matches!(delivery.state, DeliveryState::Pending { .. });
    if of_run.as_ref().is_some_and(waits) && awaited.as_ref().is_some_and(waits) { awaited } else { of_run }
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        error::ServiceError,
        message::{Message, Tone},
    };
    use callboard_engine::api::FirstInLine;

    use super::*;

    #[test]
    fn program_flags_are_separated_from_command_flags() {
        let none = Flags::default;
        let channel = |name: &str| Flags { channel: Some(name.into()), ..none() };
        let cases = [
            ("build web", "build web", none()),
            ("build web --json", "build web", Flags { json: true, ..none() }),
            ("--json build web", "build web", Flags { json: true, ..none() }),
            ("build --json web -q", "build web", Flags { json: true, quiet: true, ..none() }),
            (
                "build web -v --verbose --no-color",
                "build web",
                Flags { verbose: 2, no_color: true, ..none() },
            ),
            ("pr list --yes", "pr list", Flags { yes: true, ..none() }),
            ("pr list -y", "pr list", Flags { yes: true, ..none() }),
            ("ack x --dry-run", "ack x", Flags { dry_run: true, ..none() }),
            ("ack --private x", "ack x", Flags { private: true, ..none() }),
            ("ack x --channel deploys", "ack x", channel("deploys")),
            ("ack --channel=chat:#ops x", "ack x", channel("chat:#ops")),
            (
                "ack x --config a.toml --data=b",
                "ack x",
                Flags { config: Some("a.toml".into()), data: Some("b".into()), ..none() },
            ),
            ("ack x --help", "ack x", Flags { help: true, ..none() }),
            ("build web -- --json -q --channel", "build web -- --json -q --channel", none()),
            ("build web --own --json", "build web --own", Flags { json: true, ..none() }),
            // Its own, and the program's only before the words.
            ("report --quiet --channel x", "report --quiet --channel x", none()),
            ("report --channel=x -q", "report --channel=x", Flags { quiet: true, ..none() }),
            ("report --yes=no", "report --yes=no", none()),
        ];
        for (line, rest, expected) in cases {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let own = |name: &str| line.starts_with("report") && ["quiet", "channel"].contains(&name);
            let (left, found) = Flags::of(&words, own).unwrap();
            assert_eq!((left.join(" ").as_str(), found), (rest, expected), "{line}");
        }
        let words = ["ack", "x", "--channel"].map(str::to_owned);
        let refused = Flags::of(&words, |_| false).unwrap_err();
        assert_eq!(refused.to_string(), "--channel needs a value after it");
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        for (typed, expected) in [
            ("y", true),
            ("Yes", true),
            ("YES", true),
            ("", false),
            ("n", false),
            ("yeah", false),
            ("ja", false),
        ] {
            assert_eq!(means_yes(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn what_must_be_confirmed_is_not_run_unasked() {
        let plan = |confirm: Option<Confirm>| Plan {
            fingerprint: String::new(),
            command: "approve".into(),
            line: "approve web#12".into(),
            named_line: String::new(),
            names: Default::default(),
            account: None,
            acts_as: None,
            steps: Vec::new(),
            post: None,
            post_reason: String::new(),
            confirm,
            missing_scopes: Vec::new(),
        };
        let typed = || Some(Confirm::Type("production".into()));
        // what the plan needs, --yes, what a person reads first -> the confirmation, or why there is none
        let cases = [
            (None, false, None, Ok(None)),
            (None, true, Some("1.42"), Ok(None)),
            (None, false, Some("1.42"), Err("approve web#12 must be confirmed: pass --yes")),
            (Some(Confirm::Yes), true, Some("1.42"), Ok(Some("yes"))),
            (typed(), true, None, Ok(Some("production"))),
            (
                typed(),
                false,
                Some("1.42"),
                Err("approve web#12 must be confirmed: type production to run it, or pass --yes"),
            ),
        ];
        for (needs, yes, about, expected) in cases {
            let what = format!("{needs:?} {yes} {about:?}");
            let found = confirm(&plan(needs), yes, about, false).map_err(|error| error.to_string());
            assert_eq!(found.as_ref().map(Option::as_deref).map_err(String::as_str), expected, "{what}");
        }
    }

    #[test]
    fn awaited_delivery_counts_while_the_runs_own_waits() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let delivery = |state: DeliveryState| Delivery {
            id: "1".into(),
            address: "room:general".parse().unwrap(),
            message: Message::new(Tone::Neutral, "hello"),
            run: Some("r1".into()),
            under: None,
            state,
            is_edit: false,
            edit_refused: None,
            account_error: None,
            attempts: 0,
            created_at: at,
            actor: None,
            link: None,
        };
        let pending = |first: Option<FirstInLine>| DeliveryState::Pending {
            next_at: at,
            error: None,
            waits_for: None,
            first,
        };
        let waits = || pending(None);
        let behind = || pending(Some(FirstInLine { id: "0".into(), at, error: None }));
        let failed = || DeliveryState::Failed { error: ServiceError::rejected("no") };
        // the run's own, what was waited for -> what is shown
        let cases = [
            (Some(waits()), Some(behind()), Some(behind())),
            (Some(waits()), Some(waits()), Some(waits())),
            // An edit that waits says what has become of the item since.
            (Some(DeliveryState::Posted), Some(behind()), Some(DeliveryState::Posted)),
            (Some(DeliveryState::Posted), Some(DeliveryState::Posted), Some(DeliveryState::Posted)),
            // It was sent since.
            (Some(DeliveryState::Sending), Some(behind()), Some(DeliveryState::Sending)),
            (Some(failed()), Some(behind()), Some(failed())),
            (Some(waits()), Some(DeliveryState::Sending), Some(waits())),
            (Some(waits()), None, Some(waits())),
            (None, Some(behind()), None),
            (None, None, None),
        ];
        for (of_run, awaited, expected) in cases {
            let what = format!("{of_run:?}, {awaited:?}");
            let found = in_line(of_run.map(delivery), awaited.map(delivery));
            assert_eq!(found.map(|it| it.state), expected, "{what}");
        }
    }
}
