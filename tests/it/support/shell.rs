//! The program itself, run as a person would: with a config file in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A folder with a config, and the program to run in it.
pub(crate) struct Shell {
    home: tempfile::TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The only JSON document on standard output.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

/// A config that works, with a folder for the mails.
const CONFIG: &str = r#"[site]
title = "College News"
base_url = "https://news.example.edu"
id_authority = "news.example.edu,2026"
postal_address = "1 College Road"
[database]
url = "sqlite://courant.db"
[[sources]]
name = "college"
kind = "builtin"
[[feeds]]
name = "news"
[[digests]]
name = "weekly"
schedule = "0 8 * * MON"
from = "College News <news@example.edu>"
[[transports]]
name = "default"
url = "file://outbox"
"#;

impl Shell {
    /// A folder with a config that works.
    pub(crate) fn new() -> Self {
        let shell = Self { home: tempfile::tempdir().unwrap() };
        shell.write("config.toml", CONFIG);
        shell
    }

    /// The same with a passage of the config replaced.
    pub(crate) fn with(was: &str, is: &str) -> Self {
        let shell = Self::new();
        shell.replace(was, is);
        shell
    }

    pub(crate) fn replace(&self, was: &str, is: &str) {
        let text = std::fs::read_to_string(self.path("config.toml")).unwrap();
        assert!(text.contains(was), "{was} is not in the config");
        self.write("config.toml", text.replace(was, is));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
        file
    }

    /// How many mails lie in the outbox.
    pub(crate) fn mails(&self) -> usize {
        std::fs::read_dir(self.path("outbox")).map_or(0, Iterator::count)
    }

    /// Runs the program here.
    pub(crate) fn courant(&self, arguments: &[&str]) -> Said {
        said(&Self::command(self.home.path(), arguments).output().unwrap())
    }

    /// The same, expected to succeed; gives standard output.
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let said = self.courant(arguments);
        assert_eq!(said.status, 0, "courant {arguments:?}: {said:?}");
        said.out
    }

    /// The program about to run in a folder, undisturbed by our environment.
    pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_courant"));
        command.current_dir(folder).args(arguments).stdin(Stdio::null());
        for (name, _) in
            std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("COURANT_"))
        {
            command.env_remove(name);
        }
        command
    }
    /// Sends a running program a signal, as `TERM`; by the shell, since a small machine has no `kill` of its own.
    pub(crate) fn signal(child: &Child, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", child.id())])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}

fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Said {
        status: output.status.code().unwrap_or(-1),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}
