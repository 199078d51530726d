//! A program under way: its output as it comes, and its end with all that it started.

mod group;
mod program;
#[cfg(target_os = "linux")]
pub(super) mod subreaper;
mod written;

use std::{
    io,
    process::{ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use callboard_connectors::http::Redactor;
use callboard_domain::action::Progress;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader},
    process::{ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use self::{
    program::{pipes, without_secrets},
    written::{Stream, Written},
};

pub(super) use self::program::{ProcessError, Program, is_ours};

/// The longest line that is passed on whole, in bytes.
const LINE: usize = 8 << 10;
/// How much of what has come is passed on at once at most, in bytes: the more, the less often secrets are searched for.
const AT_ONCE: usize = 32 << 10;
/// How long what is left in the pipes is read once the program has ended: what it started may hold them open for ever.
const LEFT_OVER: Duration = Duration::from_millis(500);

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code; 128 and the signal's number where a signal ended it, as shells have it.
    pub(super) exit: i32,
    /// Its whole standard output, without secrets; none where it was more than is kept.
    pub(super) data: Option<String>,
    /// The end of all that it wrote, in the order in which it came, without secrets.
    pub(super) output: String,
}

/// Runs a program to its end, and takes the secrets of `redactor` out of all that it writes. Dropped before that, it stops the
/// program and everything that the program started; on Linux also what moved to another session, and also where this process
/// is killed.
pub(super) async fn run(
    program: Program,
    redactor: &Redactor,
    progress: &dyn Progress,
) -> Result<Ended, ProcessError> {
    let Started { mut running, stdin: pipe, stdout, stderr, text } = start(program).await?;
    let written = Mutex::new(Written::new(redactor));
    let lock = || written.lock().unwrap_or_else(PoisonError::into_inner);
    let pass_on = |piece: &str, stream: Stream| {
        let clean = lock().add(piece, stream);
        if !clean.is_empty() {
            progress.output(&clean);
        }
    };
    let feed = async {
        if let (Some(mut pipe), Some(text)) = (pipe, text) {
            // A program may end, or close its input, before it has read everything.
            let _ = pipe.write_all(text.as_bytes()).await;
        }
    };
    let talk = async {
        let stdout = follow(stdout, |piece| pass_on(piece, Stream::Stdout));
        let stderr = follow(stderr, |piece| pass_on(piece, Stream::Stderr));
        tokio::join!(feed, stdout, stderr)
    };
    let status = {
        tokio::pin!(talk);
        tokio::select! {
            status = running.wait() => {
                lock().program_has_ended();
                let _ = timeout(LEFT_OVER, talk).await;
                status
            }
            _ = &mut talk => running.wait().await,
        }
    };
    let mut written = written.into_inner().unwrap_or_else(PoisonError::into_inner);
    let rest = written.end();
    if !rest.is_empty() {
        progress.output(&rest);
    }
    let exit = exit_code(status.map_err(ProcessError::Lost)?);
    let (data, output) = written.whole(redactor).await.map_err(ProcessError::Lost)?;
    Ok(Ended { exit, data, output })
}

/// A program that has begun.
struct Started {
    running: Running,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// What is still to be written to it.
    text: Option<String>,
}

/// A program under way, with the means to end it and all that it started.
enum Running {
    Group(group::Group),
    #[cfg(target_os = "linux")]
    Watched(subreaper::Watched),
}

impl Running {
    /// Waits for its end. May be given up and begun again.
    async fn wait(&mut self) -> io::Result<ExitStatus> {
        match self {
            Self::Group(group) => group.child().wait().await,
            #[cfg(target_os = "linux")]
            Self::Watched(watched) => watched.wait().await,
        }
    }
}

async fn start(program: Program) -> Result<Started, ProcessError> {
    #[cfg(target_os = "linux")]
    let program = match subreaper::start(program).await {
        Ok(launched) => {
            return launched.map(|subreaper::Launched { watched, stdout, stderr }| Started {
                running: Running::Watched(watched),
                stdin: None,
                stdout,
                stderr,
                text: None,
            });
        }
        Err(program) => program,
    };
    let mut command = Command::new(&program.program);
    command.args(&program.args).current_dir(&program.cwd);
    without_secrets(&mut command).envs(program.env);
    command.stdin(if program.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = group::Group::start(&mut command).map_err(ProcessError::NotStarted)?;
    let (stdin, stdout, stderr) = pipes(group.child());
    Ok(Started { running: Running::Group(group), stdin, stdout, stderr, text: program.stdin })
}

/// Passes on what comes, in whole lines: as many as have come. A line that does not end is passed on in pieces.
async fn follow(pipe: Option<impl AsyncRead + Unpin>, mut each: impl FnMut(&str)) {
    let Some(pipe) = pipe else { return };
    let mut reader = BufReader::with_capacity(AT_ONCE, pipe);
    let mut line = Vec::new();
    while let Ok(here) = reader.fill_buf().await {
        if here.is_empty() {
            break;
        }
        let end = here.iter().rposition(|byte| *byte == b'\n').map_or(here.len(), |at| at + 1);
        line.extend_from_slice(&here[..end]);
        reader.consume(end);
        if line.ends_with(b"\n") || line.len() >= LINE {
            each(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    if !line.is_empty() {
        each(&String::from_utf8_lossy(&line));
    }
}

#[cfg(unix)]
fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

#[cfg(not(unix))]
fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}
