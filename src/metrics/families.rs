//! The metrics by subject: sources, feeds, delivery and the database.

use super::builder::{Builder, CounterFamily, GaugeFamily};

/// Metrics of sources, by name.
#[derive(Debug)]
pub struct SourceMetrics {
    /// Unix time of the last successful sync.
    pub synced_at: GaugeFamily,
    /// Failed syncs since the last successful one.
    pub failures: GaugeFamily,
    /// Rows that Courant rejected.
    pub rejected_rows: GaugeFamily,
    /// Removals that wait for an admin.
    pub blocked_removals: GaugeFamily,
}

impl SourceMetrics {
    pub(super) fn register(b: &mut Builder) -> Self {
        Self {
            synced_at: b.gauge(
                "courant_source_synced_timestamp_seconds",
                &["source"],
                "Unix time of the last successful sync of the source",
            ),
            failures: b.gauge(
                "courant_source_failures",
                &["source"],
                "Failed syncs of the source since the last successful one",
            ),
            rejected_rows: b.gauge(
                "courant_source_rejected_rows",
                &["source"],
                "Rows of the source that Courant rejected",
            ),
            blocked_removals: b.gauge(
                "courant_source_blocked_removals",
                &["source"],
                "Blocked removals, which wait until an admin accepts them",
            ),
        }
    }
}

/// Metrics of the feed cache.
#[derive(Debug)]
pub struct FeedMetrics {
    /// Declared documents that are in memory.
    pub documents: GaugeFamily,
    /// Documents that the configuration declares.
    pub declared: GaugeFamily,
    /// Changes to documents in memory.
    pub changes: CounterFamily,
}

impl FeedMetrics {
    pub(super) fn register(b: &mut Builder) -> Self {
        Self {
            documents: b.gauge(
                "courant_feed_documents",
                &[],
                "Declared feed documents that are in memory",
            ),
            declared: b.gauge(
                "courant_feed_documents_declared",
                &[],
                "Feed documents that the configuration declares, one for each feed and format",
            ),
            changes: b.counter(
                "courant_feed_document_changes",
                &[],
                "Changes to feed documents in memory",
            ),
        }
    }
}

/// Metrics of deliveries and transports.
#[derive(Debug)]
pub struct DeliveryMetrics {
    /// Outcomes of deliveries by transport.
    pub outcomes: CounterFamily,
    /// Deliveries in the database that are still to be sent.
    pub pending: GaugeFamily,
    /// Leased deliveries in memory, by transport.
    pub queued: GaugeFamily,
    /// Messages accepted within the last minute, by transport.
    pub sent_last_minute: GaugeFamily,
    /// 1 for each transport that can send now, otherwise 0.
    pub available: GaugeFamily,
    /// Failures of relays, by transport.
    pub consecutive_relay_failures: GaugeFamily,
    /// Number of blocked recipient domains, by transport.
    pub blocked_domains: GaugeFamily,
}

impl DeliveryMetrics {
    /// Removes the values of all transports, before those of the current configuration are set.
    pub fn clear_transports(&self) {
        for gauge in [
            &self.queued,
            &self.sent_last_minute,
            &self.available,
            &self.consecutive_relay_failures,
            &self.blocked_domains,
        ] {
            gauge.clear();
        }
        self.outcomes.clear();
    }

    pub(super) fn register(b: &mut Builder) -> Self {
        Self {
            outcomes: b.counter(
                "courant_deliveries",
                &["transport", "outcome"],
                "Outcomes of deliveries recorded by this process: sent, failed, deferred (will be retried), postponed (by a limit, without an attempt) or uncertain (outcome unknown)",
            ),
            pending: b.gauge(
                "courant_deliveries_pending",
                &[],
                "Deliveries in the database that are still to be sent; each node reports the same number",
            ),
            queued: b.gauge(
                "courant_send_queue_deliveries",
                &["transport"],
                "Deliveries that this process has leased but not yet begun to send",
            ),
            sent_last_minute: b.gauge(
                "courant_deliveries_sent_last_minute",
                &["transport"],
                "Messages that the relay accepted from this process within the last minute",
            ),
            available: b.gauge(
                "courant_transport_available",
                &["transport"],
                "1 if the transport can send now, 0 during the backoff after a relay failure, or while a rate limit is used up",
            ),
            consecutive_relay_failures: b.gauge(
                "courant_transport_relay_failures",
                &["transport"],
                "Failures of the relay since it last accepted a message",
            ),
            blocked_domains: b.gauge(
                "courant_transport_blocked_domains",
                &["transport"],
                "Recipient domains and providers that are blocked until their backoff ends, because they deferred several messages",
            ),
        }
    }
}

/// Metrics of the database of Courant.
#[derive(Debug)]
pub struct DatabaseMetrics {
    /// 1 if the database answers, otherwise 0.
    pub up: GaugeFamily,
    /// Open connections by state.
    pub connections: GaugeFamily,
    /// Statements that were run.
    pub statements: CounterFamily,
    /// Number of statements that failed.
    pub errors: CounterFamily,
    /// Seconds spent on statements.
    pub seconds: CounterFamily,
}

impl DatabaseMetrics {
    pub(super) fn register(b: &mut Builder) -> Self {
        Self {
            up: b.gauge(
                "courant_database_up",
                &[],
                "1 if the database answered the last query for the metrics, otherwise 0",
            ),
            connections: b.gauge(
                "courant_database_connections",
                &["state"],
                "Open connections to the database: used or idle",
            ),
            statements: b.counter(
                "courant_database_statements",
                &[],
                "SQL statements that this process ran",
            ),
            errors: b.counter(
                "courant_database_errors",
                &[],
                "SQL statements of this process that failed",
            ),
            seconds: b.counter(
                "courant_database_seconds",
                &[],
                "Seconds that this process waited for SQL statements, summed over all connections",
            ),
        }
    }
}
