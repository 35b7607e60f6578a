//! Times of events and webhooks that a wrong clock has left.

use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::db::{Statement, Tx};

/// An event that is due later than it happened waits for the publication of an article.
static RESET_EVENTS: Statement = Statement::new(
    "
    UPDATE events
       SET due_at = CASE WHEN due_at > created_at THEN due_at ELSE $now END,
           created_at = $now
     WHERE created_at > $now",
);

static RESET_DELIVERIES: Statement = Statement::new(
    "
    UPDATE webhook_deliveries
       SET due_at = $now
     WHERE due_at > $now",
);

static RESET_STATES: Statement = Statement::new(
    "
    UPDATE webhook_states
       SET failing_since = $now
     WHERE failing_since > $now",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] =
    &[&RESET_EVENTS, &RESET_DELIVERIES, &RESET_STATES];

/// Resets the times in the future, and returns the number of rows changed.
pub(super) async fn reset(tx: &mut Tx, now: Millis) -> StoreResult<u64> {
    let mut rows = 0;
    for statement in STATEMENTS {
        rows += tx.query(statement).bind("now", now).execute().await?;
    }
    Ok(rows)
}
