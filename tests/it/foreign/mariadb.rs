//! A throwaway MariaDB, started once for all stories; it ends with this process, however that ends.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::OnceCell;

const SCRIPT: &str = include_str!("mariadb.sh");
const PROGRAMS: [&str; 3] = ["mariadb-install-db", "mariadbd", "mariadb"];

/// The running server.
struct Server {
    port: u16,
    /// The watcher's standard input is open as long as this process lives.
    _watcher: Child,
}

static SERVER: OnceCell<Result<Server, String>> = OnceCell::const_new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// The address of a fresh, empty database whose user may do everything; the error is why there is no MariaDB here.
pub(super) async fn fresh_database() -> Result<String, String> {
    let server =
        SERVER.get_or_init(|| async { tokio::task::spawn_blocking(start).await.unwrap() }).await;
    let port = server.as_ref().map_err(Clone::clone)?.port;
    let name = format!("story{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let address = |name: &str| format!("mysql://courant:sesame@127.0.0.1:{port}/{name}");
    let mut admin = MySqlConnection::connect(&address("")).await.unwrap();
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")))
        .await
        .unwrap();
    admin.close().await.unwrap();
    Ok(address(&name))
}

fn start() -> Result<Server, String> {
    for program in PROGRAMS {
        let found = Command::new("sh")
            .args(["-c", &format!("PATH=$PATH:/usr/sbin:/usr/bin; command -v {program}")])
            .output();
        if !found.is_ok_and(|o| o.status.success()) {
            return Err(format!(
                "there is no MariaDB (no {program} on PATH, in /usr/sbin or /usr/bin)"
            ));
        }
    }
    // Somebody else may take the port between our look and the server's start: then another one is tried.
    start_on(free_port()).or_else(|_| start_on(free_port()))
}

fn start_on(port: u16) -> Result<Server, String> {
    let mut watcher = Command::new("sh")
        .args(["-c", SCRIPT, "mariadb", &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("MariaDB could not be started: {e}"))?;
    let mut said = String::new();
    BufReader::new(watcher.stdout.take().unwrap()).read_line(&mut said).unwrap();
    if said.is_empty() {
        let mut why = String::new();
        watcher.stderr.take().unwrap().read_to_string(&mut why).unwrap();
        watcher.wait().unwrap();
        return Err(format!("MariaDB did not start: {}", why.trim()));
    }
    Ok(Server { port, _watcher: watcher })
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
