//! Changes of the subscribers of one chunk of a bulk job.

use crate::domain::actor::Actor;
use crate::domain::bulk::{BulkAction, BulkCounts, BulkOutcome};
use crate::domain::fold::fold;
use crate::domain::subscription::RequestOrigin;
use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::db::{Statement, Tx};
use crate::store::subscriber_changes::{EraseResult, erase_in};
use crate::store::subscription_history::KEEP;
use crate::store::subscriptions::SubscriptionRequest;
use crate::store::subscriptions::requests::request_in;
use crate::store::transactional_messages::cancel_confirmations;

/// One chunk of a job: subscribers in the order of their ids.
#[derive(Debug, Clone)]
pub struct BulkChunk {
    /// Ids of the subscribers.
    pub subscribers: Vec<i64>,
    /// Requests of the same people, for [`BulkAction::Subscribe`].
    pub requests: Vec<SubscriptionRequest>,
    /// Transport of confirmation messages, for the same action.
    pub transport: String,
}

static TAG: Statement = Statement::new(
    "
    INSERT INTO subscriber_tags (subscriber_id, tag, tag_key)
    SELECT id, $tag, $tag_key
      FROM subscribers
     WHERE id IN {json_ids $subscribers}
    ON CONFLICT (subscriber_id, tag) DO NOTHING",
);

static UNTAG: Statement = Statement::new(
    "
    DELETE FROM subscriber_tags
     WHERE subscriber_id IN {json_ids $subscribers}
       AND tag = $tag",
);

/// The subscriptions of these subscribers to a digest.
const OF_DIGEST: &str = "subscriber_id IN {json_ids $subscribers} AND digest = $digest";

/// Those of them that are not ended yet.
const REMOVABLE: &str = "{of_digest} AND status <> 'unsubscribed'";

static KEEP_REMOVABLE: Statement =
    Statement::with(KEEP, &[("changed", REMOVABLE), ("of_digest", OF_DIGEST)]);

static UNSUBSCRIBE: Statement = Statement::with(
    "
    UPDATE subscriptions
       SET status = 'unsubscribed',
           removal_reason = $reason
     WHERE {removable}",
    &[("removable", REMOVABLE), ("of_digest", OF_DIGEST)],
);

/// Also updates those unsubscribed before, which invalidates the undo links issued then.
static SET_SINCE: Statement = Statement::with(
    "UPDATE subscriptions SET since = $now WHERE {of_digest}",
    &[("of_digest", OF_DIGEST)],
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] =
    &[&TAG, &UNTAG, &KEEP_REMOVABLE, &UNSUBSCRIBE, &SET_SINCE];

/// Changes the subscribers of a chunk. Returns their numbers by outcome.
pub(super) async fn apply(
    tx: &mut Tx,
    action: &BulkAction,
    chunk: BulkChunk,
    actor: &Actor,
    now: Millis,
) -> StoreResult<BulkCounts> {
    let subscribers = chunk.subscribers.as_slice();
    let changed = match action {
        BulkAction::Tag(tag) => {
            let query = tx.query(&TAG).bind("subscribers", subscribers).bind("tag", tag);
            query.bind("tag_key", fold(tag)).execute().await?
        }
        BulkAction::Untag(tag) => {
            let query = tx.query(&UNTAG).bind("subscribers", subscribers);
            query.bind("tag", tag).execute().await?
        }
        BulkAction::Unsubscribe { digest, reason } => {
            unsubscribe(tx, subscribers, digest, reason, now).await?
        }
        BulkAction::Subscribe { .. } => return subscribe(tx, chunk, actor, now).await,
        BulkAction::Erase => return erase(tx, subscribers, now).await,
    };
    let mut counts = BulkCounts::default();
    let total = u64::try_from(subscribers.len()).unwrap_or(u64::MAX);
    counts.add(BulkOutcome::Changed, changed);
    counts.add(BulkOutcome::Unchanged, total.saturating_sub(changed));
    Ok(counts)
}

/// Ends subscriptions as an act of an admin; returns the number of those changed.
async fn unsubscribe(
    tx: &mut Tx,
    subscribers: &[i64],
    digest: &str,
    reason: &str,
    now: Millis,
) -> StoreResult<u64> {
    let keep = tx.query(&KEEP_REMOVABLE).bind("subscribers", subscribers);
    keep.bind("digest", digest).bind("now", now).execute().await?;
    let end = tx.query(&UNSUBSCRIBE).bind("subscribers", subscribers);
    let changed = end.bind("digest", digest).bind("reason", reason).execute().await?;
    let since = tx.query(&SET_SINCE).bind("subscribers", subscribers);
    since.bind("digest", digest).bind("now", now).execute().await?;
    cancel_confirmations(tx, subscribers, now).await?;
    Ok(changed)
}

/// Begins subscriptions with consent, by the same rules as a single request.
async fn subscribe(
    tx: &mut Tx,
    chunk: BulkChunk,
    actor: &Actor,
    now: Millis,
) -> StoreResult<BulkCounts> {
    let BulkChunk { requests, transport, .. } = chunk;
    let origin = RequestOrigin::AdminWithConsent;
    let results = request_in(tx, &requests, origin, &transport, actor, now).await?;
    let mut counts = BulkCounts::default();
    for result in results {
        let outcome = if result.suppressed {
            BulkOutcome::Suppressed
        } else if result.previously_unsubscribed > 0 {
            BulkOutcome::Unsubscribed
        } else if result.confirmed > 0 {
            BulkOutcome::Changed
        } else {
            BulkOutcome::Unchanged
        };
        counts.add(outcome, 1);
    }
    Ok(counts)
}

async fn erase(tx: &mut Tx, subscribers: &[i64], now: Millis) -> StoreResult<BulkCounts> {
    let mut counts = BulkCounts::default();
    for subscriber in subscribers {
        let outcome = match erase_in(tx, *subscriber, now).await? {
            EraseResult::Erased { .. } => BulkOutcome::Changed,
            EraseResult::BeingSent => BulkOutcome::BeingSent,
        };
        counts.add(outcome, 1);
    }
    Ok(counts)
}
