//! SIGKILL at random moments: nothing that was acknowledged is lost, nothing is posted twice, nothing is run again.
//!
//! More than a hundred kills in all. The moments come from a seed that is printed; `CALLBOARD_TEST_SEED` repeats one.

#![allow(clippy::print_stdout, reason = "what a failing test needs to be repeated is printed")]

use std::{
    collections::BTreeMap,
    net::TcpListener,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};
use callboard_tests::{Answer, Callboard, Emulator, Server, Serving, StandIn, http, wait_until, webhook};
use serde_json::{Value, json};

const KILLS: u64 = 35;
const SECRET: &str = "hush";
/// Slack takes one message a second in a channel: with several, what waits is soon posted.
const CHANNELS: u64 = 8;
/// How long the last daemon may take to post what was left.
const FLUSH_TIME: Duration = Duration::from_secs(60);

/// Numbers that look random, the same for the same seed (xorshift64*).
struct SeededRandom(u64);

impl SeededRandom {
    fn new(instance: u64) -> SeededRandom {
        let from_environment = std::env::var("CALLBOARD_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs());
        let seed = from_environment.unwrap_or_else(now);
        println!("instance {instance}: CALLBOARD_TEST_SEED={seed}");
        SeededRandom((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (instance << 32))
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }

    fn moment(&mut self, longest_ms: u64) -> Duration {
        Duration::from_millis(self.below(longest_ms))
    }
}

/// A port that stays the same over restarts, and that no outgoing connection gets meanwhile.
fn port(random: &mut SeededRandom) -> Result<u16> {
    wait_until("a free port", FLUSH_TIME, || {
        let port = u16::try_from(20_000 + random.below(12_000)).ok()?;
        TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(port)
    })
}

/// Makes the channels `NAME-0`, `NAME-1`, ... of an instance.
fn make_channels(emulator: &Emulator, name: &str) -> Result<()> {
    for number in 0..CHANNELS {
        let channel = json!({ "name": format!("{name}-{number}") });
        emulator.slack(Emulator::ANA, "conversations.create", &channel)?;
    }
    Ok(())
}

/// The texts in the channels of an instance.
fn posted(emulator: &Emulator, name: &str) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for number in 0..CHANNELS {
        for message in emulator.messages(&format!("{name}-{number}"))? {
            texts.push(message["text"].as_str().context("a message has a text")?.to_owned());
        }
    }
    Ok(texts)
}

fn callboard(config: &str) -> Result<Callboard> {
    Ok(Callboard::new(config)?.env([
        ("CALLBOARD_SECRET_FORGE_TOKEN", "t0ken"),
        ("CALLBOARD_SECRET_FORGE_WEBHOOK_SECRET", SECRET),
        ("CALLBOARD_SECRET_CHAT_TOKEN", Emulator::BOT),
    ]))
}

/// The emulator's Slack, as slow as a real one: a message is there for a while before its sender gets the answer.
fn slow_slack(emulator: &Emulator, instance: u64) -> Result<StandIn> {
    let (base, moments) = (emulator.slack_url().to_owned(), Mutex::new(SeededRandom::new(300 + instance)));
    StandIn::start(move |request| {
        let pause = || thread::sleep(moments.lock().map_or(Duration::ZERO, |mut it| it.moment(80)));
        pause();
        let answer = http::forward(request, &base);
        pause();
        answer.map_or_else(
            |_| Answer::nothing(),
            |answer| Answer::new(answer.status, &[("Content-Type", "application/json")], &answer.body),
        )
    })
}

fn accounts(forge: &str, slack: &StandIn) -> String {
    format!(
        "[accounts.forge]\nservice = \"github\"\nurl = \"{forge}\"\nwatch = [\"acme/web\"]\nevery = \"24h\"\n\
         [accounts.chat]\nservice = \"slack\"\nurl = \"{}/api\"\n[secrets]\nstore = \"env\"\n",
        slack.url()
    )
}

/// Starts the daemon without waiting for it.
fn start(callboard: &Callboard, log: &str) -> Result<Server> {
    Server::spawn("callboard serve", callboard.command(&["serve"]), &callboard.folder().join(log))
}

fn ready(daemon: &mut Server) -> Result<()> {
    daemon.ready_line(|line| line.starts_with("serving ").then_some(()))
}

/// Lets a last daemon post what was left, for a limited time.
fn flush(callboard: &Callboard) -> Result<()> {
    let serving = callboard.serve()?;
    wait_until("everything to be posted", FLUSH_TIME, || {
        let left = callboard.json(&["deliveries", "--pending", "--limit", "1000"]).ok()?;
        (left == [json!([])]).then_some(())
    })
    .with_context(|| format!("{:#?}", callboard.json(&["deliveries", "--pending"])))?;
    ensure!(serving.stop()?.success());
    Ok(())
}

/// Sends pull requests 1, 2, 3, ... until `stop`; records which were acknowledged.
fn send(url: &str, stop: &AtomicBool, acknowledged: &Mutex<Vec<u64>>) -> Result<()> {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let body = webhook::opened("acme/web", number, &format!("change-{number}."));
        let delivery = format!("d-{number}");
        // Where nothing listens, the same one is sent again: only acknowledged ones must be stored.
        match webhook::github(url, SECRET, "pull_request", &delivery, &body) {
            Ok(answer) if answer.status == 200 => {
                acknowledged.lock().ok().context("the list")?.push(number);
                // A service sends now and then, not as fast as it can.
                thread::sleep(Duration::from_millis(50));
            }
            Ok(answer) => ensure!(answer.status == 503, "{}: {}", answer.status, answer.body),
            Err(_) => {
                number -= 1;
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
    Ok(())
}

fn ingest_and_post(instance: u64, emulator: &Emulator) -> Result<()> {
    let mut random = SeededRandom::new(instance);
    let (name, port) = (format!("ingest{instance}"), port(&mut random)?);
    make_channels(emulator, &name)?;
    let rule = format!(
        "[receive]\nlisten = \"127.0.0.1:{port}\"\n[[rules]]\nname = \"opened\"\nwhen = 'event == \"opened\"'\n\
         do = \"show\"\npost = [\"chat:#{name}-{{{{ item.number % {CHANNELS} }}}}\"]\n"
    );
    let callboard =
        callboard(&format!("{}{rule}", accounts("http://127.0.0.1:1", &slow_slack(emulator, instance)?)))?;
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    thread::scope(|scope| -> Result<()> {
        let url = format!("http://127.0.0.1:{port}/hooks/forge");
        let sender = scope.spawn({
            let (stop, acknowledged) = (&stop, &acknowledged);
            move || send(&url, stop, acknowledged)
        });
        let kill = |kills: u64, random: &mut SeededRandom| -> Result<()> {
            let mut daemon = start(&callboard, &format!("serve-{kills}.log"))?;
            // Most are killed while they serve, some while they start and recover what the last one left.
            if random.below(4) > 0 {
                ready(&mut daemon)?;
            }
            thread::sleep(random.moment(250));
            daemon.kill()
        };
        let killed = (0..KILLS).try_for_each(|kills| kill(kills, &mut random));
        stop.store(true, Ordering::Relaxed);
        sender.join().map_err(|_| anyhow::anyhow!("the sender panicked"))??;
        killed
    })?;
    flush(&callboard)?;

    let mut events: BTreeMap<String, u32> = BTreeMap::new();
    for event in callboard.events()? {
        assert_eq!(event["name"], "opened", "{event}");
        *events.entry(event["item"].as_str().context("an event has an item")?.to_owned()).or_default() += 1;
    }
    let acknowledged = acknowledged.into_inner().ok().context("the list")?;
    println!("{KILLS} kills, {} acknowledged, {} stored", acknowledged.len(), events.len());
    assert!(acknowledged.len() >= 20, "too few to mean anything: {}", acknowledged.len());
    for number in acknowledged {
        let key = format!("forge/pull_request/acme/web#{number}");
        assert_eq!(events.get(&key), Some(&1), "{key} was acknowledged");
    }
    assert!(events.values().all(|count| *count == 1), "{events:?}");

    let texts = posted(emulator, &name)?;
    for key in events.keys() {
        let number = key.rsplit('#').next().unwrap_or_default();
        let posts = texts.iter().filter(|text| text.contains(&format!("change-{number}."))).count();
        assert_eq!(posts, 1, "{key} is posted once");
    }
    assert_eq!(texts.len(), events.len());
    Ok(())
}

fn runs(instance: u64, emulator: &Emulator) -> Result<()> {
    let mut random = SeededRandom::new(100 + instance);
    let name = format!("runs{instance}");
    make_channels(emulator, &name)?;
    let moments = Arc::new(Mutex::new(SeededRandom::new(200 + instance)));
    let forge = StandIn::start(move |request| match request.method.as_str() {
        "POST" => {
            // The effect has happened; the answer may come too late for the client.
            let moment = moments.lock().map_or(Duration::ZERO, |mut random| random.moment(60));
            thread::sleep(moment);
            Answer::json(201, &json!({ "id": 1, "html_url": "https://github.com/acme/web/pull/1" }))
        }
        _ if request.path.starts_with("/user") => Answer::json(200, &json!({ "login": "ana" })),
        _ => Answer::json(200, &json!([])),
    })?;
    let callboard = callboard(&accounts(forge.url(), &slow_slack(emulator, instance)?))?;
    for kills in 0..KILLS {
        let channel = format!("chat:#{name}-{}", kills % CHANNELS);
        let line = format!("pr comment acme/web#1 note-{kills}.");
        let mut run = callboard.command(&["run", "--channel", &channel, &line]);
        run.stdout(Stdio::null()).stderr(Stdio::null());
        // By turns the command line runs it in the daemon, and by itself.
        if kills % 2 == 0 {
            let mut daemon = start(&callboard, &format!("serve-{kills}.log"))?;
            ready(&mut daemon)?;
            let mut run = run.spawn()?;
            thread::sleep(random.moment(350));
            daemon.kill()?;
            // The command line may be about to take the free store itself: it is killed too.
            run.kill()?;
            run.wait()?;
        } else {
            let mut run = run.spawn()?;
            thread::sleep(random.moment(450));
            run.kill()?;
            run.wait()?;
        }
    }
    flush(&callboard)?;

    let sent: Vec<String> =
        forge.requests().into_iter().filter(|it| it.method == "POST").map(|it| it.body).collect();
    let texts = posted(emulator, &name)?;
    let runs = callboard.json(&["runs", "--limit", "1000"])?;
    let runs = runs[0].as_array().context("a list of runs")?;
    let mut states: BTreeMap<&str, u32> = BTreeMap::new();
    for kills in 0..KILLS {
        let note = format!("note-{kills}.");
        let of_it: Vec<&Value> = runs.iter().filter(|run| run["line"].to_string().contains(&note)).collect();
        let effects = sent.iter().filter(|body| body.contains(&note)).count();
        let posts = texts.iter().filter(|text| text.contains(&note)).count();
        assert!(of_it.len() <= 1, "{of_it:#?}");
        assert!(effects <= 1, "{note} was done {effects} times");
        let Some(run) = of_it.first() else {
            assert_eq!((effects, posts), (0, 0), "{note} was not recorded, so it must not have begun");
            continue;
        };
        let state = run["state"]["state"].as_str().context("a run has a state")?;
        *states.entry(state).or_default() += 1;
        match state {
            "done" => assert_eq!(effects, 1, "{run:#?}"),
            "unknown" => {}
            other => panic!("{note} is {other}: {run:#?}"),
        }
        assert_eq!(posts, 1, "{note} is posted once: {run:#?}");
    }
    println!("{KILLS} kills: {states:?}");
    assert_eq!(texts.len(), runs.len());
    Ok(())
}

/// Plays two instances at once, against the same services.
fn both(play: fn(u64, &Emulator) -> Result<()>) -> Result<()> {
    let emulator = Emulator::start()?;
    thread::scope(|scope| {
        let players = [0, 1].map(|instance| {
            scope.spawn({
                let emulator = &emulator;
                move || play(instance, emulator)
            })
        });
        for player in players {
            player.join().map_err(|panic| match panic.downcast::<String>() {
                Ok(what) => anyhow::anyhow!(what),
                Err(_) => anyhow::anyhow!("it panicked"),
            })??;
        }
        Ok(())
    })
}

#[test]
fn acknowledged_webhook_is_stored_once_and_posted_once() -> Result<()> {
    both(ingest_and_post)
}

#[test]
fn run_executes_at_most_once_and_is_posted_once() -> Result<()> {
    both(runs)
}

/// The system releases the lock of a process that is gone, however it ended: nothing has to be cleaned up.
#[test]
fn store_of_a_killed_process_goes_to_the_next() -> Result<()> {
    let callboard = Callboard::new("")?;
    let others_are_refused = |owner: &Serving| -> Result<()> {
        let refused = callboard.cmd(&["serve"])?;
        let owner = format!("(process {}, serving) is using the store", owner.id());
        ensure!(refused.code == Some(2) && refused.stderr.contains(&owner), "{refused:?}");
        Ok(())
    };
    let first = callboard.serve()?;
    others_are_refused(&first)?;
    first.kill()?;
    let next = callboard.serve()?;
    others_are_refused(&next)?;
    ensure!(next.stop()?.success());
    Ok(())
}

/// A store that was there before, and is open: another program reads it and closes it again.
#[test]
fn what_is_written_after_another_program_looked_at_the_store_is_kept() -> Result<()> {
    let callboard = Callboard::new("")?;
    callboard.serve()?.stop()?;
    let serving = callboard.serve()?;
    let other = rusqlite::Connection::open(callboard.data().join("callboard.db"))?;
    let _: i64 = other.query_row("SELECT count(*) FROM room", [], |row| row.get(0))?;
    other.close().map_err(|(_, error)| error)?;
    assert_eq!(callboard.cmd(&["post", "room:general", "still here"])?.code, Some(0));
    serving.kill()?;
    let kept = callboard.cmd(&["room"])?.stdout;
    assert!(kept.contains("still here"), "{kept}");
    Ok(())
}
