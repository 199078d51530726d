//! Commands of a team's own files.

use anyhow::{Context, Result};
use callboard_tests::{Callboard, Emulator};
use serde_json::Value;

use crate::{REPO, callboard, only_message, run, team};

/// A team's own command: it acts on a service, and names the channel that it posts to.
const TEAM_COMMAND: &str = r#"
[[command]]
name = "deploy"
summary = "Deploy an app to an environment"
usage = "deploy <app> to <env>"
[command.args.app]
summary = "the app"
[command.args.env]
summary = "where"
choices = ["staging", "production"]
[command.run.http]
account = "forge"
method = "POST"
path = "/repos/acme/web/issues/1/comments"
json = { body = "deploy {{ app }} to {{ env }}" }
[command.policy]
confirm = "env == 'production' ? 'type:env' : 'none'"
post = "deploys"
[[command]]
name = "tell env"
summary = "Print the environment"
[command.run.exec]
argv = ["env"]
"#;

#[test]
fn teams_own_command_is_confirmed_posted_to_its_channel_and_sees_no_secret() -> Result<()> {
    let emulator = Emulator::start()?;
    emulator.open_pull(REPO, "cart", "Add the cart")?;
    let callboard = callboard(&team(&emulator, "[commands]\ndirs = [\"commands\"]\n"))?;
    let folder = callboard.folder().join("commands");
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join("team.toml"), TEAM_COMMAND)?;
    let comments = || {
        let path = format!("/repos/{REPO}/issues/1/comments");
        let comments = emulator.github(Emulator::ADMIN, "GET", &path, None)?;
        anyhow::Ok(comments.as_array().map_or(0, Vec::len))
    };

    let asks = run(&callboard, 3, &["deploy api to production"])?;
    assert!(asks.stderr.contains("must be confirmed: type production"), "{asks:?}");
    let shown = run(&callboard, 0, &["--dry-run", "deploy api to staging"])?;
    assert!(shown.stdout.contains("deploy api to staging") && shown.stdout.contains("POST "), "{shown:?}");
    assert!(!format!("{shown:?}").contains(Emulator::ADMIN), "the token is masked: {shown:?}");
    assert_eq!(comments()?, 0);

    // The program's flags may follow the command's words.
    run(&callboard, 0, &["deploy", "api", "to", "production", "--yes"])?;
    assert_eq!(comments()?, 1);
    let shown = run(&callboard, 0, &["deploy", "api", "--dry-run", "to", "production"])?;
    assert!(shown.stdout.contains("nothing was sent"), "{shown:?}");
    only_message(&emulator, "deploys")?;
    run(&callboard, 0, &["--channel", "chat:#random", "deploy api to staging"])?;
    only_message(&emulator, "random")?;
    assert_eq!(emulator.messages("deploys")?.len(), 1);

    let env = run(&callboard, 0, &["--private", "tell env"])?;
    assert!(env.stdout.contains("PATH="), "{env:?}");
    for secret in [Emulator::ADMIN, Emulator::BOT, "CALLBOARD_SECRET"] {
        assert!(!env.stdout.contains(secret), "a program is not given {secret}: {env:?}");
    }
    Ok(())
}

#[test]
fn program_flags_may_follow_a_commands_words() -> Result<()> {
    let command = "[[command]]\nname = \"say\"\nsummary = \"Say it\"\nusage = \"say <what>\"\n[command.args.what]\n\
                   [command.args.quiet]\ntype = \"bool\"\n\
                   [command.run.exec]\nargv = [\"echo\", \"{{ what }}\", \"quiet: {{ quiet }}\"]\n";
    let callboard = Callboard::new("[commands]\ndirs = [\"ops\"]\n")?;
    std::fs::create_dir(callboard.folder().join("ops"))?;
    std::fs::write(callboard.folder().join("ops/say.toml"), command)?;
    let output = run(&callboard, 0, &["say", "hello", "--json"])?;
    let printed: Value = serde_json::from_str(output.stdout.lines().last().context("a line")?)?;
    assert_eq!(printed["run"]["line"], "say hello", "{output:?}");
    assert_eq!(printed["run"]["state"]["state"], "done", "{output:?}");
    let output = run(&callboard, 0, &["--dry-run", "say", "hello", "--quiet", "--json"])?;
    let printed: Value = serde_json::from_str(&output.stdout)?;
    assert_eq!(
        printed["line"], "say what=hello quiet=true",
        "what the command declares is its own: {output:?}"
    );
    let output = run(&callboard, 2, &["say", "--json", "hello", "--nothing"])?;
    let refused: Value = serde_json::from_str(&output.stdout)?;
    assert!(refused.to_string().contains("--nothing"), "errors are JSON too: {output:?}");
    Ok(())
}

#[test]
fn commands_that_are_left_out_are_named_with_the_reason() -> Result<()> {
    let none = Callboard::new("")?.cmd(&["commands"])?;
    assert!(none.stdout.contains("There are no commands yet"), "{none:?}");
    assert!(!none.stderr.contains("Left out"), "{none:?}");
    // how many files are in the folder, which is itself a file where that is nothing -> why none of them can be run
    for (files, expected) in [(None, "/ops: "), (Some(501), "there are more than 500 command files")] {
        let callboard = Callboard::new("[commands]\ndirs = [\"ops\"]\n")?;
        let folder = callboard.folder().join("ops");
        match files {
            None => std::fs::write(&folder, "")?,
            Some(files) => {
                std::fs::create_dir(&folder)?;
                for nth in 0..files {
                    std::fs::write(folder.join(format!("{nth}.toml")), "")?;
                }
            }
        }
        let listed = callboard.cmd(&["commands"])?;
        assert!(!listed.stdout.contains("There are no commands yet"), "{listed:?}");
        assert!(listed.stderr.contains("Left out") && listed.stderr.contains(expected), "{listed:?}");
        let refused = run(&callboard, 2, &["hi"])?;
        assert!(refused.stderr.contains(expected), "{refused:?}");
    }
    Ok(())
}
