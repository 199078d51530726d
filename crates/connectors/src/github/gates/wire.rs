//! GitHub's JSON of gates: "Get pending deployments for a workflow run" and "Get the review history for a workflow run"
//! (<https://docs.github.com/en/rest/actions/workflow-runs>).

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error};

use crate::{
    github::wire::User,
    lenient::{
        Listed, any_text, date, double_option, folded, number, object, optional_text, or_nothing,
        required_text,
    },
};

/// A deployment that waits for the rules of its environment.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::github) struct PendingDeployment {
    pub(in crate::github) environment: Environment,
    /// In minutes.
    #[serde(default, deserialize_with = "number")]
    pub(in crate::github) wait_timer: Option<i64>,
    #[serde(default, deserialize_with = "date")]
    pub(in crate::github) wait_timer_started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(in crate::github) current_user_can_approve: Option<bool>,
    #[serde(default)]
    pub(in crate::github) reviewers: Listed<RequiredReviewer>,
}

/// An environment. GitHub compares their names without case.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::github) struct Environment {
    #[serde(default, deserialize_with = "number")]
    pub(in crate::github) id: Option<u64>,
    #[serde(deserialize_with = "required_text")]
    pub(in crate::github) name: String,
}

/// Who may answer for an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) enum RequiredReviewer {
    /// By login name.
    User(String),
    /// By the name in addresses; it is of the repository's owner.
    Team(String),
}

impl<'de> Deserialize<'de> for RequiredReviewer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Loose {
            #[serde(rename = "type", default, deserialize_with = "any_text")]
            kind: String,
            #[serde(default, deserialize_with = "object")]
            reviewer: Named,
        }
        #[derive(Default, Deserialize)]
        struct Named {
            #[serde(default, deserialize_with = "optional_text")]
            login: Option<String>,
            #[serde(default, deserialize_with = "optional_text")]
            slug: Option<String>,
        }
        let Loose { kind, reviewer: Named { login, slug } } = Loose::deserialize(deserializer)?;
        let given = |name: Option<String>| name.filter(|name| !name.is_empty());
        let (user, team) = (given(login).map(Self::User), given(slug).map(Self::Team));
        let found = match folded(&kind).as_deref() {
            Some("user") => user,
            Some("team") => team,
            _ => user.or(team),
        };
        found.ok_or_else(|| D::Error::custom("a reviewer without a name"))
    }
}

/// An answer to deployments, from the history of a run. It has no time.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::github) struct DeploymentAnswer {
    /// `approved`, `rejected`, or `pending` for a comment alone.
    #[serde(default, deserialize_with = "any_text")]
    pub(in crate::github) state: String,
    #[serde(default, deserialize_with = "optional_text")]
    pub(in crate::github) comment: Option<String>,
    #[serde(default)]
    pub(in crate::github) environments: Listed<Environment>,
    /// Null where the account was deleted.
    #[serde(default, deserialize_with = "double_option")]
    pub(in crate::github) user: Option<Option<User>>,
}
