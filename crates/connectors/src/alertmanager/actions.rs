//! To silence an alert, and to end its silences: the acknowledgements that Alertmanager supports.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, Role},
    duration::Span,
    error::ServiceError,
    identity::Identity,
    item::{Detail, Incident, Item, Kind},
    message::{Block, ListEntry},
    run::Outcome,
    text, until,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use reqwest::Method;
use serde_json::json;

use super::{
    normalise::{SILENCES, exact_labels, fragment},
    server::{Server, all_silences},
    wire::{Created, Silence, SilenceMatcher},
};
use crate::http::Request;

const ALERT: &str = "alert";
const USUAL: &str = "2h";
/// The same as people write it.
const USUAL_LABEL: &str = "2 h";
const COMMENT: usize = 1_000;

/// Both commands.
pub(super) fn all(server: &Arc<Server>) -> Vec<Arc<dyn Action>> {
    vec![Arc::new(SilenceAlert::new(server.clone())), Arc::new(EndSilences::new(server.clone()))]
}

/// The alert that the arguments name: on the board, and of this account.
fn alert<'a>(
    spec: &CommandSpec,
    server: &Server,
    args: &'a Args,
) -> Result<(&'a Item, &'a Incident), ArgError> {
    let item = args.item_of(spec, ALERT, &server.place.account, "an alert")?;
    match &item.detail {
        Detail::Incident(incident) => Ok((item, incident)),
        _ => Err(ArgError::invalid(ALERT, "an alert", args.text(ALERT))),
    }
}

/// A time as people in this place read it.
fn local(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

struct SilenceAlert {
    spec: CommandSpec,
    server: Arc<Server>,
}

/// A silence before it is made.
struct Wanted<'a> {
    title: &'a str,
    matchers: Vec<SilenceMatcher>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    /// For how long, or until when, as text: "for 2h", "until 2026-11-23 09:00 CET".
    length: String,
    comment: String,
}

impl SilenceAlert {
    fn new(server: Arc<Server>) -> Self {
        let spec = CommandSpec::new("silence", "Silence an alert for everybody for a while, and take it")
            .label(format!("Silence for {USUAL_LABEL}"))
            .usage("silence <alert> [for <duration>] [until <until>] [comment...]")
            .role(Role::Take)
            .arg(ArgSpec::item(ALERT, Kind::Incident, "the alert"))
            // Not its default: who gives an end as well must learn that both cannot be given.
            .arg(
                ArgSpec::duration("duration", format!("for how long; {USUAL} where no end is given"))
                    .optional(),
            )
            .arg(ArgSpec::time("until", "until when, such as 18:00, monday or monday 14:30").optional())
            .arg(ArgSpec::text("comment", "why, for everybody to read").optional())
            .example("silence HighCPU")
            .example("silence HighCPU for 30m restarting it")
            .example("silence HighCPU until monday 9:00");
        Self { spec, server }
    }

    fn wanted<'a>(&self, args: &'a Args, now: Timestamp) -> Result<Wanted<'a>, ArgError> {
        let (item, incident) = alert(&self.spec, &self.server, args)?;
        let invalid = |arg: &str, expected: &str, found: &str| ArgError::invalid(arg, expected, found);
        let labels = exact_labels(incident).ok_or_else(|| {
            let expected = "an alert whose labels are known whole; silence this one in Alertmanager itself";
            invalid(ALERT, expected, item.reference())
        })?;
        let matchers: Vec<_> = labels
            .map(|(name, value)| SilenceMatcher {
                name: name.to_owned(),
                value: value.to_owned(),
                is_regex: false,
                is_equal: true,
            })
            .collect();
        if matchers.is_empty() {
            return Err(invalid(ALERT, "an alert with labels", item.reference()));
        }
        // To the second: the API gives times back to the millisecond, and this one is compared.
        let starts_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let given = |arg: &str| args.get(arg).filter(|text| !text.is_empty());
        let (ends_at, length) = match (given("duration"), given("until")) {
            (Some(length), Some(_)) => {
                let expected = "either a length of time (for) or an end (until), not both";
                return Err(invalid("duration", expected, length));
            }
            (length, None) => {
                let length = length.unwrap_or(USUAL);
                let span: Span =
                    length.parse().map_err(|_| invalid("duration", "such as 30m or 2h", length))?;
                if span.0.is_zero() {
                    return Err(invalid("duration", "longer than nothing", length));
                }
                let ends =
                    SignedDuration::try_from(span.0).ok().and_then(|span| starts_at.checked_add(span).ok());
                (ends.ok_or_else(|| invalid("duration", "shorter", length))?, format!("for {span}"))
            }
            (None, Some(end)) => {
                let ends = until::until(end, &starts_at.to_zoned(TimeZone::system()))
                    .map_err(|why| invalid("until", &why.expected().to_string(), end))?;
                (ends, format!("until {}", local(ends)))
            }
        };
        let comment = match args.text("comment").trim() {
            "" => "from Callboard".to_owned(),
            comment => text::block(comment, COMMENT),
        };
        Ok(Wanted { title: &item.title, matchers, starts_at, ends_at, length, comment })
    }

    fn request(&self, wanted: &Wanted<'_>) -> Request {
        Request::post(["api", "v2", "silences"]).json(json!({
            "matchers": wanted.matchers,
            "startsAt": wanted.starts_at,
            "endsAt": wanted.ends_at,
            "createdBy": self.server.user,
            "comment": wanted.comment,
        }))
    }

    /// The silence, where it was made although its answer got lost.
    async fn look(&self, wanted: &Wanted<'_>) -> Option<String> {
        let mut matchers = wanted.matchers.clone();
        matchers.sort();
        let silences = self.server.silences().await.ok()?;
        let made = silences.good.into_iter().find(|silence| {
            let mut theirs = silence.matchers.clone();
            theirs.sort();
            !silence.is_over()
                && silence.created_by == self.server.user
                && silence.comment == wanted.comment
                && silence.ends_at.0 == Some(wanted.ends_at)
                && theirs == matchers
        });
        made.map(|silence| silence.id)
    }
}

#[async_trait]
impl Action for SilenceAlert {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let wanted = self.wanted(args, now)?;
        let what = format!("Silence {} {}", wanted.title, wanted.length);
        Ok(vec![self.server.http.step(what, &self.request(&wanted))])
    }

    async fn run(&self, args: &Args, now: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let wanted = self.wanted(args, now).map_err(|error| ServiceError::rejected(error.to_string()))?;
        let sent = self.server.http.send(self.request(&wanted)).await;
        let id = match sent.and_then(|answer| answer.json::<Created>()) {
            Ok(created) => text::line(&created.silence_id, 64),
            Err(lost @ ServiceError::Unknown { .. }) => self.look(&wanted).await.ok_or(lost)?,
            Err(error) => return Err(error),
        };
        let fields = [
            ("Until", local(wanted.ends_at)),
            ("By", self.server.user.clone()),
            ("Comment", wanted.comment.clone()),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(Outcome::ok(format!("{} is silenced {}", wanted.title, wanted.length))
            .with_block(Block::Fields(fields))
            .with_link(Some(fragment(&self.server.place.base, &format!("/silences/{id}"))))
            .with_data(json!({ "silence": id, "until": wanted.ends_at })))
    }
}

struct EndSilences {
    spec: CommandSpec,
    server: Arc<Server>,
}

impl EndSilences {
    fn new(server: Arc<Server>) -> Self {
        let spec = CommandSpec::new("unsilence", "End the silences of an alert")
            .label("End silence")
            .usage("unsilence <alert>")
            .role(Role::Release)
            .arg(ArgSpec::item(ALERT, Kind::Incident, "the silenced alert"))
            .timeout(Duration::from_secs(120))
            .example("unsilence HighCPU");
        Self { spec, server }
    }

    /// The alert's title and its silences, as the board knows them: those are shown, and only those are ended.
    fn silences<'a>(&self, args: &'a Args) -> Result<(&'a str, Vec<&'a str>), ArgError> {
        let (item, incident) = alert(&self.spec, &self.server, args)?;
        match incident.notes.get(SILENCES) {
            Some(ids) => Ok((&item.title, ids.split(',').collect())),
            None => Err(ArgError::invalid(ALERT, "a silenced alert", item.reference())),
        }
    }

    /// The silence as it is now, in the list of all: asked for by itself, one that is forgotten and a wrong address
    /// would look alike.
    async fn active(&self, id: &str) -> Result<Option<Silence>, ServiceError> {
        let silences = self.server.silences().await?;
        let found = silences.good.iter().find(|silence| silence.id == id);
        match (found, silences.problem("", "silences")) {
            (Some(silence), _) => Ok(Some(silence).filter(|silence| !silence.is_over()).cloned()),
            (None, None) => Ok(None),
            // It may be the one that cannot be read.
            (None, Some(problem)) => Err(ServiceError::unavailable(format!("Alertmanager: {problem}"))),
        }
    }

    /// Ends one silence; returns its description, where it was not over yet.
    async fn end(&self, id: &str) -> Result<Option<String>, ServiceError> {
        let Some(silence) = self.active(id).await? else {
            return Ok(None);
        };
        match self.server.http.send(end(id)).await {
            // Alertmanager answers with nothing; a proxy's page is not its answer.
            Ok(answer) if answer.body.is_empty() => {}
            Ok(_) | Err(ServiceError::Unknown { .. }) => match self.active(id).await {
                Ok(None) => {}
                _ => return Err(ServiceError::unknown("Alertmanager did not say whether the silence ended")),
            },
            Err(error) => return Err(error),
        }
        let matchers: Vec<_> = silence.matchers.iter().map(ToString::to_string).collect();
        let description = format!("{}, by {}: {}", matchers.join(", "), silence.created_by, silence.comment);
        Ok(Some(text::line(&description, 300)))
    }
}

fn end(id: &str) -> Request {
    Request::new(Method::DELETE, ["api", "v2", "silence", id])
}

#[async_trait]
impl Action for EndSilences {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, item: &Item, _me: &Identity) -> Option<String> {
        let Detail::Incident(incident) = &item.detail else { return None };
        let silenced = incident.notes.contains_key(SILENCES);
        (!silenced).then(|| format!("{} is not silenced: there is no silence to end", item.title))
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (_, ids) = self.silences(args)?;
        let http = &self.server.http;
        let steps = |id: &&str| {
            [
                http.step(format!("See whether silence {id} still holds"), &all_silences()),
                http.step(format!("End silence {id}, for every alert that it holds"), &end(id)),
            ]
        };
        Ok(ids.iter().flat_map(steps).collect())
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let silences = self.silences(args);
        let (title, ids) = silences.map_err(|error| ServiceError::rejected(error.to_string()))?;
        let mut ended = Vec::new();
        for id in &ids {
            match self.end(id).await {
                Ok(silence) => ended.extend(silence),
                Err(error) if ended.is_empty() => return Err(error),
                // Some are ended: an error would mean that nothing happened.
                Err(error) => {
                    let why =
                        format!("{title} is still silenced: ended {} of {}; {error}", ended.len(), ids.len());
                    return Ok(Outcome::failed(why).with_block(ended_block(&ended)));
                }
            }
        }
        Ok(match ended.as_slice() {
            [] => Outcome::ok(format!("{title} was not silenced any more")),
            _ => Outcome::ok(format!("{title} is not silenced any more")).with_block(ended_block(&ended)),
        })
    }
}

/// What was ended: one alone as a sentence, several as a list, so that they stay apart wherever they are shown.
fn ended_block(ended: &[String]) -> Block {
    let row = |silence: &String| format!("Ended the silence of {silence}");
    match ended {
        [one] => Block::Text(row(one)),
        ended => {
            Block::List(ended.iter().map(|silence| ListEntry { text: row(silence), link: None }).collect())
        }
    }
}
