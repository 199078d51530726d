//! "Did you mean": the nearest name to one that does not exist.

/// Beyond this many characters nothing is near: the cost grows with the square, and names are short.
const LONGEST: usize = 64;

/// The nearest of the candidates, where one is near enough to be a slip of the fingers: at most a third of the
/// characters differ, and never more than three. Case does not count, a swap of neighbours counts once; of equally near ones the first.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|candidate| Some((edit_distance(name, candidate)?, candidate)))
        .min_by_key(|(edit_distance, _)| *edit_distance)
        .map(|(_, candidate)| candidate)
}

/// The same for a dotted name that may go on into the candidate: `item.lables.team` is near `item.labels`.
pub fn nearest_path<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let parts = candidate.split('.').count();
            let end = name.match_indices('.').nth(parts - 1).map_or(name.len(), |(at, _)| at);
            Some((edit_distance(&name[..end], candidate)?, candidate))
        })
        .min_by_key(|(edit_distance, _)| *edit_distance)
        .map(|(_, candidate)| candidate)
}

/// The end of an error that names what was probably meant: `; did you mean "x"?`, or nothing.
pub(crate) fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// The number of typing errors between two names; `None` where there are too many to be typing errors.
pub fn edit_distance(typed: &str, name: &str) -> Option<usize> {
    let length = typed.chars().take(LONGEST + 1).count().max(name.chars().take(LONGEST + 1).count());
    if length > LONGEST {
        return None;
    }
    let allowed = if length <= 2 { 0 } else { (length / 3).clamp(1, 3) };
    let edit_distance = strsim::osa_distance(&typed.to_lowercase(), &name.to_lowercase());
    (edit_distance <= allowed).then_some(edit_distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_the_one_that_was_meant() {
        let names = ["deploy", "pr approve", "pr list", "staging", "production", "to", "for"];
        let cases = [
            ("deplyo", Some("deploy")),
            ("DEPLOY", Some("deploy")),
            ("pr aprove", Some("pr approve")),
            ("stagin", Some("staging")),
            ("prodction", Some("production")),
            ("fro", Some("for")),
            ("To", Some("to")),
            ("go", None),
            ("release", None),
            ("", None),
            ("x", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(nearest(typed, names), expected, "{typed:?}");
        }
    }

    #[test]
    fn the_first_of_equals_and_the_nearest_of_all() {
        assert_eq!(nearest("rat", ["cat", "bat"]), Some("cat"));
        assert_eq!(nearest("build", ["builds", "build", "guild"]), Some("build"));
    }

    #[test]
    fn dotted_names_are_compared_as_far_as_they_go() {
        assert_eq!(nearest_path("item.lables.team", ["item.labels", "item.number"]), Some("item.labels"));
        assert_eq!(nearest_path("itm", ["item.labels"]), None);
    }

    #[test]
    fn long_names_are_not_compared() {
        let long = "x".repeat(100_000);
        assert_eq!(nearest(&long, [long.as_str()]), None);
    }
}
