//! What Linux reports about a process, and where it may run.

use std::{collections::BTreeMap, fs, process::Command};

use anyhow::{Context, Result, ensure};

/// The core of the program that is measured.
const SERVED_ON: usize = 0;

/// Puts a process with all its threads on these cores.
fn pin(process: u32, cores: &str) -> Result<()> {
    let done = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", cores, &process.to_string()])
        .output();
    let done = done.context("taskset, of util-linux")?;
    ensure!(done.status.success(), "taskset: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// Starts something on one core, and works with it from the others.
pub(crate) fn served_on_one_core<S, T>(
    start: impl FnOnce() -> Result<S>,
    work: impl FnOnce(S) -> Result<T>,
) -> Result<T> {
    // Counted before this process is put on one of them: only those that it may run on count.
    let last = std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1);
    let me = std::process::id();
    ensure!(last > SERVED_ON, "this takes two cores: one for the program, and one for its client");
    pin(me, &SERVED_ON.to_string())?;
    let started = start();
    pin(me, &format!("{}-{last}", SERVED_ON + 1))?;
    let done = started.and_then(work);
    pin(me, &format!("0-{last}"))?;
    done
}

/// A process's memory in MB: what is resident, and its proportional share where pages are shared.
pub(crate) fn memory(process: u32) -> Result<(f64, f64)> {
    let sums = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let of = |name: &str| -> Result<f64> {
        let line = sums.lines().find_map(|line| line.strip_prefix(name)).context("smaps_rollup has it")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    };
    Ok((of("Rss:")?, of("Pss:")?))
}

/// The processor time that a process has used, in seconds (proc(5): utime and stime, in hundredths on every Linux).
pub(crate) fn processor_time(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / 100.0)
}

/// How often each of a process's threads has waited and been woken: its voluntary context switches.
pub(crate) fn wake_ups(process: u32) -> Result<BTreeMap<String, u64>> {
    let mut threads = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let thread = thread?;
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        let count = count.and_then(|count| count.trim().parse().ok()).unwrap_or_default();
        threads.insert(thread.file_name().to_string_lossy().into_owned(), count);
    }
    Ok(threads)
}

/// How many there were in between, in threads that are still there.
pub(crate) fn wake_ups_since(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> u64 {
    now.iter()
        .map(|(thread, count)| count - before.get(thread).copied().unwrap_or_default().min(*count))
        .sum()
}
