//! Who is on call.

use std::collections::BTreeSet;

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    message::{Block, ListEntry},
    run::Outcome,
    text,
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::base::Base;
use crate::{
    http::Request,
    pagerduty::{
        normalise::name,
        wire::{DutyEnd, OnCall as Duty, Reference},
    },
};

/// The most rows that are read.
const MOST: usize = 1_000;
/// The most rows that are shown.
const SHOWN: usize = 100;

/// `on-call [TEAM]`.
pub(super) struct OnCall {
    spec: CommandSpec,
    base: Base,
}

impl OnCall {
    pub(super) fn new(base: Base) -> Self {
        Self { spec: verbs::on_call(), base }
    }

    /// `earliest`: of shifts that follow each other only the one that is on now.
    fn request(&self) -> Request {
        self.base.pagerduty.get(["oncalls"]).query("earliest", "true")
    }
}

/// On which level of what somebody is on call, and until when.
fn row(duty: &Duty) -> String {
    let level = duty.escalation_level.map_or_else(String::new, |level| format!("level {level} of "));
    let of = duty.escalation_policy.as_ref().map(name).unwrap_or_default();
    let schedule = duty.schedule.as_ref().map(|schedule| format!(" ({})", name(schedule)));
    let until = match duty.end {
        DutyEnd::Never => "always".to_owned(),
        DutyEnd::At(end) => {
            format!("until {}", end.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M"))
        }
        DutyEnd::Unknown => "it is not known until when".to_owned(),
    };
    format!("{}: {level}{of}{}, {until}", name(&duty.user), schedule.unwrap_or_default())
}

#[async_trait]
impl Action for OnCall {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, _: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        Ok(vec![self.base.pagerduty.http().step("See who is on call", &self.request())])
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        // A row has no id of its own.
        let id = |of: &Option<Reference>| of.as_ref().map_or_else(String::new, |of| of.id.clone());
        let key = |duty: &Duty| {
            format!(
                "{} {} {} {:?}",
                duty.user.id,
                id(&duty.escalation_policy),
                id(&duty.schedule),
                duty.escalation_level
            )
        };
        let listing = self.base.pagerduty.list::<Duty>(self.request(), "oncalls", MOST, key).await?;
        let wanted = args.text(verbs::TEAM).trim().to_lowercase();
        let has = |of: &Option<Reference>| {
            of.as_ref().is_some_and(|of| of.summary.to_lowercase().contains(&wanted))
        };
        let mut duties: Vec<&Duty> = listing
            .rows
            .iter()
            .filter(|duty| wanted.is_empty() || has(&duty.escalation_policy) || has(&duty.schedule))
            .collect();
        duties.sort_by_key(|duty| {
            (duty.escalation_policy.as_ref().map(name), duty.escalation_level, name(&duty.user))
        });
        let rows: Vec<ListEntry> = duties
            .iter()
            .take(SHOWN)
            .map(|duty| ListEntry { text: text::line(&row(duty), 200), link: None })
            .collect();
        let cut = if listing.complete && duties.len() <= SHOWN { "" } else { ", and there are more" };
        let people: BTreeSet<&str> = duties.iter().map(|duty| duty.user.id.as_str()).collect();
        let summary = match people.len() {
            0 if !listing.complete => "Nobody was found on call, but not all could be read".to_owned(),
            0 if wanted.is_empty() => "Nobody is on call".to_owned(),
            0 => format!("Nobody is on call for anything named like {:?}", args.text(verbs::TEAM)),
            1 => format!("1 person is on call{cut}"),
            count => format!("{count} people are on call{cut}"),
        };
        let data: Vec<_> = duties
            .iter()
            .map(|duty| {
                let until = if let DutyEnd::At(end) = duty.end { Some(end) } else { None };
                json!({
                    "person": name(&duty.user),
                    "policy": duty.escalation_policy.as_ref().map(name),
                    "level": duty.escalation_level,
                    "schedule": duty.schedule.as_ref().map(name),
                    "until": until,
                    "always": duty.end == DutyEnd::Never,
                })
            })
            .collect();
        let outcome =
            Outcome::ok(summary).with_data(json!({ "on_call": data, "complete": listing.complete }));
        Ok(if rows.is_empty() { outcome } else { outcome.with_block(Block::List(rows)) })
    }
}
