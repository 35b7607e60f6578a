//! Temporary MariaDB server, started once for all tests; it stops when this process ends, even if
//! that is killed.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::OnceCell;

const SCRIPT: &str = include_str!("mariadb.sh");
const PROGRAMS: [&str; 3] = ["mariadb-install-db", "mariadbd", "mariadb"];

/// The running MariaDB server.
struct Server {
    port: u16,
    /// Its standard input is open as long as this process runs.
    _watcher: Child,
}

static SERVER: OnceCell<Result<Server, String>> = OnceCell::const_new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// Returns the URL of an empty database, for a user with all privileges. The error says why MariaDB
/// is not available.
pub(super) async fn fresh_database() -> Result<String, String> {
    let server =
        SERVER.get_or_init(|| async { tokio::task::spawn_blocking(start).await.unwrap() }).await;
    let port = server.as_ref().map_err(Clone::clone)?.port;
    let name = format!("test{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let url = |name: &str| format!("mysql://courant:sesame@127.0.0.1:{port}/{name}");
    let mut admin = MySqlConnection::connect(&url("")).await.unwrap();
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")))
        .await
        .unwrap();
    admin.close().await.unwrap();
    Ok(url(&name))
}

fn start() -> Result<Server, String> {
    for program in PROGRAMS {
        let found = Command::new("sh")
            .args(["-c", &format!("PATH=$PATH:/usr/sbin:/usr/bin; command -v {program}")])
            .output();
        if !found.is_ok_and(|o| o.status.success()) {
            return Err(format!(
                "MariaDB is not installed (no {program} on PATH, in /usr/sbin or /usr/bin)"
            ));
        }
    }
    // Another process may take the port before the server starts, so try a second port.
    start_on(free_port()).or_else(|_| start_on(free_port()))
}

fn start_on(port: u16) -> Result<Server, String> {
    let mut watcher = Command::new("sh")
        .args(["-c", SCRIPT, "mariadb", &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start MariaDB: {e}"))?;
    let mut port_line = String::new();
    BufReader::new(watcher.stdout.take().unwrap()).read_line(&mut port_line).unwrap();
    if port_line.is_empty() {
        let mut reason = String::new();
        watcher.stderr.take().unwrap().read_to_string(&mut reason).unwrap();
        watcher.wait().unwrap();
        return Err(format!("MariaDB did not start: {}", reason.trim()));
    }
    Ok(Server { port, _watcher: watcher })
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
