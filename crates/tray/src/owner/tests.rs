use std::sync::Arc;

use callboard_domain::rules::Notification;
use callboard_engine::{
    api::{BoardQuery, Reload},
    paths::Paths,
};
use tempfile::TempDir;

use super::*;

struct SilentHost;

impl Host for SilentHost {
    fn notify(&self, _: &Notification) {}
}

fn opening(folder: &TempDir) -> Opening {
    let paths = Paths::within(folder.path());
    let secrets = Some(Secrets::in_memory([]));
    Opening { paths, secrets, host: Arc::new(SilentHost) }
}

async fn until(owner: &Owner, matches: impl Fn(&EngineLink) -> bool) {
    let mut link = owner.link();
    let reached = tokio::time::timeout(Duration::from_secs(20), link.wait_for(|link| matches(link))).await;
    assert!(reached.is_ok_and(|reached| reached.is_ok()), "it does not come true");
}

fn is_here(link: &EngineLink) -> bool {
    matches!(link, EngineLink::Here(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn app_is_a_client_of_another_owner_and_takes_over_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = open_engine(&opening(&folder)).await.map_err(|error| error.to_string()).unwrap();
    let owner = Arc::new(Owner::open(opening(&folder)));
    until(&owner, |link| matches!(link, EngineLink::Daemon(_))).await;
    assert!(owner.is_daemon());
    // A call that waits holds up no other.
    let seen = owner.call(Changes { seen: 0 }).await.unwrap();
    let waiting = tokio::spawn({
        let owner = Arc::clone(&owner);
        async move { owner.call(Changes { seen }).await }
    });
    for _ in 0..3 {
        owner.call(BoardQuery::default()).await.unwrap();
    }
    assert!(!waiting.is_finished());
    daemon.stop().await;
    // As a process that ends: its lock goes with it.
    drop(daemon);
    assert!(waiting.await.unwrap().is_err(), "a waiting call fails when the owner goes away");
    until(&owner, is_here).await;
    owner.call(BoardQuery::default()).await.unwrap();
    owner.close().await;
    let again = open_engine(&opening(&folder)).await.map_err(|error| error.to_string()).unwrap();
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_error_is_in_the_status_until_it_is_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("callboard.toml");
    std::fs::write(&config, "default_channel = \"room:general\"\nsecretz = 1\n").unwrap();
    let owner = Owner::open(opening(&folder));
    until(&owner, is_here).await;
    let status = owner.call(StatusQuery {}).await.unwrap();
    assert_eq!((status.errors[0].line, status.errors[0].column, status.errors.len()), (2, 1, 1));
    owner.call(BoardQuery::default()).await.expect("the rest goes on");
    std::fs::write(&config, "# nothing yet\n").unwrap();
    // The file is watched; `Reload` does not wait for that.
    owner.call_as(LocalVia::Launcher, Reload {}).await.unwrap();
    assert_eq!(owner.call(StatusQuery {}).await.unwrap().errors, []);
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_folder_that_cannot_be_made_fails_the_calls_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), "a file is there").unwrap();
    let owner = Owner::open(opening(&folder));
    until(&owner, |link| matches!(link, EngineLink::Failed(_))).await;
    let Err(ApiError::Internal { message }) = owner.call(BoardQuery::default()).await else {
        panic!("it opened")
    };
    assert_eq!(owner.call(StatusQuery {}).await.unwrap().summary, message);
    assert!(message.contains("data"), "{message}");
    std::fs::remove_file(folder.path().join("data")).unwrap();
    until(&owner, is_here).await;
    owner.close().await;
}
