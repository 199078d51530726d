//! A small HTTP/1.1 load generator: connections that are kept open, each with one request under way at a time.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| address.to_owned())?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, answer: Vec::new() })
    }

    /// Sends a whole request and reads the whole answer; returns its status.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request)?;
        self.answer.clear();
        let mut buffer = [0; 16 << 10];
        loop {
            let read = self.stream.read(&mut buffer)?;
            if read == 0 {
                bail!("the server hung up");
            }
            self.answer.extend_from_slice(&buffer[..read]);
            if let Some((status, length)) = head(&self.answer)? {
                while self.answer.len() < length {
                    let read = self.stream.read(&mut buffer)?;
                    if read == 0 {
                        bail!("the server hung up");
                    }
                    self.answer.extend_from_slice(&buffer[..read]);
                }
                return Ok(status);
            }
        }
    }
}

/// The status and the whole length of an answer, once its head is there.
fn head(answer: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
    let length = head.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Ok(Some((status, end + 4 + length.unwrap_or(0))))
}

/// A `POST` as bytes.
pub(crate) fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The result of a load.
#[derive(Default)]
pub(crate) struct Load {
    /// How long each request that was answered with 200 took.
    pub(crate) times: Vec<Duration>,
    /// How many were answered otherwise, with the last such status.
    pub(crate) refused: (usize, u16),
    pub(crate) took: Duration,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64()
    }
}

/// Sends what `make` makes of 0, 1, 2, ... over so many connections for this long. Making is not in the times.
pub(crate) fn drive(
    address: &str,
    connections: usize,
    during: Duration,
    next: &AtomicUsize,
    make: impl Fn(usize) -> Vec<u8> + Sync,
) -> Result<Load> {
    let began = Instant::now();
    let one = || -> Result<Load> {
        let (mut connection, mut load) = (Connection::open(address)?, Load::default());
        while began.elapsed() < during {
            let request = make(next.fetch_add(1, Ordering::Relaxed));
            let sent = Instant::now();
            match connection.exchange(&request)? {
                200 => load.times.push(sent.elapsed()),
                status => load.refused = (load.refused.0 + 1, status),
            }
        }
        Ok(load)
    };
    let loads: Vec<Result<Load>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a connection's thread does not panic"))
            .collect()
    });
    let mut all = Load { took: began.elapsed(), ..Load::default() };
    for load in loads {
        let load = load?;
        all.times.extend(load.times);
        all.refused = (all.refused.0 + load.refused.0, all.refused.1.max(load.refused.1));
    }
    Ok(all)
}
