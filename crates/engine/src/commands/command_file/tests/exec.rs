#![cfg(unix)]

use std::{ffi::OsStr, time::Duration};

use callboard_domain::message::Block;

use super::*;

/// A command `go [x...]` that runs this.
fn go(exec: &str, rest: &str) -> Files {
    let text = format!(
        "[[command]]\nname = \"go\"\nsummary = \"Go\"\nusage = \"go [x...]\"\n[command.args.x]\noptional = true\n\
         [command.run.exec]\n{exec}\n{rest}\n[command.policy]\nlock = \"{{{{ x }}}}\"\n"
    );
    files(&[("a.toml", &text)])
}

#[tokio::test]
async fn argument_stays_one_word_whatever_it_contains() {
    let files = go(r#"argv = ["printf", "<%s>", "{{ x }}", "app={{ x }}"]"#, "");
    let commands = files.commands().await;
    for value in ["api", "; rm -rf /", "$(id) `id` && id | id", "a b  c", "'\"\\", "*", "-1"] {
        let line = format!("go {}", typed::quote(value));
        let progress = RecordedProgress::default();
        let outcome = run_with_progress(&commands, &line, &progress).await.unwrap();
        assert!(outcome.ok, "{value}: {outcome:?}");
        assert_eq!(progress.output(), format!("<{value}><app={value}>"));
    }
    for (value, why) in [
        ("--version", "would be read as an option"),
        ("-rf", "would be read as an option"),
        ("a\u{7}b", "control character"),
    ] {
        let line = format!("go x={}", typed::quote(value));
        let refused = preview(&commands, &line).unwrap_err();
        assert!(refused.starts_with("x: expected") && refused.contains(why), "{refused}");
        assert!(matches!(run(&commands, &line).await, Err(ServiceError::Rejected { .. })));
    }
}

#[tokio::test]
async fn program_runs_in_the_folder_and_with_the_input_of_its_preview() {
    let exec = r#"
argv = ["./say.sh", "it's {{ x }}"]
env = { GREETING = "hello {{ x }}" }
stdin = "read {{ x }}\n""#;
    let files = go(exec, "");
    let script = files.folder().join("say.sh");
    fs::write(&script, "#!/bin/sh\npwd\necho \"$1, $GREETING\"\ncat\necho aside >&2\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let commands = files.commands().await;
    let folder = files.folder().display().to_string();
    let shown = preview(&commands, "go world").unwrap();
    assert_eq!(
        shown,
        [format!(
            "Run ./say.sh: ./say.sh 'it'\\''s world'\nin {folder}\nwith GREETING set\nreading:\nread world\n"
        )]
    );
    let progress = RecordedProgress::default();
    run_with_progress(&commands, "go world", &progress).await.unwrap();
    let output = progress.output();
    for line in [&*folder, "it's world, hello world", "read world", "aside"] {
        assert!(output.lines().any(|it| it.ends_with(line)), "{output}");
    }
}

#[tokio::test]
async fn files_are_those_that_the_arguments_may_name() {
    // argv, effect -> what is among the files, below the command's folder or anywhere
    let cases = [
        (r#"["sh", "deploy.sh", "{{ x }}"]"#, "changes", vec!["deploy.sh", "a.yaml"]),
        (r#"["./deploy.sh", "--file={{ x }}"]"#, "changes", vec!["./deploy.sh", "a.yaml"]),
        (
            r#"["/opt/deploy.sh", "/etc/deploy.conf", "{{ x }}"]"#,
            "changes",
            vec!["/opt/deploy.sh", "/etc/deploy.conf", "a.yaml"],
        ),
        (r#"["./look.sh", "{{ x }}"]"#, "reads", vec!["./look.sh"]),
    ];
    for (argv, effect, expected) in cases {
        let text = format!(
            "[[command]]\nname = \"go\"\nsummary = \"Go\"\nusage = \"go <x>\"\neffect = \"{effect}\"\n[command.args.x]\n\
             [command.run.exec]\nargv = {argv}\n"
        );
        let files = files(&[("a.toml", &text)]);
        let commands = files.commands().await;
        let (action, args) = read(&commands, "go a.yaml");
        let found = action.files(&args);
        for name in &expected {
            assert!(found.contains(&files.folder().join(name)), "{argv}: {found:?}");
        }
        let is_arg = found.contains(&files.folder().join("a.yaml"));
        assert_eq!(is_arg, expected.contains(&"a.yaml"), "{argv}: {found:?}");
    }
    for (argv, env, expected) in [
        (r#"["go", "@p.txt"]"#, "", vec!["p.txt"]),
        (r#"["go", "-Ff=@p.txt"]"#, "", vec!["p.txt"]),
        (r#"["go", "--from-file=app.txt=p.txt"]"#, "", vec!["p.txt"]),
        (r#"["go", "-fp.txt"]"#, "", vec!["p.txt"]),
        (r#"["go", "--values=q.txt,p.txt"]"#, "", vec!["p.txt", "q.txt"]),
        (r#"["go", "p.txt:/etc/x"]"#, "", vec!["p.txt"]),
        (r#"["go", "file://FOLDER/p.txt"]"#, "", vec!["p.txt"]),
        (r#"["go"]"#, r#"CFG = "p.txt""#, vec!["p.txt"]),
        (r#"["go"]"#, r#"CFG = "--values=q.txt,p.txt""#, vec!["p.txt", "q.txt"]),
        (r#"["go", "p.txt,p.txt", "p.txt"]"#, "", vec!["p.txt"]),
        // What a shell, or the program itself, opens.
        (r#"["go", "-c", "cat p.txt"]"#, "", vec![]),
        (r#"["go", "{\"a\": \"b\"}", "https://p.example/q?x=1", "FOLDER", ""]"#, r#"CFG = """#, vec![]),
    ] {
        let files = go("argv = [\"true\"]", "");
        for name in ["p.txt", "q.txt"] {
            fs::write(files.folder().join(name), name).unwrap();
        }
        let folder = files.folder().display().to_string();
        let text = format!(
            "[[command]]\nname = \"go\"\nsummary = \"Go\"\n[command.run.exec]\nargv = {}\nenv = {{ {env} }}\n",
            argv.replace("FOLDER", &folder)
        );
        fs::write(files.folder().join("a.toml"), text).unwrap();
        let commands = files.commands().await;
        let (action, args) = read(&commands, "go");
        let is_here = |file: &PathBuf| file.is_file() && file.starts_with(files.folder());
        let mut found: Vec<PathBuf> = action.files(&args).into_iter().filter(is_here).collect();
        found.sort();
        let expected: Vec<PathBuf> = expected.iter().map(|name| files.folder().join(name)).collect();
        assert_eq!(found, expected, "{argv} {env}");
    }
    // Where the program is looked up, it is among the files.
    let files = go(r#"argv = ["sh", "-c", "exit 0"]"#, "");
    let commands = files.commands().await;
    let (action, args) = read(&commands, "go");
    assert!(action.files(&args).iter().any(|file| file.ends_with("sh") && file.is_file()));
}

#[tokio::test]
async fn exit_code_and_output_decide_the_outcome() {
    let cases = [
        ("exit 0", "", "ok: go: /bin/sh is done"),
        ("echo broke; exit 3", "", "failed: go failed: /bin/sh ended with exit code 3"),
        ("kill -9 $$", "", "failed: go failed: /bin/sh ended with exit code 137"),
        ("exit 3", "ok = \"exit == 3\"", "ok: "),
        ("echo fine", "ok = \"output.contains('fine')\"", "ok: "),
        ("echo '{\\\"n\\\": 2}'", "ok = \"body.n == 2\"\nsummary = \"{{ body.n }} pods\"", "ok: 2 pods"),
        ("echo text", "ok = \"body == null\"", "ok: "),
        ("echo text", "ok = \"body.n == 2\"", "unknown"),
    ];
    for (script, result, expected) in cases {
        let files = go(
            &format!("argv = [\"/bin/sh\", \"-c\", \"{script}\"]"),
            &format!("[command.result]\n{result}"),
        );
        let result = match run(&files.commands().await, "go").await {
            Ok(outcome) => format!("{}: {}", if outcome.ok { "ok" } else { "failed" }, outcome.summary),
            Err(ServiceError::Unknown { .. }) => "unknown".into(),
            Err(error) => error.to_string(),
        };
        assert!(result.starts_with(expected), "{script}: {result}");
    }
}

/// A program may have read a token where the service's own tool keeps it, and print it.
#[tokio::test]
async fn output_has_no_secrets_of_the_accounts() {
    let encoded = "czNjcjN0LVpxOXhXN3ZU";
    let scripts = [
        format!("echo {SECRET}; echo aside {SECRET} >&2; exit 1"),
        format!("printf 's3cr3t-'; printf 'Zq9xW7vT'; printf {encoded} >&2; exit 1"),
        format!("printf '%s' {SECRET} | od -An -c; exit 1"),
    ];
    for script in scripts {
        let files = go(&format!("argv = [\"/bin/sh\", \"-c\", \"{script}\"]"), "");
        let progress = RecordedProgress::default();
        let outcome = run_with_progress(&files.commands().await, "go", &progress).await.unwrap();
        let all = format!("{outcome:?}\n{}\n{:?}", progress.output(), progress.lines());
        assert!(progress.output().contains("[REDACTED]") && !outcome.ok, "{all}");
        for secret in [SECRET, "Zq9xW7vT", encoded, "Z   q   9   x"] {
            assert!(!all.contains(secret), "{script}: {all}");
        }
        let [Block::Code(shown)] = &outcome.blocks[..] else { panic!("{all}") };
        assert!(shown.contains("[REDACTED]"), "{all}");
    }
    // What templates and expressions name, and what is recorded as data.
    let json = format!(r#"{{\"token\":\"{SECRET}\",\"n\":2}}"#);
    let files = go(
        &format!("argv = [\"/bin/sh\", \"-c\", \"echo '{json}'\"]"),
        "[command.result]\nok = \"body.n == 2\"\nsummary = \"{{ body.token }} of {{ output }}\"\n\
         link = \"https://ops.example/{{ body.token }}\"",
    );
    let outcome = run(&files.commands().await, "go").await.unwrap();
    assert!(outcome.ok && outcome.summary.starts_with("[REDACTED] of"), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
    assert!(outcome.link.is_some(), "{outcome:?}");
    // Of an account that has none nothing is looked for.
    let files = go(&format!("argv = [\"echo\", \"{SECRET}\"]"), "");
    let (progress, none) = (RecordedProgress::default(), Secrets::in_memory([]));
    run_with_progress(&files.commands_with(&none).await, "go", &progress).await.unwrap();
    assert_eq!(progress.output(), format!("{SECRET}\n"));
}

#[tokio::test]
async fn missing_program_is_reported() {
    let files = go(r#"argv = ["callboard-has-no-such-program"]"#, "");
    let refused = run(&files.commands().await, "go").await.unwrap_err();
    assert!(matches!(refused, ServiceError::Rejected { .. }), "{refused:?}");
    assert!(refused.to_string().contains("callboard-has-no-such-program could not be started"), "{refused}");
}

#[tokio::test]
async fn output_is_bounded_and_its_end_kept() {
    let script = "i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done; printf %020000d 7; exit 1";
    let files = go(&format!("argv = [\"/bin/sh\", \"-c\", \"{script}\"]"), "");
    let outcome = run(&files.commands().await, "go").await.unwrap();
    let [Block::Code(shown)] = &outcome.blocks[..] else { panic!("{outcome:?}") };
    assert!(shown.chars().count() <= 2_010 && shown.ends_with('7'), "{}", shown.len());
}

/// Waits until the program has written the ids of itself and its child.
async fn ids(progress: &RecordedProgress) -> Vec<rustix::process::Pid> {
    loop {
        let ids: Vec<_> = progress.output().split_whitespace().filter_map(|id| id.parse().ok()).collect();
        if ids.len() == 2 {
            return ids.into_iter().filter_map(rustix::process::Pid::from_raw).collect();
        }
        progress.more.notified().await;
    }
}

/// True while the process is there and more than a name that nobody has asked after.
fn lives(id: rustix::process::Pid) -> bool {
    let state = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero()));
    match state {
        Ok(state) => !state.contains(") Z "),
        Err(_) if Path::new("/proc/self").exists() => false,
        Err(_) => rustix::process::test_kill_process(id).is_ok(),
    }
}

async fn gone(ids: &[rustix::process::Pid]) -> bool {
    let end = async {
        while ids.iter().any(|id| lives(*id)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), end).await.is_ok()
}

#[tokio::test]
async fn cancelled_program_ends_with_all_its_children() {
    let scripts = [
        "sleep 600 & echo $$ $!; wait",
        // Deaf to being asked.
        "trap '' TERM; sh -c 'trap : TERM; while :; do sleep 600; done' & echo $$ $!; while :; do wait; done",
    ];
    for script in scripts {
        let files = go(&format!("argv = [\"/bin/sh\", \"-c\", \"{script}\"]"), "");
        // Without secrets: an id that looks like the beginning of one would be held back.
        let commands = files.commands_with(&Secrets::in_memory([])).await;
        let progress = RecordedProgress::default();
        let ids = tokio::select! {
            ended = run_with_progress(&commands, "go", &progress) => panic!("{ended:?}"),
            ids = ids(&progress) => ids,
        };
        assert!(gone(&ids).await, "{script}");
    }
}

#[tokio::test]
async fn background_process_does_not_block_the_outcome() {
    let files = go("argv = [\"/bin/sh\", \"-c\", \"sleep 600 & echo $$ $!\"]", "");
    let progress = RecordedProgress::default();
    let commands = files.commands().await;
    let outcome =
        tokio::time::timeout(Duration::from_secs(20), run_with_progress(&commands, "go", &progress)).await;
    assert!(outcome.unwrap().unwrap().ok);
    let left = ids(&progress).await[1];
    assert!(lives(left), "a program that ended by itself may leave a service running");
    rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn program_environment_has_no_secrets() {
    let cases = [
        ("CALLBOARD_SECRET_FORGE_TOKEN", true),
        ("callboard_secret_x", true),
        ("CALLBOARD_PASSPHRASE", true),
        ("CALLBOARD_CONFIG", false),
        ("PATH", false),
    ];
    for (name, expected) in cases {
        assert_eq!(super::super::process::is_ours(OsStr::new(name)), expected, "{name}");
    }
}
