//! Gates -> snapshots of approvals. Pure: polls and webhooks make the same ones.

use std::collections::BTreeMap;

use callboard_domain::item::{
    AccountName, Answer, Approval, ApprovalState, Approvers, AsOf, Detail, Item, ItemKey, User,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    end::End,
    waiting_run::{Gate, WaitingRun},
    wire::{PendingDeployment, RequiredReviewer},
};
use crate::{
    github::gate_id::GateId,
    lenient::{Listed, web_url},
};

/// What is known of an open gate beside its run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::github) struct Pending {
    reviewers: Option<Reviewers>,
    may: Option<bool>,
    /// In minutes, and when it began.
    timer: Option<(i64, Option<Timestamp>)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Reviewers {
    names: Vec<RequiredReviewer>,
    complete: bool,
}

impl Pending {
    /// As GitHub lists it.
    pub(super) fn of(row: &PendingDeployment) -> Self {
        let timer = row.wait_timer.filter(|minutes| *minutes > 0);
        Self {
            may: row.current_user_can_approve,
            timer: timer.map(|minutes| (minutes, row.wait_timer_started_at)),
            ..Self::by(&row.reviewers)
        }
    }

    /// Of which only it is known who may answer.
    pub(in crate::github) fn by(reviewers: &Listed<RequiredReviewer>) -> Self {
        let reviewers = match reviewers {
            Listed::Read(list) => Some(Reviewers { names: list.good.clone(), complete: list.odd.is_empty() }),
            Listed::Absent | Listed::Unreadable => None,
        };
        Self { reviewers, ..Self::default() }
    }

    /// The same gate, listed twice: what the two contradict each other in is not known.
    pub(super) fn and(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        let mut names: Vec<_> = [&self, &other].into_iter().flat_map(|it| &it.reviewers).fold(
            Vec::new(),
            |mut names, reviewers| {
                names.extend(reviewers.names.iter().cloned());
                names
            },
        );
        names.sort();
        names.dedup();
        Self {
            reviewers: Some(Reviewers { names, complete: false }),
            may: self.may.filter(|may| other.may == Some(*may)),
            timer: self.timer.max(other.timer),
        }
    }

    /// True where a person's yes is waited for, or may be. A timer alone, or a rule of another kind, is nobody's to answer.
    pub(super) fn waits_for_people(&self) -> bool {
        let is_nobodys = |it: &Reviewers| it.names.is_empty() && it.complete;
        self.may == Some(true) || !self.reviewers.as_ref().is_some_and(is_nobodys)
    }

    /// True where a timer holds it too.
    pub(super) fn is_timed(&self) -> bool {
        self.timer.is_some()
    }

    /// Only teams of the repository's owner can be asked. Where nobody is named, those who may are not on the list.
    fn approvers(&self, repo: &str) -> Option<Approvers> {
        let Reviewers { names, complete } = self.reviewers.as_ref().filter(|it| !it.names.is_empty())?;
        let owner = repo.split('/').next().unwrap_or_default();
        let name = |reviewer: &RequiredReviewer| match reviewer {
            RequiredReviewer::User(login) => login.clone(),
            RequiredReviewer::Team(slug) => format!("team/{owner}/{slug}"),
        };
        Some(Approvers { names: names.iter().map(name).collect(), complete: *complete })
    }

    /// The timer in words, while it may still run.
    fn timer(&self, now: Timestamp) -> Option<String> {
        let (minutes, began) = self.timer?;
        let length = match minutes {
            1 => "a timer of 1 minute".to_owned(),
            minutes => format!("a timer of {minutes} minutes"),
        };
        let Some(began) = began else { return Some(length) };
        let until = began.checked_add(SignedDuration::from_mins(minutes)).ok()?;
        let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
        let form = if day(until) == day(now) { "%H:%MZ" } else { "%Y-%m-%d %H:%MZ" };
        (until > now).then(|| format!("{length}, until {}", until.strftime(form)))
    }
}

/// A gate's repository and run.
pub(super) struct Of<'a> {
    pub(super) account: &'a AccountName,
    pub(super) repo: &'a str,
    pub(super) id: u64,
    pub(super) run: &'a WaitingRun,
    pub(super) now: Timestamp,
}

impl Of<'_> {
    /// An open gate, of which nothing but its run is known.
    pub(super) fn open(&self, environment: Option<&str>) -> (ItemKey, String, Approval) {
        let Self { account, repo, id, run, now } = *self;
        // None is after now: one that is, as clocks differ, would outrank what comes later.
        let updated_at = run.at.map_or(Timestamp::UNIX_EPOCH, |at| at.min(now));
        let short = repo.rsplit('/').next().unwrap_or(repo);
        let title = match (environment, &run.asked_by) {
            (Some(environment), _) => format!("Deploy {short} to {environment}"),
            (None, Some(by)) => format!("Let {by}'s first run of {} on {short} go", run.workflow),
            (None, None) => format!("Let the first run of {} on {short} go", run.workflow),
        };
        let arguments = run.branch.iter().map(|branch| ("branch".to_owned(), branch.clone()));
        let arguments: BTreeMap<_, _> = arguments.collect();
        let approval = Approval {
            environment: environment.map(str::to_owned),
            asked_by: run.asked_by.clone().map(User::named),
            asked_at: run.asked_at,
            needed: Some(AsOf::new(updated_at, 1)),
            commit: run.commit.clone(),
            arguments: Some(arguments).filter(|it| !it.is_empty()),
            description: run.subject.clone(),
            questions: Some(Vec::new()),
            ..Approval::new(repo, updated_at)
        };
        (GateId::new(repo, id, environment).key(account), title, approval)
    }

    pub(super) fn item(&self, (key, title, approval): (ItemKey, String, Approval)) -> Item {
        let url = self.run.url.as_deref().and_then(web_url);
        Item { key, title, url, detail: Detail::Approval(approval) }
    }

    /// A gate that waits for an environment.
    pub(super) fn waiting(&self, environment: &str, pending: &Pending, answers: Vec<Answer>) -> Item {
        let (key, title, approval) = self.open(Some(environment));
        let at = approval.updated_at;
        let approval = Approval {
            approvers: pending.approvers(self.repo).map(|approvers| AsOf::new(at, approvers)),
            account_may: pending.may.map(|may| AsOf::new(at, may)),
            conditions: pending.timer(self.now).map(|timer| AsOf::new(at, vec![timer])),
            answers: Some(answers).filter(|answers| !answers.is_empty()),
            ..approval
        };
        self.item((key, title, approval))
    }

    /// A gate that has ended; none where it is not known how.
    pub(super) fn ended(&self, environment: Option<&str>, gate: &Gate, end: End) -> Option<Item> {
        let (state, answers, why) = match end {
            End::Approved(answers) => (ApprovalState::Approved, answers, None),
            End::Denied(answers) => (ApprovalState::Denied, answers, None),
            End::Superseded(why) => (ApprovalState::Superseded, Vec::new(), Some(why.to_owned())),
            End::Unknown => return None,
        };
        let only = match answers.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        let (key, title, approval) = self.open(environment);
        let approval = Approval {
            // A later attempt is another request.
            asked_at: gate.asked_at,
            state,
            ended_by: only.as_ref().map(|answer| answer.by.clone()).filter(|by| !by.id.is_empty()),
            ended_why: why.or_else(|| only?.why),
            answers: Some(answers).filter(|answers| !answers.is_empty()),
            ..approval
        };
        Some(self.item((key, title, approval)))
    }
}

/// A gate that waits for an environment, as a webhook reports it.
pub(in crate::github) fn waiting(
    (account, repo, now): (&AccountName, &str, Timestamp),
    (id, run): (u64, &WaitingRun),
    environment: &str,
    pending: &Pending,
) -> Item {
    Of { account, repo, id, run, now }.waiting(environment, pending, Vec::new())
}

/// The gate of a run that waits as a whole, where it is one.
pub(in crate::github) fn first_timer(
    (account, repo, now): (&AccountName, &str, Timestamp),
    (id, run): (u64, &WaitingRun),
) -> Option<Item> {
    let of = Of { account, repo, id, run, now };
    run.is_first_timers().then(|| of.item(of.open(None)))
}

/// A gate that a person has answered, as a webhook reports it.
pub(in crate::github) fn answered(
    (account, repo, now): (&AccountName, &str, Timestamp),
    (id, run): (u64, &WaitingRun),
    environment: &str,
    answer: Answer,
) -> Option<Item> {
    let gate = Gate { asked_at: run.asked_at, ..Gate::default() };
    let end = match answer.decision {
        callboard_domain::item::ApprovalDecision::Approved => End::Approved(vec![answer]),
        _ => End::Denied(vec![answer]),
    };
    Of { account, repo, id, run, now }.ended(Some(environment), &gate, end)
}
