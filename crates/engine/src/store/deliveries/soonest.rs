//! When what waits may be sent at the soonest: for who waits for that.

use std::collections::HashMap;

use callboard_domain::{chat::DeliveryKey, error::ServiceError};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    super::{
        Store, StoreError,
        row::{At, Json, all},
    },
    Delivery, DeliveryState,
    list::{not_posted, of_keys},
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
    /// What it met when it was last tried.
    pub error: Option<ServiceError>,
}

impl Store {
    /// Those of these deliveries that are on the record, or without keys what has not arrived, at most `limit`: oldest first. Each
    /// that waits has the first of its line, which may be itself or one that is being sent. All as seen at `now`.
    pub async fn in_their_lines(
        &self,
        keys: &[DeliveryKey],
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<(Delivery, Option<FirstOfLine>)>, StoreError> {
        let keys = keys.to_vec();
        self.read(move |conn| in_their_lines(conn, &keys, limit, now)).await
    }
}

/// The first of each line, as `firsts (address, by_hand, n, id, state, at, is_held)`. What is being sent is so already.
fn firsts() -> String {
    let (heads, due, line, held_line) = (heads(), due(), by_hand("deliveries"), by_hand("d"));
    format!(
        "{heads}, firsts (address, by_hand, n, id, state, at, is_held) AS MATERIALIZED (
             SELECT address, {line}, n, id, state, iif(state = 'sending' OR {due}, min(next_at, ?1), next_at), 0
             FROM heads JOIN deliveries USING (n)
             UNION ALL SELECT d.address, {held_line}, d.n, d.id, d.state, iif(d.state = 'sending', min(d.next_at, ?1),
                 max(d.next_at, held.looked_up_at)), d.state = 'pending'
             FROM held JOIN deliveries d ON d.n = held.n)"
    )
}

fn in_their_lines(
    conn: &Connection,
    keys: &[DeliveryKey],
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<Vec<(Delivery, Option<FirstOfLine>)>> {
    let deliveries = if keys.is_empty() { not_posted(conn, limit)? } else { of_keys(conn, keys)? };
    let keys: Vec<&DeliveryKey> = deliveries.iter().map(|delivery| &delivery.key).collect();
    let (firsts, line) = (firsts(), by_hand("d"));
    let sql = format!(
        "{firsts} SELECT d.id, firsts.id, firsts.at, firsts.is_held,
             (SELECT f.error FROM deliveries f WHERE f.n = firsts.n)
         FROM deliveries d JOIN firsts ON firsts.address = d.address AND firsts.by_hand = {line} AND firsts.n <= d.n
         WHERE d.id IN (SELECT value FROM json_each(?2)) AND d.state = 'pending'"
    );
    let of_each = all(conn, &sql, params![At(now), Json(&keys)], |row| {
        let (key, is_held) = (DeliveryKey(row.get(1)?), row.get(3)?);
        // What is damaged is named of that one itself.
        let error = row.get::<_, Option<Json<ServiceError>>>(4).ok().flatten().map(|it| it.0);
        let first = FirstOfLine { key, at: row.get::<_, At>(2)?.0, is_held, error };
        Ok((DeliveryKey(row.get(0)?), first))
    })?;
    let mut of_each: HashMap<DeliveryKey, FirstOfLine> = of_each.into_iter().collect();
    let with_first = |delivery: Delivery| {
        // What nothing is before goes by its own time, as an edit does that is tried later.
        let is_alone = delivery.state == DeliveryState::Pending;
        let alone = || FirstOfLine {
            key: delivery.key.clone(),
            at: delivery.next_at,
            is_held: false,
            error: delivery.error.clone(),
        };
        let first = of_each.remove(&delivery.key).or_else(|| is_alone.then(alone));
        (delivery, first)
    };
    Ok(deliveries.into_iter().map(with_first).collect())
}
