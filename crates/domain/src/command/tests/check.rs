use super::*;

fn messages(problems: Vec<Problem>) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn valid_specs_have_no_problems() {
    assert_eq!(messages(check_all(&specs())), [""; 0]);
}

#[test]
fn each_spec_error_is_reported() {
    let go = || CommandSpec::new("go", "Go");
    let env = || ArgSpec::choice("env", ["staging", "production"], "where");
    let cases = [
        (go().usage("go <where>"), "go: character 4 of the usage: there is no argument \"where\""),
        (go().alias("GO"), "go: the name \"GO\" is there twice"),
        (
            go().alias("two  words"),
            "go: \"two  words\" cannot be a name: expected words with one space between them",
        ),
        (go().alias("--go"), "go: \"--go\" cannot be a name: expected words with one space between them"),
        (go().arg(env()).arg(env()), "go: the argument \"env\" is there twice"),
        (
            go().arg(ArgSpec::pairs("all", "")).arg(env()),
            "go: all takes any name=value, so it is the last argument",
        ),
        (
            go().arg(ArgSpec::text("two words", "")),
            "go: \"two words\" cannot be an argument's name: expected letters, digits, _ and -",
        ),
        (go().arg(ArgSpec::choice("env", [""; 0], "")), "go: env has no choices"),
        (
            go().arg(env().or("stagin")),
            "go: the default does not fit: env: expected staging or production, found \"stagin\"; did you mean \"staging\"?",
        ),
        (go().arg(env().or("Staging")), "go: env: expected the default to be written \"staging\""),
        (go().arg(env()).example("go"), "go: the example \"go\" does not work: go needs env: where"),
        (go().example("went"), "go: the example \"went\" does not work: there is no command \"went\""),
        (go().example("go home"), "go: the example \"go home\" does not work: go takes no \"home\""),
    ];
    for (spec, expected) in cases {
        assert_eq!(messages(check(&spec)), [expected]);
    }
}

#[test]
fn commands_do_not_share_names() {
    let specs = [
        CommandSpec::new("go", "").usage("go <where...>").arg(ArgSpec::text("where", "")).example("go home"),
        CommandSpec::new("walk", "").alias("Go"),
        CommandSpec::new("go home", ""),
    ];
    assert_eq!(
        messages(check_all(&specs)),
        ["walk: \"go\" is also a name of \"go\"", "go: the example \"go home\" is read as \"go home\""]
    );
}
