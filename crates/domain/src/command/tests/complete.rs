use super::*;

/// `prefix|what is replaced|what it is`, with the cursor at `^`.
fn typing(line: &str) -> String {
    let cursor = line.find('^').unwrap();
    let line = line.replace('^', "");
    let commands = commands();
    let completion = commands.complete(&line, cursor);
    let what = match completion.what {
        What::Name => "name".to_owned(),
        What::Part { command, arg, words, args } => {
            let arg = arg.map_or("-", |arg| arg.name.as_str());
            format!("{arg} [{}] after {}", words.join(" "), canonical_line(command, &args))
        }
    };
    format!("{}|{}|{what}", completion.prefix, &line[completion.replaces])
}

#[test]
fn completion_at_the_cursor() {
    let cases = [
        ("^", "||name"),
        ("  dep^", "dep|dep|name"),
        ("de^ploy", "de|deploy|name"),
        ("deploy^", "deploy|deploy|name"),
        ("pr ^", "pr |pr |name"),
        ("pr ap^", "pr ap|pr ap|name"),
        ("nonsense wor^", "nonsense wor|nonsense wor|name"),
        ("deploy ^", "||app [] after deploy ref=main"),
        ("deploy a^", "a|a|app [] after deploy ref=main"),
        ("deploy a^pi to staging", "a|api|app [] after deploy ref=main"),
        ("deploy api/v^", "v|v|ref [] after deploy ref=main"),
        ("deploy api/^", "||ref [] after deploy ref=main"),
        ("deploy \"my api\"/v^", "v|v|ref [] after deploy ref=main"),
        ("deploy api ^", "||- [to] after deploy app=api ref=main"),
        ("deploy api t^", "t|t|- [to] after deploy app=api ref=main"),
        ("deploy api x^", "x|x|- [] after deploy app=api ref=main"),
        ("deploy api to ^", "||env [] after deploy app=api ref=main"),
        ("deploy api to sta^", "sta|sta|env [] after deploy app=api ref=main"),
        ("deploy to staging a^", "a|a|app [] after deploy ref=main env=staging"),
        ("deploy api to staging ^", "||- [] after deploy app=api ref=main env=staging"),
        ("deploy api env=^", "||env [] after deploy app=api ref=main"),
        ("deploy api env=st^", "st|st|env [] after deploy app=api ref=main"),
        ("deploy api env=\"st^", "st|\"st|env [] after deploy app=api ref=main"),
        ("deploy api --env=st^", "st|st|env [] after deploy app=api ref=main"),
        ("deploy api --env ^", "||env [] after deploy app=api ref=main"),
        ("deploy api --env st^", "st|st|env [] after deploy app=api ref=main"),
        ("deploy api env st^", "st|st|env [] after deploy app=api ref=main"),
        ("deploy --^", "--|--|- [--app --ref --env --dry_run] after deploy ref=main"),
        ("deploy ref=v2 --d^", "--d|--d|- [--dry_run] after deploy ref=v2"),
        ("silence X ^", "||comment [for until] after silence alert=X duration=2h"),
        ("silence X f^", "f|f|comment [for] after silence alert=X duration=2h"),
        ("silence X for ^", "||duration [] after silence alert=X"),
        ("silence X for 2h why n^", "n|n|comment [] after silence alert=X duration=2h comment=why"),
        ("pr list ^", "||state [] after pr list state=open"),
        ("pr approve \"web ma^", "web ma|\"web ma|pr [] after pr approve"),
        ("who is on call for ^", "||team [] after who is on call"),
        ("build web ^", "||- [] after build job=web"),
        ("build a=x^", "x|x|- [] after build"),
        ("build web a=1 ^", "||- [] after build job=web a=1"),
    ];
    let wrong: Vec<_> = cases
        .iter()
        .map(|(line, expected)| (line, expected, typing(line)))
        .filter(|(_, expected, got)| got != *expected)
        .map(|(line, expected, got)| format!("{line}\n  expected {expected}\n  got      {got}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_longer_name_comes_before_an_argument() {
    let specs = [
        CommandSpec::new("run", "").usage("run <what>").arg(ArgSpec::text("what", "")),
        CommandSpec::new("run log", ""),
    ];
    let commands: Commands = specs.into_iter().map(|spec| Command::new(spec).unwrap()).collect();
    for (line, name) in
        [("run lo", true), ("run x", false), ("run ", false), ("run log", true), ("run log ", false)]
    {
        assert_eq!(commands.complete(line, line.len()).what == What::Name, name, "{line:?}");
    }
}

#[test]
fn a_cursor_anywhere_is_taken() {
    let commands = commands();
    for cursor in 0..20 {
        let completion = commands.complete("ü é", cursor);
        assert!("ü é".get(completion.replaces).is_some());
    }
}
