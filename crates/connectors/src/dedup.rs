//! What a list has twice: a page that shifted while it was read, two servers behind one address, a cache.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use crate::lenient::MalformedEntry;

/// Each thing once, in order: the further of those that are listed under one key. Where nothing shows which of two that is,
/// it is none of them, which is named in `odd`.
///
/// `key` is what a row is known by (none: nothing distinguishes it from others), `compare` which of two is the further one
/// (none where they contradict each other), `name` what a person calls it.
pub(crate) fn once<T, K: Ord + Clone>(
    rows: Vec<T>,
    odd: &mut Vec<MalformedEntry>,
    key: impl Fn(&T) -> Option<K>,
    compare: impl Fn(&T, &T) -> Option<Ordering>,
    name: impl Fn(&T) -> String,
) -> Vec<T> {
    let (mut kept, mut places, mut contradicted) =
        (Vec::with_capacity(rows.len()), BTreeMap::new(), BTreeSet::new());
    for row in rows {
        let Some(key) = key(&row) else {
            kept.push(row);
            continue;
        };
        let place = *places.entry(key.clone()).or_insert(kept.len());
        let Some(known) = kept.get_mut(place) else {
            kept.push(row);
            continue;
        };
        match compare(&row, known) {
            Some(Ordering::Greater) => {
                *known = row;
                contradicted.remove(&key);
            }
            Some(Ordering::Less | Ordering::Equal) => {}
            None => drop(contradicted.insert(key)),
        }
    }
    let is_contradicted = |row: &T| key(row).is_some_and(|key| contradicted.contains(&key));
    let (left_out, kept): (Vec<T>, Vec<T>) = kept.into_iter().partition(is_contradicted);
    let why = "it is listed twice, and one contradicts the other";
    odd.extend(left_out.iter().map(|row| MalformedEntry { which: name(row), why: why.to_owned() }));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_row_counts_and_ties_are_not_guessed() {
        // Rows of (key, version, state) -> what is left, and what is named.
        type Row = (u32, u32, &'static str);
        let cases: [(&[Row], &[Row], &[&str]); 9] = [
            (&[], &[], &[]),
            (&[(2, 1, "a"), (1, 1, "b")], &[(2, 1, "a"), (1, 1, "b")], &[]),
            (&[(1, 1, "a"), (2, 1, "b"), (1, 2, "c")], &[(1, 2, "c"), (2, 1, "b")], &[]),
            (&[(1, 2, "c"), (1, 1, "a")], &[(1, 2, "c")], &[]),
            (&[(1, 1, "a"), (1, 1, "a")], &[(1, 1, "a")], &[]),
            (&[(1, 1, "a"), (2, 1, "b"), (1, 1, "c")], &[(2, 1, "b")], &["#1"]),
            // A third one that is further than both.
            (&[(1, 1, "a"), (1, 1, "c"), (1, 2, "d")], &[(1, 2, "d")], &[]),
            (&[(1, 2, "d"), (1, 1, "a"), (1, 1, "c")], &[(1, 2, "d")], &[]),
            // Without a key they are two.
            (&[(0, 1, "a"), (0, 1, "c")], &[(0, 1, "a"), (0, 1, "c")], &[]),
        ];
        for (rows, expected, named) in cases {
            let compare = |one: &Row, other: &Row| match one.1.cmp(&other.1) {
                Ordering::Equal if one.2 != other.2 => None,
                order => Some(order),
            };
            let key = |row: &Row| Some(row.0).filter(|key| *key != 0);
            let mut odd = Vec::new();
            let kept = once(rows.to_vec(), &mut odd, key, compare, |row| format!("#{}", row.0));
            assert_eq!(kept, expected, "{rows:?}");
            assert_eq!(odd.iter().map(|odd| odd.which.as_str()).collect::<Vec<_>>(), named, "{rows:?}");
        }
    }
}
