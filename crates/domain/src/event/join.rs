//! How two values and two lists are joined, whatever they are of.

use std::cmp::Ordering;

/// What is known of the order of what is stored and a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Nothing: webhooks overtake each other, and a poll that is under way.
    Unknown,
    /// The snapshot is later.
    Later,
}

/// The later of two values that a service reported. At the same time the greater one, so that the result does not depend on
/// the order of arrival, unless that is known.
pub(super) fn later<'a, T: Ord, At: Ord>(
    old: Option<&'a T>,
    new: Option<&'a T>,
    at: impl Fn(&T) -> At,
    order: Order,
) -> Option<&'a T> {
    match (old, new) {
        (Some(was), Some(is)) if order == Order::Later && at(was) == at(is) => Some(is),
        (old, new) => old.into_iter().chain(new).max_by(|a, b| (at(a), *a).cmp(&(at(b), *b))),
    }
}

/// Brings a list into the form that [`join_lists`] takes and gives: sorted by `order`, equals joined, the `kept` first.
pub(super) fn canonicalise_list<T: Clone>(
    list: &mut Vec<T>,
    kept: usize,
    order: impl Fn(&T, &T) -> Ordering,
    join: impl Fn(&T, T) -> T,
) {
    if !list.is_sorted_by(|a, b| order(a, b).is_lt()) {
        list.sort_by(&order);
        list.dedup_by(|later, earlier| {
            let same = order(earlier, later).is_eq();
            if same {
                *earlier = join(earlier, later.clone());
            }
            same
        });
    }
    list.truncate(kept);
}

/// Joins two canonical lists: what both have is joined, and the `kept` first stay. So what would come after all of a full
/// list is ignored, and what fell off the end never comes back.
pub(super) fn join_lists<T: Clone>(
    old: &[T],
    new: Vec<T>,
    kept: usize,
    order: impl Fn(&T, &T) -> Ordering,
    join: impl Fn(&T, T) -> T,
) -> Vec<T> {
    let mut joined = Vec::with_capacity(kept.min(old.len() + new.len()));
    let (mut old, mut new) = (old.iter().peekable(), new.into_iter().peekable());
    while joined.len() < kept {
        let next = match (old.peek(), new.peek()) {
            (Some(one), Some(other)) => match order(one, other) {
                Ordering::Less => old.next().cloned(),
                Ordering::Equal => old.next().zip(new.next()).map(|(one, other)| join(one, other)),
                Ordering::Greater => new.next(),
            },
            (Some(_), None) => old.next().cloned(),
            (None, _) => new.next(),
        };
        match next {
            Some(next) => joined.push(next),
            None => break,
        }
    }
    joined
}
