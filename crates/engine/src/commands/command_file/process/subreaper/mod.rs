//! Ends a command with every process that it started, also those that moved to a session of their own, when the run is
//! stopped and when this process ends in whatever way (SIGKILL too).
//!
//! Between this process and the command are two processes of this same program, started with [`ARGUMENT`]: an outer and an
//! inner subreaper. Processes below one that lose their parent become its children (prctl(2), PR_SET_CHILD_SUBREAPER), so
//! that none of them gets away. Their standard input is a socket whose other end only this process has: once that is
//! closed, the command is ended. The kernel closes it however this process ends. PR_SET_PDEATHSIG would not do here: it
//! comes when the *thread* that started the child ends, and the threads of a runtime come and go.
//!
//! There are two because a command can stop or kill its parent. Each ends everything where the other one cannot any more; and
//! where a run is stopped and neither does, this process finds what is left by ancestry and by the variable [`MARK`]. A
//! command that puts both out of action at once outlives only this process's own sudden death.
//!
//! A command that ends by itself may leave processes behind, as a service that it started: they are left alone.

mod descendants;
mod entry;
mod guard;
mod outer;
mod process_tree;

use std::{
    ffi::OsString,
    io,
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    process::{ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    process::{Child, ChildStderr, ChildStdout, Command},
    time::timeout,
};
use uuid::Uuid;

use self::descendants::{descendants, marked};
use super::program::{ProcessError, Program, pipes, without_secrets};

pub use self::entry::become_subreaper_if_asked;

/// The argument that makes this program a subreaper.
const ARGUMENT: &str = "__subreaper";

/// The next argument of the inner one.
const INNER: &str = "inner";
/// The variable that everything below a command inherits: which run it is of.
const MARK: &str = "CALLBOARD_RUN";
/// How long the subreapers may take to end everything: both, one after the other.
const OVERDUE: Duration = Duration::from_secs(8);
/// How often what is left is looked for: what starts more of itself all the time may be missed by one look.
const LOOKS: u32 = 50;

/// This program knows the argument: a test's does not.
static AVAILABLE: AtomicBool = AtomicBool::new(false);

/// What the subreaper runs: the first line on the socket.
#[derive(Serialize, Deserialize)]
struct Request {
    program: OsString,
    args: Vec<String>,
    cwd: OsString,
    env: Vec<(String, String)>,
    stdin: Option<String>,
}

/// What it answers, a line each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    /// It waits for its request.
    Ready,
    /// The command runs: its process id.
    Started(i32),
    /// It does not: the system's number for the reason, where there is one, and the reason.
    NotStarted(Option<i32>, String),
    /// The command has ended: its status, as wait(2) gives it.
    Ended(i32),
}

/// A command under a subreaper. Dropped before its end, it ends the command and all that it started.
pub(super) struct Watched {
    /// What [`MARK`] is for it.
    mark: String,
    subreaper: Option<Child>,
    socket: BufReader<UnixStream>,
    /// What has come of a line.
    line: Vec<u8>,
    command: Option<Pid>,
    /// How the command ended, once that is known.
    ended: Option<ExitStatus>,
}

/// A command that has begun under a subreaper. What it reads goes through that.
pub(super) struct Launched {
    pub(super) watched: Watched,
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
}

/// Starts a program under a subreaper. Gives it back where that cannot be had.
pub(super) async fn start(program: Program) -> Result<Result<Launched, ProcessError>, Program> {
    if !AVAILABLE.load(Ordering::Relaxed) {
        return Err(program);
    }
    let (mut watched, stdout, stderr) = match Watched::ready().await {
        Ok(ready) => ready,
        Err(error) => {
            tracing::warn!(%error, "no subreaper for a command: of what it starts, only its process group can be ended");
            return Err(program);
        }
    };
    Ok(watched.run(program).await.map(|()| Launched { watched, stdout, stderr }))
}

impl Watched {
    /// Starts a subreaper and waits until it listens.
    async fn ready() -> io::Result<(Self, Option<ChildStdout>, Option<ChildStderr>)> {
        let (ours, theirs) = UnixStream::pair()?;
        let theirs = theirs.into_std()?;
        // The program as it was started, even where its file has been replaced since.
        let mut command = Command::new("/proc/self/exe");
        command.arg0("callboard").arg(ARGUMENT).process_group(0);
        without_secrets(&mut command);
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.spawn();
        // It holds the other end of the socket.
        drop(command);
        let mut child = spawned?;
        let (_, stdout, stderr) = pipes(&mut child);
        let socket = BufReader::new(ours);
        let mut watched = Self {
            mark: Uuid::now_v7().to_string(),
            subreaper: Some(child),
            socket,
            line: Vec::new(),
            command: None,
            ended: None,
        };
        match watched.report().await? {
            Report::Ready => Ok((watched, stdout, stderr)),
            other => Err(io::Error::other(format!("it began with {other:?}"))),
        }
    }

    async fn run(&mut self, program: Program) -> Result<(), ProcessError> {
        let Program { program, args, cwd, mut env, stdin } = program;
        env.push((MARK.to_owned(), self.mark.clone()));
        let request = Request { program: program.into(), args, cwd: cwd.into(), env, stdin };
        let mut request =
            serde_json::to_vec(&request).map_err(|error| ProcessError::NotStarted(error.into()))?;
        request.push(b'\n');
        // Nothing begins before the whole line is there.
        self.socket.write_all(&request).await.map_err(ProcessError::NotStarted)?;
        match self.report().await.map_err(ProcessError::Lost)? {
            Report::Started(id) => {
                self.command = Pid::from_raw(id);
                Ok(())
            }
            Report::NotStarted(number, why) => {
                let error = number.map_or_else(|| io::Error::other(why), io::Error::from_raw_os_error);
                Err(ProcessError::NotStarted(error))
            }
            other => {
                Err(ProcessError::Lost(io::Error::other(format!("the subreaper answered with {other:?}"))))
            }
        }
    }

    /// Waits for the end of the command. May be given up and begun again.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = match self.ended {
            Some(status) => status,
            None => self.end().await?,
        };
        self.ended = Some(status);
        if let Some(subreaper) = &mut self.subreaper
            && timeout(OVERDUE, subreaper.wait()).await.is_err()
        {
            // What the command left behind has stopped it.
            subreaper.kill().await?;
        }
        Ok(status)
    }

    async fn end(&mut self) -> io::Result<ExitStatus> {
        let report = self.report().await;
        if report.is_err()
            && let Some(command) = self.command
        {
            // Nobody else is there to do it.
            let _ = kill_process_group(command, Signal::KILL);
        }
        match report? {
            Report::Ended(status) => Ok(ExitStatus::from_raw(status)),
            other => Err(io::Error::other(format!("the subreaper answered with {other:?}"))),
        }
    }

    /// The next report. What has come of it is kept where this is given up.
    async fn report(&mut self) -> io::Result<Report> {
        self.socket.read_until(b'\n', &mut self.line).await?;
        if !self.line.ends_with(b"\n") {
            return Err(io::Error::other("the process that watched over it ended"));
        }
        let report = serde_json::from_slice(&self.line);
        self.line.clear();
        Ok(report?)
    }
}

impl Drop for Watched {
    /// Closes the socket, which ends the command, and has the subreaper waited for, so that nothing of it stays. Where that
    /// is late, or is gone itself, what is left is ended here.
    fn drop(&mut self) {
        let Some(mut subreaper) = self.subreaper.take().filter(|child| child.id().is_some()) else { return };
        let variable = format!("{MARK}={}", self.mark);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let is_late = timeout(OVERDUE, subreaper.wait()).await.is_err();
                let top =
                    subreaper.id().filter(|_| is_late).and_then(|id| Pid::from_raw(id.try_into().ok()?));
                let sweep = move || (0..LOOKS).any(|_| !kill_left(top, variable.as_bytes()));
                if let Ok(false) = tokio::task::spawn_blocking(sweep).await {
                    tracing::warn!("some of what a command started could not be ended");
                }
                drop(subreaper.wait().await);
            });
        }
    }
}

/// Ends everything below a process, that process, and whatever has the variable in its environment. False where there was
/// nothing to end.
fn kill_left(top: Option<Pid>, variable: &[u8]) -> bool {
    let below = top.map(|top| descendants(top).unwrap_or_default().into_iter().chain([top]));
    let mut found: Vec<Pid> = below.into_iter().flatten().collect();
    found.extend(marked(variable).unwrap_or_default());
    // The last ones first would give the first ones time to start more. A stopped process ends, too.
    found.into_iter().filter(|id| kill_process(*id, Signal::KILL).is_ok()).count() > 0
}
