//! The webhook listener against senders that are wrong, hostile or slow.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use callboard_tests::{Callboard, PATIENCE, Serving, http, wait_until, webhook};
use serde_json::Value;

const SECRET: &str = "hush";
/// How long the listener waits for a sender, as documented.
const SENDER_TIME: Duration = Duration::from_secs(10);

/// The answer to a sender that does not prove to send for an account.
const UNPROVEN: &str = "not a webhook of an account here";
/// How many connections the listener has at once.
const CONNECTIONS: usize = 256;

/// A daemon with an account that receives webhooks and cannot be polled, one that takes no webhooks, and one whose token is not set.
fn serve() -> Result<(Callboard, Serving)> {
    let config = "[accounts.web]\nservice = \"http\"\nurl = \"http://127.0.0.1:1\"\n[accounts.forge]\nservice = \"github\"\nurl = \"http://127.0.0.1:1\"\nwatch = [\"acme/web\"]\n\
                  every = \"24h\"\n[accounts.waiting]\nservice = \"github\"\nurl = \"http://127.0.0.1:1\"\nwatch = [\"acme/web\"]\n\
                  [receive]\nlisten = \"127.0.0.1:0\"\n[secrets]\nstore = \"env\"\n";
    let callboard = Callboard::new(config)?.env([
        ("CALLBOARD_SECRET_FORGE_TOKEN", "t0ken"),
        ("CALLBOARD_SECRET_FORGE_WEBHOOK_SECRET", SECRET),
        ("CALLBOARD_SECRET_WEB_TOKEN", "t0ken"),
    ]);
    let serving = callboard.serve()?;
    Ok((callboard, serving))
}

fn connect(serving: &Serving) -> Result<TcpStream> {
    let connection = TcpStream::connect(serving.url().trim_start_matches("http://"))?;
    connection.set_read_timeout(Some(SENDER_TIME * 2))?;
    Ok(connection)
}

/// Sends these bytes and returns the status of the answer, or 0 where the connection ends without one.
fn exchange(serving: &Serving, head: &str, body: &[u8], then_end: bool) -> Result<u16> {
    let mut connection = connect(serving)?;
    connection.write_all(head.replace('\n', "\r\n").as_bytes())?;
    // A listener that has refused does not read the rest.
    let _ = connection.write_all(body);
    if then_end {
        connection.shutdown(Shutdown::Write)?;
    }
    status(connection)
}

fn status(mut connection: TcpStream) -> Result<u16> {
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        match connection.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if is_waiting(&error) => bail!("the connection was left open"),
            // Reset: what was sent before can still be read.
            Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&answer);
    Ok(text.split(' ').nth(1).map(str::parse).transpose().context(text.to_string())?.unwrap_or(0))
}

/// Whether a read met silence, not an end. Systems report it in two ways.
fn is_waiting(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[test]
fn invalid_request_is_refused_with_the_reason_and_stores_nothing() -> Result<()> {
    let (callboard, serving) = serve()?;
    let body = webhook::opened("acme/web", 1, "Add the cart");
    let signed = webhook::signature(SECRET, &body.to_string())?;
    let forged = webhook::signature("guess", &body.to_string())?;
    let event = ("X-GitHub-Event", "pull_request");
    let ok = ("X-Hub-Signature-256", signed.as_str());
    type Case<'c> = (&'c str, &'c str, Vec<(&'c str, &'c str)>, u16, &'c str);
    let cases: Vec<Case<'_>> = vec![
        ("POST", "/hooks/forge", vec![event], 401, UNPROVEN),
        ("POST", "/hooks/forge", vec![event, ("X-Hub-Signature-256", &forged)], 401, UNPROVEN),
        ("POST", "/hooks/forge", vec![event, ("X-Hub-Signature-256", "sha256=00")], 401, UNPROVEN),
        ("POST", "/hooks/forge", vec![event, ("X-Hub-Signature", &signed)], 401, UNPROVEN),
        ("POST", "/hooks/nobody", vec![event, ok], 401, UNPROVEN),
        ("POST", "/hooks/web", vec![event, ok], 401, UNPROVEN),
        ("POST", "/hooks/waiting", vec![event, ok], 401, UNPROVEN),
        ("POST", "/hooks/waiting", vec![event], 401, UNPROVEN),
        ("POST", "/hooks/", vec![event, ok], 404, "/hooks/ACCOUNT"),
        ("POST", "/", vec![event, ok], 404, "/hooks/ACCOUNT"),
        ("GET", "/hooks/forge", vec![event, ok], 405, "POST"),
        ("POST", "/hooks/forge", vec![event, ok, ("Origin", "https://evil.example")], 403, "web pages"),
    ];
    let mut unproven = None;
    for (method, path, headers, expected, why) in cases {
        let url = format!("{}{path}", serving.url());
        let answer = http::send(method, &url, &headers, Some(&body))?;
        assert_eq!(answer.status, expected, "{method} {path} {headers:?}: {}", answer.body);
        assert!(answer.body.contains(why), "{method} {path}: {}", answer.body);
        assert_eq!(answer.header("connection"), Some("close"), "{method} {path}");
        if expected == 401 {
            // The answer must not reveal which accounts there are.
            let headers: Vec<_> = answer.headers.into_iter().filter(|(name, _)| name != "date").collect();
            assert_eq!(
                *unproven.get_or_insert((headers.clone(), answer.body.clone())),
                (headers, answer.body)
            );
        }
    }
    assert_eq!(callboard.events()?, [] as [Value; 0]);
    let taken =
        webhook::github(&format!("{}/hooks/forge", serving.url()), SECRET, "pull_request", "d", &body)?;
    assert_eq!(taken.status, 200, "the same with everything right: {}", taken.body);
    Ok(())
}

#[test]
fn unknown_account_is_refused_like_a_wrong_signature() -> Result<()> {
    let (callboard, serving) = serve()?;
    let body = webhook::opened("acme/web", 1, "Add the cart").to_string();
    let half = &body.as_bytes()[..body.len() / 2];
    let host = serving.url().trim_start_matches("http://");
    let large = 6 << 20;
    // An account that has webhooks, one that takes none, one without its token, and none at all. Even the right secret
    // proves nothing there.
    let senders = [
        ("forge", "guess"),
        ("web", "guess"),
        ("waiting", "guess"),
        ("waiting", SECRET),
        ("nobody", "guess"),
        ("nobody", SECRET),
    ];
    for (account, secret) in senders {
        let signature = format!("X-Hub-Signature-256: {}\n", webhook::signature(secret, &body)?);
        let head = |signature: &str, length: usize| {
            format!(
                "POST /hooks/{account} HTTP/1.1\nHost: {host}\nContent-Length: {length}\nX-GitHub-Event: pull_request\n\
                 {signature}Connection: close\n\n"
            )
        };
        let unsigned = exchange(&serving, &head("", body.len()), half, false)?;
        assert_eq!(unsigned, 401, "{account}: without a signature nothing is read");
        let whole = exchange(&serving, &head(&signature, body.len()), body.as_bytes(), false)?;
        assert_eq!(whole, 401, "{account}");
        let broken_off = exchange(&serving, &head(&signature, body.len()), half, true)?;
        assert!(matches!(broken_off, 0 | 400), "{account}: the body is waited for, {broken_off}");
        assert_eq!(exchange(&serving, &head(&signature, large), &[], false)?, 413, "{account}");
    }
    assert_eq!(callboard.events()?, [] as [Value; 0]);
    Ok(())
}

#[test]
fn unexpected_bodies_and_hosts_are_refused() -> Result<()> {
    let (callboard, serving) = serve()?;
    let head = |host: &str, length: usize, body: &str| -> Result<String> {
        let signature = webhook::signature(SECRET, body)?;
        Ok(format!(
            "POST /hooks/forge HTTP/1.1\nHost: {host}\nContent-Length: {length}\nX-GitHub-Event: pull_request\n\
             X-Hub-Signature-256: {signature}\nConnection: close\n\n"
        ))
    };
    let host = serving.url().trim_start_matches("http://");
    for text in ["not JSON", "{\"pull_request\": 1}", "[]", "", "{\"a\":"] {
        let status = exchange(&serving, &head(host, text.len(), text)?, text.as_bytes(), false)?;
        assert_eq!(
            status, 202,
            "{text:?}: whoever has the secret sent it, and the account is polled instead"
        );
    }
    let problems = callboard.account("forge")?["problems"].to_string();
    assert!(problems.contains("5 webhooks could not be read"), "{problems}");
    let body = webhook::opened("acme/web", 1, "Add the cart").to_string();
    for other in ["evil.example", "localhost.evil.example", ""] {
        let status = exchange(&serving, &head(other, body.len(), &body)?, body.as_bytes(), false)?;
        assert_eq!(status, 421, "{other:?}");
    }
    let large = 6 << 20;
    assert_eq!(exchange(&serving, &head(host, large, "")?, &vec![b' '; large], false)?, 413);
    // Half of it comes, and then the end.
    let half = &body.as_bytes()[..body.len() / 2];
    let status = exchange(&serving, &head(host, body.len(), &body)?, half, true)?;
    assert!(matches!(status, 0 | 400), "{status}");
    assert_eq!(callboard.events()?, [] as [Value; 0]);

    assert_eq!(exchange(&serving, &head(host, body.len(), &body)?, body.as_bytes(), false)?, 200);
    assert_eq!(callboard.events()?.len(), 1, "after all of that webhooks are still received");
    let problems = callboard.account("forge")?["problems"].to_string();
    assert!(!problems.contains("could not be read"), "{problems}");
    Ok(())
}

#[test]
fn slow_senders_are_cut_off_and_block_nobody() -> Result<()> {
    let (callboard, serving) = serve()?;
    let url = format!("{}/hooks/forge", serving.url());
    let host = serving.url().trim_start_matches("http://");
    // One never ends its headers, one never ends its body, and some send nothing at all.
    let mut without_headers = connect(&serving)?;
    without_headers.write_all(format!("POST /hooks/forge HTTP/1.1\r\nHost: {host}\r\n").as_bytes())?;
    let mut without_body = connect(&serving)?;
    let head = format!(
        "POST /hooks/forge HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\
         X-Hub-Signature-256: sha256={}\r\n\r\nhalf",
        "0".repeat(64)
    );
    without_body.write_all(head.as_bytes())?;
    let silent = (0..50).map(|_| connect(&serving)).collect::<Result<Vec<_>>>()?;

    for number in 1..=20 {
        let body = webhook::opened("acme/web", number, "Add the cart");
        let answer = webhook::github(&url, SECRET, "pull_request", &format!("d-{number}"), &body)?;
        assert_eq!(answer.status, 200);
    }
    assert_eq!(callboard.events()?.len(), 20);
    without_body.set_nonblocking(true)?;
    let silence = without_body.peek(&mut [0]).map_err(|error| is_waiting(&error));
    assert_eq!(silence, Err(true), "others are served meanwhile");
    without_body.set_nonblocking(false)?;

    assert_eq!(status(without_body)?, 408);
    assert!(matches!(status(without_headers)?, 0 | 408));
    for connection in silent {
        assert!(matches!(status(connection)?, 0 | 408));
    }
    Ok(())
}

#[test]
fn sender_without_a_valid_signature_header_is_refused_before_the_body() -> Result<()> {
    let (_callboard, serving) = serve()?;
    let host = serving.url().trim_start_matches("http://");
    let formed = format!("X-Hub-Signature-256: sha256={}\n", "0".repeat(64));
    for (path, signature, length, expected) in [
        ("/hooks/forge", "", 5 << 20, 401),
        ("/hooks/forge", "X-Hub-Signature-256: sha256=00\n", 5 << 20, 401),
        ("/hooks/nobody", "", 5 << 20, 401),
        // As for an account that exists: a signature of the right form is checked with its body.
        ("/hooks/nobody", &formed, 6 << 20, 413),
        ("/hooks/forge", &formed, 6 << 20, 413),
    ] {
        // Nothing of the body is ever sent, and the connection stays open on this side.
        let head = format!("POST {path} HTTP/1.1\nHost: {host}\nContent-Length: {length}\n{signature}\n");
        assert_eq!(exchange(&serving, &head, b"", false)?, expected, "{path} {signature}");
    }
    Ok(())
}

/// The memory that all bodies share, in bytes: as in the program.
const BODIES: usize = 32 << 20;

/// How an answer begins; `None` where none has come, empty where the connection was cut.
fn answer(connection: &mut TcpStream) -> Result<Option<String>> {
    connection.set_read_timeout(Some(Duration::from_millis(100)))?;
    let mut begin = [0; 12];
    match connection.read(&mut begin) {
        Err(error) if is_waiting(&error) => Ok(None),
        Ok(read) => Ok(Some(String::from_utf8_lossy(&begin[..read]).into_owned())),
        // Reset, maybe with the answer unread.
        Err(_) => Ok(Some(String::new())),
    }
}

#[test]
fn bodies_together_are_bounded_and_small_ones_are_still_taken() -> Result<()> {
    let (callboard, serving) = serve()?;
    let host = serving.url().trim_start_matches("http://");
    let length = 5 << 20;
    let head = format!(
        "POST /hooks/forge HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nX-Hub-Signature-256: sha256={}\r\n\r\n",
        "0".repeat(64)
    );
    // All but the last byte of each.
    let part = vec![b' '; length - 1];
    // 100 MB in all: what does not fit is refused, or takes the place of one that has stalled.
    let (mut held, began) = (Vec::new(), Instant::now());
    for _ in 0..20 {
        let mut connection = connect(&serving)?;
        connection.write_all(head.as_bytes())?;
        // Refused while it is written, it is cut.
        let _ = connection.write_all(&part);
        match answer(&mut connection)? {
            None => held.push(connection),
            Some(refused) => assert!(["HTTP/1.1 503", ""].contains(&&*refused), "{refused}"),
        }
    }
    // One that waits for memory is open as well, until a stalled one gives way. Nobody's time to send is over meanwhile.
    let bounded = || {
        let open = held.iter_mut().filter_map(|it| answer(it).ok()).filter(Option::is_none).count();
        (1..=BODIES / length).contains(&open).then_some(())
    };
    let left = SENDER_TIME.saturating_sub(began.elapsed() + Duration::from_secs(1));
    wait_until("1 to 6 bodies of 5 MB to be held", left, bounded)?;
    let body = webhook::opened("acme/web", 1, "Add the cart");
    let url = format!("{}/hooks/forge", serving.url());
    assert_eq!(webhook::github(&url, SECRET, "pull_request", "d", &body)?.status, 200);
    assert_eq!(callboard.events()?.len(), 1);
    Ok(())
}

#[test]
fn idle_connections_are_closed_for_new_ones_and_a_client_that_never_reads_blocks_nobody() -> Result<()> {
    let (callboard, serving) = serve()?;
    let url = format!("{}/hooks/forge", serving.url());
    let host = serving.url().trim_start_matches("http://");
    let send = |number: u64| -> Result<()> {
        let body = webhook::opened("acme/web", number, "Add the cart");
        let answer = webhook::github(&url, SECRET, "pull_request", &format!("d-{number}"), &body)?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Ok(())
    };
    let silent = (0..CONNECTIONS).map(|_| connect(&serving)).collect::<Result<Vec<_>>>()?;
    send(1)?;
    // The newest of them is still there: it was not waited for until all of them had timed out.
    let newest = silent.last().context("there are some")?;
    newest.set_nonblocking(true)?;
    assert_eq!(newest.peek(&mut [0]).map_err(|error| is_waiting(&error)), Err(true));
    drop(silent);

    // Each asks again and again, and reads no answer.
    let request =
        format!("GET /hooks/forge HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n").repeat(400);
    let mut unread = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = connect(&serving)?;
        connection.set_nonblocking(true)?;
        // As much as fits.
        for _ in 0..20 {
            if connection.write(request.as_bytes()).is_err() {
                break;
            }
        }
        unread.push(connection);
    }
    send(2)?;
    send(3)?;
    assert_eq!(callboard.events()?.len(), 3);
    Ok(())
}

#[test]
fn change_that_waits_for_the_next_start_is_logged_once() -> Result<()> {
    let config = |hosts: &str, theme: &str| {
        format!(
            "[receive]\nlisten = \"127.0.0.1:0\"\nhosts = [{hosts}]\n[desktop]\ntheme = \"{theme}\"\n\
             [secrets]\nstore = \"env\"\n"
        )
    };
    let callboard = Callboard::new(&config("", "light"))?;
    let serving = callboard.serve()?;
    let logged = |what: &str| serving.output().matches(what).count();
    let waits = "takes effect at the next start";
    let applied = "the configuration is applied";

    callboard.configure(&config("\"hooks.acme.example\"", "light"))?;
    wait_until("the change to be logged", PATIENCE, || (logged(waits) > 0).then_some(()))?;
    wait_until("the change", PATIENCE, || (logged(applied) > 0).then_some(()))?;
    let before = logged(applied);
    callboard.configure(&config("\"hooks.acme.example\"", "dark"))?;
    wait_until("another change", PATIENCE, || (logged(applied) > before).then_some(()))?;
    // The listener sees it between one sender and another.
    for _ in 0..20 {
        assert_eq!(exchange(&serving, "GET / HTTP/1.1\nHost: localhost\n\n", b"", false)?, 404);
    }
    assert_eq!(logged(waits), 1, "{}", serving.output());
    Ok(())
}
