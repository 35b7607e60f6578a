//! What each place elsewhere has of our feeds, and who is putting something there.

use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::time::{Millis, SECOND};

/// How long a document may be on its way before another node may put it there; one request takes less.
pub const PUBLISHING: i64 = 25 * SECOND;

/// A file of ours somewhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its row.
    pub id: i64,
    /// Its name there.
    pub file: String,
    /// What is there as far as we know; empty if nothing yet.
    pub etag: String,
    /// Attempts since something last got there.
    pub attempts: i64,
    /// It is left alone until then.
    pub due_at: Millis,
    /// Whether some node has it in hand.
    pub is_leased: bool,
}

/// A file that is to be somewhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name there.
    pub file: String,
    /// What tells what should be there from what is.
    pub etag: String,
    /// The document of a declared feed that it is: feed, format and entity tag; it is claimed only as long as no node knows a
    /// newer one.
    pub of: Option<(String, &'static str, String)>,
}

type Row = (i64, String, String, i64, i64);

impl Store {
    /// What we put into a place, or tried to.
    pub async fn published(&self, target: &str) -> StoreResult<Vec<Published>> {
        let text = format!(
            "SELECT id, file, etag, attempts, due_at, {} FROM published WHERE target = $1 ORDER BY file",
            format_args!("CASE WHEN {} THEN 0 ELSE 1 END", self.unleased("published"))
        );
        let rows: Vec<(i64, String, String, i64, i64, i32)> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(target).fetch_all(db).await?);
        let known = |(id, file, etag, attempts, due, leased)| Published {
            id,
            file,
            etag,
            attempts,
            due_at: Millis(due),
            is_leased: leased == 1,
        };
        Ok(rows.into_iter().map(known).collect())
    }

    /// Leases files that are to be put into a place and are not there yet, for [`PUBLISHING`]; those that others took
    /// meanwhile, that have to wait or that are no longer the newest are left out.
    pub async fn claim_publications(
        &self,
        node: &str,
        target: &str,
        wanted: &[Wanted],
        now: Millis,
    ) -> StoreResult<Vec<Published>> {
        let columns = [
            Column::Text("file"),
            Column::Text("etag"),
            Column::Text("feed"),
            Column::Text("format"),
            Column::Text("tag"),
        ];
        let text = format!(
            "INSERT INTO published (target, file, etag, putting, lease_node, lease_until) SELECT $1, w.file, '', w.etag, $3, {clock} + $4 \
             FROM (SELECT * FROM {rows} AS r WHERE r.feed = '' OR EXISTS (SELECT 1 FROM feed_versions v WHERE v.feed = r.feed \
             AND v.format = r.format AND v.etag = r.tag) ORDER BY r.file) AS w WHERE TRUE ON CONFLICT (target, file) DO UPDATE SET \
             putting = excluded.putting, lease_node = excluded.lease_node, lease_until = excluded.lease_until \
             WHERE published.etag <> excluded.putting AND published.due_at <= $5 AND {free} \
             RETURNING id, file, etag, attempts, due_at",
            clock = self.database_now(),
            rows = self.rows("$2", &columns),
            free = self.unleased("published"),
        );
        let row = |wanted: &Wanted| {
            let (feed, format, tag) = wanted
                .of
                .as_ref()
                .map_or(("", "", ""), |(feed, format, tag)| (feed.as_str(), *format, tag.as_str()));
            json!({"file": wanted.file, "etag": wanted.etag, "feed": feed, "format": format, "tag": tag})
        };
        let wanted = Value::from(wanted.iter().map(row).collect::<Vec<_>>()).to_string();
        let (node, target) = (node.to_owned(), target.to_owned());
        let rows: Vec<Row> = transaction!(self, |tx| {
            sqlx::query_as(sql(text.clone()))
                .bind(&target)
                .bind(&wanted)
                .bind(&node)
                .bind(PUBLISHING)
                .bind(now.0)
                .fetch_all(&mut *tx)
                .await?
        })?;
        Ok(rows.into_iter().map(claimed).collect())
    }

    /// Leases a file that is to be taken away from a place, as [`Store::claim_publications`] does; false if others have it.
    pub async fn claim_removal(&self, node: &str, id: i64, now: Millis) -> StoreResult<bool> {
        let text = format!(
            "UPDATE published SET lease_node = $2, lease_until = {} + $3 WHERE id = $1 AND due_at <= $4 AND {} RETURNING id",
            self.database_now(),
            self.unleased("published")
        );
        let node = node.to_owned();
        let row: Option<(i64,)> = transaction!(self, |tx| {
            sqlx::query_as(sql(text.clone()))
                .bind(id)
                .bind(&node)
                .bind(PUBLISHING)
                .bind(now.0)
                .fetch_optional(&mut *tx)
                .await?
        })?;
        Ok(row.is_some())
    }

    /// Notes that a file is there in this state.
    pub async fn close_publication(&self, node: &str, id: i64, etag: &str) -> StoreResult<()> {
        let (node, etag) = (node.to_owned(), etag.to_owned());
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE published SET etag = $3, attempts = 0, due_at = 0, lease_node = NULL, lease_until = 0 WHERE id = $1 AND lease_node = $2",
            )
            .bind(id)
            .bind(&node)
            .bind(&etag)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// Forgets a file that is no longer there.
    pub async fn forget_publication(&self, node: &str, id: i64) -> StoreResult<()> {
        let node = node.to_owned();
        transaction!(self, |tx| {
            sqlx::query("DELETE FROM published WHERE id = $1 AND lease_node = $2")
                .bind(id)
                .bind(&node)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Forgets in which state files of a place are, all or some, but not that they are ours, so that they are put there once more.
    pub async fn doubt_publications(
        &self,
        target: &str,
        files: Option<&[String]>,
    ) -> StoreResult<()> {
        let (target, are_some, some) =
            (target.to_owned(), files.is_some(), json_list(files.unwrap_or_default()));
        let text = format!(
            "UPDATE published SET etag = etag || '?', due_at = 0 WHERE target = $1 AND etag <> '' AND (NOT $2 OR file IN {})",
            self.texts("$3")
        );
        transaction!(self, |tx| {
            sqlx::query(sql(text.clone()))
                .bind(&target)
                .bind(are_some)
                .bind(&some)
                .execute(&mut *tx)
                .await?;
        })
    }
}

fn claimed((id, file, etag, attempts, due): Row) -> Published {
    Published { id, file, etag, attempts, due_at: Millis(due), is_leased: true }
}
