//! Where this program becomes a subreaper.

use std::{
    ffi::OsStr,
    io::{self, Write},
    os::{fd::AsFd, unix::net::UnixStream as StdSocket},
    process::ExitCode,
    sync::atomic::Ordering,
};

use super::{ARGUMENT, AVAILABLE, INNER, guard, outer};

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
    if is_inner { runtime.block_on(guard::guard(socket)) } else { runtime.block_on(outer::guard(socket)) }
}
