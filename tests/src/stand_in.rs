//! A service scripted by the test, for what no real server can be made to do: break off, lie, redirect, hang.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Request {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is sent back, byte by byte; after it the connection is closed.
#[derive(Debug, Clone)]
pub struct Answer(String);

impl Answer {
    /// A whole answer.
    pub fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut text =
            format!("HTTP/1.1 {status} .\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        Answer(format!("{text}\r\n{body}"))
    }

    /// A whole answer of JSON.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::new(status, &[("Content-Type", "application/json")], &body.to_string())
    }

    /// No answer at all: the connection ends.
    pub fn nothing() -> Answer {
        Answer(String::new())
    }

    /// The answer as far as the middle of its body.
    pub fn half(self) -> Answer {
        let head = self.0.find("\r\n\r\n").map_or(0, |at| at + 4);
        Answer(self.0[..head + (self.0.len() - head) / 2].to_owned())
    }
}

/// A service on a port of the system's choosing, which keeps every request. Its threads end with the test's process.
#[derive(Debug, Clone)]
pub struct StandIn {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl StandIn {
    /// Starts it. Requests are answered at the same time, each by `answer`, which may block.
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Result<StandIn> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let stand_in = StandIn { url, requests: Arc::default() };
        let (requests, answer) = (Arc::clone(&stand_in.requests), Arc::new(answer));
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
                thread::spawn(move || {
                    // A client may break off.
                    let _ = converse(connection, &requests, &*answer);
                });
            }
        });
        Ok(stand_in)
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every request so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn converse(
    mut connection: TcpStream,
    requests: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request) -> Answer,
) -> Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    let request = read(&connection)?;
    requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    connection.write_all(answer(&request).0.as_bytes())?;
    Ok(())
}

fn read(connection: &TcpStream) -> Result<Request> {
    let mut reader = BufReader::new(connection);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        anyhow::ensure!(reader.read_line(&mut line)? > 0, "the caller broke off");
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut parts = lines.first().context("a request line")?.split(' ');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (method, path) = (part(), part());
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request { method, path, headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Ok(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http;

    #[test]
    fn requests_are_answered_and_recorded() {
        let stand_in = StandIn::start(|request| match request.path.as_str() {
            "/half" => Answer::json(200, &json!({ "some": "thing" })).half(),
            _ => Answer::json(201, &json!({ "got": request.body })),
        })
        .unwrap();
        let send = |path: &str| {
            let body = json!([1]);
            http::send("POST", &format!("{}{path}", stand_in.url()), &[("X-It", "here")], Some(&body))
                .unwrap()
        };
        assert_eq!(send("/whole").json().unwrap(), json!({ "got": "[1]" }));
        assert_eq!(send("/half").body, r#"{"some":"#.to_owned());
        let requests = stand_in.requests();
        assert_eq!((&*requests[0].path, requests[0].header("x-it")), ("/whole", Some("here")));
    }
}
