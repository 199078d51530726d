//! The `input` steps of pipelines: a build waits until a person answers.
//! <https://plugins.jenkins.io/pipeline-input-step>, and over HTTP <https://plugins.jenkins.io/pipeline-rest-api>.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Build, Ci, page, rest::missing};
use crate::ME;

/// What a pipeline asks in the middle of a build.
#[derive(Debug)]
pub(super) struct Step {
    id: &'static str,
    message: &'static str,
    ok: &'static str,
    /// Its name, what it asks, and its choices: the first is the default.
    choice: (&'static str, &'static str, &'static [&'static str]),
    /// Its name, what it asks, and its default.
    flag: (&'static str, &'static str, bool),
}

/// The one of `web/deploy`.
pub(super) const ROLL_OUT: Step = Step {
    id: "Proceed",
    message: "Roll out the web shop?",
    ok: "Roll out",
    choice: ("TARGET", "Where to", &["staging", "production"]),
    flag: ("ANNOUNCE", "Tell the customers", false),
};

/// An input step of a build, and its answer.
#[derive(Debug)]
pub(super) struct Input {
    step: &'static Step,
    answer: Option<Answer>,
}

#[derive(Debug)]
struct Answer {
    by: String,
    /// The values that the build goes on with; `None` for a no.
    values: Option<BTreeMap<String, Value>>,
}

impl Step {
    fn defaults(&self) -> BTreeMap<String, Value> {
        let (choice, _, choices) = self.choice;
        let (flag, _, set) = self.flag;
        [(choice.to_owned(), json!(choices.first())), (flag.to_owned(), json!(set))].into()
    }

    fn takes(&self, name: &str, value: &Value) -> bool {
        let (choice, _, choices) = self.choice;
        let is_choice = |text: &str| choices.contains(&text);
        (name == choice && value.as_str().is_some_and(is_choice))
            || (name == self.flag.0 && value.is_boolean())
    }

    fn json(&self, build: &str) -> Value {
        let ((choice, where_to, choices), (flag, whether, set)) = (self.choice, self.flag);
        json!({
            "id": self.id,
            "proceedText": self.ok,
            "message": self.message,
            "inputs": [
                {
                    "type": "ChoiceParameterDefinition",
                    "name": choice,
                    "description": where_to,
                    "definition": { "defaultVal": choices.first(), "choices": choices },
                },
                {
                    "type": "BooleanParameterDefinition",
                    "name": flag,
                    "description": whether,
                    "definition": { "defaultVal": set },
                },
            ],
            "proceedUrl": format!("{build}wfapi/inputSubmit?inputId={}", self.id),
            "abortUrl": format!("{build}input/{}/abort", self.id),
            "redirectApprovalUrl": format!("{build}input/"),
        })
    }
}

impl Input {
    pub(super) fn new(step: &'static Step) -> Self {
        Self { step, answer: None }
    }

    /// What the log says up to the question.
    pub(super) fn question(&self) -> [String; 2] {
        [self.step.message.to_owned(), "Input requested".to_owned()]
    }

    /// What the log says of the answer.
    pub(super) fn answer_lines(&self) -> Vec<String> {
        let Some(Answer { by, values }) = &self.answer else { return Vec::new() };
        let Some(values) = values else { return vec![format!("Rejected by {by}")] };
        let values = values.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("  {name}={text}"),
            None => format!("  {name}={value}"),
        });
        std::iter::once(format!("Approved by {by}")).chain(values).collect()
    }

    /// What the build's JSON says of it: that there is such a step, which it says after the answer too, and who answered.
    pub(super) fn actions(&self) -> Vec<Value> {
        let class = |name: &str| format!("org.jenkinsci.plugins.workflow.support.steps.input.{name}");
        let mut actions = vec![json!({ "_class": class("InputAction") })];
        actions.extend(self.answer.as_ref().map(|Answer { by, values }| match values {
            Some(_) => json!({ "_class": class("ApproverAction"), "userId": by }),
            None => json!({
                "_class": "jenkins.model.InterruptedBuildAction",
                "causes": [{
                    "_class": class("Rejection"),
                    "shortDescription": format!("Rejected by {by}"),
                    "user": { "id": by, "fullName": by },
                }],
            }),
        }));
        actions
    }
}

impl Build {
    /// The input step that it waits at.
    fn open_input(&mut self) -> Option<&mut Input> {
        self.input.as_mut().filter(|input| input.answer.is_none() && self.ends.is_none())
    }

    /// The build goes on with these values, or ends without them.
    fn answer(&mut self, by: &str, values: Option<BTreeMap<String, Value>>, now: Timestamp) {
        let Some(input) = self.open_input() else { return };
        let goes_on = values.is_some();
        input.answer = Some(Answer { by: by.to_owned(), values });
        self.stopped = !goes_on;
        let length = if goes_on { self.length } else { SignedDuration::ZERO };
        self.ends = Some(now.checked_add(length).unwrap_or(now));
    }

    /// What is pending of it; `None` where it is no build of a pipeline.
    pub(super) fn pending(&self, job: &str) -> Option<Value> {
        let input = self.input.as_ref()?;
        let is_open = input.answer.is_none() && self.ends.is_none();
        let place = format!("{}{}/", page("", job), self.number);
        Some(is_open.then(|| input.step.json(&place)).into_iter().collect())
    }

    /// A yes without values: the build goes on, and what it asked for is not set.
    pub(super) fn proceed_empty(&mut self, id: &str, now: Timestamp) -> Response {
        self.settle(id, Some(BTreeMap::new()), now)
    }

    pub(super) fn abort(&mut self, id: &str, now: Timestamp) -> Response {
        self.settle(id, None, now)
    }

    fn settle(&mut self, id: &str, values: Option<BTreeMap<String, Value>>, now: Timestamp) -> Response {
        match self.open_input().is_some_and(|input| input.step.id == id) {
            true => {
                self.answer(ME, values, now);
                StatusCode::OK.into_response()
            }
            // A step that was answered is not there any more.
            false => missing(),
        }
    }

    /// A yes with values, from the form field `json`. As in Jenkins, what cannot be taken is an error of the server.
    pub(super) fn submit(&mut self, id: &str, body: &Bytes, now: Timestamp) -> Response {
        let failed =
            || (StatusCode::INTERNAL_SERVER_ERROR, "Error processing Input Submit request.").into_response();
        let Some(step) = self.open_input().map(|input| input.step).filter(|step| step.id == id) else {
            return failed();
        };
        let field = form_urlencoded::parse(body).find(|(name, _)| name == "json");
        let form: Value = field.and_then(|(_, text)| serde_json::from_str(&text).ok()).unwrap_or_default();
        // One parameter need not be in a list.
        let given = match &form["parameter"] {
            Value::Array(given) => given.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        let mut values = BTreeMap::new();
        for one in given {
            let (name, value) = (one["name"].as_str().unwrap_or_default(), &one["value"]);
            if !step.takes(name, value) {
                return failed();
            }
            values.insert(name.to_owned(), value.clone());
        }
        self.answer(ME, Some(values), now);
        Json(Value::Null).into_response()
    }
}

impl Ci {
    /// Somebody answers the builds of a job that wait for input, a yes with what is asked for by default; where none waits,
    /// nothing happens.
    pub fn answer(&self, job: &str, by: &str, yes: bool) {
        let now = Timestamp::now();
        let mut jobs = self.jobs(now);
        let builds = jobs.jobs.iter_mut().filter(|other| other.name == job).flat_map(|job| &mut job.builds);
        for build in builds {
            let values = build.open_input().map(|input| input.step.defaults()).filter(|_| yes);
            build.answer(by, values, now);
        }
    }

    /// What became of the input steps of a job's builds since the day began.
    #[cfg(test)]
    pub(crate) fn inputs(&self, job: &str) -> Vec<&'static str> {
        let jobs = self.jobs(Timestamp::now());
        let outcome = |input: &Input| match &input.answer {
            None => "waiting",
            Some(Answer { values: Some(_), .. }) => "approved",
            Some(Answer { values: None, .. }) => "denied",
        };
        let builds = jobs.job(job).into_iter().flat_map(|job| &job.builds);
        builds.filter_map(|build| build.input.as_ref()).map(outcome).collect()
    }
}
