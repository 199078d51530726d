//! What is missing from an answer is known to be missing of one in full alone.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use callboard_domain::{item::Detail, source::Batch};
use url::Position;

use super::{
    proxy::between,
    subject::{Subject, now},
};

/// Successful answers that may be incomplete: 202 is to come, 203 was changed on the way, 206 and 226 are a part.
const IN_PART: [u16; 5] = [201, 202, 203, 206, 226];

impl Subject {
    /// A poll without any complete answer fails with the reason; with one incomplete answer it has a problem.
    pub(super) async fn only_200_is_an_answer_in_full(&self) {
        let server = self.good_service().await;
        let Some(source) = self.connect(&server.uri()).source else { return };
        source.poll(None, now()).await.unwrap();
        let asked = server.received_requests().await.unwrap();
        let asked: BTreeSet<String> =
            asked.iter().map(|request| request.url[Position::BeforePath..].to_owned()).collect();
        assert!(!asked.is_empty(), "a poll asks for nothing");
        for status in IN_PART {
            let came = self.poll_with(server.uri(), status, None).await;
            let error = came.expect_err(&format!("{status} is taken for all"));
            assert!(error.contains(&status.to_string()), "{status}: {error}");
        }
        for path in &asked {
            let changed = Arc::new(AtomicBool::new(false));
            let came = self.poll_with(server.uri(), 203, Some((path.clone(), Arc::clone(&changed)))).await;
            match came {
                // It never was an answer in full.
                Ok(_) if !changed.load(Ordering::Relaxed) => {}
                Ok(batch) => assert!(names_unread(&batch), "203 for {path} is taken for all: {batch:?}"),
                Err(error) => assert!(error.contains("203"), "{path}: {error}"),
            }
        }
    }

    /// The result of a poll with `status` in place of 200: in every answer, or in that to one path.
    async fn poll_with(
        &self,
        service: String,
        status: u16,
        path: Option<(String, Arc<AtomicBool>)>,
    ) -> Result<Batch, String> {
        let change = move |asked: &str, usual: u16, body: &str| {
            let is_changed = usual == 200 && path.as_ref().is_none_or(|(path, _)| path == asked);
            if let Some((_, changed)) = path.as_ref().filter(|_| is_changed) {
                changed.store(true, Ordering::Relaxed);
            }
            (if is_changed { status } else { usual }, body.as_bytes().to_vec())
        };
        let source = self.connect(&between(service, change).await).source.expect("it has had one");
        source.poll(None, now()).await.map_err(|error| error.to_string())
    }
}

/// True where something is named as not read: of what is listed, or of what a yes would ship.
fn names_unread(batch: &Batch) -> bool {
    let of_shipment = batch.snapshots.iter().any(|item| match &item.detail {
        Detail::Approval(approval) => approval.ships().is_some_and(|ships| !ships.unread.is_empty()),
        _ => false,
    });
    !batch.problems.is_empty() || of_shipment
}
