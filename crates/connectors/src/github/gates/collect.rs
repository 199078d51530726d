//! What was read of gates becomes snapshots, what is gone, and the cursor.

use std::collections::BTreeMap;

use callboard_domain::{
    error::ServiceError,
    item::{AccountName, Item, Kind},
    source::GoneReason,
};
use jiff::Timestamp;

use super::{
    end::{End, end},
    read::GatesRead,
    snapshot::{Of, Pending},
    waiting_run::{Gate, RunState, WaitingRun, WaitingRuns},
    wire::PendingDeployment,
};
use crate::github::{client::Rows, gate_id::GateId, look::RepoLists, part::Part, wire};

/// After so many polls that could not read how a gate ended, it has ended in a way that is not known.
const TRIES: u8 = 3;

/// Takes in the gates that were read, and the runs as this poll has read them; gives back what could not be read.
pub(in crate::github) fn collect(
    account: &AccountName,
    look: &mut RepoLists,
    reads: Vec<(u64, GatesRead)>,
    rows: &[wire::Run],
    now: Timestamp,
    snapshots: &mut Vec<Item>,
) -> Vec<(Part, ServiceError)> {
    let mut runs = std::mem::take(&mut look.repo.gates);
    let name = look.place().name.to_owned();
    let mut found = Found { account, repo: &name, now, snapshots, gone: Vec::new(), errors: Vec::new() };
    rows.iter().for_each(|row| runs.note(&look.place(), row));
    for (id, mut read) in reads {
        found.errors.append(&mut read.errors);
        let Some(mut run) = runs.remove(id) else { continue };
        if read.is_gone {
            let is_evidence = look.is_list_readable(Part::Runs) && !look.repo.listed.contains(&id);
            if found.missing(id, &mut run, is_evidence) {
                continue;
            }
        } else {
            if let Some((row, etag)) = &read.run {
                run.take_in_read(WaitingRun::of(&look.place(), row), etag);
            }
            if let Some(pending) = &read.pending {
                found.environments(id, &mut run, pending, &read);
            }
        }
        runs.insert(id, run);
    }
    found.first_timers(&mut runs, rows, look);
    runs.retain(|run| !run.is_done());
    for (id, run) in runs.take_dropped() {
        found.gone.extend(run.ids(&name, id).into_iter().map(|id| (id, GoneReason::NotListed)));
    }
    let Found { gone, errors, .. } = found;
    look.gone.extend(gone.into_iter().map(|(id, reason)| (Kind::Approval, id, reason)));
    look.repo.gates = runs;
    errors
}

/// What was found of a repository's gates.
struct Found<'a> {
    account: &'a AccountName,
    repo: &'a str,
    now: Timestamp,
    snapshots: &'a mut Vec<Item>,
    gone: Vec<(String, GoneReason)>,
    errors: Vec<(Part, ServiceError)>,
}

impl Found<'_> {
    fn of<'a>(&'a self, id: u64, run: &'a WaitingRun) -> Of<'a> {
        Of { account: self.account, repo: self.repo, id, run, now: self.now }
    }

    fn gone(&mut self, id: u64, environment: Option<&str>, reason: GoneReason) {
        self.gone.push((GateId::new(self.repo, id, environment).to_string(), reason));
    }

    /// GitHub does not show the run by itself. True where it is certainly not there.
    fn missing(&mut self, id: u64, run: &mut WaitingRun, is_evidence: bool) -> bool {
        if run.state == RunState::Reported {
            // A webhook may come before GitHub answers for its subject: it is asked for once more.
            run.state = RunState::Missing;
            return false;
        }
        if is_evidence {
            run.open().for_each(|environment| self.gone(id, environment, GoneReason::Deleted));
            return true;
        }
        let why = "GitHub does not show a run by itself that waits: its gates may have changed";
        self.errors.push((Part::Gates, ServiceError::rejected(why)));
        false
    }

    /// The gates of a run that wait for environments.
    fn environments(
        &mut self,
        id: u64,
        run: &mut WaitingRun,
        list: &Rows<PendingDeployment>,
        read: &GatesRead,
    ) {
        let history = read.history.as_ref();
        let mut pending: BTreeMap<String, Pending> = BTreeMap::new();
        for row in &list.rows {
            let gate = Pending::of(row);
            let gate = match pending.remove(&row.environment.name) {
                Some(other) => other.and(gate),
                None => gate,
            };
            pending.insert(row.environment.name.clone(), gate);
        }
        pending.retain(|_, gate| gate.waits_for_people());
        for (name, gate) in &pending {
            let known = run.environments.remove(name).unwrap_or_else(|| Gate::new(None));
            let is_of_this_attempt = known.asked_at == run.asked_at && !known.only_reported;
            let now = history.map(|it| it.kept(name));
            // Without a timer, what was answered by the last reading was for an earlier job: this one still waits.
            let answered = match is_of_this_attempt {
                true if !gate.is_timed() && known.seen.is_some() => known.seen.clone(),
                true => known.answered.or_else(|| now.clone()),
                false => now.clone(),
            };
            let seen = now.or(known.seen);
            // A timer goes on once somebody has said yes. Without one, that yes was for another job of the environment.
            let answers = match (history, &answered) {
                (Some(history), Some(before)) if gate.is_timed() => history.since(name, before),
                _ => Vec::new(),
            };
            let item = self.of(id, run).waiting(name, gate, answers);
            self.snapshots.push(item);
            let asked_at = run.asked_at;
            let gate = Gate {
                answered,
                seen,
                is_timed: gate.is_timed(),
                shipment: known.shipment,
                ..Gate::new(asked_at)
            };
            run.environments.insert(name.clone(), gate);
        }
        run.unread = list.incomplete();
        let is_all = run.unread.is_none();
        let is_again = |gate: &Gate| gate.asked_at.zip(run.asked_at).is_some_and(|(gate, run)| gate != run);
        let mut is_left = false;
        let ended = run.environments.iter().filter(|(name, _)| !pending.contains_key(*name));
        let ended: Vec<_> = ended.map(|(name, gate)| (name.clone(), gate.clone(), is_again(gate))).collect();
        for (name, gate, is_again) in ended.into_iter().filter(|_| is_all) {
            if gate.only_reported {
                // The list may be behind the webhook: the next one shows whether it was.
                run.environments.insert(name, Gate { only_reported: false, ..gate });
                is_left = true;
                continue;
            }
            let end = end(&name, &gate, (run.attempt, is_again), run.state, history);
            if end == End::Unknown && read.is_lost && run.tries + 1 < TRIES {
                is_left = true;
                continue;
            }
            run.environments.remove(&name);
            match self.of(id, run).ended(Some(&name), &gate, end) {
                Some(item) => self.snapshots.push(item),
                None => self.gone(id, Some(&name), GoneReason::NotListed),
            }
        }
        run.tries = if is_left && read.is_lost { run.tries + 1 } else { 0 };
        run.due = is_left || list.error.is_some();
        // The first of several pages does not show changes on the others.
        run.etag = list.whole.then(|| list.etag.clone());
    }

    /// The gates of runs that wait as a whole.
    fn first_timers(&mut self, runs: &mut WaitingRuns, rows: &[wire::Run], look: &RepoLists) {
        let place = look.place();
        let read = rows.iter().filter_map(|row| Some((row.id, WaitingRun::of(&place, row)?)));
        let known = runs.iter().map(|(id, run)| (id, run.clone()));
        let newest: Vec<(u64, WaitingRun)> = read.chain(known).collect();
        for (id, run) in runs.iter_mut() {
            let is_outdated = newest.iter().any(|(newer, it)| *newer > id && run.is_outdated_by(it));
            match (run.state, run.whole.take()) {
                (RunState::FirstTimer, known) if !is_outdated => {
                    if run.due || known.as_ref().is_none_or(|gate| gate.asked_at != run.asked_at) {
                        let of = self.of(id, run);
                        let item = of.item(of.open(None));
                        self.snapshots.push(item);
                    }
                    let shipment = known.and_then(|gate| gate.shipment);
                    run.whole = Some(Gate { shipment, ..Gate::new(run.asked_at) });
                    run.due = false;
                }
                (RunState::FirstTimer, known) => {
                    self.whole_ended(id, run, known, "a newer run has taken its place");
                    (run.state, run.due) = (RunState::Outdated, false);
                }
                (RunState::Canceled, known) => self.whole_ended(id, run, known, "the run was canceled"),
                (RunState::UnderWay | RunState::Over | RunState::Deployment, Some(gate)) => {
                    let of = self.of(id, run);
                    let item = of.ended(None, &gate, End::Approved(Vec::new()));
                    self.snapshots.extend(item);
                }
                // Not read yet, or ended already.
                (_, known) => run.whole = known,
            }
        }
    }

    fn whole_ended(&mut self, id: u64, run: &WaitingRun, gate: Option<Gate>, why: &'static str) {
        let item = gate.and_then(|gate| self.of(id, run).ended(None, &gate, End::Superseded(why)));
        self.snapshots.extend(item);
    }
}
