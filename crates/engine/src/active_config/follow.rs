//! Files that are followed: a change of the configuration or of a command file is applied at once.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::handle::ConfigHandle;
use crate::{commands::command_file, config::Config};

/// A file that is being saved is quiet for this long before it is read.
const SETTLED: Duration = Duration::from_millis(150);

/// A file is read at last, however much changes around it.
const AT_LATEST: Duration = Duration::from_secs(2);

/// How many links are followed one after another; the system follows 40.
const LINKS: usize = 40;

/// Files that the system does not watch for us are compared this often.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Follows the configuration file and the command files until `stop`. Folders are watched, not files: editors replace files.
pub(crate) async fn follow_files(live: ConfigHandle, stop: CancellationToken) {
    let (wake, mut woken) = mpsc::channel::<()>(1);
    let followed = Arc::new(Mutex::new(Followed::default()));
    let names = Arc::clone(&followed);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let concerns = |event: &notify::Event| {
            let followed = names.lock().unwrap_or_else(PoisonError::into_inner);
            event.need_rescan()
                || event.paths.is_empty()
                || event.paths.iter().any(|path| followed.concerns(path))
        };
        if event.is_ok_and(|event| !event.kind.is_access() && concerns(&event)) {
            // Full means that it is woken already.
            let _ = wake.try_send(());
        }
    });
    let mut watcher = watcher
        .inspect_err(
            |error| tracing::warn!(%error, "no file watcher: the configuration is polled for changes"),
        )
        .ok();
    let mut watched: BTreeSet<PathBuf> = BTreeSet::new();
    loop {
        let now = Followed::by(&live.now().config);
        let (folders, has_links) = (now.folders.clone(), now.has_links);
        *followed.lock().unwrap_or_else(PoisonError::into_inner) = now;
        if let Some(watcher) = &mut watcher {
            watch_folders(watcher, &mut watched, &folders);
        }
        // They are compared at once too: what changed before its folder was watched woke nobody.
        if live.has_changed_files() {
            // What is wrong with it has been logged, and is shown by `doctor`.
            let _ = live.reload().await;
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            Some(()) = woken.recv() => {}
            // What a link leads to may change in more ways than are watched.
            () = tokio::time::sleep(LOOK_EVERY), if watched != folders || has_links => {}
        }
        debounce(&mut woken).await;
    }
}

/// Waits until nothing has changed for [`SETTLED`], but not for ever: in a busy folder that may never be.
async fn debounce(woken: &mut mpsc::Receiver<()>) {
    let quiet =
        async { while tokio::time::timeout(SETTLED, woken.recv()).await.is_ok_and(|more| more.is_some()) {} };
    let _ = tokio::time::timeout(AT_LATEST, quiet).await;
}

fn watch_folders(watcher: &mut impl Watcher, watched: &mut BTreeSet<PathBuf>, folders: &BTreeSet<PathBuf>) {
    for folder in watched.difference(folders) {
        let _ = watcher.unwatch(folder);
    }
    watched.retain(|folder| folders.contains(folder));
    for folder in folders {
        if watched.contains(folder) {
            continue;
        }
        match watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => drop(watched.insert(folder.clone())),
            Err(error) => tracing::debug!(folder = %folder.display(), %error, "a folder is not watched"),
        }
    }
}

/// The folders that are watched, and what in them is followed: other files there (a log, most of all our own) are nothing to us.
#[derive(Debug, Default)]
struct Followed {
    folders: BTreeSet<PathBuf>,
    /// Names of files that are followed, in addition to all that end like a command file.
    names: BTreeSet<OsString>,
    /// A file or folder is a link: what it leads to is watched as well.
    has_links: bool,
}

impl Followed {
    fn by(config: &Config) -> Self {
        let mut followed = Self::default();
        followed.file(&config.path);
        for dir in &config.commands.dirs {
            followed.has_links |= dir.is_symlink();
            followed.folders.insert(dir.clone());
            command_file::files_in(dir).unwrap_or_default().iter().for_each(|file| followed.file(file));
        }
        followed
    }

    /// Follows a file and, where it is a link, each file that it leads to.
    fn file(&mut self, file: &Path) {
        let mut file = file.to_owned();
        for _ in 0..LINKS {
            let folder = match file.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                _ => PathBuf::from("."),
            };
            self.names.extend(file.file_name().map(ToOwned::to_owned));
            let leads_to = std::fs::read_link(&file).ok();
            file = leads_to.as_ref().map(|to| folder.join(to)).unwrap_or_default();
            self.folders.insert(folder);
            if leads_to.is_none() {
                return;
            }
            self.has_links = true;
        }
    }

    /// Whether a change there may be one of what is followed.
    fn concerns(&self, path: &Path) -> bool {
        path.extension().is_some_and(|it| it == "toml")
            || path.file_name().is_some_and(|name| self.names.contains(name))
            || self.folders.contains(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_busy_folder_does_not_hold_up_a_change_for_ever() {
        let (wake, mut woken) = mpsc::channel(1);
        let busy = tokio::spawn(async move {
            while wake.send(()).await.is_ok() {
                tokio::time::sleep(SETTLED / 3).await;
            }
        });
        let began = tokio::time::Instant::now();
        debounce(&mut woken).await;
        assert_eq!(began.elapsed(), AT_LATEST);
        drop(woken);
        busy.await.unwrap();
    }

    #[test]
    fn change_of_an_unrelated_file_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("commands")).unwrap();
        std::fs::create_dir_all(at("elsewhere")).unwrap();
        std::fs::write(at("elsewhere/real"), "").unwrap();
        let text = "[commands]\ndirs = [\"commands\"]\n";
        std::fs::write(at("callboard.conf"), text).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../elsewhere/next", at("commands/linked.toml")).unwrap();
            std::os::unix::fs::symlink("real", at("elsewhere/next")).unwrap();
        }
        let followed = Followed::by(&Config::load(&at("callboard.conf")).unwrap());
        let mut cases = vec![
            ("callboard.conf", true),
            ("commands/deploy.toml", true),
            ("callboard.log", false),
            ("commands/.deploy.swp", false),
            ("elsewhere/other", false),
        ];
        if cfg!(unix) {
            cases.extend([("elsewhere/next", true), ("elsewhere/real", true)]);
            assert!(followed.has_links);
            assert!(followed.folders.iter().any(|it| it.ends_with("elsewhere")), "{followed:?}");
        }
        for (name, expected) in cases {
            assert_eq!(followed.concerns(&at(name)), expected, "{name}");
        }
    }
}
