//! The GitHub connector against a GitHub with state: what people do there is polled, what is commanded happens there.

use std::sync::Arc;

use callboard_connectors::{Access, Connection, github, http::Client};
use callboard_domain::{
    action::Progress,
    command::Args,
    error::ServiceError,
    event::{EventName, compare},
    identity::Identity,
    item::Item,
    message::Block,
    run::Outcome,
    source::{Batch, Cursor},
};
use callboard_tests::Emulator;
use jiff::Timestamp;
use serde_json::json;

const WEB: &str = "acme/web";

fn connect(emulator: &Emulator, token: &str, watch: &[&str]) -> Connection {
    let config = json!({ "url": emulator.github_url(), "watch": watch });
    let config: github::Config = serde_json::from_value(config).expect("a config");
    let secrets = [("token".to_owned(), token.into())].into();
    config
        .connect(Access {
            account: "forge".into(),
            client: Client::new().expect("a client"),
            secrets,
            person: None,
        })
        .expect("a token")
}

/// What the store does: keeps each item, and finds what happened by comparing.
struct Board {
    connection: Connection,
    me: Identity,
    items: Vec<Item>,
    cursor: Option<Cursor>,
}

impl Board {
    async fn new(connection: Connection) -> Self {
        let me = connection.identify.identify().await.expect("who it is");
        Self { connection, me, items: Vec::new(), cursor: None }
    }

    /// Polls; returns the events, each with its item's reference.
    async fn poll(&mut self) -> (Batch, Vec<(String, EventName)>) {
        let source = self.connection.source.as_ref().expect("a source");
        let batch = source.poll(self.cursor.as_ref(), Timestamp::now()).await.expect("a poll");
        self.cursor = batch.cursor.clone().or(self.cursor.take());
        let mut events = Vec::new();
        for snapshot in batch.snapshots.clone() {
            let stored = self.items.iter().position(|item| item.key == snapshot.key);
            let change = compare(stored.map(|at| &self.items[at]), snapshot);
            events.extend(change.transitions.iter().map(|event| (change.item.key.id.clone(), event.name)));
            match stored {
                Some(at) => self.items[at] = change.item,
                None => self.items.push(change.item),
            }
        }
        (batch, events)
    }

    async fn events(&mut self) -> Vec<(String, EventName)> {
        let (batch, events) = self.poll().await;
        // The emulator has no teams, which is reported as a problem that hides nothing.
        assert!(batch.problems.iter().all(|problem| !problem.hides()), "{:?}", batch.problems);
        events
    }

    fn item(&self, id: &str) -> Item {
        self.items.iter().find(|item| item.key.id == id).expect(id).clone()
    }

    async fn run(&self, command: &str, arg: &str, id: &str) -> Result<Outcome, ServiceError> {
        let args = Args { items: [(arg.to_owned(), self.item(id))].into(), ..Args::default() };
        run(&self.connection, command, &args).await
    }
}

async fn run(connection: &Connection, command: &str, args: &Args) -> Result<Outcome, ServiceError> {
    let action = connection.actions.iter().find(|action| action.spec().name == command).expect(command);
    Arc::clone(action).run(args, Timestamp::now(), &Silent).await
}

struct Silent;

impl Progress for Silent {
    fn status(&self, _line: &str) {}
    fn output(&self, _text: &str) {}
}

fn happened(id: &str, events: &[EventName]) -> Vec<(String, EventName)> {
    events.iter().map(|event| (id.to_owned(), *event)).collect()
}

#[tokio::test]
async fn pull_request_goes_from_review_to_merge() {
    let emulator = Emulator::start().unwrap();
    let mut board = Board::new(connect(&emulator, Emulator::ADMIN, &["acme/*"])).await;
    assert_eq!(board.me.login, "admin");
    assert!(board.me.missing_scopes.is_empty(), "{:?}", board.me.missing_scopes);
    assert!(board.events().await.is_empty());

    let pull = emulator.open_pull(WEB, "cart", "Add the cart").unwrap();
    emulator.request_review(WEB, pull, "admin").unwrap();
    let id = format!("{WEB}#{pull}");
    assert_eq!(board.events().await, happened(&id, &[EventName::Opened, EventName::ReviewRequested]));

    let head = emulator.branch_sha(WEB, "cart").unwrap();
    emulator.check(WEB, &head, "lint", "failure").unwrap();
    assert_eq!(board.events().await, happened(&id, &[EventName::ChecksFailed]));

    assert!(board.run("pr approve", "pr", &id).await.unwrap().ok);
    assert_eq!(board.events().await, happened(&id, &[EventName::Approved]));
    let outcome = board.run("pr show", "pr", &id).await.unwrap();
    assert!(
        matches!(&outcome.blocks[0], Block::Fields(fields) if fields.contains(&("Checks".to_owned(), "failed: lint".to_owned()))),
        "{outcome:?}"
    );
    assert!(board.run("pr comment", "pr", &id).await.is_err(), "a comment needs a text");

    assert!(board.run("pr merge", "pr", &id).await.unwrap().ok);
    assert_eq!(board.events().await, happened(&id, &[EventName::Merged]));
    assert!(matches!(board.run("pr merge", "pr", &id).await, Err(ServiceError::Rejected { .. })));

    let (batch, events) = board.poll().await;
    assert!(events.is_empty() && batch.snapshots.is_empty() && batch.cursor.is_none(), "{batch:?}");
}

#[tokio::test]
async fn merge_of_another_head_than_the_one_seen_is_refused() {
    let emulator = Emulator::start().unwrap();
    let mut board = Board::new(connect(&emulator, Emulator::ADMIN, &[WEB])).await;
    let pull = emulator.open_pull(WEB, "cart", "Add the cart").unwrap();
    board.poll().await;
    let mut args = Args::default();
    let mut item = board.item(&format!("{WEB}#{pull}"));
    if let callboard_domain::item::Detail::PullRequest(pull) = &mut item.detail {
        pull.head = "0".repeat(40);
    }
    args.items.insert("pr".to_owned(), item);
    let error = run(&board.connection, "pr merge", &args).await.unwrap_err();
    assert!(matches!(error, ServiceError::Rejected { .. }), "{error}");
}

#[tokio::test]
async fn failed_main_is_seen_read_and_run_again() {
    let emulator = Emulator::start().unwrap();
    let mut board = Board::new(connect(&emulator, Emulator::ADMIN, &[WEB])).await;
    emulator.add_workflow(WEB, "CI").unwrap();
    let first = emulator.start_run(WEB, "CI", "main").unwrap();
    let id = "acme/web/CI@main";
    assert_eq!(board.events().await, happened(id, &[EventName::Queued]));
    emulator.finish_run(WEB, first, "failure").unwrap();
    assert_eq!(board.events().await, happened(id, &[EventName::Failed]));

    let outcome = board.run("run log", "run", id).await.unwrap();
    assert!(outcome.summary.ends_with("build failed"), "{outcome:?}");
    assert!(matches!(&outcome.blocks[1], Block::Code(log) if log.contains("logs")), "{outcome:?}");

    assert!(board.run("run rerun", "run", id).await.unwrap().ok);
    assert_eq!(board.events().await, happened(id, &[EventName::Queued]));
    emulator.finish_run(WEB, first + 1, "success").unwrap();
    assert_eq!(board.events().await, happened(id, &[EventName::Fixed]));
    assert!(board.poll().await.0.snapshots.is_empty());
}

#[tokio::test]
async fn open_pull_requests_are_listed_and_missing_scopes_named() {
    let emulator = Emulator::start().unwrap();
    emulator.open_pull(WEB, "cart", "Add the cart").unwrap();
    emulator.open_pull("acme/api", "retry", "Drop the old retry path").unwrap();
    let connection = connect(&emulator, Emulator::OCTOCAT, &["acme/*"]);
    let outcome = run(&connection, "pr list", &Args::default()).await.unwrap();
    assert_eq!(outcome.summary, "2 pull requests are open");
    let missing = connection.identify.identify().await.unwrap().missing_scopes;
    assert_eq!(missing.iter().map(|missing| missing.scope.as_str()).collect::<Vec<_>>(), ["read:org"]);
    let unknown = connect(&emulator, "gh-unknown", &["acme/*"]).source.unwrap();
    assert!(matches!(unknown.poll(None, Timestamp::now()).await, Err(ServiceError::Auth { .. })));
}
