//! `courant serve`, or another command that lasts, as a process of its own; and a client that sees its bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::Shell;

/// How long a process may take for what takes it a second.
const PATIENCE: Duration = Duration::from_secs(40);

/// A running `courant serve`, or `deliver`; killed when dropped.
pub(crate) struct Serving {
    process: Child,
    log: PathBuf,
    address: Option<SocketAddr>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Serving {
    /// Starts with the `config.toml` of a folder, which should listen on `127.0.0.1:0`; its log goes to `serve.log` there.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::run(folder, "serve")
    }

    /// The same, where TLS trusts the authorities of this file alone.
    pub(crate) fn trusting(folder: &Path, authorities: &Path) -> Self {
        Self::begin(folder, "serve", |command| command.env("SSL_CERT_FILE", authorities))
    }

    /// The same with another command that lasts.
    pub(crate) fn run(folder: &Path, command: &str) -> Self {
        Self::begin(folder, command, |command| command)
    }

    fn begin(
        folder: &Path,
        command: &str,
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let log = folder.join("serve.log");
        let file = std::fs::File::create(&log).unwrap();
        let mut command = Shell::command(folder, &[command]);
        let process = change(&mut command).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Self { process, log, address: None }
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Where it listens, once every feed is there.
    pub(crate) fn ready(&mut self) -> SocketAddr {
        if let Some(address) = self.address {
            return address;
        }
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("serve ended with {status}: {}", self.log());
            }
            let log = self.log();
            let said = log
                .split("on http://")
                .nth(1)
                .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            if let Some(address) =
                said.filter(|address| get(*address, "/readyz", &[]).status == 200)
            {
                self.address = Some(address);
                return address;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("serve is not ready: {}", self.log());
    }

    /// Whether it came to its end by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Sends it a signal, as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        Shell::signal(&self.process, name);
    }

    /// kill -9.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM; gives its exit status and how long it took to end.
    pub(crate) fn stop(mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        Shell::signal(&self.process, "TERM");
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.process.try_wait().unwrap() {
                return (status.code(), began.elapsed());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("serve does not stop: {}", self.log());
    }
}

/// An answer, byte for byte.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's value, empty where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self
            .head
            .lines()
            .filter_map(|l| l.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

/// Asks for a path with further header lines.
pub(crate) fn get(address: SocketAddr, path: &str, headers: &[&str]) -> Answer {
    ask(address, "GET", path, headers)
}

/// Sends a form.
pub(crate) fn post(address: SocketAddr, path: &str, form: &str) -> Answer {
    let headers = [
        "Content-Type: application/x-www-form-urlencoded",
        &format!("Content-Length: {}", form.len()),
    ];
    send(address, "POST", path, &headers, form)
}

/// Sends JSON with further header lines, as webhooks do.
pub(crate) fn post_json(address: SocketAddr, path: &str, headers: &[&str], json: &str) -> Answer {
    let length = format!("Content-Length: {}", json.len());
    let headers: Vec<&str> =
        headers.iter().copied().chain(["Content-Type: application/json", &length]).collect();
    send(address, "POST", path, &headers, json)
}

pub(crate) fn ask(address: SocketAddr, method: &str, path: &str, headers: &[&str]) -> Answer {
    send(address, method, path, headers, "")
}

fn send(address: SocketAddr, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    let mut line = TcpStream::connect(address).unwrap();
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    let more: String = headers.iter().map(|h| format!("{h}\r\n")).collect();
    write!(
        line,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{more}\r\n{body}"
    )
    .unwrap();
    let mut all = Vec::new();
    line.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let answer = Answer { status, head, body: all[end + 4..].to_vec() };
    if method != "HEAD" && answer.status == 200 {
        assert_eq!(answer.header("Content-Length"), answer.body.len().to_string(), "{path}");
    }
    answer
}
