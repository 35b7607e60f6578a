//! Completion of editions whose deliveries have all ended.

use super::db::Statement;
use super::edition_commands::apply_command;
use super::operations::Editions;
use super::{StoreError, StoreResult, edition_counts, events};
use crate::domain::actor::Actor;
use crate::domain::edition::EditionCommand;
use crate::domain::event::EventKind;
use crate::domain::time::Millis;

/// Selects the editions whose deliveries have all ended.
const SETTLED: &str = "
    SELECT id
      FROM editions e
     WHERE state = 'sending'
       AND NOT EXISTS (
           SELECT 1 FROM delivery_batches b WHERE b.edition_id = e.id AND NOT b.done)
       AND NOT EXISTS (
           SELECT 1
             FROM delivery_queue w
             JOIN deliveries d ON d.id = w.delivery_id
            WHERE w.edition_id = e.id
              AND d.state IN ('queued', 'sending'))";

static HAS_SETTLED: Statement = Statement::new(SETTLED);

/// Selects the settled editions none of whose messages was sent, with one of the replies.
const UNSENT: &str = "
    SELECT b.edition_id, MAX(d.last_reply) AS reply
      FROM delivery_batches b
      JOIN deliveries d ON d.batch_id = b.id
     WHERE b.edition_id IN ({settled})
     GROUP BY b.edition_id
    HAVING SUM(CASE WHEN d.state IN ('failed', 'held') THEN 1 ELSE 0 END) > 0
       AND SUM(CASE WHEN d.state IN ('sent', 'bounced') THEN 1 ELSE 0 END) = 0
     ORDER BY b.edition_id";

static SETTLED_UNSENT: Statement = Statement::with(UNSENT, &[("settled", SETTLED)]);

static IS_UNSENT: Statement = Statement::with(
    UNSENT,
    &[
        ("settled", "SELECT id FROM ({all_settled}) all_settled WHERE id = $edition"),
        ("all_settled", SETTLED),
    ],
);

/// Waits for a retry that queues deliveries of such an edition at the moment.
static LOCK_SETTLED: Statement = Statement::with(
    "
    SELECT id
      FROM editions
     WHERE id IN ({settled})
     ORDER BY id
    {lock_rows}",
    &[("settled", SETTLED)],
);

static FINISH_SETTLED: Statement = Statement::with(
    "
    UPDATE editions
       SET state = 'sent',
           finished_at = $now
     WHERE id IN {json_ids $editions}
       AND id IN ({settled})
    RETURNING id",
    &[("settled", SETTLED)],
);

/// A node that recorded "sent" late leaves the queue entry of another node that deferred the
/// delivery in the meantime.
static DEQUEUE_EDITIONS: Statement = Statement::new(
    "
    DELETE FROM delivery_queue
     WHERE edition_id IN {json_ids $editions}",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&HAS_SETTLED, &SETTLED_UNSENT, &IS_UNSENT, &LOCK_SETTLED, &FINISH_SETTLED, &DEQUEUE_EDITIONS];

impl Editions<'_> {
    /// Returns the editions without open deliveries all of whose messages failed or are held, each with
    /// a reply.
    pub async fn settled_unsent(self) -> StoreResult<Vec<(i64, Option<String>)>> {
        if !self.store.read(&HAS_SETTLED).exists().await? {
            return Ok(Vec::new());
        }
        self.store
            .read(&SETTLED_UNSENT)
            .fetch_with(|row| Ok((row.get("edition_id")?, row.get("reply")?)))
            .await
    }

    /// Pauses an edition if it still has no open deliveries and none of its messages was sent; returns
    /// `true` if it did.
    pub async fn pause_unsent(self, edition: i64, note: &str, now: Millis) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        tx.query(&LOCK_SETTLED).fetch_scalars::<i64>().await?;
        if !tx.query(&IS_UNSENT).bind("edition", edition).exists().await? {
            return Ok(false);
        }
        let (note, actor) = (Some(note.to_owned()), Actor::System);
        match apply_command(&mut tx, edition, EditionCommand::Pause, note, &actor, now).await {
            // An admin has changed it at the same time.
            Err(StoreError::Rejected(_)) => return Ok(false),
            result => result?,
        };
        tx.commit().await?;
        Ok(true)
    }

    /// Marks the editions that have no open deliveries as sent and returns their ids.
    pub async fn finish_sent(self, now: Millis) -> StoreResult<Vec<i64>> {
        if !self.store.read(&HAS_SETTLED).exists().await? {
            return Ok(Vec::new());
        }
        let mut tx = self.store.begin().await?;
        let settled: Vec<i64> = tx.query(&LOCK_SETTLED).fetch_scalars().await?;
        let finish = tx.query(&FINISH_SETTLED).bind("now", now);
        let finished: Vec<i64> =
            finish.bind("editions", settled.as_slice()).fetch_scalars().await?;
        tx.query(&DEQUEUE_EDITIONS).bind("editions", finished.as_slice()).execute().await?;
        for edition in &finished {
            edition_counts::store(&mut tx, *edition).await?;
            events::record_edition(&mut tx, EventKind::EditionFinished, *edition, now).await?;
        }
        tx.commit().await?;
        Ok(finished)
    }
}
