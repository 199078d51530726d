//! The local socket: how everybody else talks to the owner of the store.
//!
//! One JSON object a line, a request and its answer in turn.

use std::{io, path::Path};

use callboard_domain::actor::LocalVia;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};

use crate::{
    Engine,
    api::{ApiError, Call, Hello, NotificationsQuery, PendingNotifications, ReadCall},
    clients::dispatch,
    outbox::handoff,
    system::local::{self, LocalListener},
};

/// The longest line that either side takes.
const LINE_LIMIT: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
struct Request {
    call: String,
    params: Value,
    /// What the user of the caller asks through. The operating system identifies the user.
    #[serde(default)]
    via: LocalVia,
    /// The caller's version; programs before 0.3 did not send it.
    #[serde(default)]
    version: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Ok(Value),
    Error(ApiError),
}

const NAME: &str = "callboard.sock";

/// Listens in the data folder. The caller owns the store.
pub(crate) fn listen(data: &Path) -> io::Result<LocalListener> {
    LocalListener::bind(&data.join(NAME))
}

/// Answers callers until `stop`.
pub(crate) async fn serve(mut listener: LocalListener, engine: Engine) {
    let stop = engine.stopping();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            stream = listener.accept() => stream,
        };
        let (client, stop) = (engine.clone(), stop.clone());
        engine.inner.tasks.spawn("a client of the local socket", async move {
            tokio::select! {
                () = stop.cancelled() => {}
                result = converse(stream, &client) => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "a client's connection failed");
                    }
                }
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, engine: &Engine) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    // Notifications that were handed to the caller, and of which it is not known yet whether it has them.
    let mut handed: Option<PendingNotifications> = None;
    loop {
        let line = match next_line(&mut stream).await {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            // Closed with the answer unread (unix(7)): the caller never had it.
            Err(error) => return give_back(engine, handed, error),
        };
        let answer = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => {
                // The listener takes callers of our own user only, by the credentials of their end.
                let actor = engine.actor(request.via);
                let asked =
                    dispatch::dispatch(engine, &request.call, request.params, &actor, &request.version);
                let answered = match dispatch::waits(&request.call) {
                    true => tokio::select! {
                        answered = asked => answered,
                        gone = gone(&mut stream) => return gone,
                    },
                    false => asked.await,
                };
                handed = match &answered {
                    Ok(due) if request.call == NotificationsQuery::NAME => {
                        serde_json::from_value(due.clone()).ok()
                    }
                    _ => None,
                };
                answered.map_or_else(Answer::Error, Answer::Ok)
            }
            Err(error) => Answer::Error(ApiError::internal(format!("not a request: {error}"))),
        };
        if let Err(error) = write_line(&mut stream, &answer).await {
            return give_back(engine, handed, error);
        }
    }
}

/// Ends once the caller has closed its end. One that has sent its next request already is there.
async fn gone(reading: &mut (impl AsyncBufRead + Unpin)) -> io::Result<()> {
    match reading.fill_buf().await {
        Ok([]) => Ok(()),
        Ok(_) => std::future::pending().await,
        Err(error) => Err(error),
    }
}

/// The host shows what a caller was given and did not take.
fn give_back(engine: &Engine, handed: Option<PendingNotifications>, error: io::Error) -> io::Result<()> {
    if let Some(due) = handed {
        handoff::show(&**engine.host(), &due);
    }
    Err(error)
}

async fn write_line(stream: &mut (impl AsyncWrite + Unpin), value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.flush().await
}

async fn next_line(reading: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = reading.take(LINE_LIMIT).read_until(b'\n', &mut line).await?;
    if read as u64 == LINE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
    }
    Ok((read > 0).then_some(line))
}

/// A caller's end of the socket.
pub struct Client {
    stream: BufReader<local::Connected>,
    was_answered: bool,
}

impl Client {
    /// Connects to the owner of a data folder.
    pub async fn connect(data: &Path) -> io::Result<Self> {
        let stream = BufReader::new(local::connect(&data.join(NAME)).await?);
        Ok(Self { stream, was_answered: true })
    }

    /// False where the last call has no answer, or none that can be read: what it asks for may have been done.
    pub fn was_answered(&self) -> bool {
        self.was_answered
    }

    /// Reads something and waits for the answer.
    pub async fn call<C: ReadCall>(&mut self, params: C) -> Result<C::Answer, ApiError> {
        self.call_as(LocalVia::default(), params).await
    }

    /// Makes a call, as this computer's user through `via`, and waits for the answer.
    pub async fn call_as<C: Call>(&mut self, via: LocalVia, params: C) -> Result<C::Answer, ApiError> {
        let params = serde_json::to_value(params).map_err(ApiError::internal)?;
        let answer = self.call_named(via, C::NAME, params).await?;
        match serde_json::from_value(answer) {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let greeting = self.call_named(via, Hello::NAME, json!({})).await.unwrap_or_default();
                self.was_answered = false;
                let daemon = greeting.get("version").and_then(Value::as_str).unwrap_or_default();
                Err(ApiError::protocol(env!("CARGO_PKG_VERSION"), daemon, error))
            }
        }
    }

    /// Makes a call by its name on the wire: for a client that passes on what its windows ask for.
    pub async fn call_named(&mut self, via: LocalVia, name: &str, params: Value) -> Result<Value, ApiError> {
        let gone = |error: io::Error| ApiError::internal(lost(name, &error));
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let request = Request { call: name.to_owned(), params, via, version };
        self.was_answered = false;
        write_line(&mut self.stream, &request).await.map_err(gone)?;
        let line = next_line(&mut self.stream)
            .await
            .and_then(|line| line.ok_or_else(|| io::ErrorKind::UnexpectedEof.into()))
            .map_err(gone)?;
        let answer: Answer = serde_json::from_slice(&line).map_err(ApiError::internal)?;
        self.was_answered = true;
        match answer {
            Answer::Ok(value) => Ok(value),
            Answer::Error(error) => Err(error),
        }
    }
}

/// Why a call has no answer: the other side closes the socket where it ends, also where it is killed.
fn lost(name: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            "the running Callboard ended before it answered".to_owned()
        }
        _ => format!("the connection to the running Callboard was lost during {name}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_that_was_closed_says_that_callboard_ended() {
        let ended = "the running Callboard ended before it answered";
        let lost_by =
            |why: &str| format!("the connection to the running Callboard was lost during hello: {why}");
        let cases = [
            (io::Error::from(io::ErrorKind::UnexpectedEof), ended.to_owned()),
            (io::Error::from(io::ErrorKind::BrokenPipe), ended.to_owned()),
            (io::Error::from(io::ErrorKind::ConnectionReset), ended.to_owned()),
            (io::Error::other("the line is too long"), lost_by("the line is too long")),
        ];
        for (error, expected) in cases {
            assert_eq!(lost("hello", &error), expected, "{error:?}");
        }
    }

    #[test]
    fn request_without_a_version_is_read() {
        let request: Request = serde_json::from_str(r#"{"call":"hello","params":{}}"#).unwrap();
        assert_eq!(request.version, "");
        let cases = [
            (("0.3.0", "0.2.0"), "protocol mismatch: client 0.3.0, daemon 0.2.0: there is no call \"x\"; "),
            (("", "0.2.0"), "protocol mismatch: client unknown, daemon 0.2.0: there is no call \"x\"; "),
        ];
        for ((client, daemon), expected) in cases {
            let error = ApiError::protocol(client, daemon, "there is no call \"x\"").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
