use futures::FutureExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::Instant,
};

use super::*;
use crate::tests::Scene;

/// A listener's connections, over streams in memory: time stands still but where all of them wait.
struct Listener {
    connections: Connections,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

impl Listener {
    fn of(scene: &Scene) -> Self {
        Self {
            connections: Connections::new(CONNECTIONS),
            shared: Arc::new(Shared {
                receiver: scene.engine.inner.receiver.clone(),
                hosts: Arc::default(),
                budget: Budget::new(),
                refusals: Mutex::default(),
                stand_in: RandomState::new(),
            }),
            stop: CancellationToken::new(),
        }
    }

    async fn connect(&self, address: [u8; 4]) -> DuplexStream {
        let place = self.connections.place(address.into()).await.unwrap();
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        tokio::spawn(converse(ours, place, Arc::clone(&self.shared), self.stop.clone()));
        theirs
    }
}

/// With an account whose webhooks are signed over their bodies, so that these are read for every name.
async fn with_forge() -> Scene {
    let config =
        "[accounts.forge]\nservice = \"github\"\nurl = \"http://127.0.0.1:1\"\nwatch = [\"acme/web\"]\n";
    let secrets = [("forge", "token", "t"), ("forge", "webhook_secret", "hush")];
    Scene::open(config, crate::Mode::Once, &secrets).await
}

/// With an account whose webhooks carry its secret.
async fn with_alerts() -> Scene {
    let config = "[accounts.alerts]\nservice = \"alertmanager\"\nurl = \"http://127.0.0.1:1\"\n";
    Scene::open(config, crate::Mode::Once, &[("alerts", "webhook_secret", "hush")]).await
}

/// What a sender sends that never sends the rest.
const SLOW: [&str; 6] = [
    "POST /hooks/forge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx",
    "POST /hooks/forge HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nx",
    "POST /hooks/forge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n",
    "POST /hooks/forge HTTP/1.1\r\nHost: loc",
    "\u{16}\u{3}\u{1}",
    "",
];

#[tokio::test]
async fn slow_senders_hold_up_nobody_however_many() {
    let scene = with_forge().await;
    tokio::time::pause();
    let listener = Listener::of(&scene);
    let began = Instant::now();
    let mut slow = Vec::new();
    let signature = format!("X-Hub-Signature-256: sha256={}\r\n\r\n", "0".repeat(64));
    for number in 0..3 * CONNECTIONS {
        let [.., high, low] = number.to_be_bytes();
        // From one address, then from a new one each.
        let address = if number < CONNECTIONS { [10, 0, 0, 1] } else { [10, 1, high, low] };
        let mut stream = listener.connect(address).await;
        let sent = SLOW[number % SLOW.len()].replacen("\r\n\r\n", &format!("\r\n{signature}"), 1);
        stream.write_all(sent.as_bytes()).await.unwrap();
        slow.push(stream);
        if number % 100 < 99 {
            continue;
        }
        let mut good = listener.connect([10, 0, 0, 1]).await;
        let request =
            format!("POST /hooks/forge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n{signature}{{}}");
        good.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        good.read_to_string(&mut answer).await.unwrap();
        // Its body was read whole: the signature is wrong.
        assert!(answer.starts_with("HTTP/1.1 401"), "{number}: {answer}");
    }
    assert!(began.elapsed() < Duration::from_secs(1), "nobody's time had to run out: {:?}", began.elapsed());
    listener.stop.cancel();
}

/// How a request names its host on the wire -> the status of the response; what is heard is refused for its signature.
#[tokio::test]
async fn request_that_names_another_host_is_refused_in_every_form() {
    let scene = with_forge().await;
    let listener = Listener::of(&scene);
    let cases = [
        ("/hooks/forge", "Host: localhost\r\n", 401),
        ("/hooks/forge", "Host: evil.example\r\n", 421),
        ("/hooks/forge", "", 421),
        ("/hooks/forge", "Host: localhost\r\nHost: evil.example\r\n", 400),
        ("/hooks/forge", "Host: evil.example\r\nHost: localhost\r\n", 400),
        ("http://localhost/hooks/forge", "Host: localhost\r\n", 401),
        ("http://localhost/hooks/forge", "Host: evil.example\r\n", 401),
        ("http://evil.example/hooks/forge", "Host: localhost\r\n", 421),
    ];
    for (target, hosts, expected) in cases {
        let request = format!(
            "POST {target} HTTP/1.1\r\n{hosts}Content-Length: 2\r\nX-Hub-Signature-256: sha256={}\r\n\r\n{{}}",
            "0".repeat(64)
        );
        let mut stream = listener.connect([10, 0, 0, 1]).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{target} {hosts:?}: {answer}");
    }
    listener.stop.cancel();
}

#[tokio::test]
async fn large_bodies_that_stall_hold_up_no_other_large_one() {
    let scene = with_forge().await;
    tokio::time::pause();
    let listener = Listener::of(&scene);
    let head = format!(
        "POST /hooks/forge HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\
         X-Hub-Signature-256: sha256={}\r\n\r\n",
        body::LIMIT,
        "0".repeat(64)
    );
    let part = vec![b'x'; 64 << 10];
    let mut stalled = Vec::new();
    for _ in 0..12 {
        let mut stream = listener.connect([10, 0, 0, 1]).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        // All but the last part, or as much as there is memory for.
        for _ in 0..body::LIMIT / part.len() - 1 {
            if stream.write_all(&part).await.is_err() {
                break;
            }
        }
        stalled.push(stream);
    }
    tokio::time::advance(Duration::from_secs(3)).await;
    let began = Instant::now();
    let answered = async |mut stream: DuplexStream| {
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..body::LIMIT / part.len() {
            stream.write_all(&part).await.unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    for number in 0..5 {
        let answer = answered(listener.connect([10, 0, 0, 2]).await).await;
        // Its body was read whole: the signature is wrong.
        assert!(answer.starts_with("HTTP/1.1 401"), "{number}: {answer}");
    }
    assert!(began.elapsed() < Duration::from_secs(1), "nobody's time had to run out: {:?}", began.elapsed());
    listener.stop.cancel();
}

/// Nobody is behind yet: the one that sends on is read no further until one of the others is, and is not sent away.
#[tokio::test]
async fn a_large_body_that_sends_on_waits_for_those_that_stall_in_their_first_second() {
    let scene = with_forge().await;
    tokio::time::pause();
    let listener = Listener::of(&scene);
    let head = format!(
        "POST /hooks/forge HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\
         X-Hub-Signature-256: sha256={}\r\n\r\n",
        body::LIMIT,
        "0".repeat(64)
    );
    let part = vec![b'x'; 64 << 10];
    let parts = body::LIMIT / part.len();
    let mut steady = listener.connect([10, 0, 0, 2]).await;
    steady.write_all(head.as_bytes()).await.unwrap();
    let mut stalled = Vec::new();
    for _ in 0..7 {
        let mut stream = listener.connect([10, 0, 0, 1]).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        // So that all of them together leave less than the steady one needs.
        for _ in 0..parts * 9 / 10 {
            stream.write_all(&part).await.unwrap();
        }
        stalled.push(stream);
    }
    for number in 0..parts {
        steady.write_all(&part).await.unwrap_or_else(|error| panic!("part {number}: {error}"));
    }
    let mut answer = String::new();
    steady.read_to_string(&mut answer).await.unwrap();
    // Its body was read whole: the signature is wrong.
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    listener.stop.cancel();
}

#[test]
fn remedy_fits_why_an_address_cannot_be_listened_on() {
    use io::ErrorKind as Kind;
    let cases = [
        (Kind::AddrInUse, "stop what has that port"),
        (Kind::PermissionDenied, "a port above 1023"),
        (Kind::AddrNotAvailable, "an address of this computer"),
        (Kind::Other, "another address"),
    ];
    for (kind, expected) in cases {
        let error = ListenError::new(([127, 0, 0, 1], 80).into(), &kind.into());
        assert!(error.remedy.contains(expected), "{error:?}");
        assert!(error.why.starts_with("127.0.0.1:80 cannot be listened on: "), "{error:?}");
    }
}

#[tokio::test]
async fn the_hosts_that_are_served_are_those_of_the_configuration_that_was_bound() {
    let scene = Scene::open("", crate::Mode::Once, &[]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The configuration that is active by now says nothing of webhooks any more.
    let bound = Receive { listen: address, hosts: vec!["hooks.acme.example".to_owned()] };
    let receiver = scene.engine.inner.receiver.clone();
    let (changes, stop) = (receiver.inner.live.changes(), CancellationToken::new());
    let serving = tokio::spawn(serve(listener, receiver, Some(bound), changes, stop.clone()));
    for (host, known) in [("hooks.acme.example", true), ("evil.example", false)] {
        let mut sender = tokio::net::TcpStream::connect(address).await.unwrap();
        // It is read no further than its head: no account takes a GET.
        let request = format!("GET /hooks/pager HTTP/1.1\r\nHost: {host}\r\n\r\n");
        sender.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        sender.read_to_string(&mut answer).await.unwrap();
        let expected = if known { "HTTP/1.1 405" } else { "HTTP/1.1 421" };
        assert!(answer.starts_with(expected), "{host}: {answer}");
    }
    stop.cancel();
    serving.await.unwrap();
    scene.engine.stop().await;
}

/// Whatever is wrong with what is sent, a flood of it writes a few lines, and how many more there were.
#[tokio::test]
async fn a_flood_of_webhooks_that_are_not_read_in_full_is_counted_in_the_log() {
    let alerts = |alerts: &str| format!(r#"{{"version":"4","alerts":[{alerts}]}}"#);
    let nameless = alerts(r#"{"status":"firing","fingerprint":"f1","labels":null,"annotations":null}"#);
    // the secret of who sends, what is sent
    for (secret, body) in
        [("hush", &nameless), ("hush", &alerts("{}")), ("hush", &"{{{".to_owned()), ("guess", &nameless)]
    {
        let scene = with_alerts().await;
        let listener = Listener::of(&scene);
        for _ in 0..40 {
            let mut sender = listener.connect([10, 0, 0, 1]).await;
            let head =
                format!("POST /hooks/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}");
            let request =
                format!("{head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            sender.write_all(request.as_bytes()).await.unwrap();
            sender.read_to_end(&mut Vec::new()).await.unwrap();
        }
        let more = listener.shared.refusals.lock().unwrap().rest();
        assert_eq!(more, 35, "{secret} {body}");
        listener.stop.cancel();
    }
}

/// The secret of who sends, what is sent -> the answer, whether the account is polled, what its page says then.
#[tokio::test]
async fn a_webhook_that_cannot_be_read_is_named_and_has_its_account_polled() {
    let scene = with_alerts().await;
    let listener = Listener::of(&scene);
    let alerts = |alerts: &str| format!(r#"{{"version":"4","alerts":[{alerts}]}}"#);
    let good = r#"{"status":"firing","fingerprint":"f1","labels":{"alertname":"Disk"},"annotations":{},"startsAt":"2026-11-22T20:57:25Z"}"#;
    let cases = [
        ("hush", alerts("{}"), "202", true, Some("`fingerprint` is missing")),
        // The poll for the first one has just begun: there is one more for all that come within a minute.
        ("hush", r#"{"version":"4"}"#.to_owned(), "202", false, Some("`alerts` is missing")),
        ("hush", "{".to_owned(), "202", false, Some("it ends too early")),
        // Neither says anything of whether webhooks can be read.
        ("guess", alerts("{}"), "401", false, Some("3 webhooks could not be read")),
        ("hush", alerts(""), "200", false, Some("3 webhooks could not be read")),
        ("hush", alerts(good), "200", false, None),
        // What can be read of it is stored, and the rest is named.
        ("hush", alerts(&format!("{good},{{}}")), "200", false, Some("a webhook could not be read in full")),
        ("hush", r#"{"version":"4","alerts":null}"#.to_owned(), "200", false, Some("alerts: it is null")),
        ("hush", alerts(good), "200", false, None),
    ];
    for (secret, body, status, is_polled, expected) in cases {
        let mut sender = listener.connect([10, 0, 0, 1]).await;
        let head = format!(
            "POST /hooks/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\nConnection: close\r\n"
        );
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        sender.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        sender.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{body}: {answer}");
        let live = &listener.shared.receiver.inner.live;
        let account = live.now().accounts.get(&AccountName::from("alerts")).cloned().unwrap();
        assert_eq!(account.unread_webhooks.poll_due().now_or_never().is_some(), is_polled, "{body}");
        assert!(account.changed.notified().now_or_never().is_none(), "{body}: one poll is enough");
        let info = scene.engine.accounts(crate::api::AccountsQuery {}).await.unwrap().remove(0);
        let problems: Vec<_> = info.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), usize::from(expected.is_some()), "{body}: {problems:?}");
        let is_said = expected.is_none_or(|words| problems[0].contains(words));
        assert!(is_said, "{body}: {problems:?}");
    }
    listener.stop.cancel();
}

/// What a webhook reported that could not be stored is not recorded, until a poll has seen it or failed.
#[tokio::test]
async fn a_webhook_that_cannot_be_stored_is_not_recorded_until_a_poll_is() {
    use crate::api::{AccountsQuery, Health, PollNow};
    let scene = with_alerts().await;
    let listener = Listener::of(&scene);
    let alert = |number: usize| {
        format!(
            r#"{{"status":"firing","fingerprint":"f{number}","labels":{{"alertname":"Disk{number}"}},"annotations":{{}},"startsAt":"2026-11-22T20:57:25Z"}}"#
        )
    };
    let alerts: Vec<String> = (0..200).map(alert).collect();
    let body = format!(r#"{{"version":"4","alerts":[{}]}}"#, alerts.join(","));
    let request = format!(
        "POST /hooks/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hush\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let health = async || scene.engine.accounts(AccountsQuery {}).await.unwrap().remove(0).health;
    let account = listener.shared.receiver.inner.live.now().accounts[&AccountName::from("alerts")].clone();
    // whether the disk is full -> the answer, whether the account is polled for it
    for (is_full, status, is_polled) in [(true, "503", true), (false, "200", false)] {
        scene.engine.store().limit_growth(is_full.then_some(0)).await;
        let mut sender = listener.connect([10, 0, 0, 1]).await;
        sender.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        sender.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        // The one that was stored says nothing of the other.
        assert!(matches!(health().await, Health::Unrecorded { .. }), "{status}");
        assert_eq!(account.unread_webhooks.poll_due().now_or_never().is_some(), is_polled, "{status}");
    }
    scene.engine.poll_now(PollNow { account: None }).await.unwrap();
    assert!(matches!(health().await, Health::Trouble { .. }), "that it cannot be read is recorded");
    listener.stop.cancel();
}
