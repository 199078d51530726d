//! `callboard open` and `callboard toggle`: a word to the tray app that runs on the same data folder.

use anyhow::Result;

use crate::{
    exit::{Exit, NotThere},
    face::Paths,
};

/// Says the word to the app, over the socket on which it hears a second start of itself.
#[cfg(unix)]
pub(crate) fn tell(word: &str, paths: &Paths) -> Result<Exit> {
    use std::{
        io::{Read, Write},
        os::unix::net::UnixStream,
        time::Duration,
    };
    let socket = paths.data.join("callboard-tray.sock");
    let mut stream = UnixStream::connect(&socket).map_err(|error| {
        NotThere(format!(
            "no tray app runs on {} ({error}); start callboard-tray first",
            paths.data.display()
        ))
    })?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    writeln!(stream, "{word}")?;
    let mut answer = [0; 3];
    match stream.read_exact(&mut answer) {
        Ok(()) if &answer == b"ok\n" => Ok(Exit::Done),
        _ => Err(NotThere("the tray app does not answer; see its log".to_owned()).into()),
    }
}

/// There is no such socket here yet.
#[cfg(not(unix))]
pub(crate) fn tell(_word: &str, _paths: &Paths) -> Result<Exit> {
    Err(NotThere("this system's tray app cannot be told yet; use its icon or its hotkey".to_owned()).into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        os::unix::net::UnixListener,
    };

    use super::*;
    use crate::exit;

    #[test]
    fn the_app_is_told_or_missed() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths { config: folder.path().join("callboard.toml"), data: folder.path().to_owned() };
        let missed = tell("open", &paths).unwrap_err();
        assert_eq!(exit::of(&missed), Exit::Unreachable, "{missed}");
        for (answer, expected) in [("ok\n", Exit::Done), ("no\n", Exit::Unreachable), ("", Exit::Unreachable)]
        {
            let listener = UnixListener::bind(folder.path().join("callboard-tray.sock")).unwrap();
            let app = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut said = String::new();
                BufReader::new(&stream).read_line(&mut said).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                said
            });
            let told = tell("toggle", &paths).unwrap_or_else(|error| exit::of(&error));
            assert_eq!((app.join().unwrap().as_str(), told), ("toggle\n", expected));
            std::fs::remove_file(folder.path().join("callboard-tray.sock")).unwrap();
        }
    }
}
