//! What holds of any line.

use proptest::prelude::*;

use super::*;
use crate::command::value::names;

/// Words that mean something to the commands, in any order, and some that mean nothing.
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
