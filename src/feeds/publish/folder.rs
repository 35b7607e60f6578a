//! Putting documents into a folder that a web server serves: written beside and renamed, so that nobody gets half of one.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::{Parcel, hash8};
use crate::domain::time::Millis;

/// A folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether a compressed file lies beside each, for servers that look for one.
    gzip: bool,
    /// Ours alone, so that two nodes never write into the same unfinished file.
    node: String,
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

impl Folder {
    pub(super) fn new(path: PathBuf, gzip: bool, node: String) -> Self {
        Self { path, gzip, node }
    }

    /// Tells this folder from others.
    pub(super) fn mark(&self) -> String {
        hash8(&self.path.to_string_lossy())
    }

    pub(super) fn put(&self, parcel: &Parcel) -> Result<(), String> {
        let path = self.path.join(&parcel.file);
        let (compressed, modified) = (beside(&path), parcel.made.modified);
        let written = || {
            fs::create_dir_all(path.parent().unwrap_or(&self.path))?;
            if self.gzip {
                self.replace(&compressed, &parcel.made.gzip(), modified)?;
            } else {
                // One of before would be served in its stead.
                removed(&compressed)?;
            }
            self.replace(&path, &parcel.made.identity(), modified)
        };
        // What is wrong with the whole folder is told with its remedy.
        written()
            .map_err(|e| self.check().err().unwrap_or_else(|| format!("{}: {e}", path.display())))
    }

    /// Those of some files that are not there.
    pub(super) fn missing(&self, files: Vec<String>) -> Vec<String> {
        files
            .into_iter()
            .filter(|file| {
                fs::symlink_metadata(self.path.join(file))
                    .is_err_and(|e| e.kind() == ErrorKind::NotFound)
            })
            .collect()
    }

    pub(super) fn remove(&self, file: &str) -> Result<(), String> {
        let path = self.path.join(file);
        removed(&beside(&path))
            .and_then(|()| removed(&path))
            .map_err(|e| format!("{}: {e}", path.display()))?;
        // Folders that are empty now go too; one that is not refuses.
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != self.path) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Whether documents could be put there, found out with a hidden file that is gone at once; a folder that is not there
    /// yet is not made.
    pub(super) fn check(&self) -> Result<(), String> {
        let there = self
            .path
            .ancestors()
            .find(|folder| folder.symlink_metadata().is_ok())
            .unwrap_or(&self.path);
        if !there.is_dir() {
            return Err(format!(
                "{} is no folder: move it away, or look at `url`",
                there.display()
            ));
        }
        let trial = there.join(format!(".courant-check.{}", self.node));
        let written = write(&trial, b"?", None).and_then(|()| fs::remove_file(&trial));
        written.map_err(|e| {
            // What may be left is hidden and harmless.
            let _ = fs::remove_file(&trial);
            let remedy = match e.kind() {
                ErrorKind::PermissionDenied => "let the user that Courant runs as write there",
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room",
                _ => "look at `url`",
            };
            format!("{}: {e}: {remedy}", there.display())
        })
    }

    fn replace(&self, path: &Path, bytes: &[u8], modified: Option<Millis>) -> io::Result<()> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}.new", self.node));
        let unfinished = path.with_file_name(name);
        let written =
            write(&unfinished, bytes, modified).and_then(|()| fs::rename(&unfinished, path));
        if written.is_err() {
            // What is left is hidden and harmless.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }
}

fn write(path: &Path, bytes: &[u8], modified: Option<Millis>) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    if let Some(at) = modified.and_then(|at| u64::try_from(at.0).ok()) {
        file.set_modified(UNIX_EPOCH + Duration::from_millis(at))?;
    }
    // The store will say that it is there.
    file.sync_all()
}

/// The compressed file beside one.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    name.into()
}

fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
