//! `courant demo`, as a person meets it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::server_process::{get, post_json};
use crate::support::{LONGEST_WAIT, Shell};

/// A running demo; killed when dropped.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Waits until there is a value.
fn until<T>(mut find: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    while start.elapsed() < LONGEST_WAIT {
        if let Some(found) = find() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the demo does not do it");
}

/// Starts the demo with a temporary directory in that of the shell; returns its address.
fn start(shell: &Shell) -> (Demo, SocketAddr) {
    let output = shell.path("demo.log");
    let mut command = Shell::command(&shell.path(""), &["demo", "--port", "0"]);
    command.env("TMPDIR", shell.path("")).stdout(File::create(&output).unwrap());
    let demo = Demo(command.spawn().unwrap());
    let address = until(|| {
        let text = fs::read_to_string(&output).ok()?;
        let rest = text.split("http://").nth(1)?;
        rest.split('/').next()?.parse().ok()
    });
    (demo, address)
}

/// Returns the config file of the demo.
fn config_file(shell: &Shell) -> PathBuf {
    let entries = fs::read_dir(shell.path("")).unwrap().map(|entry| entry.unwrap().path());
    let mut files = entries.map(|path| path.join("demo.toml")).filter(|file| file.exists());
    files.next().unwrap()
}

#[test]
fn a_feed_that_is_created_in_the_demo_is_served_at_once() {
    let shell = Shell::new();
    let (mut demo, address) = start(&shell);
    let config = config_file(&shell).display().to_string();
    let created = ["--config", &config, "--json", "tokens", "create", "test", "--role", "admin"];
    let token = shell.courant(&created).json()["token"].as_str().unwrap().to_owned();
    let authorization = format!("Authorization: Bearer {token}");
    let feed = r#"{"name": "campus", "settings": {"title": "Campus", "sections": ["Campus"]}}"#;
    let answer = post_json(address, "/api/v1/feeds", &[&authorization], feed);
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    let document = until(|| {
        Some(get(address, "/feeds/campus.atom", &[])).filter(|response| response.status == 200)
    });
    assert!(String::from_utf8_lossy(&document.body).contains("<title>Campus</title>"));
    Shell::signal(&demo.0, "TERM");
    assert_eq!(demo.0.wait().unwrap().code(), Some(0));
    assert!(!PathBuf::from(config).exists(), "the demo leaves nothing behind");
}
