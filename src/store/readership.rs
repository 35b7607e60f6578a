//! Daily readership numbers of each feed, without personal data.

use serde_json::json;

use super::dialect::{Column, sql};
use super::{Store, StoreResult, reading, spawn_uncancellable, writing};
use crate::domain::readership::{Day, ReadershipCount};
use crate::domain::time::Millis;

type Row = (String, i64, i64, i64, i64, i64, i64, i64);

impl Store {
    /// Stores the counts of one run of a node and replaces its earlier counts of the same days.
    pub async fn save_readership(&self, node: &str, counts: &[ReadershipCount]) -> StoreResult<()> {
        if counts.is_empty() {
            return Ok(());
        }
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let rows = counts.iter().map(|c| {
            json!({
                "feed": c.feed, "day": c.day.0, "since": c.since.0, "until": c.until.0, "direct": whole(c.direct),
                "aggregated": whole(c.aggregated), "requests": whole(c.requests), "not_modified": whole(c.not_modified),
            })
        });
        let rows = serde_json::Value::from(rows.collect::<Vec<_>>()).to_string();
        let columns = ["day", "since", "until", "direct", "aggregated", "requests", "not_modified"]
            .map(Column::Int);
        let columns: Vec<Column> = columns.into_iter().chain([Column::Text("feed")]).collect();
        let text = format!(
            "INSERT INTO readership (feed, day, node, since, until, direct, aggregated, requests, not_modified) \
             SELECT r.feed, r.day, $2, r.since, r.until, r.direct, r.aggregated, r.requests, r.not_modified FROM {} AS r WHERE TRUE \
             ON CONFLICT (feed, day, node) DO UPDATE SET until = excluded.until, direct = excluded.direct, aggregated = excluded.aggregated, \
             requests = excluded.requests, not_modified = excluded.not_modified",
            self.json_rows("$1", &columns)
        );
        let (store, node) = (self.clone(), node.to_owned());
        spawn_uncancellable(async move {
            writing!(store, |db| sqlx::query(sql(text))
                .bind(rows)
                .bind(node)
                .execute(db)
                .await
                .map(drop)?);
            Ok(())
        })
        .await
    }

    /// Returns the counts of all runs of all nodes since a day.
    pub async fn readership(&self, since: Day) -> StoreResult<Vec<ReadershipCount>> {
        let text = "SELECT feed, day, since, until, direct, aggregated, requests, not_modified FROM readership WHERE day >= $1";
        let rows: Vec<Row> =
            reading!(self, |db| sqlx::query_as(text).bind(since.0).fetch_all(db).await?);
        let whole = |n: i64| u64::try_from(n).unwrap_or(0);
        let count = |(feed, day, since, until, direct, aggregated, requests, not_modified): Row| {
            ReadershipCount {
                feed,
                day: Day(day),
                since: Millis(since),
                until: Millis(until),
                direct: whole(direct),
                aggregated: whole(aggregated),
                requests: whole(requests),
                not_modified: whole(not_modified),
            }
        };
        Ok(rows.into_iter().map(count).collect())
    }

    /// Deletes the counts from before a day.
    pub async fn delete_readership_before(&self, before: Day) -> StoreResult<()> {
        let store = self.clone();
        spawn_uncancellable(async move {
            writing!(store, |db| sqlx::query("DELETE FROM readership WHERE day < $1")
                .bind(before.0)
                .execute(db)
                .await
                .map(drop)?);
            Ok(())
        })
        .await
    }
}
