//! Atomic replacement of a file: a temporary file beside it is written and renamed.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::SystemTime;

use super::private::create_private_file;

/// Guarantee for the time after a power failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The file has its new content: file and directory are synced.
    Synced,
    /// The file may have its old content, or be truncated, which its readers detect.
    Unsynced,
}

/// Access of other users to a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileAccess {
    /// Only the user of this process may read it.
    Private,
    /// The umask decides, as for a file that a web server serves.
    Public,
}

/// Replaces the content of a file, or creates it; `temporary` is a path on the same file system
/// that no other writer uses. Nothing is left of it after an error.
///
/// # Errors
/// The error of the file system. The file has its old content, or the new one if only syncing the
/// directory failed.
pub(crate) fn replace_file(
    path: &Path,
    temporary: &Path,
    bytes: &[u8],
    modified: Option<SystemTime>,
    durability: Durability,
    access: FileAccess,
) -> io::Result<()> {
    let replaced = write(temporary, bytes, modified, durability, access)
        .and_then(|()| fs::rename(temporary, path))
        .and_then(|()| sync_directory(path, durability));
    if replaced.is_err() {
        // It is incomplete, renamed, or was never created.
        let _ = fs::remove_file(temporary);
    }
    replaced
}

fn write(
    path: &Path,
    bytes: &[u8],
    modified: Option<SystemTime>,
    durability: Durability,
    access: FileAccess,
) -> io::Result<()> {
    let mut file = match access {
        FileAccess::Private => create_private_file(path)?,
        FileAccess::Public => File::create(path)?,
    };
    file.write_all(bytes)?;
    if let Some(modified) = modified {
        file.set_modified(modified)?;
    }
    if durability == Durability::Synced { file.sync_all() } else { Ok(()) }
}

/// Makes a renaming survive a power failure, for which its directory must be synced.
fn sync_directory(path: &Path, durability: Durability) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match durability {
        Durability::Synced if cfg!(unix) => {
            File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
        }
        Durability::Synced | Durability::Unsynced => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_time_and_leaves_no_temporary_file() {
        let directory = tempfile::tempdir().unwrap();
        let (path, temporary) = (directory.path().join("a"), directory.path().join(".a.new"));
        for (durability, text) in [(Durability::Synced, "one"), (Durability::Unsynced, "two")] {
            let modified = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
            replace_file(
                &path,
                &temporary,
                text.as_bytes(),
                Some(modified),
                durability,
                FileAccess::Public,
            )
            .unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn after_an_error_the_old_content_stays_and_no_temporary_file() {
        let directory = tempfile::tempdir().unwrap();
        let (path, temporary) = (directory.path().join("a"), directory.path().join(".a.new"));
        fs::create_dir(&path).unwrap();
        replace_file(&path, &temporary, b"x", None, Durability::Synced, FileAccess::Private)
            .unwrap_err();
        assert!(path.is_dir() && !temporary.exists());
    }
}
