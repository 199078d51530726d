//! What is below a subreaper: it is waited for, and ended with all that comes from it.

use std::{
    io::{self, Write},
    os::unix::process::CommandExt,
    process::{ChildStdin, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, wait,
    },
};
use tokio::{
    signal::unix::{Signal as Signals, SignalKind, signal},
    time::{Instant, sleep_until},
};

use super::{super::program::GRACE, Request, descendants::descendants};

/// How soon it looks again whether something is left; it doubles up to the longest.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOK_AGAIN_AT_MOST: Duration = Duration::from_secs(1);
/// It goes once it has found nothing for so long that it can end: what runs as another user is not ours to end.
const GIVE_UP: Duration = Duration::from_secs(2);

/// What wakes a subreaper.
pub(super) struct WakeSignals {
    pub(super) children: Signals,
    terminated: Signals,
    interrupted: Signals,
    hung_up: Signals,
}

impl WakeSignals {
    /// To be called before there is a child. From then on what is below and loses its parent becomes a child; where the
    /// system refuses that, it is found as long as its parents are there.
    pub(super) fn register() -> io::Result<Self> {
        let _ = set_child_subreaper(Some(getpid()));
        Ok(Self {
            children: signal(SignalKind::child())?,
            terminated: signal(SignalKind::terminate())?,
            interrupted: signal(SignalKind::interrupt())?,
            hung_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until something is up with a child (true), or until it is to end (false).
    pub(super) async fn next(&mut self) -> bool {
        tokio::select! {
            biased;
            _ = self.children.recv() => true,
            _ = self.terminated.recv() => false,
            _ = self.interrupted.recv() => false,
            _ = self.hung_up.recv() => false,
        }
    }
}

/// A child and everything that comes from it.
pub(super) struct ProcessTree {
    /// The command; for the outer subreaper, the inner one.
    pub(super) command: Pid,
    /// How it ended, as wait(2) gives it.
    pub(super) status: Option<i32>,
}

impl ProcessTree {
    /// Starts a command. What it reads is written by a thread.
    pub(super) fn start(request: Request) -> io::Result<Self> {
        let Request { program, args, cwd, env, stdin } = request;
        let mut command = Command::new(program);
        command.args(args).current_dir(cwd).envs(env).process_group(0);
        // Its output is ours. Its input never is: that is the socket.
        command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        // A program may read late, or not at all: a thread waits for it. It is there before the program is, as nothing may
        // fail after that.
        let (give, taken) = mpsc::channel::<ChildStdin>();
        if let Some(text) = stdin {
            let feed = move || drop(taken.recv().map(|mut pipe| pipe.write_all(text.as_bytes())));
            thread::Builder::new().spawn(feed)?;
        }
        let mut child = command.spawn()?;
        if let Some(pipe) = child.stdin.take() {
            let _ = give.send(pipe);
        }
        Ok(Self { command: Pid::from_child(&child), status: None })
    }

    /// Takes leave of the children that have ended. True where none is left: as every process below that has lost its
    /// parent becomes a child, nothing is left then.
    pub(super) fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((id, status))) if id == self.command => self.status = Some(status.as_raw()),
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Asks everything to end, and ends it after [`GRACE`], again and again until nothing is left.
    pub(super) async fn end(&mut self, children: &mut Signals) {
        self.signal(Signal::TERM);
        let grace_ends = Instant::now() + GRACE;
        while !self.reap() {
            tokio::select! {
                _ = children.recv() => {}
                () = sleep_until(grace_ends) => break,
            }
        }
        let (mut found_at, mut pause) = (Instant::now(), LOOK_AGAIN);
        while !self.reap() {
            let now = Instant::now();
            if self.signal(Signal::KILL) {
                found_at = now;
            } else if now.duration_since(found_at) > GIVE_UP {
                return;
            }
            tokio::select! {
                _ = children.recv() => pause = LOOK_AGAIN,
                () = sleep_until(now + pause) => pause = (pause * 2).min(LOOK_AGAIN_AT_MOST),
            }
        }
    }

    /// Sends a signal to everything below. False where there was nothing that could take it.
    fn signal(&self, signal: Signal) -> bool {
        let found = descendants(getpid());
        // The group at once, so that nothing in it has the time to start more. Its number is its own until the command is
        // taken leave of; later only where `/proc` cannot be read and nothing else is known.
        let in_group =
            (self.status.is_none() || found.is_err()) && kill_process_group(self.command, signal).is_ok();
        let mut taken = in_group && found.is_err();
        for id in found.unwrap_or_default() {
            taken |= kill_process(id, signal).is_ok();
        }
        taken
    }
}
