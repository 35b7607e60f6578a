//! Files uploaded to publishing destinations, and the leases of uploads in progress.

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::leases::{RELEASED, UNLEASED};
use super::operations::Publications;
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
    pub version: String,
    /// Failed attempts since the last successful upload.
    pub attempts: i64,
    /// Earliest time of the next attempt.
    pub due_at: Millis,
    /// `true` if a node is uploading or deleting it.
    pub is_leased: bool,
}

impl Publication {
    /// Returns `true` if the file must be uploaded again, whatever version is desired: the version of
    /// such a file ends with `?`.
    pub fn is_invalidated(&self) -> bool {
        self.version.ends_with('?')
    }
}

/// File that a publishing destination should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredFile {
    /// Name of the file at the destination.
    pub file: String,
    /// Version that the destination should have.
    pub version: String,
    /// Feed, format and entity tag if the file is a document of a declared feed; it is leased only
    /// while no node knows a newer version.
    pub document: Option<(String, &'static str, String)>,
}

static LIST: Statement = Statement::with(
    "
    SELECT id, file, version, attempts, due_at, NOT {unleased} AS is_leased
      FROM publications
     WHERE destination = $destination
     ORDER BY file",
    &[("unleased", UNLEASED), ("row", "publications")],
);

/// Leases the rows in the order of their files. A document of a feed must be the current version.
static LEASE: Statement = Statement::with(
    "
    INSERT INTO publications (destination, file, version, pending_version, lease_node, lease_until)
    SELECT $destination, w.file, '', w.version, $node, {now} + $lease
      FROM (SELECT *
              FROM {json_rows $desired file TEXT, version TEXT, feed TEXT, format TEXT, tag TEXT} AS r
             WHERE r.feed = ''
                OR EXISTS (
                   SELECT 1
                     FROM feed_versions v
                    WHERE v.feed = r.feed
                      AND v.format = r.format
                      AND v.etag = r.tag)
             ORDER BY r.file) AS w
     WHERE TRUE
    ON CONFLICT (destination, file) DO UPDATE
       SET pending_version = excluded.pending_version,
           lease_node = excluded.lease_node,
           lease_until = excluded.lease_until
     WHERE publications.version <> excluded.pending_version
       AND publications.due_at <= $now
       AND {unleased}
    RETURNING id, file, version, attempts, due_at, TRUE AS is_leased",
    &[("unleased", UNLEASED), ("row", "publications")],
);

static LEASE_REMOVAL: Statement = Statement::with(
    "
    UPDATE publications
       SET lease_node = $node, lease_until = {now} + $lease
     WHERE id = $id
       AND due_at <= $now
       AND {unleased}",
    &[("unleased", UNLEASED), ("row", "publications")],
);

static COMPLETE: Statement = Statement::with(
    "
    UPDATE publications
       SET version = $version, attempts = 0, due_at = 0, {released}
     WHERE id = $id
       AND lease_node = $node",
    &[("released", RELEASED)],
);

static DELETE: Statement = Statement::new(
    "
    DELETE FROM publications
     WHERE id = $id
       AND lease_node = $node",
);

static INVALIDATE_ALL: Statement = Statement::new(
    "
    UPDATE publications
       SET version = version || '?', due_at = 0
     WHERE destination = $destination
       AND version <> ''",
);

static INVALIDATE_SOME: Statement = Statement::new(
    "
    UPDATE publications
       SET version = version || '?', due_at = 0
     WHERE destination = $destination
       AND version <> ''
       AND file IN {json_texts $files}",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&LIST, &LEASE, &LEASE_REMOVAL, &COMPLETE, &DELETE, &INVALIDATE_ALL, &INVALIDATE_SOME];

impl FromRow for Publication {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            file: row.get("file")?,
            version: row.get("version")?,
            attempts: row.get("attempts")?,
            due_at: row.time("due_at")?,
            is_leased: row.get("is_leased")?,
        })
    }
}

impl DesiredFile {
    fn to_json(&self) -> Json {
        let (feed, format, tag) = self
            .document
            .as_ref()
            .map_or(("", "", ""), |(feed, format, tag)| (feed.as_str(), *format, tag.as_str()));
        json!({"file": self.file, "version": self.version, "feed": feed, "format": format, "tag": tag})
    }
}

impl Publications<'_> {
    /// Returns the files of a destination that were uploaded or attempted.
    pub async fn list(self, destination: &str) -> StoreResult<Vec<Publication>> {
        self.store.read(&LIST).bind("destination", destination).fetch_all().await
    }

    /// Leases files whose desired version is not at the destination yet, for [`PUBLICATION_LEASE`];
    /// omits files that another node leases, that are not due or that are no longer current.
    pub async fn lease(
        self,
        node: &str,
        destination: &str,
        desired: &[DesiredFile],
        now: Millis,
    ) -> StoreResult<Vec<Publication>> {
        let desired: Vec<Json> = desired.iter().map(DesiredFile::to_json).collect();
        self.store
            .write(&LEASE)
            .bind("destination", destination)
            .bind("desired", Json::from(desired))
            .bind("node", node)
            .bind("lease", as_millis_i64(PUBLICATION_LEASE))
            .bind("now", now)
            .fetch_all()
            .await
    }

    /// Leases a file that is to be deleted from its destination; returns `false` if another node
    /// leases it or it is not due.
    pub async fn lease_removal(self, node: &str, id: i64, now: Millis) -> StoreResult<bool> {
        let leased = self
            .store
            .write(&LEASE_REMOVAL)
            .bind("id", id)
            .bind("node", node)
            .bind("lease", as_millis_i64(PUBLICATION_LEASE))
            .bind("now", now)
            .execute()
            .await?;
        Ok(leased == 1)
    }

    /// Records that this version of a file was uploaded.
    pub async fn complete(self, node: &str, id: i64, version: &str) -> StoreResult<()> {
        self.store
            .write(&COMPLETE)
            .bind("id", id)
            .bind("node", node)
            .bind("version", version)
            .execute()
            .await?;
        Ok(())
    }

    /// Deletes the row of a file that was deleted from its destination.
    pub async fn delete(self, node: &str, id: i64) -> StoreResult<()> {
        self.store.write(&DELETE).bind("id", id).bind("node", node).execute().await?;
        Ok(())
    }

    /// Marks all or some files of a destination as outdated, so that they are uploaded again.
    pub async fn invalidate(self, destination: &str, files: Option<&[String]>) -> StoreResult<()> {
        let invalidate = match files {
            Some(files) => self.store.write(&INVALIDATE_SOME).bind("files", files),
            None => self.store.write(&INVALIDATE_ALL),
        };
        invalidate.bind("destination", destination).execute().await?;
        Ok(())
    }
}
