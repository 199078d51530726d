//! Deployments that wait for a person's yes: asked for, answered, and read by a source of their own.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{
        AccountName, Answer, Approval, ApprovalDecision, ApprovalState, Approvers, AsOf, Detail, Item,
        ItemKey, Kind, Shipment, User,
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
pub struct Deployments(Arc<Mutex<State>>);

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
    answered: Option<Answered>,
}

/// How a request was answered.
#[derive(Debug, Clone, Copy)]
struct Answered {
    by: &'static str,
    yes: bool,
    /// The reason; empty where none was given.
    why: &'static str,
    at: Timestamp,
}

impl Deployments {
    /// Somebody asks for a deployment.
    pub fn ask(&self, deployment: Deployment) {
        lock(&self.0).ask(deployment, second());
    }

    /// Somebody answers the deployments of that kind that wait; where there is none, nothing happens.
    pub fn answer(&self, deployment: Deployment, by: &'static str, yes: bool, why: &'static str) {
        lock(&self.0).answer(deployment, Answered { by, yes, why, at: second() });
    }

    /// Their source, for the account of the forge.
    pub fn source(&self) -> (AccountName, Arc<dyn Source>) {
        let account = AccountName::from("forge");
        (account.clone(), Arc::new(DeploymentSource { account, deployments: self.clone() }))
    }
}

impl State {
    fn ask(&mut self, deployment: Deployment, now: Timestamp) {
        self.last += 1;
        self.asked.push(Request { number: self.last, deployment, asked_at: now, answered: None });
        let surplus = self.asked.len().saturating_sub(KEPT);
        self.asked.drain(..surplus);
    }

    fn answer(&mut self, deployment: Deployment, answered: Answered) {
        let waits = |request: &&mut Request| {
            request.deployment == deployment && request.state(answered.at) == ApprovalState::Waiting
        };
        self.asked.iter_mut().filter(waits).for_each(|request| request.answered = Some(answered));
    }
}

struct DeploymentSource {
    account: AccountName,
    deployments: Deployments,
}

#[async_trait]
impl Source for DeploymentSource {
    async fn poll(&self, _: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let state = lock(&self.deployments.0);
        let snapshots = state.asked.iter().map(|request| request.item(&self.account, now)).collect();
        Ok(Batch { snapshots, ..Batch::default() })
    }

    fn watches(&self, item: &Item) -> bool {
        item.key.kind == Kind::Approval
    }
}

impl Request {
    fn expires_at(&self) -> Timestamp {
        self.asked_at.checked_add(LIFETIME).unwrap_or(Timestamp::MAX)
    }

    /// Its state: once it has expired nobody can answer it any more.
    fn state(&self, now: Timestamp) -> ApprovalState {
        match self.answered {
            Some(Answered { yes: true, .. }) => ApprovalState::Approved,
            Some(Answered { yes: false, .. }) => ApprovalState::Denied,
            None if self.expires_at() <= now => ApprovalState::Expired,
            None => ApprovalState::Waiting,
        }
    }

    fn item(&self, account: &AccountName, now: Timestamp) -> Item {
        let Deployment { repo, by, why, versions: (from, to), changes } = self.deployment;
        let (asked_at, expires_at) = (self.asked_at, self.expires_at());
        let repo = format!("acme/{repo}");
        let ships = Shipment {
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            commits: u32::try_from(changes.len()).ok(),
            changes: changes.iter().map(|change| (*change).to_owned()).collect(),
            ..Shipment::default()
        };
        let mut approval = Approval {
            environment: Some(ENVIRONMENT.to_owned()),
            asked_by: Some(User::named(by)),
            asked_at: Some(asked_at),
            needed: Some(AsOf::new(asked_at, 1)),
            expires_at: Some(AsOf::new(asked_at, expires_at)),
            approvers: Some(AsOf::new(asked_at, Approvers::all(["ana", ME]))),
            answers: Some(Vec::new()),
            arguments: Some([("version".to_owned(), to.to_owned())].into()),
            ships: Some(AsOf::new(asked_at, ships)),
            description: Some(why.to_owned()),
            state: self.state(now),
            ..Approval::new(repo.clone(), asked_at)
        };
        if let Some(Answered { by, yes, why, at }) = self.answered {
            let why = Some(why.to_owned()).filter(|why| !why.is_empty());
            let decision = if yes { ApprovalDecision::Approved } else { ApprovalDecision::Denied };
            approval.answers =
                Some(vec![Answer { at: Some(at), decision, by: User::named(by), why: why.clone() }]);
            (approval.updated_at, approval.ended_by, approval.ended_why) = (at, Some(User::named(by)), why);
        } else if approval.state == ApprovalState::Expired {
            approval.updated_at = expires_at;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RELEASE;

    /// Minutes between the request and its answer -> its state then, and an hour later.
    #[test]
    fn expired_request_cannot_be_answered() {
        use ApprovalState::*;
        let cases = [
            (None, [Waiting, Expired]),
            (Some((0, true)), [Approved, Approved]),
            (Some((29, false)), [Denied, Denied]),
            (Some((30, true)), [Expired, Expired]),
            (Some((96, false)), [Expired, Expired]),
        ];
        for (answer, expected) in cases {
            let asked_at = Timestamp::UNIX_EPOCH;
            let after = |minutes| asked_at + SignedDuration::from_mins(minutes);
            let mut state = State::default();
            state.ask(RELEASE, asked_at);
            let at = after(answer.map_or(0, |(minutes, _)| minutes));
            if let Some((_, yes)) = answer {
                state.answer(RELEASE, Answered { by: "ana", yes, why: "", at });
            }
            let [request] = &state.asked[..] else { panic!("{state:?}") };
            let later = at + SignedDuration::from_hours(1);
            let shown = [at, later].map(|now| match request.item(&AccountName::from("forge"), now).detail {
                Detail::Approval(approval) => {
                    let is_answered = approval.answers.is_some_and(|answers| !answers.is_empty());
                    let is_ended = matches!(approval.state, Approved | Denied);
                    assert_eq!(is_answered, is_ended, "{answer:?}");
                    approval.state
                }
                other => panic!("{other:?}"),
            });
            assert_eq!(shown, expected, "{answer:?}");
        }
    }
}
