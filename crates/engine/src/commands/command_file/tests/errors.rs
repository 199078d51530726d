use super::*;

const GOOD: &str = r#"
[[command]]
name = "deploy"
summary = "Deploy an app"
usage = "deploy <app>[/<ref>] to <env> [--count <count>]"
aliases = ["ship"]
examples = ["deploy api to staging", "ship api/v2 to production count=3"]
timeout = "20m"
[command.args.app]
choices_from = { account = "forge", list = "repos" }
[command.args.ref]
default = "main"
[command.args.env]
choices = ["staging", "production"]
[command.args.count]
type = "number"
default = 1
[command.run.http]
account = "deployer"
method = "POST"
path = "/deploy/{{ app }}?force={{ count > 1 }}"
query = { by = "callboard" }
headers = { "X-Env" = "{{ env }}" }
json = { ref = "{{ ref }}", env = "{{ env }}", list = [{ n = "{{ count }}" }] }
wait_for = { get = "{{ body.status_url }}", until = "body.state in ['done','failed'] || status == 404", every = "2s", timeout = "15m" }
[command.result]
ok = "body.state == 'done' && env != ''"
summary = "{{ app }} {{ ref }} is {% if not ok %}not {% endif %}on {{ env }}"
link = "{{ body.url }}"
[command.policy]
confirm = "env == 'production' ? 'type:env' : 'none'"
lock = "deploy:{{ env }}"
post = "deploys"
"#;

#[test]
fn a_good_file_is_read() {
    let files = files(&[("a.toml", GOOD)]);
    assert_eq!(files.errors(), [""; 0]);
    let [checked] = &read_all(&files.config).0[..] else { panic!("not one") };
    let spec = &checked.command.spec;
    let args: Vec<_> = spec.args.iter().map(|arg| (&*arg.name, arg.required)).collect();
    assert_eq!(
        args,
        [("app", true), ("ref", false), ("env", true), ("count", false)],
        "in the usage's order"
    );
    assert_eq!(spec.timeout.as_secs(), 20 * 60);
    assert_eq!(spec.effect, typed::Effect::Changes);
    assert_eq!(load(&files.config).unwrap().names, ["deploy"]);
}

#[test]
fn command_shadowing_an_account_command_is_reported() {
    let command = |name: &str, more: &str| {
        format!(
            "[[command]]\nname = {name:?}\nsummary = \"x\"\n{more}[command.run.exec]\nargv = [\"true\"]\n"
        )
    };
    let text =
        command("pr merge", "") + &command("ship", "aliases = [\"Run Log\"]\n") + &command("deploy", "");
    let found = load(&files(&[("a.toml", &text)]).config).unwrap();
    assert_eq!(found.names, ["pr merge", "ship", "deploy"]);
    let shown: Vec<_> = found.replaced.iter().map(|it| it.split_once(": ").unwrap().1).collect();
    assert_eq!(
        shown,
        [
            "the command `pr merge` takes the place of the one that the account forge brings",
            "the command `Run Log` takes the place of the one that the account forge brings",
        ]
    );
}

#[cfg(unix)]
#[test]
fn fifo_in_place_of_a_command_file_is_reported_without_blocking() {
    let files = files(&[]);
    let dir = files.config.commands.dirs[0].clone();
    std::os::unix::fs::symlink("/dev/zero", dir.join("zero.toml")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.join("dangling.toml")).unwrap();
    std::fs::create_dir(dir.join("folder.toml")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(dir.join("pipe.toml")).status().unwrap().success());
    let ConfigErrors(errors) = load(&files.config).unwrap_err();
    let shown: Vec<_> = errors
        .iter()
        .map(|fault| (fault.file.file_name().unwrap().to_str().unwrap(), fault.what.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("dangling.toml", "expected a file, and this is a link that leads nowhere"),
            ("folder.toml", "expected a file, and this is a folder"),
            ("pipe.toml", "expected a file, and this is a pipe"),
            ("zero.toml", "expected a file, and this is a device"),
        ]
    );
}

#[cfg(unix)]
#[test]
fn file_or_folder_that_anybody_can_change_is_left_out_with_its_remedy() {
    use std::os::unix::fs::PermissionsExt;
    let command = |name: &str| {
        format!("[[command]]\nname = \"{name}\"\nsummary = \"x\"\n[command.run.exec]\nargv = [\"true\"]\n")
    };
    let files = files(&[("a.toml", &command("a")), ("b.toml", &command("b"))]);
    let may = |path: PathBuf, rights| fs::set_permissions(path, fs::Permissions::from_mode(rights)).unwrap();
    // the rights to a.toml and to the folder -> the commands that are left, and what is said
    for (file, folder, left, expected) in [
        (0o600, 0o700, vec!["a", "b"], None),
        (0o664, 0o775, vec!["a", "b"], None),
        (0o666, 0o755, vec!["b"], Some("a.toml:1:1: everybody can write to this")),
        (0o644, 0o777, vec![], Some("callboard.toml:12:9: ")),
    ] {
        may(files.folder().join("a.toml"), file);
        may(files.folder(), folder);
        let names: Vec<String> =
            read_all(&files.config).0.into_iter().map(|it| it.command.spec.name).collect();
        assert_eq!(names, left, "{file:o} {folder:o}");
        let found = files.errors();
        assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
        let expected = expected.unwrap_or_default();
        assert!(found.iter().all(|it| it.starts_with(expected) && it.contains("chmod o-w")), "{found:?}");
    }
    may(files.folder(), 0o755);
    may(files.config.path.clone(), 0o666);
    let refused = Config::load(&files.config.path).unwrap_err().to_string();
    let remedy = format!("chmod o-w '{}'", files.config.path.display());
    assert!(refused.contains(&remedy), "{refused}");
}

/// One line of a good file changed, and the fault that this makes, at the text after `^`.
#[test]
fn every_mistake_is_named_with_its_place() {
    let cases = [
        // Shape.
        (r#"name = "deploy""#, r#"^nam = "deploy""#, "there is no key `nam`; did you mean `name`?"),
        (r#"timeout = "20m""#, r#"timeout = ^"soon""#, "expected a length of time"),
        (r#"timeout = "20m""#, r#"timeout = ^"5m""#, "waiting alone may take 15m"),
        (r#"timeout = "20m""#, r#"effect = ^"read""#, "there is no value `read`; did you mean `reads`?"),
        (
            "[[command]]",
            "[^commands]\nx = 1\n[[command]]",
            "there is no section `commands`; did you mean `command`?",
        ),
        (r#"method = "POST""#, r#"method = ^"post""#, "did you mean `POST`?"),
        (r#"default = 1"#, r#"default = ^[1]"#, "expected a text, a number, true or false"),
        (r#"summary = "Deploy an app""#, r#"summary = ^"a\nb""#, "expected one line"),
        // Names.
        (
            r#"aliases = ["ship"]"#,
            r#"aliases = ["ship", ^"Deploy"]"#,
            "`Deploy` is also a name of `deploy` in",
        ),
        (r#"aliases = ["ship"]"#, r#"aliases = [^"ship=it"]"#, "cannot be a name"),
        // Arguments and usage.
        (
            r#"usage = "deploy <app>"#,
            r#"usage = "deploy ^<ap>"#,
            "there is no argument \"ap\"; did you mean \"app\"?",
        ),
        (
            "[command.args.count]\n",
            "^[command.args.spare]\n[command.args.count]\n",
            "`spare` is used nowhere",
        ),
        (
            "[command.args.count]\n",
            "[command.args.^body]\n[command.args.count]\n",
            "`body` means something else",
        ),
        (
            "[command.args.count]\n",
            "[command.args.^for]\n[command.args.count]\n",
            "`for` is a word of templates",
        ),
        (
            "[command.args.count]\n",
            "[command.args.^dry-run]\n[command.args.count]\n",
            "expected letters, digits and _",
        ),
        (r#"default = 1"#, r#"default = ^"many""#, "the default does not fit"),
        (r#"type = "number""#, r#"type = ^"numbr""#, "did you mean `number`?"),
        (
            r#"default = "main""#,
            "type = ^\"text\"\nchoices = [\"a\"]",
            "`choices` says already what it can be",
        ),
        (
            r#"account = "forge", list"#,
            r#"account = ^"forg", list"#,
            "there is no account `forg`; did you mean `forge`?",
        ),
        (r#"list = "repos""#, r#"list = ^"repo""#, "did you mean `repos`?"),
        (r#""deploy api to staging""#, r#"^"deploy api to stagin""#, "did you mean \"staging\"?"),
        (r#""deploy api to staging""#, r#"^"deploy api""#, "deploy needs env"),
        (
            r#""deploy api to staging""#,
            r#"^"deploy .. to staging""#,
            "the example does not work: app: expected a value that fits",
        ),
        // What it runs.
        ("[command.run.http]", "[command.run.^htpp]", "there is no way to run `htpp`; did you mean `http`?"),
        (
            "[command.run.http]",
            "[command.run.^mcp]",
            "a command cannot run by `mcp` yet: use [command.run.http] or [command.run.exec]",
        ),
        (r#"account = "deployer""#, r#"account = ^"deploy""#, "there is no account `deploy`"),
        (r#"account = "deployer""#, r#"account = ^"room""#, "has no HTTP API"),
        (r#"path = "/deploy"#, r#"path = ^"deploy"#, "starting with one /"),
        (
            r#"path = "/deploy/{{ app }}"#,
            r#"path = "/deploy/{{ ^ap }}/{{ app }}"#,
            "there is no `ap`; did you mean `app`?",
        ),
        (
            r#"path = "/deploy/{{ app }}"#,
            r#"path = "/\u0064é/{{ app | ^pth }}"#,
            "there is no filter `pth`; did you mean `path`?",
        ),
        (
            r#"path = "/deploy/{{ app }}?force={{ count > 1 }}""#,
            r#"path = ^"/x/../{{ app }}{{ count }}""#,
            ". or .. would name another path",
        ),
        (r#"path = "/deploy/{{ app }}"#, r#"path = "/deploy/{{ app }}^#x"#, "no part after #"),
        (
            r#""X-Env" = "{{ env }}""#,
            r#""Authorization" = ^"{{ env }}""#,
            "says who asks, which the account does",
        ),
        (r#""X-Env" = "{{ env }}""#, r#""Host" = ^"{{ env }}""#, "is set by itself"),
        (r#""X-Env" = "{{ env }}""#, r#""X Env" = ^"{{ env }}""#, "cannot be the name of a header"),
        (
            r#"n = "{{ count }}""#,
            r#"n = "{{ ^cout }}{{ count }}""#,
            "there is no `cout`; did you mean `count`?",
        ),
        (r#"n = "{{ count }}""#, r#"n = ^2026-11-22, m = "{{ count }}""#, "JSON has no dates"),
        (r#"json = {"#, "form = ^{ a = \"b\" }\njson = {", "expected json or form, not both"),
        (r#"get = "{{ body.status_url }}""#, r#"get = "{{ ^app }}""#, "there is no `app`"),
        (
            r#"get = "{{ body.status_url }}""#,
            r#"get = ^"https://x.example/{{ body.id }}""#,
            "or a URL that the answer gave",
        ),
        (r#"until = "body.state in"#, r#"until = ^"bdy.state in"#, "did you mean `body`?"),
        (r#"every = "2s""#, r#"every = ^"0s""#, "expected 1s or more"),
        // Around it.
        (r#" && env != ''"#, r#" && env != ^'"#, "the text that begins here is not closed: end it with `'`"),
        (r#"ok = "body.state == 'done' && env != ''""#, r#"ok = ^"env""#, "expected true or false"),
        (r#"summary = "{{ app }}"#, r#"summary = "{{ app }}{{ ^exit }}"#, "there is no `exit`"),
        (r#"link = "{{ body.url }}""#, r#"link = ^"ops.example/{{ body.url }}""#, "expected a URL"),
        (r#"'type:env'"#, r#"'type:^enf'"#, "there is no argument `enf`; did you mean `env`?"),
        (r#"confirm = "env == "#, r#"confirm = ^"evn == "#, "did you mean `env`?"),
        (r#"lock = "deploy:{{ env }}""#, r#"lock = "deploy:{{ ^body }}""#, "there is no `body`"),
        (
            r#"post = "deploys""#,
            r#"post = ^"deploy""#,
            "there is no channel `deploy`; did you mean `deploys`?",
        ),
        (r#"post = "deploys""#, r#"approve = ^{ count = 1 }"#, "approvals are not there yet"),
    ];
    let mut wrong = Vec::new();
    for (good, marked, expected) in cases {
        assert!(GOOD.contains(good), "{good}");
        let whole = GOOD.replacen(good, marked, 1);
        let at = whole.find('^').unwrap();
        let (line, column) = (
            whole[..at].matches('\n').count() + 1,
            whole[..at].chars().rev().take_while(|c| *c != '\n').count() + 1,
        );
        let found = files(&[("a.toml", &whole.replacen('^', "", 1))]).errors();
        let place = format!("a.toml:{line}:{column}: ");
        if !found.iter().any(|fault| fault.starts_with(&place) && fault.contains(expected)) {
            wrong.push(format!("{marked}\nexpected {place}{expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn all_command_file_errors_are_reported_at_once() {
    let files = files(&[
        (
            "a.toml",
            "[[command]]\nname = \"x\"\nsumary = \"X\"\n[command.run.exec]\nargv = [\"true\", \"{{ a }}\"]\n",
        ),
        ("b.toml", "[[command]]\nname = \"y\"\nsummary = \"Y\"\naliases = [\"X\"]\n"),
        ("c.toml", "[[command]\n"),
        ("d.toml", "[[command]]\nname = \"d\"\nsummary = \"D\"\nrun.exec.argv = [\"true\"]\n"),
        (".e.toml", "what an editor keeps"),
        ("notes.txt", "not one either"),
    ]);
    let found = files.errors();
    let starts = [
        "a.toml:1:1: add summary = \"...\"",
        "a.toml:3:1: there is no key `sumary`",
        "a.toml:5:21: there is no `a`",
        "b.toml:1:1: add what it does",
        "b.toml:4:12: `X` is also a name of `x` in ",
        "c.toml:1:",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (fault, start) in found.iter().zip(starts) {
        assert!(fault.starts_with(start), "{fault}\n{start}");
    }
}

#[test]
fn examples_are_checked_whatever_else_is_wrong() {
    let wrong_example = GOOD.replacen("deploy api to staging", "deploy api to stagin", 1);
    // What else is wrong, and its message; whether the example is named as well.
    let cases = [
        (r#"method = "POST""#, r#"method = "PSOT""#, "PSOT", true),
        (r#"path = "/deploy"#, r#"path = "deploy"#, "starting with one /", true),
        (r#"post = "deploys""#, r#"post = "deploy""#, "there is no channel `deploy`", true),
        ("[command.run.http]", "[command.run.htpp]", "there is no way to run `htpp`", true),
        ("summary = \"Deploy an app\"", "sumary = \"Deploy an app\"", "there is no key `sumary`", true),
        (r#"timeout = "20m""#, r#"timeout = "0s""#, "expected more than 0s", true),
        // It may follow from these, and is nothing new then.
        (r#"usage = "deploy <app>"#, r#"usage = "deploy <ap>"#, "there is no argument \"ap\"", false),
        (r#"usage = "deploy <app>"#, r#"usgae = "deploy <app>"#, "there is no key `usgae`", false),
        (r#"choices = ["staging", "production"]"#, r#"choices = "staging""#, "expected a list", false),
    ];
    for (good, bad, expected, names_example) in cases {
        assert!(wrong_example.contains(good), "{good}");
        let found = files(&[("a.toml", &wrong_example.replacen(good, bad, 1))]).errors();
        assert!(found.iter().any(|fault| fault.contains(expected)), "{bad}: {found:#?}");
        let named = found.iter().any(|fault| fault.contains("deploy api to stagin"));
        assert_eq!(named, names_example, "{bad}: {found:#?}");
    }
}

#[test]
fn example_matching_another_command_is_reported() {
    let one = |name: &str, examples: &str| {
        format!(
            "[[command]]\nname = \"{name}\"\nsummary = \"X\"\nusage = \"{name} <x>\"\nexamples = [\"{examples}\"]\n\
             [command.args.x]\n[command.run.exec]\nargv = [\"true\", \"{{{{ x }}}}\"]\n"
        )
    };
    let files = files(&[("a.toml", &one("pr", "pr list")), ("b.toml", &one("pr list", "pr list open"))]);
    assert_eq!(files.errors(), ["a.toml:5:13: this is read as the command `pr list`"]);
}

#[test]
fn missing_folder_is_reported_where_it_is_named() {
    let files = files(&[]);
    fs::remove_dir(files.folder()).unwrap();
    let found = files.errors();
    assert!(found[0].starts_with("callboard.toml:12:9: "), "{found:?}");
    assert!(found[0].contains("there is no such folder"), "{found:?}");
}

#[test]
fn programs_are_checked_as_well() {
    let cases = [
        (r#"argv = ["kubectl", "get", "{{ x }}"]"#, ""),
        (r#"argv = []"#, "expected a program and its arguments"),
        (r#"argv = ["{{ x }}"]"#, "the program itself is no template"),
        (r#"argv = ["kubectl get pods"]"#, "there is no shell to part this"),
        (r#"argv = "kubectl""#, "expected a list, found the text"),
        ("argv = [\"a\", \"{{ x }}\"]\nenv = { \"A-B\" = \"c\" }", "`A-B` cannot be a variable"),
        ("argv = [\"a\", \"{{ x }}\"]\nenv = { CALLBOARD_PASSPHRASE = \"c\" }", "cannot be a variable"),
        ("argv = [\"a\", \"{{ x }}\"]\nstdin = \"{{ y }}\"", "there is no `y`"),
        (r#"argv = ["a", "{{ x.title }}", "{{ x.url }}", "{{ x.reference }}"]"#, ""),
        (
            "argv = [\"a\", \"{{ x }}\"]\n[command.result]\nsummary = \"{{ x.title }}: {{ body.any }} {{ ok }}\"",
            "",
        ),
        (
            r#"argv = ["a", "{{ x.titel }}"]"#,
            "an item has no `titel`: it has account, kind, reference, repo, service, status, title, url; did you mean `title`?",
        ),
        (r#"argv = ["a", "{{ x.title.first }}"]"#, "an item has no `title.first`"),
        (
            "argv = [\"a\", \"{{ x }}\"]\n[command.result]\nsummary = \"{{ output.first }}\"",
            "`output` is text, which has no `first`",
        ),
        // Every way to use an argument.
        (r#"argv = ["a", "{{ x[:3] }}"]"#, ""),
        (r#"argv = ["a", "{{ (x ~ 'y')[1:] | upper }}"]"#, ""),
        (r#"argv = ["a", "{{ x.title[:3] }}"]"#, ""),
        (r#"argv = ["a", "{% set x = x | lower %}{{ x }}"]"#, ""),
        (r#"argv = ["a", "{% filter replace('y', x) %}y{% endfilter %}"]"#, ""),
        (r#"argv = ["a", "x {{ 'x' }} {# {{ x }} #}"]"#, "`x` is used nowhere"),
        (r#"argv = ["a", "{{ y[:3] }}{{ x }}"]"#, "there is no `y`"),
        (r#"argv = ["a", "{{ x.titel[:3] }}"]"#, "an item has no `titel`"),
        // What leads to a page is given by a service.
        ("argv = [\"a\"]\n[command.result]\nlink = \"{{ x.url }}\"", ""),
        ("argv = [\"a\"]\n[command.result]\nlink = \"{{ x.url or body.url }}\"", ""),
        ("argv = [\"a\"]\n[command.result]\nlink = \"https://x.example/{{ x.url }}\"", ""),
        ("argv = [\"a\"]\n[command.result]\nlink = \"{{ x.title }}\"", "there is no `x.title`"),
        ("argv = [\"a\"]\n[command.result]\nlink = \"{{ x }}\"", "`x` is no URL: write `x.url`"),
        ("argv = [\"a\"]\n[command.result]\nlink = \"x.example/{{ x.url }}\"", "expected a URL"),
        // An expression knows an item as its reference.
        ("argv = [\"a\"]\n[command.policy]\nconfirm = \"x == 'a#1' ? 'yes' : 'none'\"", ""),
        (
            "argv = [\"a\"]\n[command.policy]\nconfirm = \"x.service == 'api' ? 'yes' : 'none'\"",
            "in an expression `x` is text, the reference (of several items with spaces between)",
        ),
        (
            "argv = [\"a\"]\n[command.policy]\nconfirm = \"x.tail == 'api' ? 'yes' : 'none'\"",
            "`x` is text and has no fields",
        ),
    ];
    for (exec, expected) in cases {
        let text = format!(
            "[[command]]\nname = \"k\"\nsummary = \"K\"\n[command.args.x]\ntype = \"pull_request\"\n[command.run.exec]\n{exec}\n"
        );
        let found = files(&[("a.toml", &text)]).errors();
        match expected {
            "" => assert_eq!(found, [""; 0]),
            expected => assert!(found.iter().any(|fault| fault.contains(expected)), "{exec}\n{found:#?}"),
        }
    }
}
