use proptest::prelude::*;

use super::{super::value::names, *};

/// What a line means, in a line: `deploy app=api env=staging, needs ref`; or the error.
fn meaning(line: &str) -> String {
    match commands().parse(line) {
        Err(fault) => format!("error: {fault}"),
        Ok(parsed) => {
            let mut text = canonical_line(parsed.spec, &parsed.args);
            if !parsed.missing.is_empty() {
                let names: Vec<_> = parsed.missing.iter().map(|arg| arg.name.as_str()).collect();
                text = format!("{text}, needs {}", names.join(" "));
            }
            text
        }
    }
}

#[track_caller]
fn check_all(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(line, expected)| (line, expected, meaning(line)))
        .filter(|(_, expected, got)| got != *expected)
        .map(|(line, expected, got)| format!("{line}\n  expected {expected}\n  got      {got}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lines_in_the_order_of_the_usage() {
    check_all(&[
        ("deploy api to staging", "deploy app=api ref=main env=staging"),
        ("deploy api/v2 to production", "deploy app=api ref=v2 env=production"),
        ("deploy api/feature/x to staging", "deploy app=api ref=feature/x env=staging"),
        (r#"deploy "acme/api"/v2 to staging"#, "deploy app=acme/api ref=v2 env=staging"),
        ("Deploy api TO Staging", "deploy app=api ref=main env=staging"),
        ("ship api to staging", "deploy app=api ref=main env=staging"),
        ("pr list", "pr list state=open"),
        ("PR List all", "pr list state=all"),
        ("pr approve web#479", "pr approve pr=web#479"),
        ("pr approve web#479 LGTM", "pr approve pr=web#479 message=LGTM"),
        (r#"pr approve web#479 "looks good""#, r#"pr approve pr=web#479 message="looks good""#),
        ("pr comment web#1 don't wait for me", r#"pr comment pr=web#1 message="don't wait for me""#),
        ("pr comment web#1 pr is too large", r#"pr comment pr=web#1 message="pr is too large""#),
        ("pr comment web#1 set retries=5 there", r#"pr comment pr=web#1 message="set retries=5 there""#),
        ("build web branch=main", "build job=web branch=main"),
        ("build branch=main web retries=2", "build job=web branch=main retries=2"),
        ("silence DiskFull", "silence alert=DiskFull duration=2h"),
        ("silence DiskFull for 1h 30m", r#"silence alert=DiskFull duration="1h 30m""#),
        ("silence DiskFull for 4h known bug", r#"silence alert=DiskFull duration=4h comment="known bug""#),
        ("silence DiskFull known bug", r#"silence alert=DiskFull duration=2h comment="known bug""#),
        (
            "silence DiskFull see the alert board",
            r#"silence alert=DiskFull duration=2h comment="see the alert board""#,
        ),
        ("who is on call", "who is on call"),
        ("who is on call for web", "who is on call team=web"),
        ("ack PD-123", "ack incident=PD-123"),
        ("pug bomb", "pug bomb count=5"),
        ("pug bomb 003", "pug bomb count=3"),
        ("copy db from a to b", "copy what=db source=a target=b"),
        ("move x y", "move one=x other=y"),
        ("move as z x y", "move one=x other=y alias=z"),
    ]);
}

#[test]
fn arguments_by_name() {
    check_all(&[
        ("deploy app=api env=staging", "deploy app=api ref=main env=staging"),
        ("deploy api env=staging", "deploy app=api ref=main env=staging"),
        ("deploy env=staging api", "deploy app=api ref=main env=staging"),
        ("deploy api ref=v2 to staging", "deploy app=api ref=v2 env=staging"),
        ("deploy api to staging --ref v2", "deploy app=api ref=v2 env=staging"),
        ("deploy --ref=v2 api to staging", "deploy app=api ref=v2 env=staging"),
        ("deploy api to staging --dry-run", "deploy app=api ref=main env=staging dry_run=true"),
        ("deploy api --dry_run=no to staging", "deploy app=api ref=main env=staging dry_run=false"),
        ("deploy api env staging", "deploy app=api ref=main env=staging"),
        ("deploy app api env staging ref v2", "deploy app=api ref=v2 env=staging"),
        ("deploy env staging ref v2 api", "deploy app=api ref=v2 env=staging"),
        ("deploy api to env=staging", "deploy app=api ref=main env=staging"),
        ("deploy APP=api Env=staging", "deploy app=api ref=main env=staging"),
        ("pr approve web#1 message=\"a b\"", "pr approve pr=web#1 message=\"a b\""),
        ("pr approve web#1 message hello", "pr approve pr=web#1 message=hello"),
        ("pr approve web#1 message=\"\"", "pr approve pr=web#1 message=\"\""),
        ("silence DiskFull duration 3h", "silence alert=DiskFull duration=3h"),
        ("silence DiskFull duration of it", "silence alert=DiskFull duration=2h comment=\"duration of it\""),
        ("silence duration 3h DiskFull", "silence alert=DiskFull duration=3h"),
        ("silence alert DiskFull", "silence alert=DiskFull duration=2h"),
        ("silence DiskFull comment known bug", "silence alert=DiskFull duration=2h comment=\"known bug\""),
        ("build web -- job=x --y=z", "build job=web -- job=x \"--y\"=z"),
        ("build job=web -- --x", "error: job is given twice: \"web\" and \"--x\""),
        ("build web JOB=x params=y", "build job=web -- JOB=x params=y"),
        ("build web --JOB x", "error: job is given twice: \"x\" and \"web\""),
        ("deploy -- api to staging", "deploy app=api ref=main env=staging"),
        ("ack incident=a=b", "ack incident=\"a=b\""),
        ("ack \"a=b\"", "ack incident=\"a=b\""),
        ("ack \"--force\"", "ack incident=\"--force\""),
    ]);
}

#[test]
fn order_is_free_where_it_leaves_no_doubt() {
    check_all(&[
        ("deploy to staging api", "deploy app=api ref=main env=staging"),
        ("copy to b db from a", "copy what=db source=a target=b"),
        ("copy from a to b db", "copy what=db source=a target=b"),
        ("copy source a to b db", "copy what=db source=a target=b"),
        ("silence for 2h DiskFull", "silence alert=DiskFull duration=2h"),
        ("move x y as z", "move one=x other=y alias=z"),
        ("move x as z y", "move one=x other=y alias=z"),
        ("move other b one a", "move one=a other=b"),
        ("pick as d x y", "pick a=x c=y d=d"),
        ("pick as d x y z", "pick a=x b=y c=z d=d"),
        ("pick x y as q", "error: pick: \"x y as q\" could be a=x c=y d=q, b=x c=y d=q"),
        ("pick a=x y as q", "pick a=x c=y d=q"),
    ]);
}

#[test]
fn values_are_matched_by_place_without_their_leading_word() {
    check_all(&[
        ("deploy api staging", "deploy app=api ref=main env=staging"),
        ("deploy api/v2 staging", "deploy app=api ref=v2 env=staging"),
        ("deploy api ref=v2 staging", "deploy app=api ref=v2 env=staging"),
        ("copy db a b", "copy what=db source=a target=b"),
        ("copy db from a b", "copy what=db source=a target=b"),
        ("copy db a", "copy what=db source=a, needs target"),
        ("who is on call web", "who is on call team=web"),
        ("silence X 2h", "silence alert=X duration=2h"),
        ("silence Alert 2h", "silence alert=Alert duration=2h"),
        ("silence Alert 2h deploying", "silence alert=Alert duration=2h comment=deploying"),
    ]);
    let commands = commands();
    for line in [
        // What is not of its type has no place.
        "deploy api zoe",
        // A text that may be left out takes nothing that was meant for another.
        "move x y z",
        // A word of the command's own is no value.
        "copy a b from",
        "deploy api api to staging",
        // Nor is a part of a text.
        "silence X deploying for 2h",
    ] {
        assert!(commands.parse(line).is_err(), "{line}");
    }
}

#[test]
fn missing_arguments_are_listed() {
    check_all(&[
        ("deploy", "deploy ref=main, needs app env"),
        ("deploy api", "deploy app=api ref=main, needs env"),
        ("deploy api to", "deploy app=api ref=main, needs env"),
        ("deploy to", "deploy ref=main, needs app env"),
        ("deploy to staging", "deploy ref=main env=staging, needs app"),
        ("deploy env=staging", "deploy ref=main env=staging, needs app"),
        ("deploy env staging", "deploy ref=main env=staging, needs app"),
        ("deploy api env", "deploy app=api ref=main, needs env"),
        ("deploy api to staging --ref", "deploy app=api env=staging, needs ref"),
        ("deploy --dry-run", "deploy ref=main dry_run=true, needs app env"),
        ("pr comment web#1", "pr comment pr=web#1, needs message"),
        ("silence DiskFull for", "silence alert=DiskFull, needs duration"),
        ("silence for 2h", "silence duration=2h, needs alert"),
        ("silence comment known bug", "silence duration=2h comment=\"known bug\", needs alert"),
        ("build branch=main", "build branch=main, needs job"),
        ("who is on call for", "who is on call, needs team"),
        ("silence X comment", "silence alert=X duration=2h, needs comment"),
        ("copy to b", "copy target=b, needs what source"),
        ("copy to b from", "copy target=b, needs what source"),
    ]);
    let commands = commands();
    let first = commands.parse("deploy api").unwrap().first_missing();
    assert_eq!(first.unwrap().to_string(), "deploy needs env: where");
    assert_eq!(commands.parse("deploy api to staging").unwrap().first_missing(), None);
}

#[test]
fn answers_complete_the_line() {
    let cases = [
        ("deploy", "deploy app=x env=staging"),
        ("deploy api to", "deploy api to env=staging"),
        ("deploy api env ", "deploy api env staging"),
        ("deploy api to staging --ref", "deploy api to staging --ref \"two words\""),
        ("silence X for", "silence X for duration=2h"),
        ("silence X comment", "silence X comment \"two words\""),
        ("build a=b -- c=d", "build a=b job=x -- c=d"),
        ("copy to b from", "copy to b from what=x source=x"),
    ];
    let commands = commands();
    for (begun, expected) in cases {
        let mut line = begun.to_owned();
        for _ in 0..3 {
            let parsed = commands.parse(&line).unwrap();
            let Some(arg) = parsed.missing.first() else { break };
            let value = match &arg.ty {
                ArgType::Choice(choices) => choices[0].as_str(),
                ArgType::Duration => "2h",
                ArgType::Text if !arg.required => "two words",
                _ => "x",
            };
            line = answer(&line, &arg.name, value);
        }
        assert_eq!(line, expected);
        assert_eq!(commands.parse(&line).unwrap().missing, [] as [&ArgSpec; 0]);
    }
}

#[test]
fn unreadable_lines_are_errors_and_never_guessed() {
    check_all(&[
        ("", "error: there is no command \"\""),
        ("deplyo api to staging", "error: there is no command \"deplyo\"; did you mean \"deploy\"?"),
        ("pr aprove web#1", "error: there is no command \"pr aprove\"; did you mean \"pr approve\"?"),
        ("sil", "error: there is no command \"sil\"; did you mean \"silence\"?"),
        ("frobnicate it", "error: there is no command \"frobnicate\""),
        ("pr", "error: command: \"pr\" could be pr approve, pr comment, pr list"),
        ("who is", "error: there is no command \"who is\"; did you mean \"who is on call\"?"),
        ("\"pr list\"", "error: there is no command \"pr list\""),
        (
            "deploy api to stagin",
            "error: env: expected staging or production, found \"stagin\"; did you mean \"staging\"?",
        ),
        ("deploy api to staging now", "error: deploy takes no \"now\""),
        ("deploy api too staging", "error: deploy takes no \"too\"; did you mean \"to\"?"),
        ("deploy api to staging --rfe v2", "error: deploy takes no \"--rfe\"; did you mean \"ref\"?"),
        ("deploy api to staging rfe=v2", "error: deploy takes no \"rfe=v2\"; did you mean \"ref\"?"),
        ("deploy api/v2 to staging ref=v3", "error: ref is given twice: \"v3\" and \"v2\""),
        ("deploy api to staging ref=v1 --ref v2", "error: ref is given twice: \"v1\" and \"v2\""),
        ("silence X for 2h duration=3h", "error: duration is given twice: \"3h\" and \"2h\""),
        ("pug bomb 3 count=4", "error: count is given twice: \"4\" and \"3\""),
        ("build web a=1 a=2", "error: a is given twice: \"1\" and \"2\""),
        ("pug bomb many", "error: count: expected a whole number, found \"many\""),
        (
            "silence X for 2fn",
            "error: duration: expected a length of time such as 90s, 15m, 2h or 1d, found \"2fn\"",
        ),
        ("deploy api/ to staging", "error: deploy takes no \"api/\""),
        ("deploy api api to staging", "error: deploy takes no \"api\""),
        ("copy a b from", "error: copy takes no \"b\""),
        ("deploy api to staging ref=", "error: ref: expected a text, found \"\""),
        ("deploy --ref --dry-run", "error: ref: expected a text, found \"--dry-run\""),
        ("deploy api to staging --dry-run=maybe", "error: dry_run: expected true or false, found \"maybe\""),
        ("ack \"open", "error: the quote that starts at character 5 is not closed"),
        ("ack", "ack, needs incident"),
        ("ack \"\"", "error: incident: expected an incident, found \"\""),
    ]);
}

#[test]
fn a_name_of_several_words_needs_no_quotes_where_only_it_can_be_meant() {
    let spec = CommandSpec::new("snooze", "Snooze an incident")
        .usage("snooze <incident> for <duration>")
        .arg(ArgSpec::item("incident", Kind::Incident, "the incident"))
        .arg(ArgSpec::duration("duration", "for how long").or("1h"));
    let snooze: Commands = [Command::new(spec).unwrap()].into_iter().collect();
    let read = |line: &str| match snooze.parse(line) {
        Ok(parsed) => canonical_line(parsed.spec, &parsed.args),
        Err(error) => format!("error: {error}"),
    };
    let cases = [
        ("snooze Queue 2h", "snooze incident=Queue duration=2h"),
        ("snooze Queue is full 2h", "snooze incident=\"Queue is full\" duration=2h"),
        ("snooze Queue is full for 2 hours", "snooze incident=\"Queue is full\" duration=\"2 hours\""),
        ("snooze \"Queue is full\" 2h", "snooze incident=\"Queue is full\" duration=2h"),
    ];
    for (line, expected) in cases {
        assert_eq!(read(line), expected, "{line}");
    }
    check_all(&[
        ("ack Checkout is slow", "ack incident=\"Checkout is slow\""),
        // What is one word, or quoted, does not go on.
        ("ack web#1 now", "error: ack takes no \"now\""),
        ("ack 123 now", "error: ack takes no \"now\""),
        ("ack \"Checkout\" now", "error: ack takes no \"now\""),
        // A text that follows takes any words: where the name ends, nothing says.
        ("pr approve Fix cart now", "error: pr approve takes no \"now\""),
    ]);
}

#[test]
fn usage_words_are_values_only_as_a_last_resort() {
    check_all(&[
        ("deploy to to staging", "deploy app=to ref=main env=staging"),
        ("deploy \"env\" to staging", "deploy app=env ref=main env=staging"),
        ("silence X \"for the win\"", "silence alert=X duration=2h comment=\"for the win\""),
        ("silence X \"for\" the win", "silence alert=X duration=2h comment=\"for the win\""),
    ]);
}

#[test]
fn duplicate_command_names_are_both_reported() {
    let specs = [CommandSpec::new("go", ""), CommandSpec::new("walk", "").alias("Go")];
    let commands: Commands = specs.into_iter().map(|spec| Command::new(spec).unwrap()).collect();
    assert_eq!(
        commands.parse("go").unwrap_err(),
        ArgError::Ambiguous {
            arg: "command".into(),
            found: "go".into(),
            candidates: vec!["go".into(), "walk".into()]
        }
    );
    assert!(commands.get("go").is_none());
    assert_eq!(commands.get("WALK").map(|command| command.spec().name.as_str()), Some("walk"));
    assert_eq!(commands.parse("walk").unwrap().place, 1);
}

#[test]
fn the_longest_name_wins() {
    let specs = [
        CommandSpec::new("run", "").usage("run <what...>").arg(ArgSpec::text("what", "")),
        CommandSpec::new("run log", ""),
    ];
    let commands: Commands = specs.into_iter().map(|spec| Command::new(spec).unwrap()).collect();
    let name = |line: &str| commands.parse(line).map(|parsed| parsed.spec.name.clone());
    assert_eq!(name("run log").as_deref(), Ok("run log"));
    assert_eq!(name("run  Log ").as_deref(), Ok("run log"));
    assert_eq!(name("run logs").as_deref(), Ok("run"));
    assert_eq!(name("run \"log\"").as_deref(), Ok("run"));
}

#[test]
fn lines_that_would_take_for_ever_end() {
    let args: Vec<_> = (0..16).map(|n| format!("a{n}")).collect();
    let usage: Vec<_> = args.iter().map(|arg| format!("[{arg}]")).collect();
    let spec = args
        .iter()
        .fold(CommandSpec::new("x", "").usage(format!("x {} end", usage.join(" "))), |spec, arg| {
            spec.arg(ArgSpec::text(arg.as_str(), "").optional())
        });
    let commands: Commands = [Command::new(spec).unwrap()].into_iter().collect();
    let fault = commands.parse(&format!("x {}", "w ".repeat(17))).unwrap_err();
    assert!(matches!(fault, ArgError::Unexpected { .. }), "{fault}");
    let long = "word ".repeat(50_000);
    assert!(commands.parse(&format!("x {long}")).is_err());
}

/// Words that mean something to the commands above, in any order, and some that mean nothing.
fn any_line() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "deploy",
        "silence",
        "copy",
        "move",
        "build",
        "pr",
        "list",
        "comment",
        "api",
        "api/v2",
        "/",
        "to",
        "for",
        "from",
        "as",
        "env",
        "staging",
        "env=staging",
        "ref=",
        "--ref",
        "--",
        "--dry-run",
        "2h",
        "30m",
        "x=y",
        "\"",
        "'a b'",
        "\"to\"",
        "é",
        "=",
        "--=",
        "duration",
        "until",
        "monday",
        "14:30",
        "hours",
        "app=\"a b\"",
        "\\",
    ]);
    prop::collection::vec(words, 0..9).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn parsing_never_panics(line in any::<String>()) {
        let _ = commands().parse(&line);
    }

    #[test]
    fn parsing_what_is_nearly_right_never_panics(line in any_line(), cursor in 0usize..80) {
        let commands = commands();
        let completion = commands.complete(&line, cursor);
        prop_assert!(line.get(completion.replaces.clone()).is_some(), "{completion:?}");
        if let Ok(parsed) = commands.parse(&line) {
            let args = parsed.args.clone();
            if parsed.missing.is_empty() {
                let again = commands.parse(&canonical_line(parsed.spec, &args)).unwrap();
                prop_assert_eq!((again.place, again.args), (parsed.place, args));
            }
        }
    }

    #[test]
    fn parsing_with_any_usage_never_panics(
        usage in "x( |<a>|<b>|[a]|\\[b|\\]|/|to|<c\\.\\.\\.>|\\[k=v\\.\\.\\.\\]){0,9}",
        line in "x( |a|b|c|to|/|=|--|'|\"|é|w){0,12}",
    ) {
        let spec = ["a", "b", "c"].into_iter().fold(CommandSpec::new("x", "").usage(usage), |spec, arg| {
            spec.arg(ArgSpec::text(arg, "").optional())
        });
        if let Ok(command) = Command::new(spec.arg(ArgSpec::pairs("k", ""))) {
            let commands: Commands = [command].into_iter().collect();
            let _ = commands.parse(&line);
            let _ = commands.complete(&line, line.len());
        }
    }

    #[test]
    fn canonical_line_parses_to_the_same_args(
        app in "[^\\p{Cc}\\n]+", reference in any::<String>(), env in prop::sample::select(vec!["staging", "production"]),
        dry_run in prop::option::of(any::<bool>()),
    ) {
        let mut args = Args::default();
        args.values.insert("app".into(), app);
        args.values.insert("ref".into(), reference);
        args.values.insert("env".into(), env.into());
        args.values.extend(dry_run.map(|value| ("dry_run".to_owned(), value.to_string())));
        let commands = commands();
        let parsed = commands.parse(&canonical_line(commands.get("deploy").unwrap().spec(), &args)).unwrap();
        prop_assert_eq!(parsed.args, args);
        prop_assert!(parsed.missing.is_empty());
    }

    #[test]
    fn canonical_line_parses_to_the_same_pairs(
        job in "[^\\p{Cc}\\n]+", names in prop::collection::btree_set("job|params|--|--x|.+", 0..4), value in any::<String>(),
    ) {
        let pairs: Vec<_> = names.into_iter().map(|name| (name, value.clone())).collect();
        let args = Args { values: [("job".to_owned(), job)].into(), pairs, ..Args::default() };
        let commands = commands();
        let line = canonical_line(commands.get("build").unwrap().spec(), &args);
        prop_assert_eq!(commands.parse(&line).unwrap().args, args, "{}", line);
    }

    #[test]
    fn argument_names_ignore_case_and_dashes(name in "[a-z_]{1,9}") {
        prop_assert!(names(&name.replace('_', "-").to_uppercase(), &name));
    }
}

#[test]
fn a_time_is_understood_or_refused_and_never_a_part_of_the_comment() {
    let refused = |found: &str, meant: &str| {
        format!(
            "error: comment: expected no time in it (a time is given as `for <duration>` or `until <until>`, and a comment that says one is written in quotes), found {found:?}; did you mean {meant:?}?"
        )
    };
    let refused_without = |found: &str| {
        format!(
            "error: comment: expected no time in it (a time is given as `for <duration>` or `until <until>`, and a comment that says one is written in quotes), found {found:?}"
        )
    };
    let misspelt = |found: &str, word: &str| {
        format!(
            "error: comment: expected a time that can be understood, which {word:?} is not (a time is given as `for <duration>` or `until <until>`, and a comment that says one is written in quotes), found {found:?}"
        )
    };
    let said = |args: &str| format!("silence alert=X {args}");
    let comment = |text: &str| said(&format!("duration=2h comment={}", quote(text)));
    let part = |found: &str, next: &str| {
        format!(
            "error: until: expected {}; a comment that begins with {next:?} is written in quotes, found {found:?}",
            crate::until::EXPECTED
        )
    };
    let until = |text: &str, more: &str| said(&format!("duration=2h until={}{more}", quote(text)));
    let cases = [
        ("silence X until monday", until("monday", "")),
        ("silence X until monday 14:30", until("monday 14:30", "")),
        ("silence X until monday 14:30 fix", until("monday 14:30", " comment=fix")),
        ("silence X until monday fix", until("monday", " comment=fix")),
        ("silence X until monday morning", until("monday morning", "")),
        ("silence X until next monday fixing", until("next monday", " comment=fixing")),
        ("silence X until next friday fixing", until("next friday", " comment=fixing")),
        ("silence X until tomorrow at 9", until("tomorrow at 9", "")),
        ("silence X until in 2 weeks", until("in 2 weeks", "")),
        ("silence X until end of day patching", until("end of day", " comment=patching")),
        ("silence X until 24.11. patching", until("24.11.", " comment=patching")),
        ("silence X until monday 9", part("monday 9", "9")),
        ("silence X until monday 9 disks fail", part("monday 9 disks fail", "9")),
        ("silence X until 18:00 UTC", part("18:00 UTC", "UTC")),
        ("silence X until 18:00 - 20:00", part("18:00 - 20:00", "-")),
        ("silence X until monday at half past 9", part("monday at half past 9", "at")),
        ("silence X until monday \"9 disks\"", until("monday", " comment=\"9 disks\"")),
        ("silence X until \"monday\" 9 disks", until("monday", " comment=\"9 disks\"")),
        ("silence X until tomorrow at 9 am look again", until("tomorrow at 9 am", " comment=\"look again\"")),
        ("silence X until tonight", until("tonight", "")),
        ("silence until monday 14:30 X", until("monday 14:30", "")),
        ("silence X until=\"monday 14:30\" fix", until("monday 14:30", " comment=fix")),
        ("silence X until 2020-01-01", until("2020-01-01", "")),
        ("silence X for 2 hours", said("duration=\"2 hours\"")),
        ("silence X for 2 hours 30 minutes fix it", said("duration=\"2 hours 30 minutes\" comment=\"fix it\"")),
        ("silence X for 1w", said("duration=1w")),
        ("silence X duration 2 hours", said("duration=\"2 hours\"")),
        ("silence for 2 hours X", said("duration=\"2 hours\"")),
        ("silence X 2h", said("duration=2h")),
        ("silence X 2 hours", said("duration=\"2 hours\"")),
        ("silence X 4h deploying", said("duration=4h comment=deploying")),
        ("silence X tomorrow", until("tomorrow", "")),
        ("silence X tomorrow at 9 deploying", until("tomorrow at 9", " comment=deploying")),
        ("silence X until tomorrow at 9 deploying", until("tomorrow at 9", " comment=deploying")),
        ("silence X 9am", until("9am", "")),
        // When it runs, the error is the same as with the word before it.
        ("silence X 31 feb", until("31 feb", "")),
        ("silence X 31 feb deploying", until("31 feb", " comment=deploying")),
        // What would be refused is not proposed.
        ("silence X deploying until 31 feb", refused_without("deploying until 31 feb")),
        ("silence X deploying until 2020-01-01", refused_without("deploying until 2020-01-01")),
        ("silence X monday 9 disks fail", refused_without("monday 9 disks fail")),
        ("silence X deploying until 18:00", refused("deploying until 18:00", "until 18:00 deploying")),
        ("silence X deploying for 2 days", refused("deploying for 2 days", "for 2 days deploying")),
        ("silence X comment until monday", refused("until monday", "until monday")),
        ("silence X \"until monday\"", comment("until monday")),
        ("silence X comment=\"2 hours\"", comment("2 hours")),
        (
            "silence X until the deploy is over",
            "error: until: expected a length of time such as 2h, or a time such as 18:00, tomorrow, monday 14:30 or 2026-11-22T10:00, found \"the\"".to_owned(),
        ),
        ("silence X seven hours", until("seven hours", "")),
        ("silence X until 3/4", until("3/4", "")),
        ("silence X until 18:00 PST", part("18:00 PST", "PST")),
        ("silence X 2 nodes are down", comment("2 nodes are down")),
        ("silence X seven dwarfs", comment("seven dwarfs")),
        ("silence X 1.4.2 rollout", comment("1.4.2 rollout")),
        ("silence X 3/4 disks fail", comment("3/4 disks fail")),
        ("silence X for 4h until monday", said("duration=4h until=monday")),
        // Understood, and refused when it runs: there is no such time, or it is past.
        ("silence X 25:00", until("25:00", "")),
        ("silence X 26:00", until("26:00", "")),
        ("silence X 12:75", until("12:75", "")),
        ("silence X 99:99 x", until("99:99", " comment=x")),
        ("silence X 13pm", until("13pm", "")),
        ("silence X 13 pm", until("13 pm", "")),
        ("silence X -2h", until("-2h", "")),
        ("silence X -1d", until("-1d", "")),
        ("silence X yesterday", until("yesterday", "")),
        ("silence X 25:00 deploying", until("25:00", " comment=deploying")),
        ("silence X 2026-02-31 deploying", until("2026-02-31", " comment=deploying")),
        ("silence X at 25:00", until("at 25:00", "")),
        ("silence X on monday deploying", until("on monday", " comment=deploying")),
        // Written like a time, and none.
        ("silence X 2h30", misspelt("2h30", "2h30")),
        ("silence X 1.5h deploy", misspelt("1.5h deploy", "1.5h")),
        ("silence X 9.30", misspelt("9.30", "9.30")),
        ("silence X tomorrow at 9:3o", misspelt("tomorrow at 9:3o", "9:3o")),
        ("silence X 2026-2-3x", misspelt("2026-2-3x", "2026-2-3x")),
        ("silence X until tomorrow at 9:3o", part("tomorrow at 9:3o", "at")),
        ("silence X deploying until 9.30", misspelt("deploying until 9.30", "9.30")),
        ("silence X \"25:00 deploying\"", comment("25:00 deploying")),
        ("silence X comment=\"9.30\"", comment("9.30")),
        // Counts are none, and neither is anything once a time is given.
        ("silence X 3 pods restart", comment("3 pods restart")),
        ("silence X 2 of 3 nodes", comment("2 of 3 nodes")),
        ("silence X 500 errors on checkout", comment("500 errors on checkout")),
        ("silence X 5xx again", comment("5xx again")),
        ("silence X for 2h 500 errors", said("duration=2h comment=\"500 errors\"")),
        ("pr comment web#1 until monday", "pr comment pr=web#1 message=\"until monday\"".to_owned()),
    ];
    for (line, expected) in cases {
        assert_eq!(meaning(line), expected, "{line}");
    }
}
