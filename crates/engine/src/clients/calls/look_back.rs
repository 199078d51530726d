//! What the rules did, and what happened, in numbers.

use std::collections::HashMap;

use callboard_domain::{
    activity,
    rules::{Decision, Outcome, Rules},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::limited;
use crate::{
    Engine,
    api::{
        Activity, ActivityQuery, ApiError, Replay, Replayed, RuleFault, RuleInfo, RulesQuery, RulesReplay,
    },
};

/// How far back a rule's matches are counted.
const LATELY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The most events that rules are tried on.
const REPLAYED: usize = 1_000;
/// The most days that are looked at.
const DAYS: u16 = 90;

impl Engine {
    pub(crate) async fn rules(&self, _: RulesQuery) -> Result<Vec<RuleInfo>, ApiError> {
        let active = self.active();
        let since = Timestamp::now() - LATELY;
        let records = self.store().decisions_since(since).await.map_err(ApiError::internal)?;
        let mut matches: HashMap<(String, bool), (u32, i64)> = HashMap::new();
        for (event, record) in records {
            let Ok(decision) = serde_json::from_str::<Decision>(&record) else { continue };
            let matched = decision.reasons.into_iter().filter(|reason| reason.outcome == Outcome::Matched);
            for reason in matched {
                let (count, last) = matches.entry((reason.rule, reason.builtin)).or_default();
                *count += 1;
                *last = event.max(*last);
            }
        }
        let own = active.config.rules.iter().cloned().map(|rule| (rule, false));
        let builtin = if active.config.builtin_rules { Rules::builtin() } else { Vec::new() };
        let mut rules = Vec::new();
        for (rule, builtin) in own.chain(builtin.into_iter().map(|rule| (rule, true))) {
            let found = matches.get(&(rule.name.clone(), builtin)).copied();
            let last = match found {
                Some((_, event)) => self.store().event(event).await.map_err(ApiError::internal)?,
                None => None,
            };
            rules.push(RuleInfo { rule, builtin, matched: found.map_or(0, |(count, _)| count), last });
        }
        Ok(rules)
    }

    pub(crate) async fn rules_replay(&self, query: RulesReplay) -> Result<Replay, ApiError> {
        let active = self.active();
        let tried = query.rules.map(|own| Rules::compile(&own, active.config.builtin_rules)).transpose();
        let tried = tried.map_err(|errors| ApiError::Rules {
            message: errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            faults: errors.iter().map(RuleFault::from).collect(),
        })?;
        let store = self.store();
        let records = store.latest_decisions(limited(query.last.min(REPLAYED))).await;
        let mut replay = Replay { events: 0, changed: Vec::new() };
        for (id, record) in records.map_err(ApiError::internal)? {
            let event = store.event(id).await.map_err(ApiError::internal)?;
            let (Some(event), Ok(decided)) = (event, serde_json::from_str::<Decision>(&record)) else {
                continue;
            };
            let Some(stored) = store.item(&event.item).await.map_err(ApiError::internal)? else { continue };
            let me = self.store().acts_as(&event.item.account).await.map_err(ApiError::internal)?;
            let as_json = active.rules.decide(&event, &stored.item, &me);
            let (before, after) = match &tried {
                Some(tried) => (as_json, tried.decide(&event, &stored.item, &me)),
                None => (decided, as_json),
            };
            replay.events += 1;
            if !before.same_effect(&after) {
                replay.changed.push(Replayed { event, before, after });
            }
        }
        Ok(replay)
    }

    pub(crate) async fn activity(&self, query: ActivityQuery) -> Result<Activity, ApiError> {
        let zone = match &query.zone {
            Some(name) => TimeZone::get(name).map_err(|_| {
                ApiError::usage(format!("there is no time zone {name:?}; such as Europe/Zurich"))
            })?,
            None => TimeZone::system(),
        };
        let days = activity::days(query.days.clamp(1, DAYS), Timestamp::now(), &zone);
        let counted = self.store().activity(days).await.map_err(ApiError::internal)?;
        Ok(activity::activity(&counted.days, &counted.took, counted.unreadable))
    }
}
