//! Files that an import reads more than once: first to validate them, then to store their content.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Maximum number of bytes that are copied from a pipe.
const MAX_PIPE_BYTES: u64 = 16 << 30;

/// Open file of an import. Every pass reads the same bytes: a file that replaces it does not matter,
/// and a file that changes in between is an error.
#[derive(Debug)]
pub(crate) struct InputFile {
    file: File,
    /// Length and time of the last change when the file was opened.
    opened: (u64, Option<SystemTime>),
}

impl InputFile {
    /// Opens a file; copies a pipe to a temporary file without a name.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let found = file.metadata()?;
        let file = if found.is_file() || found.is_dir() { file } else { copy_of(file)? };
        Self::from_file(file)
    }

    /// Reads an open file from its start.
    pub(crate) fn from_file(file: File) -> io::Result<Self> {
        Ok(Self { opened: state(&file)?, file })
    }

    /// Returns a text that differs if the file has another length, or was changed at another time.
    pub(crate) fn state(&self) -> String {
        let (length, modified) = self.opened;
        let since_epoch =
            modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        format!("{length} {}", since_epoch.map_or(0, |time| time.as_nanos()))
    }
}

impl Read for InputFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for InputFile {
    /// Moves to a position; returning to the start fails if the file has changed.
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        if position == SeekFrom::Start(0) && state(&self.file)? != self.opened {
            return Err(io::Error::other("it changed while Courant read it; repeat the command"));
        }
        self.file.seek(position)
    }
}

/// Returns the length of a file and the time of its last change.
fn state(file: &File) -> io::Result<(u64, Option<SystemTime>)> {
    let found = file.metadata()?;
    Ok((found.len(), found.modified().ok()))
}

/// Copies a pipe or device to a private temporary file, whose name is removed at once.
fn copy_of(pipe: File) -> io::Result<File> {
    let mut copy = unnamed_file()?;
    let copied = io::copy(&mut pipe.take(MAX_PIPE_BYTES + 1), &mut copy)?;
    if copied > MAX_PIPE_BYTES {
        let max = MAX_PIPE_BYTES >> 30;
        return Err(io::Error::other(format!("it has more than {max} GiB, the maximum of a pipe")));
    }
    copy.rewind()?;
    Ok(copy)
}

/// Creates a temporary file without a name, which the system deletes when it is closed.
pub(crate) fn unnamed_file() -> io::Result<File> {
    let (path, file) = temporary_file()?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// Creates a file that only this user can read, in the directory for temporary files.
fn temporary_file() -> io::Result<(PathBuf, File)> {
    let (directory, process) = (std::env::temp_dir(), std::process::id());
    let mut number = 0_u32;
    loop {
        let path = directory.join(format!("courant-{process}-{number}"));
        let mut options = OpenOptions::new();
        match options.read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_pipe_is_read_twice_and_a_changed_file_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let (pipe, path) = (home.path().join("pipe"), home.path().join("file"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()));
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::write(pipe, "text").unwrap()
        });
        let mut file = InputFile::open(&pipe).unwrap();
        writer.join().unwrap();
        for _ in 0..2 {
            let mut text = String::new();
            file.rewind().unwrap();
            file.read_to_string(&mut text).unwrap();
            assert_eq!(text, "text");
        }
        std::fs::write(&path, "one").unwrap();
        let mut file = InputFile::open(&path).unwrap();
        file.rewind().unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"two").unwrap();
        assert!(file.rewind().is_err_and(|e| e.to_string().contains("it changed")));
    }
}
