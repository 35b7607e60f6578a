//! What makes a store itself: its secret, the address it sends under, and whether it is a copy (promise 10).

use std::collections::HashMap;

use super::{Db, Store, StoreError, StoreResult, dialect::sql, reading, transaction};
use crate::clock;

/// The store's identity, read at start.
#[derive(Clone)]
pub struct Instance {
    /// Key of every token and Message-ID; born with the store.
    pub secret: Vec<u8>,
    /// The base_url that this store sends under; none before the first start with a config.
    pub base_url: Option<String>,
    /// Whether the file was made by `courant backup` and not adopted since.
    pub is_copy: bool,
}

impl Instance {
    /// Nobody's, for as long as the store can't be asked: what was signed by the real one is not known by it, and it may not send.
    pub fn unknown(secret: [u8; 32]) -> Self {
        Self { secret: secret.to_vec(), base_url: None, is_copy: true }
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance")
            .field("base_url", &self.base_url)
            .field("is_copy", &self.is_copy)
            .finish_non_exhaustive()
    }
}

impl Instance {
    /// Why nothing may be sent from here, if so: one sentence with the remedy.
    pub fn refusal(&self, base_url: &str) -> Option<String> {
        if self.is_copy {
            return Some(
                "this store is a copy made by `courant backup`; nothing is sent from it until `courant adopt` says that it may".into(),
            );
        }
        match &self.base_url {
            Some(known) if known != base_url => Some(format!(
                "this store sends as {known}, but the config's base_url is {base_url}; nothing is sent until `courant adopt` says that this is the same site"
            )),
            _ => None,
        }
    }
}

impl Store {
    /// Makes the secret of a new store; an existing one is left alone.
    pub(super) async fn found_instance(&self) -> StoreResult<()> {
        let known: Option<(String,)> =
            reading!(self, |db| sqlx::query_as("SELECT value FROM instance WHERE key = 'secret'")
                .fetch_optional(db)
                .await?);
        if known.is_some() {
            return Ok(());
        }
        let secret: String =
            clock::random_bytes::<32>().iter().map(|b| format!("{b:02x}")).collect();
        transaction!(self, |tx| {
            sqlx::query("INSERT INTO instance (key, value) VALUES ('secret', $1) ON CONFLICT (key) DO NOTHING")
                .bind(secret)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Reads the store's identity.
    pub async fn instance(&self) -> StoreResult<Instance> {
        let rows: Vec<(String, String)> =
            reading!(self, |db| sqlx::query_as("SELECT key, value FROM instance")
                .fetch_all(db)
                .await?);
        let mut map: HashMap<String, String> = rows.into_iter().collect();
        let secret = map.remove("secret").unwrap_or_default();
        if secret.len() < 32 {
            return Err(StoreError::Inconsistent {
                what: "no secret".into(),
                place: "instance.value",
            });
        }
        Ok(Instance {
            secret: secret.into_bytes(),
            base_url: map.remove("base_url"),
            is_copy: map.contains_key("copy"),
        })
    }

    /// Notes the address this store sends under, the first time it is told one.
    pub async fn settle(&self, base_url: &str) -> StoreResult<()> {
        let base_url = base_url.to_owned();
        transaction!(self, |tx| {
            sqlx::query("INSERT INTO instance (key, value) VALUES ('base_url', $1) ON CONFLICT (key) DO NOTHING")
                .bind(base_url)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Declares that this store may send under `base_url` from now on.
    pub async fn adopt(&self, base_url: &str) -> StoreResult<()> {
        let base_url = base_url.to_owned();
        transaction!(self, |tx| {
            sqlx::query("INSERT INTO instance (key, value) VALUES ('base_url', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
                .bind(base_url)
                .execute(&mut *tx)
                .await?;
            sqlx::query("DELETE FROM instance WHERE key = 'copy'").execute(&mut *tx).await?;
        })
    }

    /// Writes a consistent copy of a SQLite store to `file`, which must not exist, marked as a copy.
    pub async fn backup(&self, file: &std::path::Path) -> StoreResult<()> {
        let Db::Sqlite { write, .. } = &*self.db else {
            return Err(StoreError::Refused(
                "`courant backup` copies SQLite stores; for PostgreSQL use pg_dump and pg_restore"
                    .into(),
            ));
        };
        if file.exists() {
            return Err(StoreError::Refused(format!(
                "{} exists already: choose another name",
                file.display()
            )));
        }
        let failed = |e: std::io::Error| {
            StoreError::Unreachable(format!("cannot write {}: {e}", file.display()))
        };
        // Marked before it has its name: a copy that could send by itself never exists.
        let mut unfinished = file.as_os_str().to_owned();
        unfinished.push(".unfinished");
        let unfinished = std::path::PathBuf::from(unfinished);
        if unfinished.exists() {
            std::fs::remove_file(&unfinished).map_err(failed)?;
        }
        let name = unfinished
            .to_str()
            .ok_or_else(|| StoreError::Refused("the backup's name must be UTF-8".into()))?
            .to_owned();
        // Through the writer: a read-only connection may not create a file.
        sqlx::query("VACUUM INTO $1").bind(&name).execute(write).await?;
        let copy = sqlx::sqlite::SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(&unfinished))
            .await?;
        sqlx::query(sql(
            "INSERT INTO instance (key, value) VALUES ('copy', 'yes') ON CONFLICT (key) DO NOTHING"
                .into(),
        ))
        .execute(&copy)
        .await?;
        copy.close().await;
        std::fs::rename(&unfinished, file).map_err(failed)
    }
}
