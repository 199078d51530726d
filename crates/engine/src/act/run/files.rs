//! The files that a run uses, as their content stands: a script that has changed is something else to run.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use callboard_domain::text::hexadecimal;
use sha2::{Digest, Sha256};

/// The longest file that is read; of a longer one its size and the time of its last change count.
const WHOLE: u64 = 1 << 20;
/// How many names are looked for: those that come first.
const NAMES: usize = 10_000;
/// How many files are looked at: those that a command names first. What is no file takes the place of none.
const MOST: usize = 256;

/// What stands for the content of each of these files; nothing for what is not there, or is no regular file.
pub(super) async fn contents(files: Vec<PathBuf>) -> BTreeMap<PathBuf, String> {
    if files.is_empty() {
        return BTreeMap::new();
    }
    let look = move || {
        let found = files.into_iter().take(NAMES).filter_map(|file| Some((file.clone(), content(&file)?)));
        found.take(MOST).collect()
    };
    // A task that panics leaves nothing, which differs from what was shown.
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn content(file: &Path) -> Option<String> {
    let about = fs::metadata(file).ok().filter(fs::Metadata::is_file)?;
    if about.len() > WHOLE {
        return Some(format!("{} bytes, {:?}", about.len(), about.modified().ok()));
    }
    // Never more than its stated length: a file of /proc has none, and reading it may block for ever.
    let read = || -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        File::open(file)?.take(about.len()).read_to_end(&mut content)?;
        Ok(content)
    };
    Some(match read() {
        Ok(content) => hexadecimal(&Sha256::digest(content)),
        // A program that may be run but not read.
        Err(_) => format!("{} bytes, {:?}", about.len(), about.modified().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn content_counts_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let of = async |name: &str| contents(vec![file(name)]).await.remove(&file(name));
        assert_eq!(of("absent").await, None);
        assert_eq!(contents(vec![folder.path().to_owned(), "/dev/null".into()]).await, BTreeMap::new());
        fs::write(file("a.sh"), "echo a").unwrap();
        fs::write(file("b.sh"), "echo a").unwrap();
        let a = of("a.sh").await;
        assert!(a.is_some());
        assert_eq!(a, of("b.sh").await, "the same content");
        fs::write(file("a.sh"), "echo b").unwrap();
        assert_ne!(a, of("a.sh").await, "as long as before");
        fs::write(file("large"), vec![b'x'; 2 << 20]).unwrap();
        let large = of("large").await;
        fs::write(file("large"), vec![b'x'; 3 << 20]).unwrap();
        assert_ne!(large, of("large").await);
    }

    #[tokio::test]
    async fn what_is_no_file_takes_the_place_of_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.sh");
        fs::write(&file, "echo a").unwrap();
        // names of nothing before that of a file -> whether it is found
        for (before, expected) in [(0, true), (MOST, true), (NAMES - 1, true), (NAMES, false)] {
            let absent = (0..before).map(|nth| folder.path().join(format!("absent-{nth}")));
            let found = contents(absent.chain([file.clone()]).collect()).await;
            assert_eq!(found.contains_key(&file), expected, "{before}");
            assert!(found.len() <= 1, "{found:?}");
        }
    }
}
