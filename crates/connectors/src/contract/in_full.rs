//! What is missing from an answer is known to be missing of one in full alone.

use std::collections::BTreeSet;

use callboard_domain::source::Batch;
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
            match self.poll_with(server.uri(), 203, Some(path.clone())).await {
                Ok(batch) => {
                    assert!(!batch.problems.is_empty(), "203 for {path} is taken for all: {batch:?}")
                }
                Err(error) => assert!(error.contains("203"), "{path}: {error}"),
            }
        }
    }

    /// The result of a poll with `status` in place of 200: in every answer, or in that to one path.
    async fn poll_with(&self, service: String, status: u16, path: Option<String>) -> Result<Batch, String> {
        let change = move |asked: &str, usual: u16, body: &str| {
            let is_changed = usual == 200 && path.as_ref().is_none_or(|path| path == asked);
            (if is_changed { status } else { usual }, body.as_bytes().to_vec())
        };
        let source = self.connect(&between(service, change).await).source.expect("it has had one");
        source.poll(None, now()).await.map_err(|error| error.to_string())
    }
}
