//! Runs that a daemon does for a command line.

use std::{
    process::Stdio,
    sync::{Arc, Mutex, mpsc},
};

use anyhow::{Context, Result};
use callboard_tests::{Answer, Emulator, PATIENCE, wait_until};

use crate::{callboard, forge, only_forge, team};

#[test]
fn run_through_the_daemon_is_canceled_by_another_command_line() -> Result<()> {
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Arc::new(Mutex::new(blocked));
    let forge = forge(move || {
        // Until the test ends.
        let _ = blocked.lock().map(|blocked| blocked.recv());
        Answer::nothing()
    })?;
    let emulator = Emulator::start()?;
    let callboard = callboard(&team(&emulator, "").replace(emulator.github_url(), forge.url()))?;
    let serving = callboard.serve()?;
    let mut command = callboard.command(&["run", "pr comment acme/web#1 hello"]);
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let under_way = wait_until("the message", PATIENCE, || {
        emulator.messages("general").ok().filter(|messages| !messages.is_empty())
    })?;
    let runs = callboard.json(&["runs"])?;
    assert_eq!(runs[0][0]["state"]["state"], "running", "{runs:#?}");
    let id = runs[0][0]["id"].as_str().context("a run has an id")?;

    assert_eq!(callboard.cmd(&["cancel", id])?.code, Some(0));
    let status = wait_until("the run to end", PATIENCE, || running.try_wait().transpose())??;
    assert_eq!(status.code(), Some(5), "it was in the middle of a write");
    let runs = callboard.json(&["runs"])?;
    assert_eq!(runs[0][0]["state"]["state"], "unknown", "{runs:#?}");
    let edited = wait_until("the message to be edited", PATIENCE, || {
        emulator.messages("general").ok().filter(|messages| messages[0]["edited"].is_object())
    })?;
    assert_eq!(edited.len(), 1, "{edited:#?}");
    assert_eq!(edited[0]["ts"], under_way[0]["ts"]);
    assert!(edited[0]["text"].to_string().contains("We do not know whether"), "{edited:#?}");
    drop(release);
    assert!(serving.stop()?.success());
    Ok(())
}

/// However the daemon ends, a run that it had begun for a command line may have happened.
#[test]
fn run_whose_daemon_ends_in_the_middle_of_it_is_unknown() -> Result<()> {
    for killed in [false, true] {
        let (release, blocked) = mpsc::channel::<()>();
        let blocked = Arc::new(Mutex::new(blocked));
        let forge = forge(move || {
            let _ = blocked.lock().map(|blocked| blocked.recv());
            Answer::nothing()
        })?;
        let callboard = only_forge(forge.url())?;
        let serving = callboard.serve()?;
        let log = callboard.folder().join("run.log");
        let mut command = callboard.command(&["run", "pr comment acme/web#1 hello"]);
        let mut running = command.stdout(Stdio::null()).stderr(std::fs::File::create(&log)?).spawn()?;
        wait_until("the comment", PATIENCE, || {
            forge.requests().iter().any(|it| it.method == "POST").then_some(())
        })?;
        if killed {
            serving.kill()?;
        } else {
            serving.stop()?;
        }
        let status = wait_until("the command line to end", PATIENCE, || running.try_wait().transpose())??;
        let log = std::fs::read_to_string(log)?;
        assert_eq!(status.code(), Some(5), "killed: {killed}: {log}");
        if killed {
            assert!(log.contains("it may have happened, see `callboard runs`"), "{log}");
        }
        let runs = callboard.json(&["runs"])?;
        assert_eq!(runs[0][0]["state"]["state"], "unknown", "{runs:#?}");
        drop(release);
    }
    Ok(())
}
