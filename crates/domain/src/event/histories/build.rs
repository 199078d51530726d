//! Histories of builds.

use super::history::{History, Lasting, Step};
use crate::{
    event::EventName,
    item::{
        AsOf, BuildRun, BuildStatus, Detail, Item, RUNS_KEPT,
        examples::{at, build, run},
    },
};

/// One run after the other.
pub(super) fn serial(dice: &[(u8, u8)]) -> History {
    history_of_runs(dice, true, false)
}

/// Runs overlap and end in any order.
pub(super) fn overlapping(dice: &[(u8, u8)]) -> History {
    history_of_runs(dice, false, false)
}

/// Runs overlap, and the service may change its mind about a verdict, once.
pub(super) fn with_second_thoughts(dice: &[(u8, u8)]) -> History {
    history_of_runs(dice, false, true)
}

fn history_of_runs(dice: &[(u8, u8)], serial: bool, second_thoughts: bool) -> History {
    let mut runs: Vec<BuildRun> = Vec::new();
    let mut thought_again = Vec::new();
    let mut steps = Vec::new();
    for (tick, (what, how)) in (0..).zip(dice) {
        let under_way: Vec<_> = (0..runs.len()).filter(|at| !runs[*at].status.is_final()).collect();
        let ended =
            (0..runs.len()).find(|at| runs[*at].status.is_final() && !thought_again.contains(&runs[*at].id));
        let mut events = Vec::new();
        let index = match (under_way.is_empty(), ended) {
            (_, Some(index)) if second_thoughts && what % 8 == 7 => {
                thought_again.push(runs[index].id.clone());
                let others = [BuildStatus::Canceled, BuildStatus::Passed, BuildStatus::Failed];
                let other = others
                    .into_iter()
                    .filter(|status| *status != runs[index].status)
                    .nth(usize::from(how % 2));
                runs[index].status = other.unwrap();
                index
            }
            (empty, _) if empty || (!serial && what % 3 == 0) => {
                if runs.len() == RUNS_KEPT {
                    break;
                }
                let newest = runs.first().map_or((0, 1), |run| (run.number, run.attempt));
                let (number, attempt) =
                    if what % 5 == 0 && newest.0 > 0 { (newest.0, newest.1 + 1) } else { (newest.0 + 1, 1) };
                let status = if how % 3 == 0 { BuildStatus::Running } else { BuildStatus::Queued };
                let mut new = run(number, status);
                (new.id, new.attempt) = (format!("{number}.{attempt}"), attempt);
                new.commit = Some(format!("c{number}"));
                new.subject = Some(format!("Change {number}"));
                runs.insert(0, new);
                0
            }
            _ => {
                let index = under_way[usize::from(*how) % under_way.len()];
                runs[index].status = match (runs[index].status, what % 8) {
                    (BuildStatus::Queued, 1..) => BuildStatus::Running,
                    // A word that is not known at first.
                    (BuildStatus::Running, 7) => BuildStatus::Unknown,
                    (_, 0) => BuildStatus::Canceled,
                    (_, 1..4) => BuildStatus::Passed,
                    _ => BuildStatus::Failed,
                };
                index
            }
        };
        let was_red = runs[index + 1..]
            .iter()
            .find(|run| run.status.is_verdict())
            .is_some_and(|run| run.status == BuildStatus::Failed);
        let number = runs[index].number;
        let overtaken = runs[..index].iter().any(|newer| newer.number != number && newer.status.is_verdict());
        let run = &mut runs[index];
        run.at = Some(at(tick));
        if run.status == BuildStatus::Running {
            run.started_at = run.at;
        }
        run.waits = (how % 5 > 1).then(|| AsOf::new(at(tick), how % 2 == 0)).or(run.waits.take());
        run.failing =
            if run.status == BuildStatus::Failed { vec!["lint".into(), "unit".into()] } else { Vec::new() };
        let name = match run.status {
            BuildStatus::Queued => Some(EventName::Queued),
            BuildStatus::Running => Some(EventName::Running),
            BuildStatus::Unknown => None,
            BuildStatus::Canceled => Some(EventName::Canceled),
            BuildStatus::Passed if was_red && !overtaken => Some(EventName::Fixed),
            BuildStatus::Passed => Some(EventName::Passed),
            BuildStatus::Failed if was_red => Some(EventName::StillFailing),
            BuildStatus::Failed => Some(EventName::Failed),
        };
        let is_told = (run.status.is_final() || index == 0) && !(overtaken && run.attempt > 1);
        if is_told && !thought_again.contains(&run.id) {
            events.extend(name.map(|name| (name, run.id.clone())));
        }
        // A second thought without a time can't be distinguished from the first one arriving late.
        let hook = partial(run.clone(), if second_thoughts { how & !1 } else { *how });
        steps.push(Step { hook: named(vec![hook]), poll: named(runs.clone()), events });
    }
    // Another attempt at a run that is not the newest one is told of only where it becomes known first.
    let newest = runs.first().map(|run| run.number);
    let is_lasting =
        |run: &BuildRun| run.status.is_final() && (run.attempt == 1 || Some(run.number) == newest);
    let ended = runs.into_iter().filter(is_lasting).map(|run| run.id);
    let lasting = ended.map(|id| -> Lasting {
        Box::new(move |(name, distinct)| *name > EventName::Running && *distinct == id)
    });
    History { steps, lasting: lasting.collect() }
}

/// What is not of one run changes from run to run.
fn named(runs: Vec<BuildRun>) -> Item {
    let number = runs[0].number;
    let mut item = build(runs);
    item.title = format!("ci {number}");
    if let Detail::Build(build) = &mut item.detail {
        build.default_branch = number.is_multiple_of(2);
    }
    item
}

/// A webhook does not report everything.
fn partial(mut run: BuildRun, missing: u8) -> BuildRun {
    let has = |bit: u8| missing & (1 << bit) == 0;
    run.at = run.at.filter(|_| has(0));
    run.started_at = run.started_at.filter(|_| has(1));
    run.commit = run.commit.filter(|_| has(2));
    run.author = run.author.filter(|_| has(3));
    run.subject = run.subject.filter(|_| has(4));
    run.failing.retain(|job| has(5) || job == "unit");
    run
}
