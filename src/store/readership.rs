//! How many read each feed on each day: numbers, and nothing about anybody.

use serde_json::json;

use super::dialect::{Column, sql};
use super::{Store, StoreResult, reading, undisturbed, writing};
use crate::domain::readership::{Count, Day};
use crate::domain::time::Millis;

type Row = (String, i64, i64, i64, i64, i64, i64, i64);

impl Store {
    /// Keeps what a run of a node counted, in place of what it kept of the same days before.
    pub async fn keep_readership(&self, node: &str, counts: &[Count]) -> StoreResult<()> {
        if counts.is_empty() {
            return Ok(());
        }
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let rows = counts.iter().map(|c| {
            json!({
                "feed": c.feed, "day": c.day.0, "since": c.since.0, "until": c.until.0, "direct": whole(c.direct),
                "served": whole(c.served), "requests": whole(c.requests), "unchanged": whole(c.unchanged),
            })
        });
        let rows = serde_json::Value::from(rows.collect::<Vec<_>>()).to_string();
        let columns =
            ["day", "since", "until", "direct", "served", "requests", "unchanged"].map(Column::Int);
        let columns: Vec<Column> = columns.into_iter().chain([Column::Text("feed")]).collect();
        let text = format!(
            "INSERT INTO readership (feed, day, node, since, until, direct, served, requests, unchanged) \
             SELECT r.feed, r.day, $2, r.since, r.until, r.direct, r.served, r.requests, r.unchanged FROM {} AS r WHERE TRUE \
             ON CONFLICT (feed, day, node) DO UPDATE SET until = excluded.until, direct = excluded.direct, served = excluded.served, \
             requests = excluded.requests, unchanged = excluded.unchanged",
            self.rows("$1", &columns)
        );
        let (store, node) = (self.clone(), node.to_owned());
        undisturbed(async move {
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

    /// What all runs of all nodes counted from a day on.
    pub async fn readership(&self, since: Day) -> StoreResult<Vec<Count>> {
        let text = "SELECT feed, day, since, until, direct, served, requests, unchanged FROM readership WHERE day >= $1";
        let rows: Vec<Row> =
            reading!(self, |db| sqlx::query_as(text).bind(since.0).fetch_all(db).await?);
        let whole = |n: i64| u64::try_from(n).unwrap_or(0);
        let count = |(feed, day, since, until, direct, served, requests, unchanged): Row| Count {
            feed,
            day: Day(day),
            since: Millis(since),
            until: Millis(until),
            direct: whole(direct),
            served: whole(served),
            requests: whole(requests),
            unchanged: whole(unchanged),
        };
        Ok(rows.into_iter().map(count).collect())
    }

    /// Drops what was counted before a day.
    pub async fn forget_readership(&self, before: Day) -> StoreResult<()> {
        let store = self.clone();
        undisturbed(async move {
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
