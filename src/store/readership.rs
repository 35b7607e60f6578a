//! Daily readership numbers of each feed, without personal data.

use serde_json::json;

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::Readership;
use crate::domain::readership::{Day, ReadershipCount};

static SAVE: Statement = Statement::new(
    "
    INSERT INTO readership
           (feed, day, node, since, until, direct, via_aggregators, requests, not_modified)
    SELECT r.feed, r.day, $node, r.since, r.until, r.direct, r.via_aggregators, r.requests, r.not_modified
      FROM {json_rows $counts
               feed TEXT, day INTEGER, since INTEGER, until INTEGER, direct INTEGER,
               via_aggregators INTEGER, requests INTEGER, not_modified INTEGER} AS r
     WHERE TRUE
    ON CONFLICT (feed, day, node) DO UPDATE
       SET until = excluded.until,
           direct = excluded.direct,
           via_aggregators = excluded.via_aggregators,
           requests = excluded.requests,
           not_modified = excluded.not_modified",
);

static SINCE: Statement = Statement::new(
    "
    SELECT feed, day, since, until, direct, via_aggregators, requests, not_modified
      FROM readership
     WHERE day >= $since",
);

static DELETE_BEFORE: Statement = Statement::new("DELETE FROM readership WHERE day < $before");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&SAVE, &SINCE, &DELETE_BEFORE];

impl FromRow for ReadershipCount {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let count = |column: &str| -> StoreResult<u64> {
            Ok(u64::try_from(row.get::<i64>(column)?).unwrap_or(0))
        };
        Ok(Self {
            feed: row.get("feed")?,
            day: Day(row.get("day")?),
            since: row.time("since")?,
            until: row.time("until")?,
            direct: count("direct")?,
            via_aggregators: count("via_aggregators")?,
            requests: count("requests")?,
            not_modified: count("not_modified")?,
        })
    }
}

impl Readership<'_> {
    /// Stores the counts of one run of a node and replaces its earlier counts of the same days.
    pub async fn save(self, node: &str, counts: &[ReadershipCount]) -> StoreResult<()> {
        if counts.is_empty() {
            return Ok(());
        }
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let row = |c: &ReadershipCount| {
            json!({
                "feed": c.feed, "day": c.day.0, "since": c.since.0, "until": c.until.0,
                "direct": whole(c.direct), "via_aggregators": whole(c.via_aggregators),
                "requests": whole(c.requests), "not_modified": whole(c.not_modified),
            })
        };
        let rows: Vec<_> = counts.iter().map(row).collect();
        self.store.write(&SAVE).bind("node", node).bind("counts", json!(rows)).execute().await?;
        Ok(())
    }

    /// Returns the counts of all runs of all nodes since a day.
    pub async fn since(self, since: Day) -> StoreResult<Vec<ReadershipCount>> {
        self.store.read(&SINCE).bind("since", since.0).fetch_all().await
    }

    /// Deletes the counts from before a day.
    pub async fn delete_before(self, before: Day) -> StoreResult<()> {
        self.store.write(&DELETE_BEFORE).bind("before", before.0).execute().await?;
        Ok(())
    }
}
