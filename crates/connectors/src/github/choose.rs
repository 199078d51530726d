//! What to read in detail after the lists, and in which turn: what is new first, then what may have changed without a list showing it.

use callboard_domain::item::BuildStatus;
use jiff::Timestamp;

use super::{
    cursor::Part,
    details::Task,
    gone_build::Cause,
    look::RepoLists,
    normalise, run_branch,
    unlisted_runs::{UnlistedRun, UnlistedRuns},
    wire,
};

/// How many pull requests' details are read in one poll; the others wait for the next.
const PULLS_AT_ONCE: usize = 100;
/// How many quiet pull requests are looked at in each poll, in turns: checks by other CI servers, on some servers
/// reviews, and changes of what is not on the first page show nowhere else.
const SWEPT: usize = 10;
/// How many runs are asked for by themselves, per repository and poll.
const UNLISTED_RUNS: usize = 10;
/// How many builds, and how many branches, that may be gone are looked for in one poll.
const SUSPECTS: usize = 20;
/// How many other builds on the board are checked in each poll, in turns: their branch may be deleted.
const BOARD_BUILDS: usize = 3;
/// How many builds that are gone are checked in each poll, in turns: what they are gone for may have ended.
const GONE_BUILDS: usize = 1;
/// Where GitHub's merge queue tries what it would merge; it deletes these branches by itself.
const MERGE_QUEUE: &str = "gh-readonly-queue/";

/// A task, with the place of its repository.
pub(super) type Placed = (usize, Task);

/// What to read in detail, and the pull requests for which one poll has no room.
pub(super) fn choose(
    looks: &[RepoLists],
    me: &str,
    turn: usize,
    now: Timestamp,
) -> (Vec<Placed>, Vec<Placed>) {
    let (mut due, mut soon, mut quiet, mut tasks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut branches, mut suspect, mut others, mut gone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut gates = Vec::new();
    // One that is left alone for a while is not asked for its parts either.
    let is_asked = |look: &RepoLists| look.read || look.error.is_none() && !look.repo.is_refused(Part::Repo);
    for (at, look) in looks.iter().enumerate().filter(|(_, look)| is_asked(look)) {
        for (number, open) in &look.repo.open {
            let when = match open {
                open if open.due => &mut due,
                open if open.computing || open.awaits_checks(now) || look.heads.contains(&open.head) => {
                    &mut soon
                }
                _ => &mut quiet,
            };
            when.push((at, Task::Pull(*number)));
        }
        let is_seen = |id: u64| look.repo.listed.contains(&id) || look.repo.unlisted_runs.contains(id);
        let to_read = look.repo.gates.to_read(is_seen, !look.repo.is_refused(Part::Gates));
        gates.extend(to_read.into_iter().map(|id| (at, Task::Gates(id))));
        tasks.extend(look.merged.iter().map(|number| (at, Task::Merger(*number))));
        tasks.extend(
            unlisted_in_turn(&look.repo.unlisted_runs, turn).into_iter().map(|id| (at, Task::Run(id))),
        );
        let reported = look.reported_branches.iter().filter(|_| look.is_readable());
        branches.extend(reported.map(|name| (at, Task::Branch(name.clone()))));
        // A description shows which branch is the default one, and a merge queue restores none.
        let can_be_back = |cause: Cause<'_>| match cause {
            Cause::NoBranch(branch) => !branch.starts_with(MERGE_QUEUE),
            Cause::Workflow(_) => true,
            Cause::NotDefault(_) => false,
        };
        let causes = look.repo.gone_builds.causes().filter(|(_, cause)| can_be_back(*cause));
        let causes = causes.filter(|_| look.is_readable());
        gone.extend(causes.map(|(id, _)| (at, Task::GoneBuild(id.to_owned()))));
        for (id, known) in look.repo.board_builds.iter().filter(|_| look.is_readable()) {
            // One that the list should have is asked for by itself.
            let (listed, unlisted_runs) = (&look.repo.listed, &look.repo.unlisted_runs);
            let unlisted =
                look.relisted && !listed.contains(&known.run) && !unlisted_runs.contains(known.run);
            let queued = known.branch.as_deref().is_some_and(|branch| branch.starts_with(MERGE_QUEUE));
            let when = if (unlisted && known.red) || (queued && !known.under_way) {
                &mut suspect
            } else {
                &mut others
            };
            if known.red || known.under_way {
                when.push((at, Task::BoardBuild(id.clone())));
            }
        }
        if !look.repo.is_refused(Part::Jobs) {
            tasks.extend(unexplained(look, me).map(|run| (at, Task::Jobs(run.id, normalise::attempt(run)))));
        }
    }
    due.extend(soon);
    let later = in_turn(&mut due, turn, PULLS_AT_ONCE);
    in_turn(&mut quiet, turn, SWEPT);
    in_turn(&mut branches, turn, SUSPECTS);
    in_turn(&mut suspect, turn, SUSPECTS);
    in_turn(&mut others, turn, BOARD_BUILDS);
    in_turn(&mut gone, turn, GONE_BUILDS);
    // Whoever waits for a yes waits for all of them.
    let chosen = [gates, branches, due, quiet, tasks, suspect, others, gone].into_iter().flatten().collect();
    (chosen, later)
}

/// The runs to ask for by themselves: those that were not asked for yet, the newest first, then the others in turns.
fn unlisted_in_turn(all: &UnlistedRuns, turn: usize) -> Vec<u64> {
    let (new, mut others): (Vec<_>, Vec<_>) = all.newest_first().partition(|(_, run)| run.is_new());
    let mut chosen: Vec<_> = new.into_iter().take(UNLISTED_RUNS).collect();
    in_turn(&mut others, turn, UNLISTED_RUNS - chosen.len());
    chosen.append(&mut others);
    chosen.into_iter().map(|(id, _)| id).collect()
}

/// Keeps so many of a list: the next ones at each turn, so that each has its own. Gives back the others.
fn in_turn<T>(list: &mut Vec<T>, turn: usize, many: usize) -> Vec<T> {
    if list.len() <= many {
        return Vec::new();
    }
    let start = turn.wrapping_mul(many) % list.len();
    list.rotate_left(start);
    list.split_off(many)
}

/// The failed runs whose failed jobs are worth a request: what made a branch red, where it is the default one or mine.
pub(super) fn unexplained<'a>(look: &'a RepoLists, me: &'a str) -> impl Iterator<Item = &'a wire::Run> {
    look.newest_verdicts().filter(move |run| {
        is_worth_explaining(look, run, me) && !look.repo.failing.contains_key(&normalise::attempt(run))
    })
}

/// Makes the next polls ask for the failed runs one by one: their list may not change until then.
pub(super) fn put_off(look: &mut RepoLists, me: &str) {
    let later: Vec<_> = unexplained(look, me).map(|run| run.id).collect();
    later.into_iter().for_each(|id| look.repo.unlisted_runs.insert(id, UnlistedRun::New));
}

pub(super) fn is_worth_explaining(look: &RepoLists, run: &wire::Run, me: &str) -> bool {
    let place = look.place();
    let mine =
        |user: &Option<wire::User>| user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(me));
    normalise::run_status(run) == BuildStatus::Failed
        && (run_branch::concerns_all(place.name, run, place.default_branch)
            || mine(&run.actor)
            || mine(&run.triggering_actor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_unlisted_runs_come_first_and_all_get_a_turn() {
        let asked = || UnlistedRun::Read("W/1".to_owned());
        let mut all = UnlistedRuns::default();
        (1..=9).for_each(|id| all.add(id));
        // Those that a webhook reported among them, one of which was known.
        all.insert(13, asked());
        (10..=13).for_each(|id| all.report(id));
        (21..=23).for_each(|id| all.insert(id, asked()));
        let first = unlisted_in_turn(&all, 0);
        assert_eq!(first, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4]);
        // Those under way stay; one that could not be read holds no other up.
        first.iter().for_each(|id| all.insert(*id, UnlistedRun::Unread));
        let mut seen: std::collections::BTreeSet<_> = first.into_iter().collect();
        let second = unlisted_in_turn(&all, 1);
        assert_eq!((&second[..3], second.len()), (&[3, 2, 1][..], UNLISTED_RUNS));
        seen.extend(second.iter().copied());
        second.iter().for_each(|id| all.insert(*id, asked()));
        seen.extend((2..4).flat_map(|turn| unlisted_in_turn(&all, turn)));
        assert_eq!(seen.len(), 16);
    }

    #[test]
    fn every_entry_gets_a_turn() {
        let mut seen = std::collections::BTreeSet::new();
        for turn in 0..3 {
            let mut list: Vec<_> = (0..13).collect();
            let others = in_turn(&mut list, turn, 5);
            assert_eq!(list.len(), 5);
            let all: std::collections::BTreeSet<_> = list.iter().chain(&others).copied().collect();
            assert_eq!((others.len(), all.len()), (8, 13));
            seen.extend(list);
        }
        assert_eq!(seen.len(), 13);
        let mut few = vec![1, 2];
        assert_eq!((in_turn(&mut few, 7, 2), few), (vec![], vec![1, 2]));
    }
}
