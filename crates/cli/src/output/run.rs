//! A run: what it will do, what it writes, how it ended, and whether that was posted.

use std::{collections::HashSet, io::Write};

use callboard_domain::{
    command::named_line,
    error::ServiceError,
    message::{Block, Message, Tone},
    run::{Run, RunState},
    text,
};
use callboard_engine::api::{Confirm, Delivery, DeliveryState, Plan, RunProgress};
use console::style;
use jiff::Timestamp;
use serde_json::json;

use super::{Output, again, mark, print_wrapped};
use crate::{deliveries, printed::on_one_line};

/// The output of a run as far as it has come. It comes in pieces that may end anywhere, and is printed line by line.
#[derive(Debug, Default)]
pub(crate) struct RunOutput {
    text: String,
    /// How much of it is printed, in bytes.
    printed: usize,
}

impl RunOutput {
    /// All of it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What can be printed now that these pieces have come: whole lines, and all that is left where `more` says that
    /// nothing follows.
    fn add(&mut self, pieces: &[String], more: bool) -> String {
        self.text.extend(pieces.iter().map(String::as_str));
        let unprinted = self.text.get(self.printed..).unwrap_or_default();
        let end = if more { unprinted.rfind('\n').map_or(0, |at| at + 1) } else { unprinted.len() };
        let mut lines = text::block(unprinted.get(..end).unwrap_or_default(), usize::MAX);
        if !lines.is_empty() && !lines.ends_with('\n') {
            lines.push('\n');
        }
        self.printed += end;
        lines
    }
}

impl Output {
    /// Output of a run, as it comes; `more` says whether further pieces may come.
    pub(crate) fn run_output(&self, output: &mut RunOutput, pieces: &[String], more: bool) {
        if self.json {
            for piece in pieces {
                self.json(&json!({ "output": piece }));
            }
            return;
        }
        print!("{}", output.add(pieces, more));
        let _ = std::io::stdout().flush();
    }

    /// What a line would do.
    pub(crate) fn prepared(&self, prepared: &Plan) {
        println!("{}", style(text::visible(&prepared.line)).bold());
        for (n, step) in prepared.steps.iter().enumerate() {
            println!("{}. {}", n + 1, text::visible(&step.what));
            for line in step.request.lines() {
                println!("     {}", style(text::visible(line)).dim());
            }
        }
        if let Some(account) = &prepared.account {
            let who = prepared.acts_as.as_ref().map_or_else(String::new, |login| format!(", as {login}"));
            println!("Runs on {account}{who}");
        }
        match &prepared.post {
            Some(address) => println!("Will post to {address} ({})", prepared.post_reason),
            None => println!("Will post nothing ({})", prepared.post_reason),
        }
        match &prepared.confirm {
            Some(Confirm::Yes) => println!("Must be confirmed: type yes, or pass --yes"),
            Some(Confirm::Type(typed)) => println!("Must be confirmed: type {}", text::visible(typed)),
            None => {}
        }
        for missing in &prepared.missing_scopes {
            let line =
                format!("{} The credential lacks {}: {}", mark(Tone::Bad), missing.scope, missing.remedy);
            print_wrapped(&line, 2);
        }
        println!("Dry run: nothing was sent");
    }

    /// How a run ended, and whether it was posted. Lines of `printed`, its output, are not repeated.
    pub(crate) fn ended(&self, progress: &RunProgress, printed: &str) {
        self.run(&progress.run, printed);
        posting_lines(&progress.run, progress.delivery.as_ref(), Timestamp::now())
            .iter()
            .for_each(|line| print_wrapped(line, 4));
        if let Some(why) = &progress.unrecorded {
            println!("{} This is not recorded yet. It is tried again", mark(Tone::Unknown));
            print_wrapped(&format!("  Why: {why}"), 4);
        }
    }

    /// A run's result, without the lines of `printed`.
    pub(crate) fn run(&self, run: &Run, printed: &str) {
        let line = || on_one_line(&named_line(&run.line, &run.args));
        match &run.state {
            RunState::Pending { .. } => {
                println!("{} {} begins in a moment, and can be taken back", mark(Tone::Running), line());
                println!("  Take it back: callboard cancel {}", run.id);
            }
            RunState::Running => println!("{} {} is under way", mark(Tone::Running), line()),
            RunState::Done { outcome } => {
                let tone = if outcome.ok { Tone::Good } else { Tone::Bad };
                self.message(&Message {
                    blocks: not_printed(&outcome.blocks, printed),
                    link: outcome.link.clone(),
                    ..Message::new(tone, &outcome.summary)
                });
            }
            RunState::Failed { error } => {
                let again = run.ended_at.map_or_else(String::new, |at| again(error, at, Timestamp::now()));
                print_wrapped(&format!("{} {error}{again}", mark(Tone::Bad)), 2);
            }
            RunState::Canceled { sent: true } => {
                println!("{} stopped; what it had sent by then stays done", mark(Tone::Neutral))
            }
            RunState::Canceled { sent: false } => {
                println!("{} stopped; nothing was sent", mark(Tone::Neutral))
            }
            RunState::Unknown { why } => {
                let mark = mark(Tone::Unknown);
                println!("{mark} We do not know whether this ran. It will not be run again by itself");
                print_wrapped(&format!("  Why: {why}"), 4);
                println!("  Look, then say so: callboard run-resolve {} ran|did-not-run", run.id);
            }
            RunState::Resolved { .. } => {
                println!("{} {}", mark(Tone::Neutral), run.state.resolution_text().unwrap_or_default());
            }
        }
    }
}

/// The blocks that do not only repeat lines of what was printed: an outcome holds an excerpt of a run's output for the chat.
fn not_printed(blocks: &[Block], printed: &str) -> Vec<Block> {
    let printed_lines: HashSet<&str> = printed.lines().map(str::trim).collect();
    // The line of an excerpt that counts the lines left out is in no output.
    let is_repeated = |line: &str| line.is_empty() || line.starts_with('…') || printed_lines.contains(line);
    let repeats = |text: &str| !printed_lines.is_empty() && text.lines().all(|line| is_repeated(line.trim()));
    let is_new = |block: &&Block| match block {
        Block::Text(text) | Block::Code(text) => !repeats(text),
        Block::Fields(_) | Block::List(_) => true,
    };
    blocks.iter().filter(is_new).cloned().collect()
}

/// Whether a run was posted, and why not, in lines.
fn posting_lines(run: &Run, delivery: Option<&Delivery>, now: Timestamp) -> Vec<String> {
    let Some(address) = &run.post else { return vec!["Private: nothing was posted".into()] };
    let why = |error: &ServiceError| format!("  Why: {error}");
    // The message of a run is posted when it begins, and edited once it has ended.
    let not_posted = match delivery.is_some_and(|delivery| delivery.is_edit) {
        true => format!("Posted in {address} as it began, and not as it ended"),
        false => format!("Not posted in {address}"),
    };
    match delivery.map(|delivery| &delivery.state) {
        Some(DeliveryState::Posted) => vec![format!("Posted in {address}")],
        Some(DeliveryState::Unknown { error, unsearchable }) => {
            let unknown = format!("We do not know whether it was posted in {address}");
            match delivery.filter(|_| *unsearchable) {
                Some(delivery) => {
                    vec![unknown, why(error), format!("  {}", deliveries::left_to_you(delivery))]
                }
                None => vec![format!("{unknown}. It is looked for before it is sent again"), why(error)],
            }
        }
        Some(DeliveryState::Failed { error }) => {
            let id = delivery.map(|delivery| delivery.id.as_str()).unwrap_or_default();
            let again = format!("  Try again with: callboard retry {id}");
            vec![not_posted, why(error), again]
        }
        Some(DeliveryState::Pending { error: Some(error), waits_for: Some(what), .. }) => {
            vec![format!("{not_posted} yet. It waits for {what}"), why(error)]
        }
        Some(DeliveryState::Pending { error: Some(error), .. }) => {
            vec![format!("{not_posted} yet. It is tried again while Callboard runs"), why(error)]
        }
        Some(DeliveryState::Moot { reason }) => vec![format!("Not posted in {address}: {reason}")],
        Some(DeliveryState::Digested { .. }) => vec![format!("Told with others in {address}")],
        Some(DeliveryState::Pending { error: None, .. } | DeliveryState::Sending) => {
            match delivery.filter(|delivery| is_held_up(delivery, now)) {
                Some(delivery) => vec![
                    format!("{not_posted} yet. It is kept, and sent while Callboard runs"),
                    format!("  Why: {}", deliveries::reason(delivery, now)),
                ],
                None => vec![format!("Being posted in {address}")],
            }
        }
        // A run gets its message when it begins: one without a message did not get that far.
        None => vec![match &run.state {
            RunState::Pending { .. } => format!("Will be posted in {address} once it has begun"),
            RunState::Running => format!("Being posted in {address}"),
            RunState::Canceled { sent: false } => {
                format!("Not posted in {address}: it was taken back before it began")
            }
            _ => format!("Nothing waits to be posted in {address}"),
        }],
    }
}

/// True for a message that its account, another one before it or its own time keeps from being sent now.
fn is_held_up(delivery: &Delivery, now: Timestamp) -> bool {
    let waits = match &delivery.state {
        DeliveryState::Pending { next_at, first, .. } => *next_at > now || first.is_some(),
        _ => false,
    };
    waits || delivery.account_error.is_some()
}

#[cfg(test)]
mod tests {
    use callboard_domain::command::Args;
    use callboard_engine::api::{AccountError, FirstInLine};

    use super::*;

    fn run(state: RunState) -> Run {
        Run {
            id: "1".into(),
            command: "silence".into(),
            line: "silence disk 2h".into(),
            args: Args::default(),
            account: None,
            item: None,
            by: "ana".into(),
            actor: None,
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            state,
            post: "room:general".parse().ok(),
        }
    }

    fn delivery(state: DeliveryState) -> Delivery {
        Delivery {
            id: "1".into(),
            address: "room:general".parse().unwrap(),
            message: Message::new(Tone::Neutral, "hello"),
            run: None,
            under: None,
            state,
            is_edit: false,
            edit_refused: None,
            account_error: None,
            attempts: 1,
            created_at: Timestamp::UNIX_EPOCH,
            actor: None,
            link: None,
        }
    }

    #[test]
    fn run_without_a_message_is_not_reported_as_posted() {
        let at = Timestamp::UNIX_EPOCH;
        let cases = [
            (RunState::Pending { until: at }, "Will be posted in room:general once it has begun"),
            (RunState::Running, "Being posted in room:general"),
            (
                RunState::Canceled { sent: false },
                "Not posted in room:general: it was taken back before it began",
            ),
            // The computer was asleep when the run was due.
            (
                RunState::Failed { error: ServiceError::unavailable("it was asleep") },
                "Nothing waits to be posted in room:general",
            ),
        ];
        for (state, expected) in cases {
            assert_eq!(posting_lines(&run(state.clone()), None, at), [expected], "{state:?}");
        }
        let private = Run { post: None, ..run(RunState::Running) };
        assert_eq!(posting_lines(&private, None, at), ["Private: nothing was posted"]);
        // What its account is missing, whether only the edit waits -> when it is posted.
        let cases = [
            (
                Some("the system's keychain"),
                false,
                "Not posted in room:general yet. It waits for the system's keychain",
            ),
            (None, false, "Not posted in room:general yet. It is tried again while Callboard runs"),
            (
                None,
                true,
                "Posted in room:general as it began, and not as it ended yet. It is tried again while Callboard runs",
            ),
        ];
        for (waits_for, is_edit, expected) in cases {
            let state = DeliveryState::Pending {
                next_at: at,
                error: Some(ServiceError::unavailable("no answer")),
                waits_for: waits_for.map(str::to_owned),
                first: None,
            };
            let delivery = Delivery { is_edit, ..delivery(state) };
            let lines = posting_lines(&run(RunState::Running), Some(&delivery), at);
            assert_eq!(lines, [expected, "  Why: no answer"]);
            // Behind others that its account has not taken.
            let state = DeliveryState::Pending { next_at: at, error: None, waits_for: None, first: None };
            let behind = Delivery { state, is_edit: false, ..delivery };
            assert_eq!(
                posting_lines(&run(RunState::Running), Some(&behind), at),
                ["Being posted in room:general"]
            );
            let error = ServiceError::unavailable("503");
            let account_error = Some(AccountError { since: at, error });
            assert_eq!(
                posting_lines(&run(RunState::Running), Some(&Delivery { account_error, ..behind }), at),
                [
                    "Not posted in room:general yet. It is kept, and sent while Callboard runs",
                    "  Why: the last message to room met: 503"
                ]
            );
        }
    }

    #[test]
    fn message_that_may_have_arrived_is_looked_for_or_left_to_a_person() {
        let unknown = "We do not know whether it was posted in room:general";
        let looked_for = format!("{unknown}. It is looked for before it is sent again");
        let cases = [
            (false, vec![looked_for.as_str(), "  Why: 500; it may have happened"]),
            (
                true,
                vec![
                    unknown,
                    "  Why: 500; it may have happened",
                    "  room:general cannot be searched: look whether the message is there; where it is not, \
                     `callboard retry 1` sends it",
                ],
            ),
        ];
        for (unsearchable, expected) in cases {
            let state = DeliveryState::Unknown { error: ServiceError::unknown("500"), unsearchable };
            let lines = posting_lines(&run(RunState::Running), Some(&delivery(state)), Timestamp::UNIX_EPOCH);
            assert_eq!(lines, expected);
        }
    }

    #[test]
    fn message_that_something_holds_up_is_not_being_posted() {
        let now = Timestamp::UNIX_EPOCH;
        let later = now + std::time::Duration::from_secs(60);
        let pending = |next_at: Timestamp, first: Option<Timestamp>| DeliveryState::Pending {
            next_at,
            error: None,
            waits_for: None,
            first: first.map(|at| FirstInLine { id: "0".into(), at, error: None }),
        };
        let failing = || Some(AccountError { since: now, error: ServiceError::unavailable("503") });
        // its state, the error of its account -> whether it is held up
        let cases = [
            (pending(now, None), None, false),
            (DeliveryState::Sending, None, false),
            (pending(now, None), failing(), true),
            (DeliveryState::Sending, failing(), true),
            (pending(later, None), None, true),
            (pending(now, Some(later)), None, true),
            (pending(now, Some(now)), None, true),
            (pending(now, Some(later)), failing(), true),
        ];
        for (state, account_error, expected) in cases {
            let delivery = Delivery { account_error, ..delivery(state) };
            let lines = posting_lines(&run(RunState::Running), Some(&delivery), now);
            let why = format!("  Why: {}", deliveries::reason(&delivery, now));
            let kept = "Not posted in room:general yet. It is kept, and sent while Callboard runs";
            let expected =
                if expected { vec![kept, why.as_str()] } else { vec!["Being posted in room:general"] };
            assert_eq!(lines, expected, "{delivery:?}");
        }
        let behind = delivery(pending(now, Some(later)));
        let lines = posting_lines(&run(RunState::Running), Some(&behind), now);
        assert!(lines[1].starts_with("  Why: 0 is before it, and is not sent before "), "{lines:?}");
    }

    /// Pieces, one after the other -> what is printed at each, and once nothing follows.
    #[test]
    fn output_is_printed_in_whole_lines_wherever_it_is_cut() {
        let cases: [(&[&[&str]], &[&str]); 8] = [
            (&[&["line 0 of"], &[" web\nlin", "e 1 of web\n"]], &["", "line 0 of web\nline 1 of web\n", ""]),
            (&[&["one\n"], &["two\n"]], &["one\n", "two\n", ""]),
            (&[&["one"], &["\ntwo\n"]], &["", "one\ntwo\n", ""]),
            (&[&["one\r"], &["\ntwo\n"]], &["", "one\ntwo\n", ""]),
            (&[&["a\n", "\n", "b\n"]], &["a\n\nb\n", ""]),
            (&[&["\u{1b}[3"], &["1mred\u{1b}[0m\n"]], &["", "red\n", ""]),
            (&[&["one\ntwo"], &[]], &["one\n", "", "two\n"]),
            (&[&[]], &["", ""]),
        ];
        for (pieces, expected) in cases {
            let mut output = RunOutput::default();
            let mut printed: Vec<String> = Vec::new();
            for pieces in pieces {
                let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
                printed.push(output.add(&pieces, true));
            }
            printed.push(output.add(&[], false));
            assert_eq!(printed, expected, "{pieces:?}");
            let whole: String = pieces.concat().concat();
            assert_eq!(output.text(), whole, "{pieces:?}");
        }
    }

    #[test]
    fn printed_output_is_not_repeated_in_the_summary() {
        let code = |text: &str| Block::Code(text.to_owned());
        let output = "unit tests\n##[error] one\n  two\nthree\n";
        let blocks = vec![
            Block::Text("unit tests".into()),
            code("##[error] one\n… 40 lines …\nthree"),
            code("##[error] one\nelse"),
            Block::Fields(vec![("a".into(), "b".into())]),
        ];
        assert_eq!(not_printed(&blocks, output), &blocks[2..]);
        assert_eq!(not_printed(&blocks, ""), blocks, "nothing was printed");
    }
}
