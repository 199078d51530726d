//! Bodies: bounded each, in time, and all together, so that no number of senders fills the memory.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body that is taken. GitHub sends up to 25 MB, and says that few come near
/// (docs.github.com, "Webhook events and payloads"); what Callboard reads is far smaller.
pub(super) const LIMIT: usize = 5 << 20;
/// What all bodies that are under way may take together, in bytes, besides the first part of each.
const ALL: usize = 32 << 20;
/// The first part of every body is always taken, in bytes: large bodies hold up no small ones.
const ALWAYS: usize = 64 << 10;

/// What the bodies under way may take together.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<Semaphore>);

/// A whole body. What it takes of the budget is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// Why a body is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It is larger than [`LIMIT`].
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// It ended before its end.
    BrokeOff,
    /// Others take too much at the moment.
    Busy,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ALL)))
    }

    /// Reads a whole body within `time`.
    pub(super) async fn take<B>(&self, body: B, time: Duration) -> Result<Taken, NotTaken>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        // What says its length is refused before anything of it is read.
        if body.size_hint().lower() > LIMIT as u64 {
            return Err(NotTaken::TooLarge);
        }
        tokio::time::timeout(time, self.read(body)).await.unwrap_or(Err(NotTaken::TooSlow))
    }

    async fn read<B>(&self, mut body: B) -> Result<Taken, NotTaken>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (mut bytes, mut share) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| NotTaken::BrokeOff)?.into_data() else { continue };
            let length = bytes.len() + data.len();
            if length > LIMIT {
                return Err(NotTaken::TooLarge);
            }
            let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let more = length.saturating_sub(ALWAYS + held);
            if more > 0 {
                let more = u32::try_from(more).map_err(|_| NotTaken::TooLarge)?;
                let more = Arc::clone(&self.0).try_acquire_many_owned(more).map_err(|_| NotTaken::Busy)?;
                match &mut share {
                    Some(share) => share.merge(more),
                    None => share = Some(more),
                }
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Taken { bytes: bytes.freeze(), _share: share })
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    async fn taken(budget: &Budget, length: usize) -> Result<Taken, NotTaken> {
        budget.take(Full::new(Bytes::from(vec![b'x'; length])), SOON).await
    }

    #[tokio::test]
    async fn all_bodies_together_are_bounded_and_small_ones_always_fit() {
        let budget = Budget::new();
        assert_eq!(taken(&budget, LIMIT + 1).await.map(drop), Err(NotTaken::TooLarge));
        let mut held = Vec::new();
        let refused = loop {
            match taken(&budget, LIMIT).await {
                Ok(body) => held.push(body),
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused, NotTaken::Busy);
        assert_eq!(held.len(), ALL / (LIMIT - ALWAYS));
        assert_eq!(taken(&budget, ALWAYS).await.unwrap().bytes.len(), ALWAYS, "small ones are not held up");
        held.clear();
        assert_eq!(taken(&budget, LIMIT).await.unwrap().bytes.len(), LIMIT, "what is done with gives way");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up_and_takes_nothing_with_it() {
        let budget = Budget::new();
        let never = http_body_util::StreamBody::new(futures::stream::pending::<
            Result<hyper::body::Frame<Bytes>, std::convert::Infallible>,
        >());
        assert_eq!(budget.take(never, SOON).await.map(drop), Err(NotTaken::TooSlow));
        assert_eq!(budget.0.available_permits(), ALL);
    }
}
