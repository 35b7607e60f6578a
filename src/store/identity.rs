//! Identity of a store: its secret, the base URL that it sends as, and whether it is a backup copy
//! (guarantee 10).

use std::collections::HashMap;

use super::audit_log::{self, NewAuditEntry};
use super::db::Statement;
use super::{Db, Store, StoreError, StoreResult};
use crate::clock;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;
use crate::fs::create_private_file;

/// Identity of the store, read at startup.
#[derive(Clone)]
pub struct StoreIdentity {
    /// Key of all link tokens and Message-IDs, generated with the store.
    pub secret: Vec<u8>,
    /// The `base_url` that this store sends as; `None` before the first start with a config.
    pub base_url: Option<String>,
    /// `true` if the file was written by `courant backup` and not adopted since.
    pub is_copy: bool,
}

impl StoreIdentity {
    /// Returns an identity for the time in which the store is unavailable; it verifies no tokens of
    /// the real one and is not allowed to send.
    pub fn unavailable(secret: [u8; 32]) -> Self {
        Self { secret: secret.to_vec(), base_url: None, is_copy: true }
    }
}

impl std::fmt::Debug for StoreIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreIdentity")
            .field("base_url", &self.base_url)
            .field("is_copy", &self.is_copy)
            .finish_non_exhaustive()
    }
}

impl StoreIdentity {
    /// Returns the reason why nothing may be sent from this store, in one sentence with the remedy.
    pub fn send_block_reason(&self, base_url: &str) -> Option<String> {
        if self.is_copy {
            return Some(
                "this database is a backup copy (`courant backup`) and sends nothing; run `courant adopt` to let it send".into(),
            );
        }
        match &self.base_url {
            Some(known) if known != base_url => Some(format!(
                "this database sends as {known}, but the configuration has the base_url {base_url}; nothing is sent until you run `courant adopt` to confirm that it is the same site"
            )),
            _ => None,
        }
    }
}

static SECRET: Statement = Statement::new("SELECT value FROM instance WHERE key = 'secret'");

static ALL_VALUES: Statement = Statement::new("SELECT key, value FROM instance");

/// Stores a value unless the key has one.
static ADD_VALUE: Statement = Statement::new(
    "
    INSERT INTO instance (key, value)
    VALUES ($key, $value)
    ON CONFLICT (key) DO NOTHING",
);

static REPLACE_VALUE: Statement = Statement::new(
    "
    INSERT INTO instance (key, value)
    VALUES ($key, $value)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

static UNMARK_COPY: Statement = Statement::new("DELETE FROM instance WHERE key = 'copy'");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&SECRET, &ALL_VALUES, &ADD_VALUE, &REPLACE_VALUE, &UNMARK_COPY];

impl Store {
    /// Generates the secret of a new store; an existing secret is never changed.
    pub(super) async fn ensure_identity(&self) -> StoreResult<()> {
        if self.read(&SECRET).exists().await? {
            return Ok(());
        }
        let secret: String = hex::encode(clock::random_bytes::<32>());
        self.write(&ADD_VALUE).bind("key", "secret").bind("value", secret).execute().await?;
        Ok(())
    }

    /// Reads the identity of the store.
    pub async fn identity(&self) -> StoreResult<StoreIdentity> {
        let mut map: HashMap<String, String> = self
            .read(&ALL_VALUES)
            .fetch_with(|row| Ok((row.get("key")?, row.get("value")?)))
            .await?
            .into_iter()
            .collect();
        let secret = map.remove("secret").unwrap_or_default();
        if secret.len() < 32 {
            return Err(StoreError::InvalidValue {
                value: "no secret".into(),
                column: "instance.value",
            });
        }
        Ok(StoreIdentity {
            secret: secret.into_bytes(),
            base_url: map.remove("base_url"),
            is_copy: map.contains_key("copy"),
        })
    }

    /// Stores the base URL that this store sends as, unless it has one already.
    pub async fn set_base_url_if_absent(&self, base_url: &str) -> StoreResult<()> {
        self.write(&ADD_VALUE).bind("key", "base_url").bind("value", base_url).execute().await?;
        Ok(())
    }

    /// Allows this store to send as `base_url` from now on.
    pub async fn adopt(&self, base_url: &str, actor: &Actor, now: Millis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        tx.query(&REPLACE_VALUE).bind("key", "base_url").bind("value", base_url).execute().await?;
        tx.query(&UNMARK_COPY).execute().await?;
        let entry = NewAuditEntry::new(actor, AuditAction::Adopt, AuditObject::Database, base_url);
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await
    }

    /// Writes a consistent copy of a SQLite store, marked as a copy, to `file`, which must not
    /// exist.
    pub async fn backup(&self, file: &std::path::Path) -> StoreResult<()> {
        let Db::Sqlite { write, .. } = &*self.db else {
            return Err(StoreError::Rejected(
                "`courant backup` supports only SQLite; use pg_dump and pg_restore for PostgreSQL"
                    .into(),
            ));
        };
        if file.exists() {
            return Err(StoreError::Rejected(format!(
                "{} already exists; choose another name",
                file.display()
            )));
        }
        let failed = |e: std::io::Error| {
            StoreError::OpenFailed(format!("cannot write {}: {e}", file.display()))
        };
        // The copy is marked before it gets its final name, so that no unmarked copy can ever be
        // used.
        let mut unfinished = file.as_os_str().to_owned();
        unfinished.push(".unfinished");
        let unfinished = std::path::PathBuf::from(unfinished);
        if unfinished.exists() {
            std::fs::remove_file(&unfinished).map_err(failed)?;
        }
        let name = unfinished
            .to_str()
            .ok_or_else(|| {
                StoreError::Rejected("the file name of the backup is not valid UTF-8".into())
            })?
            .to_owned();
        // SQLite writes into an existing empty file, which keeps its mode.
        create_private_file(&unfinished).map_err(failed)?;
        // Through the writer, because a read-only connection cannot create a file.
        sqlx::query("VACUUM INTO $1").bind(&name).execute(write).await?;
        let copy = sqlx::sqlite::SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(&unfinished))
            .await?;
        sqlx::query(
            "INSERT INTO instance (key, value) VALUES ('copy', 'yes') ON CONFLICT (key) DO NOTHING",
        )
        .execute(&copy)
        .await?;
        copy.close().await;
        std::fs::rename(&unfinished, file).map_err(failed)
    }
}
