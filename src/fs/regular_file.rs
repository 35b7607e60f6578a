//! Reading of files that an admin names, within a limit.

use std::io;
use std::path::Path;

/// Reads a regular file of at most `max_bytes`; a pipe or device, which may block forever, is not
/// opened.
///
/// # Errors
/// The error of the file system, or one that states the remedy.
pub(crate) fn read_regular_file(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let found = std::fs::metadata(path)?;
    let invalid = |reason: String| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    if !found.is_file() {
        return invalid("it is not a regular file; specify a regular file".to_owned());
    }
    if found.len() > max_bytes {
        return invalid(format!(
            "it is {} bytes long, more than the maximum of {max_bytes}; shorten it",
            found.len()
        ));
    }
    std::fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_directories_and_large_files_are_rejected_at_once() {
        let home = tempfile::tempdir().unwrap();
        let (file, pipe) = (home.path().join("file"), home.path().join("pipe"));
        std::fs::write(&file, "12345").unwrap();
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()));
        let error = |path: &Path| read_regular_file(path, 4).unwrap_err().to_string();
        assert!(error(&pipe).contains("not a regular file"));
        assert!(error(home.path()).contains("not a regular file"));
        assert!(error(Path::new("/dev/zero")).contains("not a regular file"));
        assert!(error(&file).contains("it is 5 bytes long"));
        assert_eq!(read_regular_file(&file, 5).unwrap(), b"12345");
    }
}
