//! What polls have learnt of repositories that neither the configuration nor a webhook says: names that they go by now, and
//! what their workflows are called. Shared by the source and its webhook.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    cursor::{self, Described},
    wire,
    workflows::Workflows,
};

/// What is known of the repositories that are watched.
#[derive(Debug, Clone, Default)]
pub(super) struct Learnt(Arc<RwLock<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// By full name in small letters.
    described: BTreeMap<String, Described>,
    ids: BTreeSet<u64>,
    workflows: BTreeMap<String, Workflows>,
}

impl Learnt {
    /// Takes in what a cursor holds.
    pub(super) fn learn(&self, place: &cursor::Place) {
        let mut inner = Inner::default();
        for repo in place.repos.values() {
            let Some((described, _)) = &repo.described else { continue };
            let name = described.name.to_ascii_lowercase();
            inner.ids.extend(described.id);
            inner.workflows.insert(name.clone(), repo.workflows.clone());
            inner.described.insert(name, described.clone());
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = inner;
    }

    /// True for the present name of a watched repository.
    pub(super) fn has_name(&self, full_name: &str) -> bool {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.described.contains_key(&full_name.to_ascii_lowercase())
    }

    /// What polls know of the watched repository that is called so now, whatever the capitals.
    pub(super) fn described(&self, full_name: &str) -> Option<Described> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.described.get(&full_name.to_ascii_lowercase()).cloned()
    }

    /// True for a watched repository, whatever it is called.
    pub(super) fn has(&self, repo: &wire::Repo) -> bool {
        let known = |id| self.0.read().unwrap_or_else(PoisonError::into_inner).ids.contains(&id);
        repo.id.is_some_and(known) || self.has_name(&repo.full_name)
    }

    /// What the repository's workflows are called.
    pub(super) fn workflows(&self, full_name: &str) -> Workflows {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.workflows.get(&full_name.to_ascii_lowercase()).cloned().unwrap_or_default()
    }
}
