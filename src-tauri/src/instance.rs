//! One app for each data folder: a second start says what it wants to the first, and ends.
//!
//! The words go over a socket in the data folder, which only its user can enter; each caller's user is checked besides.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::UnixListener};
use tokio_util::sync::CancellationToken;

use crate::args::Word;

/// How long the first app may take to answer the second.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// The longest word that is read.
const WORD_LIMIT: u64 = 16;

/// That this process is the first of its data folder; it ends with the process.
pub(crate) struct First {
    /// Held locked.
    _lock: File,
    socket: PathBuf,
}

/// What a start found.
pub(crate) enum Found {
    /// Nobody: this one is the first.
    First(First),
    /// Another one, which was told.
    Told,
}

/// Becomes the first of this folder, or tells the one that is there.
pub(crate) fn enter(data: &Path, word: Word) -> io::Result<Found> {
    // As the store makes it: only its user can enter.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data)?;
    let lock =
        File::options().create(true).append(true).mode(0o600).open(data.join("callboard-tray.lock"))?;
    let socket = data.join("callboard-tray.sock");
    match lock.try_lock() {
        Ok(()) => Ok(Found::First(First { _lock: lock, socket })),
        Err(fs::TryLockError::WouldBlock) => tell(&socket, word).map(|()| Found::Told),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

fn tell(socket: &Path, word: Word) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_TIME))?;
    writeln!(stream, "{}", word.name())?;
    let mut answer = [0; 3];
    stream.read_exact(&mut answer)?;
    match &answer {
        b"ok\n" => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the running app did not understand")),
    }
}

impl First {
    /// Hears words until `stop`.
    pub(crate) async fn listen(self, heard: impl Fn(Word) + Send + 'static, stop: CancellationToken) {
        let listener = match self.bind() {
            Ok(listener) => listener,
            Err(error) => {
                tracing::warn!(%error, socket = %self.socket.display(), "a second start will not reach this one");
                return stop.cancelled().await;
            }
        };
        let me = fs::metadata(&self.socket).map(|about| about.uid()).ok();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let Ok((mut stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let user = stream.peer_cred().map(|peer| peer.uid()).ok();
            if user.is_none() || user != me {
                tracing::warn!(?user, "another user tried the app's socket");
                continue;
            }
            let word = tokio::time::timeout(ANSWER_TIME, read_word(&mut stream)).await;
            if let Ok(Ok(Some(word))) = word {
                heard(word);
                // The other one may be gone already; it was heard all the same.
                let _ = stream.write_all(b"ok\n").await;
            }
        }
        let _ = fs::remove_file(&self.socket);
    }

    fn bind(&self) -> io::Result<UnixListener> {
        // The lock is held, so that a socket already there is a dead process's.
        match fs::remove_file(&self.socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&self.socket)?;
        fs::set_permissions(&self.socket, fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }
}

async fn read_word(stream: &mut tokio::net::UnixStream) -> io::Result<Option<Word>> {
    let mut said = String::new();
    let mut limited = tokio::io::BufReader::new(stream.take(WORD_LIMIT));
    tokio::io::AsyncBufReadExt::read_line(&mut limited, &mut said).await?;
    Ok(Word::ALL.into_iter().find(|word| word.name() == said.trim_end()))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_second_is_heard_by_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let Found::First(first) = enter(folder.path(), Word::Open).unwrap() else {
            panic!("nobody was there")
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (hear, heard) = mpsc::channel();
        let stop = CancellationToken::new();
        let bound = runtime.block_on(async { first.bind() }).unwrap();
        drop(bound);
        let listening = runtime.spawn(first.listen(move |word| hear.send(word).unwrap(), stop.clone()));
        for word in Word::ALL {
            // It listens as soon as its socket answers.
            while UnixStream::connect(folder.path().join("callboard-tray.sock")).is_err() {
                std::thread::yield_now();
            }
            assert!(matches!(enter(folder.path(), word).unwrap(), Found::Told));
            assert_eq!(heard.recv().unwrap(), word);
        }
        let socket = folder.path().join("callboard-tray.sock");
        assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
        stop.cancel();
        runtime.block_on(listening).unwrap();
        assert!(!socket.exists());
        assert!(matches!(enter(folder.path(), Word::Open).unwrap(), Found::First(_)));
    }

    #[test]
    fn what_is_no_word_is_not_heard() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for (said, expected) in [
            ("open\n", Some(Word::Open)),
            ("quit\n", None),
            ("\n", None),
            ("open open open open open\n", None),
        ] {
            let read = runtime.block_on(async {
                let (mut one, mut other) = tokio::net::UnixStream::pair().unwrap();
                one.write_all(said.as_bytes()).await.unwrap();
                drop(one);
                read_word(&mut other).await.unwrap()
            });
            assert_eq!(read, expected, "{said:?}");
        }
    }
}
