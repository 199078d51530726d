//! A program in a process group of its own, ended as a group: what moved to a session of its own stays. The way where
//! [`super::subreaper`] cannot be had.

use std::io;

use tokio::{
    process::{Child, Command},
    time::timeout,
};

use super::program::GRACE;

/// A program with the group that it leads.
pub(super) struct Group(Option<Child>);

impl Group {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        command.kill_on_drop(true).spawn().map(|child| Self(Some(child)))
    }

    pub(super) fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("only drop takes it out")
    }
}

impl Drop for Group {
    /// Asks the whole group to end, and ends it after [`GRACE`]; at once where there is no time for that any more.
    fn drop(&mut self) {
        // A child that was waited for has no id.
        let Some(mut child) = self.0.take().filter(|child| child.id().is_some()) else { return };
        let members = Members::of(&child);
        members.ask_to_end();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = timeout(GRACE, child.wait()).await;
                drop(members);
            });
        }
    }
}

/// The processes of a group; ended for good when dropped.
#[cfg(unix)]
struct Members(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Members {
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
impl Drop for Members {
    fn drop(&mut self) {
        self.signal(rustix::process::Signal::KILL);
    }
}

/// Where there are no process groups the program itself is ended, by being dropped.
#[cfg(not(unix))]
struct Members;

#[cfg(not(unix))]
impl Members {
    fn of(_: &Child) -> Self {
        Self
    }

    fn ask_to_end(&self) {}
}
