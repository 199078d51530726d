use callboard_domain::{
    board::State,
    command::Args,
    item::{IncidentStatus, Kind},
    run::{Outcome, RunState},
};

use super::*;
use crate::clients::find::fuzzy::shown;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + hour * 3_600).unwrap()
}

fn run(id: &str, command: &str, line: &str, hour: i64) -> Run {
    Run {
        id: id.into(),
        command: command.into(),
        line: line.into(),
        args: Args::default(),
        account: None,
        item: None,
        by: "ana".into(),
        actor: None,
        started_at: at(hour),
        ended_at: None,
        state: RunState::Done { outcome: Outcome::ok("done") },
        post: None,
    }
}

fn row(id: &str, title: &str, second: &str) -> Row {
    Row {
        key: ItemKey::new(&"forge".into(), Kind::Build, id),
        state: State::Failing,
        held: false,
        title: title.into(),
        subtitle: second.into(),
        turn: None,
        since: None,
        url: None,
        severity: None,
        approvals: None,
        checks: None,
        expires_at: None,
        snoozed: None,
        snoozed_by: None,
        as_of: None,
        in_doubt: Vec::new(),
    }
}

fn index() -> Index {
    let runs = [
        run("5", "build", "build web branch=main", -1),
        run("4", "deploy", "deploy web to staging", -30),
        run("3", "deploy", "deploy api to production", -200),
        run("2", "deploy", "deploy api to staging", -300),
        run("1", "deploy", "deploy api to production", -300),
    ];
    let used = Used::of(&runs, at(0));
    let mut index = Index::default();
    for spec in [
        CommandSpec::new("deploy", "Deploy an app to an environment")
            .alias("ship")
            .arg(ArgSpec::text("app", ""))
            .arg(ArgSpec::text("ref", "").optional()),
        CommandSpec::new("deploy freeze", "Stop deploying"),
        CommandSpec::new("build", "Build a job"),
        CommandSpec::new("pr approve", "Approve a pull request"),
        CommandSpec::new("pug", "A picture of a dog"),
    ] {
        index.add_command(&spec, "room:general".into(), &used);
    }
    index.add_runs(&runs, &used);
    index.add_item(row("acme/web/ci@main", "web main", "unit tests failed"), "acme/web", "", true, at(-5));
    index.add_item(
        row("acme/webhooks/ci@main", "webhooks main", "passed"),
        "acme/webhooks",
        "",
        false,
        at(0),
    );
    index.add_item(row("acme/web/ci@try", "web try", "passed"), "acme/web", "", false, at(-1));
    index.add_item(row("acme/web/ci@main", "not again", ""), "acme/web", "", false, at(0));
    index
}

#[test]
fn commands_by_how_they_are_typed_then_by_use() {
    let cases: [(&str, &[&str]); 7] = [
        ("dep", &["[dep]loy", "[dep]loy freeze"]),
        ("deploy api to st", &["[deploy]"]),
        ("deploy f", &["[deploy]", "[deploy] [f]reeze"]),
        ("p", &["[p]ug", "[p]r approve", "de[p]loy"]),
        ("ship", &["deploy"]),
        ("approve", &["pr [approve]"]),
        ("", &[]),
    ];
    for (typed, expected) in cases {
        let found = index().find(typed, 3).0.commands;
        let shown: Vec<String> = found.iter().map(|it| shown(&it.title)).collect();
        assert_eq!(shown, expected, "{typed}");
    }
    let found = index().find("deploy", 1).0.commands;
    assert_eq!((found[0].takes.as_str(), found[0].posts_to.as_str()), ("app, [ref]", "room:general"));
}

#[test]
fn items_by_match_then_what_is_open_then_the_latest() {
    let cases: [(&str, &[&str]); 5] = [
        ("web main", &["[web] [main] | unit tests failed", "[web]hooks [main] | passed"]),
        ("unit web", &["[web] main | unit tests failed"]),
        ("acme/web/ci@try", &["web try | passed"]),
        ("hooks", &["web[hooks] main | passed"]),
        ("nothing of it", &[]),
    ];
    for (typed, expected) in cases {
        let found = index().find(typed, 10).0.items;
        let shown: Vec<String> =
            found.iter().map(|it| format!("{} | {}", shown(&it.title), it.row.subtitle)).collect();
        assert_eq!(shown, expected, "{typed}");
    }
    assert_eq!(index().find("web", 2).0.items.len(), 2);
}

#[test]
fn an_item_named_in_full_comes_first_among_thousands() {
    let mut index = Index::default();
    let name = |n: usize| format!("request {n:05} is high");
    for n in 0..5_000_usize {
        // What stands beside the title repeats the words of the one that is looked for.
        let second = if n.is_multiple_of(2) { "is high: request 00005" } else { "billing" };
        index.add_item(row(&format!("a{n}"), &name(n), second), "acme/web", "", true, at(0));
    }
    // A snoozed one is like any other.
    let until = Some(callboard_domain::board::Snoozed::Until(at(9)));
    index.add_item(
        Row { snoozed: until, ..row("s", "Queue is full", "billing") },
        "acme/web",
        "",
        true,
        at(-9),
    );
    index.add_item(row("t", "Queue is full again", "billing"), "acme/web", "", true, at(0));
    index.add_item(row("u", "The queue that is too full", "billing"), "acme/web", "", true, at(0));
    index.add_item(row("v", "Full: queue", "is"), "acme/web", "", true, at(1));
    // typed -> the first titles, and how many there are in all
    let cases: [(&str, &[&str], Option<usize>); 4] = [
        ("request 00005 is high", &["request 00005 is high"], Some(2_501)),
        ("REQUEST 04999", &["request 04999 is high"], Some(1)),
        (
            "queue is full",
            &["Queue is full", "Queue is full again", "The queue that is too full", "Full: queue"],
            Some(4),
        ),
        ("is high", &[], Some(5_000)),
    ];
    for (typed, expected, total) in cases {
        let found = index.find(typed, 20).0;
        let titles: Vec<&str> =
            found.items.iter().take(expected.len()).map(|it| it.row.title.as_str()).collect();
        assert_eq!((titles.as_slice(), found.items_total), (expected, total), "{typed}");
        assert_eq!(found.items.len(), total.unwrap().min(20), "{typed}");
    }
}

#[test]
fn what_is_there_as_typed_comes_before_what_shares_letters() {
    let mut index = index();
    let alert = |id: &str, title: &str| row(id, title, "billing");
    index.add_item(alert("theirs", "Load is <@here> high"), "acme/api", "host-7", false, at(-9));
    index.add_item(alert("error", "Error rate of Pr42"), "acme/api", "host-8", true, at(-8));
    index.add_item(alert("letters", "Latency on a dashboard is slow"), "acme/api", "host-9", true, at(0));
    index.add_item(alert("words", "Is there a load"), "acme/api", "", true, at(-1));
    // typed -> the first items and how many hold it as typed, and whether they come before the commands
    let cases: [(&str, &[&str], usize, bool); 9] = [
        ("Load is", &["theirs", "words"], 2, true),
        ("load is <@h", &["theirs"], 1, true),
        ("is high", &["theirs"], 1, true),
        // In another order, or where no title has it: the commands stay first.
        ("high is", &["theirs"], 1, false),
        ("host-8", &["error"], 1, false),
        // A letter or two of a command are not taken for the inside of a title.
        ("rr", &["error"], 1, false),
        // A command that is typed stays first, by its name, its alias or a word of what it says.
        ("pr", &["error"], 1, false),
        ("ship", &[], 0, false),
        ("build", &[], 0, false),
    ];
    for (typed, expected, whole, items_first) in cases {
        let (found, count) = index.find(typed, 20);
        let ids: Vec<&str> =
            found.items.iter().take(expected.len()).map(|it| it.row.key.id.as_str()).collect();
        let first = index.items_come_first(typed, &found.items);
        assert_eq!((ids.as_slice(), count, first), (expected, whole, items_first), "{typed}");
    }
}

#[test]
fn letter_by_letter_finds_what_the_whole_text_finds() {
    let typed = index();
    for text in ["web main", "unit web", "wmn", "hooks", "acme/web/ci@try", "a\\ b", "nothing of it", "wéb"]
    {
        let ends = text.char_indices().map(|(at, letter)| at + letter.len_utf8());
        for end in ends {
            let text = &text[..end];
            assert_eq!(typed.find(text, 2), index().find(text, 2), "{text}");
        }
    }
}

#[test]
fn lines_each_once_with_their_latest_run() {
    let lines = |typed: &str| {
        let found = index().find(typed, 10).0.runs;
        found.iter().map(|it| format!("{} {}", it.id, shown(&it.title))).collect::<Vec<_>>()
    };
    assert_eq!(lines("deploy api"), ["3 [deploy] [api] to production", "2 [deploy] [api] to staging"]);
    assert_eq!(lines("staging"), ["4 deploy web to [staging]", "2 deploy api to [staging]"]);
    assert!(lines("zebra").is_empty());
}

#[test]
fn line_is_shown_with_its_alert_by_name_and_found_by_either() {
    let mut alert = crate::tests::incident("bbbb01", IncidentStatus::Triggered, 1);
    alert.title = "Disk is full".into();
    let args = Args { items: [("alert".to_owned(), alert)].into(), ..Args::default() };
    let runs = [
        Run { args, ..run("2", "silence", "silence bbbb01 2h", 0) },
        run("1", "silence", "silence cccc01 2h", 0),
    ];
    let mut index = Index::default();
    index.add_runs(&runs, &Used::of(&runs, at(0)));
    // what is typed -> what is shown, and what is run again
    let cases = [
        ("disk full", "silence Disk is full in storage 2h", "silence bbbb01 2h"),
        ("silence bbbb01 2h", "silence Disk is full in storage 2h", "silence bbbb01 2h"),
        ("cccc01", "silence cccc01 2h", "silence cccc01 2h"),
    ];
    for (typed, title, line) in cases {
        let found = index.find(typed, 5).0.runs;
        let shown: String = found[0].title.iter().map(|it| it.text.as_str()).collect();
        assert_eq!((shown.as_str(), found[0].line.as_str()), (title, line), "{typed}");
    }
}

#[test]
fn a_line_knows_the_account_of_its_latest_run() {
    let of = |id: &str, line: &str, account: Option<&str>| Run {
        account: account.map(str::to_owned),
        ..run(id, "silence", line, 0)
    };
    let runs =
        [of("3", "silence a1", Some("eu")), of("2", "silence a1", Some("us")), of("1", "silence b1", None)];
    let mut index = Index::default();
    index.add_runs(&runs, &Used::of(&runs, at(0)));
    for (typed, expected) in [("silence a1", Some("eu")), ("silence b1", None)] {
        assert_eq!(index.find(typed, 5).0.runs[0].account.as_deref(), expected, "{typed}");
    }
}

#[test]
fn a_text_is_completed_by_a_name_then_by_a_line() {
    let cases = [
        ("dep", Some("deploy")),
        ("DEP", Some("DEPloy")),
        ("deploy", Some("deploy web to staging")),
        ("deploy a", Some("deploy api to production")),
        ("deploy f", Some("deploy freeze")),
        ("deploy api to s", Some("deploy api to staging")),
        ("deploy api to staging", None),
        ("x", None),
    ];
    for (typed, expected) in cases {
        assert_eq!(index().find(typed, 5).0.completion.as_deref(), expected, "{typed}");
    }
}
