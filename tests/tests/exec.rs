//! Programs that commands run: passed on as they end, and ended with everything that they started.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use callboard_tests::{Callboard, PATIENCE, signal, wait_until};
use serde_json::Value;

/// The variable by which a test recognises its own processes, whatever session they moved to.
const MARK: &str = "CALLBOARD_TEST_MARK";

/// Callboard with a command `go` that runs this script, and processes that carry the mark of it.
struct Scene {
    callboard: Callboard,
    mark: String,
}

impl Scene {
    fn new(script: &str, keys: &str) -> Result<Scene> {
        let callboard = Callboard::new("[secrets]\nstore = \"env\"\n[commands]\ndirs = [\"commands\"]\n")?
            .env([("CALLBOARD_SECRET_FORGE_TOKEN", "t0ken"), ("CALLBOARD_PASSPHRASE", "hush")]);
        let mark = callboard.folder().display().to_string();
        let folder = callboard.folder().join("commands");
        fs::create_dir(&folder)?;
        fs::write(folder.join("go.sh"), script)?;
        let command = format!(
            "[[command]]\nname = \"go\"\nsummary = \"Go\"\n{keys}\n\
             [command.run.exec]\nargv = [\"/bin/sh\", \"go.sh\"]\nenv = {{ {MARK} = \"{mark}\" }}\n\
             stdin = \"first line\\nlast line\\n\"\n"
        );
        fs::write(folder.join("go.toml"), command)?;
        Ok(Scene { callboard, mark })
    }

    /// Runs it, in the background of the test.
    fn start(&self) -> Result<Child> {
        let mut command = self.callboard.command(&["run", "go", "--private"]);
        Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    /// The last run.
    fn run(&self) -> Result<Value> {
        let runs = self.callboard.json(&["runs"])?;
        runs.first().and_then(|runs| runs.get(0)).cloned().context("there is a run")
    }

    /// The living processes that carry the mark. Those that have ended have no environment any more.
    fn living(&self) -> BTreeSet<u32> {
        let marked = format!("{MARK}={}", self.mark);
        processes()
            .filter(|id| {
                let environ = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
                environ.split(|byte| *byte == 0).any(|variable| variable == marked.as_bytes())
            })
            .collect()
    }

    fn begun(&self, count: usize) -> Result<()> {
        // Forking programs have a new process at every moment, so their own lines are counted.
        wait_until("its processes", PATIENCE, || {
            let lines =
                fs::read_to_string(self.callboard.folder().join("commands/begun")).unwrap_or_default();
            (lines.lines().count() >= count).then_some(())
        })
    }

    fn all_gone(&self) -> Result<()> {
        let mut none = 0;
        wait_until("everything to be gone", PATIENCE, || {
            // One look can miss a program that forks from process to process.
            none = if self.living().is_empty() { none + 1 } else { 0 };
            (none == 20).then_some(())
        })
        .with_context(|| format!("left: {:?}", self.living()))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for id in self.living() {
            let _ = signal(id, "KILL");
        }
    }
}

fn processes() -> impl Iterator<Item = u32> {
    let found = fs::read_dir("/proc").into_iter().flatten().flatten();
    found.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The children of a process, also those that have ended and that nobody has waited for.
fn children(parent: u32) -> Vec<u32> {
    let parent_of = |id: &u32| {
        let stat = fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    processes().filter(|id| parent_of(id) == Some(parent)).collect()
}

/// Programs that do not end by themselves, with how many processes write that they have begun.
const STUBBORN: [(&str, &str, usize); 5] = [
    ("a session of its own", "setsid sh -c 'echo >> begun; sleep 1000' & echo >> begun; wait", 2),
    (
        "forked twice",
        "setsid sh -c 'setsid sh -c \"echo >> begun; sleep 1000\" & exit' & echo >> begun; sleep 1000",
        2,
    ),
    (
        "ignores being asked",
        "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo >> begun; while :; do sleep 1; done' &
         echo >> begun; while :; do sleep 1; done",
        2,
    ),
    (
        "forks for ever, each in a session of its own",
        "cat > chain.sh <<'END'\necho >> begun\nsleep 0.1\nsetsid sh chain.sh &\nEND\nsh chain.sh; sleep 1000",
        3,
    ),
    (
        "closes everything",
        "setsid sh -c 'exec </dev/null >/dev/null 2>&1; cd /; sleep 1000' & exec >/dev/null 2>&1; echo >> begun; wait",
        1,
    ),
];

#[test]
fn canceled_program_ends_with_everything_that_it_started() -> Result<()> {
    for (what, script, count) in STUBBORN {
        let scene = Scene::new(script, "")?;
        let serving = scene.callboard.serve()?;
        let mut client = scene.start()?;
        scene.begun(count).context(what)?;
        let id = scene.run()?["id"].as_str().context("its id")?.to_owned();
        scene.callboard.json(&["cancel", &id])?;
        scene.all_gone().context(what)?;
        client.wait()?;
        wait_until("no child, living or dead", PATIENCE, || children(serving.id()).is_empty().then_some(()))
            .with_context(|| format!("{what}: {:?}", children(serving.id())))?;
        ensure!(scene.run()?["state"]["state"] == "unknown", "{what}: {}", scene.run()?);
        ensure!(serving.stop()?.success());
    }
    Ok(())
}

#[test]
fn timed_out_program_ends_with_everything_that_it_started() -> Result<()> {
    let (what, script, count) = STUBBORN[1];
    let scene = Scene::new(script, "timeout = \"3s\"")?;
    let serving = scene.callboard.serve()?;
    let mut client = scene.start()?;
    scene.begun(count).context(what)?;
    client.wait()?;
    scene.all_gone().context(what)?;
    ensure!(scene.run()?["state"]["state"] == "unknown", "{}", scene.run()?);
    ensure!(serving.stop()?.success());
    Ok(())
}

#[test]
fn killed_daemon_ends_its_programs() -> Result<()> {
    for (what, script, count) in STUBBORN {
        let scene = Scene::new(script, "")?;
        let serving = scene.callboard.serve()?;
        let mut client = scene.start()?;
        scene.begun(count).context(what)?;
        serving.kill()?;
        scene.all_gone().context(what)?;
        client.wait()?;
        ensure!(scene.run()?["state"]["state"] == "unknown", "{what}: {}", scene.run()?);
    }
    Ok(())
}

#[test]
fn killed_or_stopped_command_line_ends_its_programs() -> Result<()> {
    for name in ["KILL", "TERM", "INT"] {
        let (what, script, count) = STUBBORN[0];
        let scene = Scene::new(script, "")?;
        let mut alone = scene.start()?;
        scene.begun(count).context(what)?;
        signal(alone.id(), name)?;
        scene.all_gone().with_context(|| format!("{what}, {name}"))?;
        alone.wait()?;
    }
    Ok(())
}

#[test]
fn killed_watcher_makes_the_outcome_unknown_and_not_a_success() -> Result<()> {
    let scene = Scene::new("echo >> begun; sleep 1000", "")?;
    let serving = scene.callboard.serve()?;
    let mut client = scene.start()?;
    scene.begun(1)?;
    for child in children(serving.id()) {
        signal(child, "KILL")?;
    }
    client.wait()?;
    scene.all_gone()?;
    let run = scene.run()?;
    ensure!(run["state"]["state"] == "unknown", "{run}");
    ensure!(serving.stop()?.success());
    Ok(())
}

/// Signals of a command to the processes that watch it: to its parent, to that one's parent, or to both.
const PARENTS: [(&str, &str); 4] = [
    ("its parent", "$PPID"),
    ("the parent's parent", "$(ps -o ppid= -p $PPID)"),
    ("both", "$PPID $(ps -o ppid= -p $PPID)"),
    ("nobody", ""),
];

fn attack_script(signal: &str, targets: &str) -> String {
    format!(
        "setsid sh -c 'echo >> begun; sleep 1000' & [ -z \"{targets}\" ] || kill -{signal} {targets}\n\
         echo >> begun; sleep 1000"
    )
}

#[test]
fn canceled_program_ends_whatever_it_did_to_its_watchers() -> Result<()> {
    for signal in ["STOP", "KILL"] {
        for (what, targets) in PARENTS {
            let scene = Scene::new(&attack_script(signal, targets), "")?;
            let serving = scene.callboard.serve()?;
            let mut client = scene.start()?;
            let what = format!("{signal} to {what}");
            // A program whose watcher is gone is ended at once, perhaps before it writes.
            wait_until("its run", PATIENCE, || scene.run().ok())?;
            let id = scene.run()?["id"].as_str().context("its id")?.to_owned();
            if targets.is_empty() {
                scene.begun(2).context(what.clone())?;
            }
            // It may have ended already.
            let _ = scene.callboard.json(&["cancel", &id]);
            client.wait()?;
            scene.all_gone().context(what.clone())?;
            wait_until("no child, living or dead", PATIENCE, || {
                children(serving.id()).is_empty().then_some(())
            })
            .with_context(|| format!("{what}: {:?}", children(serving.id())))?;
            ensure!(scene.run()?["state"]["state"] == "unknown", "{what}: {}", scene.run()?);
            ensure!(serving.stop()?.success());
        }
    }
    Ok(())
}

#[test]
fn killed_daemon_ends_a_program_whatever_it_did_to_one_watcher() -> Result<()> {
    for signal in ["STOP", "KILL"] {
        for (what, targets) in &PARENTS[..2] {
            let scene = Scene::new(&attack_script(signal, targets), "")?;
            let serving = scene.callboard.serve()?;
            let mut client = scene.start()?;
            wait_until("its run", PATIENCE, || scene.run().ok())?;
            serving.kill()?;
            client.wait()?;
            scene.all_gone().with_context(|| format!("{signal} to {what}"))?;
        }
    }
    Ok(())
}

#[test]
fn processes_left_behind_by_a_program_that_ended_are_left_alone() -> Result<()> {
    let scene = Scene::new("setsid sleep 1000 & sleep 1000 & echo done", "")?;
    let serving = scene.callboard.serve()?;
    ensure!(scene.start()?.wait()?.success());
    wait_until("no child, living or dead", PATIENCE, || children(serving.id()).is_empty().then_some(()))?;
    ensure!(scene.living().len() == 2, "a service that it started goes on: {:?}", scene.living());
    ensure!(serving.stop()?.success());
    ensure!(scene.living().len() == 2, "also without Callboard: {:?}", scene.living());
    Ok(())
}

#[test]
fn end_of_a_program_is_passed_on() -> Result<()> {
    // script -> exit code of the program, as shells have it
    let cases = [
        ("exit 0", 0),
        ("exit 3", 3),
        ("exit 255", 255),
        ("kill -SEGV $$", 139),
        ("kill -KILL $$", 137),
        ("kill -TERM $$", 143),
        // A process that has moved away blocks nothing.
        ("setsid sleep 1000 & exit 4", 4),
    ];
    for (script, expected) in cases {
        let scene = Scene::new(script, "[command.result]\nok = \"true\"\nsummary = \"exit {{ exit }}\"")?;
        let ended = scene.callboard.cmd(&["run", "go", "--private"])?;
        ensure!(ended.code == Some(0), "{script}: {ended:?}");
        ensure!(ended.stdout.contains(&format!("exit {expected}\n")), "{script}: {ended:?}");
    }
    Ok(())
}

#[test]
fn program_gets_its_own_input_and_none_of_ours() -> Result<()> {
    let script =
        "cat; pwd; env | grep -c -e CALLBOARD_SECRET -e CALLBOARD_PASSPHRASE; ls -l /proc/self/fd; exit 1";
    let scene = Scene::new(script, "")?;
    let ended = scene.callboard.cmd(&["run", "go", "--private"])?;
    let all = format!("{}{}", ended.stdout, ended.stderr);
    let folder = scene.callboard.folder().join("commands");
    for line in ["first line", "last line", &*folder.display().to_string(), "0"] {
        ensure!(all.lines().any(|it| it.trim() == line), "{line}: {all}");
    }
    // The parent of the test may leave inheritable sockets open.
    let theirs = Command::new("ls").args(["-l", "/proc/self/fd"]).output()?;
    let theirs = String::from_utf8(theirs.stdout)?;
    let sockets = |listed: &str| -> BTreeSet<String> {
        let targets = listed.lines().filter_map(|line| Some(line.split_once(" -> ")?.1.trim().to_owned()));
        targets.filter(|target| target.starts_with("socket:")).collect()
    };
    ensure!(all.contains(" -> pipe:") && sockets(&all).is_subset(&sockets(&theirs)), "{all}");
    Ok(())
}

#[test]
fn program_that_cannot_be_started_is_refused_with_the_systems_reason() -> Result<()> {
    let scene = Scene::new("exit 0", "")?;
    let file = scene.callboard.folder().join("commands/go.toml");
    let text = fs::read_to_string(&file)?;
    let cases = [
        ("[\"no-such-program\"]", "No such file"),
        ("[\"./go.sh\"]", "Permission denied"),
        ("[\"/bin/sh\", \"x\"]\ncwd = \"nowhere\"", "No such file"),
    ];
    for (argv, why) in cases {
        fs::write(&file, text.replace("[\"/bin/sh\", \"go.sh\"]", argv))?;
        let refused = scene.callboard.cmd(&["run", "go", "--private"])?;
        let all = format!("{}{}", refused.stdout, refused.stderr);
        ensure!(refused.code == Some(1) && all.contains("could not be started"), "{argv}: {refused:?}");
        ensure!(all.contains(why), "{argv}: {all}");
        // Its name is written as it is.
        ensure!(!argv.contains("no-such") || all.contains("✗ no-such-program could not"), "{argv}: {all}");
    }
    Ok(())
}
