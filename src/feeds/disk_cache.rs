//! Disk cache of rendered feeds, so that feeds are served immediately after a restart, even while
//! the database is unavailable.
//!
//! `HASH.feed` is a document: [`MAGIC`], a [`FileHeader`] as a line of JSON, the segments, and the
//! gzip body. `HASH.br` is the same document in Brotli: [`MAGIC`], a line with its etag and a
//! checksum, and the body. `checkpoint` is [`MAGIC`] and a [`Checkpoint`] in JSON. Files of other
//! format versions are ignored and replaced.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::format::Format;
use super::rendered::{RenderedFeed, Segment};
use crate::domain::time::Millis;
use crate::fs::{
    Durability, FileAccess, create_private_directory, create_private_file, make_private,
    replace_file,
};

/// State of the store that the documents on disk were rendered from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Identifier of the store.
    pub(super) store_id: String,
    /// Version of the articles up to which the documents contain all changes.
    pub(super) version: i64,
    /// Time up to which published articles are included, in Unix milliseconds.
    pub(super) at: i64,
}

/// Header of a document file, written as one line of JSON.
#[derive(Serialize, Deserialize)]
struct FileHeader {
    key: String,
    format: String,
    modified: Option<i64>,
    fingerprint: String,
    segments: usize,
    checksum: String,
}

/// A document that was read from disk.
#[derive(Debug)]
pub(super) struct CachedDocument {
    pub(super) document: Arc<RenderedFeed>,
    /// Fingerprint of the settings that the document was rendered with.
    pub(super) fingerprint: String,
}

/// Directory of rendered feeds, written by one process and read by any number.
#[derive(Debug)]
pub(super) struct DiskCache {
    path: PathBuf,
    lock: Option<File>,
    next_temporary_number: AtomicU64,
}

/// Reason why a file could not be decoded.
#[derive(Debug, PartialEq, Eq)]
enum DecodeError {
    /// The file was written in another format version.
    OtherVersion,
    /// The file is truncated, or its checksum does not match.
    Damaged,
}

/// First line of every file of the cache. Raise the number when the layout of any file changes.
const MAGIC: &[u8] = b"courant-feed-cache 2\n";
/// Beginning of [`MAGIC`] in every format version since 2.
const MAGIC_NAME: &[u8] = b"courant-feed-cache ";
/// Beginning of a document file of format version 1, which had no magic line.
const VERSION_1_START: &[u8] = b"{\"file\":";
/// Checkpoint file of format version 1.
const VERSION_1_CHECKPOINT: &str = "mark.json";

const CHECKPOINT_FILE: &str = "checkpoint";
const DOCUMENT_EXTENSION: &str = "feed";
const BROTLI_EXTENSION: &str = "br";

impl DiskCache {
    /// Opens the directory and creates it if it is missing. On failure it logs a warning and
    /// returns a cache that writes nothing.
    pub(super) fn open(path: &Path) -> Self {
        let lock = create_private_directory(path)
            .and_then(|()| create_private_file(&path.join("lock")))
            .and_then(|file| match file.try_lock() {
                Ok(()) => Ok(Some(file)),
                Err(fs::TryLockError::WouldBlock) => Ok(None),
                Err(fs::TryLockError::Error(e)) => Err(e),
            });
        let lock = lock.unwrap_or_else(|e| {
            tracing::warn!(
                "cannot open the disk cache {}: {e}; a restart will render all feeds again; check [server] feed_cache_dir",
                path.display()
            );
            None
        });
        // Private feeds are stored as well, also by versions that left their files readable.
        if let Err(e) = make_private(path) {
            tracing::warn!(
                "other users may read the disk cache {}: {e}; run `chmod 700` on it as its owner",
                path.display()
            );
        }
        Self { path: path.to_path_buf(), lock, next_temporary_number: AtomicU64::new(0) }
    }

    /// Returns all documents by key, and the checkpoint if there is one. Skips damaged files
    /// and files of other format versions; the process that owns the directory deletes them.
    pub(super) fn load(&self) -> (HashMap<String, CachedDocument>, Option<Checkpoint>) {
        let mut all = HashMap::new();
        let mut other_formats = 0;
        let files =
            fs::read_dir(&self.path).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut bytes = Vec::new();
        for path in
            files.filter(|path| path.extension().is_some_and(|ending| ending == DOCUMENT_EXTENSION))
        {
            bytes.clear();
            let result = File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes));
            match result.map(|_| decode(&bytes)) {
                Ok(Ok((name, cached))) => drop(all.insert(name, cached)),
                Ok(Err(DecodeError::OtherVersion)) => {
                    other_formats += 1;
                    self.delete(&[path.with_extension(BROTLI_EXTENSION), path]);
                }
                Ok(Err(DecodeError::Damaged)) => {
                    tracing::warn!(
                        "cached feed {} is damaged; it will be rendered again",
                        path.display()
                    );
                    self.delete(&[path]);
                }
                Err(e) => tracing::warn!("cannot read the cached feed {}: {e}", path.display()),
            }
        }
        if other_formats > 0 {
            tracing::warn!(
                "the disk cache {} contains {other_formats} feeds in an earlier format; they are ignored and \
                 replaced by newly rendered ones",
                self.path.display()
            );
            self.delete(&[self.path.join(VERSION_1_CHECKPOINT)]);
        }
        let checkpoint = fs::read(self.path.join(CHECKPOINT_FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice(bytes.strip_prefix(MAGIC)?).ok());
        (all, checkpoint)
    }

    /// Deletes files if this process owns the directory; a failure leaves them ignored.
    fn delete(&self, paths: &[PathBuf]) {
        if self.is_writable() {
            for path in paths {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Returns `true` if this process holds the directory's lock and may write.
    pub(super) fn is_writable(&self) -> bool {
        self.lock.is_some()
    }

    /// Returns a document's Brotli body if it is stored and intact.
    pub(super) fn brotli(&self, key: &str, etag: &str) -> Option<Bytes> {
        let path = self.path.join(file_name_on_disk(key, BROTLI_EXTENSION));
        let all = Bytes::from(fs::read(path).ok()?);
        let all = all.starts_with(MAGIC).then(|| all.slice(MAGIC.len()..))?;
        let end = all.iter().position(|b| *b == b'\n')?;
        let body = all.slice(end + 1..);
        (all[..end] == *brotli_header(etag, &body).as_bytes()).then_some(body)
    }

    /// Stores a document's Brotli body.
    pub(super) fn store_brotli(&self, key: &str, etag: &str, body: &[u8]) -> io::Result<()> {
        let all = [MAGIC, brotli_header(etag, body).as_bytes(), b"\n", body].concat();
        self.replace(&file_name_on_disk(key, BROTLI_EXTENSION), &all)
    }

    /// Deletes removed documents, stores others, each with the fingerprint of its settings, and then
    /// the checkpoint.
    pub(super) fn store(
        &self,
        documents: &HashMap<String, (Arc<RenderedFeed>, String)>,
        removed: &[String],
        checkpoint: Option<&Checkpoint>,
    ) -> io::Result<()> {
        if self.lock.is_none() {
            return Ok(());
        }
        for (key, ending) in
            removed.iter().flat_map(|key| [(key, DOCUMENT_EXTENSION), (key, BROTLI_EXTENSION)])
        {
            let _ = fs::remove_file(self.path.join(file_name_on_disk(key, ending)));
        }
        for (key, (document, fingerprint)) in documents {
            self.replace(
                &file_name_on_disk(key, DOCUMENT_EXTENSION),
                &encode(key, document, fingerprint)?,
            )?;
        }
        checkpoint.map_or(Ok(()), |checkpoint| {
            let json = serde_json::to_vec(checkpoint)?;
            self.replace(CHECKPOINT_FILE, &[MAGIC, json.as_slice()].concat())
        })
    }

    /// Replaces a file atomically, without waiting for the disk; a file that a power failure
    /// truncates is detected by its checksum.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self
            .path
            .join(format!("{}.new", self.next_temporary_number.fetch_add(1, Ordering::Relaxed)));
        let path = self.path.join(name);
        replace_file(&path, &unfinished, bytes, None, Durability::Unsynced, FileAccess::Private)
    }
}

/// Returns the file name on disk, a hash that is valid whatever characters the feed's name has.
fn file_name_on_disk(key: &str, ending: &str) -> String {
    format!("{}.{ending}", hex::encode(&Sha256::digest(key)[..16]))
}

fn brotli_header(etag: &str, body: &[u8]) -> String {
    format!("{etag} {}", hex::encode(&Sha256::digest(body)[..16]))
}

fn encode(key: &str, document: &RenderedFeed, fingerprint: &str) -> io::Result<Vec<u8>> {
    let body: Vec<u8> =
        document.segments().iter().flat_map(Segment::to_bytes).chain(document.gzip()).collect();
    let mut header = FileHeader {
        key: key.to_owned(),
        format: document.format.extension().to_owned(),
        modified: document.modified.map(|at| at.0),
        fingerprint: fingerprint.to_owned(),
        segments: document.segments().len(),
        checksum: String::new(),
    };
    header.checksum = checksum(&header, &body)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&serde_json::to_vec(&header)?);
    bytes.push(b'\n');
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Result<(String, CachedDocument), DecodeError> {
    match bytes.strip_prefix(MAGIC) {
        Some(rest) => decode_document(rest).ok_or(DecodeError::Damaged),
        None if bytes.starts_with(VERSION_1_START) || bytes.starts_with(MAGIC_NAME) => {
            Err(DecodeError::OtherVersion)
        }
        None => Err(DecodeError::Damaged),
    }
}

/// Decodes a document file after its magic line.
fn decode_document(bytes: &[u8]) -> Option<(String, CachedDocument)> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    let mut header: FileHeader = serde_json::from_slice(&bytes[..end]).ok()?;
    let body = &bytes[end + 1..];
    let expected = std::mem::take(&mut header.checksum);
    if checksum(&header, body).ok()? != expected {
        return None;
    }
    let (segments, gzip) = body.split_at_checked(header.segments.checked_mul(Segment::BYTES)?)?;
    let segments = segments.as_chunks().0.iter().map(Segment::from_bytes).collect();
    let gzip = Bytes::copy_from_slice(gzip);
    let document = RenderedFeed::from_parts(
        Format::from_extension(&header.format)?,
        gzip,
        segments,
        header.modified.map(Millis),
    )?;
    Some((
        header.key,
        CachedDocument { document: Arc::new(document), fingerprint: header.fingerprint },
    ))
}

/// Returns the checksum of the header, with an empty checksum field, and the bytes that follow it.
fn checksum(header: &FileHeader, body: &[u8]) -> io::Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(serde_json::to_vec(header)?);
    hasher.update(body);
    Ok(hex::encode(&hasher.finalize()[..16]))
}

#[cfg(test)]
mod tests;
