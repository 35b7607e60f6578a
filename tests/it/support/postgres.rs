//! Temporary PostgreSQL server, started once for all tests; it stops when this process ends, even
//! if that is killed.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::OnceCell;

const SCRIPT: &str = include_str!("cluster.sh");

/// The running PostgreSQL server.
struct Cluster {
    directory: String,
    /// Its standard input is open as long as this process runs.
    _watcher: Child,
}

impl Cluster {
    fn address(&self, database: &str) -> String {
        format!("postgres://courant@localhost/{database}?host={}", self.directory)
    }
}

static CLUSTER: OnceCell<Result<Cluster, String>> = OnceCell::const_new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);
/// Databases whose test has ended.
static USED: Mutex<Vec<String>> = Mutex::new(Vec::new());

const CLEAR: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid(); \
     DROP SCHEMA public CASCADE; CREATE SCHEMA public";

/// Returns the URL of an empty database that no other test uses. The error says why PostgreSQL is
/// not available.
pub(crate) async fn fresh_database() -> Result<String, String> {
    let cluster =
        CLUSTER.get_or_init(|| async { tokio::task::spawn_blocking(start).await.unwrap() }).await;
    let cluster = cluster.as_ref().map_err(Clone::clone)?;
    let used = USED.lock().unwrap().pop();
    if let Some(url) = used {
        let mut db = PgConnection::connect(&url).await.unwrap();
        db.execute(sqlx::raw_sql(CLEAR)).await.unwrap();
        db.close().await.unwrap();
        return Ok(url);
    }
    let name = format!("test{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&cluster.address("postgres")).await.unwrap();
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    admin.close().await.unwrap();
    Ok(cluster.address(&name))
}

/// Makes a database available to other tests: creating a hundred of them takes half a minute and
/// a gigabyte.
pub(crate) fn return_database(url: String) {
    USED.lock().unwrap().push(url);
}

fn start() -> Result<Cluster, String> {
    let installed = "command -v initdb || ls /usr/lib/postgresql/*/bin/initdb";
    if !succeeds("sh", &["-c", installed]) {
        return Err(
            "PostgreSQL is not installed (no initdb on PATH or in /usr/lib/postgresql)".into()
        );
    }
    let mut command = as_unprivileged_user()?;
    let mut watcher = command
        .args(["sh", "-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start PostgreSQL: {e}"))?;
    let mut directory = String::new();
    BufReader::new(watcher.stdout.take().unwrap()).read_line(&mut directory).unwrap();
    if directory.is_empty() {
        let mut reason = String::new();
        watcher.stderr.take().unwrap().read_to_string(&mut reason).unwrap();
        return Err(format!("PostgreSQL did not start: {}", reason.trim()));
    }
    Ok(Cluster { directory: directory.trim().to_owned(), _watcher: watcher })
}

/// Returns a command that runs `env` as a user other than root, because initdb refuses root.
fn as_unprivileged_user() -> Result<Command, String> {
    if !succeeds("sh", &["-c", "test $(id -u) = 0"]) {
        return Ok(Command::new("env"));
    }
    for user in ["postgres", "nobody"] {
        let group = Command::new("id").args(["-gn", user]).output().map_err(|e| e.to_string())?;
        let group = String::from_utf8_lossy(&group.stdout).trim().to_owned();
        let setpriv = ["--reuid", user, "--regid", &group, "--clear-groups"];
        for (program, arguments) in [("setpriv", &setpriv[..]), ("runuser", &["-u", user, "--"])] {
            if succeeds(program, &[arguments, &["true"]].concat()) {
                let mut command = Command::new(program);
                command.args(arguments);
                return Ok(command);
            }
        }
    }
    Err("PostgreSQL refuses to run as root, and no command to switch to another user works".into())
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let quiet = || Stdio::null();
    Command::new(program)
        .args(arguments)
        .stdin(quiet())
        .stdout(quiet())
        .stderr(quiet())
        .status()
        .is_ok_and(|s| s.success())
}
