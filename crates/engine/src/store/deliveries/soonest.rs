//! When what waits may be sent at the soonest: for who waits for that.

use callboard_domain::chat::DeliveryKey;
use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    super::{
        Store, StoreError,
        row::{At, all},
    },
    Delivery,
    list::not_posted,
    queue::{by_hand, due, heads},
};

/// The first delivery that waits in a line of a channel: nothing behind it is sent before it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstOfLine {
    /// Which.
    pub key: DeliveryKey,
    /// When it may be sent at the soonest.
    pub at: Timestamp,
    /// True where one before it is to be looked up first. That may leave it unknown.
    pub is_held: bool,
}

impl Store {
    /// The first that waits in each line of each channel, as seen at `now`; and what has not arrived, as
    /// [`Store::deliveries_not_posted`] gives it. Both are of one moment: of two, what was sent in between would be in neither.
    pub async fn first_of_lines(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<(Vec<FirstOfLine>, Vec<Delivery>), StoreError> {
        self.read(move |conn| Ok((first_of_lines(conn, now)?, not_posted(conn, limit)?))).await
    }
}

fn first_of_lines(conn: &Connection, now: Timestamp) -> rusqlite::Result<Vec<FirstOfLine>> {
    let (heads, due, line) = (heads(), due(), by_hand("d"));
    let sql = format!(
        "{heads} SELECT id, iif({due}, min(next_at, ?1), next_at), 0
         FROM heads JOIN deliveries USING (n) WHERE state = 'pending'
         UNION ALL SELECT d.id, max(d.next_at, min(held.until, (SELECT min(l.next_at) FROM looked_up l
             WHERE l.address = d.address AND l.by_hand = {line} AND l.n < d.n))), 1
         FROM held JOIN deliveries d ON d.n = held.n WHERE d.state = 'pending'"
    );
    all(conn, &sql, [At(now)], |row| {
        let (key, is_held) = (DeliveryKey(row.get(0)?), row.get(2)?);
        Ok(FirstOfLine { key, at: row.get::<_, At>(1)?.0, is_held })
    })
}
