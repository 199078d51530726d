//! Jenkins's JSON, as far as it is asked for. Everything may be missing: plugins leave out what they do not know.

use serde::{Deserialize, Deserializer};

/// How many builds of a job one poll looks at. Each costs Jenkins a file where it is not in its memory.
const BUILDS: usize = 5;

/// What is asked of a build.
pub(super) const BUILD: &str = "number,result,building,timestamp,duration,estimatedDuration,url,\
    actions[causes[userId,userName],parameters[name,value],lastBuiltRevision[SHA1,branch[name]],failCount,totalCount],\
    changeSets[items[commitId,timestamp,msg,author[id,fullName]]],\
    changeSet[items[commitId,timestamp,msg,author[id,fullName]]]";

/// What is asked of a job before it is built.
pub(super) const JOB: &str = "name,buildable,inQueue,queueItem[id,inQueueSince,why],nextBuildNumber,\
    property[parameterDefinitions[name,type,choices,defaultParameterValue[name]]],\
    lastBuild[number,building,estimatedDuration]";

/// What is asked of a queue item.
pub(super) const QUEUE_ITEM: &str = "id,why,cancelled,inQueueSince,executable[number,url]";

/// What is asked of the tree of jobs: `depth` levels of jobs with their builds, and the bare names below them.
pub(super) fn jobs_with_builds(depth: usize) -> String {
    let job = "name,url,inQueue,queueItem[id,inQueueSince],nextBuildNumber,actions[_class]";
    levels(&format!("{job},builds[{BUILD}]{{0,{BUILDS}}}"), depth)
}

/// The same with nothing but the jobs' names.
pub(super) fn jobs(depth: usize) -> String {
    levels("name", depth)
}

fn levels(job: &str, depth: usize) -> String {
    (0..depth).fold("jobs[name]".to_owned(), |below, _| format!("jobs[{job},{below}]"))
}

/// Jenkins writes `null` for what is not known, lists included.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Folder {
    #[serde(deserialize_with = "or_default")]
    pub(super) jobs: Vec<Job>,
}

/// A job, a folder or a multibranch project. Jenkins says its `_class` whether asked or not.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Job {
    #[serde(rename = "_class")]
    pub(super) class: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    pub(super) url: Option<String>,
    pub(super) buildable: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    pub(super) in_queue: bool,
    pub(super) queue_item: Option<QueueItem>,
    pub(super) next_build_number: Option<u64>,
    #[serde(deserialize_with = "or_default")]
    pub(super) actions: Vec<Option<JobAction>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) property: Vec<Option<Property>>,
    pub(super) last_build: Option<Build>,
    #[serde(deserialize_with = "or_default")]
    pub(super) builds: Vec<Build>,
    #[serde(deserialize_with = "or_default")]
    pub(super) jobs: Vec<Self>,
}

impl Job {
    pub(super) fn is_multibranch(&self) -> bool {
        self.class.as_deref().is_some_and(|class| class.ends_with("MultiBranchProject"))
    }

    pub(super) fn is_folder(&self) -> bool {
        self.class.as_deref().is_some_and(|class| class.ends_with("Folder"))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JobAction {
    #[serde(rename = "_class")]
    pub(super) class: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Property {
    #[serde(deserialize_with = "or_default")]
    pub(super) parameter_definitions: Vec<ParameterDefinition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ParameterDefinition {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) choices: Option<Vec<String>>,
    pub(super) default_parameter_value: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct QueueItem {
    pub(super) id: Option<u64>,
    pub(super) why: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) cancelled: bool,
    pub(super) in_queue_since: Option<i64>,
    pub(super) executable: Option<Executable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Executable {
    pub(super) number: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Build {
    pub(super) number: u64,
    pub(super) result: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) building: bool,
    /// Milliseconds since 1970: when it began.
    pub(super) timestamp: Option<i64>,
    /// Milliseconds; 0 while it runs.
    pub(super) duration: Option<i64>,
    /// Milliseconds; -1 where there is nothing to go by.
    pub(super) estimated_duration: Option<i64>,
    pub(super) url: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) actions: Vec<Option<Action>>,
    /// Of a pipeline.
    #[serde(deserialize_with = "or_default")]
    pub(super) change_sets: Vec<ChangeSet>,
    /// Of a freestyle job.
    pub(super) change_set: Option<ChangeSet>,
}

/// What a plugin attached to a build: each fills what it knows.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Action {
    #[serde(deserialize_with = "or_default")]
    pub(super) causes: Vec<Option<Cause>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) parameters: Vec<Parameter>,
    pub(super) last_built_revision: Option<Revision>,
    pub(super) fail_count: Option<u64>,
    pub(super) total_count: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Cause {
    pub(super) user_id: Option<String>,
    pub(super) user_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameter {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    /// Left out of passwords.
    pub(super) value: Option<serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Revision {
    #[serde(rename = "SHA1")]
    pub(super) sha1: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) branch: Vec<Branch>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Branch {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChangeSet {
    #[serde(deserialize_with = "or_default")]
    pub(super) items: Vec<Change>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Change {
    pub(super) commit_id: Option<String>,
    pub(super) timestamp: Option<i64>,
    pub(super) msg: Option<String>,
    pub(super) author: Option<Author>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Author {
    pub(super) id: Option<String>,
    pub(super) full_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WhoAmI {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) anonymous: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Crumb {
    pub(super) crumb: String,
    pub(super) crumb_request_field: String,
}
