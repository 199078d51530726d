//! `callboard run`: a command exactly as the launcher would run it.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Result;
use callboard_domain::{
    command::{self, ArgError},
    run::RunState,
};
use callboard_engine::api::{
    ApiError, Cancel, ChoicesQuery, Confirm, DeliveryState, FollowRun, Prepare, Prepared, ReadLine,
    RunProgress, Settle, StartRun,
};

use crate::{args, exit::Exit, face::Face, output::Output};

/// How long the outcome may take to be posted before the command line leaves it to the next run.
const SETTLE_SECONDS: u64 = 10;

/// The program's own flags that may stand after a command's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub json: bool,
    pub quiet: bool,
    pub no_color: bool,
    pub verbose: u8,
}

impl Flags {
    /// The words without the program's flags, and those flags. What the command declares is its own, and so is all that
    /// follows `--`.
    pub(crate) fn of(words: &[String], is_own: impl Fn(&str) -> bool) -> (Vec<String>, Self) {
        let mut flags = Self::default();
        let mut rest = Vec::new();
        let mut ended = false;
        for word in words {
            ended |= word == "--";
            let name = word.trim_start_matches('-');
            let taken = !ended
                && !is_own(name)
                && match word.as_str() {
                    "--json" => {
                        flags.json = true;
                        true
                    }
                    "-q" | "--quiet" => {
                        flags.quiet = true;
                        true
                    }
                    "--no-color" => {
                        flags.no_color = true;
                        true
                    }
                    "-v" | "--verbose" => {
                        flags.verbose = flags.verbose.saturating_add(1);
                        true
                    }
                    "-vv" => {
                        flags.verbose = flags.verbose.saturating_add(2);
                        true
                    }
                    _ => false,
                };
            if !taken {
                rest.push(word.clone());
            }
        }
        (rest, flags)
    }
}

/// Takes the program's flags out of the words of a line.
pub(crate) async fn take_flags(words: &mut Vec<String>, face: &mut Face) -> Flags {
    let (without, flags) = Flags::of(words, |_| false);
    if flags == Flags::default() {
        return flags;
    }
    // Whose they are only the command says.
    let read = face.call(ReadLine { line: line_of(&without) }).await;
    let command = read.ok().and_then(|read| read.command);
    let args = command.map(|info| info.spec.args).unwrap_or_default();
    let (rest, flags) = Flags::of(words, |name| args.iter().any(|arg| arg.name.replace('_', "-") == name));
    *words = rest;
    flags
}

/// Prepares, asks what must be asked, runs, follows, and says where it was posted.
pub(crate) async fn run(asked: args::Run, face: &mut Face, output: &Output) -> Result<Exit> {
    let mut what = Prepare { line: line_of(&asked.line), channel: asked.channel, private: asked.private };
    let prepared = complete(&mut what, face, output).await?;
    if asked.dry_run {
        output.either(&prepared, || output.prepared(&prepared));
        return Ok(Exit::Done);
    }
    let confirmed = confirm(&prepared, asked.yes)?;
    let run = face.call(StartRun { what, confirmed }).await?;
    let progress = follow(&run.id, face, output).await?;
    let progress = settle(progress, face).await?;
    output.either(&progress, || output.ended(&progress));
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
async fn complete(what: &mut Prepare, face: &mut Face, output: &Output) -> Result<Prepared> {
    loop {
        let error = match face.call(what.clone()).await {
            Ok(prepared) => return Ok(prepared),
            Err(error) => error,
        };
        let ApiError::Line { error: ArgError::Missing { arg, summary, .. } } = &error else {
            return Err(error.into());
        };
        if !std::io::stdin().is_terminal() || output.json {
            return Err(error.into());
        }
        let choices = face
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

/// What the person says to it, where something must be said. `--yes` says yes, and types what is asked for.
fn confirm(prepared: &Prepared, yes: bool) -> Result<Option<String>> {
    let Some(confirm) = &prepared.confirm else { return Ok(None) };
    let (question, answer) = match confirm {
        Confirm::Yes => ("type yes to run it: ".to_owned(), "yes"),
        Confirm::Type(text) => (format!("type {text} to run it: "), text.as_str()),
    };
    if yes {
        return Ok(Some(answer.to_owned()));
    }
    let message = format!("{} must be confirmed: {}", prepared.line, question.trim_end_matches(": "));
    if !std::io::stdin().is_terminal() {
        return Err(ApiError::Confirm { message: format!("{message}, or pass --yes") }.into());
    }
    for step in &prepared.steps {
        eprintln!("{}\n{}", step.what, step.exactly);
    }
    Ok(Some(ask(&question)?))
}

/// Streams the run's output until it ends. The first Ctrl+C stops the run.
pub(crate) async fn follow(id: &str, face: &mut Face, output: &Output) -> Result<RunProgress> {
    let spinner = output.spinner();
    let mut seen = FollowRun { id: id.to_owned(), seen: 0, said: String::new() };
    let mut stopping = false;
    loop {
        let next = tokio::select! {
            next = face.call(seen.clone()) => Some(next?),
            _ = tokio::signal::ctrl_c(), if !stopping => None,
        };
        let Some(next) = next else {
            stopping = true;
            spinner.set_message("stopping");
            face.reconnect().await?;
            face.call(Cancel { id: id.to_owned() }).await?;
            continue;
        };
        spinner.suspend(|| output.run_output(&next.output));
        spinner.set_message(next.said.clone());
        (seen.seen, seen.said) = (next.seen, next.said.clone());
        if next.run.state.is_final() {
            spinner.finish_and_clear();
            return Ok(next);
        }
    }
}

/// Waits until the outcome stands in its channel, or for a while.
pub(crate) async fn settle(mut progress: RunProgress, face: &mut Face) -> Result<RunProgress> {
    let on_its_way = |progress: &RunProgress| {
        progress.delivery.as_ref().is_some_and(|delivery| {
            matches!(delivery.state, DeliveryState::Pending { .. } | DeliveryState::Sending)
        })
    };
    if on_its_way(&progress) && !matches!(progress.run.state, RunState::Running) {
        face.call(Settle { seconds: SETTLE_SECONDS }).await?;
        let seen = FollowRun { id: progress.run.id.clone(), seen: progress.seen, said: String::new() };
        progress.delivery = face.call(seen).await?.delivery;
    }
    Ok(progress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_program_are_told_from_those_of_a_command() {
        let flags = |json, quiet, no_color, verbose| Flags { json, quiet, no_color, verbose };
        let cases = [
            ("build web", "build web", flags(false, false, false, 0)),
            ("build web --json", "build web", flags(true, false, false, 0)),
            ("build --json web -q", "build web", flags(true, true, false, 0)),
            ("build web -v --verbose --no-color", "build web", flags(false, false, true, 2)),
            ("build web -- --json -q", "build web -- --json -q", flags(false, false, false, 0)),
            ("build web --own --json", "build web --own", flags(true, false, false, 0)),
            ("report --quiet", "report --quiet", flags(false, false, false, 0)),
        ];
        for (line, rest, expected) in cases {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (left, found) = Flags::of(&words, |name| line.starts_with("report") && name == "quiet");
            assert_eq!((left.join(" ").as_str(), found), (rest, expected), "{line}");
        }
    }
}
