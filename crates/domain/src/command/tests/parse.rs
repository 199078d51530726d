mod comments;
mod properties;
mod proposals;
mod times;
mod zones;

use super::*;

/// What a line means, in a line: `deploy app=api env=staging, needs ref`; or the error.
fn meaning(line: &str) -> String {
    match commands().parse(line) {
        Err(fault) => {
            proposals::check(line, &fault);
            format!("error: {fault}")
        }
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
fn a_value_may_be_equal_to_its_arguments_name() {
    let specs = [
        CommandSpec::new("restart", "").usage("restart <service>").arg(ArgSpec::text("service", "a text")),
        CommandSpec::new("start", "").usage("start <service>").arg(ArgSpec::live("service", "")),
        CommandSpec::new("switch", "").usage("switch <env>").arg(ArgSpec::choice("env", ["env", "prod"], "")),
        CommandSpec::new("show", "").usage("show [env]").arg(ArgSpec::live("env", "").optional()),
        CommandSpec::new("copy", "")
            .usage("copy <source> to <target>")
            .arg(ArgSpec::text("source", ""))
            .arg(ArgSpec::text("target", "")),
        CommandSpec::new("note", "").usage("note [text]").arg(ArgSpec::text("text", "").optional()),
        CommandSpec::new("hold", "").usage("hold <pr>").arg(ArgSpec::item("pr", Kind::PullRequest, "")),
    ];
    let commands: Commands = specs.into_iter().map(|spec| Command::new(spec).unwrap()).collect();
    let cases = [
        ("restart service", "restart service=service"),
        ("restart Service", "restart service=Service"),
        ("restart \"service\"", "restart service=service"),
        ("restart service=service", "restart service=service"),
        ("restart service service", "restart service=service"),
        // What follows it is its value.
        ("restart service web", "restart service=web"),
        ("start service", "start service=service"),
        ("switch env", "switch env=env"),
        ("switch env env", "switch env=env"),
        ("switch env prod", "switch env=prod"),
        ("show env", "show env=env"),
        ("show env prod", "show env=prod"),
        ("copy source to target", "copy source=source target=target"),
        ("copy a to target", "copy source=a target=target"),
        // A text that may be left out, and an item, are asked for.
        ("note text", "note, needs text"),
        ("hold pr", "hold, needs pr"),
        ("hold pr=pr", "hold pr=pr"),
    ];
    for (line, expected) in cases {
        let parsed = commands.parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let missing: String = parsed.missing.iter().map(|arg| format!(", needs {}", arg.name)).collect();
        assert_eq!(format!("{}{missing}", canonical_line(parsed.spec, &parsed.args)), expected, "{line}");
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
fn what_calls_for_a_value_is_named_with_what_would_be_right() {
    let build = CommandSpec::new("build", "Run a job")
        .usage("build <job> [param=value...]")
        .arg(ArgSpec::live("job", "the job"))
        .arg(ArgSpec::pairs("params", "its parameters"))
        .arg(ArgSpec::text("branch", "which").optional());
    let builds: Commands = [Command::new(build).unwrap()].into_iter().collect();
    let of_branch =
        "build: \"branch\" needs a value (which): branch=VALUE, or branch=branch if that is the value";
    let of_duration = "silence: \"for\" needs a value (for how long): duration=VALUE";
    let of_ref = "deploy: \"--ref\" needs a value (what of it): ref=VALUE";
    let of_env = "deploy: \"env\" needs a value (where): env=VALUE, or env=env if that is the value";
    // a line -> what is missing of it
    let cases = [
        ("build web branch", Some(of_branch)),
        ("build branch=branch", Some("build needs job: the job")),
        ("build web branch retries=2", Some(of_branch)),
        ("build", Some("build needs job: the job")),
        ("build web branch=main", None),
        ("build web branch=branch", None),
        ("build web", None),
        ("deploy api", Some("deploy needs env: where")),
        ("deploy api to", Some("deploy needs env: where")),
        ("deploy api env", Some(of_env)),
        ("deploy api to staging --ref", Some(of_ref)),
        ("silence DiskFull for", Some(of_duration)),
        ("silence DiskFull", None),
    ];
    for (line, expected) in cases {
        let all = if line.starts_with("build") { builds.clone() } else { commands() };
        let parsed = all.parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let missing = parsed.first_missing().map(|error| error.to_string());
        assert_eq!(missing.as_deref(), expected, "{line}");
    }
}

#[test]
fn a_name_may_be_quoted_at_the_start_of_a_line() {
    check_all(&[
        ("\"pr list\" all", "pr list state=all"),
        ("\"who is on call\" web", "who is on call team=web"),
        ("\"Who is  on\" call", "who is on call"),
        ("\"run log\" 7", "run log run=7"),
        ("\"ack\" PD-123", "ack incident=PD-123"),
        // Only at its start: elsewhere what is quoted is a value.
        ("pr \"list\"", "error: there is no command \"pr\""),
        ("ack \"pr list\"", "ack incident=\"pr list\""),
    ]);
    assert_eq!(
        commands().parse(&line_from(&["pr list", "closed"])).unwrap().args.text("state"),
        "closed",
        "as a shell gives it"
    );
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
        ("\"pr lst\" all", "error: there is no command \"pr lst\"; did you mean \"pr list\"?"),
        ("\"\" list", "error: there is no command \"\""),
        ("\"frobnicate it\" all", "error: there is no command \"frobnicate it\""),
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
