//! Builds: how runs are joined, and which events a new state makes.

use std::{
    cmp::{Ordering, Reverse},
    ops::RangeInclusive,
};

use super::{
    join::{Order, canonicalise_list, join_lists, later},
    name::EventName,
    transition::Transition,
};
use crate::{
    item::{Build, BuildRun, BuildStatus, RUNS_KEPT, User, join_sets},
    text::listed,
};

pub(super) fn canonicalise(build: &mut Build) {
    let join = |old: &BuildRun, new| join_run(old, new, Order::Unknown);
    canonicalise_list(&mut build.runs, usize::MAX, newest_first, join);
    arrange(&mut build.runs);
}

/// The snapshot whose newest run is the newer one decides everything that does not belong to one run.
pub(super) fn is_newer(old: &Build, new: &Build) -> bool {
    let version = |build: &Build| build.latest().map(|run| (place(run), version(run)));
    match (is_of_earlier_counter(old, new), is_of_earlier_counter(new, old)) {
        (true, _) => true,
        (false, true) => false,
        (false, false) => version(new) >= version(old),
    }
}

/// True where the counter restarted between the newest run of `one` and a run of `other`.
fn is_of_earlier_counter(one: &Build, other: &Build) -> bool {
    one.latest().is_some_and(|latest| {
        other.runs.iter().any(|run| run.begins_anew_after(latest) || is_later_namesake(run, latest))
    })
}

/// Puts runs, sorted by number, in the order in which they were made: those of a counter that has restarted since come last,
/// whatever their numbers. One without a serial is taken to be of the counter that its number fits. What is more than is kept
/// is left out.
fn arrange(runs: &mut Vec<BuildRun>) {
    let begins = |run: &&BuildRun| runs.iter().any(|other| run.begins_anew_after(other));
    if let Some(beginning) = runs.iter().filter(begins).map(place).max() {
        let is_earlier = |run: &BuildRun| match run.serial {
            Some(_) => runs.iter().any(|later| later.begins_anew_after(run)),
            // What waits may have no serial yet.
            None => place(run) > beginning && run.status != BuildStatus::Queued,
        };
        let (mut earlier, last): (Vec<_>, Vec<_>) = runs.iter().cloned().partition(is_earlier);
        earlier.sort_by_key(|run| Reverse((run.serial, place(run))));
        *runs = [last, earlier].concat();
    }
    runs.truncate(RUNS_KEPT);
}

/// True for two runs of one place, of different counters, the first of the later one. A start that is the same shows that it
/// is one run after all.
fn is_later_namesake(run: &BuildRun, other: &BuildRun) -> bool {
    let is_later = run.serial.zip(other.serial).is_some_and(|(own, others)| own > others);
    let one_start = run.started_at.is_some() && run.started_at == other.started_at;
    place(run) == place(other) && is_later && !one_start
}

pub(super) fn join(old: &Build, new: Build, order: Order) -> Build {
    let newer = is_newer(old, &new);
    let join = |old: &BuildRun, new| join_run(old, new, order);
    let by_number = |runs: &[BuildRun]| runs.is_sorted_by(|one, other| newest_first(one, other).is_lt());
    let mut runs = if by_number(&old.runs) && by_number(&new.runs) {
        join_lists(&old.runs, new.runs, usize::MAX, newest_first, join)
    } else {
        let mut all = old.runs.clone();
        all.extend(new.runs);
        canonicalise_list(&mut all, usize::MAX, newest_first, join);
        all
    };
    arrange(&mut runs);
    if newer {
        Build { branch: new.branch.or_else(|| old.branch.clone()), runs, ..new }
    } else {
        Build {
            repo: old.repo.clone(),
            pipeline: old.pipeline.clone(),
            branch: old.branch.clone().or(new.branch),
            default_branch: old.default_branch,
            runs,
        }
    }
}

/// Where a run stands among the others.
fn place(run: &BuildRun) -> (u64, u32) {
    (run.number, run.attempt)
}

fn newest_first(one: &BuildRun, other: &BuildRun) -> Ordering {
    Reverse(place(one)).cmp(&Reverse(place(other)))
}

/// Of two reports of one run, the one with the greater version is the further one: queued, running, ended, ended as is
/// known; among different ends the later one, then the worse one.
fn version(run: &BuildRun) -> (u8, Option<jiff::Timestamp>, BuildStatus) {
    let rank = match run.status {
        BuildStatus::Queued => 0,
        BuildStatus::Running => 1,
        BuildStatus::Unknown => 2,
        BuildStatus::Canceled | BuildStatus::Passed | BuildStatus::Failed => 3,
    };
    (rank, run.at, run.status)
}

/// The further report decides; what it does not know is filled from the other. What failed belongs to the status, so it
/// is filled only from the same status. Of two that are as far, the one that was read later decides, whatever its date: a clock may
/// have been put right.
fn join_run(old: &BuildRun, new: BuildRun, order: Order) -> BuildRun {
    if *old == new || is_later_namesake(&new, old) {
        return new;
    }
    if is_later_namesake(old, &new) {
        return old.clone();
    }
    let order_of_reports = order;
    let order = match (version(&new), version(old)) {
        ((rank, at, _), (old_rank, old_at, _))
            if order == Order::Later && rank == old_rank && at.is_some() >= old_at.is_some() =>
        {
            Ordering::Greater
        }
        (new, old) => new.cmp(&old),
    };
    let further = if order.is_lt() { old } else { &new };
    let (status, at) = (further.status, further.at);
    let failing = if old.status != new.status {
        if order.is_lt() { old.failing.clone() } else { new.failing }
    } else if order.is_eq() || old.failing.is_empty() || new.failing.is_empty() {
        join_sets(&old.failing, new.failing)
    } else {
        choose(&old.failing, new.failing, order)
    };
    BuildRun {
        id: choose(&old.id, new.id, order),
        number: new.number,
        attempt: new.attempt,
        status,
        at,
        started_at: fill(&old.started_at, new.started_at, order),
        commit: fill(&old.commit, new.commit, order),
        author: fill(&old.author, new.author, order),
        started_by: fill(&old.started_by, new.started_by, order),
        subject: fill(&old.subject, new.subject, order),
        url: fill(&old.url, new.url, order),
        failing,
        // It may wait again and again, whatever its status: of two reports the later one counts.
        waits: later(old.waits.as_ref(), new.waits.as_ref(), |it| it.at, order_of_reports).cloned(),
        // The least: a clock that was set back may make one too great.
        serial: old.serial.into_iter().chain(new.serial).min(),
    }
}

/// The new value if its version is greater, the old one if less; the greater value if the versions don't decide.
fn choose<T: Ord + Clone>(old: &T, new: T, order: Ordering) -> T {
    match order.then_with(|| new.cmp(old)) {
        Ordering::Less => old.clone(),
        Ordering::Equal | Ordering::Greater => new,
    }
}

fn fill<T: Ord + Clone>(old: &Option<T>, new: Option<T>, order: Ordering) -> Option<T> {
    match (old, new) {
        (None, new) => new,
        (Some(old), None) => Some(old.clone()),
        (Some(old), Some(new)) => Some(choose(old, new, order)),
    }
}

/// Without the runs of these numbers, where it has any.
pub(super) fn without(build: &Build, numbers: &RangeInclusive<u64>) -> Option<Build> {
    let mut left = build.clone();
    left.runs.retain(|run| !numbers.contains(&run.number));
    (left.runs.len() < build.runs.len()).then_some(left)
}

pub(super) fn transitions(old: Option<&Build>, build: &Build) -> Vec<Transition> {
    let mut found = Vec::new();
    let known = old.map_or(&[][..], |old| &old.runs);
    let is_same = |one: &BuildRun, other: &BuildRun| {
        place(one) == place(other) && !is_later_namesake(one, other) && !is_later_namesake(other, one)
    };
    let latest = known.first().and_then(|known| build.runs.iter().position(|run| is_same(run, known)));
    for (index, run) in build.runs.iter().enumerate().rev() {
        let before = known.iter().find(|known| is_same(run, known)).map(|known| known.status);
        if before.is_some_and(|before| before == run.status || before.is_final()) {
            continue;
        }
        let older = &build.runs[index + 1..];
        let was_red = older.iter().find(|run| run.status.is_verdict()).is_some_and(is_failed);
        // A later run had coloured the branch before this became known.
        let is_overtaken = build.runs.iter().take(index).any(|newer| {
            let had_verdict = |known: &BuildRun| known.status.is_verdict() && is_same(newer, known);
            newer.number != run.number && known.iter().any(had_verdict)
        });
        let name = match run.status {
            // How its first attempt ended is on record, and this changes nothing about the branch.
            _ if is_overtaken && run.attempt > 1 => continue,
            // An older run that is seen for the first time, or goes on, while a newer one is known: nobody waits for it.
            BuildStatus::Queued | BuildStatus::Running if latest.is_some_and(|at| at < index) => continue,
            // How it ended is reported once it is known.
            BuildStatus::Unknown => continue,
            BuildStatus::Queued => EventName::Queued,
            BuildStatus::Running => EventName::Running,
            BuildStatus::Canceled => EventName::Canceled,
            BuildStatus::Passed if was_red && !is_overtaken => EventName::Fixed,
            BuildStatus::Passed => EventName::Passed,
            BuildStatus::Failed if was_red => EventName::StillFailing,
            BuildStatus::Failed => EventName::Failed,
        };
        let summary = match is_overtaken {
            true => overtaken_summary(build, run),
            false => summary(build, name, run, older),
        };
        found.push(Transition {
            at: run.at,
            by: run.by().map(User::named),
            distinct: distinct(run),
            ..Transition::new(name, summary)
        });
    }
    found
}

/// What names a run among all that a pipeline ever had.
fn distinct(run: &BuildRun) -> String {
    let place = format!("{}.{}", run.number, run.attempt);
    run.serial.map_or(place.clone(), |serial| format!("{place} {serial}"))
}

fn is_failed(run: &BuildRun) -> bool {
    run.status == BuildStatus::Failed
}

/// " in lint and unit tests", where it is known what failed.
fn in_failing(run: &BuildRun) -> String {
    if run.failing.is_empty() { String::new() } else { format!(" in {}", listed(&run.failing)) }
}

/// Of a run that says nothing about the branch any more.
fn overtaken_summary(build: &Build, run: &BuildRun) -> String {
    let end = match run.status {
        BuildStatus::Failed => format!("failed{}", in_failing(run)),
        BuildStatus::Passed => "passed".to_owned(),
        status => format!("was {}", status.name()),
    };
    format!("an earlier run of {} {end}", build.name())
}

fn summary(build: &Build, name: EventName, run: &BuildRun, older: &[BuildRun]) -> String {
    let build = build.name();
    let failing = in_failing(run);
    match name {
        EventName::Queued | EventName::Running if run.waits() => format!("{build} waits for a person's yes"),
        EventName::Queued => format!("{build} is queued"),
        EventName::Running => format!("{build} is running"),
        EventName::Canceled => format!("{build} was canceled"),
        EventName::Fixed => match streak(older, BuildStatus::Failed, 0) {
            (1, false) => format!("{build} is green again"),
            (count, more) => format!("{build} is green again after {}{count} red", at_least(more)),
        },
        EventName::Failed => match streak(older, BuildStatus::Passed, 0) {
            (0, _) => format!("{build} failed{failing}"),
            (count, more) => format!("{build} failed{failing} after {}{count} green", at_least(more)),
        },
        EventName::StillFailing => {
            let (count, more) = streak(older, BuildStatus::Failed, 1);
            format!("{build} still fails{failing}, {}{count} in a row", at_least(more))
        }
        _ => format!("{build} passed"),
    }
}

fn at_least(more: bool) -> &'static str {
    if more { "at least " } else { "" }
}

/// How many verdicts in a row were that status before, plus `more`; and whether there may have been more of them, because
/// the list is full and has no other.
fn streak(older: &[BuildRun], status: BuildStatus, more: usize) -> (usize, bool) {
    let mut verdicts = older.iter().filter(|run| run.status.is_verdict()).peekable();
    let mut count = more;
    while verdicts.next_if(|run| run.status == status).is_some() {
        count += 1;
    }
    (count, verdicts.peek().is_none() && older.len() + 1 >= RUNS_KEPT)
}
