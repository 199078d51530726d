//! The webhook listener: `POST /hooks/ACCOUNT`.
//!
//! A delivery is answered 200 only once it is on the disk. The listener is bounded in everything: connections, body,
//! the time a sender may take; and when the store cannot keep up it says 503, so that senders wait and memory does not grow.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use callboard_domain::{
    item::AccountName,
    source::{HookError, Received},
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Engine, store::StoreError};

/// The largest body that is taken. GitHub sends up to 25 MB, and says that few come near
/// (docs.github.com, "Webhook events and payloads"); what Callboard reads is far smaller.
const BODY_LIMIT: usize = 5 << 20;
/// How long a sender may take for its headers, and again for its body.
const SENDER_TIME: Duration = Duration::from_secs(10);
/// How many senders are heard at once; further ones wait to be accepted.
const CONNECTIONS: usize = 256;
/// How often an address that another program has is tried again.
const TRIED_AGAIN: Duration = Duration::from_secs(10);

/// Listens where the configuration says, and hears senders until `stop`. Where the address cannot be had it is tried again,
/// and again when the configuration changes.
pub(crate) async fn run(
    listener: Option<TcpListener>,
    engine: Engine,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let mut changes = engine.live_changes();
    let mut listener = listener;
    loop {
        let receive = changes.borrow_and_update().config.receive.clone();
        if let (None, Some(receive)) = (&listener, &receive) {
            match TcpListener::bind(receive.listen).await {
                Ok(bound) => {
                    engine.hear_at(Some(&bound));
                    listener = Some(bound);
                }
                Err(error) => {
                    let why = format!("{} cannot be listened on: {error}", receive.listen);
                    tracing::warn!(%why, "webhooks are not received");
                    engine.moments().deaf = Some(why);
                }
            }
        }
        match (listener.take(), receive) {
            (Some(listener), receive) => {
                let hosts = receive.into_iter().flat_map(|it| it.hosts).collect();
                return serve(listener, engine, hosts, stop, tasks).await;
            }
            (None, None) => engine.moments().deaf = None,
            (None, Some(_)) => {}
        }
        let is_deaf = engine.moments().deaf.is_some();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TRIED_AGAIN), if is_deaf => {}
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// Hears senders until `stop`.
async fn serve(
    listener: TcpListener,
    engine: Engine,
    hosts: Arc<[String]>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the webhook listener could not accept a sender");
                    // Too many open files, most likely: taking the next at once would spin.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let (engine, hosts, stop) = (engine.clone(), Arc::clone(&hosts), stop.clone());
        tasks.spawn(async move {
            let _place = place;
            let _ = stream.set_nodelay(true);
            let answer = service_fn(move |request| {
                let (engine, hosts) = (engine.clone(), Arc::clone(&hosts));
                async move { Ok::<_, Infallible>(answer(&engine, &hosts, request).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(SENDER_TIME)
                .max_buf_size(64 << 10)
                .serve_connection(TokioIo::new(stream), answer);
            tokio::pin!(connection);
            tokio::select! {
                result = connection.as_mut() => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "a webhook's sender broke off");
                    }
                }
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        });
    }
}

/// Why a delivery is not taken.
struct Refusal {
    status: StatusCode,
    why: String,
}

fn refuse(status: StatusCode, why: impl Into<String>) -> Refusal {
    Refusal { status, why: why.into() }
}

async fn answer(engine: &Engine, hosts: &[String], request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let refusal = match take(engine, hosts, request).await {
        Ok(()) => return Response::new(Full::from("ok\n")),
        Err(refusal) => refusal,
    };
    tracing::info!(%path, status = refusal.status.as_u16(), why = %refusal.why, "refused a webhook");
    let mut response = Response::new(Full::from(format!("{}\n", refusal.why)));
    *response.status_mut() = refusal.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if matches!(refusal.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
        // The rest of the body is not read: the connection cannot serve another request.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn take(engine: &Engine, hosts: &[String], request: Request<Incoming>) -> Result<(), Refusal> {
    check_host(request.headers(), hosts)?;
    let account = request
        .uri()
        .path()
        .strip_prefix("/hooks/")
        .filter(|name| !name.is_empty() && !name.contains('/'))
        .map(AccountName::from)
        .ok_or_else(|| refuse(StatusCode::NOT_FOUND, "webhooks are received at /hooks/ACCOUNT"))?;
    if request.method() != Method::POST {
        return Err(refuse(StatusCode::METHOD_NOT_ALLOWED, "webhooks are sent with POST"));
    }
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(SENDER_TIME, Limited::new(body, BODY_LIMIT).collect())
        .await
        .map_err(|_| {
            refuse(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body did not come within {} s", SENDER_TIME.as_secs()),
            )
        })?
        .map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is larger than {} MB", BODY_LIMIT >> 20),
            ),
            None => refuse(StatusCode::BAD_REQUEST, "the body broke off"),
        })?
        .to_bytes();
    let now = Timestamp::now();
    let received = read(engine, &account, &head.headers, &body, now)?;
    engine.take_in(&account, received, now).await.map_err(|error| match error {
        StoreError::Busy => refuse(StatusCode::SERVICE_UNAVAILABLE, "busy; send it again in a moment"),
        error => {
            tracing::error!(%error, %account, "a webhook could not be stored");
            refuse(StatusCode::SERVICE_UNAVAILABLE, "it could not be stored; send it again later")
        }
    })
}

fn read(
    engine: &Engine,
    account: &AccountName,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Received, Refusal> {
    let live = engine.live();
    let found = live
        .accounts
        .get(account)
        .ok_or_else(|| refuse(StatusCode::NOT_FOUND, format!("there is no account {account}")))?;
    let connection = found
        .connection
        .as_ref()
        .map_err(|why| refuse(StatusCode::SERVICE_UNAVAILABLE, format!("{account} is not ready: {why}")))?;
    let hook = connection.source.as_ref().and_then(|source| source.hook()).ok_or_else(|| {
        refuse(StatusCode::NOT_FOUND, format!("{} accounts take no webhooks", found.config.service_name()))
    })?;
    hook.receive(headers, body, now).map_err(|error| match error {
        HookError::Unsigned(why) => refuse(StatusCode::UNAUTHORIZED, why),
        HookError::Malformed(why) => refuse(StatusCode::BAD_REQUEST, why),
    })
}

/// A web page must not be able to post here by a name that it made to point to this machine (DNS rebinding), nor at all.
fn check_host(headers: &HeaderMap, hosts: &[String]) -> Result<(), Refusal> {
    if headers.contains_key(header::ORIGIN) {
        return Err(refuse(StatusCode::FORBIDDEN, "web pages may not send webhooks"));
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if is_known_host(host, hosts) {
        Ok(())
    } else {
        let why = format!("the host {host:?} is not known here; add it to receive.hosts if it is right");
        Err(refuse(StatusCode::MISDIRECTED_REQUEST, why))
    }
}

/// Whether a `Host` header names this machine: a loopback name or address, or a configured name, with any port.
fn is_known_host(host: &str, hosts: &[String]) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_name_this_machine() {
        let hosts = ["hooks.acme.example".to_owned()];
        let cases = [
            ("127.0.0.1:7878", true),
            ("127.0.0.1", true),
            ("127.9.9.9:80", true),
            ("localhost:7878", true),
            ("LOCALHOST", true),
            ("[::1]:7878", true),
            ("[::1]", true),
            ("hooks.acme.example", true),
            ("Hooks.Acme.Example:443", true),
            ("", false),
            ("evil.example", false),
            ("evil.example:7878", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("hooks.acme.example.evil.example", false),
            ("10.0.0.5:7878", false),
            ("localhost:7878@evil.example", false),
        ];
        for (host, expected) in cases {
            assert_eq!(is_known_host(host, &hosts), expected, "{host:?}");
        }
    }
}
