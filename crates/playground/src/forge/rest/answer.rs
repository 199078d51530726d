//! What the answers of the REST API have in common: refusals, pages of lists, what a path is of.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::forge::{
    Forge, OWNER,
    world::{Repo, Run, World},
};

const PER_PAGE: usize = 30;
const PER_PAGE_AT_MOST: usize = 100;

/// A refusal as GitHub sends it.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: &'static str,
    pub(super) errors: Vec<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: &'static str) -> Self {
        Self { status, message, errors: Vec::new() }
    }

    pub(super) fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body =
            json!({ "message": self.message, "documentation_url": "https://docs.github.com/rest" });
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        (self.status, Json(body)).into_response()
    }
}

impl World {
    pub(super) fn repo(&self, owner: &str, name: &str) -> Result<&Repo, Refusal> {
        let found = self.repos.get(name).filter(|_| owner.eq_ignore_ascii_case(OWNER));
        found.ok_or_else(Refusal::missing)
    }
}

impl Repo {
    pub(super) fn run(&self, id: u64) -> Result<&Run, Refusal> {
        self.runs.iter().find(|run| run.id == id).ok_or_else(Refusal::missing)
    }
}

pub(super) type Parameters = Query<BTreeMap<String, String>>;
pub(super) type InRepo = Path<(String, String)>;
pub(super) type Of = Path<(String, String, u64)>;

/// One page of a list, with the way to the next; wrapped with its count where GitHub wraps it.
pub(super) fn page(
    forge: &Forge,
    uri: &Uri,
    query: &Parameters,
    wrap: Option<&str>,
    rows: Vec<Value>,
) -> Response {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(PER_PAGE).clamp(1, PER_PAGE_AT_MOST);
    let at = number("page").unwrap_or(1).max(1);
    let count = rows.len();
    let shown: Vec<Value> = rows.into_iter().skip((at - 1).saturating_mul(size)).take(size).collect();
    let body = match wrap {
        Some(name) => json!({ "total_count": count, name: shown }),
        None => json!(shown),
    };
    let mut headers = HeaderMap::new();
    if at.saturating_mul(size) < count {
        let mut next = form_urlencoded::Serializer::new(String::new());
        next.extend_pairs(query.iter().filter(|(name, _)| *name != "page"));
        next.append_pair("page", &(at + 1).to_string());
        let link = format!("<{}{}?{}>; rel=\"next\"", forge.url(), uri.path(), next.finish());
        if let Ok(link) = HeaderValue::from_str(&link) {
            headers.insert(header::LINK, link);
        }
    }
    (headers, Json(body)).into_response()
}
