//! A folder as a way out: one `.eml` file a mail, whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A folder that takes mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at a path; it is made with the first mail.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Writes one mail, durably; the file is named by its Message-ID, so another attempt replaces it. Blocks.
    ///
    /// # Errors
    /// One sentence that names the file.
    pub fn put(&self, message_id: &str, content: &str) -> Result<PathBuf, String> {
        let name = file_name(message_id);
        let file = self.path.join(&name);
        // A name of its own for each process: two nodes may share a folder.
        let unfinished = self.path.join(format!(".{name}.{}", std::process::id()));
        let written = write(&self.path, &unfinished, &file, content.as_bytes());
        written.map(|()| file.clone()).map_err(|e| {
            // What is left half written is of no use, and may not exist at all.
            let _ = std::fs::remove_file(&unfinished);
            format!("{} can't be written: {e}", file.display())
        })
    }
}

fn write(folder: &Path, unfinished: &Path, file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut out = std::fs::File::create(unfinished)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    std::fs::rename(unfinished, file)
}

/// The local part, with anything that could leave the folder made harmless.
fn file_name(message_id: &str) -> String {
    let local = message_id.split('@').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let local: String = local.chars().map(plain).take(120).collect();
    // Never a name that a command would take for an option.
    format!("mail-{local}.eml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_attempt_replaces_the_file() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(home.path().join("out/mails"));
        let first = folder.put("abc@news.example", "first\r\n").unwrap();
        let second = folder.put("abc@news.example", "second\r\n").unwrap();
        assert_eq!(first, second);
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "second\r\n");
        assert_eq!(std::fs::read_dir(home.path().join("out/mails")).unwrap().count(), 1);
    }

    #[test]
    fn a_name_never_leaves_the_folder() {
        assert_eq!(file_name("../../etc/passwd@x"), "mail-______etc_passwd.eml");
        assert_eq!(file_name("@x"), "mail-.eml");
    }

    #[test]
    fn a_folder_that_can_not_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Folder::new(file.path()).put("abc@x", "").unwrap_err();
        assert!(error.contains("abc.eml can't be written"), "{error}");
    }
}
