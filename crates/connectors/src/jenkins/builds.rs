//! What became of single builds: one that is deleted is on no list any more, and neither is one that still runs while many
//! others were built. Both are asked for by their numbers.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    item::{AccountName, ItemKey, Kind},
    source::DeletedRuns,
};
use serde::{Deserialize, Serialize};

use super::{job::JobName, normalise::Listing, wire};

/// The builds of each job that were listed last, and those that ran then: by number, whether it was under way.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Builds(BTreeMap<String, BTreeMap<u64, bool>>);

/// A build that is on no list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) job: JobName,
    pub(super) number: u64,
}

/// What was found of builds that were asked for.
#[derive(Debug, Default)]
pub(super) struct BuildsRead {
    found: BTreeMap<String, Vec<wire::Build>>,
    gone: Vec<(String, u64)>,
}

impl BuildsRead {
    /// Takes note of an answer: none where Jenkins does not have it.
    pub(super) fn note(&mut self, job: &JobName, number: u64, found: Option<wire::Build>) {
        match found {
            Some(build) => {
                self.found.entry(job.to_string()).or_default().push(wire::Build { number, ..build })
            }
            None => self.gone.push((job.to_string(), number)),
        }
    }

    /// The builds of a job that are there.
    pub(super) fn of(&self, job: &JobName) -> &[wire::Build] {
        self.found.get(&job.to_string()).map_or(&[], Vec::as_slice)
    }

    /// True where Jenkins said whether it has that build.
    pub(super) fn answered(&self, job: &JobName, number: u64) -> bool {
        self.of(job).iter().any(|build| build.number == number) || self.is_gone(job, number)
    }

    /// True where Jenkins does not have that build.
    pub(super) fn is_gone(&self, job: &JobName, number: u64) -> bool {
        let job = job.to_string();
        self.gone.iter().any(|(of, gone)| *of == job && *gone == number)
    }

    /// Those that are not.
    pub(super) fn gone(&self, account: &AccountName) -> impl Iterator<Item = DeletedRuns> {
        let runs = |(job, number): &(String, u64)| DeletedRuns {
            key: ItemKey::new(account, Kind::Build, job.as_str()),
            numbers: *number..=*number,
        };
        self.gone.iter().map(runs)
    }
}

/// A build by its number and the time at which it was made, in milliseconds since 1970.
pub(super) type Dated = (u64, i64);

/// The number of the next build, where Jenkins has it: none of those that are listed has it, or a higher one.
fn next_number(job: &wire::Job) -> Option<u64> {
    job.next_build_number.filter(|next| job.builds().iter().all(|build| build.number < *next))
}

/// True for a job whose counter gives numbers again that builds had: it was deleted and made again. So it was where a build
/// has the number of the `last` one that was known and another time, which no build changes. Where Jenkins does not show the next
/// number, a build shows that has a lower number than that one, and was made after it.
fn is_restarted(job: &wire::Job, known: &BTreeMap<u64, bool>, last: Option<Dated>) -> bool {
    if let Some((number, before)) = last.filter(|(number, _)| *number > 0) {
        let namesakes = job.builds().iter().filter(|build| build.number == number);
        let times: Vec<i64> = namesakes.filter_map(|build| build.timestamp).collect();
        if !times.is_empty() && !times.contains(&before) {
            return true;
        }
    }
    if let Some(next) = next_number(job) {
        return known.keys().next_back().is_some_and(|last| next <= *last);
    }
    let newest = job.builds().iter().max_by_key(|build| build.number).filter(|build| build.number > 0);
    let newest = newest.and_then(|build| Some((build.number, build.timestamp?)));
    newest.zip(last).is_some_and(|((number, at), (last, last_at))| number < last && at > last_at)
}

/// The numbers that a job's list has, where it lists its builds.
fn listed(job: &wire::Job) -> Option<Vec<u64>> {
    let builds = job.builds.as_ref().filter(|builds| builds.odd.is_empty())?;
    Some(builds.good.iter().map(|build| build.number).collect())
}

impl Builds {
    /// Takes over the last builds that earlier versions remembered.
    pub(super) fn recall(&mut self, last: impl Iterator<Item = (String, u64)>) {
        for (job, number) in last {
            self.0.entry(job).or_insert_with(|| [(number, false)].into());
        }
    }

    fn known(&self, name: &JobName) -> Option<&BTreeMap<u64, bool>> {
        self.0.get(&name.to_string())
    }

    /// Those that should be on a list and are not, and those that ran and are on none any more. Older ones leave the list as
    /// new ones come, or are cleared away, which does not affect the status of the job. `recreated`: the jobs whose numbers restart.
    pub(super) fn missing(
        &self,
        jobs: &[(JobName, &wire::Job)],
        recreated: &BTreeSet<String>,
    ) -> Vec<Missing> {
        let of_job = |(name, job): &(JobName, &wire::Job)| {
            let known =
                self.known(name).filter(|_| !job.is_disabled() && !recreated.contains(&name.to_string()))?;
            let listed = listed(job).filter(|listed| !listed.is_empty() || job.queue_item.is_some())?;
            let oldest = listed.iter().min().copied().unwrap_or_default();
            let missing = known
                .iter()
                .filter(|(number, under_way)| !listed.contains(number) && (**number > oldest || **under_way));
            // The newest first: they decide the status of the job.
            Some(
                missing
                    .rev()
                    .map(|(number, _)| Missing { job: name.clone(), number: *number })
                    .collect::<Vec<_>>(),
            )
        };
        jobs.iter().filter_map(of_job).flatten().collect()
    }

    /// True for a job that was deleted and made again: its numbers restart. `last`: its last build that was known, where that
    /// has a time.
    pub(super) fn is_recreated(&self, name: &JobName, job: &wire::Job, last: Option<Dated>) -> bool {
        self.known(name).is_some_and(|known| is_restarted(job, known, last))
    }

    /// What is to be remembered: what is listed now, what was asked for and still runs, and what of the `missing` was not
    /// answered.
    pub(super) fn next(&self, listing: &Listing<'_>, missing: &[Missing], asked: &BuildsRead) -> Self {
        let mut next = BTreeMap::new();
        for (name, job) in &listing.jobs {
            let (id, known) = (name.to_string(), self.known(name).cloned().unwrap_or_default());
            let builds = if listed(job).is_none() {
                known
            } else {
                let own = missing.iter().filter(|missing| missing.job == *name);
                let open = own.map(|missing| missing.number).filter(|number| !asked.answered(name, *number));
                let open = open.map(|number| (number, known.get(&number).copied().unwrap_or_default()));
                let runs = |build: &wire::Build| (build.number, build.building);
                let found = asked.of(name).iter().map(runs).filter(|(_, under_way)| *under_way);
                open.chain(found).chain(job.builds().iter().map(runs)).collect()
            };
            next.insert(id, builds);
        }
        // What could not be seen is still known.
        let unseen =
            self.0.iter().filter(|(id, _)| id.parse::<JobName>().is_ok_and(|name| !listing.covers(&name)));
        next.extend(unseen.map(|(id, known)| (id.clone(), known.clone())));
        next.retain(|_, builds: &mut BTreeMap<u64, bool>| !builds.is_empty());
        Self(next)
    }
}
