//! Deployments that wait for a person's yes: asked for, answered, and read by a source of their own.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{
        AccountName, Answer, Approval, ApprovalState, AsOf, Detail, Item, ItemKey, Kind, Says, Shipment, User,
    },
    source::{Batch, Cursor, Source},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    ME,
    service::{lock, second},
};

/// How long a request can be answered.
const LIFETIME: SignedDuration = SignedDuration::from_mins(30);
/// Requests that are kept: the latest.
const KEPT: usize = 20;
/// Where the deployments go.
const ENVIRONMENT: &str = "production";

/// A deployment that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// The repository's name, without its owner.
    pub repo: &'static str,
    /// Who asks.
    pub by: &'static str,
    /// Why.
    pub why: &'static str,
    /// What is there now, and what would be.
    pub versions: (&'static str, &'static str),
    /// What it would ship, the newest first.
    pub changes: &'static [&'static str],
}

/// The requests. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Gates(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    asked: Vec<Request>,
    last: u64,
}

#[derive(Debug)]
struct Request {
    number: u64,
    deployment: Deployment,
    asked_at: Timestamp,
    /// Who answered, whether with yes, why, and when.
    answer: Option<(&'static str, bool, &'static str, Timestamp)>,
}

impl Gates {
    /// Somebody asks for a deployment.
    pub fn ask(&self, deployment: Deployment) {
        let mut state = lock(&self.0);
        state.last += 1;
        let number = state.last;
        state.asked.push(Request { number, deployment, asked_at: second(), answer: None });
        let surplus = state.asked.len().saturating_sub(KEPT);
        state.asked.drain(..surplus);
    }

    /// Somebody answers the deployments of that kind that wait; where there is none, nothing happens.
    pub fn answer(&self, deployment: Deployment, by: &'static str, yes: bool, why: &'static str) {
        let waiting = |request: &&mut Request| request.deployment == deployment && request.answer.is_none();
        for request in lock(&self.0).asked.iter_mut().filter(waiting) {
            request.answer = Some((by, yes, why, second()));
        }
    }

    /// True while such a deployment waits.
    pub fn waits(&self, deployment: Deployment) -> bool {
        lock(&self.0).asked.iter().any(|it| it.deployment == deployment && it.answer.is_none())
    }

    /// What tells of them, for the account that has the forge.
    pub fn source(&self) -> (AccountName, Arc<dyn Source>) {
        let account = AccountName::from("forge");
        (account.clone(), Arc::new(Gate { account, gates: self.clone() }))
    }
}

struct Gate {
    account: AccountName,
    gates: Gates,
}

#[async_trait]
impl Source for Gate {
    async fn poll(&self, _: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let state = lock(&self.gates.0);
        let snapshots = state.asked.iter().map(|request| request.item(&self.account, now)).collect();
        Ok(Batch { snapshots, ..Batch::default() })
    }

    fn watches(&self, item: &Item) -> bool {
        item.key.kind == Kind::Approval
    }
}

impl Request {
    fn item(&self, account: &AccountName, now: Timestamp) -> Item {
        let Deployment { repo, by, why, versions: (from, to), changes } = self.deployment;
        let asked_at = self.asked_at;
        let expires_at = asked_at.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
        let repo = format!("acme/{repo}");
        let ships = Shipment {
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            commits: u32::try_from(changes.len()).ok(),
            changes: changes.iter().map(|change| (*change).to_owned()).collect(),
        };
        let mut approval = Approval {
            environment: Some(ENVIRONMENT.to_owned()),
            asked_by: Some(User::named(by)),
            asked_at: Some(asked_at),
            needed: Some(AsOf::new(asked_at, 1)),
            expires_at: Some(AsOf::new(asked_at, expires_at)),
            approvers: Some(AsOf::new(asked_at, vec!["ana".to_owned(), ME.to_owned()])),
            answers: Some(Vec::new()),
            arguments: Some([("version".to_owned(), to.to_owned())].into()),
            ships: Some(AsOf::new(asked_at, ships)),
            description: Some(why.to_owned()),
            ..Approval::new(repo.clone(), asked_at)
        };
        match self.answer {
            Some((by, yes, why, at)) => {
                let why = Some(why.to_owned()).filter(|why| !why.is_empty());
                let says = if yes { Says::Yes } else { Says::No };
                approval.answers =
                    Some(vec![Answer { at: Some(at), says, by: User::named(by), why: why.clone() }]);
                approval.state = if yes { ApprovalState::Approved } else { ApprovalState::Denied };
                (approval.updated_at, approval.ended_by, approval.ended_why) =
                    (at, Some(User::named(by)), why);
            }
            None if expires_at <= now => {
                (approval.updated_at, approval.state) = (expires_at, ApprovalState::Expired);
            }
            None => {}
        }
        Item {
            key: ItemKey::new(
                account,
                Kind::Approval,
                format!("{repo}/deployments/{}/{ENVIRONMENT}", self.number),
            ),
            title: format!("Deploy {} {to} to {ENVIRONMENT}", self.deployment.repo),
            url: None,
            detail: Detail::Approval(approval),
        }
    }
}
