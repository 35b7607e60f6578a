//! Stands between a reader and the program, lets everything through and remembers who asked how and what the answer was.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a reader may say nothing.
const PATIENCE: Duration = Duration::from_secs(40);

/// One request for a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// What for.
    pub(super) path: String,
    /// Whether it named the version that the reader has.
    pub(super) is_conditional: bool,
    /// What the program said.
    pub(super) status: u16,
}

/// The place that readers ask instead of the program's own.
pub(super) struct Witness {
    /// Where it listens.
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Witness {
    /// In front of a program that serves.
    pub(super) fn before(program: SocketAddr) -> Self {
        let door = TcpListener::bind("127.0.0.1:0").unwrap();
        let witness = Self { address: door.local_addr().unwrap(), asked: Arc::default() };
        let asked = Arc::clone(&witness.asked);
        std::thread::spawn(move || {
            for reader in door.incoming().flatten() {
                let asked = Arc::clone(&asked);
                std::thread::spawn(move || pass(reader, program, &asked));
            }
        });
        witness
    }

    /// What was asked for since the last time somebody wanted to know.
    pub(super) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// One request and its answer; a reader that goes away is its own affair.
fn pass(mut reader: TcpStream, program: SocketAddr, asked: &Mutex<Vec<Asked>>) -> Option<()> {
    reader.set_read_timeout(Some(PATIENCE)).ok()?;
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
    let mut line = TcpStream::connect(program).ok()?;
    line.write_all((lines.join("\r\n") + "\r\n\r\n").as_bytes()).ok()?;
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).ok()?;
    let status = std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()?;
    let path = lines[0].split(' ').nth(1)?.to_owned();
    let is_conditional =
        lines.iter().any(|line| line.to_ascii_lowercase().starts_with("if-none-match:"));
    // Before the answer: who has it may ask what was seen.
    asked.lock().unwrap().push(Asked { path, is_conditional, status });
    reader.write_all(&answer).ok()
}
