//! Runs `courant serve`, or another long-running command, as a process; and an HTTP client that
//! returns the exact bytes of a response.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions, waitpid};

use crate::support::{LONGEST_WAIT, Shell};

/// A running `courant serve` or `courant deliver`; killed when dropped.
pub(crate) struct ServerProcess {
    process: Child,
    log: PathBuf,
    address: Option<SocketAddr>,
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl ServerProcess {
    /// Starts `courant serve` with the `config.toml` of a directory, which should listen on
    /// `127.0.0.1:0`. The log goes to `serve.log` in the same directory.
    pub(crate) fn start(directory: &Path) -> Self {
        Self::start_command(directory, "serve")
    }

    /// Like [`Self::start`]; TLS trusts only the certificate authorities of this file.
    pub(crate) fn start_with_ca(directory: &Path, ca_file: &Path) -> Self {
        Self::spawn(directory, "serve", |command| command.env("SSL_CERT_FILE", ca_file))
    }

    /// Like [`Self::start`], with another long-running command.
    pub(crate) fn start_command(directory: &Path, command: &str) -> Self {
        Self::spawn(directory, command, |command| command)
    }

    fn spawn(
        directory: &Path,
        command: &str,
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let log = directory.join("serve.log");
        let file = std::fs::File::create(&log).unwrap();
        let mut command = Shell::command(directory, &[command]);
        let process = change(&mut command).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Self { process, log, address: None }
    }

    /// Returns the log output so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until the server is ready and returns its address.
    pub(crate) fn wait_until_ready(&mut self) -> SocketAddr {
        if let Some(address) = self.address {
            return address;
        }
        let until = Instant::now() + LONGEST_WAIT;
        while Instant::now() < until {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("serve exited with {status}: {}", self.log());
            }
            let log = self.log();
            let listening = log
                .split("on http://")
                .nth(1)
                .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            if let Some(address) =
                listening.filter(|address| get(*address, "/readyz", &[]).status == 200)
            {
                self.address = Some(address);
                return address;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("serve did not become ready: {}", self.log());
    }

    /// Returns `true` if the process exited by itself.
    pub(crate) fn has_exited(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Suspends the process, and returns when all its threads have stopped.
    pub(crate) fn suspend(&self) {
        Shell::signal(&self.process, "STOP");
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let status = waitpid(pid, WaitOptions::UNTRACED).unwrap();
        assert!(status.is_some_and(|(_, status)| status.stopped()), "the process has ended");
    }

    /// Sends SIGHUP, which asks for a reload of the configuration.
    pub(crate) fn hang_up(&self) {
        Shell::signal(&self.process, "HUP");
    }

    /// Continues a suspended process.
    pub(crate) fn resume(&self) {
        Shell::signal(&self.process, "CONT");
    }

    /// Kills the process with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends SIGTERM and returns the exit status and the duration of the shutdown.
    pub(crate) fn stop(mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        Shell::signal(&self.process, "TERM");
        while began.elapsed() < LONGEST_WAIT {
            if let Some(status) = self.process.try_wait().unwrap() {
                return (status.code(), began.elapsed());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("serve did not stop: {}", self.log());
    }
}

/// An HTTP response with its exact body.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Returns the value of a header, or an empty string if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self
            .head
            .lines()
            .filter_map(|l| l.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

/// Sends a GET request with additional header lines.
pub(crate) fn get(address: SocketAddr, path: &str, headers: &[&str]) -> Response {
    request(address, "GET", path, headers)
}

/// Sends a form with a POST request.
pub(crate) fn post_form(address: SocketAddr, path: &str, form: &str) -> Response {
    let headers = [
        "Content-Type: application/x-www-form-urlencoded",
        &format!("Content-Length: {}", form.len()),
    ];
    send(address, "POST", path, &headers, form)
}

/// Sends JSON with a POST request and additional header lines, as webhooks do.
pub(crate) fn post_json(address: SocketAddr, path: &str, headers: &[&str], json: &str) -> Response {
    let length = format!("Content-Length: {}", json.len());
    let headers: Vec<&str> =
        headers.iter().copied().chain(["Content-Type: application/json", &length]).collect();
    send(address, "POST", path, &headers, json)
}

pub(crate) fn request(address: SocketAddr, method: &str, path: &str, headers: &[&str]) -> Response {
    send(address, method, path, headers, "")
}

fn send(address: SocketAddr, method: &str, path: &str, headers: &[&str], body: &str) -> Response {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
    let header_lines: String = headers.iter().map(|h| format!("{h}\r\n")).collect();
    write!(
        connection,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{header_lines}\r\n{body}"
    )
    .unwrap();
    let mut all = Vec::new();
    connection.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let response = Response { status, head, body: all[end + 4..].to_vec() };
    if method != "HEAD" && response.status == 200 {
        assert_eq!(response.header("Content-Length"), response.body.len().to_string(), "{path}");
    }
    response
}

/// Requests a path on an open connection and returns the status line.
pub(crate) fn status_line(connection: &mut TcpStream, path: &str) -> String {
    write!(connection, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = connection.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
                return head.lines().next().unwrap().to_owned();
            }
        }
        assert!(n > 0, "the server closed the connection");
    }
}
