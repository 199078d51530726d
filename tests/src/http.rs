//! Just enough HTTP to drive the servers of a test: JSON over loopback, one connection per request.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{PATIENCE, Request};

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body, as it came.
    pub body: String,
}

impl Response {
    /// The value of a header, asked by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; an empty body is null. Anything but a 2xx is an error that quotes the answer.
    pub fn json(&self) -> Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("answered {}: {}", self.status, self.body);
        }
        if self.body.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&self.body).with_context(|| format!("not JSON: {}", self.body))
    }
}

/// Sends one request to a `http://host:port/path` URL, with `headers` and a JSON body if there is one.
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Result<Response> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let kind = ("Content-Type", "application/json");
    let headers: Vec<_> = headers.iter().copied().chain((!body.is_empty()).then_some(kind)).collect();
    exchange(method, url, &headers, &body).with_context(|| format!("{method} {url}"))
}

/// Sends a request that came to a stand-in on to the service at `base`, its credential and body as they came.
pub fn forward(request: &Request, base: &str) -> Result<Response> {
    let passed = ["authorization", "content-type"];
    let headers: Vec<_> = passed.iter().filter_map(|name| Some((*name, request.header(name)?))).collect();
    exchange(&request.method, &format!("{base}{}", request.path), &headers, &request.body)
}

fn exchange(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Response> {
    let rest = url.strip_prefix("http://").context("only http:// is spoken here")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));

    // HTTP/1.0: the answer comes unchunked and ends with the connection.
    let mut request =
        format!("{method} /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);

    let mut connection = TcpStream::connect(host)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer))
}

fn parse(answer: &str) -> Result<Response> {
    let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("not an answer: {answer:?}"))?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status line")?.parse()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Ok(Response { status, headers, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_status_headers_and_body() {
        let response = parse("HTTP/1.0 200 OK\r\nETag: W/\"a\"\r\n\r\n{\"ok\": true}").unwrap();
        assert_eq!((response.status, response.header("etag")), (200, Some("W/\"a\"")));
        assert_eq!(response.json().unwrap()["ok"], true);
    }

    #[test]
    fn error_status_is_an_error_that_quotes_the_answer() {
        let error = parse("HTTP/1.0 422 No\r\n\r\nbecause").unwrap().json().unwrap_err();
        assert_eq!(error.to_string(), "answered 422: because");
    }
}
