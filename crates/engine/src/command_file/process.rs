//! A program under way: its output as it comes, and its end with all that it started.

use std::{io, sync::Mutex, time::Duration};

use callboard_domain::action::Progress;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// The longest line that is passed on whole, in bytes.
const LINE: usize = 8 << 10;
/// The most standard output that is kept to be read as data, in bytes.
const DATA: usize = 1 << 20;
/// The end of the output that is kept, in bytes.
const TAIL: usize = 64 << 10;
/// How long what is left in the pipes is read once the program has ended: what it started may hold them open for good.
const LEFT_OVER: Duration = Duration::from_millis(500);
/// How long a program may take to clean up when it is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code; 128 and the signal's number where a signal ended it, as shells have it.
    pub(super) exit: i32,
    /// Its whole standard output; none where it was more than is kept.
    pub(super) data: Option<String>,
    /// The end of all that it wrote, in the order in which it came.
    pub(super) output: String,
}

#[derive(Default)]
struct Written {
    data: Option<String>,
    output: String,
}

/// Runs a program to its end. Dropped before that, it stops the program and everything that the program started.
pub(super) async fn run(
    mut command: Command,
    stdin: Option<String>,
    progress: &dyn Progress,
) -> io::Result<Ended> {
    let mut running = Running::start(&mut command)?;
    let child = running.child();
    let (pipe, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let written = Mutex::new(Written { data: Some(String::new()), output: String::new() });
    let keep = |line: &str, is_data: bool| {
        progress.output(line);
        let mut written = written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if is_data {
            let whole = written.data.take().filter(|data| data.len() + line.len() <= DATA);
            written.data = whole.map(|data| data + line);
        }
        written.output.push_str(line);
        let excess = written.output.len().saturating_sub(TAIL);
        // Rarely: every cut moves all that is kept.
        if excess > TAIL {
            let at = (excess..).find(|at| written.output.is_char_boundary(*at)).unwrap_or(excess);
            written.output.drain(..at);
        }
    };
    let feed = async {
        if let (Some(mut pipe), Some(text)) = (pipe, stdin) {
            // A program may end, or close its input, before it has read everything.
            let _ = pipe.write_all(text.as_bytes()).await;
        }
    };
    let talk = async {
        tokio::join!(feed, follow(stdout, |line| keep(line, true)), follow(stderr, |line| keep(line, false)))
    };
    let status = {
        tokio::pin!(talk);
        tokio::select! {
            status = running.child().wait() => {
                let _ = timeout(LEFT_OVER, talk).await;
                status?
            }
            _ = &mut talk => running.child().wait().await?,
        }
    };
    let Written { data, mut output } =
        written.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let excess = output.len().saturating_sub(TAIL);
    output.drain(..(excess..=output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or(0));
    Ok(Ended { exit: exit_code(status), data, output })
}

/// Passes on what comes, line by line. A line that does not end is passed on in pieces.
async fn follow(pipe: Option<impl AsyncRead + Unpin>, mut each: impl FnMut(&str)) {
    let Some(pipe) = pipe else { return };
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while let Ok(here) = reader.fill_buf().await {
        if here.is_empty() {
            break;
        }
        let end = here.iter().position(|byte| *byte == b'\n').map_or(here.len(), |at| at + 1);
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
fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

#[cfg(not(unix))]
fn exit_code(status: std::process::ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

/// A program in a process group of its own.
struct Running(Option<Child>);

impl Running {
    fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        command.kill_on_drop(true).spawn().map(|child| Self(Some(child)))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("only drop takes it out")
    }
}

impl Drop for Running {
    /// Asks the whole group to end, and ends it after [`GRACE`]; at once where there is no time for that any more.
    fn drop(&mut self) {
        // A child that was waited for has no id.
        let Some(mut child) = self.0.take().filter(|child| child.id().is_some()) else { return };
        let group = Group::of(&child);
        group.ask_to_end();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = timeout(GRACE, child.wait()).await;
                drop(group);
            });
        }
    }
}

/// The processes of a program and what it started; ended for good when dropped.
#[cfg(unix)]
struct Group(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    fn ask_to_end(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        // It fails where the group is gone already, which is what is wanted.
        let _ = self.0.map(|group| rustix::process::kill_process_group(group, signal));
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        self.signal(rustix::process::Signal::KILL);
    }
}

/// Where there are no process groups the program itself is ended, by being dropped.
#[cfg(not(unix))]
struct Group;

#[cfg(not(unix))]
impl Group {
    fn of(_: &Child) -> Self {
        Self
    }

    fn ask_to_end(&self) {}
}
