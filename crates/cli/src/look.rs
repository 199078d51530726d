//! Everything that asks the engine something and prints the answer.

use anyhow::Result;
use callboard_domain::{
    board::{Board, NotSeen, Row, Snoozed, State},
    command::named_line,
    duration::Span,
    event::Event,
    item::{Detail, Severity},
    run::Run,
    source::Progress,
    text,
};
use callboard_engine::api::{
    AccountInfo, AccountsQuery, BoardQuery, Cancel, Changes, ChannelsQuery, CheckVerdict, CommandsQuery,
    DeliveriesQuery, Delivery, DeliveryState, Doctor, EventsQuery, FollowRun, Health, HelpQuery, Hit,
    ItemQuery, PollNow, Post, PreparePost, Quiet, Retry, RoomMessage, RoomQuery, RulesExplain, RulesReplay,
    RunsQuery, Search, Settle, SettleRun, Snooze, SnoozeTimes, Unsnooze,
};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    args::{Accounts, Command, Page, Rules, Word},
    exit::{Exit, Usage},
    face::Face,
    output::{Output, age, mark, origin, table, when},
    pages, run,
};

/// Asks and prints.
pub(crate) async fn act(command: Command, face: &mut Face, output: &Output) -> Result<Exit> {
    match command {
        Command::Board { kind, all, snoozed, stored } => {
            return board(BoardQuery { kind, all, snoozed }, stored, face, output).await;
        }
        Command::Events { follow, since, limit, page } => {
            return events(follow, since, limit, page, face, output).await;
        }
        Command::Item { item } => {
            let detail = face.call(ItemQuery { item: item.join(" ") }).await?;
            output.either(&detail, || {
                println!("{}  {}", detail.item.reference(), text::line(&detail.item.title, 300));
                println!("{} · {}", detail.item.status(), detail.item.key);
                if let Some(gone) = &detail.gone {
                    println!("Off the board since {}: {}", when(gone.at), gone.why);
                }
                if let Some(url) = &detail.item.url {
                    println!("{url}");
                }
                for line in facts(&detail.item.detail) {
                    println!("{line}");
                }
                for event in &detail.events {
                    output.event(event);
                }
                for action in &detail.actions {
                    println!("→ callboard run {}", action.line);
                }
            });
        }
        Command::Search { text, limit, skip, page } => {
            let (hits, more) = search(&text.join(" "), limit, skip, face).await?;
            let next = more.then(|| skip.saturating_add(limit));
            if output.json && page {
                output.json(&json!({ "hits": hits, "more": more, "next": next }));
                return Ok(Exit::Done);
            }
            if hits.is_empty() {
                output.note("Nothing is found");
            }
            output.either(&hits, || {
                if hits.is_empty() {
                    return;
                }
                let rows = hits.iter().map(|hit| match hit {
                    Hit::Item { key, title, status } => [status.clone(), key.to_string(), title.clone()],
                    Hit::Run { id, line, state } => [state.clone(), format!("run {id}"), line.clone()],
                });
                println!("{}", table(rows));
            });
            if let Some(next) = next {
                output.note(&format!("There are more than these; go on with --skip {next}"));
            }
        }
        Command::Commands => {
            let commands = face.call(CommandsQuery {}).await?;
            output.either(&commands, || {
                if commands.is_empty() {
                    println!("There are no commands yet: add an account, or a folder of command files");
                }
                let rows = commands
                    .iter()
                    .map(|info| [info.spec.usage.clone(), origin(&info.origin), info.spec.summary.clone()]);
                println!("{}", table(rows));
            });
        }
        Command::Help { command } => {
            let info = face.call(HelpQuery { command: command.join(" ") }).await?;
            output.either(&info, || output.help(&info));
        }
        Command::Runs { limit, page } => {
            let ask = async |before, limit| Ok(face.call(RunsQuery { limit, before }).await?);
            let list = pages::read(limit, page.before.clone(), |run: &Run| run.id.clone(), ask).await?;
            let next = list.entries.last().filter(|_| list.more).map(|run| run.id.clone());
            let runs = list.entries;
            pages::show(output, "runs", (&runs, next), &page, false, || {
                let rows = runs.iter().map(|run| {
                    [
                        run.id.clone(),
                        run.state.name().to_owned(),
                        age(run.started_at),
                        run.by.clone(),
                        named_line(&run.line, &run.args),
                    ]
                });
                println!("{}", table(rows));
            });
        }
        Command::RunShow { id } => {
            let progress = face.call(at_once(id)).await?;
            output.either(&progress, || {
                let run = &progress.run;
                let by = match run.by.as_str() {
                    "" => String::new(),
                    by => format!(" by {by}"),
                };
                println!("{}  {}{by}", when(run.started_at), named_line(&run.line, &run.args));
                output.run_output(&progress.output);
                output.ended(&progress);
            });
        }
        Command::Cancel { id } => {
            let run = face.call(Cancel { id }).await?;
            output.either(&run, || output.run(&run));
        }
        Command::RunSettle { id, word } => {
            let run = face.call(SettleRun { id, ran: word == Word::Ran }).await?;
            let progress = run::settle(face.call(at_once(run.id)).await?, face).await?;
            output.either(&progress, || output.ended(&progress));
        }
        Command::Post { channel, text, item, dry_run } => {
            let what = Post { channel, text: text.join(" "), item };
            if !dry_run {
                return post(what, face, output).await;
            }
            let prepared = face.call(PreparePost { what }).await?;
            output.either(&prepared, || {
                output.message(&prepared.message);
                println!("Will post to {}", prepared.address);
                println!("Dry run: nothing was posted");
            });
        }
        Command::Room { channel, limit, page } => {
            let ask = async |before, limit| {
                let channel = channel.clone();
                let mut messages = face.call(RoomQuery { channel, limit, before }).await?;
                messages.reverse();
                Ok(messages)
            };
            let id = |message: &RoomMessage| message.id.clone();
            let list = pages::read(limit, page.before.clone(), id, ask).await?;
            let next = list.entries.last().filter(|_| list.more).map(id);
            let mut messages = list.entries;
            messages.reverse();
            pages::show(output, "messages", (&messages, next), &page, false, || {
                for message in &messages {
                    print!("{}  ", when(message.at));
                    output.message(&message.message);
                }
            });
        }
        Command::Accounts { command: None | Some(Accounts::List) } => {
            let accounts = face.call(AccountsQuery {}).await?;
            output.either(&accounts, || {
                if accounts.is_empty() {
                    println!(
                        "There are no accounts yet: callboard accounts add forge github watch=owner/repo"
                    );
                }
                println!("{}", table(accounts.iter().map(account)));
            });
        }
        Command::Channels { live } => {
            let channels = face.call(ChannelsQuery { live }).await?;
            output.either(&channels, || {
                let rows = channels.iter().map(|channel| {
                    let default = if channel.default { "default".to_owned() } else { String::new() };
                    [channel.name.clone().unwrap_or_default(), channel.address.to_string(), default]
                });
                println!("{}", table(rows));
            });
        }
        Command::Deliveries { pending, limit, page } => {
            let ask = async |before, limit| Ok(face.call(DeliveriesQuery { pending, limit, before }).await?);
            let id = |delivery: &Delivery| delivery.id.clone();
            let list = pages::read(limit, page.before.clone(), id, ask).await?;
            let next = list.entries.last().filter(|_| list.more).map(id);
            let deliveries = list.entries;
            pages::show(output, "deliveries", (&deliveries, next), &page, false, || {
                let rows = deliveries.iter().map(|delivery| {
                    let id = delivery.id.clone();
                    [
                        id,
                        delivery.address.to_string(),
                        delivery.message.title.clone(),
                        output.delivery(delivery),
                    ]
                });
                println!("{}", table(rows));
            });
        }
        Command::Retry { id } => {
            let delivery = face.call(Retry { id }).await?;
            face.call(Settle { seconds: 10 }).await?;
            output.either(&delivery, || println!("{} is sent again", delivery.id));
        }
        Command::Rules { command: Rules::Explain { event } } => return explain(event, face, output).await,
        Command::Rules { command: Rules::Test { event } } => {
            let event =
                event.parse().map_err(|_| Usage(format!("expected an event's number, found {event:?}")))?;
            return explain(event, face, output).await;
        }
        Command::Rules { command: Rules::Replay { last, edited } } => {
            let rules = edited.map(|file| crate::config::load(&file)).transpose()?.map(|config| config.rules);
            let replay = face.call(RulesReplay { last, rules }).await?;
            output.either(&replay, || output.replay(&replay));
        }
        Command::Snooze { item, until } => return snooze(item, &until, face, output).await,
        Command::Quiet { until } => {
            let until = if until == "off" { None } else { Some(time(&until, Timestamp::now())?) };
            face.call(Quiet { until }).await?;
            output.note(&match until {
                None => "all notifications are shown".to_owned(),
                Some(until) => format!("only important notifications are shown until {}", when(until)),
            });
        }
        Command::Doctor => {
            let checks = face.call(Doctor {}).await?;
            output.either(&checks, || checks.iter().for_each(|check| output.check(check)));
            let failed = checks.iter().any(|check| check.verdict == CheckVerdict::Failed);
            return Ok(if failed { Exit::Failed } else { Exit::Done });
        }
        // These need no engine, or have a room of their own: see `main`.
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

/// What is particular to an item, in lines: how large and how old a pull request is, and what is written of it. The texts
/// are safe for a terminal: nothing else is stored.
fn facts(detail: &Detail) -> Vec<String> {
    let description = match detail {
        Detail::PullRequest(pull) => pull.description.as_deref(),
        Detail::Incident(incident) => incident.description.as_deref(),
        Detail::Build(_) => None,
    };
    let mut lines = Vec::new();
    if let Detail::PullRequest(pull) = detail {
        let author = if pull.author.is_empty() { "an unknown user" } else { &pull.author };
        lines.push(format!("Opened {} ago by {author}", age(pull.opened_at)));
        lines.extend(pull.size.as_ref().map(|size| format!("Changes {}", size.words())));
    }
    let text = description.unwrap_or_default();
    lines.extend(text.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") }));
    lines
}

/// A run as it is now: what has been said can't be this, so the answer waits for nothing.
fn at_once(id: String) -> FollowRun {
    FollowRun { id, seen: 0, said: "\0".into() }
}

async fn board(query: BoardQuery, stored: bool, face: &mut Face, output: &Output) -> Result<Exit> {
    let accounts = if face.is_own() && !stored {
        let spinner = output.spinner();
        spinner.set_message("asking the services");
        let polled = face.call(PollNow::default()).await;
        spinner.finish_and_clear();
        polled?
    } else {
        face.call(AccountsQuery {}).await?
    };
    let board = face.call(query).await?;
    output.either(&board, || {
        print_board(&board);
        accounts.iter().filter_map(unusable).for_each(|line| println!("{line}"));
    });
    if !output.json && accounts.is_empty() {
        println!("There are no accounts yet: callboard accounts add forge github watch=owner/repo");
    }
    Ok(Exit::Done)
}

/// An account that has no rows on the board, such as a chat, and cannot be used.
fn unusable(info: &AccountInfo) -> Option<String> {
    let why = match &info.health {
        Health::Incomplete { why, .. } => why.clone(),
        Health::Trouble { error, .. } => error.to_string(),
        Health::New | Health::Ok => return None,
    };
    let mark = mark(callboard_domain::message::Tone::Attention);
    (!info.watched).then(|| format!("{mark} {} cannot be used: {why}", info.name))
}

/// The board, section by section, then what is not seen.
pub(crate) fn print_board(board: &Board) {
    if board.sections.is_empty() {
        println!("{}", board.headline());
    }
    for section in &board.sections {
        let cut = if section.shown < section.total {
            format!("  {} of {}", grouped(section.shown), grouped(section.total))
        } else {
            String::new()
        };
        println!("{}{cut}", console::style(&section.title).bold());
        let rows = section.rows.iter().map(|row| {
            let turn = row.turn.as_ref().map(|turn| turn.what.clone()).unwrap_or_default();
            let since = row.since.map(age).unwrap_or_default();
            [format!(" {}", glyph(row)), row.key.id.clone(), row.title.clone(), second(row), turn, since]
        });
        println!("{}", table(rows));
    }
    for not_seen in &board.not_seen {
        println!("{} {}", mark(callboard_domain::message::Tone::Attention), not_seen_line(not_seen));
    }
}

/// "billing, critical, as of 11:58": what a row says besides its title.
fn second(row: &Row) -> String {
    let severity = row.severity.filter(|severity| *severity >= Severity::High).map(|it| it.name().to_owned());
    let snoozed = row.snoozed.map(|snoozed| match snoozed {
        Snoozed::UntilChange => "snoozed until it changes".to_owned(),
        Snoozed::Until(until) => format!("snoozed until {}", when(until)),
    });
    let as_of = row.as_of.map(|at| format!("as of {}", when(at)));
    let parts = [Some(row.second.clone()), severity, snoozed, as_of];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn not_seen_line(not_seen: &NotSeen) -> String {
    let from = not_seen.since.map_or_else(String::new, |since| format!(" (since {})", when(since)));
    let account = if not_seen.part.is_empty() { String::new() } else { format!("{}: ", not_seen.account) };
    format!("{account}{not_seen}{from}")
}

/// "5,002".
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How far an account is that is read in parts.
fn reading(progress: Progress) -> String {
    format!("reading: {} of {} so far", progress.done, progress.total)
}

/// Shape says what it is; hollow is in somebody's hands.
fn glyph(row: &Row) -> &'static str {
    match (row.state, row.held) {
        (State::Failing, _) => "✗",
        (State::Incident, false) => "▲",
        (State::Incident, true) => "△",
        (State::Attention, false) => "◆",
        (State::Attention, true) => "◇",
        (State::Running, _) => "◔",
        (State::Passing, _) => "✓",
        (State::Quiet, _) => "·",
    }
}

fn account(info: &AccountInfo) -> [String; 4] {
    let health = match &info.health {
        Health::New => "not asked yet".to_owned(),
        Health::Ok if info.reading.is_some() => info.reading.map(reading).unwrap_or_default(),
        Health::Ok => info.last_ok.map_or_else(|| "ok".to_owned(), |at| format!("ok, {} ago", age(at))),
        Health::Incomplete { why, .. } => why.clone(),
        Health::Trouble { since, error, next_try } => {
            let again = next_try.map_or_else(String::new, |at| format!("; next try at {}", when(at)));
            format!("since {}: {error}{again}", when(*since))
        }
    };
    let who = info.identity.as_ref().map(|identity| identity.login.clone()).unwrap_or_default();
    let budget = info.budget.map_or_else(String::new, |budget| {
        format!(", {} of {} calls left until {}", budget.remaining, budget.limit, when(budget.resets_at))
    });
    [info.name.to_string(), info.service.clone(), who, format!("{health}{budget}")]
}

/// Prints events, and goes on as they happen where `follow` says so, until it is told to stop.
pub(crate) async fn events(
    follow: bool,
    since: Option<String>,
    limit: usize,
    page: Page,
    face: &mut Face,
    output: &Output,
) -> Result<Exit> {
    let since = since.map(|text| past(&text, Timestamp::now())).transpose()?;
    let number = |text: String| {
        text.parse::<i64>().map_err(|_| Usage(format!("expected an event's number, found {text:?}")))
    };
    let mut seen = face.call(Changes { seen: 0 }).await?;
    let ask = async |before: Option<String>, limit| {
        let before = before.map(number).transpose()?;
        let mut events = face.call(EventsQuery { after: None, before, since, limit }).await?;
        events.reverse();
        Ok(events)
    };
    let id = |event: &Event| event.id.to_string();
    let list = pages::read(limit, page.before.clone(), id, ask).await?;
    let next = list.entries.last().filter(|_| list.more).map(id);
    let mut events = list.entries;
    events.reverse();
    pages::show(output, "events", (&events, next), &page, true, || {
        events.iter().for_each(|event| output.event(event));
    });
    if !follow {
        return Ok(Exit::Done);
    }
    // What is older than a page that was asked for is not what comes next.
    let mut last = events.last().map_or(0, |event| event.id);
    loop {
        tokio::select! {
            stopped = crate::serve::stop_asked_for() => {
                stopped?;
                return Ok(Exit::Done);
            }
            changed = face.call(Changes { seen }) => seen = changed?,
        }
        let query = EventsQuery { after: Some(last), before: None, since: None, limit: 1_000 };
        let events = face.call(query).await?;
        for event in &events {
            output.either(event, || output.event(event));
        }
        last = events.last().map_or(last, |event| event.id);
    }
}

/// What a search found, and whether there is more.
async fn search(text: &str, limit: usize, skip: usize, face: &mut Face) -> Result<(Vec<Hit>, bool)> {
    // One more of each than is wanted says whether there are more.
    let query = Search { text: text.to_owned(), limit: limit.saturating_add(1), skip };
    let (mut items, mut runs): (Vec<Hit>, Vec<Hit>) =
        face.call(query).await?.into_iter().partition(|hit| matches!(hit, Hit::Item { .. }));
    let more = items.len() > limit || runs.len() > limit;
    items.truncate(limit);
    runs.truncate(limit);
    items.extend(runs);
    Ok((items, more))
}

async fn snooze(item: String, until: &str, face: &mut Face, output: &Output) -> Result<Exit> {
    if until == "off" {
        face.call(Unsnooze { item: item.clone() }).await?;
        output.note(&format!("{item} is on the board again"));
        return Ok(Exit::Done);
    }
    let offers = face.call(SnoozeTimes {}).await?;
    let until = match offers.iter().find(|offer| offer.name == until) {
        Some(offer) => offer.until,
        None => Some(time(until, Timestamp::now()).map_err(|_| {
            let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
            let names = names.join(", ");
            Usage(format!("expected a time such as 2026-11-22T10:00, 30m, {names} or off, found {until:?}"))
        })?),
    };
    face.call(Snooze { item: item.clone(), until }).await?;
    output.note(&match until {
        None => format!("{item} is off the board until it changes"),
        Some(until) => format!("{item} is off the board until {}", when(until)),
    });
    Ok(Exit::Done)
}

async fn post(post: Post, face: &mut Face, output: &Output) -> Result<Exit> {
    let delivery = face.call(post).await?;
    let left = face.call(Settle { seconds: 10 }).await?;
    // What is not among those that have not arrived has arrived.
    let delivery = left
        .into_iter()
        .find(|other| other.id == delivery.id)
        .unwrap_or(Delivery { state: DeliveryState::Posted, ..delivery });
    output.either(&delivery, || println!("{}: {}", delivery.address, output.delivery(&delivery)));
    Ok(match &delivery.state {
        DeliveryState::Posted => Exit::Done,
        DeliveryState::Pending { error: Some(error), .. }
        | DeliveryState::Failed { error }
        | DeliveryState::Unknown { error } => error.into(),
        _ => Exit::Unknown,
    })
}

async fn explain(event: i64, face: &mut Face, output: &Output) -> Result<Exit> {
    let explanation = face.call(RulesExplain { event }).await?;
    output.either(&explanation, || {
        output.event(&explanation.event);
        match &explanation.decided {
            Some(decided) => println!("When it was seen: {}", crate::output::say(decided)),
            None => println!(
                "When it was seen, nothing was decided: it had happened before the account was watched"
            ),
        }
        print!("Now: ");
        output.decision(&explanation.now);
    });
    Ok(Exit::Done)
}

/// A time to come: a length of time from now, or a time.
fn time(text: &str, now: Timestamp) -> Result<Timestamp> {
    match text.parse::<Span>() {
        Ok(span) => Ok(now + span.0),
        Err(_) => at(text),
    }
}

/// A time past: a length of time ago, or a time.
fn past(text: &str, now: Timestamp) -> Result<Timestamp> {
    match text.parse::<Span>() {
        Ok(span) => Ok(now - span.0),
        Err(_) => at(text),
    }
}

fn at(text: &str) -> Result<Timestamp> {
    let zone = jiff::tz::TimeZone::system();
    let zoned =
        || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(zone).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(zoned).ok_or_else(|| {
        Usage(format!(
            "expected a length of time such as 2h, or a time such as 2026-11-22T10:00, found {text:?}"
        ))
        .into()
    })
}
