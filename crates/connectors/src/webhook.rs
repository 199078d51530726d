//! How webhooks prove who sent them: a signature of the raw body, or a shared secret in a header. Nothing is compared in a
//! time that depends on the secret. And how their JSON is read, so that what cannot be read is named by its path.

use std::hint::black_box;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use callboard_domain::{
    item::AccountName,
    parse_error::{Notation, readable_message},
    secret::{ExposeSecret, SecretString},
    source::HookError,
};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_path_to_error::Segment;
use sha2::{Digest, Sha256};

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// 64 hexadecimal digits.
    Hex,
    /// Base64 with its padding.
    #[cfg_attr(not(test), expect(dead_code, reason = "the standard of <https://www.standardwebhooks.com>"))]
    Base64,
}

/// Where a service puts its signature, and how it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scheme {
    /// The header's name.
    pub(crate) header: &'static str,
    /// The prefix of each tag: `sha256=`, `v1=`. Tags are separated by commas: while a secret is replaced there are
    /// several, and one that fits is enough. What has another prefix is of another version, and no matter.
    pub(crate) prefix: &'static str,
    /// How the tag is written.
    pub(crate) encoding: Encoding,
    /// Where the service signs the time with the body, so that nobody can send a recorded delivery again: the header with the
    /// time, in whole seconds since 1970. What is signed is `VERSION:TIME:BODY` then, the version being the prefix without its
    /// `=` (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).
    pub(crate) time_header: Option<&'static str>,
}

/// How far from now the time may be that is signed with a body: what Slack's documentation advises.
const TIME_WINDOW: SignedDuration = SignedDuration::from_secs(300);

/// The most tags of one header that are looked at.
const TAGS: usize = 16;

/// Checks HMAC-SHA256 signatures of one account.
pub(crate) struct Signatures {
    scheme: Scheme,
    /// What people call the service.
    service: &'static str,
    account: AccountName,
    /// Keyed once: only the body is hashed per delivery. None where no secret is set.
    key: Option<Hmac<Sha256>>,
}

impl Signatures {
    pub(crate) fn new(
        scheme: Scheme,
        service: &'static str,
        account: AccountName,
        secret: Option<&SecretString>,
    ) -> Self {
        let secret =
            secret.map(|secret| secret.expose_secret().as_bytes()).filter(|secret| !secret.is_empty());
        Self { scheme, service, account, key: secret.and_then(|secret| Hmac::new_from_slice(secret).ok()) }
    }

    /// The key, and the tags that the header claims.
    fn claims<'a>(&'a self, headers: &HeaderMap) -> Result<(&'a Hmac<Sha256>, Vec<[u8; 32]>), HookError> {
        let (service, header) = (self.service, self.scheme.header);
        let unsigned = |why: String| HookError::Unsigned(why);
        let Some(key) = &self.key else {
            return Err(unsigned(format!(
                "no webhook secret is set: run `callboard accounts secret {} webhook_secret`, with the secret of {service}'s webhook",
                self.account
            )));
        };
        let values = headers.get_all(header).iter().flat_map(|value| value.as_bytes().split(|&b| b == b','));
        let mut given = values.map(<[u8]>::trim_ascii).take(TAGS).peekable();
        if given.peek().is_none() {
            return Err(unsigned(format!(
                "not signed: there is no {header}; give {service}'s webhook the account's webhook_secret"
            )));
        }
        let tags: Vec<_> = given
            .filter_map(|tag| tag.strip_prefix(self.scheme.prefix.as_bytes()))
            .filter_map(|tag| self.scheme.encoding.tag(tag))
            .collect();
        if tags.is_empty() {
            let (prefix, how) = (self.scheme.prefix, self.scheme.encoding.name());
            return Err(unsigned(format!("{header} is not {prefix} and {how}")));
        }
        Ok((key, tags))
    }

    /// Whether the headers can be a signed delivery's: looked at before the body is read.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<(), HookError> {
        self.claims(headers).map(drop)
    }

    /// The time that is signed with the body, as it is written, where it is near `now`.
    fn time<'h>(&self, headers: &'h HeaderMap, header: &str, now: Timestamp) -> Result<&'h str, HookError> {
        let written = headers.get(header).and_then(|value| value.to_str().ok());
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let read = written.filter(is_number).and_then(|text| {
            Some((text, text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok())?))
        });
        let (written, at) = read.ok_or_else(|| {
            HookError::Unsigned(format!("expected in {header} when it was sent, in seconds since 1970"))
        })?;
        if now.duration_since(at).abs() > TIME_WINDOW {
            let (service, seconds) = (self.service, TIME_WINDOW.as_secs());
            return Err(HookError::Unsigned(format!(
                "{service} signed it at {at}, more than {seconds} s from now: it was sent again, or a clock is wrong"
            )));
        }
        Ok(written)
    }

    /// Whether the secret's owner signed these bytes, and near `now` where the service signs the time.
    pub(crate) fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), HookError> {
        let (key, tags) = self.claims(headers)?;
        let mut mac = key.clone();
        if let Some(header) = self.scheme.time_header {
            let time = self.time(headers, header, now)?;
            let version = self.scheme.prefix.trim_end_matches('=');
            mac.update(format!("{version}:{time}:").as_bytes());
        }
        mac.update(body);
        let fits = tags.iter().fold(false, |fits, tag| mac.clone().verify_slice(tag).is_ok() | fits);
        let service = self.service;
        let why = || {
            format!(
                "the signature does not fit: {service}'s webhook has another secret than the account's webhook_secret"
            )
        };
        if fits { Ok(()) } else { Err(HookError::Unsigned(why())) }
    }
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Self::Hex => "64 hexadecimal digits",
            Self::Base64 => "a SHA-256 in base64",
        }
    }

    fn tag(self, text: &[u8]) -> Option<[u8; 32]> {
        match self {
            Self::Hex => from_hex(text),
            Self::Base64 => BASE64_STANDARD.decode(text).ok()?.try_into().ok(),
        }
    }
}

fn from_hex(digits: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// The content of the body of a webhook; or where it is not what the service sends: the path of the field, and why.
pub(crate) fn read<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| {
        let message = error.to_string();
        let why = readable_message(&message, Notation::Json);
        match path_of::<T>(json, &message) {
            Some(path) => format!("{path}: {why}"),
            None => why,
        }
    })
}

/// The path of what an error of serde_json is about. The JSON is read once more for it, which few deliveries need.
fn path_of<'de, T: Deserialize<'de>>(json: &'de str, message: &str) -> Option<String> {
    let mut json = serde_json::Deserializer::from_str(json);
    let found: Result<T, _> = serde_path_to_error::deserialize(&mut json);
    let error = found.err().filter(|error| error.inner().to_string() == message)?;
    let path = error.path().to_string();
    // What is wrong with a name in an object has no path of its own: the last part is a question mark then.
    let is_about_a_name = matches!(error.path().iter().next_back(), Some(Segment::Unknown));
    let path = if is_about_a_name { path.trim_end_matches('?').trim_end_matches('.') } else { &path };
    // The path of the whole is a dot.
    Some(path.to_owned()).filter(|path| !matches!(path.as_str(), "." | ""))
}

/// Checks a secret that a header carries as a bearer token: for services that sign nothing.
pub(crate) struct BearerToken {
    /// Of the secret: two digests are compared, so that the time taken reveals nothing of the secret or its length.
    digest: Option<[u8; 32]>,
}

impl BearerToken {
    pub(crate) fn new(secret: Option<&SecretString>) -> Self {
        let secret =
            secret.map(|secret| secret.expose_secret().as_bytes()).filter(|secret| !secret.is_empty());
        Self { digest: secret.map(|secret| Sha256::digest(secret).into()) }
    }

    /// Whether the headers carry the account's secret.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<(), HookError> {
        let unsigned = |why: &str| Err(HookError::Unsigned(why.to_owned()));
        let Some(expected) = &self.digest else {
            return unsigned("the account has no webhook_secret, so no webhook is taken");
        };
        let Some(token) = headers.get(http::header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes()))
        else {
            return unsigned("expected the header Authorization: Bearer with the account's webhook_secret");
        };
        let given: [u8; 32] = Sha256::digest(token).into();
        let differs = given.iter().zip(expected).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
        if differs == 0 { Ok(()) } else { unsigned("the bearer token is not the account's webhook_secret") }
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: Scheme =
        Scheme { header: "x-signature", prefix: "v1=", encoding: Encoding::Hex, time_header: None };
    const BASE64: Scheme =
        Scheme { header: "x-signature", prefix: "", encoding: Encoding::Base64, time_header: None };
    /// As Slack signs.
    const TIMED: Scheme = Scheme {
        header: "x-slack-signature",
        prefix: "v0=",
        encoding: Encoding::Hex,
        time_header: Some("x-slack-request-timestamp"),
    };

    fn now() -> Timestamp {
        Timestamp::from_second(1_531_420_618).unwrap()
    }

    fn tag(scheme: Scheme, secret: &str, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let tag = mac.finalize().into_bytes();
        let text = match scheme.encoding {
            Encoding::Hex => tag.iter().map(|byte| format!("{byte:02x}")).collect(),
            Encoding::Base64 => BASE64_STANDARD.encode(tag),
        };
        format!("{}{text}", scheme.prefix)
    }

    #[test]
    fn unreadable_body_is_named_by_its_path_or_its_place() {
        use std::collections::BTreeMap;
        type Body = BTreeMap<String, Vec<BTreeMap<String, u8>>>;
        // the body -> the error
        let cases = [
            ("{{{", "a key must be in quotes (line 1, column 2)"),
            ("{\n  alerts: []}", "a key must be in quotes (line 2, column 3)"),
            ("{\"alerts\":[{{", "alerts[0]: a key must be in quotes (line 1, column 13)"),
            ("{\"alerts\":[{\"a?\":-1}]}", "alerts[0].a?: "),
            ("[]", "expected an object {...}, found a list"),
        ];
        for (body, expected) in cases {
            let why = read::<Body>(body).unwrap_err();
            assert!(why.starts_with(expected), "{body}: {why}");
        }
    }

    #[test]
    fn signature_must_be_of_these_bytes_and_this_secret() {
        let (secret, body) = ("s3cret", r#"{"a":1}"#);
        for scheme in [HEX, BASE64] {
            let good = tag(scheme, secret, body);
            let (other, of_other) = (tag(scheme, "another", body), tag(scheme, secret, "{}"));
            // The headers' values -> whether the delivery is taken.
            let cases: Vec<(&str, Vec<String>, bool)> = vec![
                ("signed", vec![good.clone()], true),
                ("while the secret is replaced", vec![format!("{other},{good}")], true),
                ("with spaces, the other way round", vec![format!("{good} , {other}")], true),
                ("in two headers", vec![other.clone(), good.clone()], true),
                ("by another secret", vec![other.clone()], false),
                ("of another body", vec![of_other], false),
                ("not at all", vec![], false),
                ("with nothing", vec![String::new()], false),
                ("cut", vec![good[..good.len() - 2].to_owned()], false),
                ("of another version", vec![good.replacen("v1=", "v0=", 1)], scheme.prefix.is_empty()),
                ("too late in a long list", vec![format!("{}{good}", format!("{other},").repeat(16))], false),
            ];
            for (name, values, expected) in cases {
                let headers: HeaderMap = values
                    .iter()
                    .map(|value| ("x-signature".parse().unwrap(), value.parse().unwrap()))
                    .fold(HeaderMap::new(), |mut all, (name, value): (http::HeaderName, _)| {
                        all.append(name, value);
                        all
                    });
                let signatures =
                    Signatures::new(scheme, "Forge", "forge".into(), Some(&secret.to_owned().into()));
                assert_eq!(signatures.verify(&headers, body.as_bytes(), now()).is_ok(), expected, "{name}");
                for unset in [None, Some(String::new().into())] {
                    let signatures = Signatures::new(scheme, "Forge", "forge".into(), unset.as_ref());
                    let verified = signatures.verify(&headers, body.as_bytes(), now());
                    assert!(verified.is_err(), "{name}, no secret set");
                }
            }
        }
    }

    /// The time that is signed, the one in the header, how many seconds later it comes -> whether it is taken.
    #[test]
    fn signed_time_is_bound_to_the_body_and_near() {
        let (secret, body) = ("8f742231b10e8888abcd99yyyzzz85a5", "token=xyz&team_id=T1");
        let sent = now().as_second().to_string();
        let cases: [(&str, &str, Option<&str>, i64, bool); 14] = [
            ("at once", &sent, Some(&sent), 0, true),
            ("within the window", &sent, Some(&sent), 300, true),
            ("by a clock that is ahead", &sent, Some(&sent), -300, true),
            ("sent again later", &sent, Some(&sent), 301, false),
            ("long before", &sent, Some(&sent), -301, false),
            ("with a newer time", &sent, Some("1531420900"), 282, false),
            ("without a time", &sent, None, 0, false),
            ("with no time", "", Some(""), 0, false),
            ("with a word", "now", Some("now"), 0, false),
            ("before 1970", "-1531420618", Some("-1531420618"), 0, false),
            ("with spaces", " 1531420618", Some(" 1531420618"), 0, false),
            ("in milliseconds", "1531420618000", Some("1531420618000"), 0, false),
            ("past all clocks", "99999999999999999999", Some("99999999999999999999"), 0, false),
            ("with another body's", "1531420618:other", Some(&sent), 0, false),
        ];
        for (name, signed, header, later, expected) in cases {
            let mut headers = HeaderMap::new();
            let tag = tag(TIMED, secret, &format!("v0:{signed}:{body}"));
            headers.insert("x-slack-signature", tag.parse().unwrap());
            if let Some(header) = header {
                headers.insert("x-slack-request-timestamp", header.parse().unwrap());
            }
            let signatures = Signatures::new(TIMED, "Slack", "chat".into(), Some(&secret.to_owned().into()));
            let at = now() + SignedDuration::from_secs(later);
            let verified = signatures.verify(&headers, body.as_bytes(), at);
            assert_eq!(verified.is_ok(), expected, "{name}: {verified:?}");
            assert!(!format!("{verified:?}").contains(secret), "{name}");
        }
    }

    /// JSON -> the error.
    #[test]
    fn unreadable_field_is_named_by_its_path() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only read")]
        struct Outer {
            inner: Vec<Inner>,
        }
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only read")]
        struct Inner {
            number: u64,
        }
        let cases = [
            (r#"{"inner":[{"number":1},{"number":null}]}"#, "inner[1].number: expected a whole number"),
            (r#"{"inner":[{}]}"#, "inner[0]: `number` is missing"),
            (r#"{"inner":null}"#, "inner: expected a list"),
            ("{}", "`inner` is missing"),
            (r#"{"inner":[]} x"#, "more follows"),
        ];
        for (json, expected) in cases {
            let why = read::<Outer>(json).unwrap_err();
            assert!(why.starts_with(expected), "{json}: {why}");
        }
    }
}
