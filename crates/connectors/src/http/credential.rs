//! What a request is signed with, and what of it must never be repeated.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use callboard_domain::secret::{ExposeSecret, SecretString};
use reqwest::header::AUTHORIZATION;
use url::Url;

/// How requests to a service are signed.
#[derive(Clone)]
pub enum Credential {
    /// Not at all.
    None,
    /// `Authorization: Bearer ...`.
    Bearer(SecretString),
    /// `Authorization: Basic ...`.
    Basic {
        /// The user name.
        user: String,
        /// The password or API token.
        password: SecretString,
    },
    /// `Authorization` by a scheme of the service's own: `Token token=...`.
    Scheme {
        /// The prefix of the secret, with its space or sign.
        prefix: &'static str,
        /// The secret alone.
        secret: SecretString,
    },
    /// Headers of the service's own, by name.
    Headers(Vec<(Cow<'static, str>, SecretString)>),
}

impl Credential {
    /// What must never be repeated: the secret, and what it looks like on the way.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        match self {
            Self::None => Vec::new(),
            Self::Bearer(secret) | Self::Scheme { secret, .. } => vec![secret.clone()],
            Self::Headers(headers) => headers.iter().map(|(_, value)| value.clone()).collect(),
            Self::Basic { user, password } => {
                let pair = BASE64_STANDARD.encode(format!("{user}:{}", password.expose_secret()));
                vec![password.clone(), pair.into()]
            }
        }
    }

    /// Adds it to a request.
    pub(super) fn sign(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self {
            Self::None => request,
            Self::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Self::Basic { user, password } => request.basic_auth(user, Some(password.expose_secret())),
            Self::Scheme { prefix, secret } => {
                let value = SecretString::from(format!("{prefix}{}", secret.expose_secret()));
                request.header(AUTHORIZATION, value.expose_secret())
            }
            Self::Headers(headers) => headers
                .iter()
                .fold(request, |request, (name, value)| request.header(name.as_ref(), value.expose_secret())),
        }
    }
}

/// A URL that is a credential, and what in it makes it one: a service may repeat only its path, or its last part.
pub(super) fn secret_parts(url: &SecretString) -> Vec<SecretString> {
    let parsed = Url::parse(url.expose_secret()).ok();
    let parts = parsed.iter().flat_map(|url| {
        let path = url.path_segments().into_iter().flatten().map(str::to_owned);
        path.chain(url.query_pairs().map(|(_, value)| value.into_owned()))
    });
    // Shorter ones are words.
    let parts = parts.filter(|part| part.len() >= 12).map(SecretString::from);
    std::iter::once(url.clone()).chain(parts).collect()
}
