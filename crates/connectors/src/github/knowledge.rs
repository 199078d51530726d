//! What the source and its webhook share. What polls have learnt of repositories that neither the configuration
//! nor a webhook says: names that they go by now, and what their workflows are called. What webhooks say and the next poll
//! checks: what has gone, as a webhook may be late, and of another repository of that name; and runs of which they say too little.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    cursor::{DeletionClaim, Place, RepoDescription},
    wire,
    workflows::Workflows,
};

/// How many claims are kept until a poll checks them; beyond that the oldest are left to the usual turns.
const CLAIMS: usize = 500;

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
    open: BTreeMap<DeletionClaim, u64>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By full name in small letters.
    described: BTreeMap<String, RepoDescription>,
    ids: BTreeSet<u64>,
    workflows: BTreeMap<String, Workflows>,
}

impl RepoKnowledge {
    /// Takes in what a cursor holds.
    pub(super) fn learn(&self, place: &Place) {
        let mut inner = Inner::default();
        for repo in place.repos.values() {
            let Some((described, _)) = &repo.described else { continue };
            let name = described.name.to_ascii_lowercase();
            inner.ids.extend(described.id);
            inner.workflows.insert(name.clone(), repo.workflows.clone());
            inner.described.insert(name, described.clone());
        }
        *self.inner.write().unwrap_or_else(PoisonError::into_inner) = inner;
    }

    /// Takes in the claims that were stored.
    pub(super) fn recall(&self, stored: &BTreeSet<DeletionClaim>) {
        let is_open = |claim: &DeletionClaim| {
            self.claims.read().unwrap_or_else(PoisonError::into_inner).open.contains_key(claim)
        };
        for claim in stored.iter().filter(|claim| !is_open(claim)) {
            self.claim(claim.clone());
        }
    }

    /// Keeps what a webhook says until a poll has checked it.
    pub(super) fn claim(&self, claim: DeletionClaim) {
        let mut claims = self.claims.write().unwrap_or_else(PoisonError::into_inner);
        claims.made += 1;
        let made = claims.made;
        claims.open.insert(claim, made);
        if claims.open.len() > CLAIMS
            && let Some(oldest) = claims.open.values().min().copied()
        {
            claims.open.retain(|_, made| *made != oldest);
        }
    }

    /// What is still to be checked, each with its place in the order in which they came.
    pub(super) fn claims(&self) -> Vec<(DeletionClaim, u64)> {
        let claims = self.claims.read().unwrap_or_else(PoisonError::into_inner);
        claims.open.iter().map(|(claim, made)| (claim.clone(), *made)).collect()
    }

    /// Forgets a claim that was checked, unless it was made again since.
    pub(super) fn checked(&self, claim: &DeletionClaim, made: u64) {
        let mut claims = self.claims.write().unwrap_or_else(PoisonError::into_inner);
        if claims.open.get(claim) == Some(&made) {
            claims.open.remove(claim);
        }
    }

    /// True for the present name of a watched repository.
    pub(super) fn has_name(&self, full_name: &str) -> bool {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.described.contains_key(&full_name.to_ascii_lowercase())
    }

    /// What polls know of the watched repository that is called so now, whatever the capitals.
    pub(super) fn described(&self, full_name: &str) -> Option<RepoDescription> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.described.get(&full_name.to_ascii_lowercase()).cloned()
    }

    /// True for a watched repository, whatever it is called.
    pub(super) fn has(&self, repo: &wire::Repo) -> bool {
        let known = |id| self.inner.read().unwrap_or_else(PoisonError::into_inner).ids.contains(&id);
        repo.id.is_some_and(known) || self.has_name(&repo.full_name)
    }

    /// What the repository's workflows are called.
    pub(super) fn workflows(&self, full_name: &str) -> Workflows {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.workflows.get(&full_name.to_ascii_lowercase()).cloned().unwrap_or_default()
    }
}
