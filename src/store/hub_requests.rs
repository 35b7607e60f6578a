//! Requests to the WebSub hub, which are stored until their callbacks confirm them.

use super::StoreResult;
use super::db::{FromRow, Row, Statement, Tx};
use super::operations::Hub;
use crate::domain::time::Millis;

/// Mode of a request, `hub.mode` (WebSub section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubMode {
    /// Start or renewal of a subscription.
    Subscribe,
    /// End of a subscription.
    Unsubscribe,
}

impl HubMode {
    /// All modes of a request.
    pub const ALL: [Self; 2] = [Self::Subscribe, Self::Unsubscribe];

    /// Returns the word used in the protocol and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// Request to the hub for a callback URL, to be verified with the callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubRequest {
    /// Id of the row; 0 before it is stored.
    pub id: i64,
    /// Requested change of the subscription.
    pub mode: HubMode,
    /// Callback URL of the subscriber.
    pub callback: String,
    /// Host of the callback URL.
    pub host: String,
    /// URL of the document as given in the request.
    pub topic: String,
    /// Name of the feed.
    pub feed: String,
    /// Format: `rss`, `atom` or `json`.
    pub format: String,
    /// Secret for signatures (WebSub section 7.1).
    pub secret: Option<String>,
    /// Duration of the subscription in seconds.
    pub lease_seconds: i64,
    /// Number of attempts to verify the request.
    pub attempts: i64,
}

/// Maximum number of unverified requests of one network.
const PENDING_PER_NETWORK: i64 = 100;
/// Maximum number of unverified requests of all clients together whose address is not known.
const PENDING_OF_UNKNOWN: i64 = 1_000;

/// Maximum numbers of subscriptions at the hub, including those not verified yet.
#[derive(Debug, Clone, Copy)]
pub struct SubscriptionLimits {
    /// Maximum number in total.
    pub total: usize,
    /// Maximum number with callbacks at one host.
    pub per_host: usize,
}

/// Result of storing a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddResult {
    /// The request waits for its verification.
    Pending,
    /// There is no subscription that could end.
    NotSubscribed,
    /// The limits allow no further subscription.
    LimitReached,
    /// The network of the client has too many unverified requests.
    NetworkLimitReached,
}

static IS_SUBSCRIBED: Statement = Statement::new(
    "
    SELECT id
      FROM hub_subscriptions
     WHERE callback = $callback
       AND feed = $feed
       AND format = $format
       AND expires_at > $now",
);

static DELETE_REQUEST: Statement = Statement::new(
    "
    DELETE FROM hub_requests
     WHERE callback = $callback
       AND feed = $feed
       AND format = $format",
);

/// Counts the subscriptions and the requests for further ones, in total and of one host.
static COUNT_TAKEN: Statement = Statement::new(
    "
      WITH taken AS (
           SELECT host
             FROM hub_subscriptions
            WHERE expires_at > $now
            UNION ALL
           SELECT r.host
             FROM hub_requests r
            WHERE NOT EXISTS (
                  SELECT 1
                    FROM hub_subscriptions s
                   WHERE s.callback = r.callback
                     AND s.feed = r.feed
                     AND s.format = r.format
                     AND s.expires_at > $now))
    SELECT (SELECT COUNT(*) FROM taken) AS total,
           (SELECT COUNT(*) FROM taken WHERE host = $host) AS of_host",
);

static COUNT_OF_NETWORK: Statement = Statement::new(
    "
    SELECT COUNT(*)
      FROM hub_requests
     WHERE network = $network",
);

/// Deletes the newest request of a network that has more unverified requests than a number, so that a
/// network with many does not keep out others.
static DELETE_SURPLUS: Statement = Statement::new(
    "
    DELETE FROM hub_requests
     WHERE id = (
           SELECT id
             FROM hub_requests
            WHERE network_rank > $network_rank
            ORDER BY network_rank DESC, id DESC
            LIMIT 1)",
);

/// Stores a request with the version that is current at its time.
static ADD_REQUEST: Statement = Statement::new(
    "
    INSERT INTO hub_requests
           (mode, callback, host, topic, feed, format, secret, lease_seconds, network, network_rank,
            due_at, etag)
    VALUES ($mode, $callback, $host, $topic, $feed, $format, $secret, $lease_seconds, $network,
            $network_rank, $now,
            COALESCE((SELECT etag FROM feed_versions WHERE feed = $feed AND format = $format), ''))
    ON CONFLICT (callback, feed, format) DO NOTHING",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &IS_SUBSCRIBED,
    &DELETE_REQUEST,
    &COUNT_TAKEN,
    &COUNT_OF_NETWORK,
    &DELETE_SURPLUS,
    &ADD_REQUEST,
];

impl FromRow for HubRequest {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            mode: row.enum_value("hub_requests.mode", HubMode::parse)?,
            callback: row.get("callback")?,
            host: row.get("host")?,
            topic: row.get("topic")?,
            feed: row.get("feed")?,
            format: row.get("format")?,
            secret: row.get("secret")?,
            lease_seconds: row.get("lease_seconds")?,
            attempts: row.get("attempts")?,
        })
    }
}

impl Hub<'_> {
    /// Stores a request of a client network until its callback confirms it; replaces an earlier
    /// request for the same callback and document. `network` is empty if it is not known.
    pub async fn add_request(
        self,
        request: &HubRequest,
        network: &str,
        limits: SubscriptionLimits,
        now: Millis,
    ) -> StoreResult<AddResult> {
        let mut tx = self.store.begin().await?;
        let is_subscribed = tx
            .query(&IS_SUBSCRIBED)
            .bind("callback", &request.callback)
            .bind("feed", &request.feed)
            .bind("format", &request.format)
            .bind("now", now)
            .exists()
            .await?;
        if !is_subscribed && request.mode == HubMode::Unsubscribe {
            return Ok(AddResult::NotSubscribed);
        }
        // The earlier request may be in progress; because of the new id, its result is not taken
        // for that of this request.
        tx.query(&DELETE_REQUEST)
            .bind("callback", &request.callback)
            .bind("feed", &request.feed)
            .bind("format", &request.format)
            .execute()
            .await?;
        let network_rank: i64 =
            tx.query(&COUNT_OF_NETWORK).bind("network", network).fetch_scalar().await?;
        if network_rank >= if network.is_empty() { PENDING_OF_UNKNOWN } else { PENDING_PER_NETWORK }
        {
            return Ok(AddResult::NetworkLimitReached);
        }
        if !is_subscribed && !has_room(&mut tx, &request.host, network_rank, limits, now).await? {
            return Ok(AddResult::LimitReached);
        }
        tx.query(&ADD_REQUEST)
            .bind("mode", request.mode.as_str())
            .bind("callback", &request.callback)
            .bind("host", &request.host)
            .bind("topic", &request.topic)
            .bind("feed", &request.feed)
            .bind("format", &request.format)
            .bind("secret", &request.secret)
            .bind("lease_seconds", request.lease_seconds)
            .bind("network", network)
            .bind("network_rank", network_rank)
            .bind("now", now)
            .execute()
            .await?;
        tx.commit().await?;
        Ok(AddResult::Pending)
    }
}

/// Returns `true` if the limits allow another subscription with a callback at this host; if not, tries
/// to delete an unverified request of a network that has more of them.
async fn has_room(
    tx: &mut Tx,
    host: &str,
    network_rank: i64,
    limits: SubscriptionLimits,
    now: Millis,
) -> StoreResult<bool> {
    let row = tx.query(&COUNT_TAKEN).bind("host", host).bind("now", now).fetch_first().await?;
    let Some(row) = row else { return Ok(true) };
    let reaches = |column: &str, limit: usize| -> StoreResult<bool> {
        Ok(usize::try_from(row.get::<i64>(column)?).unwrap_or(0) >= limit)
    };
    if reaches("of_host", limits.per_host)? {
        return Ok(false);
    }
    Ok(!reaches("total", limits.total)?
        || tx.query(&DELETE_SURPLUS).bind("network_rank", network_rank).execute().await? > 0)
}
