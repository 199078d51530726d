//! The whole in numbers and words, from what is known of the board, the accounts and the person's wishes.

use callboard_domain::{
    board::{NotSeen, NotSeenKind, Summary},
    error::ServiceError,
    item::AccountName,
    source::Progress,
};

use crate::{
    api::{AccountInfo, AccountProblem, Health, TrayIcon},
    store::{StoredSource, Unreadable},
};

/// What the tray shows: what is most urgent of what is so. Where not all is seen, or nothing is watched
/// (`partial`), it is never calm.
pub(crate) fn icon(summary: &Summary, offline: bool, quiet: bool, partial: bool) -> TrayIcon {
    match summary.tray().into() {
        _ if offline => TrayIcon::Offline,
        urgent @ (TrayIcon::Failing | TrayIcon::Attention) => urgent,
        _ if quiet => TrayIcon::DoNotDisturb,
        _ if partial => TrayIcon::Partial,
        other => other,
    }
}

/// What is to be watched and is not seen, the worst first. An account that is not read at all is named as a whole.
pub(crate) fn not_seen(
    accounts: &[AccountInfo],
    sources: &[StoredSource],
    unreadable: &Unreadable,
) -> Vec<NotSeen> {
    let mut not_seen: Vec<NotSeen> = Vec::new();
    for info in accounts.iter().filter(|info| info.watched) {
        let whole = |kind, why: String, since| NotSeen {
            account: info.name.clone(),
            part: String::new(),
            kind,
            why,
            since,
        };
        let source = sources.iter().find(|source| source.account == info.name);
        if let Some(count) = unreadable.get(&info.name) {
            let items = if *count == 1 { "an item" } else { "items" };
            let why =
                format!("what was stored of {items} is damaged; everything is read anew by the next poll");
            not_seen.push(whole(NotSeenKind::Incomplete, why, None));
        }
        match &info.health {
            Health::Incomplete { why, .. } => {
                not_seen.push(whole(NotSeenKind::NotSetUp, why.clone(), info.last_ok));
            }
            Health::Trouble { since, error, .. } => {
                not_seen.push(whole(NotSeenKind::Down, error.trouble(), Some(*since)));
            }
            Health::Unrecorded { since, why } => {
                not_seen.push(whole(NotSeenKind::Unrecorded, why.clone(), Some(*since)));
            }
            Health::Overdue { since } => {
                let why = "the poll that is due has not ended".to_owned();
                not_seen.push(whole(NotSeenKind::Reading, why, Some(*since)));
            }
            Health::New | Health::Ok => {
                // What is read in parts is not seen whole before the last one.
                match info.reading {
                    // What is left of it is named among the problems.
                    Some(Progress { done, total }) if done < total => {
                        let why = format!("{done} of {total} are read");
                        not_seen.push(whole(NotSeenKind::Reading, why, None));
                    }
                    Some(_) if info.problems.is_empty() => {
                        not_seen.push(whole(
                            NotSeenKind::Reading,
                            "its details are being read".to_owned(),
                            None,
                        ));
                    }
                    None if info.last_ok.is_none() => {
                        let why = "its first poll has not ended".to_owned();
                        not_seen.push(whole(NotSeenKind::Reading, why, None));
                    }
                    Some(_) | None => {}
                }
            }
        }
        // What the last poll did not see, or is lost of what was stored, is not seen while the account is down either.
        let problems = source.map(|source| source.problems.as_slice()).unwrap_or_default();
        // That nothing of it is read is said.
        let is_said = |it: &NotSeen| {
            let is_all = it.part.is_empty() && it.kind == NotSeenKind::Part;
            is_all && matches!(info.health, Health::Incomplete { .. } | Health::Trouble { .. })
        };
        let parts = problems.iter().filter_map(|it| NotSeen::of(&info.name, &it.problem, it.since));
        not_seen.extend(parts.filter(|it| !is_said(it)));
    }
    not_seen.sort_by(|one, other| {
        (one.kind, &one.account, &one.part).cmp(&(other.kind, &other.account, &other.part))
    });
    not_seen
}

/// How many of the accounts that are watched are connected, and how many there are. Of others nothing is asked before they are
/// used.
pub(crate) fn connected(accounts: &[AccountInfo]) -> (usize, usize) {
    let watched = accounts.iter().filter(|account| account.watched);
    let connected = watched.clone().filter(|account| is_connected(&account.health));
    (connected.count(), watched.count())
}

fn is_connected(health: &Health) -> bool {
    match health {
        Health::Ok => true,
        // One that says "too many calls" answers.
        Health::Trouble { error, .. } => matches!(error, ServiceError::RateLimited { .. }),
        // It has not answered yet, or lately, or that is not on record.
        Health::New | Health::Incomplete { .. } | Health::Unrecorded { .. } | Health::Overdue { .. } => false,
    }
}

/// True where something should be watched, and nothing of it can be read and recorded: what the board shows may long be over.
pub(crate) fn is_offline(accounts: &[AccountInfo]) -> bool {
    let mut watched = accounts.iter().filter(|account| account.watched).peekable();
    watched.peek().is_some() && watched.all(|account| is_out_of_reach(&account.health))
}

fn is_out_of_reach(health: &Health) -> bool {
    match health {
        // One that says "too many calls" answers.
        Health::Trouble { error, .. } => !matches!(error, ServiceError::RateLimited { .. }),
        Health::Incomplete { .. } | Health::Unrecorded { .. } => true,
        // It is being read.
        Health::New | Health::Ok | Health::Overdue { .. } => false,
    }
}

/// What is wrong with accounts, in a few words each: what a person must see to comes first.
pub(crate) fn account_problems(accounts: &[AccountInfo]) -> Vec<AccountProblem> {
    let mut troubles: Vec<(u8, &AccountName, String)> = accounts
        .iter()
        .filter_map(|account| {
            let (rank, what) = account_problem(&account.health)?;
            Some((rank, &account.name, what))
        })
        .collect();
    troubles.sort();
    troubles.into_iter().map(|(_, account, what)| AccountProblem { account: account.clone(), what }).collect()
}

fn account_problem(health: &Health) -> Option<(u8, String)> {
    let error = match health {
        Health::New | Health::Ok | Health::Overdue { .. } => return None,
        Health::Unrecorded { .. } => return Some((1, "is not recorded".into())),
        Health::Incomplete { waits_for: Some(place), .. } => {
            return Some((1, format!("waits for {place} to be unlocked")));
        }
        Health::Incomplete { .. } => return Some((1, "is not set up".into())),
        Health::Trouble { error, .. } => error,
    };
    Some(match error {
        ServiceError::Auth { missing_scopes, .. } if !missing_scopes.is_empty() => {
            (0, format!("lacks {}", missing_scopes.join(", ")))
        }
        ServiceError::Auth { signed_in: true, .. } => (0, "lacks a permission".into()),
        ServiceError::Auth { .. } => (0, "needs sign-in".into()),
        ServiceError::Rejected { .. } => (2, "refuses what is asked".into()),
        ServiceError::Unavailable { .. } | ServiceError::Unknown { .. } => (3, "cannot be reached".into()),
        ServiceError::RateLimited { .. } => (4, "allows no more calls for now".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::{Needs, TrayIcon as I},
        store::StoredProblem,
        tests::account_info,
    };
    use callboard_domain::source::{Problem, ProblemKind};
    use jiff::Timestamp;

    fn trouble_of(error: ServiceError) -> Health {
        Health::Trouble { since: Timestamp::UNIX_EPOCH, error, next_try: None }
    }

    fn down() -> Health {
        trouble_of(ServiceError::unavailable("down"))
    }

    fn limited() -> Health {
        trouble_of(ServiceError::RateLimited { why: String::new(), retry_after: Default::default() })
    }

    fn unrecorded() -> Health {
        Health::Unrecorded { since: Timestamp::UNIX_EPOCH, why: "the disk is full".into() }
    }

    fn overdue() -> Health {
        Health::Overdue { since: Timestamp::UNIX_EPOCH }
    }

    fn incomplete() -> Health {
        Health::Incomplete { why: "the token is not set".into(), needs: Needs::Secret, waits_for: None }
    }

    #[test]
    fn the_tray_shows_what_is_most_urgent() {
        let sum = |failing, incidents, acknowledged, needs_you| Summary {
            failing,
            incidents,
            acknowledged,
            needs_you,
            ..Summary::default()
        };
        let cases = [
            (sum(1, 0, 0, 0), true, true, true, I::Offline),
            (sum(0, 0, 0, 0), true, false, true, I::Offline),
            (sum(1, 1, 1, 1), false, true, true, I::Failing),
            (sum(0, 1, 1, 1), false, true, true, I::Attention),
            (sum(0, 1, 1, 0), false, true, true, I::DoNotDisturb),
            (sum(0, 1, 1, 0), false, false, true, I::Partial),
            (sum(0, 0, 0, 0), false, false, true, I::Partial),
            (sum(0, 1, 1, 0), false, false, false, I::Acknowledged),
            (sum(0, 0, 0, 0), false, true, false, I::DoNotDisturb),
            (sum(0, 0, 0, 0), false, false, false, I::Calm),
        ];
        for (summary, offline, quiet, partial, expected) in cases {
            let found = icon(&summary, offline, quiet, partial);
            assert_eq!(found, expected, "{summary:?} {offline} {quiet} {partial}");
        }
    }

    #[test]
    fn unseen_accounts_are_listed_worst_first() {
        let read = |name: &str, health| AccountInfo {
            last_ok: Some(Timestamp::UNIX_EPOCH),
            ..account_info(name, true, health)
        };
        let accounts = [
            account_info("chat", false, incomplete()),
            account_info("new", true, Health::New),
            account_info("known", true, Health::Ok),
            AccountInfo {
                reading: Some(Progress { done: 3, total: 200 }),
                ..account_info("long", true, Health::Ok)
            },
            read("down", down()),
            read(
                "limited",
                trouble_of(ServiceError::RateLimited {
                    why: "too many calls".into(),
                    retry_after: Default::default(),
                }),
            ),
            read("forge", Health::Ok),
            read("full", unrecorded()),
            read("late", overdue()),
            account_info("locked", true, incomplete()),
        ];
        let problem = |kind, part: &str| StoredProblem {
            problem: Problem::new(kind, part, "no"),
            since: Some(Timestamp::UNIX_EPOCH),
            read_at: None,
        };
        let forge = StoredSource {
            origin: None,
            account: "forge".into(),
            cursor: None,
            baseline_at: None,
            last_ok_at: None,
            error: None,
            reading: None,
            problems: vec![
                problem(ProblemKind::Details, "acme/a"),
                problem(ProblemKind::Malformed, "acme/b"),
                problem(ProblemKind::Incomplete, "acme/c"),
                problem(ProblemKind::NotSeen, "acme/secret"),
            ],
            rate_limit: None,
            identity: None,
            unreadable: Vec::new(),
        };
        let down = StoredSource {
            account: "down".into(),
            problems: vec![
                problem(ProblemKind::Incomplete, ""),
                problem(ProblemKind::NotSeen, ""),
                problem(ProblemKind::NotSeen, "jobs/x"),
            ],
            ..forge.clone()
        };
        let unreadable = [("known".into(), 2)].into();
        let found: Vec<String> =
            not_seen(&accounts, &[forge, down], &unreadable).iter().map(ToString::to_string).collect();
        let expected = [
            "locked is not set up: the token is not set",
            "down cannot be read: down",
            "limited cannot be read: too many calls",
            "full is not recorded: the disk is full",
            // What was lost is not back because the account cannot be read; that all of it is not seen is said.
            "jobs/x is not seen: no",
            "acme/secret is not seen: no",
            "down is not seen whole: no",
            "acme/c is not seen whole: no",
            "known is not seen whole: what was stored of items is damaged; everything is read anew by the next poll",
            "acme/b has an entry that cannot be read: no",
            "known is being read: its first poll has not ended",
            "late is being read: the poll that is due has not ended",
            "long is being read: 3 of 200 are read",
            "new is being read: its first poll has not ended",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn watched_accounts_that_answer_are_connected() {
        let cases = [
            (vec![], (0, 0)),
            (vec![account_info("a", true, Health::Ok)], (1, 1)),
            (vec![account_info("a", true, Health::New)], (0, 1)),
            (vec![account_info("a", true, down())], (0, 1)),
            (vec![account_info("a", true, limited())], (1, 1)),
            (vec![account_info("a", true, incomplete())], (0, 1)),
            (vec![account_info("a", true, unrecorded())], (0, 1)),
            (vec![account_info("a", true, overdue())], (0, 1)),
            // What is only posted to, or used by commands, counts neither way.
            (vec![account_info("chat", false, Health::Ok)], (0, 0)),
            (vec![account_info("chat", false, Health::New)], (0, 0)),
            (vec![account_info("chat", false, down())], (0, 0)),
            (
                vec![
                    account_info("a", true, limited()),
                    account_info("b", true, Health::Ok),
                    account_info("c", true, down()),
                    account_info("deployer", false, Health::New),
                ],
                (2, 3),
            ),
        ];
        for (accounts, expected) in cases {
            assert_eq!(connected(&accounts), expected, "{accounts:?}");
        }
    }

    #[test]
    fn offline_is_when_nothing_that_is_watched_can_be_read() {
        let cases = [
            (vec![], false),
            (vec![account_info("a", true, Health::Ok)], false),
            (vec![account_info("a", true, Health::New)], false),
            (vec![account_info("a", true, down())], true),
            (vec![account_info("a", true, down()), account_info("b", true, Health::Ok)], false),
            (vec![account_info("a", true, down()), account_info("chat", false, Health::Ok)], true),
            (vec![account_info("chat", false, down())], false),
            (vec![account_info("a", true, limited())], false),
            (vec![account_info("a", true, incomplete())], true),
            (vec![account_info("a", true, unrecorded())], true),
            (vec![account_info("a", true, unrecorded()), account_info("b", true, down())], true),
            (vec![account_info("a", true, unrecorded()), account_info("b", true, Health::Ok)], false),
            (vec![account_info("a", true, overdue())], false),
            (vec![account_info("chat", false, incomplete())], false),
            (vec![account_info("a", true, incomplete()), account_info("b", true, Health::New)], false),
        ];
        for (accounts, expected) in cases {
            assert_eq!(is_offline(&accounts), expected, "{accounts:?}");
        }
    }

    #[test]
    fn account_problems_are_listed_worst_first() {
        let scopes =
            ServiceError::Auth { why: "no".into(), missing_scopes: vec!["workflow".into()], signed_in: true };
        let accounts = [
            account_info("a", true, Health::Ok),
            account_info("b", true, limited()),
            account_info("c", true, down()),
            account_info("d", true, trouble_of(ServiceError::unknown("half an answer"))),
            account_info("e", true, trouble_of(ServiceError::rejected("no such repository"))),
            account_info("f", false, incomplete()),
            account_info("g", true, trouble_of(ServiceError::auth("Bad credentials"))),
            account_info("h", true, trouble_of(scopes)),
            account_info("k", true, trouble_of(ServiceError::forbidden("Nope"))),
            account_info("i", true, Health::New),
            account_info("l", true, unrecorded()),
            account_info("m", true, overdue()),
            account_info(
                "j",
                false,
                Health::Incomplete {
                    why: "locked".into(),
                    needs: Needs::Secret,
                    waits_for: Some("the keychain".into()),
                },
            ),
        ];
        let found: Vec<String> =
            account_problems(&accounts).iter().map(|it| format!("{} {}", it.account, it.what)).collect();
        let expected = [
            "g needs sign-in",
            "h lacks workflow",
            "k lacks a permission",
            "f is not set up",
            "j waits for the keychain to be unlocked",
            "l is not recorded",
            "e refuses what is asked",
            "c cannot be reached",
            "d cannot be reached",
            "b allows no more calls for now",
        ];
        assert_eq!(found, expected);
    }
}
