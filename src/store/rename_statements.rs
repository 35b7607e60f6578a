//! Statements that find a name of the configuration in the rows of the database, and replace it.

use super::db::Statement;

/// Checks whether a table contains a name.
const FIND_NAME: &str = "
    SELECT CAST(1 AS BIGINT) AS found
      FROM {table}
     WHERE {column} = $name
     LIMIT 1";

/// Replaces a name in one column of a table.
const RENAME: &str = "
    UPDATE {table}
       SET {column} = $name
     WHERE {column} = $old_name";

/// Replaces a name where the same owner has no row with the new name.
const RENAME_UNLESS_TAKEN: &str = "
    UPDATE {table}
       SET {column} = $name
     WHERE {column} = $old_name
       AND NOT EXISTS (
           SELECT 1
             FROM {table} taken
            WHERE taken.{owner} = {table}.{owner}
              AND taken.{column} = $name)";

/// Fragments that name a column.
type Fragments = [(&'static str, &'static str); 2];

const fn column(table: &'static str, column: &'static str) -> Fragments {
    [("table", table), ("column", column)]
}

const SOURCES: &Fragments = &column("sources", "name");
const REJECTED_ROWS: &Fragments = &column("rejected_rows", "source");
const ARTICLES: &Fragments = &column("articles", "source");
const ID_MAPPINGS_SOURCE: &Fragments = &column("id_mappings", "source");
const ID_MAPPINGS_FROM_SOURCE: &Fragments = &column("id_mappings", "from_source");
const FEED_VERSIONS: &Fragments = &column("feed_versions", "feed");
const HUB_PINGS: &Fragments = &column("hub_pings", "feed");
const HUB_REQUESTS: &Fragments = &column("hub_requests", "feed");
const HUB_SUBSCRIPTIONS: &Fragments = &column("hub_subscriptions", "feed");
const READERSHIP: &Fragments = &column("readership", "feed");
const DIGESTS: &Fragments = &column("digests", "name");
const EDITIONS_DIGEST: &Fragments = &column("editions", "digest");
const SELECTION_ENTRIES: &Fragments = &column("selection_entries", "digest");
const LEDGER: &Fragments = &column("ledger", "digest");
const SUBSCRIPTIONS: &Fragments = &column("subscriptions", "digest");
const IMPORTS: &Fragments = &column("imports", "digest");
const EDITIONS_TRANSPORT: &Fragments = &column("editions", "transport");
const DELIVERY_QUEUE: &Fragments = &column("delivery_queue", "transport");
const PUBLICATIONS: &Fragments = &column("publications", "destination");
const WEBHOOK_DELIVERIES: &Fragments = &column("webhook_deliveries", "webhook");
const WEBHOOK_ATTEMPTS: &Fragments = &column("webhook_attempts", "webhook");
const WEBHOOK_STATES: &Fragments = &column("webhook_states", "name");

pub(super) static FIND_SOURCE: Statement = Statement::with(FIND_NAME, SOURCES);
pub(super) static FIND_FEED: Statement = Statement::with(FIND_NAME, FEED_VERSIONS);
/// Finds a digest with a history: its row alone may come from a preview.
pub(super) static FIND_DIGEST: Statement = Statement::new(
    "
    SELECT CAST(1 AS BIGINT) AS found
     WHERE EXISTS (SELECT 1 FROM editions WHERE digest = $name)
        OR EXISTS (SELECT 1 FROM subscriptions WHERE digest = $name)",
);
/// Finds a digest that is known, even without a history.
pub(super) static FIND_DIGEST_STATE: Statement = Statement::with(FIND_NAME, DIGESTS);
pub(super) static FIND_TRANSPORT: Statement = Statement::new(
    "
    SELECT CAST(1 AS BIGINT) AS found
     WHERE EXISTS (SELECT 1 FROM editions WHERE transport = $name)
        OR EXISTS (SELECT 1 FROM delivery_queue WHERE transport = $name)",
);
pub(super) static FIND_DESTINATION: Statement = Statement::with(FIND_NAME, PUBLICATIONS);
pub(super) static FIND_WEBHOOK: Statement = Statement::with(FIND_NAME, WEBHOOK_ATTEMPTS);

static RENAME_IN_SOURCES: Statement = Statement::with(RENAME, SOURCES);
static RENAME_IN_REJECTED_ROWS: Statement = Statement::with(RENAME, REJECTED_ROWS);
static RENAME_IN_ARTICLES: Statement = Statement::with(RENAME, ARTICLES);
static RENAME_IN_ID_MAPPINGS_SOURCE: Statement = Statement::with(RENAME, ID_MAPPINGS_SOURCE);
static RENAME_IN_ID_MAPPINGS_FROM_SOURCE: Statement =
    Statement::with(RENAME, ID_MAPPINGS_FROM_SOURCE);

static RENAME_IN_FEED_VERSIONS: Statement = Statement::with(RENAME, FEED_VERSIONS);
static RENAME_IN_HUB_PINGS: Statement = Statement::with(RENAME, HUB_PINGS);
static RENAME_IN_HUB_REQUESTS: Statement = Statement::with(RENAME, HUB_REQUESTS);
static RENAME_IN_HUB_SUBSCRIPTIONS: Statement = Statement::with(RENAME, HUB_SUBSCRIPTIONS);
static RENAME_IN_READERSHIP: Statement = Statement::with(RENAME, READERSHIP);

/// Deletes what a digest without a history has under its new name, so that the former one takes it.
static DELETE_NEW_SELECTION_ENTRIES: Statement = Statement::new(
    "
    DELETE FROM selection_entries
     WHERE digest = $name
       AND EXISTS (SELECT 1 FROM digests WHERE name = $old_name)",
);
static DELETE_NEW_DIGEST: Statement = Statement::new(
    "
    DELETE FROM digests
     WHERE name = $name
       AND EXISTS (SELECT 1 FROM digests former WHERE former.name = $old_name)",
);

/// Renames a digest and ends its schedule, so that a renamed digest sends nothing by itself.
static RENAME_IN_DIGESTS: Statement = Statement::new(
    "
    UPDATE digests
       SET name = $name,
           schedule = NULL
     WHERE name = $old_name",
);
static RENAME_IN_EDITIONS_DIGEST: Statement = Statement::with(RENAME, EDITIONS_DIGEST);
static RENAME_IN_SELECTION_ENTRIES: Statement = Statement::with(RENAME, SELECTION_ENTRIES);
static RENAME_IN_LEDGER: Statement = Statement::with(RENAME, LEDGER);
static RENAME_IN_API_TOKEN_DIGESTS: Statement = Statement::with(
    RENAME_UNLESS_TAKEN,
    &[("table", "api_token_digests"), ("column", "digest"), ("owner", "token")],
);
static RENAME_IN_USER_DIGESTS: Statement = Statement::with(
    RENAME_UNLESS_TAKEN,
    &[("table", "user_digests"), ("column", "digest"), ("owner", "user_name")],
);
static RENAME_IN_SUBSCRIPTIONS: Statement = Statement::with(RENAME, SUBSCRIPTIONS);
/// Moves the subscriptions of people who have none under the new name.
pub(super) static MOVE_SUBSCRIPTIONS: Statement = Statement::with(
    RENAME_UNLESS_TAKEN,
    &[("table", "subscriptions"), ("column", "digest"), ("owner", "subscriber_id")],
);
static RENAME_IN_IMPORTS: Statement = Statement::with(RENAME, IMPORTS);

/// Deletes the row of a former name that has no history, such as one that a server wrote after the rename.
pub(super) static DELETE_FORMER_DIGEST: Statement = Statement::new(
    "
    DELETE FROM digests
     WHERE name = $old_name
       AND name <> $name
       AND NOT EXISTS (SELECT 1 FROM editions e WHERE e.digest = digests.name)
       AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.digest = digests.name)",
);
pub(super) static DELETE_FORMER_SELECTION_ENTRIES: Statement = Statement::new(
    "
    DELETE FROM selection_entries
     WHERE digest = $old_name
       AND NOT EXISTS (SELECT 1 FROM digests WHERE name = $old_name)
       AND digest <> $name",
);

/// Renames a digest in the payloads of confirmation messages, so that their links stay valid.
pub(super) static RENAME_IN_CONFIRMATIONS: Statement = Statement::new(
    "
    UPDATE deliveries
       SET payload = REPLACE(payload, '\"' || CAST($old_name AS TEXT) || '\"',
                             '\"' || CAST($name AS TEXT) || '\"')
     WHERE kind = 'confirmation'
       AND REPLACE(payload, '\"' || CAST($old_name AS TEXT) || '\"', '') <> payload",
);

static RENAME_IN_EDITIONS_TRANSPORT: Statement = Statement::with(RENAME, EDITIONS_TRANSPORT);
static RENAME_IN_DELIVERY_QUEUE: Statement = Statement::with(RENAME, DELIVERY_QUEUE);

/// Deletes the failure of a transport; the next one is stored under its new name.
pub(super) static DELETE_TRANSPORT_FAILURE: Statement = Statement::new(
    "
    DELETE FROM transport_failures
     WHERE transport = $old_name
       AND transport <> $name",
);

static RENAME_IN_PUBLICATIONS: Statement = Statement::with(RENAME, PUBLICATIONS);

static RENAME_IN_WEBHOOK_DELIVERIES: Statement = Statement::with(RENAME, WEBHOOK_DELIVERIES);
static RENAME_IN_WEBHOOK_ATTEMPTS: Statement = Statement::with(RENAME, WEBHOOK_ATTEMPTS);
static RENAME_IN_WEBHOOK_STATES: Statement = Statement::with(RENAME, WEBHOOK_STATES);

pub(super) static SOURCE_TERM: Statement = Statement::new(
    "
    UPDATE article_terms
       SET term = $name
     WHERE kind = 'source'
       AND term = $old_name",
);

/// Renames the counters of a transport; those that already exist under the new name are kept.
pub(super) static RATE_LIMITS: Statement = Statement::with(
    RENAME_UNLESS_TAKEN,
    &[("table", "rate_limits"), ("column", "transport"), ("owner", "domain_key")],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &FIND_SOURCE,
    &FIND_FEED,
    &FIND_DIGEST,
    &FIND_DIGEST_STATE,
    &FIND_TRANSPORT,
    &FIND_DESTINATION,
    &FIND_WEBHOOK,
    &RENAME_IN_WEBHOOK_DELIVERIES,
    &RENAME_IN_WEBHOOK_ATTEMPTS,
    &RENAME_IN_WEBHOOK_STATES,
    &RENAME_IN_SOURCES,
    &RENAME_IN_REJECTED_ROWS,
    &RENAME_IN_ARTICLES,
    &RENAME_IN_ID_MAPPINGS_SOURCE,
    &RENAME_IN_ID_MAPPINGS_FROM_SOURCE,
    &RENAME_IN_FEED_VERSIONS,
    &RENAME_IN_HUB_PINGS,
    &RENAME_IN_HUB_REQUESTS,
    &RENAME_IN_HUB_SUBSCRIPTIONS,
    &RENAME_IN_READERSHIP,
    &DELETE_NEW_SELECTION_ENTRIES,
    &DELETE_NEW_DIGEST,
    &RENAME_IN_DIGESTS,
    &RENAME_IN_EDITIONS_DIGEST,
    &RENAME_IN_SELECTION_ENTRIES,
    &RENAME_IN_LEDGER,
    &RENAME_IN_API_TOKEN_DIGESTS,
    &RENAME_IN_USER_DIGESTS,
    &RENAME_IN_SUBSCRIPTIONS,
    &MOVE_SUBSCRIPTIONS,
    &DELETE_FORMER_DIGEST,
    &DELETE_FORMER_SELECTION_ENTRIES,
    &RENAME_IN_IMPORTS,
    &RENAME_IN_CONFIRMATIONS,
    &RENAME_IN_EDITIONS_TRANSPORT,
    &RENAME_IN_DELIVERY_QUEUE,
    &DELETE_TRANSPORT_FAILURE,
    &RENAME_IN_PUBLICATIONS,
    &SOURCE_TERM,
    &RATE_LIMITS,
];

/// Statements that replace the name of a source.
pub(super) static SOURCE_RENAMES: &[&Statement] = &[
    &RENAME_IN_SOURCES,
    &RENAME_IN_REJECTED_ROWS,
    &RENAME_IN_ARTICLES,
    &RENAME_IN_ID_MAPPINGS_SOURCE,
    &RENAME_IN_ID_MAPPINGS_FROM_SOURCE,
];
/// Statements that replace the name of a feed.
pub(super) static FEED_RENAMES: &[&Statement] = &[
    &RENAME_IN_FEED_VERSIONS,
    &RENAME_IN_HUB_PINGS,
    &RENAME_IN_HUB_REQUESTS,
    &RENAME_IN_HUB_SUBSCRIPTIONS,
    &RENAME_IN_READERSHIP,
];
/// Statements that replace the name of a digest.
pub(super) static DIGEST_RENAMES: &[&Statement] = &[
    &DELETE_NEW_SELECTION_ENTRIES,
    &DELETE_NEW_DIGEST,
    &RENAME_IN_DIGESTS,
    &RENAME_IN_EDITIONS_DIGEST,
    &RENAME_IN_SELECTION_ENTRIES,
    &RENAME_IN_LEDGER,
    &RENAME_IN_API_TOKEN_DIGESTS,
    &RENAME_IN_USER_DIGESTS,
    &RENAME_IN_SUBSCRIPTIONS,
    &RENAME_IN_IMPORTS,
];
/// Statements that replace the name of a transport.
pub(super) static TRANSPORT_RENAMES: &[&Statement] =
    &[&RENAME_IN_EDITIONS_TRANSPORT, &RENAME_IN_DELIVERY_QUEUE];
/// Statements that replace the name of a destination.
pub(super) static DESTINATION_RENAMES: &[&Statement] = &[&RENAME_IN_PUBLICATIONS];
/// Statements that replace the name of a webhook.
pub(super) static WEBHOOK_RENAMES: &[&Statement] =
    &[&RENAME_IN_WEBHOOK_DELIVERIES, &RENAME_IN_WEBHOOK_ATTEMPTS, &RENAME_IN_WEBHOOK_STATES];
