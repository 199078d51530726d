//! Lists: what was found, can be run, ran, was posted, is watched.

use anyhow::Result;
use callboard_domain::{actor::Actor, command::named_line, run::Run, source::Progress};
use callboard_engine::api::{
    AccountInfo, AccountsQuery, AuditEntry, AuditQuery, BuiltinRoomMessage, BuiltinRoomQuery, ChannelsQuery,
    CommandsQuery, Health, RunsQuery,
};
use jiff::Timestamp;

use crate::{
    args::Page,
    client::Client,
    exit::{Exit, Usage},
    left_out::left_out,
    output::{Output, age, origin, when},
    pages,
    table::{Column, table},
};

/// Of a change: when, who, through what, and what, among which there are ids.
const AUDIT_COLUMNS: [Column; 4] = [Column::Whole, Column::Text, Column::Text, Column::Text];
/// Of a run: its id, its state, its age, who, through what, and its line.
const RUN_COLUMNS: [Column; 6] =
    [Column::Whole, Column::Text, Column::Text, Column::Text, Column::Text, Column::Line];
/// Of an account: its name, its service, who it is there, and its state.
const ACCOUNT_COLUMNS: [Column; 4] = [Column::Whole, Column::Whole, Column::Text, Column::Text];

/// The client that a request came through; unknown in what an older version recorded. A damaged record is shown as such.
fn via(actor: Option<&Actor>) -> String {
    actor.map_or_else(|| "unknown".to_owned(), |actor| actor.via.to_string())
}

/// Who changed what, and through what, the latest first.
pub(crate) async fn audit(limit: usize, page: Page, client: &mut Client, output: &Output) -> Result<Exit> {
    let number = |text: String| {
        text.parse::<i64>().map_err(|_| Usage(format!("expected the number of an entry, found {text:?}")))
    };
    let ask = async |before: Option<String>, limit| {
        let before = before.map(number).transpose()?;
        Ok(client.call(AuditQuery { limit, before }).await?)
    };
    let id = |entry: &AuditEntry| entry.id.to_string();
    let list = pages::read(limit, page.before.clone(), id, ask).await?;
    let next = list.entries.last().filter(|_| list.more).map(id);
    let entries = list.entries;
    pages::show(output, ("audit", "No entries"), (&entries, next), &page, false, || {
        let rows = entries.iter().map(|entry| {
            let Actor { principal, via } = &entry.actor;
            [when(entry.at), principal.to_string(), via.to_string(), entry.describe(when)]
        });
        print!("{}", table(rows, AUDIT_COLUMNS));
    });
    Ok(Exit::Done)
}

/// The commands that can be run.
pub(crate) async fn commands(client: &mut Client, output: &Output) -> Result<Exit> {
    let commands = client.call(CommandsQuery {}).await?;
    let left_out = left_out(client).await?;
    output.either(&commands, || {
        if commands.is_empty() && left_out.is_none() {
            println!("There are no commands yet: add an account, or a folder of command files");
        }
        let rows = commands
            .iter()
            .map(|info| [info.spec.usage.clone(), origin(&info.origin), info.spec.summary.clone()]);
        print!("{}", table(rows, [Column::Title; 3]));
    });
    left_out.iter().for_each(|it| output.note(it));
    Ok(Exit::Done)
}

/// The latest runs.
pub(crate) async fn runs(limit: usize, page: Page, client: &mut Client, output: &Output) -> Result<Exit> {
    let ask = async |before, limit| Ok(client.call(RunsQuery { limit, before }).await?);
    let list = pages::read(limit, page.before.clone(), |run: &Run| run.id.clone(), ask).await?;
    let next = list.entries.last().filter(|_| list.more).map(|run| run.id.clone());
    let runs = list.entries;
    pages::show(output, ("runs", "No runs"), (&runs, next), &page, false, || {
        let rows = runs.iter().map(|run| {
            [
                run.id.clone(),
                run.state.name().to_owned(),
                age(run.started_at),
                run.by.clone(),
                via(run.actor.as_ref()),
                named_line(&run.line, &run.args),
            ]
        });
        print!("{}", table(rows, RUN_COLUMNS));
    });
    Ok(Exit::Done)
}

/// The messages of a channel of the built-in room.
pub(crate) async fn room(
    channel: String,
    limit: usize,
    page: Page,
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    let ask = async |before, limit| {
        let channel = channel.clone();
        let mut messages = client.call(BuiltinRoomQuery { channel, limit, before }).await?;
        messages.reverse();
        Ok(messages)
    };
    let id = |message: &BuiltinRoomMessage| message.id.clone();
    let list = pages::read(limit, page.before.clone(), id, ask).await?;
    let next = list.entries.last().filter(|_| list.more).map(id);
    let mut messages = list.entries;
    messages.reverse();
    let nothing = format!("No messages in {channel}");
    pages::show(output, ("messages", &nothing), (&messages, next), &page, false, || {
        for message in &messages {
            print!("{}  ", when(message.at));
            output.message(&message.message);
        }
    });
    Ok(Exit::Done)
}

/// The accounts and their state.
pub(crate) async fn accounts(client: &mut Client, output: &Output) -> Result<Exit> {
    let accounts = client.call(AccountsQuery {}).await?;
    let left_out = left_out(client).await?;
    output.either(&accounts, || {
        if accounts.is_empty() && left_out.is_none() {
            println!("There are no accounts yet: callboard accounts add forge github watch=owner/repo");
        }
        let now = Timestamp::now();
        print!("{}", table(accounts.iter().map(|info| account(info, now)), ACCOUNT_COLUMNS));
    });
    left_out.iter().for_each(|it| output.note(it));
    Ok(Exit::Done)
}

fn account(info: &AccountInfo, now: Timestamp) -> [String; 4] {
    let health = match &info.health {
        Health::New => "not asked yet".to_owned(),
        Health::Ok => seen(info),
        Health::Incomplete { why, .. } => format!("{why}{}", lost(info)),
        Health::Unrecorded { since, why } => {
            format!("since {}: what is read of it is not recorded: {why}{}", when(*since), lost(info))
        }
        Health::Overdue { since } => {
            let last = info.last_ok.map_or_else(String::new, |at| format!("; last read {} ago", age(at)));
            format!("since {}: the poll that is due has not ended{last}{}", when(*since), lost(info))
        }
        Health::Trouble { since, error, .. } => {
            let retry = info.health.retry(now, when).map_or_else(String::new, |retry| format!("; {retry}"));
            format!("since {}: {}{retry}{}", when(*since), error.trouble(), lost(info))
        }
    };
    let login = info.identity.as_ref().map(|identity| identity.display().to_owned()).unwrap_or_default();
    let who = match &info.person {
        Some(person) if person.0 != login => format!("{login} ({person})"),
        _ => login,
    };
    let rate_limit = info.rate_limit.map_or_else(String::new, |rate_limit| {
        format!(
            ", {} of {} calls left until {}",
            rate_limit.remaining,
            rate_limit.limit,
            when(rate_limit.reset_at)
        )
    });
    [info.name.to_string(), info.service.clone(), who, format!("{health}{rate_limit}")]
}

/// The parts that were not seen even before the account became unreadable.
fn lost(info: &AccountInfo) -> String {
    let hidden: Vec<String> = info.problems.iter().filter(|it| it.hides()).map(ToString::to_string).collect();
    if hidden.is_empty() { String::new() } else { format!("; not all of it was seen: {}", hidden.join("; ")) }
}

/// The state of an account that answers. It is ok only where no part of it is unseen.
fn seen(info: &AccountInfo) -> String {
    let problems = |hide: bool| {
        let found = info.problems.iter().filter(|problem| problem.hides() == hide);
        found.map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let (hidden, details) = (problems(true), problems(false));
    let mut text = match (info.reading, info.last_ok) {
        _ if !hidden.is_empty() => format!("not all of it is seen: {hidden}"),
        (Some(progress), _) => reading(progress),
        (None, None) if info.watched => "its first poll has not ended".to_owned(),
        (None, None) => "ok".to_owned(),
        (None, Some(at)) => format!("ok, {} ago", age(at)),
    };
    if !details.is_empty() {
        text.push_str(&format!("; without details: {details}"));
    }
    text
}

/// How far an account is that is read in parts.
fn reading(progress: Progress) -> String {
    format!("reading: {} of {} so far", progress.done, progress.total)
}

/// The channels that are named; with `live` also those that the chats list.
pub(crate) async fn channels(live: bool, client: &mut Client, output: &Output) -> Result<Exit> {
    let channels = client.call(ChannelsQuery { live }).await?;
    output.either(&channels, || {
        let rows = channels.iter().map(|channel| {
            let default = if channel.default { "default".to_owned() } else { String::new() };
            [channel.name.clone().unwrap_or_default(), channel.address.to_string(), default]
        });
        print!("{}", table(rows, [Column::Whole, Column::Whole, Column::Text]));
    });
    left_out(client).await?.iter().for_each(|it| output.note(it));
    Ok(Exit::Done)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use callboard_domain::{
        error::ServiceError,
        source::{Problem, ProblemKind, RateLimit},
    };
    use callboard_engine::secrets::SecretBackend;

    use super::*;
    use crate::table::table_within;

    /// A row at that width, and its words.
    fn shown<const N: usize>(row: [&str; N], columns: [Column; N], terminal: usize) -> (String, Vec<String>) {
        let shown = table_within([row.map(str::to_owned)], columns, Some(terminal)).to_string();
        let words = shown.split_whitespace().map(str::to_owned).collect();
        (shown, words)
    }

    #[test]
    fn ids_are_whole_in_every_list() {
        const ID: &str = "01a2287b-f16e-75d8-8dd8-0a8a9175caf2";
        const KEY: &str = "forge/pull_request/acme/some-repository-of-the-web#12345";
        let has = |words: &[String], all: &str| all.split(' ').all(|word| words.iter().any(|it| it == word));
        let snoozed = format!("snoozed {KEY} until 2026-11-30 09:00");
        let resolved = format!("resolved run {ID}: it did not run");
        let not_seen = format!("not all of it is seen: {KEY}: forbidden (403)");
        for terminal in [60, 80] {
            // Shown to their ends.
            for what in [snoozed.as_str(), resolved.as_str()] {
                let row = ["2026-11-22 10:00", "ana", "chat:#deploys-of-the-web", what];
                let (text, words) = shown(row, AUDIT_COLUMNS, terminal);
                assert!(has(&words, what) && has(&words, "2026-11-22 10:00 ana"), "{terminal}:\n{text}");
                assert!(text.lines().all(|line| line.chars().count() <= terminal), "{terminal}:\n{text}");
            }
            let (text, words) =
                shown(["forge", "github", "ana", not_seen.as_str()], ACCOUNT_COLUMNS, terminal);
            assert!(has(&words, &not_seen), "{terminal}:\n{text}");
            // The line gives way; an id that has no room in it is cut visibly.
            for line in [format!("run rerun {KEY} now"), format!("note {ID} {}", "goes on ".repeat(30))] {
                for state in ["done", "did not run"] {
                    let row = [ID, state, "3 m", "ana", "cli", line.as_str()];
                    let (text, words) = shown(row, RUN_COLUMNS, terminal);
                    assert!(has(&words, &format!("{ID} {state} 3 m ana cli")), "{terminal}:\n{text}");
                    let of_key: Vec<_> = words.iter().filter(|word| word.starts_with("forge/")).collect();
                    let is_cut = |word: &str| word.strip_suffix('…').is_some_and(|it| KEY.starts_with(it));
                    let is_clear = |word: &&String| word.as_str() == KEY || is_cut(word);
                    assert!(of_key.into_iter().all(|word| is_clear(&word)), "{terminal}:\n{text}");
                    assert!(text.lines().all(|line| line.chars().count() <= terminal), "{terminal}:\n{text}");
                }
            }
        }
        // Where there is room, a row is one line.
        let (text, _) = shown([ID, "done", "3 m", "ana", "cli", "ack Q2R8T"], RUN_COLUMNS, 80);
        assert_eq!(text, format!("{ID}  done  3 m  ana  cli  ack Q2R8T\n"));
        let row = ["2026-11-22 10:00", "ana", "cli", "reloaded the configuration"];
        let (text, _) = shown(row, AUDIT_COLUMNS, 80);
        assert_eq!(text, "2026-11-22 10:00  ana  cli  reloaded the configuration\n");
    }

    #[test]
    fn something_of_what_was_typed_is_seen_in_every_terminal() {
        const ID: &str = "01a2287b-f16e-75d8-8dd8-0a8a9175caf2";
        let incident =
            |region: &str| format!("probe payments-service-prod-{region}-checkout-latency-p99-high");
        // what was typed -> how it begins, whatever it is broken by
        let cases = [
            (incident("eu-west-1"), "probepayments-service-prod-eu-"),
            (incident("us-east-2"), "probepayments-service-prod-us-"),
            (format!("probe {}", "W".repeat(400)), "probeWWWW"),
            (format!("probe {}", "長".repeat(40)), "probe長"),
            (format!("probe {}", "e\u{301}".repeat(80)), "probee\u{301}e\u{301}"),
            (format!("probe e{}", "\u{301}".repeat(80)), "probee\u{301}"),
            ("ack Q2R8T".to_owned(), "ackQ2R8T"),
            ("note 7 it is slow".to_owned(), "note7itisslow"),
        ];
        for (line, expected) in cases {
            for terminal in (40..=80).step_by(4).chain([120, 200]) {
                let (text, _) = shown([ID, "done", "3 m", "ana", "cli", &line], RUN_COLUMNS, terminal);
                let seen: String = text.replace(ID, "").chars().filter(|c| !c.is_whitespace()).collect();
                assert!(seen.contains(expected), "{terminal}:\n{text}");
                let widest = text.lines().map(console::measure_text_width).max();
                assert!(widest.is_some_and(|width| width <= terminal), "{terminal}:\n{text}");
            }
        }
    }

    /// An account that answers.
    /// An account that answers.
    pub(crate) fn answers() -> AccountInfo {
        AccountInfo {
            origin: None,
            name: "pager".into(),
            service: "alertmanager".into(),
            health: Health::Ok,
            identity: None,
            person: None,
            rate_limit: None,
            last_ok: Some(Timestamp::now()),
            reading: None,
            problems: Vec::new(),
            secrets: SecretBackend::Env,
            watched: true,
            kinds: Vec::new(),
            settings: Default::default(),
            secrets_set: Vec::new(),
            missing_secrets: Vec::new(),
            has_credential: None,
        }
    }

    #[test]
    fn next_try_of_an_account_is_a_time_to_come() {
        let now = Timestamp::now();
        let (soon, past) = (now + Duration::from_secs(30), now - Duration::from_secs(30));
        let limited = || ServiceError::RateLimited {
            why: "too many calls".into(),
            retry_after: Duration::from_secs(30),
        };
        let left = RateLimit { limit: 5_000, remaining: 4_900, reset_at: soon };
        let since = format!("since {}: ", when(past));
        let limited_for = |seconds| ServiceError::RateLimited {
            why: "too many calls".into(),
            retry_after: Duration::from_secs(seconds),
        };
        // what its last call met, when it is tried next, the calls that are left -> its state
        let cases = [
            (
                Some(limited_for(60)),
                None,
                None,
                format!("{since}too many calls; it may be tried again at {}", when(soon)),
            ),
            (
                Some(limited_for(600)),
                Some(soon),
                None,
                format!("{since}too many calls; next try at {}", when(soon)),
            ),
            (Some(ServiceError::unavailable("503")), None, None, format!("{since}503")),
            (Some(limited()), Some(soon), None, format!("{since}too many calls; next try at {}", when(soon))),
            (Some(limited()), Some(past), None, format!("{since}too many calls")),
            (Some(limited()), None, None, format!("{since}too many calls")),
            (
                Some(ServiceError::unavailable("503")),
                Some(soon),
                Some(left),
                format!("{since}503; next try at {0}, 4900 of 5000 calls left until {0}", when(soon)),
            ),
            (None, None, Some(left), format!("ok, 0 s ago, 4900 of 5000 calls left until {}", when(soon))),
        ];
        for (error, next_try, rate_limit, expected) in cases {
            let health = error.map_or(Health::Ok, |error| Health::Trouble { since: past, error, next_try });
            let [.., state] = account(&AccountInfo { health, rate_limit, ..answers() }, now);
            assert_eq!(state, expected);
        }
    }

    #[test]
    fn account_is_ok_only_where_it_is_read_and_recorded() {
        let now = Timestamp::now();
        let since = now - Duration::from_secs(90);
        let began = when(since);
        let hidden = || vec![Problem::new(ProblemKind::NotSeen, "alerts", "no")];
        let unrecorded = || Health::Unrecorded { since, why: "the disk is full".into() };
        // how it is, what is not seen of it -> its state
        let cases = [
            (Health::Ok, Vec::new(), "ok, 0 s ago".to_owned()),
            (
                unrecorded(),
                Vec::new(),
                format!("since {began}: what is read of it is not recorded: the disk is full"),
            ),
            (
                unrecorded(),
                hidden(),
                format!(
                    "since {began}: what is read of it is not recorded: the disk is full; \
                     not all of it was seen: alerts: no"
                ),
            ),
            (
                Health::Overdue { since },
                Vec::new(),
                format!("since {began}: the poll that is due has not ended; last read 0 s ago"),
            ),
        ];
        for (health, problems, expected) in cases {
            let [.., state] = account(&AccountInfo { health, problems, ..answers() }, now);
            assert_eq!(state, expected);
        }
    }

    #[test]
    fn account_is_ok_only_where_all_of_it_is_seen() {
        let problem = |kind| Problem::new(kind, "alerts", "no");
        let with = |problems: Vec<Problem>| AccountInfo { problems, ..answers() };
        let cases = [
            (answers(), "ok, 0 s ago"),
            (with(vec![problem(ProblemKind::NotSeen)]), "not all of it is seen: alerts: no"),
            (
                with(vec![problem(ProblemKind::Details), problem(ProblemKind::Malformed)]),
                "not all of it is seen: alerts: no; without details: alerts: no",
            ),
            (with(vec![problem(ProblemKind::Details)]), "ok, 0 s ago; without details: alerts: no"),
            (AccountInfo { last_ok: None, ..answers() }, "its first poll has not ended"),
            (AccountInfo { last_ok: None, watched: false, ..answers() }, "ok"),
            (
                AccountInfo { reading: Some(Progress { done: 1, total: 3 }), ..answers() },
                "reading: 1 of 3 so far",
            ),
        ];
        for (info, expected) in cases {
            assert_eq!(seen(&info), expected, "{info:?}");
        }
    }
}
