//! A call can be dropped at any time, and lets go of its connection.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::subject::Subject;

impl Subject {
    pub(super) async fn dropped_runs_close_their_connections(&self) {
        for call in self.calls() {
            let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let connection = self.connect(&format!("http://{}", silent.local_addr().unwrap()));
            let mut socket = {
                let under_way = self.perform(&connection, &call);
                let asked = async {
                    let (mut socket, _) = silent.accept().await.unwrap();
                    socket.read_u8().await.unwrap();
                    socket
                };
                tokio::select! {
                    came = under_way => panic!("{call:?} ended without an answer: {came:?}"),
                    socket = asked => socket,
                }
            };
            let mut rest = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest)).await;
            assert!(ended.is_ok(), "{call:?} keeps its connection after it was dropped");
        }
    }
}

/// A service that takes one request after the other, sends these bytes as they are, and closes the connection.
pub(crate) async fn raw(answer: impl Into<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.into();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n")
                && let Ok(byte) = socket.read_u8().await
            {
                head.push(byte);
            }
            // The client may have given up by now, as it should when the answer is too long.
            drop(socket.write_all(&answer).await);
        }
    });
    url
}
