//! Files uploaded to publishing destinations, and the leases of uploads in progress.

use serde_json::{Value, json};

use super::dialect::{Column, sql};
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::time::{Millis, SignedDuration, as_millis_i64};

/// Lease of an upload, after which another node may upload the file; one request takes less.
pub const PUBLICATION_LEASE: SignedDuration = SignedDuration::from_secs(25);

/// File at a publishing destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Id of the row.
    pub id: i64,
    /// Name of the file at the destination.
    pub file: String,
    /// Version last uploaded; empty if none.
    pub etag: String,
    /// Failed attempts since the last successful upload.
    pub attempts: i64,
    /// Earliest time of the next attempt.
    pub due_at: Millis,
    /// `true` if a node is uploading or deleting it.
    pub is_leased: bool,
}

/// File that a publishing destination should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredFile {
    /// Name of the file at the destination.
    pub file: String,
    /// Version that the destination should have.
    pub etag: String,
    /// Feed, format and entity tag if the file is a document of a declared feed; it is claimed only
    /// while no node knows a newer version.
    pub document: Option<(String, &'static str, String)>,
}

type Row = (i64, String, String, i64, i64);

impl Store {
    /// Returns the files of a destination that were uploaded or attempted.
    pub async fn publications(&self, destination: &str) -> StoreResult<Vec<Publication>> {
        let text = format!(
            "SELECT id, file, etag, attempts, due_at, {} FROM publications WHERE destination = $1 ORDER BY file",
            format_args!("CASE WHEN {} THEN 0 ELSE 1 END", self.unleased("publications"))
        );
        let rows: Vec<(i64, String, String, i64, i64, i32)> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(destination).fetch_all(db).await?);
        let known = |(id, file, etag, attempts, due, leased)| Publication {
            id,
            file,
            etag,
            attempts,
            due_at: Millis(due),
            is_leased: leased == 1,
        };
        Ok(rows.into_iter().map(known).collect())
    }

    /// Leases files whose wanted version is not at the destination yet, for [`PUBLICATION_LEASE`];
    /// omits files that another node leases, that are not due or that are no longer current.
    pub async fn claim_publications(
        &self,
        node: &str,
        destination: &str,
        desired: &[DesiredFile],
        now: Millis,
    ) -> StoreResult<Vec<Publication>> {
        let columns = [
            Column::Text("file"),
            Column::Text("etag"),
            Column::Text("feed"),
            Column::Text("format"),
            Column::Text("tag"),
        ];
        let text = format!(
            "INSERT INTO publications (destination, file, etag, pending_etag, lease_node, lease_until) SELECT $1, w.file, '', w.etag, $3, {clock} + $4 \
             FROM (SELECT * FROM {rows} AS r WHERE r.feed = '' OR EXISTS (SELECT 1 FROM feed_versions v WHERE v.feed = r.feed \
             AND v.format = r.format AND v.etag = r.tag) ORDER BY r.file) AS w WHERE TRUE ON CONFLICT (destination, file) DO UPDATE SET \
             pending_etag = excluded.pending_etag, lease_node = excluded.lease_node, lease_until = excluded.lease_until \
             WHERE publications.etag <> excluded.pending_etag AND publications.due_at <= $5 AND {free} \
             RETURNING id, file, etag, attempts, due_at",
            clock = self.database_now(),
            rows = self.json_rows("$2", &columns),
            free = self.unleased("publications"),
        );
        let row = |desired: &DesiredFile| {
            let (feed, format, tag) = desired
                .document
                .as_ref()
                .map_or(("", "", ""), |(feed, format, tag)| (feed.as_str(), *format, tag.as_str()));
            json!({"file": desired.file, "etag": desired.etag, "feed": feed, "format": format, "tag": tag})
        };
        let desired = Value::from(desired.iter().map(row).collect::<Vec<_>>()).to_string();
        let (node, destination) = (node.to_owned(), destination.to_owned());
        let rows: Vec<Row> = transaction!(self, |tx| {
            sqlx::query_as(sql(text.clone()))
                .bind(&destination)
                .bind(&desired)
                .bind(&node)
                .bind(as_millis_i64(PUBLICATION_LEASE))
                .bind(now.0)
                .fetch_all(&mut *tx)
                .await?
        })?;
        Ok(rows.into_iter().map(leased_publication).collect())
    }

    /// Leases a file that is to be deleted from its destination; returns `false` if another node
    /// leases it or it is not due.
    pub async fn claim_removal(&self, node: &str, id: i64, now: Millis) -> StoreResult<bool> {
        let text = format!(
            "UPDATE publications SET lease_node = $2, lease_until = {} + $3 WHERE id = $1 AND due_at <= $4 AND {} RETURNING id",
            self.database_now(),
            self.unleased("publications")
        );
        let node = node.to_owned();
        let row: Option<(i64,)> = transaction!(self, |tx| {
            sqlx::query_as(sql(text.clone()))
                .bind(id)
                .bind(&node)
                .bind(as_millis_i64(PUBLICATION_LEASE))
                .bind(now.0)
                .fetch_optional(&mut *tx)
                .await?
        })?;
        Ok(row.is_some())
    }

    /// Records that this version of a file was uploaded.
    pub async fn complete_publication(&self, node: &str, id: i64, etag: &str) -> StoreResult<()> {
        let (node, etag) = (node.to_owned(), etag.to_owned());
        transaction!(self, |tx| {
            sqlx::query(
                "UPDATE publications SET etag = $3, attempts = 0, due_at = 0, lease_node = NULL, lease_until = 0 WHERE id = $1 AND lease_node = $2",
            )
            .bind(id)
            .bind(&node)
            .bind(&etag)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// Deletes the row of a file that was deleted from its destination.
    pub async fn delete_publication(&self, node: &str, id: i64) -> StoreResult<()> {
        let node = node.to_owned();
        transaction!(self, |tx| {
            sqlx::query("DELETE FROM publications WHERE id = $1 AND lease_node = $2")
                .bind(id)
                .bind(&node)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Marks all or some files of a destination as outdated, so that they are uploaded again.
    pub async fn invalidate_publications(
        &self,
        destination: &str,
        files: Option<&[String]>,
    ) -> StoreResult<()> {
        let (destination, are_some, some) =
            (destination.to_owned(), files.is_some(), json_list(files.unwrap_or_default()));
        let text = format!(
            "UPDATE publications SET etag = etag || '?', due_at = 0 WHERE destination = $1 AND etag <> '' AND (NOT $2 OR file IN {})",
            self.json_texts("$3")
        );
        transaction!(self, |tx| {
            sqlx::query(sql(text.clone()))
                .bind(&destination)
                .bind(are_some)
                .bind(&some)
                .execute(&mut *tx)
                .await?;
        })
    }
}

fn leased_publication((id, file, etag, attempts, due): Row) -> Publication {
    Publication { id, file, etag, attempts, due_at: Millis(due), is_leased: true }
}
