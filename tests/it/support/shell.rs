//! Runs the compiled program as an operator would: with a config file in its own directory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A directory with a config, in which the program runs.
pub(crate) struct Shell {
    home: tempfile::TempDir,
}

/// Exit status and output of a finished command.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl CommandOutput {
    /// Parses standard output as one JSON document; panics unless the command succeeded.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

/// A valid config with a directory for the mails.
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
    /// Creates a directory with a valid config.
    pub(crate) fn new() -> Self {
        let shell = Self { home: tempfile::tempdir().unwrap() };
        shell.write("config.toml", CONFIG);
        shell
    }

    /// Like [`Self::new`], with every occurrence of `was` in the config replaced by `is`.
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

    /// Returns the number of mails in the outbox.
    pub(crate) fn mails(&self) -> usize {
        std::fs::read_dir(self.path("outbox")).map_or(0, Iterator::count)
    }

    /// Runs the program in this directory.
    pub(crate) fn courant(&self, arguments: &[&str]) -> CommandOutput {
        output_of(&Self::command(self.home.path(), arguments).output().unwrap())
    }

    /// Like [`Self::courant`]; panics if the command fails, and returns standard output.
    pub(crate) fn run_ok(&self, arguments: &[&str]) -> String {
        let output = self.courant(arguments);
        assert_eq!(output.status, 0, "courant {arguments:?}: {output:?}");
        output.out
    }

    /// Prepares the program for a run in `directory`, without `COURANT_` variables of this process.
    pub(crate) fn command(directory: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_courant"));
        command.current_dir(directory).args(arguments).stdin(Stdio::null());
        for (name, _) in
            std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("COURANT_"))
        {
            command.env_remove(name);
        }
        command
    }

    /// Sends a signal such as `TERM` to a running program. Uses the shell's builtin, because
    /// minimal systems have no `kill` program.
    pub(crate) fn signal(child: &Child, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", child.id())])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}

fn output_of(output: &Output) -> CommandOutput {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    CommandOutput {
        status: output.status.code().unwrap_or(-1),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}
