//! The inner subreaper: a process that starts one command, waits for it, and ends all that is below it when it is to.

use std::{io, os::unix::net::UnixStream as StdSocket};

use rustix::process::{Signal, getppid, kill_process, set_parent_process_death_signal};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

use super::{
    Report,
    process_tree::{ProcessTree, WakeSignals},
};

/// Starts the command that the socket asks for and goes with it; ends everything below where it is to end before that.
pub(super) async fn guard(socket: StdSocket) -> io::Result<()> {
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
        // The caller has gone: there is nothing to start.
        return Ok(());
    }
    let mut tree = match ProcessTree::start(serde_json::from_slice(&line)?) {
        Ok(tree) => tree,
        Err(error) => {
            let not_started = Report::NotStarted(error.raw_os_error(), error.to_string());
            return report(&mut socket, &not_started).await;
        }
    };
    let command = tree.command.as_raw_nonzero().get();
    // Where the caller has gone, the socket is closed, which is noticed below.
    let _ = report(&mut socket, &Report::Started(command)).await;
    let mut rest = Vec::new();
    loop {
        let is_child = tokio::select! {
            biased;
            is_child = wakes.next() => is_child,
            // The other end sends nothing more: it is closed.
            _ = socket.read_until(b'\n', &mut rest) => false,
        };
        if !is_child {
            // It is stopped early: there is no exit status to report.
            tree.end(&mut wakes.children).await;
            return Ok(());
        }
        tree.reap();
        if let Some(status) = tree.status {
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
