//! Work that a node could lease now or later: batches, and due entries of the delivery queue.

use super::StoreResult;
use super::db::Statement;
use super::delivery_leasing::{DUE_ENTRY, FREE_BATCH};
use super::operations::Deliveries;
use crate::domain::time::Millis;

static HAS_WORK: Statement = Statement::with(
    "
    SELECT CAST(1 AS BIGINT) AS found
      FROM delivery_queue w
     WHERE {due_entry}
     UNION ALL
    SELECT CAST(1 AS BIGINT) AS found
      FROM editions e
      JOIN delivery_batches b ON b.edition_id = e.id
     WHERE e.state = 'sending'
       AND e.transport IN {json_texts $transports}
       AND {free_batch}
     LIMIT 1",
    &[("due_entry", DUE_ENTRY), ("free_batch", FREE_BATCH)],
);

/// Needs one index lookup per sending edition and one per transport for its transactional messages,
/// independent of the length of the queue.
static NEXT_DUE_AT: Statement = Statement::new(
    "
    SELECT MIN(due) AS due
      FROM (
           SELECT (
                  SELECT MIN(w.due_at)
                    FROM delivery_queue w
                   WHERE w.edition_id = e.id
                     AND w.transport = e.transport) AS due
             FROM editions e
            WHERE e.state = 'sending'
              AND e.transport IN {json_texts $transports}
            UNION ALL
           SELECT (
                  SELECT MIN(w.due_at)
                    FROM delivery_queue w
                   WHERE w.edition_id IS NULL
                     AND w.transport = t.value) AS due
             FROM {json_texts $transports} AS t) AS firsts",
);

/// Finds messages that were due before `$overdue` and that no node has leased now.
static OVERDUE: Statement = Statement::new(
    "
    SELECT transport, MIN(due_at) AS since
      FROM (
           SELECT w.transport, w.due_at
             FROM delivery_queue w
             LEFT JOIN editions e ON e.id = w.edition_id
            WHERE w.due_at < $overdue
              AND w.lease_until < {now}
              AND (w.edition_id IS NULL OR e.state = 'sending')
            UNION ALL
           SELECT e.transport, e.created_at AS due_at
             FROM editions e
            WHERE e.state = 'sending'
              AND e.created_at < $overdue
              AND EXISTS (
                  SELECT 1
                    FROM delivery_batches b
                   WHERE b.edition_id = e.id
                     AND NOT b.done)
              AND NOT EXISTS (
                  SELECT 1
                    FROM delivery_batches b
                   WHERE b.edition_id = e.id
                     AND NOT b.done
                     AND b.lease_until >= {now})) AS overdue
     GROUP BY transport
     ORDER BY since, transport",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&HAS_WORK, &NEXT_DUE_AT, &OVERDUE];

impl Deliveries<'_> {
    /// Returns `true` if this node could lease a batch, or an entry of the delivery queue due until
    /// `until`, for these transports.
    pub async fn has_work(
        self,
        transports: &[String],
        node: &str,
        until: Millis,
    ) -> StoreResult<bool> {
        self.store
            .read(&HAS_WORK)
            .bind("transports", transports)
            // Entries that are due by then count as due now.
            .bind("now", until)
            .bind("node", node)
            .exists()
            .await
    }

    /// Returns the transports with messages that were due before a time and that no node is sending,
    /// each with the earliest of their due times.
    pub async fn overdue_since(self, overdue: Millis) -> StoreResult<Vec<(String, Millis)>> {
        self.store
            .read(&OVERDUE)
            .bind("overdue", overdue)
            .fetch_with(|row| Ok((row.get("transport")?, row.time("since")?)))
            .await
    }

    /// Returns the time at which the next entry of the delivery queue of these transports is due.
    pub async fn next_entry_due_at(self, transports: &[String]) -> StoreResult<Option<Millis>> {
        let due: Option<i64> =
            self.store.read(&NEXT_DUE_AT).bind("transports", transports).fetch_scalar().await?;
        Ok(due.map(Millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn next_due_delivery_is_found_by_index_lookups_only() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", home.path().join("courant.db").display()))
            .await
            .unwrap();
        let plan: Vec<String> = store
            .read_assembled(NEXT_DUE_AT.explained())
            .bind("transports", ["default".to_owned()].as_slice())
            .fetch_with(|row| row.get("detail"))
            .await
            .unwrap();
        let queue_steps: Vec<&str> =
            plan.iter().map(String::as_str).filter(|step| step.contains(" w ")).collect();
        let lookup =
            "SEARCH w USING COVERING INDEX delivery_queue_edition (edition_id=? AND transport=?)";
        assert_eq!(queue_steps, [lookup, lookup], "{plan:?}");
    }
}
