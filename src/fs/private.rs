//! Files and directories that only the user of this process can read, whatever the umask.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Mode of a private file: its owner reads and writes it.
const FILE_MODE: u32 = 0o600;
/// Mode of a private directory: its owner lists and changes it.
const DIRECTORY_MODE: u32 = 0o700;
/// Bits of a mode that grant anything to the group or to others.
const SHARED_BITS: u32 = 0o077;

/// Opens a file for writing, empty and private; creates it if it is missing.
pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    let file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path)?;
    // An existing file keeps its mode when it is opened, and a strict umask removes more bits.
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    Ok(file)
}

/// Replaces the content of a private file, or creates it.
pub(crate) fn write_private_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create_private_file(path)?.write_all(bytes)
}

/// Creates a private directory and its missing parents; existing directories keep their mode.
pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path)
}

/// Revokes all access of the group and of others to a file or directory. Returns `true` if they had
/// any; a missing file has none.
///
/// # Errors
/// If the mode cannot be changed, for example because the file belongs to another user.
pub(crate) fn make_private(path: &Path) -> io::Result<bool> {
    let mode = match std::fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e),
    };
    if mode & SHARED_BITS == 0 {
        return Ok(false);
    }
    std::fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 & !SHARED_BITS))?;
    Ok(true)
}

/// Returns `true` if the group or others have access to a file or directory.
pub(crate) fn is_shared(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & SHARED_BITS != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_and_existing_files_become_private() {
        let home = tempfile::tempdir().unwrap();
        let (new, old) = (home.path().join("new"), home.path().join("old"));
        std::fs::write(&old, "before").unwrap();
        std::fs::set_permissions(&old, Permissions::from_mode(0o666)).unwrap();
        for path in [&new, &old] {
            write_private_file(path, b"x").unwrap();
            assert_eq!((mode(path), std::fs::read(path).unwrap()), (0o600, b"x".to_vec()));
        }
    }

    #[test]
    fn created_directories_are_private_and_existing_ones_keep_their_mode() {
        let home = tempfile::tempdir().unwrap();
        std::fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
        create_private_directory(&home.path().join("a/b")).unwrap();
        assert_eq!(mode(&home.path().join("a")), 0o700);
        assert_eq!(mode(&home.path().join("a/b")), 0o700);
        assert_eq!(mode(home.path()), 0o755);
    }

    #[test]
    fn access_of_others_is_taken_away_once() {
        let home = tempfile::tempdir().unwrap();
        std::fs::set_permissions(home.path(), Permissions::from_mode(0o750)).unwrap();
        assert!(is_shared(home.path()));
        assert!(make_private(home.path()).unwrap() && !make_private(home.path()).unwrap());
        assert_eq!((mode(home.path()), is_shared(home.path())), (0o700, false));
        assert!(!make_private(&home.path().join("missing")).unwrap());
    }
}
