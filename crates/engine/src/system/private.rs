//! Folders and files that are nobody else's: checked before they are trusted, written without following a link, and read
//! without waiting for what is no file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    path::Path,
};

/// Refuses a folder in which others could put files of their own: another user's, or one that others can write to.
///
/// # Errors
/// What is wrong with it and what to do, or what the system reports.
pub fn check_folder(folder: &Path) -> io::Result<()> {
    let about = fs::metadata(folder)?;
    let shown = folder.display();
    if !about.is_dir() {
        let why = format!(
            "{shown} is {}, not a folder: move it away, or choose another folder with --data",
            system::kind(&about)
        );
        return Err(io::Error::new(ErrorKind::NotADirectory, why));
    }
    system::check_folder(&about).map_err(|why| {
        io::Error::new(
            ErrorKind::PermissionDenied,
            format!("{shown} {}", why.replace("{}", &shown.to_string())),
        )
    })
}

/// Opens a file that only its user may read, and creates it so. Whatever else is in its place (a link, a folder, a pipe, a
/// socket, a device) is refused at once, whatever it would do.
///
/// # Errors
/// What is there instead (`InvalidInput`), or what the system reports.
pub fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    check_place(path)?;
    system::private(options);
    let file = options.open(path)?;
    // Another may be there by now.
    check_file(&file.metadata()?)?;
    Ok(file)
}

/// Refuses whatever is at a path and is no ordinary file: opening or reading it could wait for ever. Nothing there is good.
pub(crate) fn check_place(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => {
            Err(not_a_file("this is a link, and none is followed here: put the file itself in its place"))
        }
        Ok(about) => check_file(&about),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn check_file(about: &fs::Metadata) -> io::Result<()> {
    match about.is_file() {
        true => Ok(()),
        false => Err(not_a_file(&format!("this is {}", system::kind(about)))),
    }
}

fn not_a_file(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, format!("expected a file, and {what}"))
}

/// Replaces a file, writing beside it first: a reader finds the old text or the new one, whole. A link in its place
/// is replaced, not followed. It can be read by its user alone, or by whom `rights` say.
///
/// # Errors
/// What the system reports.
pub fn replace(path: &Path, text: &[u8], rights: Option<fs::Permissions>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A name that nobody has: what another program keeps beside it is left alone.
    let beside = path.with_file_name(format!(".{name}.{}.new", uuid::Uuid::now_v7().simple()));
    let write = || {
        let mut file = open(OpenOptions::new().write(true).create_new(true), &beside)?;
        file.write_all(text)?;
        if let Some(rights) = rights {
            file.set_permissions(rights)?;
        }
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    let written = write();
    if written.is_err() {
        // What was not written whole is of use to nobody.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// What is in an ordinary file of at most `most` bytes. A pipe or a device is refused at once, whatever it would give.
///
/// # Errors
/// What is there instead, or is too large (`InvalidInput`), or what the system reports.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_where(path, most, |_| Ok(()))
}

/// The same of a file that decides what runs: one that everybody can change is refused.
///
/// # Errors
/// Also that everybody can, and what to do (`PermissionDenied`).
pub(crate) fn read_trusted(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_where(path, most, |about| check_trusted(path, about))
}

/// Refuses a folder whose files decide what runs, as [`read_trusted`] does a file.
///
/// # Errors
/// That everybody can change it and what to do (`PermissionDenied`), or what the system reports.
pub(crate) fn check_trusted_folder(folder: &Path) -> io::Result<()> {
    check_trusted(folder, &fs::metadata(folder)?)
}

fn check_trusted(path: &Path, about: &fs::Metadata) -> io::Result<()> {
    if !system::can_everybody_change(path, about) {
        return Ok(());
    }
    let path = path.display();
    let why = format!(
        "everybody can write to this, and could change what runs: run `chmod o-w '{path}'`, or keep it elsewhere where \
         that changes nothing, as on a Windows drive"
    );
    Err(io::Error::new(ErrorKind::PermissionDenied, why))
}

fn read_where(
    path: &Path,
    most: u64,
    check: impl FnOnce(&fs::Metadata) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let about = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(path).is_ok() => {
            return Err(not_a_file("this is a link that leads nowhere"));
        }
        about => about?,
    };
    check_file(&about)?;
    let mut options = OpenOptions::new();
    system::without_waiting(options.read(true));
    let file = options.open(path)?;
    // Another may be there by now.
    let about = file.metadata()?;
    check_file(&about)?;
    check(&about)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!("larger than {} MB", most >> 20);
        return Err(io::Error::new(ErrorKind::InvalidInput, why));
    }
    if about.len() == 0 && !bytes.is_empty() {
        return Err(not_a_file("this is something that the system makes up"));
    }
    Ok(bytes)
}

/// Keeps the memory of this process, and so its secrets, from core dumps and from other programs of the same user that would
/// look into it (prctl(2), PR_SET_DUMPABLE). Programs that it starts are not affected.
///
/// # Errors
/// Where the system refuses.
#[cfg(target_os = "linux")]
pub fn keep_memory_private() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Other systems ask for the user's leave themselves before another program may look into this one.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn keep_memory_private() -> io::Result<()> {
    Ok(())
}

/// Keeps the memory of this process from core dumps. For the desktop app: the desktop's portals identify who asks them by a look
/// at the process that [`keep_memory_private`] would deny them.
///
/// # Errors
/// Where the system refuses.
pub fn keep_from_core_dumps() -> io::Result<()> {
    system::no_core_dumps()
}

#[cfg(unix)]
mod system {
    use std::{
        fs::{Metadata, OpenOptions},
        os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
        path::Path,
    };

    use rustix::fs::{OFlags, StatVfsMountFlags, statvfs};

    /// What others may do with it is in these bits: the group's and everybody's right to write.
    const OTHERS_WRITE: u32 = 0o022;
    /// Everybody's right to write.
    const EVERYBODY_WRITES: u32 = 0o002;

    pub(super) fn check_folder(about: &Metadata) -> Result<(), &'static str> {
        if about.uid() != rustix::process::geteuid().as_raw() {
            return Err("belongs to another user: choose a folder of your own with --data");
        }
        if about.mode() & OTHERS_WRITE != 0 {
            return Err(
                "can be written to by others, who could put their own files there: run `chmod go-w '{}'`, or choose another folder with --data",
            );
        }
        Ok(())
    }

    /// Its owner and its group are trusted: where everybody has a group of his own, with a umask of 002, it can write to
    /// whatever he writes, and a team's folder belongs to one of them.
    pub(super) fn can_everybody_change(path: &Path, about: &Metadata) -> bool {
        is_open_to_all(about.mode(), || is_read_only(path))
    }

    /// Nobody can change what is on a mount that is read-only, such as that of a Kubernetes ConfigMap, whatever its rights are.
    pub(super) fn is_open_to_all(mode: u32, is_read_only: impl FnOnce() -> bool) -> bool {
        mode & EVERYBODY_WRITES != 0 && !is_read_only()
    }

    /// True where a path is known to be on a mount that is read-only.
    pub(super) fn is_read_only(path: &Path) -> bool {
        statvfs(path).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    pub(super) fn no_core_dumps() -> std::io::Result<()> {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Core);
        Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: limit.maximum })?)
    }

    pub(super) fn private(options: &mut OpenOptions) {
        options.mode(0o600).custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY));
    }

    pub(super) fn without_waiting(options: &mut OpenOptions) {
        options.custom_flags(flags(OFlags::NONBLOCK | OFlags::NOCTTY));
    }

    fn flags(flags: OFlags) -> i32 {
        i32::try_from(flags.bits()).unwrap_or(0)
    }

    pub(super) fn kind(about: &Metadata) -> &'static str {
        let kind = about.file_type();
        match () {
            () if kind.is_file() => "a file",
            () if kind.is_dir() => "a folder",
            () if kind.is_symlink() => "a link",
            () if kind.is_fifo() => "a pipe",
            () if kind.is_socket() => "a socket",
            () => "a device",
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::{
        fs::{Metadata, OpenOptions},
        path::Path,
    };

    /// The user's own folders are closed to others already.
    pub(super) fn check_folder(_about: &Metadata) -> Result<(), &'static str> {
        Ok(())
    }

    pub(super) fn can_everybody_change(_path: &Path, _about: &Metadata) -> bool {
        false
    }

    pub(super) fn no_core_dumps() -> std::io::Result<()> {
        Ok(())
    }

    pub(super) fn private(_options: &mut OpenOptions) {}

    pub(super) fn without_waiting(_options: &mut OpenOptions) {}

    pub(super) fn kind(about: &Metadata) -> &'static str {
        match () {
            () if about.is_file() => "a file",
            () if about.is_dir() => "a folder",
            () => "something else",
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("the test made it").permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        for (rights, expected) in [
            (0o700, true),
            (0o755, true),
            (0o750, true),
            (0o775, false),
            (0o722, false),
            (0o777, false),
            (0o1777, false),
        ] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(rights)).unwrap();
            let checked = check_folder(folder.path());
            assert_eq!(checked.is_ok(), expected, "{rights:o}");
            if let Err(error) = checked {
                let remedy = format!("chmod go-w '{}'", folder.path().display());
                assert!(error.to_string().contains(&remedy), "{error}");
            }
        }
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(check_folder(&folder.path().join("file")).unwrap_err().to_string().contains("not a folder"));
        let root = rustix::process::geteuid().is_root();
        assert_eq!(check_folder(Path::new("/usr")).is_ok(), root, "another user's");
    }

    #[test]
    fn written_file_is_private_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("secrets"), folder.path().join("other"));
        fs::write(&other, "theirs").unwrap();
        symlink(&other, &file).unwrap();
        fs::write(folder.path().join("secrets.new"), "another program's").unwrap();
        let refused = open(OpenOptions::new().create(true).append(true), &file).unwrap_err();
        assert!(refused.to_string().contains("link"), "{refused}");
        replace(&file, b"ours", None).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap(), mode(&file)), ("ours".to_owned(), 0o600));
        assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
        replace(&file, b"ours again", Some(fs::Permissions::from_mode(0o640))).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap(), mode(&file)), ("ours again".to_owned(), 0o640));
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["other", "secrets", "secrets.new"], "nothing is left beside");
        assert_eq!(fs::read_to_string(folder.path().join("secrets.new")).unwrap(), "another program's");
    }

    #[test]
    fn only_an_ordinary_file_is_opened_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        symlink("/dev/zero", at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let mut cases = vec![(at("folder"), "a folder"), (at("link"), "a link"), (at("socket"), "a socket")];
        cases.push(("/dev/null".into(), "a device"));
        if std::process::Command::new("mkfifo").arg(at("pipe")).status().is_ok_and(|it| it.success()) {
            cases.push((at("pipe"), "a pipe"));
        }
        for (path, expected) in cases {
            for options in [
                OpenOptions::new().create(true).write(true),
                OpenOptions::new().create(true).read(true).write(true),
                OpenOptions::new().create(true).append(true),
                OpenOptions::new().read(true),
            ] {
                let refused = open(options, &path).unwrap_err();
                let why = format!("expected a file, and this is {expected}");
                assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{}", path.display());
                assert!(refused.to_string().starts_with(&why), "{}: {refused}", path.display());
            }
        }
        open(OpenOptions::new().create(true).write(true), &at("new")).unwrap();
        open(OpenOptions::new().read(true), &at("new")).unwrap();
    }

    #[test]
    fn rights_are_those_of_the_file_that_a_link_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "text").unwrap();
        symlink(&file, &link).unwrap();
        for (rights, expected) in
            [(0o644, true), (0o664, true), (0o600, true), (0o646, false), (0o666, false)]
        {
            fs::set_permissions(&file, fs::Permissions::from_mode(rights)).unwrap();
            for path in [&file, &link] {
                let found = read_trusted(path, 1 << 20);
                assert_eq!(found.is_ok(), expected, "{rights:o} {found:?}");
                if let Err(error) = found {
                    let remedy = format!("chmod o-w '{}'", path.display());
                    assert!(error.to_string().contains(&remedy), "{error}");
                }
            }
            // What runs nothing is read all the same.
            assert!(read(&file, 1 << 20).is_ok());
        }
        for (rights, expected) in
            [(0o700, true), (0o755, true), (0o775, true), (0o777, false), (0o1777, false)]
        {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(rights)).unwrap();
            assert_eq!(check_trusted_folder(folder.path()).is_ok(), expected, "{rights:o}");
        }
        let absent = check_trusted_folder(&folder.path().join("absent")).unwrap_err();
        assert_eq!(absent.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn nobody_can_change_what_is_on_a_read_only_mount() {
        // its rights, whether its mount is read-only -> whether everybody can change it
        for (rights, is_read_only, expected) in [
            (0o100_777, false, true),
            (0o100_777, true, false),
            (0o040_777, false, true),
            (0o040_777, true, false),
            (0o041_777, false, true),
            (0o100_666, false, true),
            (0o100_664, false, false),
            (0o100_664, true, false),
        ] {
            let found = system::is_open_to_all(rights, || is_read_only);
            assert_eq!(found, expected, "{rights:o}, read-only: {is_read_only}");
        }
        let folder = tempfile::tempdir().unwrap();
        // What cannot be asked is not known to be.
        for path in [folder.path(), &folder.path().join("absent")] {
            assert!(!system::is_read_only(path), "{}", path.display());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_private_once_asked_for() {
        use rustix::process::{DumpableBehavior, dumpable_behavior};
        keep_memory_private().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }

    #[test]
    fn only_ordinary_files_are_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nothing"), at("dangling")).unwrap();
        symlink(at("circle"), at("circle")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        symlink("/proc/self/environ", at("environment")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status();
        fs::write(at("large"), vec![b'#'; (1 << 20) + 1]).unwrap();
        let found = |name: &str| read(&at(name), 1 << 20).map_err(|error| error.to_string());
        assert_eq!(found("file"), Ok(b"text".to_vec()));
        assert_eq!(found("link"), Ok(b"text".to_vec()));
        let mut refused = vec![
            ("dangling", "leads nowhere"),
            ("circle", "symbolic links"),
            ("zero", "a device"),
            ("folder", "a folder"),
            ("large", "larger than 1 MB"),
        ];
        if cfg!(target_os = "linux") {
            refused.push(("environment", "the system makes up"));
        }
        if made.is_ok_and(|it| it.success()) {
            refused.push(("pipe", "a pipe"));
        }
        for (name, expected) in refused {
            let why = found(name).unwrap_err();
            assert!(why.contains(expected), "{name}: {why}");
        }
        assert_eq!(read(&at("absent"), 1).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
