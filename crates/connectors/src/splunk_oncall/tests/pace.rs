//! How fast it is asked, whoever asks: in a time that is stopped.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use reqwest::Method;
use tokio::time::{Instant, sleep_until};

use super::*;
use crate::{
    http::{Client, Request},
    splunk_oncall::client::call,
};

/// "2 requests per second", and "a maximum of 6 times per minute" of each call.
const LIMITS: [(usize, Duration); 2] = [(2, Duration::from_secs(1)), (6, Duration::from_secs(60))];

fn api(method: Method, path: &str) -> (Method, Request) {
    let path = format!("api-public/v1/{path}");
    (method.clone(), Request::new(method, path.split('/')))
}

#[test]
fn call_is_counted_by_its_path_without_ids() {
    let cases = [
        ("incidents", "incidents"),
        ("incidents/42", "incidents/*"),
        ("incidents/ack", "incidents/ack"),
        ("incidents/reroute", "incidents/reroute"),
        ("incidents/42/notes", "incidents/*/notes"),
        ("policies/pol-1/oncall/user", "policies/*/oncall/user"),
        ("user/ana", "user/*"),
        ("oncall/current", "oncall/current"),
        ("chat", "chat"),
    ];
    for (path, expected) in cases {
        assert_eq!(call(&api(Method::GET, path).1), format!("api-public/v1/{expected}"), "{path}");
    }
    assert_eq!(call(&Request::get(["status"])), "status");
}

/// No window of that length holds more than that many.
fn assert_within(what: &str, begun: &[Instant], (most, within): (usize, Duration)) {
    for turns in begun.windows(most + 1) {
        let span = turns[most] - turns[0];
        assert!(span >= within, "{what}: {} within {span:?}", most + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn polls_and_commands_together_keep_the_limits() {
    let service =
        config("http://127.0.0.1:9").connect(Access { client: Client::new().unwrap(), ..access(&FIELDS) });
    let http = service.unwrap().http.unwrap();
    let start = Instant::now();
    // Polls every ten seconds, as often as is allowed, and webhooks among them; five incidents acknowledged at once, one of
    // them with a note; twice who is on call.
    let mut asked: Vec<(u64, (Method, Request))> = Vec::new();
    asked.extend((0..18).map(|poll| (poll * 10, api(Method::GET, "incidents"))));
    asked.extend([31, 32].map(|at| (at, api(Method::GET, "incidents"))));
    for incident in 41..46 {
        asked.push((30, api(Method::GET, &format!("incidents/{incident}"))));
        asked.push((30, api(Method::PATCH, "incidents/ack")));
    }
    asked.push((33, api(Method::POST, "chat")));
    asked.extend([33, 34].map(|at| (at, api(Method::GET, "oncall/current"))));
    let turns = asked.into_iter().map(|(at, (method, request))| {
        let http = http.clone();
        async move {
            sleep_until(start + Duration::from_secs(at)).await;
            http.take_turn(&request, &method).await;
            (Instant::now(), format!("{method} {}", call(&request)))
        }
    });
    let mut begun: Vec<(Instant, String)> = join_all(turns).await;
    begun.sort();
    let all: Vec<_> = begun.iter().map(|(at, _)| *at).collect();
    assert_within("all", &all, LIMITS[0]);
    let mut calls: BTreeMap<&str, Vec<Instant>> = BTreeMap::new();
    for (at, call) in &begun {
        calls.entry(call).or_default().push(*at);
    }
    for (call, begun) in &calls {
        assert_within(call, begun, LIMITS[1]);
    }
    // What is not used up goes through while the list waits for its turn.
    let acks = &calls["PATCH api-public/v1/incidents/ack"];
    assert!(acks.len() == 5 && *acks.last().unwrap() < start + Duration::from_secs(40), "{:?}", begun);
}
