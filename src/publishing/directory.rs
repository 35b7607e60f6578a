//! Publishing to a directory that a web server serves. Files are written under a temporary name and
//! renamed, so that no reader gets an incomplete file.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::hash::short_hash;
use super::upload::Upload;
use crate::domain::time::Millis;
use crate::fs::{Durability, FileAccess, replace_file};

/// A directory to publish to.
#[derive(Debug, Clone)]
pub(super) struct DirectoryDestination {
    path: PathBuf,
    /// `true` to write a `.gz` file beside each file, for web servers that serve precompressed
    /// files.
    gzip: bool,
    /// Node name, part of temporary names, so that two nodes never write to the same temporary
    /// file.
    node: String,
}

impl fmt::Display for DirectoryDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

impl DirectoryDestination {
    pub(super) fn new(path: PathBuf, gzip: bool, node: String) -> Self {
        Self { path, gzip, node }
    }

    /// Returns a short hash that identifies this directory.
    pub(super) fn fingerprint(&self) -> String {
        short_hash(&self.path.to_string_lossy())
    }

    pub(super) fn write(&self, upload: &Upload) -> Result<(), String> {
        let path = self.path.join(&upload.file);
        let (compressed, modified) = (gzip_path(&path), upload.rendered.modified);
        let written = || {
            fs::create_dir_all(path.parent().unwrap_or(&self.path))?;
            if self.gzip {
                self.write_atomically(&compressed, &upload.rendered.gzip(), modified)?;
            } else {
                // An earlier compressed file would be served instead of the new version.
                remove_if_present(&compressed)?;
            }
            self.write_atomically(&path, &upload.rendered.identity(), modified)
        };
        // If the directory itself is the problem, its error includes the fix.
        written()
            .map_err(|e| self.check().err().unwrap_or_else(|| format!("{}: {e}", path.display())))
    }

    /// Returns those of `files` that do not exist.
    pub(super) fn missing(&self, files: Vec<String>) -> Vec<String> {
        files
            .into_iter()
            .filter(|file| {
                fs::symlink_metadata(self.path.join(file))
                    .is_err_and(|e| e.kind() == ErrorKind::NotFound)
            })
            .collect()
    }

    pub(super) fn delete(&self, file: &str) -> Result<(), String> {
        let path = self.path.join(file);
        remove_if_present(&gzip_path(&path))
            .and_then(|()| remove_if_present(&path))
            .map_err(|e| format!("{}: {e}", path.display()))?;
        // Deletes directories that are now empty; deleting one that is not fails.
        for directory in path.ancestors().skip(1).take_while(|directory| *directory != self.path) {
            if fs::remove_dir(directory).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Checks that files can be written, by writing and deleting a hidden file. A missing directory
    /// is not created.
    pub(super) fn check(&self) -> Result<(), String> {
        let existing = self
            .path
            .ancestors()
            .find(|directory| directory.symlink_metadata().is_ok())
            .unwrap_or(&self.path);
        if !existing.is_dir() {
            return Err(format!(
                "{} is not a directory; move it away or correct `url`",
                existing.display()
            ));
        }
        let test_file = existing.join(format!(".courant-check.{}", self.node));
        let written = fs::write(&test_file, b"?").and_then(|()| fs::remove_file(&test_file));
        written.map_err(|e| {
            // A file that cannot be deleted is hidden and harmless.
            let _ = fs::remove_file(&test_file);
            let remedy = match e.kind() {
                ErrorKind::PermissionDenied => "give the user that runs Courant write permission",
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some disk space",
                _ => "check `url`",
            };
            format!("{}: {e}; {remedy}", existing.display())
        })
    }

    fn write_atomically(
        &self,
        path: &Path,
        bytes: &[u8],
        modified: Option<Millis>,
    ) -> io::Result<()> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}.new", self.node));
        let temporary = path.with_file_name(name);
        let modified = modified.and_then(|at| u64::try_from(at.0).ok());
        let modified = modified.map(|at| UNIX_EPOCH + Duration::from_millis(at));
        // The database records the file as uploaded, so it must survive a power failure.
        replace_file(path, &temporary, bytes, modified, Durability::Synced, FileAccess::Public)
    }
}

/// Returns the path of the compressed file beside a file.
fn gzip_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    name.into()
}

fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
