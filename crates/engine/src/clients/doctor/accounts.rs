//! The accounts: how each is, and what to do about it.

use callboard_domain::{
    error::ServiceError, identity::Identity, item::AccountName, secret::SecretField, source::Progress,
};
use jiff::{Timestamp, tz::TimeZone};

use super::finding::{check, remedied};
use crate::{
    Engine,
    api::{AccountInfo, AccountsQuery, Check, CheckVerdict, Health, Needs},
    secrets::{SecretBackend, variable},
};

pub(super) async fn checks(engine: &Engine) -> Vec<Check> {
    let infos = match engine.accounts(AccountsQuery {}).await {
        Ok(infos) => infos,
        Err(error) => return vec![check("accounts", CheckVerdict::Failed, error.to_string())],
    };
    let (now, active) = (Timestamp::now(), engine.active());
    infos
        .into_iter()
        .flat_map(|info| {
            let name = format!("account {}", info.name);
            let is_ok = matches!(info.health, Health::Ok);
            let fields = active.accounts.get(&info.name).map_or(&[][..], |account| account.config.secrets());
            let lacks = matches!(info.health, Health::Incomplete { .. });
            let secret = match (variables(&info.name, fields, &info.secrets_set, lacks), info.secrets) {
                // It has none that is sent.
                (None, _) => None,
                // What is in the environment cannot be set by a command.
                (Some(variables), SecretBackend::Env) => {
                    Some(format!("set {variables} where Callboard is started"))
                }
                (Some(_), _) => Some(format!("callboard accounts secret {}", info.name)),
            };
            let retry = info.health.retry(now, |at| minute(at, &TimeZone::system()));
            let first = match info.health {
                Health::Ok => answers(&name, &info),
                Health::New => remedied(
                    check(&name, CheckVerdict::Warning, format!("{}: not asked yet", info.service)),
                    format!("callboard accounts test {}", info.name),
                ),
                // Why the secrets cannot be read, and what to do about it, is a check of its own.
                Health::Incomplete { why, waits_for: Some(_), .. } => remedied(
                    check(&name, CheckVerdict::Failed, why),
                    "see to the secrets; it is tried again by itself, and its messages wait",
                ),
                // Why says what to change.
                Health::Incomplete { why, needs: Needs::Setting, waits_for: None } => {
                    check(&name, CheckVerdict::Failed, why)
                }
                Health::Incomplete { why, needs: Needs::Secret, waits_for: None } => {
                    Check { remedy: secret.clone(), ..check(&name, CheckVerdict::Failed, why) }
                }
                // What to do about the store is a check of its own.
                Health::Unrecorded { since, why } => remedied(
                    check(&name, CheckVerdict::Failed, unrecorded(&why, since, now)),
                    "see to the store; the account is read again by itself",
                ),
                Health::Overdue { since } => remedied(
                    check(&name, CheckVerdict::Warning, overdue(&info.service, since, &TimeZone::system())),
                    "it is read by itself; where that lasts, start Callboard again",
                ),
                Health::Trouble { since, error, next_try } => {
                    let found = trouble(&error, since, now, retry.as_deref());
                    remedied(
                        check(&name, CheckVerdict::Failed, found),
                        health_remedy(&error, &info.name, secret.as_deref(), next_try.is_some()),
                    )
                }
            };
            let missing = info.identity.into_iter().flat_map(|identity| identity.missing_scopes);
            let missing: Vec<Check> = missing
                .map(|it| {
                    let found = it.to_string();
                    let then = secret.as_ref().map_or_else(String::new, |secret| format!(", then: {secret}"));
                    remedied(check(&name, CheckVerdict::Warning, found), format!("give it that scope{then}"))
                })
                .collect();
            // Of an account that answers, those that hide something are in the first one.
            let problems = info.problems.into_iter().filter(|problem| !is_ok || !problem.hides());
            let problems = problems.map(|problem| check(&name, CheckVerdict::Warning, problem.to_string()));
            std::iter::once(first).chain(missing).chain(problems.collect::<Vec<_>>()).collect::<Vec<_>>()
        })
        .collect()
}

/// What is wrong with an account, for how long, and when it is tried again.
fn trouble(error: &ServiceError, since: Timestamp, now: Timestamp, retry: Option<&str>) -> String {
    let retry = retry.map_or_else(String::new, |retry| format!("; {retry}"));
    format!("{} (for {} m{retry})", error.trouble(), minutes(since, now))
}

fn minutes(since: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(since).as_mins().max(0)
}

/// Why what is read of an account is not recorded, and for how long.
fn unrecorded(why: &str, since: Timestamp, now: Timestamp) -> String {
    format!("what is read of it is not recorded: {why} (for {} m)", minutes(since, now))
}

/// Since when an account is due to be read.
fn overdue(service: &str, since: Timestamp, zone: &TimeZone) -> String {
    format!("{service}: the poll that is due since {} has not ended", minute(since, zone))
}

/// A time to the minute.
fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What to do about an account that cannot be read. `secret` says how its credential is set, where it has one; `by_itself`
/// whether somebody tries again.
fn health_remedy(
    error: &ServiceError,
    account: &AccountName,
    secret: Option<&str>,
    by_itself: bool,
) -> String {
    let test = format!("callboard accounts test {account}");
    match (error, secret) {
        (ServiceError::RateLimited { .. }, _) if by_itself => "wait: it is tried again by itself".to_owned(),
        (ServiceError::RateLimited { .. }, _) => format!("wait, then: {test}"),
        (ServiceError::Auth { signed_in: true, .. }, Some(secret)) => {
            format!("give its credential that permission, or set another one ({secret}), then: {test}")
        }
        (ServiceError::Auth { .. }, Some(secret)) => {
            format!("see to its credential ({secret}), then: {test}")
        }
        (ServiceError::Rejected { .. }, Some(secret)) => {
            format!("see to its settings or its credential ({secret}), then: {test}")
        }
        (ServiceError::Auth { .. } | ServiceError::Rejected { .. }, None) => {
            format!("see to its settings, then: {test}")
        }
        (ServiceError::Unavailable { .. } | ServiceError::Unknown { .. }, _) => {
            let then = if by_itself { "; it is tried again by itself, and at once by" } else { ", then" };
            format!("see to the service and the account's url{then}: {test}")
        }
    }
}

/// An account that answers. It is well only where the board has no line of something that is not seen of it.
fn answers(name: &str, info: &AccountInfo) -> Check {
    // A service without users has no name for who it is.
    let who = info.identity.as_ref().map(Identity::display).filter(|who| !who.is_empty());
    let who = who.map_or_else(String::new, |who| format!(" as {who}"));
    let service = format!("{}{who}", info.service);
    let hidden: String = info.problems.iter().filter(|it| it.hides()).map(|it| format!("\n{it}")).collect();
    let why = match (info.reading, info.last_ok) {
        _ if !hidden.is_empty() => format!("not all of it is seen:{hidden}"),
        (Some(Progress { done, total }), _) => format!("it is being read, {done} of {total} so far"),
        (None, None) if info.watched => "its first poll has not ended".to_owned(),
        _ => return check(name, CheckVerdict::Ok, service),
    };
    check(name, CheckVerdict::Warning, format!("{service}: {why}"))
}

/// The environment variables of the secrets to see to: those that an account that `lacks` one has not; else those that it
/// has, as one of them is not good. All where there are none such. `None` where no secret of it is sent.
fn variables(account: &AccountName, fields: &[SecretField], set: &[String], lacks: bool) -> Option<String> {
    let is_set = |field: &SecretField| set.iter().any(|name| name == field.name);
    let sent: Vec<&SecretField> = fields.iter().filter(|field| !field.is_inbound()).collect();
    let meant: Vec<&SecretField> = sent.iter().copied().filter(|field| is_set(field) != lacks).collect();
    let named = if meant.is_empty() { sent } else { meant };
    let (required, optional): (Vec<_>, Vec<_>) = named.into_iter().partition(|field| field.required);
    let names = |fields: &[&SecretField]| -> Vec<String> {
        fields.iter().map(|field| variable(account.as_str(), field.name)).collect()
    };
    match (required.is_empty(), optional.is_empty()) {
        (true, true) => None,
        (true, false) => Some(names(&optional).join(" or ")),
        (false, _) => Some(names(&required).join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use callboard_domain::source::{Problem, ProblemKind};

    use super::*;
    use crate::tests::account_info;

    #[test]
    fn remedy_of_an_account_fits_its_trouble_and_its_secrets() {
        let limited = ServiceError::RateLimited { why: "too many".into(), retry_after: Duration::ZERO };
        let set = Some("set PAGER_TOKEN");
        let test = "callboard accounts test pager";
        let by_itself =
            "see to the service and the account's url; it is tried again by itself, and at once by";
        let cases = [
            (limited, set, "wait: it is tried again by itself".to_owned()),
            (ServiceError::auth("no"), set, format!("see to its credential (set PAGER_TOKEN), then: {test}")),
            (ServiceError::auth("no"), None, format!("see to its settings, then: {test}")),
            (
                ServiceError::forbidden("no"),
                set,
                format!(
                    "give its credential that permission, or set another one (set PAGER_TOKEN), then: {test}"
                ),
            ),
            (ServiceError::forbidden("no"), None, format!("see to its settings, then: {test}")),
            (
                ServiceError::rejected("no"),
                set,
                format!("see to its settings or its credential (set PAGER_TOKEN), then: {test}"),
            ),
            (ServiceError::unavailable("down"), set, format!("{by_itself}: {test}")),
            (ServiceError::unavailable("down"), None, format!("{by_itself}: {test}")),
        ];
        for (error, secret, expected) in cases {
            assert_eq!(health_remedy(&error, &"pager".into(), secret, true), expected, "{error:?}");
        }
        // Where nobody tries again.
        let limited = ServiceError::RateLimited { why: "too many".into(), retry_after: Duration::ZERO };
        let cases = [
            (limited, format!("wait, then: {test}")),
            (
                ServiceError::unavailable("down"),
                format!("see to the service and the account's url, then: {test}"),
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(health_remedy(&error, &"pager".into(), set, false), expected, "{error:?}");
        }
    }

    #[test]
    fn account_that_is_not_up_to_date_says_why_and_since_when() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let (since, now) = (at("2026-11-22T10:00:00Z"), at("2026-11-22T10:05:30Z"));
        let full = "what is read of it is not recorded: the disk is full (for 5 m)";
        assert_eq!(unrecorded("the disk is full", since, now), full);
        let late = "github: the poll that is due since 2026-11-22 10:00 has not ended";
        assert_eq!(overdue("github", since, &TimeZone::UTC), late);
    }

    #[test]
    fn trouble_of_an_account_says_when_it_is_tried_again() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let (since, now) = (at("2026-11-22T10:00:00Z"), at("2026-11-22T10:05:30Z"));
        let found = |error: ServiceError, next_try: Option<Timestamp>| {
            let health = Health::Trouble { since, error: error.clone(), next_try };
            let retry = health.retry(now, |at| minute(at, &TimeZone::UTC));
            trouble(&error, since, now, retry.as_deref())
        };
        // when it is tried next -> what is found
        let cases = [
            (Some(at("2026-11-22T12:00:00Z")), "slow down (for 5 m; next try at 2026-11-22 12:00)"),
            (Some(since), "slow down (for 5 m)"),
            (None, "slow down (for 5 m)"),
        ];
        for (next_try, expected) in cases {
            assert_eq!(found(ServiceError::unavailable("slow down"), next_try), expected, "{next_try:?}");
        }
        // how long a service limits it, when it is tried next -> what is found
        let hour = 3_600;
        let cases = [
            (hour, None, "slow down (for 5 m; it may be tried again at 2026-11-22 11:00)"),
            (hour, Some(since), "slow down (for 5 m; it may be tried again at 2026-11-22 11:00)"),
            (hour, Some(at("2026-11-22T12:00:00Z")), "slow down (for 5 m; next try at 2026-11-22 12:00)"),
            (60, None, "slow down (for 5 m)"),
        ];
        for (seconds, next_try, expected) in cases {
            let retry_after = Duration::from_secs(seconds);
            let error = ServiceError::RateLimited { why: "slow down".into(), retry_after };
            assert_eq!(found(error, next_try), expected, "{seconds} {next_try:?}");
        }
    }

    #[test]
    fn secrets_to_see_to_are_those_lacking_or_those_refused() {
        let field = |name, required| SecretField { name, help: "", required };
        let either = [field("token", false), field("password", false), field("webhook_secret", false)];
        let both = [field("api_id", true), field("api_key", true), field("webhook_url", false)];
        let (token, password) = ("CALLBOARD_SECRET_CI_TOKEN", "CALLBOARD_SECRET_CI_PASSWORD");
        let any = format!("{token} or {password}");
        let (id, key) = ("CALLBOARD_SECRET_CI_API_ID", "CALLBOARD_SECRET_CI_API_KEY");
        let all = format!("{id} and {key}");
        // fields, those that are set, whether one is lacking -> the variables
        type Case<'a> = (&'a [SecretField], &'a [&'a str], bool, Option<&'a str>);
        let cases: [Case<'_>; 10] = [
            (&either, &["token"], false, Some(token)),
            (&either, &["password", "webhook_secret"], false, Some(password)),
            (&either, &["token", "password"], false, Some(any.as_str())),
            (&either, &[], false, Some(any.as_str())),
            (&either, &[], true, Some(any.as_str())),
            (&both, &["api_id"], true, Some(key)),
            (&both, &["api_id", "api_key"], false, Some(all.as_str())),
            // What cannot be read is not known to be bad.
            (&both, &["api_id", "api_key", "webhook_url"], true, Some(all.as_str())),
            (&[field("signing_secret", true)], &[], true, None),
            (&[], &[], false, None),
        ];
        for (fields, set, lacks, expected) in cases {
            let set: Vec<String> = set.iter().map(|name| (*name).to_owned()).collect();
            let found = variables(&"ci".into(), fields, &set, lacks);
            assert_eq!(found.as_deref(), expected, "{set:?} {lacks}");
        }
    }

    #[test]
    fn account_is_well_only_where_all_of_it_is_seen() {
        let answering = || AccountInfo {
            service: "alertmanager".into(),
            last_ok: Some(Timestamp::UNIX_EPOCH),
            ..account_info("pager", true, Health::Ok)
        };
        let problem = |kind| vec![Problem::new(kind, "alerts", "no")];
        let (ok, warning) = (CheckVerdict::Ok, CheckVerdict::Warning);
        let cases = [
            (answering(), ok, "alertmanager"),
            (AccountInfo { problems: problem(ProblemKind::Details), ..answering() }, ok, "alertmanager"),
            (
                AccountInfo { problems: problem(ProblemKind::NotSeen), ..answering() },
                warning,
                "alertmanager: not all of it is seen:\nalerts: no",
            ),
            (
                AccountInfo { last_ok: None, ..answering() },
                warning,
                "alertmanager: its first poll has not ended",
            ),
            (AccountInfo { last_ok: None, watched: false, ..answering() }, ok, "alertmanager"),
            // It has no users.
            (AccountInfo { identity: Some(Identity::default()), ..answering() }, ok, "alertmanager"),
        ];
        for (info, verdict, found) in cases {
            assert_eq!(answers("account pager", &info), check("account pager", verdict, found), "{info:?}");
        }
    }
}
