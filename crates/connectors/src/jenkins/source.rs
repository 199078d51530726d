use std::collections::BTreeMap;

use async_trait::async_trait;
use callboard_domain::{
    action::Choice,
    error::ServiceError,
    item::{AccountName, BuildStatus, Detail, Item, Kind},
    source::{self, Batch, Cursor, Problem, ProblemKind, Source},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{client::Jenkins, job::JobName, normalise, wire};
use crate::Watch;

/// How many levels of folders are looked into.
const DEEPEST: usize = 6;

/// The jobs that an account watches.
pub(super) struct Jobs {
    jenkins: Jenkins,
    account: AccountName,
    watch: Watch,
    scope: Scope,
}

impl Jobs {
    pub(super) fn new(jenkins: Jenkins, account: AccountName, watch: Watch) -> Self {
        let scope = Scope::of(&watch);
        Self { jenkins, account, watch, scope }
    }

    /// The names that a command can take, of the watched jobs.
    pub(super) async fn choices(&self) -> Result<Vec<Choice>, ServiceError> {
        let folder = self.jenkins.jobs(&self.scope.folders, &wire::jobs(self.scope.depth)).await?;
        let (found, _) = self.watched(&folder);
        Ok(found.into_iter().map(|(name, _)| Choice { value: name.to_string(), note: None }).collect())
    }

    fn watched<'a>(&self, folder: &'a wire::Folder) -> (Vec<(JobName, &'a wire::Job)>, Vec<String>) {
        normalise::watched(&folder.jobs, &self.scope.folders, self.scope.depth, &self.watch)
    }
}

#[async_trait]
impl Source for Jobs {
    /// One request for all watched jobs with their last builds. The cursor is a [`Memory`]: Jenkins forgets what is taken
    /// off its queue.
    async fn poll(&self, since: Option<&Cursor>, _now: Timestamp) -> Result<Batch, ServiceError> {
        let tree = wire::jobs_with_builds(self.scope.depth);
        let folder = self.jenkins.jobs(&self.scope.folders, &tree).await?;
        let (found, too_deep) = self.watched(&folder);
        let mut snapshots: Vec<_> =
            found.iter().filter_map(|(name, job)| normalise::item(&self.account, name, job)).collect();
        let memory = since.map(Memory::read).unwrap_or_default().complete(&mut snapshots);
        let problems = if self.scope.bounded {
            Vec::new()
        } else {
            let problem = |folder| {
                let why = format!("has folders more than {DEEPEST} deep: they are not watched");
                Problem::new(ProblemKind::NotSeen, folder, why)
            };
            too_deep.into_iter().map(problem).collect()
        };
        Ok(Batch {
            cursor: Some(memory.cursor()),
            complete: problems.is_empty().then(|| source::Scope::all(Kind::Build)).into_iter().collect(),
            snapshots,
            problems,
            ..Batch::default()
        })
    }

    fn watches(&self, item: &Item) -> bool {
        self.watch.matches(&item.key.id)
    }
}

/// How much of the tree of jobs must be asked for.
#[derive(Debug, PartialEq, Eq)]
struct Scope {
    /// The folder that holds everything watched.
    folders: Vec<String>,
    /// The levels below it.
    depth: usize,
    /// True where the patterns end there, false where more could match deeper down.
    bounded: bool,
}

impl Scope {
    fn of(watch: &Watch) -> Self {
        let patterns: Vec<Vec<&str>> = watch.patterns().map(|pattern| pattern.split('/').collect()).collect();
        // Beyond a special character, slashes may mean something else than folders.
        let plain = |part: &&str| !part.contains(['*', '?', '[', '{', '\\']);
        let folders = patterns.iter().map(|parts| {
            let own: Vec<_> = parts[..parts.len() - 1].iter().copied().take_while(plain).collect();
            own
        });
        let shared =
            folders.reduce(|a, b| a.into_iter().zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a).collect());
        let folders = shared.unwrap_or_default();
        let bounded = !watch.is_everything()
            && watch.patterns().all(|pattern| !pattern.contains("**") && !pattern.contains(['{', '[', '\\']));
        let longest = patterns.iter().map(Vec::len).max().unwrap_or_default();
        // One more: the branches of a multibranch project.
        let depth = if bounded { (longest - folders.len() + 1).min(DEEPEST) } else { DEEPEST };
        Self { folders: folders.into_iter().map(str::to_owned).collect(), depth, bounded }
    }
}

/// What is remembered from poll to poll, by the item's reference.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// The number that a waiting build will get.
    waits: BTreeMap<String, u64>,
    /// A number whose build left the queue unbuilt, and how often. Jenkins gives the number to the next build, which is
    /// told from those before it by its attempt: they are over, and it is not.
    left: BTreeMap<String, (u64, u32)>,
}

impl Memory {
    fn read(cursor: &Cursor) -> Self {
        // A cursor of another version says nothing; that is no reason to stop.
        serde_json::from_str(&cursor.0).unwrap_or_default()
    }

    fn cursor(&self) -> Cursor {
        Cursor(serde_json::json!({ "waits": self.waits, "left": self.left }).to_string())
    }

    /// Adds what became of the builds that waited and are gone, and gives what is to be remembered of these snapshots.
    fn complete(mut self, snapshots: &mut [Item]) -> Self {
        let mut next = Self::default();
        for item in snapshots {
            let name = item.reference().to_owned();
            let Detail::Build(build) = &mut item.detail else { continue };
            let (mut number, mut times) = self.left.remove(&name).unwrap_or_default();
            for run in build.runs.iter_mut().filter(|run| run.number == number) {
                run.attempt += times;
            }
            if let Some(&waited) = self.waits.get(&name)
                && build.runs.iter().all(|run| run.number < waited)
            {
                (number, times) = (waited, if number == waited { times + 1 } else { 1 });
                build.runs.insert(0, normalise::left_the_queue(number, times));
            }
            // Once the number is older than what is looked at, it cannot come again.
            if times > 0 && build.runs.iter().any(|run| run.number <= number) {
                next.left.insert(name.clone(), (number, times));
            }
            let waits = build.runs.iter().find(|run| run.status == BuildStatus::Queued);
            next.waits.extend(waits.map(|run| (name, run.number)));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_match_is_asked_for() {
        let cases: [(&[&str], &str, usize, bool); 8] = [
            (&[], "", 6, false),
            (&["web/*"], "web", 2, true),
            (&["web/api"], "web", 2, true),
            (&["deploy"], "", 2, true),
            (&["team/web/*", "team/web/x/*"], "team/web", 3, true),
            (&["web/*", "api/deploy"], "", 3, true),
            (&["team/web/**"], "team/web", 6, false),
            (&["{web,api}/deploy"], "", 6, false),
        ];
        for (patterns, folders, depth, bounded) in cases {
            let scope = Scope::of(&serde_json::from_value(serde_json::json!(patterns)).unwrap());
            let got = (scope.folders.join("/"), scope.depth, scope.bounded);
            assert_eq!(got, (folders.to_owned(), depth, bounded), "{patterns:?}");
        }
    }

    #[test]
    fn a_strange_cursor_is_as_good_as_none() {
        for text in ["", "null", "[]", "{\"waits\": 3}", "{\"other\": 1}"] {
            assert_eq!(Memory::read(&Cursor(text.to_owned())), Memory::default(), "{text}");
        }
    }
}
