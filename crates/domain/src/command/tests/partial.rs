use super::*;

/// What of a line makes sense, `| texts of arguments | words that are left`.
fn begun(line: &str) -> String {
    let commands = commands();
    let Some(begun) = commands.begun(line) else { return "no command".to_owned() };
    let texts: Vec<_> = begun.texts.iter().map(|(arg, text)| format!("{}={text}", arg.name)).collect();
    let given: Vec<_> = begun.given.iter().map(|arg| arg.name.as_str()).collect();
    let args = &begun.args;
    let given: Vec<_> =
        given.iter().map(|name| format!("{name}={}", args.get(name).unwrap_or_default())).collect();
    format!("{} | {} | {}", given.join(" "), texts.join(" "), begun.left)
}

#[test]
fn partial_parse_keeps_every_word() {
    let cases = [
        ("nonsense here", "no command"),
        // Without the word of the usage that leads it, what was typed is the text of what is asked for next.
        ("deploy api staging", "app=api | env=staging | "),
        ("deploy api zoe lima", "app=api | env=zoe lima | "),
        ("deploy api too staging", "app=api | env=too staging | "),
        ("deploy api staging ref=v2", "app=api ref=v2 | env=staging | "),
        ("copy db a", "what=db | source=a | "),
        // A value that is refused stays in its place.
        ("deploy api to stagin", "app=api | env=stagin | "),
        ("deploy api env=stagin", "app=api | env=stagin | "),
        ("silence X for 2fn known bug", "alert=X | duration=2fn known bug | "),
        ("pug bomb many", " | count=many | "),
        ("pr list opne", " | state=opne | "),
        // A time that nothing leads must not become the comment of a silence as long as usual.
        ("silence X deploying until 31 feb", "alert=X | comment=deploying until 31 feb | "),
        ("silence X deploying for 2h", "alert=X | comment=deploying for 2h | "),
        ("silence X 4h known", "alert=X | duration=4h known | "),
        ("who is on call web", " | team=web | "),
        // What no argument can take is named, and given to none.
        ("ack PD-123 zoe", "incident=PD-123 |  | zoe"),
        ("deploy api to staging now", "app=api env=staging |  | now"),
        ("deploy api to staging --rfe v2", "app=api env=staging |  | --rfe v2"),
        ("deploy api zoe --rfe v2", "app=api | env=zoe | --rfe v2"),
        ("deploy api env=stagin zoe --rfe v2", "app=api | env=stagin | zoe --rfe v2"),
    ];
    let wrong: Vec<_> = cases
        .iter()
        .map(|(line, expected)| (line, expected, begun(line)))
        .filter(|(_, expected, got)| got != *expected)
        .map(|(line, expected, got)| format!("{line}\n  expected {expected}\n  got      {got}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn partial_parse_keeps_every_word_of_service_commands() {
    let command = Command::new(verbs::reassign()).unwrap();
    let commands: Commands = [command].into_iter().collect();
    for (line, text) in [("reassign Q2R8T zoe", "zoe"), ("reassign Q2R8T Ana Lima", "Ana Lima")] {
        // The terminal, which runs what it parses, reads what the window puts into its fields.
        let parsed = commands.parse(line).unwrap();
        assert_eq!((parsed.args.get("person"), parsed.missing.len()), (Some(text), 0), "{line}");
        let begun = commands.begun(line).unwrap();
        assert_eq!(begun.args.get("incident"), Some("Q2R8T"), "{line}");
        let texts: Vec<_> =
            begun.texts.iter().map(|(arg, text)| (arg.name.as_str(), text.as_str())).collect();
        assert_eq!(texts, [("person", text)], "{line}");
    }
}

#[test]
fn answers_to_an_approval_are_read_whole() {
    let commands: Commands =
        [verbs::approve(), verbs::deny()].map(|spec| Command::new(spec).unwrap()).into_iter().collect();
    let cases = [
        ("approve web/deploy#12/Proceed", "approve approval=web/deploy#12/Proceed"),
        ("approve web#12 TARGET=eu DRY=true", "approve approval=web#12 TARGET=eu DRY=true"),
        (
            r#"approve web#12 comment="Works on staging""#,
            r#"approve approval=web#12 comment="Works on staging""#,
        ),
        ("approve web#12 comment=fine TARGET=eu", "approve approval=web#12 comment=fine TARGET=eu"),
        ("deny web#12 not before 12:00", r#"deny approval=web#12 why="not before 12:00""#),
        ("deny web#12 X=1 is wrong", r#"deny approval=web#12 why="X=1 is wrong""#),
        ("deny web#12", "deny approval=web#12, needs why"),
        ("approve web#12 Works on staging", r#"approve approval=web#12 comment="Works on staging""#),
    ];
    for (line, expected) in cases {
        let parsed = commands.parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let mut text = canonical_line(parsed.spec, &parsed.args);
        for arg in &parsed.missing {
            text = format!("{text}, needs {}", arg.name);
        }
        assert_eq!(text, expected, "{line}");
    }
}

#[test]
fn a_long_line_is_read_in_time() {
    let words = "zoe ".repeat(2_000);
    let commands = commands();
    let begun = commands.begun(&format!("deploy api {words}")).unwrap();
    let (arg, text) = &begun.texts[0];
    assert_eq!((arg.name.as_str(), text.as_str()), ("env", words.trim_end()));
    // Options end what can be read, wherever the first bad one is.
    let options = "--no ".repeat(2_000);
    assert_eq!(commands.begun(&format!("ack X {options}")).unwrap().left, options.trim_end());
}
