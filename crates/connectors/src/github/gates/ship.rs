//! What a yes would ship: for which gates it is to be read, and where it is kept.

use callboard_domain::item::{AccountName, AsOf, Detail, Item, Shipment};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{
    snapshot::Of,
    waiting_run::{Gate, WaitingRun, WaitingRuns},
};
use crate::github::{
    client::Calls, look::RepoLists, scarcity::is_scarce, shipment::shipment, within::within,
};

/// How long it is taken to be the same: what is there now may change.
const VALID_FOR: SignedDuration = SignedDuration::from_mins(10);

/// A gate of which it is to be read what a yes would ship.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unshipped {
    run: u64,
    /// None where all of the run waits.
    environment: Option<String>,
    commit: String,
}

/// Of how many gates of a repository one poll reads that: each takes some calls, and the rows are there without.
const AT_A_POLL: usize = 10;

/// The gates of which it is to be read what a yes would ship, those that have waited longest for it.
fn unshipped(runs: &WaitingRuns, now: Timestamp) -> Vec<Unshipped> {
    let of_run = |(id, run): (u64, &WaitingRun)| {
        let commit = run.commit.clone().unwrap_or_default();
        let whole = run.whole.iter().map(|gate| (None, gate));
        let all = whole.chain(run.environments.iter().map(|(name, gate)| (Some(name.clone()), gate)));
        let is_due = |gate: &Gate| match &gate.shipment {
            Some((known, at)) => *known != commit || now.duration_since(*at) >= VALID_FOR,
            None => true,
        };
        // Of a run that is asked for again it is not known that it still waits.
        let is_known = !commit.is_empty() && !run.due;
        let due = all.filter(|(_, gate)| is_known && !gate.only_reported && is_due(gate));
        let read_at = |gate: &Gate| gate.shipment.as_ref().map(|(_, at)| *at);
        let of = |environment| Unshipped { run: id, environment, commit: commit.clone() };
        due.map(|(environment, gate)| (read_at(gate), of(environment))).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = runs.iter().flat_map(of_run).collect();
    all.sort_by_key(|(read_at, _)| *read_at);
    all.into_iter().map(|(_, wanted)| wanted).take(AT_A_POLL).collect()
}

/// Reads what the gates that are open would ship, as far as there is time: their rows are there.
pub(in crate::github) async fn read_shipments(
    account: &AccountName,
    calls: &Calls<'_>,
    looks: &mut [RepoLists],
    (now, until): (Timestamp, Instant),
    snapshots: &mut Vec<Item>,
) {
    let is_scarce = calls.rate_limit().is_some_and(|it| is_scarce(&it, now));
    if is_scarce || Instant::now() >= until {
        return;
    }
    let of = |(at, look): (usize, &RepoLists)| {
        let all = unshipped(&look.repo.gates, now);
        all.into_iter().map(move |wanted| (at, wanted)).collect::<Vec<_>>()
    };
    let wanted: Vec<_> = looks.iter().enumerate().flat_map(of).collect();
    let reading = |(at, wanted): (usize, Unshipped)| {
        let repo = looks[at].place().name;
        async move {
            let reading = shipment(calls, repo, wanted.environment.as_deref(), &wanted.commit);
            (at, tokio::time::timeout_at(until, reading).await.ok(), wanted)
        }
    };
    let (read, _) = within(wanted, until, reading).await;
    // What was cut short by a halt of all calls is read again.
    for (at, shipment, wanted) in read.into_iter().filter(|_| calls.halted().is_none()) {
        if let Some(shipment) = shipment {
            add_shipment(account, &mut looks[at], wanted, shipment, now, snapshots);
        }
    }
}

/// Adds what a yes would ship to the snapshot of its gate.
fn add_shipment(
    account: &AccountName,
    look: &mut RepoLists,
    wanted: Unshipped,
    shipment: Shipment,
    now: Timestamp,
    snapshots: &mut Vec<Item>,
) {
    let Unshipped { run: id, environment, commit } = wanted;
    let Some(mut run) = look.repo.gates.remove(id) else { return };
    let gate = match &environment {
        Some(name) => run.environments.get_mut(name),
        None => run.whole.as_mut(),
    };
    if let Some(gate) = gate {
        gate.shipment = Some((commit, now));
        let of = Of { account, repo: look.place().name, id, run: &run, now };
        let (key, title, mut approval) = of.open(environment.as_deref());
        let ships = Some(AsOf::new(now, shipment));
        match snapshots.iter_mut().find(|item| item.key == key).map(|item| &mut item.detail) {
            Some(Detail::Approval(reported)) => reported.ships = ships,
            _ => {
                approval.ships = ships;
                snapshots.push(of.item((key, title, approval)));
            }
        }
    }
    look.repo.gates.insert(id, run);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What was read of the gate before, and when -> whether it is to be read.
    #[test]
    fn shipment_is_read_once_and_again_for_another_commit_or_after_a_while() {
        let cases = [
            (json!(null), false, true),
            (json!(["aaaa", "2026-11-22T11:55:00Z"]), false, false),
            (json!(["aaaa", "2026-11-22T11:50:01Z"]), false, false),
            (json!(["aaaa", "2026-11-22T11:50:00Z"]), false, true),
            (json!(["bbbb", "2026-11-22T11:55:00Z"]), false, true),
            // No poll has seen that it waits.
            (json!(null), true, false),
        ];
        for (shipment, only_reported, expected) in cases {
            let gate = json!({ "shipment": shipment, "only_reported": only_reported });
            for (of, environment) in [
                (json!({ "environments": { "production": gate } }), Some("production".to_owned())),
                (json!({ "whole": gate }), None),
            ] {
                let mut run = of.clone();
                run["commit"] = json!("aaaa");
                let runs = json!({ "runs": { "31": run, "32": of } }).to_string();
                let runs: WaitingRuns = serde_json::from_str(&runs).unwrap();
                let found = unshipped(&runs, "2026-11-22T12:00:00Z".parse().unwrap());
                let wanted = Unshipped { run: 31, environment, commit: "aaaa".to_owned() };
                assert_eq!(found, if expected { vec![wanted] } else { vec![] }, "{of}");
            }
        }
    }

    /// A gate that is reported by this poll, and one that is not -> each stands once, with what a yes would ship.
    #[test]
    fn shipment_stands_with_its_gate() {
        let runs = json!({ "runs": { "31": {
            "state": "deployment", "commit": "aaaa", "environments": { "production": {}, "staging": {} },
        } } });
        let described = json!([{ "name": "acme/web", "default_branch": "main" }, "2026-11-22T12:00:00Z"]);
        let repo = json!({ "waiting": runs["runs"].is_object().then_some(runs), "described": described });
        let repo = serde_json::from_str(&repo.to_string()).unwrap();
        let mut look = RepoLists { repo, ..RepoLists::default() };
        let (account, now) = (AccountName::from("forge"), "2026-11-22T12:00:00Z".parse().unwrap());
        let run = look.repo.gates.get(31).unwrap().clone();
        let of = Of { account: &account, repo: "acme/web", id: 31, run: &run, now };
        let mut snapshots = vec![of.item(of.open(Some("production")))];
        for wanted in unshipped(&look.repo.gates, now) {
            let to = wanted.environment.clone();
            let shipment = Shipment { to, ..Shipment::default() };
            add_shipment(&account, &mut look, wanted, shipment, now, &mut snapshots);
        }
        let ships = |item: &Item| match &item.detail {
            Detail::Approval(approval) => approval.ships().and_then(|it| it.to.clone()),
            _ => None,
        };
        let found: Vec<_> = snapshots.iter().map(|item| (item.key.id.as_str(), ships(item))).collect();
        let expected = ["production", "staging"].map(|name| (format!("acme/web/runs/31/{name}"), name));
        let expected: Vec<_> =
            expected.iter().map(|(id, to)| (id.as_str(), Some((*to).to_owned()))).collect();
        assert_eq!(found, expected);
        assert_eq!(unshipped(&look.repo.gates, now), []);
    }
}
