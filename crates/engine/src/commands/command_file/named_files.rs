//! The files that a text which is handed to a program may name.

use std::{
    ffi::OsStr,
    iter,
    path::{Path, PathBuf},
};

use url::Url;

/// What stands beside a file's name in a text: `--file=a.yaml`, `a.yaml,b.yaml`, `a.conf:/etc/a.conf`, `@a.json`,
/// `image=@a.png;type=image/png`, `text=<a.txt`.
const BESIDE_A_NAME: [char; 6] = ['=', ',', ':', '@', ';', '<'];
/// How many places of a text are taken for the beginning of a name: a text with more is no list of files.
const BEGINNINGS: usize = 256;
/// The longest path that a system takes, in bytes.
const LONGEST: usize = 4_096;

/// What may be the name of a file in a text, however a program reads that; the whole text first. Whether there is such a file
/// is not looked at. No part of a text is taken for a file of another machine: to look for that would ask the network.
pub(super) fn named_files(text: &str) -> impl Iterator<Item = PathBuf> {
    let after_marks = text.match_indices(BESIDE_A_NAME).map(move |(at, mark)| {
        let rest = text.get(at + mark.len()..).unwrap_or_default();
        // The rest of a URL is no file, but for that of `file://a.json`, which some programs take for a relative path.
        rest.strip_prefix("//").filter(|_| mark == ":").unwrap_or(rest)
    });
    let beginnings = iter::once(text).chain(after_option(text)).chain(after_marks);
    let names = beginnings.take(BEGINNINGS).flat_map(|rest| {
        let parts = BESIDE_A_NAME.into_iter().filter_map(move |mark| Some(rest.split_once(mark)?.0));
        let names = iter::once(rest).chain(parts);
        let names = names.filter(|name| !name.is_empty() && name.len() <= LONGEST);
        names.flat_map(|name| iter::once(PathBuf::from(name)).chain(path_of_url(name)))
    });
    names.filter(move |name| !cfg!(windows) || !is_unc(name) || name.as_os_str() == OsStr::new(text))
}

/// True of a name that Windows looks for on another machine, such as `\\server\share` and `//server/share`.
fn is_unc(name: &Path) -> bool {
    matches!(name.as_os_str().as_encoded_bytes(), [b'/' | b'\\', b'/' | b'\\', ..])
}

/// What follows the letter of an option at once: `-fa.yaml`.
fn after_option(text: &str) -> Option<&str> {
    let mut chars = text.strip_prefix('-')?.chars();
    chars.next().filter(char::is_ascii_alphanumeric)?;
    Some(chars.as_str())
}

/// The path of a `file:` URL, which may be written otherwise there: `file:///tmp/a%20b`.
fn path_of_url(name: &str) -> Option<PathBuf> {
    name.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("file:"))?;
    let url = Url::parse(name).ok()?;
    let is_here = url.host_str().is_none_or(|host| host.is_empty() || host == "localhost");
    url.to_file_path().ok().filter(|_| is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_found_in_every_way_that_programs_take_it() {
        // a text -> the files that it may name, among other readings
        let cases: &[(&str, &[&str])] = &[
            ("p.txt", &["p.txt"]),
            ("a b.txt", &["a b.txt"]),
            ("a,b=c:d@e.txt", &["a,b=c:d@e.txt"]),
            ("--file=p.txt", &["p.txt"]),
            ("--file=p,1.txt", &["p,1.txt"]),
            ("@p.txt", &["p.txt"]),
            ("-Ff=@p.txt", &["p.txt"]),
            ("image=@p.png;type=image/png", &["p.png"]),
            ("text=<p.txt", &["p.txt"]),
            ("--from-file=app.txt=p.txt", &["p.txt", "app.txt=p.txt"]),
            ("-fp.txt", &["p.txt"]),
            ("-f../p.txt", &["../p.txt"]),
            ("--values=q.txt,p.txt,r.txt", &["q.txt", "p.txt", "r.txt"]),
            ("--values=q@1.txt,p.txt", &["q@1.txt", "p.txt"]),
            ("p.txt:/etc/x:ro", &["p.txt", "/etc/x"]),
            ("type=bind,source=p.txt,target=/x", &["p.txt"]),
            ("/etc/é.txt:/x", &["/etc/é.txt"]),
            ("file://p.txt", &["p.txt"]),
            ("--cli-input-json=file://p.txt", &["p.txt"]),
        ];
        for (text, expected) in cases {
            let found: Vec<PathBuf> = named_files(text).collect();
            assert_eq!(found.first(), Some(&PathBuf::from(text)));
            for name in *expected {
                assert!(found.contains(&PathBuf::from(name)), "{text}: no {name} in {found:?}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn url_of_a_file_is_the_path_that_it_means() {
        for (text, expected) in [
            ("file:///tmp/p.txt", "/tmp/p.txt"),
            ("FILE:///tmp/a%20b.txt", "/tmp/a b.txt"),
            ("--from=file:///tmp/a%2Cb.txt", "/tmp/a,b.txt"),
            ("file://localhost/tmp/p.txt", "/tmp/p.txt"),
        ] {
            let found: Vec<PathBuf> = named_files(text).collect();
            assert!(found.contains(&PathBuf::from(expected)), "{text}: {found:?}");
        }
    }

    #[test]
    fn on_windows_no_part_of_a_text_is_looked_for_on_another_machine() {
        // a name -> whether Windows looks for it on another machine
        let names = [
            ("//p.example/q", true),
            (r"\\p.example\q", true),
            (r"/\p.example\q", true),
            (r"\\?\C:\q", true),
            ("/q", false),
            (r"C:\q", false),
            ("C://q", false),
            ("q//r", false),
            ("p", false),
        ];
        for (name, expected) in names {
            assert_eq!(is_unc(Path::new(name)), expected, "{name}");
        }
        // a text -> the name in it
        for (text, name) in [
            ("--file=//p.example/q", "//p.example/q"),
            (r"-f\\p.example\q", r"\\p.example\q"),
            (r"file:\\p.example\q", r"\\p.example\q"),
            ("http:////p.example", "//p.example"),
        ] {
            let found = named_files(text).any(|found| found.as_os_str() == OsStr::new(name));
            assert_eq!(found, !cfg!(windows), "{text}");
        }
        // What is asked for by itself is meant.
        for text in ["//p.example/q", r"\\p.example\q"] {
            assert_eq!(named_files(text).next(), Some(PathBuf::from(text)));
        }
    }

    #[test]
    fn text_that_is_no_name_has_few_readings() {
        // a text -> all that it may name
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("=", &["="]),
            ("restart", &["restart"]),
            ("--all", &["--all"]),
            ("-n", &["-n"]),
            ("cat p.txt", &["cat p.txt"]),
            ("--replicas=3", &["--replicas=3", "--replicas", "3"]),
            ("https://p.example/q", &["https://p.example/q", "https", "p.example/q"]),
            ("file://p.example/q", &["file://p.example/q", "file", "p.example/q"]),
        ];
        for (text, expected) in cases {
            let found: Vec<PathBuf> = named_files(text).collect();
            assert_eq!(found, expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{text}");
        }
        let data = "{\"a\":1,".repeat(100_000);
        assert!(named_files(&data).count() <= BEGINNINGS * (BESIDE_A_NAME.len() + 1));
        assert!(named_files(&data).all(|name| name.as_os_str().len() <= LONGEST));
    }
}
