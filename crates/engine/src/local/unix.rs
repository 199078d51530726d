//! Unix sockets: they lie where nobody else can enter, and each caller's user is checked besides.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

use super::PAUSE;

/// The caller's end.
pub(crate) type Connected = UnixStream;

/// What the system allows for a socket's path, with its closing zero (unix(7): 108 on Linux, 104 on macOS).
const PATH_LIMIT: usize = 103;

/// Listens to callers of the same user.
pub(crate) struct LocalListener {
    listener: UnixListener,
    path: PathBuf,
    user: u32,
}

impl LocalListener {
    /// Listens there. The caller holds a lock of its own, so that a socket already there is a dead process's.
    ///
    /// # Errors
    /// Where the path is too long, or the system refuses.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        check_length(path)?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned(), user: fs::metadata(path)?.uid() })
    }

    /// The next caller of the same user.
    pub(crate) async fn accept(&mut self) -> UnixStream {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => match stream.peer_cred().map(|peer| peer.uid()) {
                    Ok(user) if user == self.user => return stream,
                    user => tracing::warn!(?user, "another user tried a local socket"),
                },
                Err(error) => {
                    tracing::warn!(%error, "a local socket refused a caller");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

impl Drop for LocalListener {
    fn drop(&mut self) {
        // Its folder may be gone already.
        let _ = fs::remove_file(&self.path);
    }
}

/// Calls whoever listens there.
pub(crate) async fn connect(path: &Path) -> io::Result<Connected> {
    check_length(path)?;
    UnixStream::connect(path).await
}

/// Refuses a path that the system would cut.
fn check_length(path: &Path) -> io::Result<()> {
    let length = path.as_os_str().len();
    if length <= PATH_LIMIT {
        return Ok(());
    }
    let path = path.display();
    let why = format!(
        "{path}: too long for a socket ({length} bytes, at most {PATH_LIMIT}): choose a shorter --data"
    );
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}
