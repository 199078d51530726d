use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use url::Url;

use super::{Checks, Turn, TurnKind, User, pull_request::without_organisation};
use crate::identity::Identity;

/// How many people's answers are kept with a request.
pub const ANSWERS_KEPT: usize = 100;

/// How many questions, and how many choices of one, are kept with a request.
pub const QUESTIONS_KEPT: usize = 50;

/// A request that waits for a person's yes: a deployment to a protected environment, an input step of a job, a command that
/// needs a second pair of eyes.
///
/// A snapshot may be partial: what it does not know is `None`, which is never the same as nothing or nobody. What is asked
/// for, by whom and with which binding does not change: another binding is another request, and supersedes this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Approval {
    /// The repository, job or service that it belongs to.
    pub repo: String,
    /// Where a yes would take effect, such as `production`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub environment: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub asked_by: Option<User>,
    /// When it was asked. What is asked later under the same id is another request, for which no earlier answer counts: a
    /// source whose ids come again must say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub asked_at: Option<Timestamp>,
    /// How far it is.
    pub state: ApprovalState,
    /// The service's version of `state`, or 1970 where it has none: the newer one wins, and on a tie the further state.
    pub updated_at: Timestamp,
    /// Who brought it to this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ended_by: Option<User>,
    /// Why it ended, in the words of the person who ended it, or what has changed since it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ended_why: Option<String>,
    /// How many people have to say yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub needed: Option<AsOf<u32>>,
    /// Until when it can be answered. `None` also where it does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub expires_at: Option<AsOf<Timestamp>>,
    /// Who may answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub approvers: Option<AsOf<Approvers>>,
    /// Whether the account that reads it may answer, where the service itself says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account_may: Option<AsOf<bool>>,
    /// Each person's latest answer, by id; at most [`ANSWERS_KEPT`]. A snapshot may hold any part:
    /// answers are joined, never taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub answers: Option<Vec<Answer>>,
    /// The commit that a yes is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub commit: Option<String>,
    /// The arguments that a yes is for, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub arguments: Option<BTreeMap<String, String>>,
    /// What else it waits for, such as a timer of its environment: a line each. Empty where it is known that nothing else is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub conditions: Option<AsOf<Vec<String>>>,
    /// What has to be answered along with a yes, such as the parameters of an input step; at most [`QUESTIONS_KEPT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub questions: Option<Vec<Question>>,
    /// What a yes would ship.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ships: Option<AsOf<Shipment>>,
    /// Why it is asked, in lines, in the words of the person who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub description: Option<String>,
}

/// Something that has to be answered along with a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Question {
    /// Its name, as in `name=value`.
    pub name: String,
    /// What it asks, in the service's words, where it has more than its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub summary: Option<String>,
    /// What the answer can be.
    pub ty: QuestionType,
    /// The answer where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub default: Option<String>,
}

/// What the answer to a [`Question`] can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum QuestionType {
    /// Any text.
    Text,
    /// `true` or `false`.
    Bool,
    /// One of these; at most [`QUESTIONS_KEPT`] are kept, and where it has more, any text.
    Choice(Vec<String>),
    /// What cannot be answered here, such as a file or a password: the service's page is the place for it.
    Elsewhere,
}

/// Something that may change, and as of when it was so: of two the later one counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
pub struct AsOf<T> {
    /// As of when: the service's version, or 1970 where it has none.
    pub at: Timestamp,
    /// What was so.
    pub value: T,
}

impl<T> AsOf<T> {
    /// What was so at that time.
    pub fn new(at: Timestamp, value: T) -> Self {
        Self { at, value }
    }
}

/// Who may answer a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
pub struct Approvers {
    /// Login names, and `team/ORGANISATION/NAME` of the teams.
    pub names: Vec<String>,
    /// True where these are all: only then who is not among them may not answer.
    pub complete: bool,
}

impl Approvers {
    /// Everybody who may answer.
    pub fn all(names: impl IntoIterator<Item: Into<String>>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), complete: true }
    }
}

/// The state of a request. Where two states have one version, the later in this list counts: in doubt nothing was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// It can be answered. One whose time is up waits until its service says that it ended.
    Waiting,
    /// Everybody whose yes was needed has given it.
    Approved,
    /// Its time was up before that.
    Expired,
    /// What was asked for has changed, or is asked for by another request.
    Superseded,
    /// Somebody rejected it.
    Denied,
}

impl ApprovalState {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Denied => "denied",
        }
    }
}

/// A person's latest answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
pub struct Answer {
    /// When, where the service says: of two answers of a person the later one counts.
    pub at: Option<Timestamp>,
    /// What they decided.
    pub decision: ApprovalDecision,
    /// Who.
    pub by: User,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub why: Option<String>,
}

/// What a person decided. Where two have the same time, the later in this list counts: in doubt it is not approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalDecision {
    /// It may happen.
    Approved,
    /// It must not happen.
    Denied,
    /// What they decided before does not count any more.
    Withdrawn,
}

/// What a yes would ship, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
pub struct Shipment {
    /// What is there now: a version or a commit.
    pub from: Option<String>,
    /// What would be there.
    pub to: Option<String>,
    /// How many commits lie between them.
    pub commits: Option<u32>,
    /// The newest changes, a line each, the newest first.
    pub changes: Vec<String>,
    /// The pull requests that brought these changes: `#479 Warm the price cache`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub pull_requests: Vec<String>,
    /// The checks of the commit that a yes is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub checks: Option<Checks>,
    /// Where the changes can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub url: Option<Url>,
    /// What of all this could not be read, and why: a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub unread: Vec<String>,
}

impl Shipment {
    /// In words: `1.41.0 to 1.42.0, 11 commits`. Empty where nothing of it is known.
    pub fn words(&self) -> String {
        let versions = match (&self.from, &self.to) {
            (Some(from), Some(to)) => Some(format!("{from} to {to}")),
            (None, Some(to)) => Some(to.clone()),
            (Some(from), None) => Some(format!("in place of {from}")),
            (None, None) => None,
        };
        let commits = self.commits.map(|count| match count {
            1 => "1 commit".to_owned(),
            count => format!("{count} commits"),
        });
        versions.into_iter().chain(commits).collect::<Vec<_>>().join(", ")
    }
}

impl Approval {
    /// One that waits, of which nothing else is known.
    pub fn new(repo: impl Into<String>, updated_at: Timestamp) -> Self {
        Self {
            repo: repo.into(),
            environment: None,
            asked_by: None,
            asked_at: None,
            state: ApprovalState::Waiting,
            updated_at,
            ended_by: None,
            ended_why: None,
            needed: None,
            expires_at: None,
            approvers: None,
            account_may: None,
            answers: None,
            commit: None,
            arguments: None,
            conditions: None,
            questions: None,
            ships: None,
            description: None,
        }
    }

    /// How many people have to say yes, where that is known.
    pub fn needed(&self) -> Option<u32> {
        self.needed.as_ref().map(|needed| needed.value)
    }

    /// Until when it can be answered, where that is known and limited.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at.as_ref().map(|expires_at| expires_at.value)
    }

    /// What a yes would ship, where something of it is known.
    pub fn ships(&self) -> Option<&Shipment> {
        self.ships.as_ref().map(|ships| &ships.value)
    }

    /// When it reached its state; `None` where the service does not say.
    pub fn changed_at(&self) -> Option<Timestamp> {
        Some(self.updated_at).filter(|at| *at > Timestamp::UNIX_EPOCH)
    }

    /// True where it can be answered, as far as its service has reported.
    pub fn waits(&self) -> bool {
        self.state == ApprovalState::Waiting
    }

    /// True where it waits although its time is up: its service has not reported its end.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.waits() && self.expires_at().is_some_and(|end| end <= now)
    }

    /// Everybody whose yes counts; `None` where that is not known.
    pub fn given(&self) -> Option<Vec<&Answer>> {
        let answers = self.answers.as_ref()?;
        Some(answers.iter().filter(|answer| answer.decision == ApprovalDecision::Approved).collect())
    }

    /// How far it is: `1 of 2 given`, `2 needed`. Empty where neither number is known, or one yes is all that it takes.
    pub fn progress(&self) -> String {
        match (self.given().map(|given| given.len()), self.needed()) {
            (Some(0), Some(1)) | (Some(0) | None, None) | (None, Some(1)) => String::new(),
            (Some(given), Some(needed)) => format!("{given} of {needed} given"),
            (Some(given), None) => format!("{given} given"),
            (None, Some(needed)) => format!("{needed} needed"),
        }
    }

    /// True where I asked for it.
    pub fn is_asked_by(&self, me: &Identity) -> bool {
        self.asked_by.as_ref().is_some_and(|by| me.is(&by.id))
    }

    /// True where I have approved or denied it.
    pub fn is_answered_by(&self, me: &Identity) -> bool {
        let answers =
            self.answers.iter().flatten().filter(|answer| answer.decision != ApprovalDecision::Withdrawn);
        answers.into_iter().any(|answer| me.is(&answer.by.id))
    }

    /// Whether it waits for me; `None` where that is not known. The first that is known decides:
    ///
    /// | what is so | whether it waits for me |
    /// | --- | --- |
    /// | it has ended | no |
    /// | the service says whether the account may answer (it may ask again whom it has asked) | as it says |
    /// | I have answered | no |
    /// | I am among those who may answer, and did not ask | yes |
    /// | I am among them, and asked: the requester may not count | not known |
    /// | I am not among them, these are all, and it is known who I am and in which teams | no |
    pub fn mine_to_give(&self, me: &Identity) -> Option<bool> {
        if !self.waits() {
            return Some(false);
        }
        // It means nothing where it is not known who I am.
        if let Some(may) = self.account_may.as_ref().filter(|_| !me.login.is_empty()) {
            return Some(may.value);
        }
        if self.is_answered_by(me) {
            return Some(false);
        }
        let Approvers { names, complete } = &self.approvers.as_ref()?.value;
        if names.iter().any(|name| me.is(name)) {
            return if self.is_asked_by(me) { None } else { Some(true) };
        }
        let may_be_mine =
            |name: &String| me.login.is_empty() || (me.teams_unread.is_some() && name.starts_with("team/"));
        if !complete || names.iter().any(may_be_mine) { None } else { Some(false) }
    }

    /// Whose answer is awaited; `None` once it has ended.
    pub fn turn(&self, me: &Identity) -> Option<Turn> {
        if !self.waits() {
            return None;
        }
        let turn = |mine, who, what: String| Some(Turn { mine, who, kind: TurnKind::Approve, what });
        match self.mine_to_give(me) {
            Some(true) => turn(
                true,
                Vec::new(),
                match self.is_last_needed() {
                    true => "your answer, the last one needed".to_owned(),
                    false => "your answer".to_owned(),
                },
            ),
            None if !me.login.is_empty() => turn(false, Vec::new(), "may be yours to answer".to_owned()),
            mine @ (None | Some(false)) => {
                let answered = |name: &&String| {
                    self.answers.iter().flatten().any(|answer| answer.by.id.eq_ignore_ascii_case(name))
                };
                let approvers = self.approvers.iter().flat_map(|approvers| &approvers.value.names);
                let who: Vec<_> = approvers.filter(|name| !me.is(name) && !answered(name)).cloned().collect();
                let shown: Vec<_> = who.iter().map(|name| without_organisation(name)).collect();
                let what = match shown.as_slice() {
                    [] if mine.is_none() => "answer by somebody".to_owned(),
                    [] => "answer by somebody else".to_owned(),
                    [one] => format!("answer by {one}"),
                    [one, other] => format!("answer by {one} or {other}"),
                    [one, others @ ..] => format!("answer by {one} or {} others", others.len()),
                };
                turn(false, who, what)
            }
        }
    }

    /// True where several are needed, and all but one have approved.
    fn is_last_needed(&self) -> bool {
        let given = self.given().and_then(|given| u32::try_from(given.len()).ok());
        self.needed().zip(given).is_some_and(|(needed, given)| needed > 1 && given + 1 == needed)
    }
}

#[cfg(test)]
mod tests;
