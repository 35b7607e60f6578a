//! The files of a SQLite database: their modes, and the check that none was deleted, moved or replaced while
//! in use.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{StoreError, StoreResult};
use crate::fs::{create_private_file, make_private};

/// Suffixes of the file names beside the database file.
const SUFFIXES: [&str; 5] = ["-wal", "-shm", "-journal", ".lock", ".migrate-lock"];

/// Returns the path of a file beside the database file.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Creates a missing database file, and revokes the access of other users to all files, because
/// they contain addresses and the key of all links. SQLite gives its log files the mode of the
/// database.
pub(super) fn make_files_private(path: &Path) -> StoreResult<()> {
    if !path.exists() {
        create_private_file(path).map_err(|e| {
            StoreError::OpenFailed(format!("cannot create the database {}: {e}", path.display()))
        })?;
    }
    let beside = SUFFIXES.map(|suffix| with_suffix(path, suffix));
    for file in std::iter::once(path).chain(beside.iter().map(PathBuf::as_path)) {
        match make_private(file) {
            Ok(false) => {}
            Ok(true) => tracing::info!(
                file = %file.display(),
                "other users could read a file of the database; its mode is now 0600"
            ),
            Err(e) => tracing::warn!(
                file = %file.display(),
                "other users can read a file of the database, and its mode cannot be changed: {e}; run `chmod 600` on it as its owner"
            ),
        }
    }
    Ok(())
}

/// File of an open database, identified as long as it is open, whatever its name becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenedFile {
    path: PathBuf,
    /// Numbers of its device and inode.
    id: (u64, u64),
}

impl OpenedFile {
    /// Returns the files of a database that has just been opened.
    pub(super) fn of_database(path: &Path) -> Vec<Self> {
        let files = [path.to_path_buf(), with_suffix(path, "-wal")];
        let opened = |path: PathBuf| Some(Self { id: file_id(&path)?, path });
        files.into_iter().filter_map(opened).collect()
    }

    /// Returns `true` if the file was deleted, moved or replaced.
    fn is_lost(&self) -> bool {
        self.is_replaced_by(file_id(&self.path), open_name)
    }

    /// Returns `true` if the file with these numbers at its path, if there is one, is another one.
    fn is_replaced_by(
        &self,
        found: Option<(u64, u64)>,
        open_name: impl FnOnce((u64, u64)) -> Option<PathBuf>,
    ) -> bool {
        let is_on_device = |(device, _)| device == self.id.0;
        match found {
            Some(id) if id == self.id => false,
            // Some file systems do not keep the numbers of inodes. Then the open file still has its name.
            Some(id) if is_on_device(id) => {
                open_name(self.id).is_some_and(|name| name != self.path)
            }
            // A file system that was mounted over the directory has another device.
            Some(_) | None => true,
        }
    }
}

/// Returns the file that was deleted, moved or replaced since it was opened, if there is one. Blocks the
/// thread.
pub(super) fn lost_file(files: &[OpenedFile]) -> Option<PathBuf> {
    files.iter().find(|file| file.is_lost()).map(|file| file.path.clone())
}

fn file_id(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Returns the name that a file opened by this process has now; `None` also on systems without `/proc`.
fn open_name(id: (u64, u64)) -> Option<PathBuf> {
    let descriptors = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let found = descriptors.map(|it| it.path()).find(|it| file_id(it) == Some(id))?;
    // Linux appends " (deleted)" if it has no name any more.
    std::fs::read_link(found).ok()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::store::Store;

    async fn open(path: &Path) -> Store {
        Store::open(&format!("sqlite://{}", path.display())).await.unwrap()
    }

    fn modes(folder: &Path) -> Vec<(String, u32)> {
        let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
        let mode = |entry: &std::fs::DirEntry| entry.metadata().unwrap().permissions().mode();
        entries
            .map(|entry| (entry.file_name().into_string().unwrap(), mode(&entry) & 0o777))
            .collect()
    }

    #[tokio::test]
    async fn all_files_of_a_database_and_its_backup_are_private() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("data");
        let store = open(&folder.join("courant.db")).await;
        let lock = store.acquire_send_lock().unwrap();
        store.backup(&folder.join("copy.db")).await.unwrap();
        let found = modes(&folder);
        assert!(found.len() >= 5, "{found:?}");
        assert!(found.iter().all(|(_, mode)| *mode == 0o600), "{found:?}");
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        drop(lock);
    }

    #[tokio::test]
    async fn files_that_others_could_read_are_private_after_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("courant.db");
        open(&path).await.close().await;
        for (name, _) in modes(home.path()) {
            let loose = Permissions::from_mode(0o644);
            std::fs::set_permissions(home.path().join(name), loose).unwrap();
        }
        let store = open(&path).await;
        assert!(modes(home.path()).iter().all(|(_, mode)| *mode == 0o600));
        store.close().await;
    }

    #[test]
    fn an_open_file_is_lost_if_another_one_or_none_has_its_path() {
        let file = OpenedFile { path: "/data/courant.db".into(), id: (7, 1) };
        for (found, open_name, is_lost) in [
            (Some((7, 1)), None, false),
            // The file system gave it another number.
            (Some((7, 2)), Some("/data/courant.db"), false),
            (Some((7, 2)), None, false),
            (Some((7, 2)), Some("/data/courant.db.old"), true),
            (Some((7, 2)), Some("/data/courant.db (deleted)"), true),
            // Another file system is mounted over the directory.
            (Some((8, 1)), Some("/data/courant.db"), true),
            (None, Some("/data/courant.db.old"), true),
            (None, None, true),
        ] {
            let name = |_| open_name.map(PathBuf::from);
            assert_eq!(file.is_replaced_by(found, name), is_lost, "{found:?} {open_name:?}");
        }
    }

    #[tokio::test]
    async fn ordinary_use_of_a_database_raises_no_alarm() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("courant.db");
        let store = open(&path).await;
        let other = open(&path).await;
        other.check_writable().await.unwrap();
        other.backup(&home.path().join("copy.db")).await.unwrap();
        other.prepare_for_bulk_writes().await.unwrap();
        other.close().await;
        store.check_writable().await.unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_database_of_which_a_file_was_deleted_moved_or_replaced_is_not_writable() {
        type Damage = fn(&Path);
        let damages: [(&str, Damage); 5] = [
            ("courant.db", |path| {
                std::fs::rename(path, with_suffix(path, ".old")).unwrap();
                std::fs::copy(with_suffix(path, ".old"), path).unwrap();
            }),
            ("courant.db-wal", |path| std::fs::remove_file(with_suffix(path, "-wal")).unwrap()),
            ("courant.db", |path| std::fs::remove_file(path).unwrap()),
            ("courant.db", |path| std::fs::rename(path, with_suffix(path, ".old")).unwrap()),
            ("courant.db", |path| {
                std::fs::copy(path, with_suffix(path, ".new")).unwrap();
                std::fs::rename(with_suffix(path, ".new"), path).unwrap();
            }),
        ];
        for (name, damage) in damages {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().canonicalize().unwrap().join("courant.db");
            let store = open(&path).await;
            store.check_writable().await.unwrap();
            damage(&path);
            let reason = store.check_writable().await.unwrap_err().to_string();
            assert!(reason.contains(&format!("{name} ")), "{name}: {reason}");
        }
    }
}
