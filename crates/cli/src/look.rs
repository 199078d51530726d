//! Everything that asks the engine something and prints the answer.

use anyhow::{Result, anyhow};
use callboard_domain::{
    actor::{Actor, Principal},
    command::named_line,
};
use callboard_engine::api::{
    ApiError, BoardQuery, Cancel, CheckVerdict, Delivery, Doctor, Flush, FollowRun, HelpQuery, Post,
    PostPlanQuery, Quiet, QuietStatus, ResolveRun, Retry, RulesReplay, StatusQuery,
};
use jiff::Timestamp;

use crate::{
    answer,
    args::{Accounts, AuditCommand, Command, Rules, RunResolution},
    audit, board,
    client::Client,
    deliveries, events,
    exit::{Exit, MayHaveHappened, Usage},
    item, lists,
    output::{Output, RunOutput, print_wrapped, when},
    printed::on_one_line,
    run, search, times, verbs,
};

/// Asks and prints.
pub(crate) async fn act(command: Command, client: &mut Client, output: &Output) -> Result<Exit> {
    match command {
        Command::Board { kind, all, snoozed, stored, limit } => {
            return board::board(BoardQuery { kind, all, snoozed, limit }, stored, client, output).await;
        }
        Command::Approvals { stored, limit } => return board::approvals(limit, stored, client, output).await,
        Command::Approve(request) => return answer::approve(request, client, output).await,
        Command::Deny(request) => return answer::deny(request, client, output).await,
        Command::Events { follow, since, limit, page } => {
            return events::events(follow, since, limit, page, client, output).await;
        }
        Command::Item { item } => return item::show(item.join(" "), client, output).await,
        Command::Search { text, limit, skip, page } => {
            return search::find(text.join(" "), (limit, skip), page, client, output).await;
        }
        Command::Commands => return lists::commands(client, output).await,
        Command::Runs { limit, page } => return lists::runs(limit, page, client, output).await,
        Command::Room { channel, limit, page } => {
            return lists::room(channel, limit, page, client, output).await;
        }
        Command::Accounts { command: None | Some(Accounts::List) } => {
            return lists::accounts(client, output).await;
        }
        Command::Channels { live } => return lists::channels(live, client, output).await,
        Command::Deliveries { pending, limit, page } => {
            return deliveries::list(pending, limit, page, client, output).await;
        }
        Command::Help { command } => {
            let info = client.call(HelpQuery { command: command.join(" ") }).await;
            let info = info.map_err(|error| not_found(error, &command))?;
            output.either(&info, || output.help(&info));
        }
        Command::RunShow { id } => {
            let progress = client.call(at_once(id)).await?;
            output.either(&progress, || {
                let run = &progress.run;
                let by = match run.by.as_str() {
                    "" => String::new(),
                    by => format!(" by {by}"),
                };
                let line = on_one_line(&named_line(&run.line, &run.args));
                println!("{}  {line}{}", when(run.started_at), on_one_line(&by));
                match &run.actor {
                    Some(Actor { principal: Principal::Unreadable, .. }) => {
                        println!("Who asked for it, and through what, is unknown: its record is damaged")
                    }
                    Some(actor) => println!("Asked for by {actor}"),
                    None => println!(
                        "Who asked for it, and through what, is unknown: an older version recorded it"
                    ),
                }
                let mut printed = RunOutput::default();
                output.run_output(&mut printed, &progress.output, false);
                output.ended(&progress, printed.text());
            });
        }
        Command::Cancel { id } => {
            let run = client.call(Cancel { id }).await?;
            output.either(&run, || output.run(&run, ""));
        }
        Command::RunResolve { id, resolution } => {
            let run = client.call(ResolveRun { id, ran: resolution == RunResolution::Ran }).await?;
            let progress = run::flush(client.call(at_once(run.id)).await?, client).await?;
            output.either(&progress, || output.ended(&progress, ""));
        }
        Command::Post { channel, text, item, dry_run } => {
            let what = Post { channel, text: text.join(" "), item };
            if !dry_run {
                return post(what, client, output).await;
            }
            let prepared = client.call(PostPlanQuery { what }).await?;
            output.either(&prepared, || {
                output.message(&prepared.message);
                println!("Will post to {}", prepared.address);
                println!("Dry run: nothing was posted");
            });
        }
        Command::Retry { id } => {
            let delivery = client.call(Retry { id }).await?;
            return arrival(delivery, client, output).await;
        }
        Command::Rules { command: Rules::Explain { event } } => {
            return events::explain(event, client, output).await;
        }
        Command::Rules { command: Rules::Test { event } } => {
            let event =
                event.parse().map_err(|_| Usage(format!("expected an event's number, found {event:?}")))?;
            return events::explain(event, client, output).await;
        }
        Command::Rules { command: Rules::Replay { last, edited } } => {
            // A file that is named must exist; only the default one may be missing.
            if let Some(missing) = edited.as_ref().filter(|file| !file.exists()) {
                return Err(Usage(format!("there is no file {}", missing.display())).into());
            }
            let rules = edited.map(|file| crate::config::load(&file)).transpose()?.map(|config| config.rules);
            let replay = client.call(RulesReplay { last, rules }).await?;
            output.either(&replay, || output.replay(&replay));
        }
        Command::Snooze { item, until } => {
            return item::snooze(item, &until, client, output).await;
        }
        Command::Quiet { until } => {
            let until = match until.join(" ").as_str() {
                "off" => None,
                until => Some(times::to_come(until, "`off` ends it", Timestamp::now())?),
            };
            client.call(Quiet { until }).await?;
            output.note(&shown_now(client.call(StatusQuery {}).await?.quiet));
        }
        Command::Audit { command: None, limit, page } => {
            return lists::audit(limit, page, client, output).await;
        }
        Command::Audit { command: Some(AuditCommand::Verify { head }), .. } => {
            return audit::verify(head, client, output).await;
        }
        Command::Audit { command: Some(AuditCommand::Export), .. } => {
            return audit::export(client, output).await;
        }
        Command::Doctor => {
            let checks = client.call(Doctor {}).await?;
            output.either(&checks, || checks.iter().for_each(|check| output.check(check)));
            let failed = checks.iter().any(|check| check.verdict == CheckVerdict::Failed);
            return Ok(if failed { Exit::Failed } else { Exit::Done });
        }
        // These need no engine, or have a module of their own: see `main`.
        Command::Serve
        | Command::Open
        | Command::Toggle
        | Command::Playground { .. }
        | Command::Run(_)
        | Command::Accounts { .. }
        | Command::Config { .. }
        | Command::Completions { .. }
        | Command::Man { .. } => {}
    }
    Ok(Exit::Done)
}

/// Which notifications are shown: quiet hours hold whatever was asked for.
fn shown_now(quiet: Option<QuietStatus>) -> String {
    match quiet {
        None => "all notifications are shown".to_owned(),
        Some(QuietStatus { until, manual }) => {
            let hours = if manual { "" } else { ": these are your quiet hours" };
            format!("only important notifications are shown until {}{hours}", when(until))
        }
    }
}

/// Why there is no help for these words. Only where no command has that name, they may mean a part of this program.
fn not_found(error: ApiError, words: &[String]) -> anyhow::Error {
    let is_no_command = matches!(error, ApiError::Line { .. });
    match verbs::suggestion(words).filter(|_| is_no_command) {
        Some(suggestion) => {
            let line = words.join(" ");
            Usage(format!("there is no command or part of this program `{line}`; {suggestion}")).into()
        }
        None => error.into(),
    }
}

/// A run as it is now: no run has this status, so the answer comes at once.
fn at_once(id: String) -> FollowRun {
    FollowRun { id, seen: 0, status: "\0".into() }
}

async fn post(post: Post, client: &mut Client, output: &Output) -> Result<Exit> {
    let delivery = client.call(post).await?;
    arrival(delivery, client, output).await
}

/// Waits for a message to arrive, and prints what became of it.
async fn arrival(delivery: Delivery, client: &mut Client, output: &Output) -> Result<Exit> {
    let awaited = client.call(Flush { seconds: 10, deliveries: vec![delivery.id.clone()] }).await?;
    let delivery =
        awaited.into_iter().find(|other| other.id == delivery.id).ok_or_else(|| MayHaveHappened {
            see: "callboard deliveries",
            source: anyhow!("delivery {} is not on the record", delivery.id),
        })?;
    let (now, is_served) = (Timestamp::now(), client.is_served().await?);
    output.either(&delivery, || {
        let state = deliveries::state(&delivery, is_served, now);
        print_wrapped(&format!("{}: {state}", delivery.address), 2);
        let why = deliveries::reason(&delivery, now);
        if !why.is_empty() {
            print_wrapped(&format!("  Why: {why}"), 4);
        }
        if let Some(outlook) = deliveries::outlook(&delivery, is_served) {
            print_wrapped(&format!("  {outlook}"), 2);
        }
    });
    Ok(deliveries::exit(&delivery.state))
}

#[cfg(test)]
mod tests {
    use callboard_domain::command::ArgError;

    use super::*;

    #[test]
    fn quiet_hours_hold_after_the_end_of_what_was_asked_for() {
        let until: Timestamp = "2026-11-25T07:00:00Z".parse().unwrap();
        let at = when(until);
        let cases = [
            (None, "all notifications are shown".to_owned()),
            (Some(true), format!("only important notifications are shown until {at}")),
            (
                Some(false),
                format!("only important notifications are shown until {at}: these are your quiet hours"),
            ),
        ];
        for (manual, expected) in cases {
            assert_eq!(shown_now(manual.map(|manual| QuietStatus { until, manual })), expected);
        }
    }

    #[test]
    fn unknown_command_suggests_a_part_of_this_program() {
        let words = ["rules".to_owned(), "tset".to_owned()];
        let line = || ApiError::Line { error: ArgError::invalid("command", "a command", "rules tset") };
        let broken = ApiError::Internal { message: "the store is damaged".into() };
        assert!(not_found(line(), &words).to_string().contains("did you mean `callboard help rules test`?"));
        assert_eq!(not_found(broken, &words).to_string(), "the store is damaged");
        assert!(not_found(line(), &["xyzzy".to_owned()]).downcast_ref::<ApiError>().is_some());
    }
}
