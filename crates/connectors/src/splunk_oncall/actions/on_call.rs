//! Who is on call.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, Progress, Step},
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    message::{Block, ListEntry},
    run::Outcome,
    text,
};
use jiff::Timestamp;
use serde_json::json;

use super::base::Base;
use crate::splunk_oncall::{normalise::called, wire};

/// The most rows that are shown.
const SHOWN: usize = 100;
/// The longest row.
const ROW: usize = 200;

/// Who is on call for one escalation policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Duty {
    pub(super) team: String,
    pub(super) policy: String,
    /// What the policy is identified by.
    pub(super) slug: String,
    /// The team's.
    team_slug: String,
    /// The users' names.
    pub(super) users: BTreeSet<String>,
    /// True where someone on call could not be read.
    pub(super) cut: bool,
}

impl Duty {
    /// In a line: `Checkout, Primary: ana and bo`.
    pub(super) fn row(&self) -> String {
        let of = [self.team.as_str(), self.policy.as_str()];
        let of: Vec<_> = of.into_iter().filter(|name| !name.is_empty()).collect();
        let mut users: Vec<_> = self.users.iter().map(String::as_str).collect();
        match (users.is_empty(), self.cut) {
            (_, true) => users.push("somebody who cannot be read"),
            (true, false) => users.push("nobody"),
            (false, false) => {}
        }
        text::line(&format!("{}: {}", of.join(", "), users.join(", ")), ROW)
    }

    fn is_named_like(&self, wanted: &str) -> bool {
        let names = [&self.team, &self.policy, &self.slug, &self.team_slug];
        names.into_iter().any(|name| name.to_lowercase().contains(wanted))
    }
}

/// Row by row, in one order, each once.
pub(super) fn duties(listed: &wire::OnCall) -> Vec<Duty> {
    let duty = |team: &wire::TeamOnCall, duty: &wire::Duty| Duty {
        team: called(&team.team),
        policy: called(&duty.policy),
        slug: duty.policy.slug.clone(),
        team_slug: team.team.slug.clone(),
        users: duty.users.good.iter().map(|user| text::line(&user.user.username, 100)).collect(),
        cut: !duty.users.odd.is_empty(),
    };
    let teams = listed.teams_on_call.good.iter();
    let found: BTreeSet<_> =
        teams.flat_map(|team| team.now.good.iter().map(move |it| duty(team, it))).collect();
    found.into_iter().collect()
}

/// True where every row could be read.
pub(super) fn is_whole(listed: &wire::OnCall) -> bool {
    let teams = &listed.teams_on_call;
    let duties = || teams.good.iter().flat_map(|team| &team.now.good);
    teams.odd.is_empty()
        && teams.good.iter().all(|team| team.now.odd.is_empty())
        && duties().all(|duty| duty.users.odd.is_empty())
}

/// Who is on call, each with what for.
pub(super) fn people(duties: &[Duty]) -> Vec<Choice> {
    let mut people: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for duty in duties {
        let of = format!("{}, {}", duty.team, duty.policy);
        for user in &duty.users {
            people.entry(user).or_default().push(of.clone());
        }
    }
    let choice = |(user, of): (&str, Vec<String>)| Choice {
        value: user.to_owned(),
        note: Some(text::line(&format!("on call for {}", of.join("; ")), ROW)),
    };
    people.into_iter().map(choice).collect()
}

/// `on-call [TEAM]`.
pub(super) struct OnCall {
    spec: CommandSpec,
    base: Base,
}

impl OnCall {
    pub(super) fn new(base: Base) -> Self {
        Self { spec: verbs::on_call(), base }
    }
}

#[async_trait]
impl Action for OnCall {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, _: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let service = &self.base.service;
        Ok(vec![service.http().step("See who is on call", &service.who_is_on_call())])
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let listed = self.base.service.on_call().await?;
        let wanted = args.text(verbs::TEAM).trim().to_lowercase();
        let duties: Vec<_> = duties(&listed).into_iter().filter(|duty| duty.is_named_like(&wanted)).collect();
        let whole = is_whole(&listed);
        let rows = duties.iter().take(SHOWN).map(|duty| ListEntry { text: duty.row(), link: None });
        let rows: Vec<_> = rows.collect();
        let people: BTreeSet<&String> = duties.iter().flat_map(|duty| &duty.users).collect();
        let more = match (whole, duties.len() <= SHOWN) {
            (true, true) => "",
            (false, _) => ", and not all could be read",
            (true, false) => ", and there are more rows",
        };
        let summary = match people.len() {
            0 if !whole => "Nobody was found on call, but not all could be read".to_owned(),
            0 if wanted.is_empty() => "Nobody is on call".to_owned(),
            0 if duties.is_empty() => {
                format!("Nobody is on call for anything named like {:?}", args.text(verbs::TEAM))
            }
            0 => format!("Nobody is on call for {}", args.text(verbs::TEAM).trim()),
            1 => format!("1 person is on call{more}"),
            count => format!("{count} people are on call{more}"),
        };
        let data: Vec<_> = duties
            .iter()
            .map(|duty| {
                json!({ "team": duty.team, "policy": duty.policy, "slug": duty.slug, "people": duty.users })
            })
            .collect();
        let outcome = Outcome::ok(summary).with_data(json!({ "on_call": data, "complete": whole }));
        Ok(if rows.is_empty() { outcome } else { outcome.with_block(Block::List(rows)) })
    }
}
