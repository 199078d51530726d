use proptest::prelude::*;

use super::{parser::DEEPEST, *};
use crate::command::ArgSpec;

fn compile(usage: &str) -> Result<Usage, UsageError> {
    let name = usage.split([' ', '[', '<']).next().unwrap_or_default();
    let args = ["app", "ref", "env", "message", "count"].map(|name| ArgSpec::text(name, ""));
    let spec = args.into_iter().fold(CommandSpec::new(name, "").usage(usage), CommandSpec::arg);
    Usage::compile(&spec.arg(ArgSpec::pairs("params", "")))
}

#[test]
fn valid_usages_compile() {
    for usage in [
        "deploy",
        "deploy now",
        "deploy <app>[/<ref>] to <env>",
        "deploy [<app>/]<ref>",
        "deploy <app>[@<ref>[:<env>]]",
        "deploy v<count>",
        "deploy [message]",
        "deploy [message...] [param=value...]",
        "deploy <app> [to <env> [at <ref>]] <message...>",
        "deploy [because <message...>]",
        "deploy [#]<count>",
        "deploy <app> [--ref] [--env <env>] [message=<message>] [param=value...]",
    ] {
        assert!(compile(usage).is_ok(), "{usage}: {:?}", compile(usage));
    }
}

#[test]
fn invalid_usage_is_reported_with_its_position() {
    let cases = [
        ("deploy <ap>", 8, "there is no argument \"ap\"; did you mean \"app\"?"),
        ("deploy [colour]", 8, "there is no argument \"colour\""),
        ("deploy <app", 8, "expected <name> or <name...>"),
        ("deploy <a b>", 8, "expected <name> or <name...>"),
        ("deploy <>", 8, "there is no argument \"\""),
        ("deploy app>", 11, "this bracket closes nothing"),
        ("deploy <app>]", 13, "this bracket closes nothing"),
        ("deploy [to <app>", 8, "this bracket is not closed"),
        ("deploy []", 8, "these brackets hold nothing"),
        ("deploy <app> <app>", 14, "\"app\" is there twice"),
        ("deploy <app><ref>", 8, "two arguments need something between them to tell them apart"),
        ("deploy <app>[/<ref>]<env>", 8, "two arguments need something between them to tell them apart"),
        ("deploy <app>[/ <ref>]", 13, "what is glued to a word is one word without \"...\""),
        ("deploy <app>[message...]", 13, "what is glued to a word is one word without \"...\""),
        ("deploy <message...> to", 21, "nothing can follow an argument that takes all the words left"),
        ("deploy [message...] [app]", 21, "nothing can follow an argument that takes all the words left"),
        ("deploy [message...] <app...>", 21, "nothing can follow an argument that takes all the words left"),
        ("deploy x<message...>", 9, "an argument that takes all the words left stands by itself"),
        ("deploy <params>", 8, "any name=value is written [name=value...]"),
        ("deploy --ref", 8, "options stand in brackets"),
        ("deploy [--yes]", 8, "there is no argument \"yes\""),
        ("deploy [--ref] <ref>", 16, "\"ref\" is there twice"),
        ("deploy [ref=x]", 8, "expected [--name], [--name <value>] or [name=<value>], standing by itself"),
        ("deploy [on|off]", 9, "alternatives are an argument with choices"),
        ("deploy a=b", 8, "quotes and = have no place in a usage"),
    ];
    for (usage, column, what) in cases {
        assert_eq!(compile(usage), Err(UsageError { column, what: what.into() }), "{usage}");
    }
    let spec = CommandSpec::new("deploy", "");
    let wrong = UsageError { column: 1, what: "expected it to start with \"deploy\"".into() };
    for usage in ["ship <app>", "deployed", "", "deploy[x]"] {
        assert_eq!(Usage::compile(&spec.clone().usage(usage)), Err(wrong.clone()), "{usage}");
    }
    assert!(Usage::compile(&spec.clone().usage("deploy [name=value...]")).is_err());
}

#[test]
fn depth_and_length_have_limits() {
    let deep = |depth: usize| format!("deploy {}x{}", "[y ".repeat(depth), "]".repeat(depth));
    assert!(compile(&deep(DEEPEST)).is_ok());
    assert!(compile(&deep(DEEPEST + 1)).is_err());
    assert!(compile(&format!("deploy {}", "x".repeat(LONGEST))).is_err());
    assert!(compile(&format!("deploy{}", " [x y]".repeat(MOST_SEGMENTS + 1))).is_err());
}

proptest! {
    #[test]
    fn compiling_never_panics(usage in "(deploy)?( |<app>|<ref>|\\[|\\]|<|>|\\.\\.\\.|=|/|to|é|message){0,12}") {
        let _ = compile(&usage);
    }
}
