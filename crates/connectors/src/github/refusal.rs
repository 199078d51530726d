//! What GitHub's refusals mean: a 403 and a 422 carry more than the shared table of statuses uses.

use std::time::Duration;

use callboard_domain::{error::ServiceError, secret::ExposeSecret, text};
use reqwest::StatusCode;
use serde_json::Value;

use crate::http::{Answer, Credential, Http};

/// How long to wait where GitHub asks for fewer calls and names no time: a minute, by its "Rate limits for the REST API".
const SECONDARY_LIMIT: Duration = Duration::from_secs(60);

/// True for an error that is a refusal: it is remembered with the repository.
pub(super) fn is_refusal(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Auth { .. } | ServiceError::Rejected { .. })
}

/// An answer of success, or what another one means.
pub(super) fn check(http: &Http, answer: Answer) -> Result<Answer, ServiceError> {
    match answer.status {
        status if status.is_success() || status == StatusCode::NOT_MODIFIED => Ok(answer),
        StatusCode::FORBIDDEN => Err(forbidden(http, &answer)),
        StatusCode::UNPROCESSABLE_ENTITY => Err(unprocessable(http, &answer)),
        _ => Err(http.service_error(&answer)),
    }
}

fn forbidden(http: &Http, answer: &Answer) -> ServiceError {
    match http.service_error(answer) {
        ServiceError::Auth { why, .. } if why.to_ascii_lowercase().contains("secondary rate limit") => {
            http.rate_limited(answer, SECONDARY_LIMIT)
        }
        ServiceError::Auth { why, signed_in, .. } => {
            let why = sign_on(answer).map(|remedy| format!("{why}; {remedy}")).unwrap_or(why);
            ServiceError::Auth { why, missing_scopes: missing_scopes(http, answer), signed_in }
        }
        error => error,
    }
}

/// What follows that keyword in `X-GitHub-SSO`.
fn sso<'a>(answer: &'a Answer, keyword: &str) -> Option<&'a str> {
    let value = answer.header("x-github-sso")?;
    let (own, rest) = value.split_at_checked(keyword.len())?;
    own.eq_ignore_ascii_case(keyword).then_some(rest)
}

/// What to do where an organisation asks for single sign-on: `X-GitHub-SSO: required; url=...`.
fn sign_on(answer: &Answer) -> Option<String> {
    let url = sso(answer, "required")?.split("url=").nth(1);
    let remedy = "the organisation asks for single sign-on: authorise the token for it";
    Some(match url.map(|url| text::line(url, 300)).filter(|url| url.starts_with("https://")) {
        Some(url) => format!("{remedy} at {url}"),
        None => remedy.to_owned(),
    })
}

/// The organisations (by number) that a list leaves out until the token is authorised for them:
/// `X-GitHub-SSO: partial-results; organizations=...`.
pub(super) fn left_out(answer: &Answer) -> Option<String> {
    let value = sso(answer, "partial-results")?;
    let organisations = value.split("organizations=").nth(1).unwrap_or_default();
    Some(text::line(organisations, 200))
}

/// The permissions that would have been accepted and that the token does not have, where GitHub names them: in
/// `X-Accepted-GitHub-Permissions` for a fine-grained token (the first of several sets), in `X-Accepted-OAuth-Scopes`
/// (any one of them will do) against `X-OAuth-Scopes` for a classic one.
fn missing_scopes(http: &Http, answer: &Answer) -> Vec<String> {
    if let Some(granted) = scopes(http, answer) {
        let accepted = separated_by_commas(answer.header("x-accepted-oauth-scopes").unwrap_or_default());
        let enough = accepted.is_empty() || accepted.iter().any(|scope| granted.contains(scope));
        return if enough { Vec::new() } else { vec![accepted.join(" or ")] };
    }
    let sets = answer.header("x-accepted-github-permissions").unwrap_or_default();
    separated_by_commas(sets.split(';').next().unwrap_or_default())
        .iter()
        .map(|permission| permission.replace('=', ":"))
        .collect()
}

/// The scopes of the token, where they are known. A fine-grained one and a GitHub App's have permissions instead: GitHub
/// then leaves the header out or blank. So a blank one means none only for a token that goes by scopes.
pub(super) fn scopes(http: &Http, answer: &Answer) -> Option<Vec<String>> {
    let granted = separated_by_commas(answer.header("x-oauth-scopes")?);
    (!granted.is_empty() || goes_by_scopes(http.credential())).then_some(granted)
}

/// True for a classic token and an OAuth app's, by the prefix ("About authentication to GitHub"), and for one from before
/// there were prefixes.
fn goes_by_scopes(credential: &Credential) -> bool {
    let Credential::Bearer(token) = credential else { return false };
    let token = token.expose_secret();
    let has_no_prefix = token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    has_no_prefix || ["ghp_", "gho_"].iter().any(|prefix| token.starts_with(prefix))
}

fn separated_by_commas(list: &str) -> Vec<String> {
    list.split(',').map(|entry| text::line(entry, 100)).filter(|entry| !entry.is_empty()).collect()
}

/// `message` alone is mostly "Validation Failed"; the reasons are in `errors`, as texts or objects.
fn unprocessable(http: &Http, answer: &Answer) -> ServiceError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reasons: Vec<_> =
        errors.iter().filter_map(|error| error.as_str().or_else(|| error["message"].as_str())).collect();
    match http.service_error(answer) {
        ServiceError::Rejected { why } if !reasons.is_empty() => {
            // Redacted once it is clean and before it is cut: neither may take a secret apart.
            let reasons = text::line(&http.redact(&text::line(&reasons.join("; "), usize::MAX)), 200);
            ServiceError::rejected(format!("{why}: {reasons}"))
        }
        error => error,
    }
}
