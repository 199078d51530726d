//! What a yes and a no to an input step have in common: it is looked at first, answered once, and looked at again.

use std::fmt;

use callboard_domain::{
    action::Step,
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    item::{AccountName, Approval, Detail, Item, User},
    text,
};
use jiff::Timestamp;
use reqwest::StatusCode;

use super::form;
use crate::{
    http::{Answer, Request},
    jenkins::{
        client::{Jenkins, PAUSE},
        inputs::{self, Ending, InputName, Pending},
        wire,
    },
};

/// How many looks show whether an answer was taken.
const LOOKS: u32 = 4;

/// What is said to an input step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Yes,
    No,
}

/// The account that answers.
pub(super) struct Base {
    pub(super) jenkins: Jenkins,
    pub(super) account: AccountName,
    /// The user that it acts as, where it signs in.
    pub(super) user: Option<String>,
}

/// An input step that is to be answered, as it stands on the board.
pub(super) struct Asked<'a> {
    pub(super) item: &'a Item,
    pub(super) approval: &'a Approval,
    pub(super) name: InputName,
}

impl Base {
    /// The input step that the arguments name, on the board and of this account.
    pub(super) fn asked<'a>(&self, spec: &CommandSpec, args: &'a Args) -> Result<Asked<'a>, ArgError> {
        let item = args.item_of(spec, verbs::APPROVAL, &self.account, "a request")?;
        let invalid = |expected: String| ArgError::invalid(verbs::APPROVAL, expected, item.reference());
        let name = item.reference().parse().map_err(invalid)?;
        match &item.detail {
            Detail::Approval(approval) => Ok(Asked { item, approval, name }),
            Detail::Build(_) | Detail::PullRequest(_) | Detail::Incident(_) => {
                Err(invalid("a request that waits for a yes".to_owned()))
            }
        }
    }

    /// What an answer would send, with the words that go with it.
    pub(super) fn steps(
        &self,
        asked: &Asked<'_>,
        decision: Decision,
        request: &Request,
        words: Option<&str>,
    ) -> Vec<Step> {
        let (http, name) = (self.jenkins.http(), &asked.name);
        let (job, number) = (&name.job, name.number);
        let ending = Jenkins::ending_request(job, number);
        let pending = Jenkins::pending_request(job, number);
        let same = match decision {
            Decision::Yes => "Look whether it still waits, and asks the same",
            Decision::No => "Look whether it still waits, and is the same",
        };
        let mut steps = vec![
            http.step(format!("Look whether {} goes on", name.build()), &ending),
            http.step(same, &pending),
            http.step(format!("Say {decision} to {} on {}", asked.item.title, http.host()), request),
            http.step("Look whether Jenkins has taken it", &pending),
        ];
        steps.extend(words.map(|words| Step {
            what: format!("Post with the outcome (Jenkins keeps no comment): {}", text::line(words, 200)),
            request: String::new(),
        }));
        steps
    }

    /// Answers, once; it is done once this returns.
    pub(super) async fn answer(
        &self,
        asked: &Asked<'_>,
        decision: Decision,
        request: Request,
        check: impl Fn(&Pending) -> Option<String>,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let name = &asked.name;
        let before = self.jenkins.ending(&name.job, name.number, now).await?;
        let gone =
            || ServiceError::rejected(format!("Jenkins has no {} any more, or hides it", name.build()));
        let before = before.ok_or_else(gone)?;
        if before.over {
            return Err(over(name, Some(&before)));
        }
        let pending = self.jenkins.pending(&name.job, name.number).await?.ok_or_else(|| {
            let why =
                "Jenkins does not say which input steps wait: the plugin Pipeline: REST API is not there";
            ServiceError::rejected(why)
        })?;
        let own: Vec<_> = pending.good.iter().filter(|pending| pending.id == name.id()).collect();
        if own.is_empty() {
            if !pending.odd.is_empty() {
                let why = format!("it cannot be read whether {name} still waits: nothing was sent");
                return Err(ServiceError::unavailable(why));
            }
            return Err(over(name, self.ending(name, now).await.as_ref()));
        }
        for pending in &own {
            if let Some(why) = self.change(asked, decision, pending).or_else(|| check(pending)) {
                return Err(ServiceError::rejected(why));
            }
        }
        let sent = self.jenkins.post(request).await;
        self.judge(Sent { name, decision, waited: own.len(), before: &before }, sent, now).await
    }

    /// What has changed since it was shown.
    fn change(&self, asked: &Asked<'_>, decision: Decision, pending: &Pending) -> Option<String> {
        let build = wire::Build { number: asked.name.number, ..wire::Build::default() };
        let now = inputs::item(&self.account, &asked.name, pending, &build, None);
        let Detail::Approval(approval) = &now.detail else { return None };
        let changed = match form::difference(asked.approval, approval).filter(|_| decision == Decision::Yes) {
            Some(what) => format!("{what} has changed"),
            None if now.title != asked.item.title => format!("it says {:?} now", now.title),
            None => return None,
        };
        Some(format!(
            "{} has changed since it was shown: {changed}. Nothing was sent; look at it again",
            asked.name
        ))
    }

    /// What came of an answer that was sent.
    async fn judge(
        &self,
        sent: Sent<'_>,
        answer: Result<Answer, ServiceError>,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let name = sent.name;
        let error = match answer {
            Ok(answer) if answer.status.is_success() || answer.status.is_redirection() => {
                if self.is_taken(&sent, true, now).await {
                    return Ok(());
                }
                let status = answer.status.as_u16();
                let why = format!(
                    "Jenkins answered with {status}, and {} still waits for {}",
                    name.build(),
                    name.id()
                );
                return Err(ServiceError::unknown(why));
            }
            Ok(answer) => match self.refusal(name, &answer) {
                // Jenkins itself has ended with a failure, where a proxy may only have given up waiting.
                ServiceError::Unknown { why }
                    if answer.status == StatusCode::INTERNAL_SERVER_ERROR
                        && answer.header("x-jenkins").is_some()
                        && self.waiting(name).await >= Some(sent.waited) =>
                {
                    return Err(ServiceError::rejected(format!(
                        "{why}, and {} still waits for {}: is the account among those who may answer it?",
                        name.build(),
                        name.id()
                    )));
                }
                ServiceError::Rejected { .. } | ServiceError::Auth { signed_in: true, .. }
                    if self.waiting(name).await == Some(0) =>
                {
                    return Err(over(name, self.ending(name, now).await.as_ref()));
                }
                error => error,
            },
            Err(error) => error,
        };
        match error {
            ServiceError::Unknown { why } if !self.is_taken(&sent, false, now).await => {
                Err(ServiceError::unknown(format!("{why}. Whose answer {} took is not known", name.build())))
            }
            ServiceError::Unknown { .. } => Ok(()),
            error => Err(error),
        }
    }

    /// An answer without success, with Jenkins's own words where it gives any.
    fn refusal(&self, name: &InputName, answer: &Answer) -> ServiceError {
        let words = answer.header("x-error").map(|words| text::line(words, 200)).unwrap_or_default();
        match self.jenkins.http().service_error(answer) {
            ServiceError::Rejected { why } if words.is_empty() => ServiceError::rejected(format!(
                "{why}: is the account among those who may answer {}?",
                name.id()
            )),
            ServiceError::Rejected { .. } => ServiceError::rejected(format!("Jenkins refused it: {words}")),
            error => error,
        }
    }

    /// True once it is seen that Jenkins has taken the answer: it waits no more after Jenkins said so, or its build names the
    /// account's user.
    async fn is_taken(&self, sent: &Sent<'_>, accepted: bool, now: Timestamp) -> bool {
        for look in 0..LOOKS {
            if look > 0 {
                self.jenkins.http().pause(PAUSE).await;
            }
            let waiting = self.waiting(sent.name).await;
            if accepted && waiting.is_some_and(|waiting| waiting < sent.waited) {
                return true;
            }
            let ending = self.ending(sent.name, now).await;
            if ending.is_some_and(|ending| sent.is_done(&ending, self.user.as_deref())) {
                return true;
            }
        }
        false
    }

    /// How many steps of that id wait, where that can be read.
    async fn waiting(&self, name: &InputName) -> Option<usize> {
        let pending = self.jenkins.pending(&name.job, name.number).await.ok()??;
        let own = pending.good.iter().filter(|pending| pending.id == name.id()).count();
        pending.odd.is_empty().then_some(own)
    }

    async fn ending(&self, name: &InputName, now: Timestamp) -> Option<Ending> {
        self.jenkins.ending(&name.job, name.number, now).await.ok()?
    }
}

/// An answer that was sent.
struct Sent<'a> {
    name: &'a InputName,
    decision: Decision,
    /// How many steps of that id waited: those of parallel stages may share one.
    waited: usize,
    /// How its build was.
    before: &'a Ending,
}

impl Sent<'_> {
    /// True where the build shows that this user has answered since.
    fn is_done(&self, now: &Ending, user: Option<&str>) -> bool {
        let Some(user) = user else { return false };
        let is_user = |by: &User| by.id.eq_ignore_ascii_case(user);
        let yes = |ending: &Ending| ending.approvals.iter().flatten().filter(|by| is_user(by)).count();
        let no = |ending: &Ending| ending.rejected_by.iter().filter(|by| is_user(by)).count();
        match self.decision {
            Decision::Yes => yes(now) > yes(self.before),
            Decision::No => no(now) > no(self.before),
        }
    }
}

/// That somebody else was faster, with what Jenkins says of it.
fn over(name: &InputName, ending: Option<&Ending>) -> ServiceError {
    let named = |users: &mut dyn Iterator<Item = &User>| {
        let mut names: Vec<_> = users.map(|user| user.name.as_str()).collect();
        names.dedup();
        names.join(", ")
    };
    let mut facts = Vec::new();
    if let Some(ending) = ending {
        facts.push(match (ending.over, &ending.result) {
            (true, Some(result)) => format!("the build ended with {result}"),
            (true, None) => "the build ended without a result".to_owned(),
            (false, _) => "the build goes on".to_owned(),
        });
        let (yes, no) =
            (named(&mut ending.approvals.iter().flatten()), named(&mut ending.rejected_by.iter()));
        facts.extend((!yes.is_empty()).then(|| format!("yes was said in it by {yes}")));
        facts.extend((!no.is_empty()).then(|| format!("no by {no}")));
    }
    let facts = if facts.is_empty() { String::new() } else { format!(": {}", facts.join(", ")) };
    ServiceError::rejected(format!("{} does not wait for {} any more{facts}", name.build(), name.id()))
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
        })
    }
}
