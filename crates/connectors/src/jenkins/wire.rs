//! Jenkins's JSON, as far as it is asked for. Everything may be missing: plugins leave out fields.

use std::cmp::Ordering;

use serde::{Deserialize, Deserializer};

use crate::{
    dedup::once,
    lenient::{
        Entries, details, enum_value, flag, folded, number, optional_text, or_nothing, required_number, text,
    },
};

/// How many builds of a job one poll looks at. Each costs Jenkins a file where it is not in its memory.
const BUILDS: usize = 5;

/// What is asked of a build.
pub(super) const BUILD: &str = "number,result,building,timestamp,duration,estimatedDuration,url,\
    actions[_class,userId,causes[userId,userName],parameters[name,value],lastBuiltRevision[SHA1,branch[name]],failCount,totalCount],\
    changeSets[items[commitId,timestamp,msg,author[id,fullName]]],\
    changeSet[items[commitId,timestamp,msg,author[id,fullName]]]";

/// What is asked of a build about how its input steps were answered.
pub(super) const ENDING: &str = "number,result,building,timestamp,duration,estimatedDuration,url,\
    actions[_class,userId,causes[_class,user[id,fullName]]]";

/// What is asked of a job before it is built.
pub(super) const JOB: &str = "name,buildable,inQueue,queueItem[id,inQueueSince,why],nextBuildNumber,\
    property[parameterDefinitions[name,type,choices,defaultParameterValue[name]]],\
    lastBuild[number,building,estimatedDuration]";

/// What is asked of a queue item.
pub(super) const QUEUE_ITEM: &str = "id,why,cancelled,inQueueSince,executable[number,url]";

/// What is asked of a job to find the build that a queue item became.
pub(super) const QUEUE_IDS: &str = "builds[number,queueId]{0,20}";

/// What is asked of the tree of jobs: `depth` levels of jobs with their builds, and the bare names below them.
pub(super) fn jobs_with_builds(depth: usize) -> String {
    let job = "name,url,color,buildable,inQueue,queueItem[id,inQueueSince],nextBuildNumber,actions[_class]";
    levels(&format!("{job},builds[{BUILD}]{{0,{BUILDS}}}"), depth)
}

/// The same with nothing but the jobs' names.
pub(super) fn jobs(depth: usize) -> String {
    levels("name", depth)
}

fn levels(job: &str, depth: usize) -> String {
    (0..depth).fold("jobs[name]".to_owned(), |below, _| format!("jobs[{job},{below}]"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Folder {
    /// None where Jenkins does not list its content, which is not "nothing".
    pub(super) jobs: Option<Entries<Job>>,
}

/// A job, a folder or a multibranch project. Jenkins sends its `_class` whether asked or not.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Job {
    #[serde(rename = "_class", deserialize_with = "optional_text")]
    pub(super) class: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    #[serde(deserialize_with = "optional_text")]
    pub(super) url: Option<String>,
    /// `blue`, `red_anime`, `disabled`, ...
    #[serde(deserialize_with = "optional_text")]
    pub(super) color: Option<String>,
    #[serde(deserialize_with = "or_nothing")]
    pub(super) buildable: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(super) in_queue: bool,
    #[serde(deserialize_with = "or_nothing")]
    pub(super) queue_item: Option<QueueItem>,
    #[serde(deserialize_with = "number")]
    pub(super) next_build_number: Option<u64>,
    #[serde(deserialize_with = "details")]
    pub(super) actions: Vec<JobAction>,
    #[serde(deserialize_with = "details")]
    pub(super) property: Vec<Property>,
    #[serde(deserialize_with = "or_nothing")]
    pub(super) last_build: Option<Build>,
    /// Each once. None where Jenkins does not list them, which it does for every job: see [`Job::hides_builds`].
    #[serde(deserialize_with = "builds")]
    pub(super) builds: Option<Entries<Build>>,
    /// Of a folder or multibranch project; none where Jenkins does not list them.
    pub(super) jobs: Option<Entries<Self>>,
}

/// A list of builds. Those without a number may be there several times.
fn builds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Entries<Build>>, D::Error> {
    let list: Option<Entries<Build>> = Option::deserialize(deserializer)?;
    Ok(list.map(|Entries { good, mut odd }| {
        let number = |build: &Build| Some(build.number).filter(|number| *number > 0);
        let good = once(good, &mut odd, number, Build::further, |build| format!("build {}", build.number));
        Entries { good, odd }
    }))
}

impl Job {
    /// True where Jenkins gives no class, which it does for everything.
    pub(super) fn is_classless(&self) -> bool {
        self.class.as_deref().is_none_or(|class| class.trim().is_empty())
    }

    /// True where Jenkins gives a class that is not known here.
    pub(super) fn is_of_unknown_class(&self) -> bool {
        let class = self.class.as_deref().unwrap_or_default().trim();
        let is_known = class.ends_with("Folder") || self.is_multibranch() || self.is_of_job_class();
        !class.is_empty() && !is_known
    }

    /// True for the projects of branches, also those of plugins: `WorkflowMultiBranchProject`,
    /// `PipelineMultiBranchDefaultsProject`.
    pub(super) fn is_multibranch(&self) -> bool {
        let class = self.class.as_deref().and_then(|class| class.rsplit('.').next());
        class.is_some_and(|class| class.contains("MultiBranch"))
    }

    /// True where it holds jobs: a folder by its class, and whatever lists jobs, since plugins have classes of their own.
    pub(super) fn is_folder(&self) -> bool {
        self.jobs.is_some() || self.class.as_deref().is_some_and(|class| class.ends_with("Folder"))
    }

    /// True where it has builds of its own, which does not keep it from holding jobs: a matrix project does both.
    pub(super) fn is_job(&self) -> bool {
        !self.is_folder() || self.builds.is_some() || self.color.is_some() || self.is_of_job_class()
    }

    fn is_of_job_class(&self) -> bool {
        let class = self.class.as_deref().unwrap_or_default();
        class.ends_with("FreeStyleProject") || class.ends_with("WorkflowJob")
    }

    /// True where it takes no builds any more. A branch's job cannot be disabled: it is so where its branch is deleted.
    pub(super) fn is_disabled(&self) -> bool {
        self.buildable == Some(false)
            || self.color.as_deref().and_then(folded).is_some_and(|color| color.starts_with("disabled"))
    }

    /// True where it is a job, which has builds or none, or of an unknown class, and Jenkins does not list its content.
    pub(super) fn hides_builds(&self) -> bool {
        let is_known = self.is_of_job_class() && self.color.is_none() && self.buildable.is_none();
        self.builds.is_none() && !is_known
    }

    /// The builds that are known, newest first.
    pub(super) fn builds(&self) -> &[Build] {
        self.builds.as_ref().map_or(&[], |builds| &builds.good)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JobAction {
    #[serde(rename = "_class", deserialize_with = "optional_text")]
    pub(super) class: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Property {
    #[serde(deserialize_with = "details")]
    pub(super) parameter_definitions: Vec<ParameterDefinition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ParameterDefinition {
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    #[serde(rename = "type", deserialize_with = "optional_text")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "or_nothing")]
    pub(super) choices: Option<Vec<String>>,
    pub(super) default_parameter_value: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct QueueItem {
    #[serde(deserialize_with = "number")]
    pub(super) id: Option<u64>,
    #[serde(deserialize_with = "optional_text")]
    pub(super) why: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub(super) cancelled: bool,
    #[serde(deserialize_with = "number")]
    pub(super) in_queue_since: Option<i64>,
    #[serde(deserialize_with = "or_nothing")]
    pub(super) executable: Option<Executable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Executable {
    #[serde(deserialize_with = "number")]
    pub(super) number: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Build {
    /// Jenkins counts from 1.
    #[serde(deserialize_with = "required_number")]
    pub(super) number: u64,
    /// The queue item that it was.
    #[serde(deserialize_with = "number")]
    pub(super) queue_id: Option<u64>,
    #[serde(deserialize_with = "enum_value")]
    pub(super) result: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub(super) building: bool,
    /// Milliseconds since 1970: when it began.
    #[serde(deserialize_with = "number")]
    pub(super) timestamp: Option<i64>,
    /// Milliseconds; 0 while it runs.
    #[serde(deserialize_with = "number")]
    pub(super) duration: Option<i64>,
    /// Milliseconds; -1 where there is nothing to go by.
    #[serde(deserialize_with = "number")]
    pub(super) estimated_duration: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub(super) url: Option<String>,
    #[serde(deserialize_with = "details")]
    pub(super) actions: Vec<Action>,
    /// Of a pipeline.
    #[serde(deserialize_with = "details")]
    pub(super) change_sets: Vec<ChangeSet>,
    /// Of a freestyle job.
    #[serde(deserialize_with = "or_nothing")]
    pub(super) change_set: Option<ChangeSet>,
}

impl Build {
    /// Of two reports of one build, which is the further one: the one that began later, as a job may be made again under its
    /// name; then one that has ended, one with a result, and the later end. None where it ended at one time in two ways.
    fn further(&self, other: &Self) -> Option<Ordering> {
        let (own, others) = (self.result(), other.result());
        let version = |build: &Self, has_result: bool| {
            (build.timestamp, !build.building, has_result, build.duration.filter(|_| !build.building))
        };
        match version(self, own.is_some()).cmp(&version(other, others.is_some())) {
            Ordering::Equal if !self.building && own != others => None,
            order => Some(order),
        }
    }

    /// The result in capitals, as Jenkins writes it; none where there is none yet.
    pub(super) fn result(&self) -> Option<String> {
        let result = self.result.as_deref()?.trim();
        (!result.is_empty()).then(|| result.to_ascii_uppercase())
    }
}

/// What a plugin attached to a build: each fills its own fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Action {
    #[serde(rename = "_class", deserialize_with = "optional_text")]
    pub(super) class: Option<String>,
    /// Who said yes to an input step.
    #[serde(deserialize_with = "optional_text")]
    pub(super) user_id: Option<String>,
    #[serde(deserialize_with = "details")]
    pub(super) causes: Vec<Cause>,
    #[serde(deserialize_with = "details")]
    pub(super) parameters: Vec<Parameter>,
    #[serde(deserialize_with = "or_nothing")]
    pub(super) last_built_revision: Option<Revision>,
    #[serde(deserialize_with = "number")]
    pub(super) fail_count: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub(super) total_count: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Cause {
    #[serde(rename = "_class", deserialize_with = "optional_text")]
    pub(super) class: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub(super) user_id: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub(super) user_name: Option<String>,
    /// Who said no to an input step.
    #[serde(deserialize_with = "or_nothing")]
    pub(super) user: Option<Author>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameter {
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    /// Left out of passwords.
    pub(super) value: Option<serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Revision {
    #[serde(rename = "SHA1", deserialize_with = "optional_text")]
    pub(super) sha1: Option<String>,
    #[serde(deserialize_with = "details")]
    pub(super) branch: Vec<Branch>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Branch {
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChangeSet {
    #[serde(deserialize_with = "details")]
    pub(super) items: Vec<Change>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Change {
    #[serde(deserialize_with = "optional_text")]
    pub(super) commit_id: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) timestamp: Option<i64>,
    #[serde(deserialize_with = "optional_text")]
    pub(super) msg: Option<String>,
    #[serde(deserialize_with = "or_nothing")]
    pub(super) author: Option<Author>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Author {
    #[serde(deserialize_with = "optional_text")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "optional_text")]
    pub(super) full_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WhoAmI {
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    #[serde(deserialize_with = "flag")]
    pub(super) anonymous: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Crumb {
    pub(super) crumb: String,
    pub(super) crumb_request_field: String,
}
