//! Which processes are below one, or carry a mark, as `/proc` has it.

use std::{collections::HashMap, fs, io};

use rustix::process::Pid;

/// A process as its `stat` file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    parent: i32,
    /// False for one that has ended, and that nobody has waited for.
    lives: bool,
}

/// The living processes below this one.
///
/// # Errors
/// Where `/proc` cannot be read.
pub(super) fn descendants(of: Pid) -> io::Result<Vec<Pid>> {
    let mut children: HashMap<i32, Vec<(i32, bool)>> = HashMap::new();
    for (id, stat) in files("stat")? {
        if let Some(Entry { parent, lives }) = parse(&stat) {
            children.entry(parent).or_default().push((id, lives));
        }
    }
    let (mut found, mut next) = (Vec::new(), vec![of.as_raw_nonzero().get()]);
    while let Some(parent) = next.pop() {
        for (id, lives) in children.remove(&parent).unwrap_or_default() {
            next.push(id);
            found.extend(Pid::from_raw(id).filter(|_| lives));
        }
    }
    Ok(found)
}

/// The living processes that were started with this variable, as `NAME=value`, in their environment, and that are this
/// user's. One that has ended has none any more.
///
/// # Errors
/// Where `/proc` cannot be read.
pub(super) fn marked(variable: &[u8]) -> io::Result<Vec<Pid>> {
    let is_marked = |environ: &[u8]| environ.split(|byte| *byte == 0).any(|found| found == variable);
    Ok(files("environ")?
        .filter(|(_, environ)| is_marked(environ))
        .filter_map(|(id, _)| Pid::from_raw(id))
        .collect())
}

/// A file of each process.
fn files(name: &str) -> io::Result<impl Iterator<Item = (i32, Vec<u8>)>> {
    Ok(fs::read_dir("/proc")?.flatten().filter_map(move |entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        // One that has ended meanwhile has no file any more.
        Some((id, fs::read(entry.path().join(name)).ok()?))
    }))
}

/// Reads `ID (NAME) STATE PARENT ...` (proc_pid_stat(5)). The name may hold anything, also spaces and parentheses.
fn parse(stat: &[u8]) -> Option<Entry> {
    let name_ends = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(name_ends + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let lives = !matches!(fields.next()?, "Z" | "X" | "x");
    Some(Entry { parent: fields.next()?.parse().ok()?, lives })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn stat_is_read_whatever_the_name() {
        let entry = |parent, lives| Some(Entry { parent, lives });
        let cases: [(&[u8], _); 8] = [
            (b"7 (sleep) S 3 7 7 0 -1", entry(3, true)),
            (b"7 (a b) R 3 7", entry(3, true)),
            (b"7 (a) Z 9 (b)) D 3 7", entry(3, true)),
            (b"7 (\xff\n) T 3 7", entry(3, true)),
            (b"7 (sh) Z 3 7", entry(3, false)),
            (b"7 (sh) X 0 7", entry(0, false)),
            (b"7 (sh) S", None),
            (b"", None),
        ];
        for (stat, expected) in cases {
            assert_eq!(parse(stat), expected, "{}", String::from_utf8_lossy(stat));
        }
    }

    #[test]
    fn marked_process_is_found_while_it_lives() {
        let start = |variable: Option<&str>| {
            let mut command = Command::new("/bin/sleep");
            command.arg("600").envs(variable.map(|value| ("CALLBOARD_TEST_OF_MARKS", value)));
            command.spawn().unwrap()
        };
        let value = format!("here {}", std::process::id());
        let mut all = [start(Some(&value)), start(Some("elsewhere")), start(None)];
        let variable = format!("CALLBOARD_TEST_OF_MARKS={value}");
        // Its own environment is there once it is the program that was asked for.
        while marked(variable.as_bytes()).unwrap() != [Pid::from_child(&all[0])] {
            std::thread::yield_now();
        }
        for child in &mut all {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(marked(variable.as_bytes()).unwrap().is_empty());
    }

    #[test]
    fn child_and_grandchild_are_found_and_nobody_else() {
        let script = "sleep 600 & echo; wait";
        let mut child = Command::new("/bin/sh")
            .args(["-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Once it has written, its own child is there.
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        let shell = Pid::from_child(&child);
        let below_shell = descendants(shell).unwrap();
        assert_eq!(below_shell.len(), 1, "{below_shell:?}");
        let below_us = descendants(rustix::process::getpid()).unwrap();
        assert!(below_us.contains(&shell) && below_us.contains(&below_shell[0]));
        assert!(descendants(below_shell[0]).unwrap().is_empty());
        rustix::process::kill_process(below_shell[0], rustix::process::Signal::KILL).unwrap();
        child.wait().unwrap();
    }
}
