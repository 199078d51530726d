//! The board in a terminal.

use std::{cell::RefCell, time::Duration};

use anyhow::Result;
use callboard_domain::{
    board::{Board, NotSeen, Row, RunInDoubt, Snoozed, State},
    item::{AccountName, Kind, Severity},
    message::Tone,
};
use callboard_engine::api::{AccountInfo, AccountsQuery, BoardQuery, Health, LONGEST_LIST};

use crate::{
    client::Client,
    exit::Exit,
    left_out::left_out,
    output::{Output, age, left, mark, print_wrapped, short_id, when},
    printed::on_one_line,
    table::{Column, table},
};

/// Of a row: its state, its key, its title, its details, whose turn it is, and since when.
const COLUMNS: [Column; 6] =
    [Column::Text, Column::Whole, Column::Title, Column::Text, Column::Text, Column::Text];
/// Of an approval, whose expiry and subject are never cut.
const APPROVAL_COLUMNS: [Column; 6] =
    [Column::Text, Column::Whole, Column::Text, Column::Text, Column::Text, Column::Text];
/// After how long a wait is explained where there is no spinner.
const LONG: Duration = Duration::from_secs(2);

/// Asks for the board and prints it; where nothing polls, the services are asked first unless `stored`.
pub(crate) async fn board(
    query: BoardQuery,
    stored: bool,
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    let empty =
        |board: &Board, accounts: &[AccountInfo]| board.headline(accounts.iter().any(|info| info.watched));
    ask(query, stored, client, output, empty).await
}

/// Asks for everything that waits for an answer, what is snoozed among it, and prints it. The services are asked first as for
/// [`board`].
pub(crate) async fn approvals(
    limit: Option<usize>,
    stored: bool,
    client: &mut Client,
    output: &Output,
) -> Result<Exit> {
    let query = BoardQuery { kind: Some(Kind::Approval), all: true, snoozed: true, limit };
    ask(query, stored, client, output, no_approval).await
}

/// What it means that no approval is known: of which accounts they are read, and of which not.
fn no_approval(board: &Board, accounts: &[AccountInfo]) -> String {
    let named = |infos: &[&AccountInfo]| {
        infos.iter().map(|info| format!("{} ({})", info.name, info.service)).collect::<Vec<_>>().join(", ")
    };
    let watched = accounts.iter().filter(|info| info.watched);
    let (has, lacks): (Vec<_>, Vec<_>) = watched.partition(|info| info.kinds.contains(&Kind::Approval));
    let is_unread = |info: &&AccountInfo| board.not_seen.iter().any(|it| it.account == info.name);
    let (unread, read): (Vec<_>, Vec<_>) = has.into_iter().partition(is_unread);
    let mut parts = Vec::new();
    if read.is_empty() && unread.is_empty() {
        parts.push("No approval is known: no account that is watched has approvals".to_owned());
    }
    if !read.is_empty() {
        parts.push(format!("No approval waits in {}", named(&read)));
    }
    if !unread.is_empty() {
        parts.push(format!("{} could not be read whole: approvals may wait there", named(&unread)));
    }
    if !lacks.is_empty() {
        parts.push(format!("No approvals are read of {}", named(&lacks)));
    }
    parts.join(". ")
}

/// Asks for a board and prints it; `empty` is the line for one without rows.
async fn ask(
    query: BoardQuery,
    stored: bool,
    client: &mut Client,
    output: &Output,
    empty: impl Fn(&Board, &[AccountInfo]) -> String,
) -> Result<Exit> {
    if !stored {
        poll(client, output).await?;
    }
    let accounts = client.call(AccountsQuery {}).await?;
    let board = client.call(query).await?;
    output.either(&board, || {
        print_rows(&board, &empty(&board, &accounts));
        accounts.iter().filter_map(unusable).for_each(|line| print_wrapped(&line, 2));
    });
    note_cut_sections(&board, output);
    if !output.json && accounts.is_empty() {
        match left_out(client).await? {
            Some(why) => output.note(&why),
            None => {
                println!("There are no accounts yet: callboard accounts add forge github watch=owner/repo")
            }
        }
    }
    Ok(Exit::Done)
}

/// Notes where there are more rows than are shown.
fn note_cut_sections(board: &Board, output: &Output) {
    for section in board.sections.iter().filter(|section| section.shown < section.total) {
        let (shown, total) = (grouped(section.shown), grouped(section.total));
        output.note(&format!(
            "{}: {shown} of {total} are shown; see more with --limit {LONGEST_LIST}",
            section.title
        ));
    }
}

/// Polls the services where nothing else does, and names those that have not answered yet: at once on a terminal, elsewhere
/// once it takes long.
async fn poll(client: &mut Client, output: &Output) -> Result<()> {
    let spinner = output.spinner();
    let waiting = RefCell::new(String::new());
    let polled = client.poll(|accounts| {
        let text = waits_for(accounts);
        spinner.set_message(text.clone());
        waiting.replace(text);
    });
    let long = async {
        tokio::time::sleep(LONG).await;
        if spinner.is_hidden() {
            output.note(&waiting.borrow());
        }
        std::future::pending::<()>().await;
    };
    let polled = tokio::select! {
        polled = polled => polled,
        () = long => Ok(()),
    };
    spinner.finish_and_clear();
    Ok(polled?)
}

/// "waiting for ci and forge".
fn waits_for(accounts: &[AccountName]) -> String {
    let names: Vec<String> = accounts.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("waiting for {one} to answer"),
        [first @ .., last] => format!("waiting for {} and {last} to answer", first.join(", ")),
    }
}

/// An account that has no rows on the board, such as a chat, and cannot be used.
fn unusable(info: &AccountInfo) -> Option<String> {
    let why = match &info.health {
        Health::Incomplete { why, .. } => why.clone(),
        Health::Trouble { error, .. } => error.trouble(),
        // What is not watched has nothing to be recorded, and is never due.
        Health::New | Health::Ok | Health::Unrecorded { .. } | Health::Overdue { .. } => return None,
    };
    let mark = mark(Tone::Attention);
    (!info.watched).then(|| format!("{mark} {} cannot be used: {why}", info.name))
}

/// The board of accounts that are watched, section by section, then what is not seen.
pub(crate) fn print_board(board: &Board) {
    print_rows(board, &board.headline(true));
}

/// The same; `empty` is the line for a board without rows.
fn print_rows(board: &Board, empty: &str) {
    if board.sections.is_empty() {
        println!("{empty}");
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
            [format!(" {}", glyph(row)), row.key.id.clone(), row.title.clone(), details(row), turn, since]
        });
        let is_approvals = section.rows.iter().all(|row| row.key.kind == Kind::Approval);
        print!("{}", table(rows, if is_approvals { APPROVAL_COLUMNS } else { COLUMNS }));
    }
    print_not_seen(&board.not_seen);
}

/// What is not seen, a line each.
pub(crate) fn print_not_seen(not_seen: &[NotSeen]) {
    for not_seen in not_seen {
        print_wrapped(&format!("{} {}", mark(Tone::Attention), not_seen_line(not_seen)), 2);
    }
}

/// "billing, critical, as of 11:58", "29 m left (expires 12:40:00), dora asks": what a row shows besides its title.
fn details(row: &Row) -> String {
    let severity = row.severity.filter(|severity| *severity >= Severity::High).map(|it| it.name().to_owned());
    let expires = row.expires_at.map(|at| match left(at) {
        Some(left) => format!("{left} left (expires {})", when(at)),
        None => format!("expired {}", when(at)),
    });
    let by = row.snoozed_by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    let snoozed = row.snoozed.map(|it| format!("{}{by}", snoozed(it)));
    let as_of = row.as_of.map(|at| format!("as of {}", when(at)));
    let parts = [expires, Some(row.subtitle.clone()), severity, snoozed, as_of, Some(unknown(&row.in_doubt))];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// "unknown whether it ran: page CheckoutSlow (run 01a22be5-7c31)", for each run of which nobody knows it.
pub(crate) fn unknown(runs: &[RunInDoubt]) -> String {
    let named = |run: &RunInDoubt| {
        format!("unknown whether it ran: {} (run {})", on_one_line(&run.line), short_id(&run.id))
    };
    runs.iter().map(named).collect::<Vec<_>>().join(", ")
}

/// "snoozed until 18:00:00".
pub(crate) fn snoozed(snoozed: Snoozed) -> String {
    match snoozed {
        Snoozed::UntilChange => "snoozed until it changes".to_owned(),
        Snoozed::Until(until) => format!("snoozed until {}", when(until)),
    }
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

/// The shape is the state; a hollow one is acknowledged.
pub(crate) fn glyph(row: &Row) -> &'static str {
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

#[cfg(test)]
mod tests {
    use callboard_domain::board::NotSeenKind;

    use super::*;
    use crate::table::table_within;

    #[test]
    fn only_titles_of_a_board_are_cut() {
        let key = "acme/some-repository-of-the-web#12345";
        let details = "29 m left (expires 2026-11-30 09:00), dora asks";
        for terminal in [60, 80] {
            for (columns, is_cut) in [(COLUMNS, true), (APPROVAL_COLUMNS, false)] {
                let title = "a long title ".repeat(15);
                let row = [" ◆", key, title.trim_end(), details, "ana or robin", "3 h"].map(str::to_owned);
                let shown = table_within([row], columns, Some(terminal)).to_string();
                let words: Vec<&str> = shown.split_whitespace().collect();
                let expected = format!("{key} {details} ana or robin 3 h");
                assert!(expected.split(' ').all(|word| words.contains(&word)), "{terminal}:\n{shown}");
                assert_eq!(shown.contains('…'), is_cut, "{terminal}:\n{shown}");
            }
        }
    }

    #[test]
    fn row_names_the_runs_that_are_unknown_by_their_lines() {
        let row = |in_doubt: &[&str]| -> Row {
            let runs: Vec<_> = in_doubt
                .iter()
                .map(|id| serde_json::json!({ "id": id, "line": "ack a", "why": "lost" }))
                .collect();
            let row = serde_json::json!({
                "key": "pager/incident/a", "state": "incident", "held": false, "title": "Disk full", "second": "storage",
                "turn": null, "since": null, "url": null, "in_doubt": runs,
            });
            serde_json::from_value(row).unwrap()
        };
        let cases: [(&[&str], &str); 3] = [
            (&[], "storage"),
            (&["r1"], "storage, unknown whether it ran: ack a (run r1)"),
            (
                &["01a22be5-7c31-7000-8000-000000000000", "r1"],
                "storage, unknown whether it ran: ack a (run 01a22be5-7c31), unknown whether it ran: ack a (run r1)",
            ),
        ];
        for (in_doubt, expected) in cases {
            assert_eq!(details(&row(in_doubt)), expected);
        }
    }

    #[test]
    fn no_approval_says_of_which_accounts_they_are_read() {
        use Kind::{Approval, Build, Incident};
        let forge = || ("forge", "github", &[Approval, Build][..]);
        let ci = || ("ci", "jenkins", &[Approval, Build][..]);
        let pager = || ("pager", "pagerduty", &[Incident][..]);
        let chat = || ("chat", "slack", &[][..]);
        type Account<'a> = (&'a str, &'a str, &'a [Kind]);
        // the accounts, those that are not seen whole -> what is said
        let cases: [(Vec<Account<'_>>, &[&str], &str); 6] = [
            (vec![], &[], "No approval is known: no account that is watched has approvals"),
            (vec![chat()], &[], "No approval is known: no account that is watched has approvals"),
            (
                vec![chat(), pager()],
                &[],
                "No approval is known: no account that is watched has approvals. No approvals are read of pager \
                 (pagerduty)",
            ),
            (
                vec![ci(), forge(), pager()],
                &[],
                "No approval waits in ci (jenkins), forge (github). No approvals are read of pager (pagerduty)",
            ),
            (
                vec![ci(), forge(), chat()],
                &["ci"],
                "No approval waits in forge (github). ci (jenkins) could not be read whole: approvals may wait there",
            ),
            (vec![forge()], &["forge"], "forge (github) could not be read whole: approvals may wait there"),
        ];
        for (accounts, unread, expected) in cases {
            let info = |(name, service, kinds): Account<'_>| AccountInfo {
                name: name.into(),
                service: service.into(),
                watched: !kinds.is_empty(),
                kinds: kinds.to_vec(),
                ..crate::lists::tests::answers()
            };
            let not_seen = unread.iter().map(|name| NotSeen {
                account: (*name).into(),
                part: "jobs/x".into(),
                kind: NotSeenKind::Part,
                why: "no".into(),
                since: None,
            });
            let board = Board { not_seen: not_seen.collect(), ..Board::default() };
            let accounts: Vec<AccountInfo> = accounts.into_iter().map(info).collect();
            assert_eq!(no_approval(&board, &accounts), expected);
        }
    }

    #[test]
    fn wait_names_the_accounts_that_have_not_answered() {
        let cases: [(&[&str], &str); 4] = [
            (&[], ""),
            (&["ci"], "waiting for ci to answer"),
            (&["ci", "forge"], "waiting for ci and forge to answer"),
            (&["a", "b", "c"], "waiting for a, b and c to answer"),
        ];
        for (names, expected) in cases {
            let names: Vec<AccountName> = names.iter().map(|name| (*name).into()).collect();
            assert_eq!(waits_for(&names), expected);
        }
    }
}
