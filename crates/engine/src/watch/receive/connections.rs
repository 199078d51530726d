//! The connections of senders: at most so many, of which those that wait for nothing give way to a new one, and none of
//! which waits for ever for the other side to read.

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};
use tokio_util::sync::CancellationToken;

/// The places for connections.
#[derive(Clone)]
pub(super) struct Connections {
    places: Arc<Semaphore>,
    idle: Arc<Mutex<Idle>>,
}

/// Those on which no request is being answered, longest first.
#[derive(Default)]
struct Idle {
    turns: u64,
    since: BTreeMap<u64, CancellationToken>,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    idle: Arc<Mutex<Idle>>,
    turn: Mutex<Option<u64>>,
    /// Its place is needed.
    gives_way: CancellationToken,
    _place: OwnedSemaphorePermit,
}

/// A request is being answered, until this is dropped.
pub(super) struct Busy<'p>(&'p Place);

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), idle: Arc::default() }
    }

    /// A place for a connection. Where there is none, the connection that has been idle for longest gives way.
    pub(super) async fn place(&self) -> Option<Place> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                if let Some((_, longest)) = lock(&self.idle).since.pop_first() {
                    longest.cancel();
                }
                Arc::clone(&self.places).acquire_owned().await.ok()?
            }
        };
        let gives_way = CancellationToken::new();
        let place = Place { idle: Arc::clone(&self.idle), turn: Mutex::default(), gives_way, _place: place };
        place.is_idle();
        Some(place)
    }
}

impl Place {
    /// A request has come: the connection does not give way until it is answered.
    pub(super) fn answering(&self) -> Busy<'_> {
        if let Some(turn) = lock(&self.turn).take() {
            lock(&self.idle).since.remove(&turn);
        }
        Busy(self)
    }

    /// Ends where the place is needed for another connection.
    pub(super) async fn needed(&self) {
        self.gives_way.cancelled().await;
    }

    fn is_idle(&self) {
        let mut idle = lock(&self.idle);
        idle.turns += 1;
        let turn = idle.turns;
        idle.since.insert(turn, self.gives_way.clone());
        *lock(&self.turn) = Some(turn);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.answering_ended());
    }
}

impl Place {
    fn answering_ended(&self) -> Option<CancellationToken> {
        let turn = lock(&self.turn).take()?;
        lock(&self.idle).since.remove(&turn)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.is_idle();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream whose writing fails where the other side takes nothing for as long as `patience`.
pub(super) struct Impatient<S> {
    stream: S,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Impatient<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, waiting: None }
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

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn gave_way(place: &Place) -> bool {
        place.gives_way.is_cancelled()
    }

    #[tokio::test]
    async fn the_longest_idle_gives_way_and_the_busy_never() {
        let connections = Connections::new(3);
        let [first, second, third] = [
            connections.place().await.unwrap(),
            connections.place().await.unwrap(),
            connections.place().await.unwrap(),
        ];
        let busy = first.answering();
        drop(third.answering());
        drop(second.answering());
        // First is busy; third has been idle for longer than second.
        let newest = tokio::join!(connections.place(), async {
            third.needed().await;
            assert!(!gave_way(&first) && !gave_way(&second));
            drop(third);
        });
        let newest = newest.0.unwrap();
        drop(busy);
        drop(first);
        assert!(!gave_way(&second) && !gave_way(&newest), "a free place needs nobody's");
        let _free = connections.place().await.unwrap();
        assert!(!gave_way(&second) && !gave_way(&newest));
        assert_eq!(lock(&connections.idle).since.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_reads_is_given_up() {
        let (stream, other) = tokio::io::duplex(16);
        let mut stream = Impatient::new(stream, Duration::from_secs(10));
        stream.write_all(&[0; 16]).await.unwrap();
        let error = stream.write_all(&[0]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(other);
    }
}
