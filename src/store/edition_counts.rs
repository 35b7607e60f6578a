//! Numbers of the deliveries of editions by state: stored when an edition ends, and counted before.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json, json};

use super::db::{Row, Statement, Tx};
use super::operations::Editions;
use super::{StoreError, StoreResult};
use crate::domain::delivery::DeliveryState;
use crate::domain::edition::DeliveryCounts;

static STORED: Statement = Statement::new(
    "
    SELECT id, counts
      FROM editions
     WHERE id IN {json_ids $editions}
       AND counts IS NOT NULL",
);

/// Adds up the batches whose counts are stored, which have few distinct values, and counts the
/// deliveries of the others.
static COUNT: Statement = Statement::new(
    "
    SELECT b.counts AS counts, NULL AS state, COUNT(*) AS number
      FROM delivery_batches b
     WHERE b.edition_id = $edition
       AND b.counts IS NOT NULL
     GROUP BY b.counts
     UNION ALL
    SELECT NULL, d.state, COUNT(*)
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE b.edition_id = $edition
       AND b.counts IS NULL
     GROUP BY d.state",
);

static COUNT_BATCHES: Statement = Statement::new(
    "
    SELECT b.id AS batch, d.state AS state, COUNT(*) AS number
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE b.edition_id = $edition
       AND b.counts IS NULL
     GROUP BY b.id, d.state",
);

static STORE_OF_BATCHES: Statement = Statement::new(
    "
    UPDATE delivery_batches
       SET counts = r.counts
      FROM {json_rows $rows batch INTEGER, counts TEXT} AS r
     WHERE delivery_batches.id = r.batch",
);

static STORE: Statement =
    Statement::new("UPDATE editions SET counts = $counts WHERE id = $edition");

/// Editions in which a delivery has changed after their end. One with a message in the delivery queue is
/// counted once that has left it.
static LIST_UNCOUNTED: Statement = Statement::new(
    "
    SELECT id
      FROM editions e
     WHERE finished_at IS NOT NULL
       AND counts IS NULL
       AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.edition_id = e.id)
     ORDER BY id",
);

/// Locks an edition that has ended, so that its deliveries are counted before or after a change, never
/// during it.
static LOCK_UNCOUNTED: Statement = Statement::new(
    "
    UPDATE editions
       SET counts = NULL
     WHERE id = $edition
       AND finished_at IS NOT NULL
    RETURNING id",
);

static FORGET_BATCHES: Statement = Statement::new(
    "
    UPDATE delivery_batches
       SET counts = NULL
     WHERE id IN (SELECT d.batch_id FROM deliveries d WHERE d.id IN {json_ids $deliveries})",
);

static FORGET_EDITIONS: Statement = Statement::new(
    "
    UPDATE editions
       SET counts = NULL
     WHERE id IN (SELECT d.edition_id FROM deliveries d WHERE d.id IN {json_ids $deliveries})",
);

static FORGET_BATCH: Statement =
    Statement::new("UPDATE delivery_batches SET counts = NULL WHERE id = $batch");

static FORGET_OF_BATCH: Statement = Statement::new(
    "
    UPDATE editions
       SET counts = NULL
     WHERE id = (SELECT b.edition_id FROM delivery_batches b WHERE b.id = $batch)",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &STORED,
    &COUNT,
    &COUNT_BATCHES,
    &STORE_OF_BATCHES,
    &STORE,
    &LIST_UNCOUNTED,
    &LOCK_UNCOUNTED,
    &FORGET_BATCHES,
    &FORGET_EDITIONS,
    &FORGET_BATCH,
    &FORGET_OF_BATCH,
];

/// Returns counts as they are stored: a JSON object without the states that no delivery has.
fn to_json(counts: DeliveryCounts) -> String {
    let present = DeliveryState::ALL.into_iter().filter(|state| counts.of(*state) != 0);
    let fields: Map<String, Json> =
        present.map(|state| (state.as_str().to_owned(), json!(counts.of(state)))).collect();
    Json::Object(fields).to_string()
}

/// Returns `true` if a delivery has not ended, so that the counts will change.
fn has_open(counts: DeliveryCounts) -> bool {
    counts.queued + counts.sending > 0
}

/// Adds stored counts, as often as they occur.
fn add_stored(counts: &mut DeliveryCounts, text: &str, times: i64) -> StoreResult<()> {
    let stored: BTreeMap<String, i64> =
        serde_json::from_str(text).map_err(|e| StoreError::Sql(sqlx::Error::Decode(e.into())))?;
    for state in DeliveryState::ALL {
        counts.add(state, stored.get(state.as_str()).copied().unwrap_or(0) * times);
    }
    Ok(())
}

/// Reads a state of deliveries.
fn state_of(row: &Row) -> StoreResult<DeliveryState> {
    row.enum_value("deliveries.state", |word| word.parse().ok())
}

/// Adds up rows of [`COUNT`].
fn sum(rows: Vec<(Option<String>, Option<DeliveryState>, i64)>) -> StoreResult<DeliveryCounts> {
    let mut counts = DeliveryCounts::default();
    for (stored, state, number) in rows {
        match (stored, state) {
            (Some(stored), _) => add_stored(&mut counts, &stored, number)?,
            (None, Some(state)) => counts.add(state, number),
            (None, None) => {}
        }
    }
    Ok(counts)
}

/// Reads a row of [`COUNT`].
fn count_row(row: &Row) -> StoreResult<(Option<String>, Option<DeliveryState>, i64)> {
    let stored: Option<String> = row.get("counts")?;
    let state = if stored.is_none() { Some(state_of(row)?) } else { None };
    Ok((stored, state, row.get("number")?))
}

impl Editions<'_> {
    /// Returns the number of deliveries of an edition in each state.
    pub async fn counts(self, id: i64) -> StoreResult<DeliveryCounts> {
        Ok(self.counts_of_all(&[id]).await?.remove(&id).unwrap_or_default())
    }

    /// Returns the number of deliveries in each state for each of these editions.
    pub async fn counts_of_all(self, ids: &[i64]) -> StoreResult<HashMap<i64, DeliveryCounts>> {
        let stored = self
            .store
            .read(&STORED)
            .bind("editions", ids)
            .fetch_with(|row| Ok((row.get::<i64>("id")?, row.get::<String>("counts")?)))
            .await?;
        let mut counts: HashMap<i64, DeliveryCounts> = HashMap::new();
        for (edition, text) in stored {
            add_stored(counts.entry(edition).or_default(), &text, 1)?;
        }
        for id in ids {
            if !counts.contains_key(id) {
                let query = self.store.read(&COUNT).bind("edition", *id);
                counts.insert(*id, sum(query.fetch_with(count_row).await?)?);
            }
        }
        Ok(counts)
    }

    /// Counts the deliveries of the ended editions in which one has changed since, and stores the
    /// counts.
    pub async fn store_missing_counts(self) -> StoreResult<()> {
        let uncounted: Vec<i64> = self.store.read(&LIST_UNCOUNTED).fetch_scalars().await?;
        for edition in uncounted {
            let mut tx = self.store.begin().await?;
            if tx.query(&LOCK_UNCOUNTED).bind("edition", edition).exists().await? {
                store(&mut tx, edition).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }
}

/// Stores the counts of an edition that has ended, and those of its batches, unless a delivery is queued
/// again. The caller has locked its row.
pub(super) async fn store(tx: &mut Tx, edition: i64) -> StoreResult<()> {
    let rows = tx
        .query(&COUNT_BATCHES)
        .bind("edition", edition)
        .fetch_with(|row| Ok((row.get::<i64>("batch")?, state_of(row)?, row.get("number")?)))
        .await?;
    let mut batches: BTreeMap<i64, DeliveryCounts> = BTreeMap::new();
    for (batch, state, number) in rows {
        batches.entry(batch).or_default().add(state, number);
    }
    batches.retain(|_, counts| !has_open(*counts));
    if !batches.is_empty() {
        let row = |(batch, counts)| json!({"batch": batch, "counts": to_json(counts)});
        let rows: Json = batches.into_iter().map(row).collect();
        tx.query(&STORE_OF_BATCHES).bind("rows", rows).execute().await?;
    }
    let counts = sum(tx.query(&COUNT).bind("edition", edition).fetch_with(count_row).await?)?;
    if !has_open(counts) {
        tx.query(&STORE).bind("counts", to_json(counts)).bind("edition", edition).execute().await?;
    }
    Ok(())
}

/// Removes the stored counts to which these deliveries belong, because their states change in this
/// transaction. It locks the editions first, as [`store`] does, so that none is counted at the same time.
pub(super) async fn forget(tx: &mut Tx, deliveries: &[i64]) -> StoreResult<()> {
    if deliveries.is_empty() {
        return Ok(());
    }
    tx.query(&FORGET_EDITIONS).bind("deliveries", deliveries).execute().await?;
    tx.query(&FORGET_BATCHES).bind("deliveries", deliveries).execute().await?;
    Ok(())
}

/// Removes the stored counts of a batch and its edition, like [`forget`].
pub(super) async fn forget_batch(tx: &mut Tx, batch: i64) -> StoreResult<()> {
    tx.query(&FORGET_OF_BATCH).bind("batch", batch).execute().await?;
    tx.query(&FORGET_BATCH).bind("batch", batch).execute().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_counts_contain_the_states_that_deliveries_have() {
        let counts = DeliveryCounts { sent: 250, held: 6, ..DeliveryCounts::default() };
        let text = to_json(counts);
        assert_eq!(text, r#"{"held":6,"sent":250}"#);
        let mut read = DeliveryCounts::default();
        add_stored(&mut read, &text, 1).unwrap();
        assert_eq!(read, counts);
        add_stored(&mut read, &text, 2).unwrap();
        assert_eq!((read.sent, read.held, read.failed), (750, 18, 0));
    }
}
