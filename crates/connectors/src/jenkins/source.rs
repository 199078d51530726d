use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use callboard_domain::{
    action::Choice,
    error::ServiceError,
    item::{AccountName, BuildStatus, Detail, Item, ItemKey, Kind},
    source::{
        self, Batch, Cursor, DeletedRuns, Gone, GoneReason, Problem, ProblemKind, READING_TIME, Source,
    },
    text,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{
    builds::{Builds, BuildsRead, Dated, Missing},
    client::Jenkins,
    inputs::{BuildId, InputName, OpenInputs, Seen},
    job::JobName,
    normalise,
    normalise::{Listing, Newest},
    wire,
};
use crate::{Watch, lenient::Entries};

/// How many levels of folders are looked into.
const DEEPEST: usize = 6;
/// How many builds one poll asks for by their numbers.
const ASKED: usize = 20;

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
        let jobs = self.jenkins.jobs(&self.scope.folders, &wire::jobs(self.scope.depth)).await?;
        let found = self.listing(&jobs, std::iter::empty()).jobs;
        Ok(found.into_iter().map(|(name, _)| Choice { value: name.to_string(), note: None }).collect())
    }

    /// Asks for single builds. One that cannot be read, or not in this poll, is asked for again at the next one.
    async fn ask(&self, missing: &[Missing], problems: &mut Vec<Problem>) -> BuildsRead {
        let (mut asked, begun) = (BuildsRead::default(), Instant::now());
        let in_time = missing.iter().take(ASKED).take_while(|_| begun.elapsed() < READING_TIME);
        let mut remaining = missing.len();
        for Missing { job, number } in in_time {
            match self.jenkins.find_build(job, Some(*number)).await {
                Ok(found) => asked.note(job, *number, found),
                Err(error) => {
                    let why = format!("build {number} is on no list and cannot be asked for: {error}");
                    problems.push(Problem::new(ProblemKind::Incomplete, job.to_string(), why));
                    // The others would not fare better.
                    return asked;
                }
            }
            remaining -= 1;
        }
        if remaining > 0 {
            let why = format!("{} on no list, still to be asked for", text::count(remaining, "build"));
            problems.push(Problem::new(ProblemKind::Incomplete, "", why));
        }
        asked
    }

    /// `known`: the jobs that were there before.
    fn listing<'a>(&self, jobs: &'a Entries<wire::Job>, known: impl Iterator<Item = JobName>) -> Listing<'a> {
        let mut listing = Listing::knowing(known);
        listing.add(Some(jobs), &self.scope.folders, self.scope.depth, &self.watch);
        if !self.scope.bounded {
            for folder in std::mem::take(&mut listing.too_deep) {
                let why = format!("has folders more than {DEEPEST} deep: they are not watched");
                listing.problems.push(Problem::new(ProblemKind::NotSeen, folder.as_str(), why));
                listing.unseen.push(folder);
            }
        }
        listing
    }
}

#[async_trait]
impl Source for Jobs {
    /// One request for all watched jobs with their last builds. The cursor is a [`Memory`]: Jenkins forgets what is taken
    /// off its queue, and what is deleted.
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let tree = wire::jobs_with_builds(self.scope.depth);
        let jobs = self.jenkins.jobs(&self.scope.folders, &tree).await?;
        let memory = since.map(Memory::read).unwrap_or_default();
        let mut listing = self.listing(&jobs, memory.jobs());
        let recreated = memory.recreated(&listing.jobs);
        let missing = memory.builds.missing(&listing.jobs, &recreated);
        let asked = self.ask(&missing, &mut listing.problems).await;
        let mut snapshots = Vec::new();
        for (name, job) in &listing.jobs {
            let odd = job.builds.as_ref().and_then(|builds| builds.problem(&name.to_string(), "builds"));
            listing.problems.extend(odd);
            listing.problems.extend(normalise::unnumbered(name, job));
            if job.hides_builds() && !job.is_disabled() {
                let why = "Jenkins does not say what it built";
                listing.problems.push(Problem::new(ProblemKind::NotSeen, name.to_string(), why));
                listing.unseen.push(name.full_name());
            }
            if !job.is_disabled() {
                let (known, asked) = (memory.has(name), asked.of(name));
                listing.problems.extend(normalise::unknown_result(name, job, asked, now));
                snapshots.extend(normalise::item(&self.account, name, job, asked, known, now));
            }
        }
        let deleted_runs =
            asked.gone(&self.account).chain(deleted_runs_of(&recreated, &self.account)).collect();
        let builds = memory.builds.next(&listing, &missing, &asked);
        let mut gone = memory.gone(&listing, &snapshots, &self.account, &self.watch);
        let known = memory.known(&listing, &snapshots);
        let inputs = Seen {
            jenkins: &self.jenkins,
            account: &self.account,
            watch: &self.watch,
            listing: &listing,
            asked: &asked,
            recreated: &recreated,
            gone: &gone,
            whole: listing.shows_all_builds()
                && missing.iter().all(|missing| asked.answered(&missing.job, missing.number)),
            now,
            until: Instant::now() + READING_TIME,
        };
        let inputs = inputs.look(&memory.inputs, memory.reached.as_ref()).await;
        for item in &mut snapshots {
            let Detail::Build(build) = &mut item.detail else { continue };
            for run in &mut build.runs {
                let waits = inputs.waits.get(&(item.key.id.clone(), run.number));
                run.waits = waits.map(|waits| super::inputs::waits(*waits));
            }
        }
        let mut completed = memory.complete(&listing, &mut snapshots, &recreated, now);
        completed.newest.retain(|name, _| known.contains_key(name));
        let (open, reached) = (inputs.open, inputs.reached);
        let memory = Memory { known: Some(known), builds, inputs: open, reached, ..completed };
        let complete = [(Kind::Build, listing.unseen.is_empty()), (Kind::Approval, inputs.complete)];
        snapshots.extend(inputs.snapshots);
        gone.extend(inputs.gone);
        listing.problems.extend(inputs.problems);
        Ok(Batch {
            cursor: Some(memory.cursor()),
            complete: complete.into_iter().filter(|it| it.1).map(|it| source::Scope::all(it.0)).collect(),
            snapshots,
            gone,
            deleted_runs,
            problems: listing.problems,
            ..Batch::default()
        })
    }

    /// By the name of the job, which is that of a branch up to the `@`.
    fn watches(&self, item: &Item) -> bool {
        let job = match item.key.kind {
            Kind::Approval => item.reference().parse().map(|input: InputName| input.job),
            Kind::Build | Kind::PullRequest | Kind::Incident => item.reference().parse(),
        };
        match job {
            Ok(name) => self.watch.matches(&name.full_name()),
            // A name that was cut does not identify its job.
            Err(_) => true,
        }
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
    /// distinguished from those before it by its attempt: they are over, and it is not.
    #[serde(rename = "left")]
    unbuilt: BTreeMap<String, (u64, u32)>,
    /// The items that were there, each with its last build's number and time (in milliseconds since 1970), by which a job
    /// that is renamed is known again. None in the cursors of older versions.
    known: Option<BTreeMap<String, Option<Dated>>>,
    /// The builds that were listed, or still ran.
    builds: Builds,
    /// By which the builds of a job stay in order although Jenkins's clock is put right.
    newest: BTreeMap<String, Newest>,
    /// The input steps that waited.
    inputs: OpenInputs,
    /// The last build that there was time to ask about for its input steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    reached: Option<BuildId>,
}

impl Memory {
    fn read(cursor: &Cursor) -> Self {
        // A cursor of another version is ignored; that is no reason to stop.
        let mut memory: Self = serde_json::from_str(&cursor.0).unwrap_or_default();
        let last = memory.known.iter().flatten().filter_map(|(job, last)| Some((job.clone(), (*last)?.0)));
        memory.builds.recall(last);
        memory
    }

    fn cursor(&self) -> Cursor {
        // A struct of names and numbers cannot fail to be written.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// Its last build, where its time is known.
    fn last(&self, name: &JobName) -> Option<Dated> {
        *self.known.as_ref()?.get(&name.to_string())?
    }

    /// The jobs that were there.
    fn jobs(&self) -> impl Iterator<Item = JobName> {
        self.known.iter().flatten().filter_map(|(id, _)| id.parse().ok())
    }

    fn has(&self, name: &JobName) -> bool {
        self.known.as_ref().is_some_and(|known| known.contains_key(&name.to_string()))
    }

    /// The jobs that were deleted and made again: their numbers restart.
    fn recreated(&self, jobs: &[(JobName, &wire::Job)]) -> BTreeSet<String> {
        let recreated =
            jobs.iter().filter(|(name, job)| self.builds.is_recreated(name, job, self.last(name)));
        recreated.map(|(name, _)| name.to_string()).collect()
    }

    /// What was there and is not any more, with the reason, as far as the listing shows.
    fn gone(
        &self,
        listing: &Listing<'_>,
        snapshots: &[Item],
        account: &AccountName,
        watch: &Watch,
    ) -> Vec<Gone> {
        let gone = |id: &str, reason| Gone { key: ItemKey::new(account, Kind::Build, id), reason };
        let there: BTreeSet<&str> = snapshots.iter().map(Item::reference).collect();
        let listed: BTreeMap<String, &(JobName, &wire::Job)> =
            listing.jobs.iter().map(|job| (job.0.to_string(), job)).collect();
        let Some(known) = &self.known else {
            let disabled = listed.iter().filter(|(_, (_, job))| job.is_disabled());
            return disabled.map(|(id, (name, _))| gone(id, name.disabled_reason())).collect();
        };
        let renamed = |last: &Option<Dated>| {
            let last = (*last)?;
            let fresh =
                listed.iter().filter(|(id, _)| !known.contains_key(*id) && there.contains(id.as_str()));
            fresh.into_iter().find(|(_, (_, job))| last_build(job) == Some(last)).map(|(id, _)| id.clone())
        };
        let reason = |id: &String, last| {
            let name: JobName = id.parse().ok()?;
            match listed.get(id) {
                _ if there.contains(id.as_str()) || !watch.matches(&name.full_name()) => None,
                Some((_, job)) if job.is_disabled() => Some(name.disabled_reason()),
                // It has no builds any more.
                Some(_) => Some(GoneReason::Deleted),
                None if !listing.covers(&name) => None,
                None => Some(match renamed(last) {
                    Some(to) => GoneReason::Renamed { to },
                    None if name.branch().is_some() && listing.multibranch.contains(&name.full_name()) => {
                        GoneReason::BranchDeleted
                    }
                    None => GoneReason::NotListed,
                }),
            }
        };
        known.iter().filter_map(|(id, last)| Some(gone(id, reason(id, last)?))).collect()
    }

    /// What is there now, and what may be although it was not seen.
    fn known(&self, listing: &Listing<'_>, snapshots: &[Item]) -> BTreeMap<String, Option<Dated>> {
        let unseen = self
            .known
            .iter()
            .flatten()
            .filter(|(id, _)| id.parse::<JobName>().is_ok_and(|name| !listing.covers(&name)));
        let mut known: BTreeMap<_, _> = unseen.map(|(id, last)| (id.clone(), *last)).collect();
        let there: BTreeSet<&str> = snapshots.iter().map(Item::reference).collect();
        let listed = listing.jobs.iter().map(|(name, job)| (name.to_string(), last_build(job)));
        known.extend(listed.filter(|(id, _)| there.contains(id.as_str())));
        known
    }

    /// Adds the outcome of the builds that waited and are gone, and gives what is to be remembered of these snapshots. `recreated`:
    /// the jobs whose numbers restart.
    fn complete(
        mut self,
        listing: &Listing<'_>,
        snapshots: &mut [Item],
        recreated: &BTreeSet<String>,
        now: Timestamp,
    ) -> Self {
        let next_number =
            |(name, job): &(JobName, &wire::Job)| Some((name.to_string(), job.next_build_number?));
        let next_numbers: BTreeMap<_, _> = listing.jobs.iter().filter_map(next_number).collect();
        let mut next = Self { newest: std::mem::take(&mut self.newest), ..Self::default() };
        for item in snapshots {
            let name = item.reference().to_owned();
            let Detail::Build(build) = &mut item.detail else { continue };
            let newest = next.newest.remove(&name).filter(|_| !recreated.contains(&name));
            let newest = normalise::follow_in_time(&mut build.runs, newest);
            next.newest.extend(newest.map(|newest| (name.clone(), newest)));
            // A restarted counter gives the numbers to other builds.
            let is_ahead = |number: u64| {
                !recreated.contains(&name) && next_numbers.get(&name).is_none_or(|next| *next >= number)
            };
            let unbuilt = self.unbuilt.remove(&name).filter(|(number, _)| is_ahead(*number));
            let (mut number, mut times) = unbuilt.unwrap_or_default();
            for run in build.runs.iter_mut().filter(|run| run.number == number) {
                run.attempt += times;
            }
            if let Some(&waited) = self.waits.get(&name)
                && is_ahead(waited)
                && build.runs.iter().all(|run| run.number < waited)
            {
                (number, times) = (waited, if number == waited { times + 1 } else { 1 });
                let serial = newest.map(|(_, serial)| serial);
                build.runs.insert(0, normalise::left_the_queue(number, times, serial, now));
            }
            // Once the number is older than what is looked at, it cannot come again.
            if times > 0 && build.runs.iter().any(|run| run.number <= number) {
                next.unbuilt.insert(name.clone(), (number, times));
            }
            let waits = build.runs.iter().find(|run| run.status == BuildStatus::Queued);
            next.waits.extend(waits.map(|run| (name, run.number)));
        }
        next
    }
}

/// All builds of jobs that were made again are gone with the job that had them: what is built from now on follows nothing.
fn deleted_runs_of<'a>(
    recreated: &'a BTreeSet<String>,
    account: &'a AccountName,
) -> impl Iterator<Item = DeletedRuns> + 'a {
    recreated.iter().map(move |id| DeletedRuns {
        key: ItemKey::new(account, Kind::Build, id.as_str()),
        numbers: 0..=u64::MAX,
    })
}

fn last_build(job: &wire::Job) -> Option<Dated> {
    let last = job.builds().iter().max_by_key(|build| build.number)?;
    last.timestamp.map(|at| (last.number, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_matching_jobs_are_requested() {
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
    fn cursor_keeps_the_names_that_earlier_versions_wrote() {
        let memory = Memory::read(&Cursor(r#"{"waits":{},"left":{"web":[8,1]}}"#.to_owned()));
        assert_eq!(memory.unbuilt["web"], (8, 1));
        assert!(memory.cursor().0.contains(r#""left":{"web":[8,1]}"#), "{memory:?}");
    }

    #[test]
    fn unreadable_cursor_starts_over() {
        for text in ["", "null", "[]", "{\"waits\": 3}", "{\"other\": 1}"] {
            assert_eq!(Memory::read(&Cursor(text.to_owned())), Memory::default(), "{text}");
        }
    }
}
