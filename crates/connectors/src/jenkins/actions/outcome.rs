//! How a build ended, as an outcome. Pure.

use std::time::Duration;

use callboard_domain::{duration::Span, item::BuildStatus, run::Outcome, text};
use serde_json::json;

use crate::jenkins::{job::JobName, normalise, wire};

/// How a build ended, in a line.
pub(super) fn outcome(job: &JobName, build: &wire::Build) -> Outcome {
    let number = build.number;
    let after = length(build.duration).map(|length| format!(" after {length}")).unwrap_or_default();
    let outcome = match (normalise::status(build), build.result().as_deref()) {
        (BuildStatus::Passed, _) => {
            let within = length(build.duration).map(|length| format!(" in {length}")).unwrap_or_default();
            Outcome::ok(format!("{job} #{number} passed{within}"))
        }
        (BuildStatus::Failed, Some("UNSTABLE")) => {
            Outcome::failed(format!("{job} #{number} is unstable{after}"))
        }
        (BuildStatus::Failed, _) => Outcome::failed(format!("{job} #{number} failed{after}")),
        (BuildStatus::Running | BuildStatus::Queued, _) => {
            Outcome::failed(format!("{job} #{number} has no result yet"))
        }
        (BuildStatus::Unknown, result) => {
            let result = text::line(result.unwrap_or_default(), 40);
            Outcome::failed(format!(
                "{job} #{number} ended{after}, and it is not known how: Jenkins says {result}"
            ))
        }
        (_, Some("NOT_BUILT")) => Outcome::failed(format!("{job} #{number} built nothing")),
        _ => Outcome::failed(format!("{job} #{number} was stopped{after}")),
    };
    let result = build.result.as_deref().map(|result| text::line(result, 40));
    outcome.with_data(json!({ "job": job.to_string(), "number": number, "result": result }))
}

/// A length in milliseconds in words, where there is one.
pub(super) fn length(milliseconds: Option<i64>) -> Option<Span> {
    let seconds = u64::try_from(milliseconds?).ok()? / 1_000;
    (seconds > 0).then(|| Span(Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcome_of_a_build_fits_a_line() {
        let cases = [
            (
                json!({ "number": 57, "result": "SUCCESS", "duration": 130_000 }),
                true,
                "web #57 passed in 2m 10s",
            ),
            (json!({ "number": 57, "result": "FAILURE", "duration": 900 }), false, "web #57 failed"),
            (
                json!({ "number": 57, "result": "UNSTABLE", "duration": 3_600_000 }),
                false,
                "web #57 is unstable after 1h",
            ),
            (json!({ "number": 57, "result": "ABORTED", "duration": -1 }), false, "web #57 was stopped"),
            (json!({ "number": 57, "result": "NOT_BUILT" }), false, "web #57 built nothing"),
            (
                json!({ "number": 57, "result": "SOMETHING" }),
                false,
                "web #57 ended, and it is not known how: Jenkins says SOMETHING",
            ),
            (json!({ "number": 57, "result": null }), false, "web #57 has no result yet"),
        ];
        for (build, ok, summary) in cases {
            let outcome = outcome(&"web".parse().unwrap(), &serde_json::from_value(build).unwrap());
            assert_eq!((outcome.ok, outcome.summary.as_str()), (ok, summary));
        }
    }
}
