//! Listings in pages that are counted from the beginning. Their rows shift while they are read: what ends on an earlier page
//! moves a row of the next one up, and that row would never be seen.

use std::collections::BTreeSet;

use callboard_domain::error::ServiceError;

use crate::lenient::{Entries, MalformedEntry};

/// How often a listing that shifted is read from its beginning again.
const TRIES: u32 = 3;

/// One page.
pub(crate) struct Page<T> {
    /// Its rows.
    pub(crate) rows: Entries<T>,
    /// True where the service reports further rows.
    pub(crate) more: bool,
}

/// What was read of a listing.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    /// Each row once, in order.
    pub(crate) rows: Vec<T>,
    /// The rows that could not be read.
    pub(crate) odd: Vec<MalformedEntry>,
    /// True where every row was seen. Absence is evidence only then.
    pub(crate) complete: bool,
    /// Why it was not read to its end, where a page failed.
    pub(crate) error: Option<ServiceError>,
}

/// A listing that is being read page by page:
///
/// ```ignore
/// while let Some(at) = paging.next() {
///     paging.take(page_at(at).await)?;
/// }
/// let listing = paging.end();
/// ```
///
/// Each page but the first begins with the last row of the one before, by `key`, as long as all rows can be read. Where that is
/// not on it, rows have moved up past the border: the listing is read again, and where it keeps changing it is not
/// complete. Rows that moved down are seen twice, and count once.
pub(crate) struct Paging<T, K> {
    /// How many rows are read at the most.
    most: usize,
    /// What a row is known by.
    key: K,
    /// How often it may be read from its beginning again.
    tries: u32,
    /// Where the next page begins; none once there is no more to read.
    at: Option<usize>,
    listing: Listing<T>,
    /// True where the next page repeats the last row. Not after a page with rows that cannot be read: it would count such a row
    /// twice, and nothing can be claimed of the listing any more.
    repeats_last: bool,
    seen: BTreeSet<String>,
    /// Of the listings that shifted the longest.
    best: Option<Listing<T>>,
}

impl<T> Listing<T> {
    fn new() -> Self {
        Self { rows: Vec::new(), odd: Vec::new(), complete: true, error: None }
    }

    /// How many rows were seen, whether or not they could be read.
    fn seen(&self) -> usize {
        self.rows.len() + self.odd.len()
    }
}

impl<T, K: Fn(&T) -> String> Paging<T, K> {
    pub(crate) fn new(most: usize, key: K) -> Self {
        let listing = Listing::new();
        let seen = BTreeSet::new();
        Self { most, key, tries: TRIES, at: Some(0), listing, repeats_last: true, seen, best: None }
    }

    /// From which row on the next page is to be read; none where there is no more to read.
    pub(crate) fn next(&self) -> Option<usize> {
        self.at
    }

    /// Takes the page that begins there, or why it could not be read.
    ///
    /// # Errors
    /// Only where the very first page cannot be read; a later error makes the listing incomplete.
    pub(crate) fn take(&mut self, page: Result<Page<T>, ServiceError>) -> Result<(), ServiceError> {
        let Some(at) = self.at.take() else { return Ok(()) };
        match page {
            Ok(page) => self.add(at, page),
            Err(error) if at == 0 && self.best.is_none() => return Err(error),
            Err(error) => (self.listing.complete, self.listing.error) = (false, Some(error)),
        }
        Ok(())
    }

    /// What was read.
    pub(crate) fn end(self) -> Listing<T> {
        match self.best {
            Some(best) if !self.listing.complete && best.rows.len() > self.listing.rows.len() => best,
            _ => self.listing,
        }
    }

    fn add(&mut self, at: usize, page: Page<T>) {
        let border = self.listing.rows.last().filter(|_| self.repeats_last).map(&self.key);
        let read = page.rows.good.len() + page.rows.odd.len();
        let border_found =
            border.is_none_or(|border| page.rows.good.iter().any(|row| (self.key)(row) == border));
        // What cannot be read may be the row of the border.
        let is_shifted = !border_found && page.rows.odd.is_empty();
        self.listing.complete &= border_found;
        let before = self.listing.seen();
        for row in page.rows.good {
            if self.seen.insert((self.key)(&row)) {
                self.listing.rows.push(row);
            }
        }
        self.repeats_last = page.rows.odd.is_empty();
        self.listing.odd.extend(page.rows.odd);
        let repeated = usize::from(self.repeats_last);
        if is_shifted {
            self.begin_again();
        } else if !page.more {
            self.listing.complete &= self.listing.odd.is_empty();
        } else if self.listing.seen() >= self.most || self.listing.seen() == before || read <= repeated {
            // A page that brings nothing new leads nowhere.
            self.listing.complete = false;
        } else {
            self.at = Some(at + read - repeated);
        }
    }

    fn begin_again(&mut self) {
        self.tries -= 1;
        if self.tries == 0 {
            return;
        }
        let shifted = std::mem::replace(&mut self.listing, Listing::new());
        if self.best.as_ref().is_none_or(|best| best.rows.len() < shifted.rows.len()) {
            self.best = Some(shifted);
        }
        self.seen.clear();
        self.repeats_last = true;
        self.at = Some(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows `0..10` in pages of 4, of which each call of `change` may make others, and what is read of them.
    fn read_while(mut change: impl FnMut(usize, &mut Vec<u32>)) -> (Vec<u32>, bool, usize) {
        let mut rows: Vec<u32> = (0..10).collect();
        let mut asked = 0;
        let mut paging = Paging::new(50, u32::to_string);
        while let Some(at) = paging.next() {
            change(asked, &mut rows);
            asked += 1;
            let page: Vec<u32> = rows.iter().copied().skip(at).take(4).collect();
            let more = at + page.len() < rows.len();
            paging.take(Ok(Page { rows: Entries { good: page, odd: Vec::new() }, more })).unwrap();
        }
        let listing = paging.end();
        (listing.rows, listing.complete, asked)
    }

    #[test]
    fn every_row_is_seen_though_rows_shift() {
        let all: Vec<u32> = (0..10).collect();
        assert_eq!(read_while(|_, _| {}), (all.clone(), true, 3));

        // One of the first page ends before the second is asked for: read again.
        let ended = read_while(|asked, rows| {
            if asked == 1 {
                rows.retain(|row| *row != 1);
            }
        });
        let (rows, complete, _) = ended;
        assert_eq!((rows, complete), (all.iter().copied().filter(|row| *row != 1).collect(), true));

        // New ones push rows down: some are seen twice, and the new ones with the next poll.
        let (rows, complete, _) = read_while(|asked, rows| {
            if asked == 1 {
                rows.insert(0, 100);
            }
        });
        assert_eq!((rows, complete), (all.clone(), true));

        // It never stops changing: nothing is claimed, and it ends.
        let (rows, complete, asked) = read_while(|asked, rows| {
            if asked % 3 != 0 {
                rows.remove(0);
                rows.push(u32::try_from(asked).unwrap() + 100);
            }
        });
        assert!(!complete && !rows.is_empty() && asked <= 9, "{rows:?} {asked}");
    }

    #[test]
    fn what_cannot_be_read_on_a_border_counts_once() {
        // Rows, read four at a time (an x cannot be) -> those that were read, and how many were not.
        let cases = [
            ("0 1 2 x 4 5 x 7 x x", vec![0, 1, 2, 4, 5, 7], 4),
            ("x x x x", vec![], 4),
            ("x x x x 4 5", vec![4, 5], 4),
            // A page that only repeats the last row before what cannot be read, and one of which nothing can be.
            ("0 1 2 3 x x x x x x x 11 12", vec![0, 1, 2, 3, 11, 12], 7),
        ];
        for (listed, expected, odd) in cases {
            let rows: Vec<&str> = listed.split(' ').collect();
            let mut paging = Paging::new(50, u32::to_string);
            while let Some(at) = paging.next() {
                let page: String = rows[at..(at + 4).min(rows.len())].join(",");
                let rows_read: Entries<u32> =
                    serde_json::from_str(&format!("[{}]", page.replace('x', "null"))).unwrap();
                paging.take(Ok(Page { rows: rows_read, more: at + 4 < rows.len() })).unwrap();
            }
            let listing = paging.end();
            assert_eq!(
                (listing.rows, listing.odd.len(), listing.complete),
                (expected, odd, false),
                "{listed}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_counts_among_the_most() {
        let (mut paging, mut asked) = (Paging::new(10, u32::to_string), 0);
        while paging.next().is_some() {
            asked += 1;
            let rows: Entries<u32> = serde_json::from_str("[null,null,null,null]").unwrap();
            paging.take(Ok(Page { rows, more: true })).unwrap();
        }
        let listing = paging.end();
        assert_eq!((asked, listing.odd.len(), listing.complete), (3, 12, false));
    }

    #[test]
    fn interrupted_or_too_long_listing_is_incomplete() {
        let rows: Vec<String> = (0..10).map(|row| row.to_string()).collect();
        let page = |at: usize, more: bool| {
            let good: Vec<String> = rows.iter().skip(at).take(4).cloned().collect();
            Page { rows: Entries { good, odd: Vec::new() }, more }
        };
        let read = |most: usize, page_at: &dyn Fn(usize) -> Result<Page<String>, ServiceError>| {
            let mut paging = Paging::new(most, String::clone);
            while let Some(at) = paging.next() {
                paging.take(page_at(at))?;
            }
            Ok::<_, ServiceError>(paging.end())
        };
        let down = || Err(ServiceError::unavailable("down"));
        let broken = read(50, &|at| if at == 0 { Ok(page(0, true)) } else { down() }).unwrap();
        assert_eq!((broken.rows.len(), broken.complete, broken.error.is_some()), (4, false, true));
        assert!(read(50, &|_| down()).is_err());
        let long = read(5, &|at| Ok(page(at, true))).unwrap();
        assert_eq!((long.rows.len(), long.complete), (7, false));
        // The same page again and again.
        let circle = read(50, &|_| Ok(page(0, true))).unwrap();
        assert_eq!((circle.rows.len(), circle.complete), (4, false));
        let empty = read(50, &|_| Ok(page(100, true))).unwrap();
        assert_eq!((empty.rows.len(), empty.complete), (0, false), "there are more rows");
    }
}
