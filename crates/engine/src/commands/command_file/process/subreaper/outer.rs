//! The outer subreaper: it guards the inner one, which is the parent of the command, so that the command can stop or kill it.

use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdSocket, unix::process::CommandExt},
    process::Command,
    time::Duration,
};

use rustix::process::{Pid, WaitOptions, waitpid};
use tokio::{
    io::Interest,
    net::UnixStream,
    time::{Instant, sleep_until},
};

use super::{
    super::program::GRACE,
    ARGUMENT, INNER,
    process_tree::{ProcessTree, WakeSignals},
};

/// How long the inner one may take to end everything before this one does.
const OVERDUE: Duration = GRACE.saturating_add(Duration::from_secs(1));

/// Starts the inner subreaper and goes with it. Ends everything below where that one is stopped or killed, or has not ended
/// it in time.
pub(super) async fn guard(socket: StdSocket) -> io::Result<()> {
    let mut wakes = WakeSignals::register()?;
    let mut command = Command::new("/proc/self/exe");
    // A group of its own: a signal to it is not for this one.
    command.arg0("callboard").args([ARGUMENT, INNER]).process_group(0);
    command.stdin(OwnedFd::from(socket.try_clone()?));
    let inner = Pid::from_child(&command.spawn()?);
    drop(command);
    let socket = UnixStream::from_std(socket)?;
    let mut overdue = None;
    loop {
        let is_child = tokio::select! {
            biased;
            is_child = wakes.next() => is_child,
            () = closed(&socket), if overdue.is_none() => {
                overdue = Some(Instant::now() + OVERDUE);
                continue;
            }
            () = sleep_until(overdue.unwrap_or_else(Instant::now)), if overdue.is_some() => false,
        };
        let found = waitpid(Some(inner), WaitOptions::NOHANG | WaitOptions::UNTRACED);
        let status = match (is_child, found) {
            // It has ended by itself, and has reported all that there is. What the command left behind is left alone.
            (_, Ok(Some((_, status)))) if status.exit_status() == Some(0) => return Ok(()),
            (true, Ok(None) | Err(rustix::io::Errno::INTR)) => continue,
            (_, Ok(Some((_, status)))) if !status.stopped() => Some(status.as_raw()),
            _ => None,
        };
        ProcessTree { command: inner, status }.end(&mut wakes.children).await;
        return Ok(());
    }
}

/// Waits until the other end is closed. Nothing is read: that is for the inner one.
async fn closed(socket: &UnixStream) {
    while socket.ready(Interest::READABLE).await.is_ok_and(|ready| !ready.is_read_closed()) {
        // Clears the readiness, so that the next call waits.
        let _ = socket.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    }
}
