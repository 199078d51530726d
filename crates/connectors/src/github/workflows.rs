//! The names of workflows in keys. The stem of its file reads best (`ci`), but two workflows may share it: `ci.yml` and
//! `ci.yaml`, files in two folders, a repository's own and one that its organisation requires.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire;

/// The workflows of a repository by their stem, in the order in which they were first seen: the first is called by the
/// stem alone, which was every workflow's name in earlier versions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Workflows(BTreeMap<String, Vec<Workflow>>);

/// What distinguishes a workflow from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Workflow {
    path: String,
    #[serde(default)]
    id: Option<u64>,
}

impl Workflow {
    fn is(&self, other: &Self) -> bool {
        match (self.id, other.id) {
            (Some(one), Some(other)) => one == other,
            _ => self.path == other.path,
        }
    }
}

impl Workflows {
    /// Takes note of the workflows of these runs. Of those first seen together a plain file in the usual folder comes
    /// first, then the older one.
    pub(super) fn learn<'a>(&mut self, runs: impl IntoIterator<Item = &'a wire::Run>) {
        let mut found: Vec<_> =
            runs.into_iter().filter_map(|run| Some((rank(run), workflow(run)?))).collect();
        found.sort();
        for (_, (stem, workflow)) in found {
            let known = self.0.entry(stem).or_default();
            if !known.iter().any(|known| known.is(&workflow)) {
                known.push(workflow);
            }
        }
    }

    /// The name of the run's workflow.
    pub(super) fn name(&self, run: &wire::Run) -> String {
        let Some((stem, workflow)) = workflow(run).or_else(|| self.by_id(run.workflow_id?)) else {
            return run.name.clone().unwrap_or_else(|| "workflow".to_owned());
        };
        self.called(stem, workflow)
    }

    /// The one of that number: a run may leave its file out.
    fn by_id(&self, id: u64) -> Option<(String, Workflow)> {
        let mut all = self.0.iter().flat_map(|(stem, known)| known.iter().map(move |it| (stem, it)));
        let (stem, workflow) = all.find(|(_, workflow)| workflow.id == Some(id))?;
        Some((stem.clone(), workflow.clone()))
    }

    /// The names of all of them.
    pub(super) fn names(&self) -> Vec<String> {
        let all = self.0.iter().flat_map(|(stem, known)| known.iter().map(move |it| (stem, it)));
        all.map(|(stem, workflow)| self.called(stem.clone(), workflow.clone())).collect()
    }

    fn called(&self, stem: String, workflow: Workflow) -> String {
        let known = self.0.get(&stem).map(Vec::as_slice).unwrap_or_default();
        let place = known.iter().position(|known| known.is(&workflow)).unwrap_or(known.len());
        let before = &known[..place];
        match workflow.id {
            _ if before.is_empty() => stem,
            Some(id) if before.iter().any(|other| other.path == workflow.path) => {
                format!("{} ({id})", workflow.path)
            }
            _ => workflow.path,
        }
    }
}

fn workflow(run: &wire::Run) -> Option<(String, Workflow)> {
    let path = run.path.as_deref()?.split('@').next()?;
    let file = path.rsplit('/').next()?;
    let stem = file.strip_suffix(".yml").or_else(|| file.strip_suffix(".yaml")).unwrap_or(file);
    let workflow = Workflow { path: path.to_owned(), id: run.workflow_id };
    (!stem.is_empty()).then(|| (stem.to_owned(), workflow))
}

fn rank(run: &wire::Run) -> (bool, Option<u64>) {
    let path = run.path.as_deref().unwrap_or_default();
    (path.contains('@') || !path.starts_with(".github/workflows/"), run.workflow_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(path: &str, workflow: Option<u64>) -> wire::Run {
        serde_json::from_str(
            &serde_json::json!({ "id": 1, "run_number": 1, "path": path, "workflow_id": workflow })
                .to_string(),
        )
        .unwrap()
    }

    #[test]
    fn a_run_that_leaves_its_file_out_keeps_its_name() {
        let mut workflows = Workflows::default();
        workflows.learn(&[run(".github/workflows/ci.yml", Some(7))]);
        let nameless = |id: Option<u64>| -> wire::Run {
            let run = serde_json::json!({ "id": 1, "run_number": 1, "name": "CI", "path": null, "workflow_id": id });
            serde_json::from_str(&run.to_string()).unwrap()
        };
        for (id, expected) in [(Some(7), "ci"), (Some(8), "CI"), (None, "CI")] {
            assert_eq!(workflows.name(&nameless(id)), expected, "{id:?}");
        }
    }

    #[test]
    fn workflows_of_one_stem_have_two_names() {
        let usual = ".github/workflows/ci.yml";
        type Case<'a> = (&'a [(&'a str, Option<u64>)], &'a [&'a str]);
        let cases: [Case<'_>; 5] = [
            (&[(usual, Some(1)), (usual, Some(1))], &["ci", "ci"]),
            (&[(usual, None), (".github/workflows/ci.yaml", None)], &[".github/workflows/ci.yml", "ci"]),
            (&[("other/ci.yml", Some(1)), (usual, Some(2))], &["other/ci.yml", "ci"]),
            (
                &[(".github/workflows/ci.yml@refs/heads/main", Some(1)), (usual, Some(2))],
                &[".github/workflows/ci.yml (1)", "ci"],
            ),
            (&[(usual, None), (".github/workflows/ci.yml@main", Some(7))], &["ci", "ci"]),
        ];
        for (rows, expected) in cases {
            let runs: Vec<_> = rows.iter().map(|(path, id)| run(path, *id)).collect();
            let mut workflows = Workflows::default();
            workflows.learn(&runs);
            let names: Vec<_> = runs.iter().map(|run| workflows.name(run)).collect();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn who_was_first_keeps_the_name() {
        let mut workflows = Workflows::default();
        workflows.learn([&run(".github/workflows/ci.yaml", Some(9))]);
        let later = run(".github/workflows/ci.yml", Some(3));
        // A webhook may report it before any poll does.
        assert_eq!(workflows.name(&later), ".github/workflows/ci.yml");
        workflows.learn([&later]);
        assert_eq!(workflows.name(&later), ".github/workflows/ci.yml");
        assert_eq!(workflows.name(&run(".github/workflows/ci.yaml", Some(9))), "ci");
    }
}
