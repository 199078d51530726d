//! A small HTTP server within the bench, for services that have to answer at a known moment.

use std::{convert::Infallible, future::Future, sync::Arc, time::Instant};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request with its body, and the time its head was received.
pub(crate) struct StubRequest {
    pub(crate) at: Instant,
    pub(crate) head: hyper::http::request::Parts,
    pub(crate) body: Bytes,
}

pub(crate) type Answer = Response<Full<Bytes>>;

/// JSON, with status 200.
pub(crate) fn json(body: &Value) -> Answer {
    let mut answer = Response::new(Full::from(body.to_string()));
    answer
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    answer
}

/// Serves on a port of the system's choosing, as long as the runtime lives; returns its URL.
pub(crate) async fn serve<F, A>(answer: F) -> Result<String>
where
    F: Fn(StubRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let answer = Arc::clone(&answer);
            let service = service_fn(move |request: Request<Incoming>| {
                let (at, answer) = (Instant::now(), Arc::clone(&answer));
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                    Ok::<_, Infallible>(answer(StubRequest { at, head, body }).await)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(url)
}
