//! The forge's REST API: the routes that connectors use, with tokens checked, ETags, paging and a rate limit.

mod answer;
mod gates;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::answer::{InRepo, Of, Parameters, Refusal, page};
use super::{
    Forge, OWNER, TOKEN,
    wire::{self, Form, Letters},
    world::{ALLOWANCE, Verdict, World, hex},
};
use crate::{
    ME,
    service::{BODY_LIMIT, credential, second},
};

pub(super) fn router(forge: Forge) -> Router {
    let in_repo = Router::new()
        .route("/", get(repo))
        .route("/pulls", get(pulls))
        .route("/pulls/{number}", get(pull))
        .route("/pulls/{number}/reviews", get(reviews).post(new_review))
        .route("/pulls/{number}/merge", put(merge))
        .route("/issues/{number}/comments", post(comment))
        .route("/commits/{sha}/check-runs", get(check_runs))
        .route("/commits/{sha}/status", get(statuses))
        .route("/actions/runs", get(runs))
        .route("/actions/runs/{id}", get(run))
        .route("/actions/runs/{id}/jobs", get(jobs))
        .route("/actions/runs/{id}/rerun", post(rerun))
        .route("/actions/runs/{id}/rerun-failed-jobs", post(rerun))
        .route("/actions/jobs/{id}/logs", get(log))
        .merge(gates::router());
    Router::new()
        .route("/user", get(user))
        .route("/user/teams", get(async || Json(json!([]))))
        .route("/user/repos", get(repos))
        .route("/orgs/{owner}/repos", get(owned))
        .nest("/repos/{owner}/{repo}", in_repo)
        .fallback(async || Refusal::missing())
        .layer(middleware::from_fn_with_state(forge.clone(), guard))
        // Logs are kept elsewhere, behind an address that is its own permission.
        .route("/logs/{repo}/{job}", get(log_text))
        .with_state(forge)
}

/// Checks the token, gives ETags, answers 304 where nothing has changed, and counts calls: a 304 does not count.
async fn guard(State(forge): State<Forge>, request: Request, next: Next) -> Response {
    match credential(request.headers(), &["bearer", "token"]) {
        Some(TOKEN) => {}
        Some(_) => return Refusal::new(StatusCode::UNAUTHORIZED, "Bad credentials").into_response(),
        None => return Refusal::new(StatusCode::UNAUTHORIZED, "Requires authentication").into_response(),
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let reads = request.method() == Method::GET;
    let mut response = next.run(request).await;
    if reads && response.status() == StatusCode::OK {
        response = with_etag(response, known.as_ref()).await;
    }
    let fresh = response.status() != StatusCode::NOT_MODIFIED;
    let (remaining, reset_at) = forge.world().spend(u32::from(fresh));
    let headers = response.headers_mut();
    headers.insert("x-oauth-scopes", HeaderValue::from_static("repo, workflow, read:org"));
    headers.insert("x-ratelimit-limit", ALLOWANCE.into());
    headers.insert("x-ratelimit-remaining", remaining.into());
    headers.insert("x-ratelimit-reset", reset_at.into());
    headers.insert("x-ratelimit-resource", HeaderValue::from_static("core"));
    response
}

async fn with_etag(response: Response, known: Option<&HeaderValue>) -> Response {
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let etag = format!("W/\"{}\"", hex(&Sha256::digest(&body)[..16]));
    let same = known.is_some_and(|known| known.as_bytes() == etag.as_bytes());
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        head.headers.insert(header::ETAG, etag);
    }
    if same {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(body))
}

impl World {
    /// Takes calls off the hour's rate limit; gives what is left and when the hour ends, in seconds since 1970.
    fn spend(&mut self, calls: u32) -> (u32, i64) {
        let now = second();
        if now >= self.rate_limit.1 {
            self.rate_limit = (ALLOWANCE, now.checked_add(SignedDuration::from_hours(1)).unwrap_or(now));
        }
        self.rate_limit.0 = self.rate_limit.0.saturating_sub(calls);
        (self.rate_limit.0, self.rate_limit.1.as_second())
    }
}

async fn user(State(forge): State<Forge>) -> Json<Value> {
    Json(wire::user(forge.url(), ME))
}

async fn repos(State(forge): State<Forge>, uri: Uri, query: Parameters) -> Response {
    let rows = forge.world().repos.keys().map(|name| wire::repo(forge.url(), name)).collect();
    page(&forge, &uri, &query, None, rows)
}

async fn owned(
    State(forge): State<Forge>,
    Path(owner): Path<String>,
    uri: Uri,
    query: Parameters,
) -> Result<Response, Refusal> {
    if owner.eq_ignore_ascii_case(OWNER) {
        Ok(repos(State(forge), uri, query).await)
    } else {
        Err(Refusal::missing())
    }
}

async fn repo(State(forge): State<Forge>, Path((owner, name)): InRepo) -> Result<Json<Value>, Refusal> {
    let world = forge.world();
    Ok(Json(wire::repo(forge.url(), world.repo(&owner, &name)?.name)))
}

async fn pulls(
    State(forge): State<Forge>,
    Path((owner, name)): InRepo,
    uri: Uri,
    query: Parameters,
) -> Result<Response, Refusal> {
    let world = forge.world();
    let parameter = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let repo = world.repo(&owner, &name)?;
    let mut pulls: Vec<_> = repo.pulls.values().collect();
    match parameter("state") {
        "all" => {}
        "closed" => pulls.retain(|pull| pull.merged.is_some()),
        _ => pulls.retain(|pull| pull.merged.is_none()),
    }
    let by_update = parameter("sort") == "updated";
    pulls.sort_by_key(|pull| (if by_update { pull.updated_at } else { pull.created_at }, pull.number));
    if parameter("direction") == "desc" || (parameter("direction").is_empty() && !by_update) {
        pulls.reverse();
    }
    let rows = pulls.into_iter().map(|pull| wire::pull(forge.url(), &name, pull, Form::Listed)).collect();
    Ok(page(&forge, &uri, &query, None, rows))
}

async fn pull(State(forge): State<Forge>, Path((owner, name, number)): Of) -> Result<Json<Value>, Refusal> {
    let world = forge.world();
    let pull = world.repo(&owner, &name)?.pulls.get(&number).ok_or_else(Refusal::missing)?;
    Ok(Json(wire::pull(forge.url(), &name, pull, Form::Whole)))
}

async fn reviews(
    State(forge): State<Forge>,
    Path((owner, name, number)): Of,
    uri: Uri,
    query: Parameters,
) -> Result<Response, Refusal> {
    let world = forge.world();
    let pull = world.repo(&owner, &name)?.pulls.get(&number).ok_or_else(Refusal::missing)?;
    let row = |review| wire::review(forge.url(), &name, number, review, Letters::Capital);
    Ok(page(&forge, &uri, &query, None, pull.reviews.iter().map(row).collect()))
}

#[derive(Deserialize)]
struct NewReview {
    event: String,
    #[serde(default)]
    body: String,
}

async fn new_review(
    State(forge): State<Forge>,
    Path((owner, name, number)): Of,
    Json(new): Json<NewReview>,
) -> Result<Json<Value>, Refusal> {
    let mut world = forge.world();
    let pull = world.repo(&owner, &name)?.pulls.get(&number).ok_or_else(Refusal::missing)?;
    let unprocessable = |message| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message);
    let verdict = match new.event.as_str() {
        "APPROVE" if pull.author == ME => {
            let errors = vec!["Can not approve your own pull request"];
            return Err(Refusal { errors, ..unprocessable("Unprocessable Entity") });
        }
        "APPROVE" => Verdict::Approved,
        "REQUEST_CHANGES" => Verdict::ChangesRequested,
        "COMMENT" => Verdict::Commented,
        _ => return Err(unprocessable("Validation Failed")),
    };
    forge.add_review(&mut world, &name, number, ME, verdict, &new.body).ok_or_else(Refusal::missing)?;
    let pull = world.repo(&owner, &name)?.pulls.get(&number).ok_or_else(Refusal::missing)?;
    let given = pull.reviews.last().ok_or_else(Refusal::missing)?;
    Ok(Json(wire::review(forge.url(), &name, number, given, Letters::Capital)))
}

#[derive(Default, Deserialize)]
struct NewMerge {
    sha: Option<String>,
}

async fn merge(
    State(forge): State<Forge>,
    Path((owner, name, number)): Of,
    Json(new): Json<NewMerge>,
) -> Result<Json<Value>, Refusal> {
    let mut world = forge.world();
    let pull = world.repo(&owner, &name)?.pulls.get(&number).ok_or_else(Refusal::missing)?;
    if pull.merged.is_some() || pull.draft {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Pull Request is not mergeable"));
    }
    if new.sha.is_some_and(|sha| sha != pull.head) {
        let message = "Head branch was modified. Review and try the merge again.";
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    }
    let sha = forge.do_merge(&mut world, &name, number, ME).ok_or_else(Refusal::missing)?;
    Ok(Json(json!({ "sha": sha, "merged": true, "message": "Pull Request successfully merged" })))
}

async fn comment(
    State(forge): State<Forge>,
    Path((owner, name, number)): Of,
    Json(new): Json<Value>,
) -> Result<Response, Refusal> {
    let mut world = forge.world();
    world.repo(&owner, &name)?;
    let id = world.count();
    let pull = world.repos.get_mut(name.as_str()).and_then(|repo| repo.pulls.get_mut(&number));
    let pull = pull.ok_or_else(Refusal::missing)?;
    pull.comments += 1;
    pull.updated_at = second();
    let link = format!("{}/{OWNER}/{name}/pull/{number}#issuecomment-{id}", forge.url());
    let body = json!({
        "id": id,
        "body": new["body"],
        "user": wire::user(forge.url(), ME),
        "html_url": link,
        "created_at": pull.updated_at,
    });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn check_runs(
    State(forge): State<Forge>,
    Path((owner, name, sha)): Path<(String, String, String)>,
    uri: Uri,
    query: Parameters,
) -> Result<Response, Refusal> {
    let world = forge.world();
    let runs = world.repo(&owner, &name)?.runs.iter().filter(|run| run.sha == sha);
    let rows = runs.flat_map(|run| wire::jobs(forge.url(), &name, run)).collect();
    Ok(page(&forge, &uri, &query, Some("check_runs"), rows))
}

/// Nothing reports commit statuses here.
async fn statuses(
    State(forge): State<Forge>,
    Path((owner, name, sha)): Path<(String, String, String)>,
) -> Result<Json<Value>, Refusal> {
    forge.world().repo(&owner, &name)?;
    Ok(Json(json!({ "state": "pending", "sha": sha, "total_count": 0, "statuses": [] })))
}

async fn runs(
    State(forge): State<Forge>,
    Path((owner, name)): InRepo,
    uri: Uri,
    query: Parameters,
) -> Result<Response, Refusal> {
    let world = forge.world();
    let branch = query.get("branch");
    let runs = world.repo(&owner, &name)?.runs.iter().rev();
    let meant = runs.filter(|run| branch.is_none_or(|branch| *branch == run.branch));
    let mut rows: Vec<_> = meant.map(|run| wire::run(forge.url(), &name, run)).collect();
    if let Some(status) = query.get("status") {
        rows.retain(|run| run["status"] == *status || run["conclusion"] == *status);
    }
    Ok(page(&forge, &uri, &query, Some("workflow_runs"), rows))
}

async fn run(State(forge): State<Forge>, Path((owner, name, id)): Of) -> Result<Json<Value>, Refusal> {
    let world = forge.world();
    Ok(Json(wire::run(forge.url(), &name, world.repo(&owner, &name)?.run(id)?)))
}

async fn jobs(
    State(forge): State<Forge>,
    Path((owner, name, id)): Of,
    uri: Uri,
    query: Parameters,
) -> Result<Response, Refusal> {
    let world = forge.world();
    let rows = wire::jobs(forge.url(), &name, world.repo(&owner, &name)?.run(id)?);
    Ok(page(&forge, &uri, &query, Some("jobs"), rows))
}

async fn rerun(State(forge): State<Forge>, Path((owner, name, id)): Of) -> Result<Response, Refusal> {
    let mut world = forge.world();
    world.repo(&owner, &name)?;
    match forge.rerun(&mut world, &name, id, ME) {
        Some(true) => Ok((StatusCode::CREATED, Json(json!({}))).into_response()),
        Some(false) => Err(Refusal::new(StatusCode::FORBIDDEN, "This workflow run is already running")),
        None => Err(Refusal::missing()),
    }
}

async fn log(State(forge): State<Forge>, Path((owner, name, id)): Of) -> Result<Response, Refusal> {
    let world = forge.world();
    let repo = world.repo(&owner, &name)?;
    repo.runs.iter().find_map(|run| wire::log(run, id)).ok_or_else(Refusal::missing)?;
    let place = format!("{}/logs/{name}/{id}", forge.url());
    Ok((StatusCode::FOUND, [(header::LOCATION, place)]).into_response())
}

async fn log_text(
    State(forge): State<Forge>,
    Path((name, id)): Path<(String, u64)>,
) -> Result<String, Refusal> {
    let world = forge.world();
    let repo = world.repo(OWNER, &name)?;
    repo.runs.iter().find_map(|run| wire::log(run, id)).ok_or_else(Refusal::missing)
}
