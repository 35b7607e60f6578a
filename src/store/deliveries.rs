//! Deliveries: transactional messages, counts and history, and the variants of editions.

use super::StoreResult;
use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement};
use super::operations::Deliveries;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::time::Millis;

/// A test message to one recipient, which belongs to no edition.
#[derive(Debug, Clone)]
pub struct TestDelivery {
    /// E-mail address of the recipient.
    pub address: String,
    /// Keyed hash of the address.
    pub address_hash: String,
    /// JSON payload, as defined by the module that queues the message.
    pub payload: String,
    /// Name of the transport.
    pub transport: String,
}

/// A rendered variant of an edition.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Id of the variant.
    pub id: i64,
    /// Edition that the variant belongs to.
    pub edition_id: i64,
    /// Language tag of the variant.
    pub language: String,
    /// Subject line with placeholders.
    pub subject: String,
    /// HTML part with placeholders.
    pub html: String,
    /// Text part with placeholders.
    pub text: String,
    /// Template to render for each recipient, if placeholders do not suffice.
    pub template_snapshot: Option<String>,
}

/// Names with pending work that the config does not contain, for example after a rename.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnconfiguredNames {
    /// Transports with the number of their pending deliveries and batches.
    pub transports: Vec<(String, i64)>,
    /// Digests with the number of their subscriptions.
    pub digests: Vec<(String, i64)>,
}

/// Summary of a delivery for display.
#[derive(Debug, Clone)]
pub struct DeliverySummary {
    /// Edition that was delivered; `None` for transactional messages.
    pub edition_id: Option<i64>,
    /// Variant of the edition that was delivered.
    pub variant_id: Option<i64>,
    /// Subject of the variant.
    pub subject: Option<String>,
    /// Names of the digests whose subscriptions a confirmation message asks for.
    pub digests: Vec<String>,
    /// Kind of the delivery.
    pub kind: DeliveryKind,
    /// State of the delivery.
    pub state: DeliveryState,
    /// Number of completed attempts.
    pub attempts: i64,
    /// Last reply of the server, or the local error.
    pub last_reply: Option<String>,
    /// Time at which the delivery was queued.
    pub created_at: Millis,
    /// Time of the end; `None` before it.
    pub ended_at: Option<Millis>,
}

static ADD_TEST: Statement = Statement::new(
    "
    INSERT INTO deliveries (kind, address, address_hash, state, payload, created_at)
    VALUES ('test', $address, $address_hash, 'queued', $payload, $now)
    RETURNING id",
);

static QUEUE_TEST: Statement = Statement::new(
    "
    INSERT INTO delivery_queue (delivery_id, transport, priority, due_at)
    VALUES ($delivery, $transport, 0, $now)",
);

static COUNT_WAITING: Statement = Statement::new(
    "
    SELECT (SELECT COUNT(*)
              FROM delivery_queue w
             WHERE w.edition_id IS NULL
                OR EXISTS (
                   SELECT 1
                     FROM editions e
                    WHERE e.id = w.edition_id
                      AND e.state = 'sending'))
         + (SELECT COUNT(*)
              FROM editions e
              JOIN delivery_batches b ON b.edition_id = e.id
              JOIN deliveries d ON d.batch_id = b.id
             WHERE e.state = 'sending'
               AND NOT b.done
               AND d.state IN ('queued', 'sending')
               AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = d.id))
           AS pending",
);

static WAITING_BY_TRANSPORT: Statement = Statement::new(
    "
    SELECT transport, COUNT(*) AS waiting
      FROM (
           SELECT transport
             FROM delivery_queue
            UNION ALL
           SELECT e.transport AS transport
             FROM editions e
             JOIN delivery_batches b ON b.edition_id = e.id
             JOIN deliveries d ON d.batch_id = b.id
            WHERE e.state IN ('preparing', 'sending', 'paused')
              AND NOT b.done
              AND d.state IN ('queued', 'sending')
              AND NOT EXISTS (SELECT 1 FROM delivery_queue w WHERE w.delivery_id = d.id)) AS work
     GROUP BY transport
     ORDER BY transport",
);

static UNCONFIGURED_TRANSPORTS: Statement = Statement::new(
    "
    SELECT transport, CAST(SUM(pending) AS BIGINT) AS pending
      FROM (
           SELECT transport, COUNT(*) AS pending
             FROM delivery_queue
            GROUP BY transport
            UNION ALL
           SELECT e.transport AS transport, COUNT(*) AS pending
             FROM editions e
             JOIN delivery_batches b ON b.edition_id = e.id
            WHERE e.state IN ('sending', 'paused', 'preparing')
              AND NOT b.done
            GROUP BY e.transport) AS work
     WHERE transport NOT IN {json_texts $transports}
     GROUP BY transport
     ORDER BY transport",
);

/// Reads each name once from the index, instead of all subscriptions.
static UNCONFIGURED_DIGESTS: Statement = Statement::new(
    "
    WITH RECURSIVE names (digest) AS (
         SELECT MIN(digest) FROM subscriptions
         UNION ALL
         SELECT (SELECT MIN(s.digest) FROM subscriptions s WHERE s.digest > n.digest)
           FROM names n
          WHERE n.digest IS NOT NULL),
         others (digest) AS MATERIALIZED (
         SELECT n.digest
           FROM names n
          WHERE n.digest IS NOT NULL
            AND n.digest NOT IN {json_texts $digests})
    SELECT s.digest, COUNT(*) AS subscriptions
      FROM others o
      JOIN subscriptions s ON s.digest = o.digest AND s.status <> 'unsubscribed'
     GROUP BY s.digest
     ORDER BY s.digest",
);

static FIND_VARIANT: Statement = Statement::new(
    "
    SELECT id, edition_id, language, subject, html, text, template_snapshot
      FROM variants
     WHERE id = $id",
);

static LIST_TO_SUBSCRIBER: Statement = Statement::new(
    "
    SELECT d.edition_id, d.kind, d.state, d.attempts, d.last_reply, d.created_at, d.ended_at,
           v.id AS variant_id, v.subject,
           CASE d.kind WHEN 'confirmation' THEN d.payload END AS confirmation
      FROM deliveries d
      LEFT JOIN variants v ON v.id = d.variant_id
     WHERE d.subscriber_id = $subscriber
     ORDER BY d.id DESC
     LIMIT $limit",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &ADD_TEST,
    &QUEUE_TEST,
    &COUNT_WAITING,
    &WAITING_BY_TRANSPORT,
    &UNCONFIGURED_TRANSPORTS,
    &UNCONFIGURED_DIGESTS,
    &FIND_VARIANT,
    &LIST_TO_SUBSCRIBER,
];

impl FromRow for Variant {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            edition_id: row.get("edition_id")?,
            language: row.get("language")?,
            subject: row.get("subject")?,
            html: row.get("html")?,
            text: row.get("text")?,
            template_snapshot: row.get("template_snapshot")?,
        })
    }
}

/// Returns the digests of a confirmation message, from its payload.
fn digests_of(payload: &str) -> Vec<String> {
    let payload: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    let names = payload["digests"].as_array().into_iter().flatten();
    names.filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}

impl FromRow for DeliverySummary {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            edition_id: row.get("edition_id")?,
            variant_id: row.get("variant_id")?,
            subject: row.get("subject")?,
            digests: row
                .get::<Option<String>>("confirmation")?
                .map(|payload| digests_of(&payload))
                .unwrap_or_default(),
            kind: row.enum_value("deliveries.kind", |word| word.parse().ok())?,
            state: row.enum_value("deliveries.state", |word| word.parse().ok())?,
            attempts: row.get("attempts")?,
            last_reply: row.get("last_reply")?,
            created_at: row.time("created_at")?,
            ended_at: row.optional_time("ended_at")?,
        })
    }
}

impl Deliveries<'_> {
    /// Queues a test message and returns the id of its delivery.
    pub async fn queue_test_delivery(
        self,
        delivery: TestDelivery,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<i64> {
        let mut tx = self.store.begin().await?;
        let id: i64 = tx
            .query(&ADD_TEST)
            .bind("address", &delivery.address)
            .bind("address_hash", &delivery.address_hash)
            .bind("payload", &delivery.payload)
            .bind("now", now)
            .fetch_scalar()
            .await?;
        tx.query(&QUEUE_TEST)
            .bind("delivery", id)
            .bind("transport", &delivery.transport)
            .bind("now", now)
            .execute()
            .await?;
        let object_id = id.to_string();
        let entry = NewAuditEntry::new(actor, AuditAction::Test, AuditObject::Delivery, &object_id);
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Returns the number of deliveries still to be sent: those of sending editions, retries and
    /// transactional messages.
    pub async fn waiting_count(self) -> StoreResult<i64> {
        self.store.read(&COUNT_WAITING).fetch_scalar().await
    }

    /// Returns the number of waiting deliveries of each transport that has any, paused editions
    /// included.
    pub async fn waiting_by_transport(self) -> StoreResult<Vec<(String, i64)>> {
        self.store
            .read(&WAITING_BY_TRANSPORT)
            .fetch_with(|row| Ok((row.get("transport")?, row.get("waiting")?)))
            .await
    }

    /// Returns the transports and digests that have pending work but are not in the config.
    pub async fn unconfigured_names(
        self,
        transports: &[String],
        digests: &[String],
    ) -> StoreResult<UnconfiguredNames> {
        let transports = self
            .store
            .read(&UNCONFIGURED_TRANSPORTS)
            .bind("transports", transports)
            .fetch_with(|row| Ok((row.get("transport")?, row.get("pending")?)))
            .await?;
        let digests = self
            .store
            .read(&UNCONFIGURED_DIGESTS)
            .bind("digests", digests)
            .fetch_with(|row| Ok((row.get("digest")?, row.get("subscriptions")?)))
            .await?;
        Ok(UnconfiguredNames { transports, digests })
    }

    /// Returns a rendered variant of an edition.
    pub async fn variant(self, id: i64) -> StoreResult<Option<Variant>> {
        self.store.read(&FIND_VARIANT).bind("id", id).fetch_optional().await
    }

    /// Returns the last deliveries to a subscriber, newest first.
    pub async fn to_subscriber(
        self,
        subscriber: i64,
        limit: i64,
    ) -> StoreResult<Vec<DeliverySummary>> {
        self.store
            .read(&LIST_TO_SUBSCRIBER)
            .bind("subscriber", subscriber)
            .bind("limit", limit)
            .fetch_all()
            .await
    }
}
