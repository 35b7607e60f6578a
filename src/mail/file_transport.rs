//! File transport: writes each message atomically to an `.eml` file in a directory.

use std::path::PathBuf;

use crate::fs::{Durability, FileAccess, create_private_directory, replace_file};

/// Transport that writes messages as `.eml` files into a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTransport {
    directory: PathBuf,
}

impl FileTransport {
    /// Returns a transport for this directory, which is created with the first message.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Writes one message durably and returns the path. The file name is derived from the
    /// Message-ID, so a repeated attempt replaces the file, which only its owner may read. Blocks the
    /// thread.
    ///
    /// # Errors
    /// Returns one sentence with the file name and the cause.
    pub fn store(&self, message_id: &str, content: &str) -> Result<PathBuf, String> {
        let name = file_name(message_id);
        let file = self.directory.join(&name);
        // The process id keeps the temporary files of two nodes apart that share a directory.
        let temporary = self.directory.join(format!(".{name}.{}", std::process::id()));
        // The outcome is recorded as sent, so the file must survive a power failure.
        let written = create_private_directory(&self.directory).and_then(|()| {
            let content = content.as_bytes();
            replace_file(&file, &temporary, content, None, Durability::Synced, FileAccess::Private)
        });
        match written {
            Ok(()) => Ok(file),
            Err(e) => Err(format!("cannot write {}: {e}", file.display())),
        }
    }
}

/// Returns a file name made of the local part of the Message-ID, with every character replaced that
/// could escape the directory.
fn file_name(message_id: &str) -> String {
    let local = message_id.split('@').next().unwrap_or_default();
    let sanitize =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let local: String = local.chars().map(sanitize).take(120).collect();
    // The prefix keeps the name from starting with `-`, which commands read as an option.
    format!("mail-{local}.eml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_attempt_replaces_the_file() {
        let home = tempfile::tempdir().unwrap();
        let transport = FileTransport::new(home.path().join("out/mails"));
        let first = transport.store("abc@news.example", "first\r\n").unwrap();
        let second = transport.store("abc@news.example", "second\r\n").unwrap();
        assert_eq!(first, second);
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "second\r\n");
        assert_eq!(std::fs::read_dir(home.path().join("out/mails")).unwrap().count(), 1);
    }

    #[test]
    fn messages_and_a_new_directory_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let file = FileTransport::new(home.path().join("out")).store("abc@x", "hi").unwrap();
        for (path, mode) in [(file.as_path(), 0o600), (file.parent().unwrap(), 0o700)] {
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn file_name_cannot_escape_the_directory() {
        assert_eq!(file_name("../../etc/passwd@x"), "mail-______etc_passwd.eml");
        assert_eq!(file_name("@x"), "mail-.eml");
    }

    #[test]
    fn failed_write_names_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = FileTransport::new(file.path()).store("abc@x", "").unwrap_err();
        assert!(error.starts_with("cannot write ") && error.contains("abc.eml: "), "{error}");
    }
}
