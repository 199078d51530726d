//! The connections of senders. Their number is limited: a connection that sends too slowly, or nothing, gives way to a new
//! one, and none waits for ever for the other side to read.
//!
//! Nobody is cut off for being slow while there is room. Where there is none, the room is for active senders: a connection
//! with a request that is being answered keeps its place, and of the others the one that is furthest behind [`RATE`] loses
//! it. The memory that bodies share ([`super::body`]) is freed the same way, by the holder that is furthest behind. A
//! connection that waits for memory is not slow itself: it keeps its place meanwhile.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// How long a sender may be silent at first, and again after each response, before it is behind.
const GRACE: Duration = Duration::from_secs(1);
/// How much a sender sends within [`GRACE`] that is not behind, in bytes. Even a slow line sends several times that.
const RATE: u32 = 4 << 10;

/// The places for connections.
#[derive(Clone)]
pub(super) struct Connections {
    places: Arc<Semaphore>,
    waiting: Arc<Mutex<Waiting>>,
    /// Something is waited for from one more connection, so that it could give way.
    begun: Arc<Notify>,
}

/// The connections from which something is waited for: a request, or the rest of one.
#[derive(Default)]
struct Waiting {
    /// The number of the latest connection.
    latest: u64,
    by_number: HashMap<u64, Waits>,
    /// How many connections hold memory whose requests are being answered: they give it back without being asked.
    answering_with_memory: usize,
}

struct Waits {
    address: IpAddr,
    /// From then on it is behind.
    due: Instant,
    /// What has come of a body takes some of the memory that all bodies share.
    holds_memory: bool,
    gives_way: CancellationToken,
    /// Cancelled once the connection is gone, with all that it held.
    gone: CancellationToken,
}

impl Waits {
    fn is_behind(&self, now: Instant) -> bool {
        self.due <= now
    }
}

impl Waiting {
    /// Takes out, among those that are `asked`, the one that gives way: of those that are behind the one that is for longest;
    /// where none is, the one that is behind first, from the address that has the most.
    fn furthest_behind(&mut self, now: Instant, asked: impl Fn(&Waits) -> bool) -> Option<Waits> {
        let mut of_address: HashMap<IpAddr, usize> = HashMap::new();
        for waits in self.by_number.values() {
            *of_address.entry(waits.address).or_default() += 1;
        }
        let order = |waits: &Waits| {
            let others = if waits.is_behind(now) { usize::MAX } else { of_address[&waits.address] };
            (std::cmp::Reverse(others), waits.due)
        };
        let asked = self.by_number.iter().filter(|(_, waits)| asked(waits));
        let number = asked.min_by_key(|(number, waits)| (order(waits), **number));
        let number = *number?.0;
        self.by_number.remove(&number)
    }
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    number: u64,
    address: IpAddr,
    waiting: Arc<Mutex<Waiting>>,
    begun: Arc<Notify>,
    /// Its place, or what it holds, is needed.
    gives_way: CancellationToken,
    /// Something came since the last answer.
    is_sending: AtomicBool,
    _place: OwnedSemaphorePermit,
    /// Cancelled when it is dropped.
    gone: CancellationToken,
}

/// A request that has come whole is being answered, until this is dropped.
pub(super) struct Answering<'p> {
    place: &'p Place,
    holds_memory: bool,
}

/// A connection is not read on, for lack of memory, until this is dropped.
pub(super) struct HeldUp<'p> {
    place: &'p Place,
    /// None where it had to give way before.
    waits: Option<Waits>,
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), waiting: Arc::default(), begun: Arc::default() }
    }

    /// A place for a connection from there. Where there is none, the connection that is furthest behind gives way.
    pub(super) async fn place(&self, address: IpAddr) -> Option<Place> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => self.needed_place().await?,
        };
        let number = {
            let mut waiting = lock(&self.waiting);
            waiting.latest += 1;
            waiting.latest
        };
        let place = Place {
            number,
            address,
            waiting: Arc::clone(&self.waiting),
            begun: Arc::clone(&self.begun),
            gives_way: CancellationToken::new(),
            is_sending: AtomicBool::new(false),
            _place: place,
            gone: CancellationToken::new(),
        };
        place.wait();
        Some(place)
    }

    /// The place of the connection that is furthest behind, or of one that ends by itself.
    async fn needed_place(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.places).acquire_owned();
        tokio::pin!(place);
        loop {
            let furthest = lock(&self.waiting).furthest_behind(Instant::now(), |_| true);
            if let Some(furthest) = furthest {
                furthest.gives_way.cancel();
                return place.await.ok();
            }
            // All are being answered: the first that has its answer gives way.
            tokio::select! {
                biased;
                free = place.as_mut() => return free.ok(),
                () = self.begun.notified() => {}
            }
        }
    }
}

impl Place {
    /// So many bytes have come.
    pub(super) fn received(&self, bytes: usize) {
        self.is_sending.store(true, Ordering::Relaxed);
        let now = Instant::now();
        if let Some(waits) = lock(&self.waiting).by_number.get_mut(&self.number) {
            let worth = GRACE * u32::try_from(bytes).unwrap_or(u32::MAX).min(RATE) / RATE;
            waits.due = (waits.due.max(now) + worth).min(now + GRACE);
        }
    }

    /// Notes whether what has come of a body takes some of the memory that all bodies share.
    pub(super) fn holds_memory(&self, holds_memory: bool) {
        if let Some(waits) = lock(&self.waiting).by_number.get_mut(&self.number) {
            waits.holds_memory = holds_memory;
        }
    }

    /// Has the connection give way that is furthest behind of those that hold memory, and waits until it has given it back.
    /// False where none of them is behind: a steady sender keeps what it holds.
    async fn frees_memory(&self) -> bool {
        let now = Instant::now();
        let holds_it_up = |waits: &Waits| waits.holds_memory && waits.is_behind(now);
        let furthest = lock(&self.waiting).furthest_behind(now, holds_it_up);
        let Some(furthest) = furthest else { return false };
        furthest.gives_way.cancel();
        furthest.gone.cancelled().await;
        true
    }

    /// Nothing more is read for lack of memory: the connection keeps its place until it is read on, and its time starts over
    /// then.
    pub(super) fn held_up(&self) -> HeldUp<'_> {
        HeldUp { place: self, waits: lock(&self.waiting).by_number.remove(&self.number) }
    }

    /// A request has come whole: the connection does not give way until it is answered.
    pub(super) fn answering(&self) -> Answering<'_> {
        let mut waiting = lock(&self.waiting);
        let holds_memory = waiting.by_number.remove(&self.number).is_some_and(|waits| waits.holds_memory);
        waiting.answering_with_memory += usize::from(holds_memory);
        Answering { place: self, holds_memory }
    }

    /// Ends where the place, or the memory that it holds, is needed for another connection. True where something of a request
    /// had come.
    pub(super) async fn needed(&self) -> bool {
        self.gives_way.cancelled().await;
        self.is_sending.load(Ordering::Relaxed)
    }

    fn wait(&self) {
        self.is_sending.store(false, Ordering::Relaxed);
        if !self.gives_way.is_cancelled() {
            let gives_way = self.gives_way.clone();
            let waits = Waits {
                address: self.address,
                due: Instant::now() + GRACE,
                holds_memory: false,
                gives_way,
                gone: self.gone.clone(),
            };
            lock(&self.waiting).by_number.insert(self.number, waits);
            self.begun.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.waiting).by_number.remove(&self.number);
        self.gone.cancel();
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        lock(&self.place.waiting).answering_with_memory -= usize::from(self.holds_memory);
        self.place.wait();
    }
}

impl HeldUp<'_> {
    /// Returns once there may be more memory: as [`Place::frees_memory`] where one that holds some is behind, else once the
    /// next one may be, or may have been answered. False where nobody else holds any that it could give back.
    pub(super) async fn waits_for_memory(&self) -> bool {
        if self.place.frees_memory().await {
            return true;
        }
        let next = {
            let waiting = lock(&self.place.waiting);
            let due = waiting.by_number.values().filter(|waits| waits.holds_memory).map(|waits| waits.due);
            let answered = (waiting.answering_with_memory > 0).then(|| Instant::now() + GRACE);
            due.chain(answered).min()
        };
        let Some(next) = next else { return false };
        sleep_until(next).await;
        true
    }
}

impl Drop for HeldUp<'_> {
    fn drop(&mut self) {
        if let Some(mut waits) = self.waits.take() {
            waits.due = Instant::now() + GRACE;
            lock(&self.place.waiting).by_number.insert(self.place.number, waits);
            self.place.begun.notify_one();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream whose writing fails where the other side takes nothing for as long as `patience`, and that says how much has
/// come.
pub(super) struct StallTimeout<S, R> {
    stream: S,
    patience: Duration,
    received: R,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S, R> StallTimeout<S, R> {
    /// `received` is given the number of bytes that have come, each time that some do.
    pub(super) fn new(stream: S, patience: Duration, received: R) -> Self {
        Self { stream, patience, received, waiting: None }
    }

    fn bounded<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the sender does not read its answers")))
    }
}

impl<S: AsyncRead + Unpin, R: Fn(usize) + Unpin> AsyncRead for StallTimeout<S, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let came = buffer.filled().len() - before;
        if came > 0 {
            (self.received)(came);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin, R: Unpin> AsyncWrite for StallTimeout<S, R> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.bounded(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.bounded(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.bounded(cx, ended)
    }
}
