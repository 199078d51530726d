//! The one message of a run: what was asked, by whom, and how far it is.

use std::time::Duration;

use callboard_domain::{
    command::named_line,
    duration::Span,
    message::{Block, Message, Tone},
    run::{Run, RunState},
    text,
};

/// The message of a run that has ended, with what a service has `reported` of it. A run that ended well reports that itself.
pub(super) fn last_message(run: &Run, reported: Option<&str>) -> Message {
    let message = message(run, "");
    let is_well = matches!(&run.state, RunState::Done { outcome } if outcome.ok);
    match reported.filter(|_| !is_well) {
        Some(reported) => {
            message.with_block(Block::Fields(vec![("reported since".to_owned(), reported.to_owned())]))
        }
        None => message,
    }
}

/// The message as it stands; `status` is the status line of a run under way.
pub(super) fn message(run: &Run, status: &str) -> Message {
    // A field of its own: it may be a sentence, and the service's.
    let mut why = None;
    // What it was about, in words: a fingerprint tells nobody in a channel which alert it is.
    let named = named_line(&run.line, &run.args);
    let base = match &run.state {
        RunState::Pending { .. } | RunState::Running => {
            let title = match status {
                "" => named,
                status => format!("{named}: {status}"),
            };
            Message::new(Tone::Running, title)
        }
        RunState::Done { outcome } => {
            let tone = if outcome.ok { Tone::Good } else { Tone::Bad };
            Message {
                blocks: outcome.blocks.clone(),
                ..Message::new(tone, &outcome.summary).with_link(outcome.link.clone())
            }
        }
        RunState::Failed { error } => {
            why = Some(error.to_string());
            Message::new(Tone::Bad, format!("{named} could not be done"))
        }
        RunState::Canceled { sent } => {
            let rest = match sent {
                true => "what it had sent by then stays done",
                false => "nothing was sent",
            };
            Message::new(Tone::Neutral, format!("{named} was stopped; {rest}"))
        }
        RunState::Unknown { why: reason } => {
            why = Some(reason.clone());
            let title = format!("We do not know whether {named} ran. It will not be run again by itself");
            Message::new(Tone::Unknown, title)
        }
        RunState::Resolved { .. } => Message::new(
            Tone::Neutral,
            format!("{named}: {}", run.state.resolution_text().unwrap_or_default()),
        ),
    };
    let mut fields = vec![("command".to_owned(), text::visible(&run.line).into_owned())];
    fields.extend(why.map(|why| ("why".to_owned(), why)));
    // Where nobody is known, nobody is named.
    if !run.by.is_empty() {
        fields.push(("by".to_owned(), run.by.clone()));
    }
    if let Some(took) = run.took() {
        fields.push(("took".into(), Span(Duration::from_secs(took.as_secs())).to_string()));
    }
    let mut message = base;
    message.title = text::line(&message.title, 300);
    message.blocks.insert(0, Block::Fields(fields));
    message
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        command::Args,
        error::ServiceError,
        item::{IncidentStatus, Item},
        run::Outcome,
    };
    use jiff::Timestamp;

    use super::*;

    fn run(state: RunState, by: &str) -> Run {
        Run {
            id: "1".into(),
            command: "deploy".into(),
            line: "deploy api".into(),
            args: Args::default(),
            account: None,
            item: None,
            by: by.into(),
            actor: None,
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            state,
            post: None,
        }
    }

    #[test]
    fn reported_event_is_added_to_the_run_message_unless_implied() {
        let done = RunState::Done { outcome: Outcome::ok("merged") };
        let lost = RunState::Unknown { why: "lost".into() };
        // how it ended, what was reported -> the field about that
        let cases = [
            (done.clone(), Some("ana merged it"), None),
            (lost.clone(), Some("ana merged it"), Some("ana merged it")),
            (lost, None, None),
        ];
        for (state, reported, expected) in cases {
            let run = run(state, "ana");
            let message = last_message(&run, reported);
            let field = match message.blocks.last() {
                Some(Block::Fields(fields)) => fields.iter().find(|(name, _)| name == "reported since"),
                _ => None,
            };
            assert_eq!(field.map(|(_, value)| value.as_str()), expected, "{:?}", run.state);
        }
    }

    #[test]
    fn reason_is_a_field_and_no_sentence_within_a_sentence() {
        let why = "tool.sh could not be started";
        let cases = [
            (
                RunState::Unknown { why: why.into() },
                "We do not know whether deploy api ran. It will not be run again by itself",
            ),
            (RunState::Failed { error: ServiceError::rejected(why) }, "deploy api could not be done"),
        ];
        for (state, title) in cases {
            let message = message(&run(state, ""), "");
            let Block::Fields(fields) = &message.blocks[0] else { panic!("{:?}", message.blocks) };
            let found = fields.iter().find(|(name, _)| name == "why").map(|(_, value)| value.as_str());
            // As it was written: it may begin with the name of a program or an item.
            assert_eq!((message.title.as_str(), found), (title, Some(why)));
        }
    }

    #[test]
    fn alert_is_named_in_every_title_and_the_command_stays_as_it_was_run() {
        let mut alert = crate::tests::incident("bbbb01", IncidentStatus::Triggered, 1);
        alert.title = "Disk is full".into();
        let about = |items: &[(&str, &Item)]| Args {
            items: items.iter().map(|(arg, item)| ((*arg).to_owned(), (*item).clone())).collect(),
            ..Args::default()
        };
        let no = || RunState::Failed { error: ServiceError::rejected("no") };
        let lost = || RunState::Unknown { why: "lost".into() };
        let alone = about(&[("alert", &alert)]);
        let pull = about(&[("pr", &crate::tests::pull(1, "Try it", &[]))]);
        // state, arguments, line -> title
        let cases = [
            (no(), &alone, "silence bbbb01 2h", "silence Disk is full in storage 2h could not be done"),
            (RunState::Running, &alone, "silence bbbb01 2h", "silence Disk is full in storage 2h"),
            (
                RunState::Canceled { sent: false },
                &alone,
                "silence bbbb01 2h",
                "silence Disk is full in storage 2h was stopped; nothing was sent",
            ),
            (
                lost(),
                &alone,
                "silence bbbb01 2h",
                "We do not know whether silence Disk is full in storage 2h ran. It will not be run again by itself",
            ),
            // What the service says for itself stays.
            (RunState::Done { outcome: Outcome::ok("silenced") }, &alone, "silence bbbb01 2h", "silenced"),
            // Another word that begins alike, what goes by its own number, and what is not known here.
            (no(), &alone, "silence bbbb012 2h", "silence bbbb012 2h could not be done"),
            (no(), &pull, "pr approve acme/web#1", "pr approve acme/web#1 could not be done"),
            (no(), &about(&[]), "silence bbbb01 2h", "silence bbbb01 2h could not be done"),
        ];
        for (state, args, line, title) in cases {
            let run = Run { line: line.into(), args: args.clone(), ..run(state, "ana") };
            let message = message(&run, "");
            let Block::Fields(fields) = &message.blocks[0] else { panic!("{:?}", message.blocks) };
            let command = fields.iter().find(|(name, _)| name == "command").map(|(_, value)| value.as_str());
            assert_eq!((message.title.as_str(), command), (title, Some(line)));
        }
    }

    #[test]
    fn invisible_character_is_written_out_in_every_title() {
        let failed = || RunState::Failed { error: ServiceError::rejected("no") };
        let lost = || RunState::Unknown { why: "lost".into() };
        // state, line -> title, the field "command"
        let cases = [
            (
                RunState::Running,
                "roll production\u{200b}",
                "roll production\\u{200b}",
                "roll production\\u{200b}",
            ),
            (failed(), "roll a\u{feff} b", "roll a\\u{feff} b could not be done", "roll a\\u{feff} b"),
            (
                lost(),
                "roll a\u{2060}",
                "We do not know whether roll a\\u{2060} ran. It will not be run again by itself",
                "roll a\\u{2060}",
            ),
            (
                RunState::Canceled { sent: false },
                "roll a\u{200b}",
                "roll a\\u{200b} was stopped; nothing was sent",
                "roll a\\u{200b}",
            ),
            // What is seen stays.
            (RunState::Running, "roll caf\u{e9}", "roll caf\u{e9}", "roll caf\u{e9}"),
            (RunState::Running, "roll \"a \"", "roll \"a \"", "roll \"a \""),
        ];
        for (state, line, title, command) in cases {
            let message = message(&Run { line: line.into(), ..run(state, "") }, "");
            let Block::Fields(fields) = &message.blocks[0] else { panic!("{:?}", message.blocks) };
            let found = fields.iter().find(|(name, _)| name == "command").map(|(_, value)| value.as_str());
            assert_eq!((message.title.as_str(), found), (title, Some(command)));
        }
        // What a service says of the run is its own, and is cleaned.
        let said = message(&run(RunState::Running, ""), "\u{1b}[31mhalf\u{200b} done");
        assert_eq!(said.title, "deploy api: half done");
    }

    #[test]
    fn message_has_the_duration_where_it_is_known() {
        let at = |second| Timestamp::from_second(second).unwrap();
        // when it ended -> the field "took"
        let cases = [(None, None), (Some(at(9)), Some("9s")), (Some(at(-9)), None)];
        for (ended_at, expected) in cases {
            let run = Run { ended_at, ..run(RunState::Canceled { sent: true }, "ana") };
            let message = message(&run, "");
            let Block::Fields(fields) = &message.blocks[0] else { panic!("{:?}", message.blocks) };
            let took = fields.iter().find(|(name, _)| name == "took").map(|(_, value)| value.as_str());
            assert_eq!(took, expected, "{ended_at:?}");
        }
    }

    #[test]
    fn message_names_the_outcome_and_the_actor() {
        let done = RunState::Done { outcome: Outcome::ok("api is on staging") };
        let failed = RunState::Failed { error: ServiceError::rejected("no") };
        let resolved = |by: &str| RunState::Resolved {
            ran: true,
            by: by.into(),
            at: Timestamp::UNIX_EPOCH,
            why: "lost".into(),
        };
        // state, by -> title, the field "by"
        let cases = [
            (RunState::Running, "ana (GitHub)", "deploy api", Some("ana (GitHub)")),
            (done, "ana", "api is on staging", Some("ana")),
            (failed, "", "deploy api could not be done", None),
            (RunState::Canceled { sent: false }, "", "deploy api was stopped; nothing was sent", None),
            (
                RunState::Canceled { sent: true },
                "",
                "deploy api was stopped; what it had sent by then stays done",
                None,
            ),
            (resolved("kim"), "", "deploy api: kim says it ran", None),
            (resolved(""), "", "deploy api: a person says it ran", None),
        ];
        for (state, by, title, expected) in cases {
            let message = message(&run(state, by), "");
            let Block::Fields(fields) = &message.blocks[0] else { panic!("{:?}", message.blocks) };
            let by = fields.iter().find(|(name, _)| name == "by").map(|(_, value)| value.as_str());
            assert_eq!((message.title.as_str(), by), (title, expected));
        }
    }
}
