//! Limits of the confirmation messages that visitors of the subscription page cause.

use crate::domain::time::{DAY, HOUR, Millis};
use crate::store::StoreResult;
use crate::store::db::{Statement, Tx};
use crate::store::operations::Subscriptions;

/// Maximum number of confirmation messages to one inbox per day, over all digests and spellings of
/// its address.
const CONFIRMATIONS_PER_INBOX_AND_DAY: i64 = 5;

/// Counts all confirmations since a time; rows with a future time, which a wrong clock left, do not
/// count.
static COUNT_ALL: Statement = Statement::new(
    "
    SELECT COUNT(*)
      FROM confirmation_requests
     WHERE created_at > $since
       AND created_at <= $now",
);

static COUNT_OF_INBOX: Statement = Statement::new(
    "
    SELECT COUNT(*)
      FROM confirmation_requests
     WHERE inbox_hash = $inbox
       AND created_at > $since
       AND created_at <= $now",
);

static ADD: Statement = Statement::new(
    "
    INSERT INTO confirmation_requests (inbox_hash, created_at)
    VALUES ($inbox, $now)",
);

static DELETE_OLD: Statement = Statement::new(
    "
    DELETE FROM confirmation_requests
     WHERE created_at <= $since
        OR created_at > $now",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] =
    &[&COUNT_ALL, &COUNT_OF_INBOX, &ADD, &DELETE_OLD];

impl Subscriptions<'_> {
    /// Returns the number of confirmation messages of the last hour that visitors asked for.
    pub async fn confirmations_of_last_hour(self, now: Millis) -> StoreResult<usize> {
        let query = self.store.read(&COUNT_ALL).bind("since", now.plus(-HOUR)).bind("now", now);
        let count: i64 = query.fetch_scalar().await?;
        Ok(usize::try_from(count).unwrap_or_default())
    }
}

/// Returns `true` if an inbox may receive another confirmation message today.
pub(super) async fn may_send_confirmation(
    tx: &mut Tx,
    inbox: &str,
    now: Millis,
) -> StoreResult<bool> {
    let query = tx.query(&COUNT_OF_INBOX).bind("inbox", inbox);
    let count: i64 = query.bind("since", now.plus(-DAY)).bind("now", now).fetch_scalar().await?;
    Ok(count < CONFIRMATIONS_PER_INBOX_AND_DAY)
}

/// Records a confirmation message to an inbox, and deletes the records older than a day.
pub(super) async fn record_confirmation(tx: &mut Tx, inbox: &str, now: Millis) -> StoreResult<()> {
    tx.query(&DELETE_OLD).bind("since", now.plus(-DAY)).bind("now", now).execute().await?;
    tx.query(&ADD).bind("inbox", inbox).bind("now", now).execute().await?;
    Ok(())
}
