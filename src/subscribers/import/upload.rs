//! Uploads of files of subscribers, stored in pieces while they arrive.

use serde_json::json;

use super::ImportSettings;
use crate::domain::actor::Actor;
use crate::domain::subscriber_import::ImportState;
use crate::domain::time::Millis;
use crate::store::imports::NewImport;
use crate::store::{Store, StoreError, StoreResult};

/// Length of a piece of an uploaded file in bytes.
pub const PART_BYTES: usize = 256 << 10;
/// Maximum length of an uploaded file in bytes.
const MAX_UPLOAD_BYTES: u64 = 2 << 30;
/// Maximum length of a file name in characters.
const MAX_NAME_CHARS: usize = 200;

/// Import whose file is being uploaded.
#[derive(Debug)]
pub struct Upload<'a> {
    store: &'a Store,
    id: i64,
    part: Vec<u8>,
    parts: i64,
    bytes: u64,
}

/// Reason why a piece was not stored.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The file is longer than 2 GiB.
    #[error(
        "the file is larger than 2 GiB; split it, or import it with `courant subscribers import`"
    )]
    TooLarge,
    /// The database failed or cannot be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<'a> Upload<'a> {
    /// Creates an import whose file is about to arrive.
    pub async fn begin(
        store: &'a Store,
        digest: &str,
        file_name: &str,
        settings: &ImportSettings,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Self> {
        let settings = json!(settings);
        let file_name: String =
            file_name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
        let new = NewImport {
            state: ImportState::Uploading,
            digest,
            file_name: &file_name,
            fingerprint: "",
            settings: &settings,
        };
        let id = store.imports().add(new, actor, now).await?.id;
        Ok(Self { store, id, part: Vec::new(), parts: 0, bytes: 0 })
    }

    /// Returns the id of the import.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Adds the next bytes of the file.
    ///
    /// # Errors
    /// The file is too large, or the database fails; the caller cancels the upload.
    pub async fn add(&mut self, chunk: &[u8]) -> Result<(), UploadError> {
        self.bytes += chunk.len() as u64;
        if self.bytes > MAX_UPLOAD_BYTES {
            return Err(UploadError::TooLarge);
        }
        self.part.extend_from_slice(chunk);
        if self.part.len() >= PART_BYTES {
            self.store_part().await?;
        }
        Ok(())
    }

    /// Completes the upload, after which the import starts if `starts` is set and otherwise waits for a
    /// person. Returns `false` and cancels the import if the file is empty.
    pub async fn complete(mut self, starts: bool, actor: &Actor, now: Millis) -> StoreResult<bool> {
        if self.bytes == 0 {
            self.cancel(actor, now).await?;
            return Ok(false);
        }
        if !self.part.is_empty() {
            self.store_part().await?;
        }
        let bytes = i64::try_from(self.bytes).unwrap_or(i64::MAX);
        self.store.imports().complete_upload(self.id, bytes, starts).await?;
        Ok(true)
    }

    /// Cancels the import, whose file did not arrive.
    pub async fn cancel(self, actor: &Actor, now: Millis) -> StoreResult<()> {
        self.store.imports().cancel(self.id, actor, now).await.map(drop)
    }

    async fn store_part(&mut self) -> StoreResult<()> {
        let part = std::mem::take(&mut self.part);
        self.store.imports().add_part(self.id, self.parts, part).await?;
        self.parts += 1;
        Ok(())
    }
}
