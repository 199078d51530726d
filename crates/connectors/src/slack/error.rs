//! What Slack's refusals mean. Slack answers most of them with status 200 and `{"ok": false, "error": CODE}`; incoming
//! webhooks with the code as plain text.

use std::time::Duration;

use callboard_domain::{error::ServiceError, text};
use jiff::Timestamp;

use crate::http::rate_limited;

/// A refusal by Slack.
#[derive(Debug, Clone)]
pub(super) struct Refusal<'a> {
    /// Its error code.
    pub code: &'a str,
    /// The scopes that are missing, separated by commas, with `missing_scope`.
    pub needed: Option<&'a str>,
    /// More of its message, with `invalid_blocks` and its like.
    pub detail: Option<&'a str>,
    /// How long it asks us to wait, with `ratelimited`.
    pub retry_after: Option<Duration>,
    /// The channel that it is about, as a person wrote it.
    pub channel: Option<&'a str>,
    /// The app's name in Slack.
    pub app: Option<&'a str>,
    /// What was asked for: method and path.
    pub asked: Option<&'a str>,
    /// The call only looked.
    pub read: bool,
    /// When it came.
    pub now: Timestamp,
}

impl<'a> Refusal<'a> {
    /// Of a call that may have changed something, with nothing known of it but its code.
    pub(super) fn new(code: &'a str, now: Timestamp) -> Self {
        Self {
            code,
            needed: None,
            detail: None,
            retry_after: None,
            channel: None,
            app: None,
            asked: None,
            read: false,
            now,
        }
    }
}

const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(30);

/// The one table from Slack's codes to [`ServiceError`]; the codes are listed at each method of
/// <https://docs.slack.dev/reference/methods>, those of incoming webhooks at
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.
///
/// | code | means |
/// | --- | --- |
/// | of the token or its workspace | auth |
/// | of its scopes, or of what the workspace permits | auth, signed in |
/// | `ratelimited` and its like | rate limited |
/// | `internal_error`, `fatal_error` and its like | unknown; unavailable where the call only looked |
/// | any other, known or not | rejected |
pub(super) fn service_error(refusal: &Refusal<'_>) -> ServiceError {
    let channel = refusal.channel.unwrap_or("the channel");
    let app = refusal.app.unwrap_or("Callboard");
    match refusal.code {
        "missing_scope" => {
            let needed = refusal.needed.unwrap_or_default().split(',');
            let missing_scopes: Vec<_> =
                needed.map(|scope| text::line(scope, 60)).filter(|scope| !scope.is_empty()).collect();
            let why = "the Slack app lacks a permission: add its scopes and install it again".to_owned();
            ServiceError::Auth { why, missing_scopes, signed_in: true }
        }
        "invalid_auth" | "not_authed" => ServiceError::auth("Slack does not know the token: set it again"),
        "token_revoked" => {
            ServiceError::auth("the Slack token was revoked: install the app again and set its new token")
        }
        "token_expired" => ServiceError::auth("the Slack token has expired: set a new one"),
        "account_inactive" => ServiceError::auth(
            "the Slack app or its user is gone from the workspace: install the app again and set its new token",
        ),
        "not_allowed_token_type" => {
            ServiceError::auth("Slack needs another kind of token here: set a bot token (xoxb-)")
        }
        "no_service" | "no_service_id" | "no_active_hooks" | "invalid_token" | "no_team"
        | "team_disabled" => ServiceError::auth(
            "Slack does not know the incoming webhook any more: make a new one and set the webhook_url again",
        ),
        code @ ("no_permission"
        | "access_denied"
        | "org_login_required"
        | "ekm_access_denied"
        | "two_factor_setup_required"
        | "team_access_not_granted") => ServiceError::forbidden(format!(
            "Slack does not allow it ({code}): ask an admin of the workspace"
        )),
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            let asks = refusal.retry_after.unwrap_or(DEFAULT_RETRY_AFTER);
            rate_limited("Slack", refusal.asked, "", asks, refusal.now)
        }
        code @ ("internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "rollup_error"
        | "update_failed"
        | "team_added_to_org") => {
            let why = format!("Slack is unavailable ({code})");
            if refusal.read { ServiceError::unavailable(why) } else { ServiceError::unknown(why) }
        }
        "channel_not_found" => ServiceError::rejected(format!(
            "Slack has no channel {channel}, or hides it from the app: if it is private, type there /invite @{app}"
        )),
        "not_in_channel" => ServiceError::rejected(format!(
            "the Slack app is not in {channel}: invite it, by typing there /invite @{app}"
        )),
        "is_archived" | "channel_is_archived" => {
            ServiceError::rejected(format!("{channel} is archived in Slack: choose another channel"))
        }
        "msg_too_long" | "msg_blocks_too_long" => {
            ServiceError::rejected("the message is too long for Slack: make it shorter")
        }
        "message_not_found" | "thread_not_found" => {
            ServiceError::rejected(format!("the message is gone from {channel} in Slack"))
        }
        "cant_update_message" => ServiceError::rejected("Slack lets an app edit only its own messages"),
        "edit_window_closed" => {
            ServiceError::rejected("the workspace's settings do not let a message of this age be edited")
        }
        code if code.starts_with("restricted_action")
            || matches!(code, "action_prohibited" | "posting_to_general_channel_denied") =>
        {
            ServiceError::rejected(format!(
                "the workspace's settings do not let the Slack app post in {channel} ({code}): ask an admin"
            ))
        }
        code => {
            let code = match text::line(code, 60) {
                empty if empty.is_empty() => "without a reason".to_owned(),
                code => code,
            };
            let detail = refusal.detail.map(|detail| format!(": {}", text::line(detail, 200)));
            ServiceError::rejected(format!("Slack refused it ({code}){}", detail.unwrap_or_default()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::now;

    #[test]
    fn every_code_has_its_kind() {
        let cases = [
            ("invalid_auth", "auth", "set it again"),
            ("not_authed", "auth", "set it again"),
            ("token_revoked", "auth", "install the app again"),
            ("account_inactive", "auth", "install the app again"),
            ("no_service", "auth", "webhook_url"),
            ("missing_scope", "auth", "it lacks channels:read, groups:read"),
            ("no_permission", "auth", "ask an admin"),
            ("ratelimited", "rate_limited", "rate-limited by Slack"),
            ("internal_error", "unknown", "it may have happened"),
            ("fatal_error", "unknown", "it may have happened"),
            ("request_timeout", "unknown", "it may have happened"),
            ("service_unavailable", "unknown", "it may have happened"),
            ("channel_not_found", "rejected", "no channel #deploys"),
            ("not_in_channel", "rejected", "is not in #deploys: invite it, by typing there /invite @bell"),
            ("is_archived", "rejected", "choose another channel"),
            ("msg_too_long", "rejected", "too long"),
            ("msg_blocks_too_long", "rejected", "too long"),
            ("restricted_action_read_only_channel", "rejected", "ask an admin"),
            ("invalid_blocks", "rejected", "(invalid_blocks): no more than 50"),
            ("a_code_of_tomorrow", "rejected", "(a_code_of_tomorrow)"),
            ("", "rejected", "without a reason"),
        ];
        for (code, kind, text) in cases {
            let refusal = Refusal {
                needed: Some("channels:read,groups:read"),
                detail: Some("no more than 50"),
                channel: Some("#deploys"),
                app: Some("bell"),
                ..Refusal::new(code, now())
            };
            let error = service_error(&refusal);
            assert_eq!(serde_json::to_value(&error).unwrap()["error"], kind, "{code}");
            assert!(error.to_string().contains(text), "{code}: {error}");
            // To sign in again gives no permission.
            let is_signed_in = matches!(error, ServiceError::Auth { signed_in: true, .. });
            assert_eq!(is_signed_in, ["missing_scope", "no_permission"].contains(&code), "{code}");
            if kind == "unknown" {
                let error = service_error(&Refusal { read: true, ..refusal });
                assert!(matches!(error, ServiceError::Unavailable { .. }), "{code}: looking changes nothing");
            }
        }
    }
}
