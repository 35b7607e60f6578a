//! Opening a store: pools, migrations, and the lock that lets one process at a time send from a SQLite file.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tracing::log::LevelFilter;

use super::{Db, Store, StoreError, StoreResult, migrations};

/// How long a writer waits for another process's short transaction.
const BUSY: Duration = Duration::from_secs(15);
/// How long a server may take to answer before it counts as away.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections to PostgreSQL of one process; the work is set-based, so few are enough.
const POSTGRES_CONNECTIONS: u32 = 12;

/// Held while this process may send from a SQLite file; released when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

impl Store {
    /// Opens the database at `sqlite://PATH` or `postgres://…`, creating the SQLite file and migrating as needed.
    pub async fn open(url: &str) -> StoreResult<Self> {
        let store = match url.strip_prefix("sqlite://") {
            Some(path) => open_sqlite(Path::new(path)).await?,
            None => open_postgres(url).await?,
        };
        store.found_instance().await?;
        Ok(store)
    }

    /// What stands for the store at `postgres://…` while its server is away: each operation fails at once, also when the server
    /// is back and about to be migrated.
    ///
    /// # Errors
    /// When the address is none of PostgreSQL.
    pub async fn awaited(url: &str) -> StoreResult<Self> {
        let pool = PgPoolOptions::new().connect_lazy_with(postgres_options(url)?);
        pool.close().await;
        Ok(Self::on(Db::Postgres(pool)))
    }

    /// Takes the right to send from this store: on SQLite one process at a time, on PostgreSQL any number.
    pub fn lock(&self) -> StoreResult<Lock> {
        let Some(path) = self.sqlite_path() else { return Ok(Lock { _file: None }) };
        let beside = beside(path, ".lock");
        let file = lock_file(&beside)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: Some(file) }),
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Busy(format!(
                "another `courant serve` or `courant deliver` works on {} (it holds {}): stop it first, or use PostgreSQL to run several",
                path.display(),
                beside.display()
            ))),
            Err(std::fs::TryLockError::Error(e)) => {
                Err(StoreError::Unreachable(format!("cannot lock {}: {e}", beside.display())))
            }
        }
    }
}

async fn open_sqlite(path: &Path) -> StoreResult<Store> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| {
            StoreError::Unreachable(format!(
                "cannot make the folder {} for the database: {e}",
                folder.display()
            ))
        })?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .pragma("temp_store", "memory")
        .log_statements(LevelFilter::Trace)
        .log_slow_statements(LevelFilter::Debug, Duration::from_secs(1));
    let unreachable = |e: sqlx::Error| {
        StoreError::Unreachable(format!("cannot open the database {}: {e}", path.display()))
    };
    let path = &by_its_own_name(path);
    // Held from the first touch: turning a new file to WAL does not wait for another process that does the same.
    let opening = alone(path).await?;
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(unreachable)?;
    migrations::understood(migrations::migrator(true).run(&write).await)?;
    drop(opening);
    let read = SqlitePoolOptions::new()
        .max_connections(8)
        .test_before_acquire(false)
        .connect_with(options.read_only(true))
        .await
        .map_err(unreachable)?;
    Ok(Store::on(Db::Sqlite { read, write, path: path.to_path_buf() }))
}

/// A file where it really is: SQLite keeps its log there whatever link it was opened by, and whoever locks it must meet there.
fn by_its_own_name(path: &Path) -> PathBuf {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A new file is nowhere yet, but its folder is.
    let new = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(new).unwrap_or_else(|| path.to_path_buf())
}

/// Two processes may start at once; the file lock makes the second wait for the first.
async fn alone(path: &Path) -> StoreResult<File> {
    let beside = beside(path, ".migrate-lock");
    let file = lock_file(&beside)?;
    match tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(e)) => {
            Err(StoreError::Unreachable(format!("cannot lock {}: {e}", beside.display())))
        }
        Err(e) => Err(StoreError::Unreachable(e.to_string())),
    }
}

async fn open_postgres(url: &str) -> StoreResult<Store> {
    let options = postgres_options(url)?;
    let place = format!(
        "{}:{}/{}",
        options.get_host(),
        options.get_port(),
        options.get_database().unwrap_or("")
    );
    let has_socket = options.get_socket().is_some() || options.get_host().starts_with('/');
    let unreachable = |e: sqlx::Error| {
        let why = format!("cannot reach the database {place}: {}: see [database] url", plain(&e));
        // Where there is no socket to look for, it is a certificate's file that is missing.
        let is_lost =
            matches!(&e, sqlx::Error::Io(io) if io.kind() == ErrorKind::NotFound) && !has_socket;
        if is_away(&e) && !is_lost { StoreError::Away(why) } else { StoreError::Unreachable(why) }
    };
    // The pool would try again and again, and then only say that it waited.
    let answered = tokio::time::timeout(PATIENCE, options.connect()).await;
    answered.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(unreachable)?.close().await.ok();
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(unreachable)?;
    migrations::understood(migrations::migrator(false).run(&pool).await)?;
    Ok(Store::on(Db::Postgres(pool)))
}

fn postgres_options(url: &str) -> StoreResult<PgConnectOptions> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(|e| {
            StoreError::Unreachable(format!("[database] url is no PostgreSQL address: {e}"))
        })?
        .application_name("courant")
        // A transaction that a lost task left open must not hold its locks for ever.
        .options([("idle_in_transaction_session_timeout", "15000")])
        .log_statements(LevelFilter::Trace)
        .log_slow_statements(LevelFilter::Debug, Duration::from_secs(1)))
}

/// Whether nobody answered, or a server that takes nobody in just now (PostgreSQL, appendix A).
pub(super) fn is_away(e: &sqlx::Error) -> bool {
    // A certificate that is not trusted, a file that may not be read: a person has to see to these.
    let for_a_person =
        [ErrorKind::PermissionDenied, ErrorKind::InvalidInput, ErrorKind::InvalidData];
    match e {
        sqlx::Error::Io(io) => !for_a_person.contains(&io.kind()),
        sqlx::Error::PoolTimedOut => true,
        // It starts, stops or crashed, has no connection left, or was not promoted yet.
        sqlx::Error::Database(d) => d
            .code()
            .is_some_and(|code| ["57P01", "57P02", "57P03", "53300", "25006"].contains(&&*code)),
        _ => false,
    }
}

/// The database's own words without sqlx's wrapping.
pub(super) fn plain(e: &sqlx::Error) -> String {
    match e {
        sqlx::Error::Database(d) => d.message().to_owned(),
        sqlx::Error::Io(io) => io.to_string(),
        sqlx::Error::PoolTimedOut => "it does not answer".to_owned(),
        other => other.to_string(),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn lock_file(path: &Path) -> StoreResult<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(|e| StoreError::Unreachable(format!("cannot open {}: {e}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_a_person_must_mend() {
        let io = |kind: ErrorKind| StoreError::Sql(sqlx::Error::Io(kind.into()));
        for passing in [
            io(ErrorKind::ConnectionRefused),
            io(ErrorKind::ConnectionReset),
            io(ErrorKind::NotFound),
            io(ErrorKind::Other),
        ] {
            assert!(passing.is_away(), "{passing:?}");
        }
        assert!(
            StoreError::Sql(sqlx::Error::PoolTimedOut).is_away()
                && StoreError::Away(String::new()).is_away()
        );
        for lasting in [
            io(ErrorKind::InvalidData),
            io(ErrorKind::PermissionDenied),
            StoreError::Sql(sqlx::Error::RowNotFound),
        ] {
            assert!(!lasting.is_away(), "{lasting:?}");
        }
        assert!(
            !StoreError::Newer(9).is_away() && !StoreError::Unreachable(String::new()).is_away()
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_store_is_locked_by_whatever_link_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("courant.db"), folder.path().join("link.db"));
        let open =
            async |path: &Path| Store::open(&format!("sqlite://{}", path.display())).await.unwrap();
        let first = open(&real).await;
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let second = open(&link).await;
        let held = first.lock().unwrap();
        let refused = second.lock().unwrap_err();
        assert!(matches!(refused, StoreError::Busy(_)), "{refused}");
        drop(held);
        second.lock().unwrap();
    }

    #[test]
    fn what_the_database_said_is_told_once() {
        let refused = std::io::Error::new(ErrorKind::ConnectionRefused, "nobody listens");
        let told = format!("{:#}", anyhow::Error::from(StoreError::from(sqlx::Error::Io(refused))));
        assert_eq!(told, "database: nobody listens");
        assert_eq!(
            StoreError::Sql(sqlx::Error::PoolTimedOut).to_string(),
            "database: it does not answer"
        );
    }
}
