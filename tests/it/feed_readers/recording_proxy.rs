//! HTTP proxy between a feed reader and the program; records the requests and response statuses.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::LONGEST_WAIT;

/// One request for a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordedRequest {
    pub(super) path: String,
    /// `true` if the request had `If-None-Match`.
    pub(super) is_conditional: bool,
    /// Status of the program's response.
    pub(super) status: u16,
}

/// A running proxy; readers use its address instead of the program's.
pub(super) struct RecordingProxy {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<RecordedRequest>>>,
}

impl RecordingProxy {
    /// Starts a proxy in front of a running program.
    pub(super) fn start(program: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), requests: Arc::default() };
        let requests = Arc::clone(&proxy.requests);
        std::thread::spawn(move || {
            for reader in listener.incoming().flatten() {
                let requests = Arc::clone(&requests);
                std::thread::spawn(move || forward(reader, program, &requests));
            }
        });
        proxy
    }

    /// Returns the requests since the last call.
    pub(super) fn take_requests(&self) -> Vec<RecordedRequest> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Forwards one request and its response; ignores errors of the connection to the reader.
fn forward(
    mut reader: TcpStream,
    program: SocketAddr,
    requests: &Mutex<Vec<RecordedRequest>>,
) -> Option<()> {
    reader.set_read_timeout(Some(LONGEST_WAIT)).ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        reader.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines: Vec<&str> = head
        .trim_end()
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("connection:"))
        .collect();
    lines.push("Connection: close");
    let mut upstream = TcpStream::connect(program).ok()?;
    upstream.write_all((lines.join("\r\n") + "\r\n\r\n").as_bytes()).ok()?;
    let mut response = Vec::new();
    upstream.read_to_end(&mut response).ok()?;
    let status = std::str::from_utf8(response.get(9..12)?).ok()?.parse().ok()?;
    let path = lines[0].split(' ').nth(1)?.to_owned();
    let is_conditional =
        lines.iter().any(|line| line.to_ascii_lowercase().starts_with("if-none-match:"));
    // Record before sending the response, because a test may read the record right after it.
    requests.lock().unwrap().push(RecordedRequest { path, is_conditional, status });
    reader.write_all(&response).ok()
}
