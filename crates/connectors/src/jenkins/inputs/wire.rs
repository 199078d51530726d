//! The JSON of the plugin "Pipeline: REST API", and what a build's actions say of its input steps.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    jenkins::wire,
    lenient::{Entries, object, optional_text, or_nothing, text},
};

/// An input step that waits for an answer.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::jenkins) struct Pending {
    /// Empty where Jenkins does not say.
    #[serde(deserialize_with = "text")]
    pub(in crate::jenkins) id: String,
    #[serde(deserialize_with = "optional_text")]
    pub(in crate::jenkins) message: Option<String>,
    /// None where Jenkins does not say what it asks, which is not "nothing".
    #[serde(deserialize_with = "or_nothing")]
    pub(super) inputs: Option<Entries<Definition>>,
}

/// A parameter of an input step.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Definition {
    /// Its class, such as `ChoiceParameterDefinition`.
    #[serde(rename = "type", deserialize_with = "optional_text")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub(super) description: Option<String>,
    #[serde(deserialize_with = "object")]
    pub(super) definition: Values,
}

/// What the answer to a parameter can be.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Values {
    pub(super) default_val: Option<Value>,
    #[serde(deserialize_with = "or_nothing")]
    pub(super) choices: Option<Vec<String>>,
}

/// True for what Jenkins attaches to a build once it has had an input step.
pub(in crate::jenkins) fn is_marker(action: &wire::Action) -> bool {
    is_of_class(action.class.as_deref(), "InputAction")
}

/// True for what Jenkins attaches to a build with each yes of somebody who is signed in.
pub(super) fn is_approval(action: &wire::Action) -> bool {
    is_of_class(action.class.as_deref(), "ApproverAction")
}

/// True for a no to an input step, as what interrupted a build.
pub(super) fn is_rejection(cause: &wire::Cause) -> bool {
    is_of_class(cause.class.as_deref(), "Rejection")
}

fn is_of_class(class: Option<&str>, name: &str) -> bool {
    class.and_then(|class| class.trim().rsplit(['.', '$']).next()) == Some(name)
}
