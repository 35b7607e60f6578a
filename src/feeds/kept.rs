//! Made feeds on disk, so that a restart serves at once, also while the database is away.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::format::Format;
use super::made::{Made, Piece};
use crate::domain::time::Millis;

/// What was made from which state of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The store it is about.
    pub(super) store: String,
    /// All changes up to this version are in the documents.
    pub(super) version: i64,
    /// All articles whose time came until then, too.
    pub(super) at: i64,
}

/// What stands before the pieces of a document and its compressed bytes, as a line of JSON.
#[derive(Serialize, Deserialize)]
struct Header {
    file: String,
    format: String,
    modified: Option<i64>,
    settings: String,
    pieces: usize,
    checksum: String,
}

/// A document as it was kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) made: Arc<Made>,
    /// A hash of the settings it was made under.
    pub(super) settings: String,
}

/// A folder of made feeds. One process writes it; others read.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: Option<File>,
    written: AtomicU64,
}

const MARK: &str = "mark.json";
const ENDING: &str = "feed";
/// Of a document in Brotli: its etag, a checksum, then the bytes.
const BROTLI: &str = "br";

impl Folder {
    /// Opens a folder, made if missing. What can't be opened is said once and done without.
    pub(super) fn open(path: &Path) -> Self {
        let lock = fs::create_dir_all(path)
            .and_then(|()| File::create(path.join("lock")))
            .and_then(|file| match file.try_lock() {
                Ok(()) => Ok(Some(file)),
                Err(fs::TryLockError::WouldBlock) => Ok(None),
                Err(fs::TryLockError::Error(e)) => Err(e),
            });
        let lock = lock.unwrap_or_else(|e| {
            tracing::warn!(
                "made feeds are not kept on disk, so a restart makes them anew: {}: {e}; see [server] made_feeds",
                path.display()
            );
            None
        });
        Self { path: path.to_path_buf(), lock, written: AtomicU64::new(0) }
    }

    /// All documents by their names, and the state of the store they were made from; what is damaged is left out.
    pub(super) fn load(&self) -> (HashMap<String, Kept>, Option<Mark>) {
        let mut all = HashMap::new();
        let files =
            fs::read_dir(&self.path).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut bytes = Vec::new();
        for path in files.filter(|path| path.extension().is_some_and(|ending| ending == ENDING)) {
            bytes.clear();
            let whole = File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes));
            match whole.map(|_| read(&bytes)) {
                Ok(Some((name, kept))) => drop(all.insert(name, kept)),
                Err(e) => tracing::warn!("{} cannot be read: {e}", path.display()),
                Ok(None) => {
                    tracing::warn!("{} is damaged and will be made anew", path.display());
                    if self.is_ours() {
                        let _ = fs::remove_file(path);
                    }
                }
            }
        }
        let mark =
            fs::read(self.path.join(MARK)).ok().and_then(|json| serde_json::from_slice(&json).ok());
        (all, mark)
    }

    /// Whether this process may write.
    pub(super) fn is_ours(&self) -> bool {
        self.lock.is_some()
    }

    /// A document in Brotli, if it was kept and is whole.
    pub(super) fn brotli(&self, file: &str, etag: &str) -> Option<Bytes> {
        let all = Bytes::from(fs::read(self.path.join(name_of(file, BROTLI))).ok()?);
        let end = all.iter().position(|b| *b == b'\n')?;
        let body = all.slice(end + 1..);
        (all[..end] == *brotli_head(etag, &body).as_bytes()).then_some(body)
    }

    /// Keeps a document in Brotli.
    pub(super) fn keep_brotli(&self, file: &str, etag: &str, body: &[u8]) -> io::Result<()> {
        let all = [brotli_head(etag, body).as_bytes(), b"\n", body].concat();
        self.replace(&name_of(file, BROTLI), &all)
    }

    /// Keeps documents, each with its settings, and after them the state they were made from.
    pub(super) fn keep(
        &self,
        documents: &HashMap<String, (Arc<Made>, String)>,
        gone: &[String],
        mark: Option<&Mark>,
    ) -> io::Result<()> {
        if self.lock.is_none() {
            return Ok(());
        }
        for (file, (made, settings)) in documents {
            self.replace(&name_of(file, ENDING), &written(file, made, settings)?)?;
        }
        for (file, ending) in gone.iter().flat_map(|file| [(file, ENDING), (file, BROTLI)]) {
            let _ = fs::remove_file(self.path.join(name_of(file, ending)));
        }
        mark.map_or(Ok(()), |mark| self.replace(MARK, &serde_json::to_vec(mark)?))
    }

    /// Written beside and renamed: a reader sees the old file or the new one. Not flushed to the disk: what a power cut tears
    /// is known by its checksum.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished =
            self.path.join(format!("{}.new", self.written.fetch_add(1, Ordering::Relaxed)));
        File::create(&unfinished)?.write_all(bytes)?;
        fs::rename(&unfinished, self.path.join(name))
    }
}

/// A file's name on disk, whatever a feed's name holds.
fn name_of(file: &str, ending: &str) -> String {
    format!("{}.{ending}", hex(&Sha256::digest(file)[..16]))
}

fn brotli_head(etag: &str, body: &[u8]) -> String {
    format!("{etag} {}", hex(&Sha256::digest(body)[..16]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn written(file: &str, made: &Made, settings: &str) -> io::Result<Vec<u8>> {
    let body: Vec<u8> = made.pieces().iter().flat_map(Piece::to_bytes).chain(made.gzip()).collect();
    let mut header = Header {
        file: file.to_owned(),
        format: made.format.extension().to_owned(),
        modified: made.modified.map(|at| at.0),
        settings: settings.to_owned(),
        pieces: made.pieces().len(),
        checksum: String::new(),
    };
    header.checksum = checksum(&header, &body)?;
    let mut bytes = serde_json::to_vec(&header)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

fn read(bytes: &[u8]) -> Option<(String, Kept)> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    let mut header: Header = serde_json::from_slice(&bytes[..end]).ok()?;
    let body = &bytes[end + 1..];
    let told = std::mem::take(&mut header.checksum);
    if checksum(&header, body).ok()? != told {
        return None;
    }
    let (pieces, gzip) = body.split_at_checked(header.pieces.checked_mul(Piece::BYTES)?)?;
    let pieces = pieces.as_chunks().0.iter().map(Piece::from_bytes).collect();
    let gzip = Bytes::copy_from_slice(gzip);
    let made = Made::restored(
        Format::by_extension(&header.format)?,
        gzip,
        pieces,
        header.modified.map(Millis),
    )?;
    Some((header.file, Kept { made: Arc::new(made), settings: header.settings }))
}

/// Of the header without its checksum, and of the bytes behind it.
fn checksum(header: &Header, body: &[u8]) -> io::Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(serde_json::to_vec(header)?);
    hasher.update(body);
    Ok(hex(&hasher.finalize()[..16]))
}

#[cfg(test)]
mod tests {
    use super::super::format::Frame;
    use super::super::made::press;
    use super::*;

    #[test]
    fn what_was_kept_is_what_was_made_and_no_byte_of_it_may_differ() {
        let frame = Frame { head: b"<".to_vec(), tail: b">".to_vec() };
        let (mut made, _) = press(Format::Json, &frame, &[[1; 16], [2; 16]], None, |i| {
            Ok(vec![b'0' + u8::try_from(i).unwrap(); 40])
        });
        made.modified = Some(Millis(1_790_000_000_000));
        let bytes = written("news.json", &made, "settings").unwrap();
        let (file, kept) = read(&bytes).unwrap();
        assert_eq!((file.as_str(), kept.settings.as_str()), ("news.json", "settings"));
        assert_eq!(
            (kept.made.gzip(), kept.made.pieces(), &kept.made.etag),
            (made.gzip(), made.pieces(), &made.etag)
        );
        assert_eq!((kept.made.modified, kept.made.length), (made.modified, made.length));
        for at in 0..bytes.len() {
            let mut torn = bytes.clone();
            torn[at] ^= 1;
            assert!(read(&torn).is_none(), "byte {at}");
            assert!(read(&bytes[..at]).is_none(), "{at} bytes");
        }
    }
}
