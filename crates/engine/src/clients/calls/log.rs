//! An item's log: the part that says why it failed, and the whole as it comes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_domain::{
    action::{Action, Progress},
    command::{self, Args, Role},
    error::ServiceError,
    item::{AccountName, ItemKey},
    log,
    message::Block,
    run::Outcome,
    text,
};
use jiff::Timestamp;
use tokio::{sync::watch, time::Instant};

use super::LONG_POLL;
use crate::{
    Engine,
    api::{ApiError, FollowLog, ItemLog, LogLine, LogProgress, LogTail},
    commands::registry::Entry,
    system::supervise::catch_panic,
};

/// How long a service may take to give a log; what has come by then is shown.
const LOG_TIME: Duration = Duration::from_secs(10);
/// How many lines of a log are shown in a detail.
const LOG_LINES: usize = 200;
/// The most of a log that is kept while it comes, in bytes: its end.
const LOG_KEPT: usize = 1 << 20;
/// The argument with which a log command gives the whole log.
const WHOLE: &str = "whole";
/// The most lines of a whole log that are kept, and the most bytes: its end.
const LINES_KEPT: usize = 50_000;
const BYTES_KEPT: usize = 8 << 20;
/// Characters of a line.
const WIDTH: usize = 2_000;
/// The most lines in one answer: a long log comes in several.
const LINES_EACH: usize = 5_000;
/// A reading that no client follows ends after this time.
const UNWATCHED: Duration = Duration::from_secs(60);

/// The command that reads an item's log, with its arguments.
struct Reader {
    account: AccountName,
    action: Arc<dyn Action>,
    args: Args,
    timeout: Duration,
}

impl Engine {
    pub(crate) async fn item_log(&self, query: ItemLog) -> Result<Option<LogTail>, ApiError> {
        let Some(reader) = self.log_reader(&query.item, false).await? else { return Ok(None) };
        let tail = OutputTail::default();
        // This is a read, not a run: nothing is recorded and nobody is notified.
        let asked = reader.action.run(&reader.args, Timestamp::now(), &tail);
        let outcome = match tokio::time::timeout(LOG_TIME, asked).await {
            Ok(Ok(outcome)) => Some(outcome),
            Ok(Err(error)) => return Err(service(&reader.account, error)),
            Err(_) => None,
        };
        let mut log = tail.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        if log.trim().is_empty() {
            let Some(outcome) = outcome else {
                let why = format!("its log did not come within {} s", LOG_TIME.as_secs());
                return Err(service(&reader.account, ServiceError::unavailable(why)));
            };
            log = text_of(&outcome);
        }
        let tail = log::tail(&log, LOG_LINES);
        let line = |line: log::Line| LogLine { text: line.text, error: line.error };
        Ok(Some(LogTail { lines: tail.lines.into_iter().map(line).collect(), cut: tail.cut }))
    }

    pub(crate) async fn follow_log(&self, query: FollowLog) -> Result<Option<LogProgress>, ApiError> {
        let number = match query.reading {
            Some(number) => number,
            None => {
                let Some(reader) = self.log_reader(&query.item, true).await? else { return Ok(None) };
                self.read_log(reader)
            }
        };
        let reading = self.inner.logs.get(number).ok_or_else(|| {
            ApiError::usage("this log was not followed for a minute, so reading it was ended; open it again")
        })?;
        let mut changes = reading.changed.subscribe();
        let seen = usize::try_from(query.seen).unwrap_or(usize::MAX);
        if !reading.with(|log| log.over || log.total() > seen) {
            let _ = tokio::time::timeout(LONG_POLL, changes.changed()).await;
        }
        let progress = reading.with(|log| {
            log.asked_at = Instant::now();
            let from = seen.saturating_sub(log.dropped).min(log.lines.len());
            let lines: Vec<LogLine> = log.lines.iter().skip(from).take(LINES_EACH).cloned().collect();
            let seen = log.dropped + from + lines.len();
            LogProgress {
                reading: number,
                lines,
                seen: seen as u64,
                dropped: log.dropped as u64,
                over: log.over && seen == log.total(),
                error: log.error.clone(),
            }
        });
        if progress.over {
            self.inner.logs.end(number);
        }
        Ok(Some(progress))
    }

    /// The command that reads this item's log; `None` where there is none.
    async fn log_reader(&self, key: &ItemKey, whole: bool) -> Result<Option<Reader>, ApiError> {
        let stored = self.store().item(key).await.map_err(ApiError::internal)?;
        let item =
            stored.ok_or_else(|| ApiError::usage(format!("there is no item {:?}", key.to_string())))?.item;
        let active = self.active();
        let shows = |entry: &&Entry| {
            entry.spec.role == Some(Role::Log)
                && command::applies_to(&entry.spec, &item)
                && entry.runner(Some(&item.key.account)).is_ok()
        };
        let Some(entry) = active.registry.entries().iter().find(shows) else { return Ok(None) };
        let (_, action) = entry.runner(Some(&item.key.account))?;
        let mut line = command::prefill(&entry.spec, &item);
        if whole && entry.spec.args.iter().any(|arg| arg.name == WHOLE) {
            line.push_str(" --whole");
        }
        let (_, parsed) = active.registry.parse(&line)?;
        let mut args: Args = parsed.args;
        self.inner.runner.resolve_items(entry, Some(&item.key.account), &mut args).await?;
        let (account, timeout) = (item.key.account.clone(), entry.spec.timeout);
        Ok(Some(Reader { account, action: Arc::clone(&action), args, timeout }))
    }

    /// Reads a log in a task of its own, for as long as somebody asks for it.
    fn read_log(&self, reader: Reader) -> u64 {
        let (number, reading) = self.inner.logs.begin();
        let engine = self.clone();
        self.inner.tasks.spawn("the reading of a log", async move {
            let stopping = engine.stopping();
            let asked = catch_panic(reader.action.run(&reader.args, Timestamp::now(), &*reading));
            let ended = tokio::select! {
                ended = tokio::time::timeout(reader.timeout, asked) => Some(ended),
                () = reading.unwatched() => None,
                () = stopping.cancelled() => None,
            };
            reading.end(match ended {
                Some(Ok(Ok(Ok(outcome)))) => Ok(Some(outcome)),
                Some(Ok(Ok(Err(error)))) => Err(error),
                Some(Ok(Err(panicked))) => Err(ServiceError::unavailable(panicked.to_string())),
                Some(Err(_)) => {
                    let why = format!("it did not end within {} s", reader.timeout.as_secs());
                    Err(ServiceError::unavailable(why))
                }
                None => Ok(None),
            });
            // Its end is asked for once more; a client that is gone does not.
            reading.unwatched().await;
            engine.inner.logs.end(number);
        });
        number
    }
}

fn service(account: &AccountName, error: ServiceError) -> ApiError {
    ApiError::Service { account: account.to_string(), error }
}

/// The log in an outcome, where an action returns it at once instead of as output.
fn text_of(outcome: &Outcome) -> String {
    let code = outcome.blocks.iter().filter_map(|block| match block {
        Block::Code(code) => Some(code.as_str()),
        _ => None,
    });
    let log = code.collect::<Vec<_>>().join("\n");
    if log.trim().is_empty() { outcome.summary.clone() } else { log }
}

/// The end of what an action puts out.
#[derive(Default)]
struct OutputTail(Mutex<String>);

impl Progress for OutputTail {
    fn status(&self, _: &str) {}

    fn output(&self, text: &str) {
        let mut tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tail.push_str(text);
        if tail.len() > 2 * LOG_KEPT {
            let from = tail.ceil_char_boundary(tail.len() - LOG_KEPT);
            tail.drain(..from);
        }
    }
}

/// The logs that are being read for somebody who looks at them.
#[derive(Default)]
pub(crate) struct LogReads(Mutex<(u64, BTreeMap<u64, Arc<LogRead>>)>);

impl LogReads {
    fn all(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Arc<LogRead>>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> (u64, Arc<LogRead>) {
        let reading = Arc::new(LogRead::new());
        let mut all = self.all();
        all.0 += 1;
        let number = all.0;
        all.1.insert(number, Arc::clone(&reading));
        (number, reading)
    }

    fn get(&self, number: u64) -> Option<Arc<LogRead>> {
        self.all().1.get(&number).cloned()
    }

    fn end(&self, number: u64) {
        self.all().1.remove(&number);
    }
}

/// A log while it is read.
struct LogRead {
    log: Mutex<WholeLog>,
    changed: watch::Sender<u64>,
}

/// The lines of a log that have come.
struct WholeLog {
    lines: VecDeque<LogLine>,
    /// How many bytes they are.
    bytes: usize,
    /// How many lines before them are not kept any more.
    dropped: usize,
    /// What has come of a line that has not ended.
    begun: String,
    over: bool,
    error: Option<ServiceError>,
    asked_at: Instant,
}

impl WholeLog {
    fn total(&self) -> usize {
        self.dropped + self.lines.len()
    }

    fn add(&mut self, piece: &str) {
        let text = std::mem::take(&mut self.begun) + piece;
        let mut rest = text.as_str();
        while let Some((line, after)) = rest.split_once('\n') {
            self.push(line.trim_end());
            rest = after;
        }
        self.begun = rest.to_owned();
        // One without an end is cut.
        if self.begun.len() > 16 * WIDTH {
            let line = std::mem::take(&mut self.begun);
            self.push(&line);
        }
    }

    fn push(&mut self, line: &str) {
        let text = text::block(line, WIDTH);
        self.bytes += text.len();
        self.lines.push_back(LogLine { error: log::is_error(&text), text });
        while self.lines.len() > LINES_KEPT || self.bytes > BYTES_KEPT {
            let Some(line) = self.lines.pop_front() else { break };
            self.bytes -= line.text.len();
            self.dropped += 1;
        }
    }
}

impl LogRead {
    fn new() -> Self {
        let log = WholeLog {
            lines: VecDeque::new(),
            bytes: 0,
            dropped: 0,
            begun: String::new(),
            over: false,
            error: None,
            asked_at: Instant::now(),
        };
        Self { log: Mutex::new(log), changed: watch::Sender::default() }
    }

    fn with<T>(&self, look: impl FnOnce(&mut WholeLog) -> T) -> T {
        look(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn wake(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Ends once nobody has asked for it for a while.
    async fn unwatched(&self) {
        loop {
            let until = self.with(|log| log.asked_at) + UNWATCHED;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn end(&self, ended: Result<Option<Outcome>, ServiceError>) {
        self.with(|log| {
            let begun = std::mem::take(&mut log.begun);
            if !begun.trim().is_empty() {
                log.push(&begun);
            }
            match ended {
                Ok(Some(outcome)) if log.total() == 0 => {
                    text_of(&outcome).lines().for_each(|line| log.push(line))
                }
                Ok(_) => {}
                Err(error) => log.error = Some(error),
            }
            log.over = true;
        });
        self.wake();
    }
}

impl Progress for LogRead {
    fn status(&self, _: &str) {}

    fn output(&self, piece: &str) {
        // Escapes are taken out of the whole piece: they may go over lines.
        let piece = text::block(piece, usize::MAX);
        self.with(|log| log.add(&piece));
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_is_split_into_whole_lines() {
        // pieces -> lines, which of them are errors
        let cases: [(&[&str], &[&str], &[usize]); 5] = [
            (&["one\ntw", "o\nthr", "ee"], &["one", "two", "three"], &[]),
            (&["a\r\n\n", "error: b\n"], &["a", "", "error: b"], &[2]),
            (&["\u{1b}[31merror\u{1b}[0m: x\n"], &["error: x"], &[0]),
            (&["\n"], &[""], &[]),
            (&[], &["it passed"], &[]),
        ];
        for (pieces, lines, errors) in cases {
            let reading = LogRead::new();
            pieces.iter().for_each(|piece| reading.output(piece));
            reading.end(Ok(Some(Outcome::ok("it passed"))));
            reading.with(|log| {
                let text: Vec<_> = log.lines.iter().map(|line| line.text.as_str()).collect();
                assert_eq!(text, lines, "{pieces:?}");
                let marked: Vec<_> = (0..lines.len()).filter(|at| log.lines[*at].error).collect();
                assert_eq!((marked.as_slice(), log.over), (errors, true), "{pieces:?}");
            });
        }
    }

    #[test]
    fn long_log_keeps_its_end_and_long_line_is_cut() {
        let reading = LogRead::new();
        let numbers: String = (0..LINES_KEPT + 10).map(|n| format!("{n}\n")).collect();
        reading.output(&numbers);
        reading.with(|log| {
            assert_eq!((log.dropped, log.lines.len(), log.total()), (10, LINES_KEPT, LINES_KEPT + 10));
            assert_eq!(log.lines[0].text, "10");
        });
        reading.output(&"x".repeat(100 * WIDTH));
        reading.with(|log| assert!(log.begun.len() <= 16 * WIDTH && log.bytes <= BYTES_KEPT));
    }
}
