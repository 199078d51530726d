//! The inner subreaper: a process that starts one command, waits for it, and ends all that is below it when it is to.

use std::{
    ffi::OsStr,
    io::{self, Write},
    os::{fd::AsFd, unix::net::UnixStream as StdSocket, unix::process::CommandExt},
    process::{ChildStdin, Command, ExitCode, Stdio},
    sync::{atomic::Ordering, mpsc},
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitOptions, getpid, getppid, kill_process, kill_process_group, set_child_subreaper,
        set_parent_process_death_signal, wait,
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    signal::unix::{Signal as Signals, SignalKind, signal},
    time::{Instant, sleep_until},
};

use super::{super::GRACE, ARGUMENT, AVAILABLE, INNER, Report, Request, descendants::descendants, outer};

/// How soon it looks again whether something is left; it doubles up to the longest.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOK_AGAIN_AT_MOST: Duration = Duration::from_secs(1);
/// It goes once it has found nothing for so long that it can end: what runs as another user is not ours to end.
const GIVE_UP: Duration = Duration::from_secs(2);

/// Where this process was started to be the subreaper of a command, it is that to its end, and this gives its exit code. Comes
/// first in `main`: the subreaper reads no argument, no variable and no file. Otherwise commands get subreapers from now on.
pub fn become_subreaper_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    if args.next().as_deref() != Some(OsStr::new(ARGUMENT)) {
        AVAILABLE.store(true, Ordering::Relaxed);
        return None;
    }
    let is_inner = args.next().as_deref() == Some(OsStr::new(INNER));
    Some(match be_subreaper(is_inner) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{ARGUMENT} is for Callboard's own use: {error}");
            ExitCode::from(2)
        }
    })
}

fn be_subreaper(is_inner: bool) -> io::Result<()> {
    let socket = StdSocket::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Fails where it is none.
    socket.peer_addr()?;
    socket.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if is_inner { runtime.block_on(guard(socket)) } else { runtime.block_on(outer::guard(socket)) }
}

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

async fn guard(socket: StdSocket) -> io::Result<()> {
    let mut wakes = WakeSignals::register()?;
    // The outer one may be killed. It has one thread, so its death is not mistaken for a thread's.
    let outer = getppid();
    set_parent_process_death_signal(Some(Signal::TERM))?;
    let ended = watch(socket, &mut wakes).await;
    // And it may have been stopped.
    if let Some(outer) = outer.filter(|_| getppid() == outer) {
        let _ = kill_process(outer, Signal::CONT);
    }
    ended
}

async fn watch(socket: StdSocket, wakes: &mut WakeSignals) -> io::Result<()> {
    let mut socket = BufReader::new(UnixStream::from_std(socket)?);
    report(&mut socket, &Report::Ready).await?;
    let mut line = Vec::new();
    socket.read_until(b'\n', &mut line).await?;
    if !line.ends_with(b"\n") {
        // Nobody wants it any more.
        return Ok(());
    }
    let mut family = match ProcessTree::start(serde_json::from_slice(&line)?) {
        Ok(family) => family,
        Err(error) => {
            let not_started = Report::NotStarted(error.raw_os_error(), error.to_string());
            return report(&mut socket, &not_started).await;
        }
    };
    let command = family.command.as_raw_nonzero().get();
    // Where it is not wanted any more, the socket says so below.
    let _ = report(&mut socket, &Report::Started(command)).await;
    let mut rest = Vec::new();
    loop {
        let is_child = tokio::select! {
            biased;
            is_child = wakes.next() => is_child,
            // The other end says nothing more: it is closed.
            _ = socket.read_until(b'\n', &mut rest) => false,
        };
        if !is_child {
            // How it would have ended nobody knows.
            family.end(&mut wakes.children).await;
            return Ok(());
        }
        family.reap();
        if let Some(status) = family.status {
            // Nobody may be there to read it.
            return report(&mut socket, &Report::Ended(status)).await.or(Ok(()));
        }
    }
}

async fn report(socket: &mut BufReader<UnixStream>, report: &Report) -> io::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    socket.write_all(&line).await
}

/// A child and everything that comes from it.
pub(super) struct ProcessTree {
    /// The command; for the outer subreaper, the inner one.
    pub(super) command: Pid,
    /// How it ended, as wait(2) gives it.
    pub(super) status: Option<i32>,
}

impl ProcessTree {
    fn start(request: Request) -> io::Result<Self> {
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
