//! How webhooks prove who sent them: a signature of the raw body, or a shared secret in a header. Nothing is compared in a
//! time that tells of the secret.

use std::hint::black_box;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use callboard_domain::{
    item::AccountName,
    secret::{ExposeSecret, SecretString},
    source::HookError,
};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
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
    /// What stands before each tag: `sha256=`, `v1=`. Tags are separated by commas: while a secret is replaced there are
    /// several, and one that fits is enough. What has another prefix is of another version, and no matter.
    pub(crate) prefix: &'static str,
    /// How the tag is written.
    pub(crate) encoding: Encoding,
}

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

    /// Whether the secret's owner signed these bytes.
    pub(crate) fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), HookError> {
        let (key, tags) = self.claims(headers)?;
        let mut mac = key.clone();
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

/// Checks a secret that a header carries as a bearer token: for services that sign nothing.
pub(crate) struct BearerToken {
    /// Of the secret: two digests are compared, so that the time taken tells nothing of the secret or its length.
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

    const HEX: Scheme = Scheme { header: "x-signature", prefix: "v1=", encoding: Encoding::Hex };
    const BASE64: Scheme = Scheme { header: "x-signature", prefix: "", encoding: Encoding::Base64 };

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
    fn a_signature_of_these_bytes_by_this_secret_is_needed() {
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
                assert_eq!(signatures.verify(&headers, body.as_bytes()).is_ok(), expected, "{name}");
                for unset in [None, Some(String::new().into())] {
                    let signatures = Signatures::new(scheme, "Forge", "forge".into(), unset.as_ref());
                    assert!(signatures.verify(&headers, body.as_bytes()).is_err(), "{name}, no secret set");
                }
            }
        }
    }
}
