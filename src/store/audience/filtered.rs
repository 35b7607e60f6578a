//! Freezing and counting of audiences with a condition on the subscribers.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::batches::{BATCH_SIZE, BATCHES_PER_TRANSACTION, FreezeProgress, RECIPIENTS};
use crate::domain::filter::Condition;
use crate::domain::time::Millis;
use crate::store::db::{AssembledStatement, Query, Statement};
use crate::store::operations::Editions;
use crate::store::subscriber_filter::FilterSql;
use crate::store::{Store, StoreError, StoreResult};

/// Number of subscriptions read before each transaction.
const CANDIDATES_PER_TRANSACTION: i64 = BATCHES_PER_TRANSACTION * BATCH_SIZE;

static PROGRESS: Statement = Statement::new(
    "
    SELECT frozen_through, digest, audience
      FROM editions
     WHERE id = $edition
       AND state = 'preparing'",
);

/// The next subscriptions whose owners fulfil the condition of the audience.
const CANDIDATES: &str = "
    SELECT s.id
           {recipients}
       AND s.id > $frozen_through
       AND {audience}
     ORDER BY s.id
     LIMIT $limit";

const AUDIENCE_SIZE: &str = "
    SELECT COUNT(*)
      FROM subscriptions s
      JOIN subscribers p ON p.id = s.subscriber_id
     WHERE s.digest = $digest
       AND s.status = 'confirmed'
       AND {not_suppressed p}
       AND {audience}";

const HAS_AUDIENCE: &str = "
    SELECT s.id
      FROM subscriptions s
      JOIN subscribers p ON p.id = s.subscriber_id
     WHERE s.digest = $digest
       AND s.status = 'confirmed'
       AND s.sections IN {json_texts $choices}
       AND {not_suppressed p}
       AND {audience}
     LIMIT 1";

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[&PROGRESS];

/// Returns the condition of the audience of an edition in preparation, if it has one.
pub(super) async fn stored_condition(
    store: &Store,
    edition: i64,
) -> StoreResult<Option<Condition>> {
    let row = store.read(&PROGRESS).bind("edition", edition).fetch_first().await?;
    let audience: Option<String> = row.map(|row| row.get("audience")).transpose()?.flatten();
    audience.as_deref().map(parse).transpose()
}

/// Freezes the next batches of an audience with a condition. The subscriptions are read before the
/// transaction, which stays short even if few of them fulfil the condition.
pub(super) async fn freeze(
    store: &Store,
    edition: i64,
    condition: &Condition,
    now: Millis,
) -> StoreResult<i64> {
    let filter = FilterSql::per_row(condition);
    let fragments = [("recipients", RECIPIENTS), ("audience", filter.text.as_str())];
    let engine = store.db.engine();
    let read = Arc::new(AssembledStatement::new(engine, CANDIDATES, &fragments));
    loop {
        let Some(row) = store.read(&PROGRESS).bind("edition", edition).fetch_first().await? else {
            return Ok(0);
        };
        let (frozen_through, digest): (i64, String) =
            (row.get("frozen_through")?, row.get("digest")?);
        let query = filter
            .bind(store.read_assembled(Arc::clone(&read)))
            .bind("edition", edition)
            .bind("digest", &digest)
            .bind("frozen_through", frozen_through)
            .bind("limit", CANDIDATES_PER_TRANSACTION);
        let candidates: Vec<i64> = query.fetch_scalars().await?;
        if candidates.is_empty() {
            return Ok(0);
        }
        let mut tx = store.begin().await?;
        let batches = candidates.chunks(usize::try_from(BATCH_SIZE).unwrap_or(usize::MAX));
        let count = i64::try_from(batches.len()).unwrap_or(i64::MAX);
        let Some(mut progress) = FreezeProgress::lock(&mut tx, edition, count).await? else {
            return Ok(0);
        };
        // Another node froze these subscriptions meanwhile.
        if progress.frozen_through != frozen_through {
            continue;
        }
        let mut frozen = 0;
        for batch in batches {
            frozen += progress.freeze_candidates(&mut tx, batch, now).await?;
        }
        progress.save(&mut tx).await?;
        tx.commit().await?;
        if frozen > 0 {
            return Ok(frozen);
        }
    }
}

impl<'a> Editions<'a> {
    /// Returns the number of confirmed subscribers of a digest who fulfil a condition and may be mailed.
    pub async fn audience_size(self, digest: &str, condition: &Condition) -> StoreResult<i64> {
        let filter = FilterSql::new(condition, self.store.db.engine());
        self.audience_query(AUDIENCE_SIZE, digest, &filter).fetch_scalar().await
    }

    /// Returns `true` if a digest has a confirmed subscriber with one of these choices of sections, each a JSON
    /// list, who fulfils a condition and may be mailed.
    pub async fn has_audience(
        self,
        digest: &str,
        condition: &Condition,
        choices: BTreeSet<String>,
    ) -> StoreResult<bool> {
        let choices: Vec<String> = choices.into_iter().collect();
        let filter = FilterSql::new(condition, self.store.db.engine());
        let query = self.audience_query(HAS_AUDIENCE, digest, &filter);
        query.bind("choices", choices.as_slice()).exists().await
    }

    fn audience_query<'q>(self, template: &str, digest: &'q str, filter: &FilterSql) -> Query<'q>
    where
        'a: 'q,
    {
        let fragments = [("audience", filter.text.as_str())];
        let statement = AssembledStatement::new(self.store.db.engine(), template, &fragments);
        let statement = Arc::new(statement.planned_for_values());
        filter.bind(self.store.read_assembled(statement)).bind("digest", digest)
    }
}

/// Returns the condition of an audience from its stored form.
pub(super) fn parse(json: &str) -> StoreResult<Condition> {
    serde_json::from_str(json).map_err(|_| StoreError::InvalidValue {
        value: json.chars().take(80).collect(),
        column: "editions.audience",
    })
}
