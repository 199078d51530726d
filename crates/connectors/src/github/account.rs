//! An account: the state that its source, its actions and its connection test share.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use callboard_domain::{item::AccountName, source::READING_TIME};
use jiff::Timestamp;

use super::{knowledge::RepoKnowledge, watch::Watched};
use crate::http::Http;

/// An account of GitHub.
pub(super) struct Account {
    pub(super) name: AccountName,
    pub(super) http: Http,
    pub(super) watch: Vec<Watched>,
    pub(super) knowledge: RepoKnowledge,
    /// Counts the polls: what is not asked for in each of them is asked for in turns.
    pub(super) turn: AtomicUsize,
    pub(super) teams: TeamsRead,
    pub(super) identified: Identified,
    /// How long a poll begins to read more; what is under way then is waited for, and the rest is left to the next one.
    pub(super) reading_time: Duration,
}

impl Account {
    /// An account that no poll has looked at yet.
    pub(super) fn new(name: AccountName, http: Http, watch: Vec<Watched>, knowledge: RepoKnowledge) -> Self {
        Self {
            name,
            http,
            watch,
            knowledge,
            turn: AtomicUsize::new(0),
            teams: TeamsRead::default(),
            identified: Identified::default(),
            reading_time: READING_TIME,
        }
    }
}

/// The result of reading the account's teams.
#[derive(Default)]
pub(super) struct TeamsRead(Mutex<Option<Unread>>);

/// Why not all of the teams could be read; none where they could.
pub(super) type Unread = Option<String>;

impl TeamsRead {
    pub(super) fn note(&self, unread: Unread) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(unread);
    }

    /// Why not all of them could be read, when they were asked for last: by `before`, where that was by another connection.
    pub(super) fn unread(&self, before: &Unread) -> Unread {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.unwrap_or_else(|| before.clone())
    }
}

/// When the account was last tested, by the clock of the polls. A test asks for the present state: earlier refusals do not count
/// any more, however many polls it takes to ask again.
#[derive(Default)]
pub(super) struct Identified {
    /// True where no poll has begun since.
    is_new: AtomicBool,
    at: Mutex<Option<Timestamp>>,
}

impl Identified {
    pub(super) fn note(&self) {
        self.is_new.store(true, Ordering::Relaxed);
    }

    /// The same, for a poll that begins `now`.
    pub(super) fn at(&self, now: Timestamp) -> Option<Timestamp> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_new.swap(false, Ordering::Relaxed) {
            *at = Some(now);
        }
        *at
    }
}
