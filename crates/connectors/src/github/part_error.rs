//! What of a repository could not be read: each error is named once, whatever it hides.

use callboard_domain::{
    item::Kind,
    source::{Problem, ProblemKind},
};

use super::part::Part;

/// Why a part of a repository is not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartError {
    pub(super) kind: ProblemKind,
    /// What is not seen; none where it is all of the repository, or a single thing.
    pub(super) part: Option<Part>,
    pub(super) why: String,
}

impl PartError {
    /// The kind of items that are not seen; `None` for all.
    fn items(&self) -> Option<Kind> {
        match self.part {
            Some(Part::Pulls) => Some(Kind::PullRequest),
            Some(Part::Runs) => Some(Kind::Build),
            Some(Part::Gates | Part::Answers) => Some(Kind::Approval),
            _ => None,
        }
    }
}

/// A repository's errors as problems, in the order in which each came first.
pub(super) fn problems(name: &str, errors: impl IntoIterator<Item = PartError>) -> Vec<Problem> {
    let mut once: Vec<(String, Vec<PartError>)> = Vec::new();
    for error in errors {
        match once.iter_mut().find(|(why, _)| *why == error.why) {
            Some((_, same)) => same.push(error),
            None => once.push((error.why.clone(), vec![error])),
        }
    }
    let problem = |(why, same): (String, Vec<PartError>)| {
        let kinds = [ProblemKind::NotSeen, ProblemKind::Incomplete, ProblemKind::Malformed];
        let worst = kinds.into_iter().find(|kind| same.iter().any(|error| error.kind == *kind));
        let is_all = |error: &PartError| error.part.is_none() && error.kind == ProblemKind::NotSeen;
        let mut parts: Vec<_> = same.iter().filter_map(|error| error.part).collect();
        parts.sort();
        parts.dedup();
        let parts: Vec<_> = parts.into_iter().map(Part::name).collect();
        let why = match parts.is_empty() || same.iter().any(is_all) {
            true => why,
            false => format!("no {}: {why}", parts.join(", ")),
        };
        let mut of: Vec<_> =
            same.iter().filter(|error| Some(error.kind) == worst).map(PartError::items).collect();
        of.dedup();
        // Two errors of one kind of items are about both.
        let of = if let [of] = of[..] { of } else { None };
        Problem::new(worst.unwrap_or(ProblemKind::Details), name, why).of_kind(of)
    };
    once.into_iter().map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors -> problems.
    #[test]
    fn each_is_named_once_as_the_worst_that_it_hides() {
        use ProblemKind::{Details, Incomplete, NotSeen};
        let all = (NotSeen, None);
        let single = (Incomplete, None);
        let (reviews, checks, jobs) = (
            (Incomplete, Some(Part::Reviews)),
            (Incomplete, Some(Part::Checks)),
            (Details, Some(Part::Jobs)),
        );
        let (pulls, runs) = ((NotSeen, Some(Part::Pulls)), (NotSeen, Some(Part::Runs)));
        type Case<'a> = (&'a [((ProblemKind, Option<Part>), &'a str)], &'a [(ProblemKind, &'a str)]);
        let cases: [Case<'_>; 7] = [
            (&[], &[]),
            (&[(reviews, "away")], &[(Incomplete, "no reviews: away")]),
            (&[(jobs, "away"), (jobs, "away")], &[(Details, "no jobs: away")]),
            (&[(jobs, "away"), (reviews, "away")], &[(Incomplete, "no reviews, jobs: away")]),
            (
                &[(single, "away"), (checks, "away"), (reviews, "away")],
                &[(Incomplete, "no reviews, checks: away")],
            ),
            (&[(checks, "away"), (reviews, "away"), (single, "away"), (all, "away")], &[(NotSeen, "away")]),
            (
                &[(checks, "one"), (jobs, "other")],
                &[(Incomplete, "no checks: one"), (Details, "no jobs: other")],
            ),
        ];
        for (errors, expected) in cases {
            let of = |((kind, part), why): &((ProblemKind, Option<Part>), &str)| PartError {
                kind: *kind,
                part: *part,
                why: (*why).to_owned(),
            };
            let found = problems("acme/web", errors.iter().map(of));
            let found: Vec<_> = found.iter().map(|problem| (problem.kind, problem.why.as_str())).collect();
            assert_eq!(found, expected, "{errors:?}");
        }
        // Errors -> the items that none is seen of.
        let cases = [
            (vec![pulls], Some(Kind::PullRequest)),
            (vec![runs], Some(Kind::Build)),
            (vec![runs, checks], Some(Kind::Build)),
            (vec![runs, runs], Some(Kind::Build)),
            (vec![runs, pulls], None),
            (vec![runs, all], None),
            (vec![all], None),
            (vec![checks], None),
        ];
        for (errors, expected) in cases {
            let of = |(kind, part): &(ProblemKind, Option<Part>)| PartError {
                kind: *kind,
                part: *part,
                why: "away".to_owned(),
            };
            let found = problems("acme/web", errors.iter().map(of));
            assert_eq!(found.len(), 1, "{errors:?}");
            assert_eq!(found[0].of, expected, "{errors:?}");
        }
    }
}
