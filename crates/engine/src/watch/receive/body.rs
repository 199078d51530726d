//! Bodies: bounded each, in time, and all together, so that no number of senders fills the memory. Where others have taken
//! all of it, the one of them that is furthest behind gives its part back.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connections::Place;

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
pub(super) struct Taken<'p> {
    pub(super) bytes: Bytes,
    _share: Share<'p>,
}

/// What the body of a connection takes of the budget.
struct Share<'p> {
    permit: Option<OwnedSemaphorePermit>,
    place: &'p Place,
}

impl Share<'_> {
    fn size(&self) -> usize {
        self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        self.place.holds_memory(true);
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.place.holds_memory(false);
    }
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
    /// Others take too much at the moment, and all of them send steadily.
    Busy,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ALL)))
    }

    /// Reads the whole body of a connection within `time`.
    pub(super) async fn take<'p, B>(
        &self,
        body: B,
        time: Duration,
        place: &'p Place,
    ) -> Result<Taken<'p>, NotTaken>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        // What says its length is refused before anything of it is read.
        if body.size_hint().lower() > LIMIT as u64 {
            return Err(NotTaken::TooLarge);
        }
        tokio::time::timeout(time, self.read(body, place)).await.unwrap_or(Err(NotTaken::TooSlow))
    }

    async fn read<'p, B>(&self, mut body: B, place: &'p Place) -> Result<Taken<'p>, NotTaken>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (mut bytes, mut share) = (BytesMut::new(), Share { permit: None, place });
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| NotTaken::BrokeOff)?.into_data() else { continue };
            let length = bytes.len() + data.len();
            if length > LIMIT {
                return Err(NotTaken::TooLarge);
            }
            let more = length.saturating_sub(ALWAYS + share.size());
            if more > 0 {
                share.add(self.more(more, place).await?);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Taken { bytes: bytes.freeze(), _share: share })
    }

    /// So many bytes more. Where others have taken them, those that are behind give theirs back.
    async fn more(&self, bytes: usize, place: &Place) -> Result<OwnedSemaphorePermit, NotTaken> {
        let bytes = u32::try_from(bytes).map_err(|_| NotTaken::TooLarge)?;
        loop {
            if let Ok(more) = Arc::clone(&self.0).try_acquire_many_owned(bytes) {
                return Ok(more);
            }
            if !place.frees_memory().await {
                return Err(NotTaken::Busy);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;
    use crate::watch::receive::connections::Connections;

    const SOON: Duration = Duration::from_secs(10);

    async fn place() -> Place {
        let home = std::net::Ipv4Addr::LOCALHOST.into();
        Connections::new(1).place(home).await.expect("there is room")
    }

    async fn taken<'p>(budget: &Budget, place: &'p Place, length: usize) -> Result<Taken<'p>, NotTaken> {
        budget.take(Full::new(Bytes::from(vec![b'x'; length])), SOON, place).await
    }

    #[tokio::test(start_paused = true)]
    async fn all_bodies_together_are_bounded_and_small_ones_always_fit() {
        let (budget, place) = (Budget::new(), &place().await);
        assert_eq!(taken(&budget, place, LIMIT + 1).await.map(drop), Err(NotTaken::TooLarge));
        let mut held = Vec::new();
        let refused = loop {
            match taken(&budget, place, LIMIT).await {
                Ok(body) => held.push(body),
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused, NotTaken::Busy);
        assert_eq!(held.len(), ALL / (LIMIT - ALWAYS));
        assert_eq!(
            taken(&budget, place, ALWAYS).await.unwrap().bytes.len(),
            ALWAYS,
            "small ones are not held up"
        );
        held.clear();
        assert_eq!(
            taken(&budget, place, LIMIT).await.unwrap().bytes.len(),
            LIMIT,
            "what is done with gives way"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up_and_takes_nothing_with_it() {
        let (budget, place) = (Budget::new(), place().await);
        let never = http_body_util::StreamBody::new(futures::stream::pending::<
            Result<hyper::body::Frame<Bytes>, std::convert::Infallible>,
        >());
        assert_eq!(budget.take(never, SOON, &place).await.map(drop), Err(NotTaken::TooSlow));
        assert_eq!(budget.0.available_permits(), ALL);
    }
}
