//! Runs one script of `tests/browser` with Node and Chromium, and answers its requests.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::site::{PASSWORD, Site, USER};
use crate::support::skipped;

/// Programs of the browser tests, and the directory of their packages.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    node: PathBuf,
    chromium: PathBuf,
    packages: PathBuf,
}

impl Tools {
    /// Finds the programs; reports that the test is skipped if one is missing.
    pub(super) fn find() -> Option<Self> {
        let Some(packages) = std::env::var_os("COURANT_TEST_BROWSER").map(PathBuf::from) else {
            skipped("COURANT_TEST_BROWSER names no directory with the packages of tests/browser");
            return None;
        };
        let node = Some(packages.join("bin/node")).filter(|file| file.is_file());
        let Some(node) = node.or_else(|| find_program(&["node"])) else {
            skipped("node is not installed");
            return None;
        };
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let Some(chromium) = find_program(&names) else {
            skipped("chromium is not installed");
            return None;
        };
        Some(Self { node, chromium, packages })
    }
}

/// Returns the path of the first program that is installed.
fn find_program(names: &[&str]) -> Option<PathBuf> {
    let directories: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let files = names.iter().flat_map(|name| directories.iter().map(move |path| path.join(name)));
    files.into_iter().find(|file| file.is_file())
}

/// A process that is killed when dropped.
struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Site {
    /// Runs a story with these facts; `reply` answers its requests. Panics with the failed step and the
    /// path of a screenshot if the story fails.
    pub(super) fn tell(&self, name: &str, facts: &Value, mut reply: impl FnMut(&str) -> String) {
        let screenshots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        std::fs::create_dir_all(&screenshots).unwrap();
        let mut all = json!({"base": self.base_url, "user": USER, "password": PASSWORD,
            "chromium": self.tools.chromium, "screenshots": screenshots});
        let object = all.as_object_mut().unwrap();
        object.extend(facts.as_object().cloned().unwrap_or_default());
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/browser/{name}.mjs"));
        let process = Command::new(&self.tools.node)
            .arg(script)
            .arg(all.to_string())
            .env("COURANT_TEST_BROWSER", &self.tools.packages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut process = KilledOnDrop(process);
        let mut input = process.0.stdin.take().unwrap();
        let mut errors = process.0.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).unwrap();
            text
        });
        for line in BufReader::new(process.0.stdout.take().unwrap()).lines() {
            writeln!(input, "{}", reply(&line.unwrap())).unwrap();
        }
        let status = process.0.wait().unwrap();
        let errors = errors.join().unwrap();
        assert!(status.success(), "{name}: {errors}\nlog of the server:\n{}", self.server.log());
        eprint!("{errors}");
    }
}
