//! The tray's menu, as a model that each platform draws.

use callboard_domain::{board::Row, text};
use callboard_engine::api::{ItemAction, QuietStatus, Status, TrayIcon};
use jiff::{Timestamp, ToSpan, Zoned};

use crate::act::{Act, Until, is_deliberate, label, runs_at_once};

/// Characters of a line: menus do not wrap.
const WIDTH: usize = 60;

/// A line of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Something to read.
    Note(String),
    /// Something to do.
    Do(String, Act),
    /// A menu of its own.
    Sub(String, Vec<Entry>),
    /// A line between groups.
    Line,
}

/// An item that needs a person, with what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Top {
    pub row: Row,
    pub actions: Vec<ItemAction>,
}

/// The whole menu.
pub(crate) fn entries(
    status: Option<&Status>,
    tops: &[Top],
    hotkey: Option<&str>,
    playground: bool,
    has_windows: bool,
    now: &Zoned,
) -> Vec<Entry> {
    let mut groups: Vec<Vec<Entry>> = Vec::new();
    if !has_windows {
        groups.push(vec![Entry::Note("No window can be shown: see `callboard doctor`".into())]);
    }
    if playground {
        groups.push(vec![Entry::Note("Playground: a made-up team".into())]);
    }
    groups.push(match status {
        Some(status) => summary(status),
        None => vec![Entry::Note("Starting".into())],
    });
    groups.push(tops.iter().map(|top| item(top, now)).collect());
    groups.push(vec![quiet(status.and_then(|it| it.quiet.as_ref()), now)]);
    let open = match hotkey {
        Some(keys) => format!("Open Callboard    {keys}"),
        None => "Open Callboard".to_owned(),
    };
    groups.push(vec![
        Entry::Do(open, Act::Show(None)),
        Entry::Do("Settings...".into(), Act::Settings(None)),
        Entry::Do("Quit".into(), Act::Quit),
    ]);
    groups.retain(|group| !group.is_empty());
    groups.join(&Entry::Line)
}

fn summary(status: &Status) -> Vec<Entry> {
    let mut lines = vec![Entry::Note(text::line(&status.summary, WIDTH))];
    if status.accounts > 0 {
        let (ok, all) = (status.accounts_ok, status.accounts);
        let accounts = if all == 1 { "account" } else { "accounts" };
        lines.push(Entry::Note(match ok == all {
            true => format!("{all} watched {accounts} connected"),
            false => format!("{ok} of {all} watched {accounts} connected"),
        }));
    }
    lines.extend(status.account_problems.iter().map(|problem| {
        let line = format!("{} {}", problem.account, problem.what);
        Entry::Do(text::line(&line, WIDTH), Act::Settings(Some("accounts")))
    }));
    if let Some(error) = status.errors.first().filter(|_| status.icon != TrayIcon::Offline) {
        let name = error.file.file_name().unwrap_or(error.file.as_os_str()).to_string_lossy();
        let more = match status.errors.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let line = format!("{name}, line {}: {}", error.line, error.what);
        let line = text::line(&line, WIDTH.saturating_sub(more.len()));
        lines.push(Entry::Do(format!("{line}{more}"), Act::Settings(Some("diagnostics"))));
    }
    match status.undelivered {
        0 => {}
        1 => lines.push(Entry::Do("1 message has not arrived".into(), Act::Show(None))),
        count => lines.push(Entry::Do(format!("{count} messages have not arrived"), Act::Show(None))),
    }
    lines
}

/// A time to come: the clock today, with the weekday within six days, with the date further away.
fn moment(at: Timestamp, now: &Zoned) -> String {
    let at = at.to_zoned(now.time_zone().clone());
    let near = now.checked_add(6.days()).is_ok_and(|end| at < end);
    let format = match (at.date() == now.date(), near, at.year() == now.year()) {
        (true, ..) => "%H:%M",
        (_, true, _) => "%a %H:%M",
        (_, _, true) => "%b %-d %H:%M",
        _ => "%b %-d, %Y %H:%M",
    };
    at.strftime(format).to_string()
}

fn item(top: &Top, now: &Zoned) -> Entry {
    let Top { row, actions } = top;
    let title = match row.subtitle.as_str() {
        "" => row.title.clone(),
        subtitle => format!("{}: {subtitle}", row.title),
    };
    let mut entries = Vec::new();
    if let Some(at) = row.expires_at.filter(|at| *at > now.timestamp()) {
        entries.push(Entry::Note(format!("Expires {}", moment(at, now))));
    }
    entries.push(Entry::Do("Open".into(), Act::Show(Some(row.key.clone()))));
    if let Some(url) = &row.url {
        entries.push(Entry::Do("Open in the browser".into(), Act::Browse(url.to_string())));
    }
    entries.extend(actions.iter().filter(|action| runs_at_once(action)).map(|action| {
        if is_deliberate(action) {
            Entry::Do(format!("{}...", label(action)), Act::Show(Some(row.key.clone())))
        } else {
            Entry::Do(label(action), Act::Prepare { line: action.line.clone(), item: row.key.clone() })
        }
    }));
    Entry::Sub(text::line(&title, WIDTH), entries)
}

fn quiet(quiet: Option<&QuietStatus>, now: &Zoned) -> Entry {
    let mut entries = Vec::new();
    if let Some(QuietStatus { until, manual }) = quiet {
        let far = now.checked_add(1.year()).is_ok_and(|year| *until > year.timestamp());
        let when = match far {
            true => "until you turn it off".to_owned(),
            false => format!("until {}", moment(*until, now)),
        };
        let why = if *manual { "On" } else { "Quiet hours" };
        entries.push(Entry::Note(format!("{why} {when}")));
        if *manual {
            entries.push(Entry::Do("End".into(), Act::Quiet(None)));
        }
        entries.push(Entry::Line);
    }
    let offered = Until::ALL.into_iter().filter(|until| until.is_offered(now));
    entries.extend(offered.map(|until| Entry::Do(until.label().into(), Act::Quiet(Some(until)))));
    entries.push(Entry::Line);
    entries.push(Entry::Note("Important things still come through".into()));
    Entry::Sub("Do not disturb until".into(), entries)
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        board::State,
        command::{Effect, Role},
    };
    use callboard_engine::api::AccountProblem;

    use super::*;

    fn status() -> Status {
        Status {
            icon: TrayIcon::Failing,
            count: 3,
            summary: "1 build fails, 2 pull requests need you".into(),
            not_seen: Vec::new(),
            accounts_ok: 1,
            accounts: 2,
            watched: Some(1),
            account_problems: vec![AccountProblem { account: "ci".into(), what: "needs sign-in".into() }],
            next_check: None,
            quiet: None,
            errors: Vec::new(),
            runs: 0,
            undelivered: 1,
        }
    }

    fn top() -> Top {
        let action = |role, complete, effect| ItemAction {
            line: format!("do {role:?}"),
            command: "do".into(),
            summary: format!("{role:?} it"),
            label: None,
            role: Some(role),
            effect,
            complete,
        };
        Top {
            row: Row {
                key: "ci/build/web@main".parse().unwrap(),
                state: State::Failing,
                held: false,
                title: "web main".into(),
                subtitle: "unit tests failed".into(),
                turn: None,
                since: None,
                url: Some("https://ci.acme.example/web".parse().unwrap()),
                severity: None,
                approvals: None,
                checks: None,
                expires_at: None,
                snoozed: None,
                snoozed_by: None,
                as_of: None,
                in_doubt: Vec::new(),
            },
            actions: vec![
                action(Role::Again, true, Effect::Changes),
                action(Role::Comment, false, Effect::Changes),
                action(Role::Log, true, Effect::Reads),
                action(Role::Merge, true, Effect::Changes),
            ],
        }
    }

    /// As a person reads it: a line each, indented below what opens it.
    fn drawn(entries: &[Entry], depth: usize) -> String {
        let indent = "  ".repeat(depth);
        let line = |entry: &Entry| match entry {
            Entry::Note(text) => format!("{indent}({text})\n"),
            Entry::Do(text, act) => format!("{indent}{text} -> {act:?}\n"),
            Entry::Sub(text, below) => format!("{indent}{text}\n{}", drawn(below, depth + 1)),
            Entry::Line => format!("{indent}--\n"),
        };
        entries.iter().map(line).collect()
    }

    #[test]
    fn everything_is_in_the_menu() {
        let now: Zoned = "2026-11-22T12:06:00+00:00[UTC]".parse().unwrap();
        let item = r#"ItemKey { account: AccountName("ci"), kind: Build, id: "web@main" }"#;
        let menu = drawn(&entries(Some(&status()), &[top()], Some("Alt+Space"), false, false, &now), 0);
        let expected = format!(
            r#"(No window can be shown: see `callboard doctor`)
--
(1 build fails, 2 pull requests need you)
(1 of 2 watched accounts connected)
ci needs sign-in -> Settings(Some("accounts"))
1 message has not arrived -> Show(None)
--
web main: unit tests failed
  Open -> Show(Some({item}))
  Open in the browser -> Browse("https://ci.acme.example/web")
  Run again -> Prepare {{ line: "do Again", item: {item} }}
  Merge it... -> Show(Some({item}))
--
Do not disturb until
  30 minutes -> Quiet(Some(HalfAnHour))
  1 hour -> Quiet(Some(AnHour))
  This evening, 18:00 -> Quiet(Some(Evening))
  Tomorrow, 8:00 -> Quiet(Some(Tomorrow))
  I turn it off -> Quiet(Some(TurnedOff))
  --
  (Important things still come through)
--
Open Callboard    Alt+Space -> Show(None)
Settings... -> Settings(None)
Quit -> Quit
"#
        );
        assert_eq!(menu, expected);
    }

    #[test]
    fn do_not_disturb_names_its_end() {
        let now: Zoned = "2026-11-22T19:00:00+00:00[UTC]".parse().unwrap();
        let cases = [
            ("2026-11-22T20:00:00Z", true, "On until 20:00", true),
            ("2026-11-23T08:00:00Z", true, "On until Mon 08:00", true),
            // A weekday alone would be the wrong one.
            ("2026-12-07T08:00:00Z", true, "On until Dec 7 08:00", true),
            ("2027-01-04T08:00:00Z", true, "On until Jan 4, 2027 08:00", true),
            ("2126-11-22T19:00:00Z", true, "On until you turn it off", true),
            ("2026-11-23T07:00:00Z", false, "Quiet hours until Mon 07:00", false),
        ];
        for (until, manual, expected, can_end) in cases {
            let now_quiet = QuietStatus { until: until.parse().unwrap(), manual };
            let Entry::Sub(_, entries) = quiet(Some(&now_quiet), &now) else { panic!("a menu of its own") };
            assert_eq!(entries[0], Entry::Note(expected.into()));
            assert_eq!(entries.contains(&Entry::Do("End".into(), Act::Quiet(None))), can_end);
            assert!(!entries.iter().any(|it| matches!(it, Entry::Do(_, Act::Quiet(Some(Until::Evening))))));
        }
    }

    #[test]
    fn lines_are_cut() {
        let mut top = top();
        top.row.title = "x".repeat(10_000);
        let now: Zoned = "2026-11-22T12:06:00+00:00[UTC]".parse().unwrap();
        let Entry::Sub(title, _) = item(&top, &now) else { panic!("a menu of its own") };
        assert!(title.chars().count() <= WIDTH, "{title}");
        // Until when it can be answered has a line of its own.
        top.row.expires_at = Some("2026-11-22T12:30:00Z".parse().unwrap());
        let Entry::Sub(_, entries) = item(&top, &now) else { panic!("a menu of its own") };
        assert_eq!(entries[0], Entry::Note("Expires 12:30".into()));
    }
}
