//! A proxy between a connector and its service that changes answers on their way.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A service like that one, of which every answer is changed: its status and body, by the path with its query. Gives its URL.
pub(super) async fn between(
    service: String,
    change: impl Fn(&str, u16, &str) -> (u16, Vec<u8>) + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let change = Arc::new(change);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(pass_on(socket, service.clone(), Arc::clone(&change)));
        }
    });
    url
}

async fn pass_on(
    mut socket: TcpStream,
    service: String,
    change: Arc<impl Fn(&str, u16, &str) -> (u16, Vec<u8>)>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = socket.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, path) = (first.next().unwrap(), first.next().unwrap());
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    socket.read_exact(&mut body).await.unwrap();
    let mut request =
        reqwest::Client::new().request(method.parse().unwrap(), format!("{service}{path}")).body(body);
    for (name, value) in headers {
        if !["host", "content-length", "accept-encoding"].iter().any(|own| own.eq_ignore_ascii_case(name)) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.unwrap();
    let (usual, headers) = (answer.status().as_u16(), answer.headers().clone());
    let usual_body = answer.text().await.unwrap();
    let (status, body) = change(path, usual, &usual_body);
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in &headers {
        if !matches!(name.as_str(), "content-length" | "connection" | "transfer-encoding") {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
    }
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()));
    // The connector may have gone away by now.
    drop(socket.write_all(&[head.into_bytes(), body].concat()).await);
}
