//! Named pipes. A pipe that is made without further words is its user's to write to, and nobody else's but the
//! administrators' (Windows documentation, "Named Pipe Security and Access Rights"); callers from other machines are refused.

use std::{io, path::Path, time::Duration};

use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

use super::PAUSE;

/// The system's word for: every end of the pipe is taken at the moment (winerror.h, ERROR_PIPE_BUSY).
const PIPE_BUSY: i32 = 231;
/// How often, and at which distance, a pipe that is busy is tried again.
const TRIES: u32 = 40;
const AGAIN: Duration = Duration::from_millis(50);
/// The longest name that a pipe may have (Windows documentation, "Pipe Names": 256 with its prefix).
const NAME_LIMIT: usize = 200;

/// The caller's end.
pub(crate) type Connected = NamedPipeClient;

/// Listens to callers of the same user.
pub(crate) struct LocalListener {
    name: String,
    /// The end that the next caller gets.
    free: Option<NamedPipeServer>,
}

impl LocalListener {
    /// Listens there.
    ///
    /// # Errors
    /// Where another process listens there, or the system refuses.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        let name = name_of(path);
        let free = ServerOptions::new().first_pipe_instance(true).create(&name)?;
        Ok(Self { name, free: Some(free) })
    }

    /// The next caller.
    pub(crate) async fn accept(&mut self) -> NamedPipeServer {
        loop {
            match self.next().await {
                Ok(Some(stream)) => return stream,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "a local pipe refused a caller");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn next(&mut self) -> io::Result<Option<NamedPipeServer>> {
        match &self.free {
            Some(free) => free.connect().await?,
            None => {
                self.free = Some(self.another()?);
                return Ok(None);
            }
        }
        // Where there cannot be another one now, it is made before the next caller is waited for.
        let next = self.another().ok();
        Ok(std::mem::replace(&mut self.free, next))
    }

    fn another(&self) -> io::Result<NamedPipeServer> {
        ServerOptions::new().create(&self.name)
    }
}

/// Connects to the listener.
pub(crate) async fn connect(path: &Path) -> io::Result<Connected> {
    let name = name_of(path);
    let mut tries = 0;
    loop {
        match ClientOptions::new().open(&name) {
            Err(error) if error.raw_os_error() == Some(PIPE_BUSY) && tries < TRIES => tries += 1,
            opened => return opened,
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Pipes have one flat list of names: the path, without what separates its parts. Its end distinguishes paths.
fn name_of(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let flat: Vec<char> = path
        .to_string_lossy()
        .chars()
        .map(|letter| if matches!(letter, '\\' | '/' | ':') { '-' } else { letter })
        .collect();
    let end: String = flat[flat.len().saturating_sub(NAME_LIMIT)..].iter().collect();
    format!(r"\\.\pipe\callboard-{end}")
}
