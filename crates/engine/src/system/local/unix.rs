//! Unix sockets: they are in a folder that no other user can enter, and the user of each caller is checked as well.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;
use tokio::net::{UnixListener, UnixStream};

use super::PAUSE;
use crate::system::private;

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
        if let Some(folder) = path.parent() {
            private::check_folder(folder)?;
        }
        let user = geteuid().as_raw();
        match fs::symlink_metadata(path) {
            Ok(about) if about.file_type().is_socket() && about.uid() == user => fs::remove_file(path)?,
            Ok(_) => {
                let why = format!(
                    "{} is in the way and is not Callboard's: move it away; it was left as it is",
                    path.display()
                );
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned(), user })
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

/// Connects to the listener, where it belongs to the same user: another user must neither answer nor receive anything.
pub(crate) async fn connect(path: &Path) -> io::Result<Connected> {
    check_length(path)?;
    let stream = UnixStream::connect(path).await?;
    check_user(stream.peer_cred()?.uid(), path)?;
    Ok(stream)
}

fn check_user(user: u32, path: &Path) -> io::Result<()> {
    if user == geteuid().as_raw() {
        return Ok(());
    }
    let why = format!(
        "{} is answered by another user (number {user}), and nothing was said to it: remove it, or choose a folder of your \
         own with --data",
        path.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn path_that_is_not_our_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("callboard.sock");
        fs::write(&path, "somebody's").unwrap();
        let refused = LocalListener::bind(&path).err().expect("it is in the way");
        assert!(refused.to_string().contains("left as it is"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's");
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert!(LocalListener::bind(&path).is_err(), "nor is a link followed");
        fs::remove_file(&path).unwrap();

        let dead = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(dead);
        let mut listener = LocalListener::bind(&path).unwrap();
        let (called, _) = tokio::join!(connect(&path), listener.accept());
        called.unwrap();
        drop(listener);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(LocalListener::bind(&path).err().unwrap().to_string().contains("chmod go-w"));
    }

    #[test]
    fn socket_refuses_another_user() {
        let own = geteuid().as_raw();
        assert!(check_user(own, Path::new("x")).is_ok());
        let refused = check_user(own + 1, Path::new("x")).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    }
}
