//! A child process that a test depends on.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{PATIENCE, wait_until};

/// A running program whose output goes to a log file, and which is killed when the value is dropped.
#[derive(Debug)]
pub struct Server {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `command` with its output in `log`. Its input is a pipe that is held open: a program that ends with its
    /// input ends with the test, however the test ended.
    pub fn spawn(name: &str, mut command: Command, log: &Path) -> Result<Server> {
        let output = File::create(log)?;
        command.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| {
            format!(
                "could not start {name} ({}): run `cargo xtask test` to install it",
                command.get_program().display()
            )
        })?;
        Ok(Server { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything the program has written so far.
    pub fn output(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Waits until `probe` returns a value, for as long as the program runs; quotes its output if it never does.
    pub fn ready<T>(&mut self, mut probe: impl FnMut(&Server) -> Option<T>) -> Result<T> {
        let found = wait_until("readiness", PATIENCE, || match self.child.try_wait() {
            Ok(Some(status)) => Some(Err(anyhow::anyhow!("ended: {status}"))),
            _ => probe(self).map(Ok),
        });
        match found {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) | Err(error) => bail!("{}: {error}\n{}", self.name, self.output()),
        }
    }

    /// Waits for a whole line of output that `find` makes something of.
    pub fn ready_line<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        self.ready(|server| {
            let output = server.output();
            output
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'))
                .find_map(|line| find(line.trim_end()))
        })
    }

    /// Writes this to its input, and closes it.
    pub fn close_input(&mut self, input: &[u8]) -> Result<()> {
        let mut stdin = self.child.stdin.take().context("its input is already closed")?;
        Ok(stdin.write_all(input)?)
    }

    /// Ends it as a machine that loses power would (SIGKILL), and waits until it is gone.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits for that.
    pub fn stop(&mut self, within: Duration) -> Result<ExitStatus> {
        signal(self.id(), "TERM").with_context(|| self.name.clone())?;
        self.wait(within)
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        wait_until(&what, within, || self.child.try_wait().transpose())
            .with_context(|| self.output())?
            .context("could not be waited for")
    }
}

/// Sends a process a signal: `TERM`, `KILL`. The standard library has only the latter, and only for children.
pub fn signal(process: u32, name: &str) -> Result<()> {
    let signalled =
        Command::new("sh").arg("-c").arg(format!("kill -{name} {process}")).stderr(Stdio::null()).status()?;
    if !signalled.success() {
        bail!("process {process} could not be signalled: {signalled}");
    }
    Ok(())
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about a process that can't be killed, and most often it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
