//! Many requests, a few at a time, as long as there is time.

use std::future::Future;

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::time::Instant;

/// How many are under way at a time.
const AT_ONCE: usize = 8;

/// Begins with each in turn, a few at a time, and no more once it is `until` (the first few always). Gives back the results,
/// in order, and what was not begun. A slow one does not hold up the others.
pub(super) async fn within<I, T, F: Future<Output = T>>(
    items: Vec<I>,
    until: Instant,
    begin: impl Fn(I) -> F,
) -> (Vec<T>, Vec<I>) {
    let mut items = items.into_iter();
    let mut places = 0_usize..;
    let mut next = |items: &mut std::vec::IntoIter<I>| {
        let future = begin(items.next()?);
        let place = places.next();
        Some(async move { (place, future.await) })
    };
    let mut under_way = FuturesUnordered::new();
    under_way.extend((0..AT_ONCE).map_while(|_| next(&mut items)));
    let mut ended = Vec::new();
    while let Some(one) = under_way.next().await {
        ended.push(one);
        if Instant::now() < until {
            under_way.extend(next(&mut items));
        }
    }
    ended.sort_by_key(|(place, _)| *place);
    (ended.into_iter().map(|(_, result)| result).collect(), items.collect())
}
