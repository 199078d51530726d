//! What waits for a person's yes, over REST, and what a yes would ship.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{InRepo, Of, Parameters, Refusal, page};
use crate::{
    ME,
    forge::{
        Forge,
        wire::{self, Form},
    },
};

pub(super) fn router() -> Router<Forge> {
    Router::new()
        .route("/actions/runs/{id}/pending_deployments", get(pending).post(answer))
        .route("/actions/runs/{id}/approvals", get(answers))
        .route("/actions/runs/{id}/approve", post(let_run))
        .route("/deployments", get(deployments))
        .route("/deployments/{id}/statuses", get(states))
        .route("/compare/{between}", get(compare))
        .route("/commits/{sha}/pulls", get(pulls))
}

async fn pending(State(forge): State<Forge>, Path((owner, name, id)): Of) -> Result<Json<Value>, Refusal> {
    let world = forge.world();
    let repo = world.repo(&owner, &name)?;
    Ok(Json(wire::pending(forge.url(), repo, repo.run(id)?)))
}

async fn answers(State(forge): State<Forge>, Path((owner, name, id)): Of) -> Result<Json<Value>, Refusal> {
    let world = forge.world();
    let repo = world.repo(&owner, &name)?;
    Ok(Json(wire::answers(forge.url(), repo, repo.run(id)?)))
}

#[derive(Deserialize)]
struct NewAnswer {
    environment_ids: Vec<u64>,
    state: String,
    comment: String,
}

/// As on GitHub, one refusal for what does not wait and for who may not answer.
async fn answer(
    State(forge): State<Forge>,
    Path((owner, name, id)): Of,
    Json(new): Json<NewAnswer>,
) -> Result<Json<Value>, Refusal> {
    let mut world = forge.world();
    let repo = world.repo(&owner, &name)?;
    repo.run(id)?;
    let refuse = |message| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message);
    let yes = match new.state.as_str() {
        "approved" => true,
        "rejected" => false,
        _ => return Err(refuse("Invalid request. state is not a member of [\"approved\", \"rejected\"].")),
    };
    let refused = || refuse("There was a problem approving one of the gates");
    if new.environment_ids != [repo.environment] {
        return Err(refused());
    }
    forge.answer_gate(&mut world, &name, id, ME, yes, &new.comment).ok_or_else(refused)?;
    let repo = world.repo(&owner, &name)?;
    let made = repo.deployment(repo.run(id)?).map(|it| wire::deployment(forge.url(), repo, it));
    Ok(Json(made.into_iter().collect()))
}

async fn let_run(State(forge): State<Forge>, Path((owner, name, id)): Of) -> Result<Response, Refusal> {
    let mut world = forge.world();
    world.repo(&owner, &name)?.run(id)?;
    let refused = || Refusal::new(StatusCode::FORBIDDEN, "This workflow run is not waiting for approval");
    forge.let_one_run(&mut world, &name, id).ok_or_else(refused)?;
    Ok((StatusCode::CREATED, Json(json!({}))).into_response())
}

async fn deployments(
    State(forge): State<Forge>,
    Path((owner, name)): InRepo,
    uri: Uri,
    query: Parameters,
) -> Result<Response, Refusal> {
    let world = forge.world();
    let repo = world.repo(&owner, &name)?;
    let newest_first = repo.deployments.iter().rev();
    let mut rows: Vec<_> = newest_first.map(|it| wire::deployment(forge.url(), repo, it)).collect();
    for filter in ["environment", "sha", "ref", "task"] {
        if let Some(value) = query.get(filter) {
            rows.retain(|row| row[filter] == *value);
        }
    }
    Ok(page(&forge, &uri, &query, None, rows))
}

async fn states(
    State(forge): State<Forge>,
    Path((owner, name, id)): Of,
    uri: Uri,
    query: Parameters,
) -> Result<Response, Refusal> {
    let world = forge.world();
    let mut deployments = world.repo(&owner, &name)?.deployments.iter();
    let deployed = deployments.find(|deployed| deployed.id == id).ok_or_else(Refusal::missing)?;
    Ok(page(&forge, &uri, &query, None, wire::deployment_states(forge.url(), deployed)))
}

async fn compare(
    State(forge): State<Forge>,
    Path((owner, name, between)): Path<(String, String, String)>,
) -> Result<Json<Value>, Refusal> {
    let world = forge.world();
    let (base, head) = between.split_once("...").ok_or_else(Refusal::missing)?;
    let found = wire::comparison(forge.url(), world.repo(&owner, &name)?, base, head);
    found.map(Json).ok_or_else(Refusal::missing)
}

async fn pulls(
    State(forge): State<Forge>,
    Path((owner, name, sha)): Path<(String, String, String)>,
    uri: Uri,
    query: Parameters,
) -> Result<Response, Refusal> {
    let world = forge.world();
    let repo = world.repo(&owner, &name)?;
    let of_main = repo.commits.iter().find(|commit| commit.sha == sha).and_then(|commit| commit.pull);
    let meant = repo.pulls.values().filter(|pull| of_main == Some(pull.number) || pull.head == sha);
    let rows = meant.map(|pull| wire::pull(forge.url(), &name, pull, Form::Listed)).collect();
    Ok(page(&forge, &uri, &query, None, rows))
}
