//! What the source and its webhook share. From polls, what neither the configuration nor a webhook contains: the present
//! names of repositories, the names of their workflows, which of their builds exist or are gone, and which repositories
//! are away. From webhooks, what the next poll checks ([`Claim`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use jiff::Timestamp;

use super::{
    claim::Claim,
    cursor::{Place, Repo, RepoDescription},
    gates::WaitingRuns,
    gone_build::GoneBuilds,
    run_position::RunPosition,
    wire,
    workflows::Workflows,
};

/// How many claims are kept until a poll checks them; beyond that the oldest are left to the usual turns.
const CLAIMS: usize = 2_000;

/// What is known of the repositories that are watched.
#[derive(Debug, Clone, Default)]
pub(super) struct RepoKnowledge {
    inner: Arc<RwLock<Inner>>,
    claims: Arc<RwLock<Claims>>,
}

/// Each with its place in the order in which they came: one that is made again while a poll checks it stays.
#[derive(Debug, Default)]
struct Claims {
    made: u64,
    open: BTreeMap<Claim, u64>,
    /// The same by their places: a burst of webhooks drops the oldest at each.
    in_order: BTreeMap<u64, Claim>,
}

impl Claims {
    fn make(&mut self, claim: Claim) {
        self.made += 1;
        self.in_order.insert(self.made, claim.clone());
        if let Some(before) = self.open.insert(claim, self.made) {
            self.in_order.remove(&before);
        }
        if self.open.len() > CLAIMS
            && let Some((_, oldest)) = self.in_order.pop_first()
        {
            self.open.remove(&oldest);
        }
    }

    /// Forgets a claim, unless it was made again since.
    fn forget(&mut self, claim: &Claim, made: u64) {
        if self.open.get(claim) == Some(&made) {
            self.open.remove(claim);
            self.in_order.remove(&made);
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    by_id: BTreeMap<u64, Arc<KnownRepo>>,
    /// By present full name in small letters.
    by_name: BTreeMap<String, Arc<KnownRepo>>,
    /// By the name, in small letters, that the configuration or an owner's list has.
    by_key: BTreeMap<String, Arc<KnownRepo>>,
    /// When those that are missing or not allowed were asked for last, by the same name: what was never there is not described.
    refused_at: BTreeMap<String, Timestamp>,
    /// True where any of them is away, missing or not allowed.
    is_any_away: bool,
}

/// What polls know of a watched repository.
#[derive(Debug)]
pub(super) struct KnownRepo {
    pub(super) described: RepoDescription,
    pub(super) workflows: Workflows,
    /// Nothing of it is on the board: it is closed, or not there.
    pub(super) is_away: bool,
    /// When it was asked for last, where it is missing or not allowed.
    pub(super) refused_at: Option<Timestamp>,
    gone_builds: GoneBuilds,
    runs: BTreeSet<u64>,
    gates: WaitingRuns,
    /// The builds of runs whose branch is unknown, by the run.
    branchless: BTreeMap<u64, String>,
}

impl KnownRepo {
    fn new(described: &RepoDescription, repo: &Repo) -> Self {
        let on_board =
            repo.unpassed_runs.keys().copied().chain(repo.board_builds.values().map(|known| known.run));
        let branchless = repo.unpassed_runs.iter().filter(|(id, known)| known.is_branchless(**id));
        Self {
            described: described.clone(),
            workflows: repo.workflows.clone(),
            is_away: repo.is_away(),
            refused_at: repo.refused_at(),
            gone_builds: repo.gone_builds.clone(),
            runs: repo.listed.iter().copied().chain(on_board).collect(),
            gates: repo.gates.clone(),
            branchless: branchless.map(|(id, known)| (*id, known.build.clone())).collect(),
        }
    }

    /// True for a run of a build that is gone, where that run does not bring it back.
    pub(super) fn is_gone(&self, build: &str, run: &wire::Run) -> bool {
        self.gone_builds.covers(build, RunPosition::of(run))
    }

    /// True where a build of that branch is gone because the branch was deleted.
    pub(super) fn has_lost(&self, branch: &str) -> bool {
        self.gone_builds.has_lost(branch)
    }

    /// True for a run that polls have seen: they find out when it is gone.
    pub(super) fn has_run(&self, id: u64) -> bool {
        self.runs.contains(&id)
    }

    /// True for a run that waits for people, or did when polls read it.
    pub(super) fn has_gates(&self, run: u64) -> bool {
        self.gates.get(run).is_some()
    }

    /// True where a poll has read the gate of a run's environment, and that no timer holds it too.
    pub(super) fn is_read_untimed(&self, run: u64, environment: &str) -> bool {
        self.gates.is_read_untimed(run, environment)
    }

    /// The build of a run that polls have seen, and that did not name its branch then.
    pub(super) fn branchless(&self, run: u64) -> Option<&str> {
        self.branchless.get(&run).map(String::as_str)
    }
}

impl RepoKnowledge {
    /// Takes in what a cursor holds.
    pub(super) fn learn(&self, place: &Place) {
        let mut inner = Inner::default();
        for (key, repo) in &place.repos {
            let refused_at = repo.refused_at();
            inner.is_any_away |= repo.is_away() || refused_at.is_some();
            inner.refused_at.extend(refused_at.map(|at| (key.clone(), at)));
            let Some((described, _)) = &repo.described else { continue };
            let known = Arc::new(KnownRepo::new(described, repo));
            inner.by_id.extend(described.id.map(|id| (id, known.clone())));
            inner.by_name.insert(described.name.to_ascii_lowercase(), known.clone());
            inner.by_key.insert(key.clone(), known);
        }
        *self.inner.write().unwrap_or_else(PoisonError::into_inner) = inner;
    }

    /// Takes in the claims that were stored, as far as there is room. Those in memory are newer.
    pub(super) fn recall(&self, stored: &BTreeSet<Claim>) {
        let mut claims = self.claims.write().unwrap_or_else(PoisonError::into_inner);
        for claim in stored {
            if claims.open.len() < CLAIMS && !claims.open.contains_key(claim) {
                claims.make(claim.clone());
            }
        }
    }

    /// Keeps a claim of a webhook until a poll has checked it.
    pub(super) fn claim(&self, claim: Claim) {
        self.claims.write().unwrap_or_else(PoisonError::into_inner).make(claim);
    }

    /// What is still to be checked, each with its place in the order in which they came.
    pub(super) fn claims(&self) -> Vec<(Claim, u64)> {
        let claims = self.claims.read().unwrap_or_else(PoisonError::into_inner);
        claims.open.iter().map(|(claim, made)| (claim.clone(), *made)).collect()
    }

    /// Forgets a claim that was checked, unless it was made again since.
    pub(super) fn checked(&self, claim: &Claim, made: u64) {
        self.claims.write().unwrap_or_else(PoisonError::into_inner).forget(claim, made);
    }

    /// True where any watched repository is away, missing or not allowed.
    pub(super) fn is_any_away(&self) -> bool {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).is_any_away
    }

    /// When the watched repository of that name was asked for last, where it is missing or not allowed; another one may have the
    /// name by now. One that was described is found by [`Self::find`], with its own time.
    pub(super) fn refused_at(&self, full_name: &str) -> Option<Timestamp> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.refused_at.get(&full_name.to_ascii_lowercase()).copied()
    }

    /// True for the present name of a watched repository.
    pub(super) fn has_name(&self, full_name: &str) -> bool {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.by_name.contains_key(&full_name.to_ascii_lowercase())
    }

    /// What polls know of a watched repository, whatever a webhook calls it: a late one has an earlier name. Found by its
    /// number, and by a name only where one of the two has no number.
    pub(super) fn find(&self, repo: &wire::Repo) -> Option<Arc<KnownRepo>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let name = repo.full_name.to_ascii_lowercase();
        let by_id = repo.id.and_then(|id| inner.by_id.get(&id));
        let may_be = |known: &&Arc<KnownRepo>| repo.id.is_none() || known.described.id.is_none();
        let by_name = || inner.by_name.get(&name).filter(may_be);
        let by_key = || inner.by_key.get(&name).filter(may_be);
        by_id.or_else(by_name).or_else(by_key).cloned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(branches: &str, many: usize) -> BTreeSet<Claim> {
        let repo: wire::Repo = serde_json::from_value(json!({ "full_name": "acme/web" })).unwrap();
        (0..many).map(|n| Claim::of_branch(&repo, format!("{branches}{n}"))).collect()
    }

    /// How many claims of webhooks wait, and how many others were stored -> how many of these wait too.
    #[test]
    fn recalled_claims_displace_no_newer_ones() {
        let cases = [
            (0, 0, 0),
            (0, 3, 3),
            (5, 0, 0),
            (CLAIMS - 2, 2, 2),
            (CLAIMS - 2, 5, 2),
            (CLAIMS, 5, 0),
            (0, CLAIMS + 5, CLAIMS),
        ];
        for (waiting, others, expected) in cases {
            let (knowledge, new, old) =
                (RepoKnowledge::default(), claims("new", waiting), claims("old", others));
            new.iter().for_each(|claim| knowledge.claim(claim.clone()));
            let before: BTreeSet<_> = knowledge.claims().into_iter().collect();
            // What waits is stored too: it keeps its place.
            for _ in 0..2 {
                knowledge.recall(&new.union(&old).cloned().collect());
                let after: BTreeSet<_> = knowledge.claims().into_iter().collect();
                assert!(before.is_subset(&after), "{waiting} {others}");
                assert_eq!(after.len(), waiting + expected, "{waiting} {others}");
            }
        }
    }

    /// A webhook that comes when there is no room takes the place of the oldest.
    #[test]
    fn newest_claim_displaces_the_oldest() {
        let knowledge = RepoKnowledge::default();
        let (first, last) = (claims("first", 1), claims("last", 1));
        let all = first.iter().cloned().chain(claims("new", CLAIMS - 1)).chain(last.iter().cloned());
        all.for_each(|claim| knowledge.claim(claim));
        let kept: BTreeSet<_> = knowledge.claims().into_iter().map(|(claim, _)| claim).collect();
        assert_eq!((kept.len(), kept.is_superset(&last), kept.is_disjoint(&first)), (CLAIMS, true, true));
    }
}
