//! What services listed a moment ago: who types asks for the same list at every letter.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use callboard_domain::{action::Choice, command::Args, item::AccountName};

use crate::{accounts::Account, active_config::ActiveConfig};

/// How long a list is good for.
const AGE: Duration = Duration::from_secs(10);
/// How many lists are kept.
const KEPT: usize = 32;

/// What a service was asked to list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChoicesKey {
    pub(crate) command: String,
    pub(crate) account: Option<AccountName>,
    pub(crate) arg: String,
    pub(crate) args: Args,
}

/// The lists of the last seconds.
#[derive(Default)]
pub(crate) struct ChoiceCache(Mutex<Vec<List>>);

struct List {
    asked: ChoicesKey,
    /// Whose it is: an account that was reconnected is asked again.
    account: Option<Weak<Account>>,
    at: Instant,
    choices: Vec<Choice>,
}

impl ChoiceCache {
    /// What was listed a moment ago.
    pub(crate) fn get(&self, asked: &ChoicesKey, active: &ActiveConfig) -> Option<Vec<Choice>> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|list| list.at.elapsed() < AGE);
        let account = account(asked, active);
        let same = |list: &&List| match (&list.account, &account) {
            (None, None) => true,
            (Some(one), Some(other)) => one.ptr_eq(other),
            _ => false,
        };
        let found = lists.iter().filter(same).find(|list| list.asked == *asked);
        found.map(|list| list.choices.clone())
    }

    /// Keeps it for a moment.
    pub(crate) fn keep(&self, asked: ChoicesKey, choices: &[Choice], active: &ActiveConfig) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|list| list.asked != asked);
        if lists.len() >= KEPT {
            lists.remove(0);
        }
        let account = account(&asked, active);
        lists.push(List { asked, account, at: Instant::now(), choices: choices.to_vec() });
    }
}

fn account(asked: &ChoicesKey, active: &ActiveConfig) -> Option<Weak<Account>> {
    let name = asked.account.as_ref()?;
    active.accounts.get(name).map(Arc::downgrade)
}
