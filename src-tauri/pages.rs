//! Whether the built windows are of the sources that are here: otherwise old windows would be shipped silently.

use std::{fmt::Write, fs, io, path::Path};

use sha2::{Digest, Sha256};

/// Where the build of the windows leaves the hash of its sources (`ui/scripts/sources.ts`).
const HASH: &str = "dist/sources.sha256";
/// What they are built from, beside `src`.
const FILES: [&str; 4] = ["index.html", "package-lock.json", "settings.html", "vite.config.ts"];

/// The files and folders below `ui` that the answer depends on.
pub(crate) const WATCHED: [&str; 6] =
    ["dist", "src", "index.html", "package-lock.json", "settings.html", "vite.config.ts"];

/// How the built windows stand to their sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Built from what is here, or there are no sources to compare with.
    Current,
    /// Built from other sources.
    Stale,
}

/// Compares the windows in `ui/dist` with the sources in `ui`.
///
/// # Errors
///
/// Where a source can't be read.
pub(crate) fn compare(ui: &Path) -> io::Result<Pages> {
    // A package may have the built windows only.
    if !ui.join("src").is_dir() {
        return Ok(Pages::Current);
    }
    let built = fs::read_to_string(ui.join(HASH)).unwrap_or_default();
    Ok(if built.trim() == hash_of_sources(ui)? { Pages::Current } else { Pages::Stale })
}

/// The same as `hashOfSources` of `ui/scripts/sources.ts`: names and contents, and no times.
fn hash_of_sources(ui: &Path) -> io::Result<String> {
    let mut files: Vec<String> = FILES.map(str::to_owned).into();
    files_in(ui, "src", &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let bytes = without_returns(&fs::read(ui.join(&file))?);
        hash.update(format!("{file}\0{}\0", bytes.len()));
        hash.update(bytes);
    }
    let mut hex = String::new();
    for byte in hash.finalize() {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}

/// A checkout on Windows has other line ends than the archive.
fn without_returns(bytes: &[u8]) -> Vec<u8> {
    let before_newline = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
    (0..bytes.len()).filter(|&at| !before_newline(at)).map(|at| bytes[at]).collect()
}

fn files_in(ui: &Path, folder: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(ui.join(folder))? {
        let entry = entry?;
        let inner = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files_in(ui, &inner, files)?;
        } else {
            files.push(inner);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_other_sources_are_stale() {
        let folder = tempfile::tempdir().unwrap();
        let ui = folder.path();
        let write = |file: &str, text: &str| {
            let file = ui.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        assert_eq!(compare(ui).unwrap(), Pages::Current, "there are no sources to compare with");
        for file in FILES {
            write(file, file);
        }
        write("src/launcher/main.ts", "one\n");
        assert_eq!(compare(ui).unwrap(), Pages::Stale, "a build that left no hash");
        let built = |ui: &Path| write(HASH, &hash_of_sources(ui).unwrap());
        built(ui);
        assert_eq!(compare(ui).unwrap(), Pages::Current);
        // what is written -> how the windows stand
        for (file, text, expected) in [
            ("src/launcher/main.ts", "one\n", Pages::Current),
            ("src/launcher/main.ts", "one\r\n", Pages::Current),
            ("src/launcher/main.ts", "two\n", Pages::Stale),
            ("src/other.ts", "", Pages::Stale),
            ("index.html", "<p>", Pages::Stale),
            ("node_modules/a.js", "x", Pages::Current),
        ] {
            write(file, text);
            assert_eq!(compare(ui).unwrap(), expected, "{file}: {text:?}");
            built(ui);
        }
    }

    /// `ui/tests/sources.test.ts` has the same.
    #[test]
    fn hash_is_the_one_that_the_build_of_the_windows_makes() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("index.html", "<p>\r\n"),
            ("package-lock.json", "{}"),
            ("settings.html", ""),
            ("vite.config.ts", "x"),
            ("src/a.ts", "a\n"),
            ("src/a/b.ts", "\u{e9}"),
        ] {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        assert_eq!(
            hash_of_sources(folder.path()).unwrap(),
            "768afadf827e54db66d5a4a09db89bed14dd95e3a6c77e5804ff0d9f61d346d5"
        );
    }
}
