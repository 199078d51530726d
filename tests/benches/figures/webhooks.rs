//! Webhooks that are signed, parsed, stored durably and decided upon, on one core, beside Alertmanager taking alerts.

mod payloads;

use std::{sync::atomic::AtomicUsize, time::Duration};

use anyhow::{Result, ensure};
use callboard_tests::{Alertmanager, Callboard};
use rusqlite::Connection;

use self::payloads::{ALERTS_SECRET, FORGE_SECRET, Payloads};
use crate::{
    Args, data,
    figure::{Figure, Goal, Samples},
    load::{self, Load},
    machine,
};

/// How long a sender waits is measured with this many connections,
const CONNECTIONS: usize = 8;
/// and how many webhooks a second can be taken in with this many: a sender waits for the disk, and while few wait,
/// so does the core.
const MANY: usize = 64;

/// What is sent.
#[derive(Clone, Copy, PartialEq)]
enum Sent {
    /// Signed deliveries of GitHub alone: runs and pull requests in turn.
    Github,
    /// Alertmanager's webhooks of version 4 alone, one new alert in each.
    Alerts,
    /// All three in turn.
    Mixed,
}

/// The result of a run: the load, and the program's memory before and after.
struct Ran {
    load: Load,
    before: f64,
    after: f64,
    /// Of a core, per request, in microseconds.
    processor: f64,
}

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let (during, rounds) = if args.quick { (2, 1) } else { (10, 3) };
    let during = Duration::from_secs(during);
    let payloads = Payloads::new();
    let mut few: [Vec<Ran>; 4] = Default::default();
    let mut many: [Vec<Ran>; 4] = Default::default();
    // In turns, so that what else the machine does falls on all.
    for _ in 0..rounds {
        for (ran, connections) in [(&mut few, CONNECTIONS), (&mut many, MANY)] {
            for (ran, sent) in ran.iter_mut().zip([Sent::Alerts, Sent::Github, Sent::Mixed]) {
                ran.push(callboard(&payloads, sent, connections, during)?);
            }
            ran[3].push(alertmanager(&payloads, connections, during)?);
        }
    }
    let [alerts, github, mixed, peer] = few;
    let [alerts_of_many, github_of_many, mixed_of_many, peer_of_many] = many;

    let on = format!(
        "{MANY} keep-alive connections for {} s, {rounds} runs on fresh stores, `callboard serve` on one core and the client off it; answered 200 = on the disk and decided by the built-in rules and two of a person's; every acknowledged one was found in the store",
        during.as_secs()
    );
    let peers = "the peer: Alertmanager on the same core, POST /api/v2/alerts, one new alert each, grouped as by default, in memory only";
    let beside = "Alertmanager";
    let [small, large] = payloads.sizes();
    let processor = |ran: &[Ran]| Samples::new(ran.iter().map(|ran| ran.processor).collect());
    let figures = |name: &str, goal: Option<f64>, what: &str, ran: &[Ran], of_many: &[Ran]| {
        let times: Vec<Duration> = ran.iter().flat_map(|ran| ran.load.times.iter().copied()).collect();
        let mut rate = Figure::new(
            format!("webhooks per second: {name}"),
            "1/s",
            rates(of_many),
            format!("{what}; {on}; {peers}"),
        );
        if let Some(goal) = goal {
            rate = rate.goal(Goal::AtLeast(goal));
        }
        let time = Figure::new(
            format!("webhook answered: {name}"),
            "ms",
            Samples::millis(&times),
            format!("{what}; {CONNECTIONS} connections"),
        );
        let used = Figure::new(
            format!("processor time per webhook: {name}"),
            "us",
            processor(of_many),
            "user and system; what else the machine does weighs on it far less than on the others",
        );
        [
            used.beside(beside, processor(&peer_of_many).median()),
            rate.beside(beside, rates(&peer_of_many).median()),
            time.beside(beside, peer_time(&peer)).goal(Goal::P99(8.0)),
        ]
    };
    let memory = |name: &str, of: fn(&Ran) -> f64, what: &str| {
        let after = Samples::new(mixed.iter().map(of).collect());
        Figure::new(name, "MB", after, what)
            .beside("Alertmanager", Samples::new(peer.iter().map(of).collect()).median())
    };
    let mut all = Vec::new();
    all.extend(figures(
        "Alertmanager's",
        Some(13_000.0),
        &format!("version 4 with one new alert, {small} bytes, bearer token"),
        &alerts,
        &alerts_of_many,
    ));
    all.extend(figures(
        "GitHub's",
        Some(9_000.0),
        &format!("workflow_run and pull_request in turn, about {large} bytes, HMAC-SHA256"),
        &github,
        &github_of_many,
    ));
    all.extend(figures(
        "mixed",
        None,
        "workflow_run, pull_request and Alertmanager's in turn",
        &mixed,
        &mixed_of_many,
    ));
    all.push(memory(
        "memory before the webhooks",
        |ran| ran.before,
        "resident, `callboard serve` just started; the mixed runs",
    ));
    all.push(memory("memory after the webhooks", |ran| ran.after, "resident, at the end of a mixed run"));
    Ok(all)
}

/// Seconds of processor time in microseconds per request.
fn each(seconds: f64, load: &Load) -> f64 {
    seconds * 1e6 / load.times.len() as f64
}

fn rates(ran: &[Ran]) -> Samples {
    Samples::new(ran.iter().map(|ran| ran.load.per_second()).collect())
}

fn peer_time(peer: &[Ran]) -> f64 {
    let times: Vec<Duration> = peer.iter().flat_map(|ran| ran.load.times.iter().copied()).collect();
    Samples::millis(&times).median()
}

fn callboard(payloads: &Payloads, sent: Sent, connections: usize, during: Duration) -> Result<Ran> {
    let config = format!(
        "[receive]\nlisten = \"127.0.0.1:0\"\n{}{}",
        data::ACCOUNTS,
        // Nothing is polled: the only events are those that are sent.
        data::RULES
    );
    let config = config.replace("service = \"github\"", "service = \"github\"\nurl = \"http://127.0.0.1:9\"");
    let secrets = [
        ("CALLBOARD_SECRET_FORGE_TOKEN", "bench"),
        ("CALLBOARD_SECRET_FORGE_WEBHOOK_SECRET", FORGE_SECRET),
        ("CALLBOARD_SECRET_ALERTS_WEBHOOK_SECRET", ALERTS_SECRET),
    ];
    let callboard = Callboard::new(&config)?.env(secrets);
    machine::served_on_one_core(
        || callboard.serve(),
        |serving| {
            let address = serving.url().trim_start_matches("http://").to_owned();
            let make = |number: usize| match (sent, number % 3) {
                (Sent::Alerts, _) => payloads.alert_hook(number),
                (Sent::Github, _) if number.is_multiple_of(2) => payloads.run(number / 2),
                (Sent::Github, _) => payloads.pull(number / 2),
                (Sent::Mixed, 0) => payloads.run(number / 3),
                (Sent::Mixed, 1) => payloads.pull(number / 3),
                (Sent::Mixed, _) => payloads.alert_hook(number / 3),
            };
            let next = AtomicUsize::new(0);
            let before = machine::memory(serving.id())?.0;
            let used = machine::processor_time(serving.id())?;
            let load = load::drive(&address, connections, during, &next, make)?;
            let after = machine::memory(serving.id())?.0;
            let processor = each(machine::processor_time(serving.id())? - used, &load);
            ensure!(
                load.refused.0 == 0,
                "{} were refused with {}:\n{}",
                load.refused.0,
                load.refused.1,
                serving.output()
            );
            // As after a power cut: what is acknowledged is there.
            serving.kill()?;
            let stored = stored(&callboard)?;
            ensure!(
                stored == load.times.len(),
                "{} were acknowledged, and {stored} are stored",
                load.times.len()
            );
            Ok(Ran { load, before, after, processor })
        },
    )
}

/// How many of what is sent are stored: GitHub's by delivery, Alertmanager's by alert.
fn stored(callboard: &Callboard) -> Result<usize> {
    let conn = Connection::open(callboard.data().join("callboard.db"))?;
    let sql = "SELECT (SELECT count(*) FROM hooks) + (SELECT count(*) FROM items WHERE account = 'alerts')";
    Ok(usize::try_from(conn.query_row(sql, [], |row| row.get::<_, i64>(0))?)?)
}

fn alertmanager(payloads: &Payloads, connections: usize, during: Duration) -> Result<Ran> {
    machine::served_on_one_core(Alertmanager::start_plain, |alertmanager| {
        let address = alertmanager.url().trim_start_matches("http://").to_owned();
        let next = AtomicUsize::new(0);
        let before = machine::memory(alertmanager.id())?.0;
        let used = machine::processor_time(alertmanager.id())?;
        let load = load::drive(&address, connections, during, &next, |number| payloads.alert(number))?;
        let after = machine::memory(alertmanager.id())?.0;
        let processor = each(machine::processor_time(alertmanager.id())? - used, &load);
        ensure!(load.refused.0 == 0, "Alertmanager refused {} with {}", load.refused.0, load.refused.1);
        Ok(Ran { load, before, after, processor })
    })
}
