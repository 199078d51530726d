//! Bodies: bounded each, in time, and all together, so that no number of senders fills the memory. Where others have taken
//! all of it, a sender is read no further until the one of them that is furthest behind gives its part back.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout_at},
};

use super::connections::Place;

/// The largest body that is taken. GitHub sends up to 25 MB, and says that few come near
/// (docs.github.com, "Webhook events and payloads"); what Callboard reads is far smaller.
pub(super) const LIMIT: usize = 5 << 20;
/// What all bodies that are under way may take together, in bytes, apart from the first part of each.
const ALL: usize = 32 << 20;
/// The first part of every body is always taken, in bytes: large bodies hold up no small ones.
const ALWAYS: usize = 64 << 10;
/// How long a body waits for others to give memory back. A stalled sender is behind after a second; where all send steadily
/// for this long, one of them is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the bodies under way may take together.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<Semaphore>);

/// A whole body. What it takes of the budget is given back when it is dropped.
pub(super) struct ReservedBody<'p> {
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
pub(super) enum BodyError {
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

    /// Reads the whole body of a connection within `time`, without that in which it is read no further for lack of memory.
    pub(super) async fn take<'p, B>(
        &self,
        body: B,
        time: Duration,
        place: &'p Place,
    ) -> Result<ReservedBody<'p>, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        // What says its length is refused before anything of it is read.
        if body.size_hint().lower() > LIMIT as u64 {
            return Err(BodyError::TooLarge);
        }
        self.read(body, Instant::now() + time, place).await
    }

    async fn read<'p, B>(
        &self,
        mut body: B,
        mut deadline: Instant,
        place: &'p Place,
    ) -> Result<ReservedBody<'p>, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        // Where it says its length, what is always taken is laid out once.
        let length = usize::try_from(body.size_hint().lower()).unwrap_or(ALWAYS).min(ALWAYS);
        let (mut bytes, mut share) = (BytesMut::with_capacity(length), Share { permit: None, place });
        while let Some(frame) = timeout_at(deadline, body.frame()).await.map_err(|_| BodyError::TooSlow)? {
            let Ok(data) = frame.map_err(|_| BodyError::BrokeOff)?.into_data() else { continue };
            let length = bytes.len() + data.len();
            if length > LIMIT {
                return Err(BodyError::TooLarge);
            }
            let more = length.saturating_sub(ALWAYS + share.size());
            if more > 0 {
                let asked = Instant::now();
                share.add(self.more(more, place).await?);
                deadline += asked.elapsed();
            }
            bytes.extend_from_slice(&data);
        }
        Ok(ReservedBody { bytes: bytes.freeze(), _share: share })
    }

    /// So many bytes more. Where others have taken them, those that are behind give theirs back; while none is, they are
    /// waited for. A waiting body is not behind.
    async fn more(&self, bytes: usize, place: &Place) -> Result<OwnedSemaphorePermit, BodyError> {
        let bytes = u32::try_from(bytes).map_err(|_| BodyError::TooLarge)?;
        if let Ok(more) = Arc::clone(&self.0).try_acquire_many_owned(bytes) {
            return Ok(more);
        }
        let held_up = place.held_up();
        let more = Arc::clone(&self.0).acquire_many_owned(bytes);
        let patience = sleep(PATIENCE);
        tokio::pin!(more, patience);
        loop {
            tokio::select! {
                biased;
                more = more.as_mut() => return more.map_err(|_| BodyError::Busy),
                () = patience.as_mut() => return Err(BodyError::Busy),
                may_come = held_up.waits_for_memory() => {
                    if !may_come {
                        return Err(BodyError::Busy);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{Stream, StreamExt, stream};
    use http_body_util::Full;

    use super::*;
    use crate::watch::receive::connections::Connections;

    const SOON: Duration = Duration::from_secs(10);

    async fn place() -> Place {
        let home = std::net::Ipv4Addr::LOCALHOST.into();
        Connections::new(1).place(home).await.expect("there is room")
    }

    async fn taken<'p>(
        budget: &Budget,
        place: &'p Place,
        length: usize,
    ) -> Result<ReservedBody<'p>, BodyError> {
        budget.take(Full::new(Bytes::from(vec![b'x'; length])), SOON, place).await
    }

    #[tokio::test(start_paused = true)]
    async fn all_bodies_together_are_bounded_and_small_ones_always_fit() {
        let (budget, place) = (Budget::new(), &place().await);
        assert_eq!(taken(&budget, place, LIMIT + 1).await.map(drop), Err(BodyError::TooLarge));
        let mut held = Vec::new();
        let refused = loop {
            match taken(&budget, place, LIMIT).await {
                Ok(body) => held.push(body),
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused, BodyError::Busy);
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

    type Part = Result<hyper::body::Frame<Bytes>, std::convert::Infallible>;

    fn frame(length: usize) -> Part {
        Ok(hyper::body::Frame::data(Bytes::from(vec![b'x'; length])))
    }

    /// A sender's body, until its place is needed.
    async fn sent(budget: &Budget, place: Place, body: impl Stream<Item = Part>) -> Result<usize, BodyError> {
        let body = http_body_util::StreamBody::new(Box::pin(body));
        let sent = tokio::select! {
            taken = budget.take(body, SOON, &place) => taken.map(|taken| taken.bytes.len()),
            _ = place.needed() => Err(BodyError::BrokeOff),
        };
        drop(place);
        sent
    }

    /// So many bytes in parts, one after each `pause`.
    fn steady(length: usize, pause: Duration) -> impl Stream<Item = Part> {
        stream::iter(0..length / ALWAYS).then(move |_| async move {
            tokio::time::sleep(pause).await;
            frame(ALWAYS)
        })
    }

    #[tokio::test(start_paused = true)]
    async fn steady_sender_gets_the_memory_of_a_stalled_one() {
        let (budget, connections) = (Budget::new(), Connections::new(8));
        let home = std::net::Ipv4Addr::LOCALHOST.into();
        let steady_place = connections.place(home).await.expect("there is room");
        let (mut stalled, most) = (Vec::new(), LIMIT * 9 / 10);
        for _ in 0..7 {
            let place = connections.place(home).await.expect("there is room");
            place.received(most);
            let body = stream::iter([frame(most)]).chain(stream::pending());
            stalled.push(sent(&budget, place, body));
        }
        let pause = Duration::from_millis(2);
        let steady = sent(&budget, steady_place, steady(LIMIT, pause));
        let (steady, stalled) = tokio::join!(steady, futures::future::join_all(stalled));
        assert_eq!(steady, Ok(LIMIT));
        let gave_way = stalled.iter().filter(|it| **it == Err(BodyError::BrokeOff)).count();
        let ran_out = stalled.iter().filter(|it| **it == Err(BodyError::TooSlow)).count();
        assert_eq!((gave_way, ran_out), (1, 6), "as many as it takes give way, and no more");
    }

    #[tokio::test(start_paused = true)]
    async fn steady_senders_wait_for_memory_and_all_complete() {
        let (budget, connections) = (Budget::new(), Connections::new(7));
        let home = std::net::Ipv4Addr::LOCALHOST.into();
        let mut all = Vec::new();
        for number in 0..7 {
            let place = connections.place(home).await.expect("there is room");
            // The last one needs more than the others leave before they have come.
            let wait = Duration::from_millis(if number == 6 { 300 } else { 0 });
            let body = stream::once(async move {
                tokio::time::sleep(wait).await;
                frame(1)
            });
            all.push(sent(&budget, place, body.chain(steady(LIMIT - ALWAYS, Duration::from_millis(10)))));
        }
        let all = futures::future::join_all(all).await;
        assert!(all.iter().all(|it| *it == Ok(LIMIT - ALWAYS + 1)), "{all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up_and_takes_nothing_with_it() {
        let (budget, place) = (Budget::new(), place().await);
        let never = http_body_util::StreamBody::new(futures::stream::pending::<
            Result<hyper::body::Frame<Bytes>, std::convert::Infallible>,
        >());
        assert_eq!(budget.take(never, SOON, &place).await.map(drop), Err(BodyError::TooSlow));
        assert_eq!(budget.0.available_permits(), ALL);
    }
}
