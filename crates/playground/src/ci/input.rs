//! The `input` steps of pipelines: a build waits until a person answers.
//! <https://plugins.jenkins.io/pipeline-input-step>, and over HTTP <https://plugins.jenkins.io/pipeline-rest-api>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What a pipeline asks in the middle of a build.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) id: &'static str,
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
    pub(super) step: &'static Step,
    pub(super) answer: Option<Answer>,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) by: String,
    /// The values that the build goes on with; `None` for a no.
    pub(super) values: Option<BTreeMap<String, Value>>,
}

impl Step {
    pub(super) fn defaults(&self) -> BTreeMap<String, Value> {
        let (choice, _, choices) = self.choice;
        let (flag, _, set) = self.flag;
        [(choice.to_owned(), json!(choices.first())), (flag.to_owned(), json!(set))].into()
    }

    /// The values of a form that was submitted; `None` where one of them is none that it asks for.
    pub(super) fn read(&self, form: &Value) -> Option<BTreeMap<String, Value>> {
        // One parameter need not be in a list.
        let given = match &form["parameter"] {
            Value::Array(given) => given.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        let read = |one: &Value| {
            let (name, value) = (one["name"].as_str()?, &one["value"]);
            self.takes(name, value).then(|| (name.to_owned(), value.clone()))
        };
        given.iter().map(read).collect()
    }

    fn takes(&self, name: &str, value: &Value) -> bool {
        let (choice, _, choices) = self.choice;
        let is_choice = |text: &str| choices.contains(&text);
        (name == choice && value.as_str().is_some_and(is_choice))
            || (name == self.flag.0 && value.is_boolean())
    }

    /// As it is listed while it is pending; `build` is the build's path, with a slash at the end.
    pub(super) fn json(&self, build: &str) -> Value {
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
