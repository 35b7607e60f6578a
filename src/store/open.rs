//! Opening a store: connection pools, migrations, and the file lock that lets only one process at a
//! time send from a SQLite file.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolConnectionMetadata;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tracing::log::LevelFilter;

use super::error::{is_unavailable, plain_message};
use super::sqlite_files::{OpenedFile, make_files_private, with_suffix};
use super::{Db, Store, StoreError, StoreResult, migrations};
use crate::fs::create_private_directory;

/// Longest time that a SQLite writer waits for the transaction of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);
/// Time after which a PostgreSQL server that does not answer is regarded as unavailable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Pool size for PostgreSQL; statements work on whole sets of rows, so a few connections suffice.
const MAX_POSTGRES_CONNECTIONS: u32 = 12;
/// Idle time after which a connection to PostgreSQL is tested before its next use.
const MAX_UNTESTED_IDLE: Duration = Duration::from_millis(100);

/// Right of this process to send from a SQLite file; dropping it releases the lock.
#[derive(Debug)]
pub struct SendLock {
    _file: Option<File>,
}

impl Store {
    /// Opens the database at `sqlite://PATH` or `postgres://…`; creates the SQLite file and runs
    /// the migrations if necessary.
    pub async fn open(url: &str) -> StoreResult<Self> {
        let store = match url.strip_prefix("sqlite://") {
            Some(path) => open_sqlite(Path::new(path)).await?,
            None => open_postgres(url).await?,
        };
        store.ensure_identity().await?;
        Ok(store)
    }

    /// Returns a placeholder for the store at `postgres://…` while its server is unavailable; each
    /// operation fails at once, even after the server has returned.
    ///
    /// # Errors
    /// The URL is not a valid PostgreSQL URL.
    pub async fn disconnected(url: &str) -> StoreResult<Self> {
        let pool = PgPoolOptions::new().connect_lazy_with(postgres_options(url)?);
        pool.close().await;
        Ok(Self::new(Db::Postgres(pool)))
    }

    /// Acquires the right to send from this store; SQLite allows one process at a time, PostgreSQL
    /// any number.
    pub fn acquire_send_lock(&self) -> StoreResult<SendLock> {
        let Some(path) = self.sqlite_path() else { return Ok(SendLock { _file: None }) };
        let lock_path = with_suffix(path, ".lock");
        let file = open_lock_file(&lock_path)?;
        match file.try_lock() {
            Ok(()) => Ok(SendLock { _file: Some(file) }),
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Busy(format!(
                "another `courant serve` or `courant deliver` is using {} (it holds {}); stop it first, or use PostgreSQL to run several",
                path.display(),
                lock_path.display()
            ))),
            Err(std::fs::TryLockError::Error(e)) => {
                Err(StoreError::OpenFailed(format!("cannot lock {}: {e}", lock_path.display())))
            }
        }
    }
}

impl Store {
    /// Prepares this process, which does nothing else, for many writes that can be repeated. SQLite then does
    /// not wait for the disk at each commit: a power failure may lose the last ones, which the next commit of
    /// a process that waits makes durable. PostgreSQL has such a setting for each transaction.
    pub async fn prepare_for_bulk_writes(&self) -> StoreResult<()> {
        let Db::Sqlite { write, .. } = &*self.db else { return Ok(()) };
        for setting in [
            "PRAGMA synchronous = NORMAL",
            // 256 MiB: pages of indexes without order are written more than once until then.
            "PRAGMA wal_autocheckpoint = 64000",
            // 16 MiB, for these pages.
            "PRAGMA cache_size = -16384",
            // The former content of pages that a statement changes, which would take most of the memory.
            "PRAGMA temp_store = FILE",
        ] {
            sqlx::query(setting).execute(write).await?;
        }
        Ok(())
    }
}

async fn open_sqlite(path: &Path) -> StoreResult<Store> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        create_private_directory(folder).map_err(|e| {
            StoreError::OpenFailed(format!(
                "cannot create the directory {} for the database: {e}",
                folder.display()
            ))
        })?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("temp_store", "memory")
        .log_statements(LevelFilter::Trace)
        .log_slow_statements(LevelFilter::Debug, Duration::from_secs(1));
    let unreachable = |e: sqlx::Error| {
        StoreError::OpenFailed(format!("cannot open the database {}: {e}", path.display()))
    };
    let path = &resolve_path(path);
    // Locked before the first access: switching a new file to WAL mode does not wait for another
    // process that does the same.
    let migration_lock = lock_for_migration(path).await?;
    make_files_private(path)?;
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        // The settings of a process for bulk writes belong to the connection.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|connection, _| Box::pin(is_reusable(connection)))
        .connect_with(options.clone())
        .await
        .map_err(unreachable)?;
    migrations::check_migration_result(
        migrations::migrator(true).run(&write).await,
        &path.display().to_string(),
        "move the file away, start with a new one and import the data again",
    )?;
    drop(migration_lock);
    let read = SqlitePoolOptions::new()
        .max_connections(8)
        .test_before_acquire(false)
        .connect_with(options.read_only(true))
        .await
        .map_err(unreachable)?;
    let files = OpenedFile::of_database(path);
    Ok(Store::new(Db::Sqlite { read, write, path: path.to_path_buf(), files }))
}

/// Returns `true` if no transaction is open on the connection any more.
///
/// SQLite ends a transaction by itself when it cannot write (a full disk, an I/O error, no memory).
/// The rollback of sqlx 0.9 then fails, and every later transaction on the connection would too.
async fn is_reusable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // Waits for the rollback.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Resolves symbolic links, because SQLite keeps its log files beside the real file and all
/// processes must use the same lock file.
fn resolve_path(path: &Path) -> PathBuf {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A new file does not exist yet, but its directory does.
    let new = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(new).unwrap_or_else(|| path.to_path_buf())
}

/// Waits for the lock that lets only one of several starting processes migrate.
async fn lock_for_migration(path: &Path) -> StoreResult<File> {
    let lock_path = with_suffix(path, ".migrate-lock");
    let file = open_lock_file(&lock_path)?;
    match tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(e)) => {
            Err(StoreError::OpenFailed(format!("cannot lock {}: {e}", lock_path.display())))
        }
        Err(e) => Err(StoreError::OpenFailed(e.to_string())),
    }
}

async fn open_postgres(url: &str) -> StoreResult<Store> {
    let options = postgres_options(url)?;
    let database = format!(
        "{}:{}/{}",
        options.get_host(),
        options.get_port(),
        options.get_database().unwrap_or("")
    );
    let has_socket = options.get_socket().is_some() || options.get_host().starts_with('/');
    let unreachable = |e: sqlx::Error| {
        let reason = format!(
            "cannot reach the database {database}: {}; check [database] url",
            plain_message(&e)
        );
        // Without a Unix socket, the file that was not found is that of a certificate.
        let is_missing_file =
            matches!(&e, sqlx::Error::Io(io) if io.kind() == ErrorKind::NotFound) && !has_socket;
        if is_unavailable(&e) && !is_missing_file {
            StoreError::Unavailable(reason)
        } else {
            StoreError::OpenFailed(reason)
        }
    };
    // Connects once without the pool, which would retry and then report only a timeout.
    let first = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await;
    first.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(unreachable)?.close().await.ok();
    let pool = PgPoolOptions::new()
        .max_connections(MAX_POSTGRES_CONNECTIONS)
        .acquire_timeout(CONNECT_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, state| Box::pin(is_alive(connection, state)))
        .connect_with(options)
        .await
        .map_err(unreachable)?;
    migrations::check_migration_result(
        migrations::migrator(false).run(&pool).await,
        &database,
        "create a new database, set `url` in [database] to it and import the data again",
    )?;
    Ok(Store::new(Db::Postgres(pool)))
}

/// Returns `false` for a connection that the server has ended, for example in a restart. Connections in
/// steady use are not tested, which would cost each statement a round trip.
async fn is_alive(
    connection: &mut PgConnection,
    state: PoolConnectionMetadata,
) -> Result<bool, sqlx::Error> {
    Ok(state.idle_for < MAX_UNTESTED_IDLE || connection.ping().await.is_ok())
}

fn postgres_options(url: &str) -> StoreResult<PgConnectOptions> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(|e| {
            StoreError::OpenFailed(format!("[database] url is not a valid PostgreSQL URL: {e}"))
        })?
        .application_name("courant")
        .options([
            // Ends transactions of lost tasks, which would otherwise hold their locks forever.
            ("idle_in_transaction_session_timeout", "15000"),
            // Just-in-time compilation takes longer than the statements, none of which runs for seconds.
            ("jit", "off"),
        ])
        .log_statements(LevelFilter::Trace)
        .log_slow_statements(LevelFilter::Debug, Duration::from_secs(1)))
}

fn open_lock_file(path: &Path) -> StoreResult<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| StoreError::OpenFailed(format!("cannot open {}: {e}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Statement;

    /// Lets the file of the store grow no further, as on a full disk, for the open connection.
    async fn fill_disk(store: &Store) {
        let Db::Sqlite { write, .. } = &*store.db else { panic!("the store is SQLite") };
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(write).await.unwrap();
        let limit = format!("PRAGMA max_page_count = {pages}");
        sqlx::query(sqlx::AssertSqlSafe(limit)).execute(write).await.unwrap();
    }

    #[tokio::test]
    async fn writes_succeed_again_after_a_full_disk_ended_a_transaction() {
        static ADD: Statement =
            Statement::new("INSERT INTO instance (key, value) VALUES ($key, $value)");
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("courant.db").display());
        let store = Store::open(&url).await.unwrap();
        let large = "x".repeat(1_000_000);
        fill_disk(&store).await;
        let mut tx = store.begin().await.unwrap();
        let full = tx.query(&ADD).bind("key", "a").bind("value", &large).execute().await;
        assert!(full.unwrap_err().to_string().contains("full"));
        drop(tx);
        let mut tx = store.begin().await.expect("the connection is replaced");
        tx.query(&ADD).bind("key", "a").bind("value", &large).execute().await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_store_is_not_writable_from_a_failed_write_until_one_succeeds() {
        static ADD: Statement =
            Statement::new("INSERT INTO instance (key, value) VALUES ('a', $value)");
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("courant.db").display());
        let store = Store::open(&url).await.unwrap();
        store.check_writable().await.unwrap();
        let Db::Sqlite { write, .. } = &*store.db else { panic!("the store is SQLite") };
        sqlx::query("PRAGMA query_only = ON").execute(write).await.unwrap();
        assert!(store.write(&ADD).bind("value", "x").execute().await.is_err());
        let reason = store.check_writable().await.unwrap_err().to_string();
        assert!(reason.contains("readonly"), "{reason}");
        sqlx::query("PRAGMA query_only = OFF").execute(write).await.unwrap();
        store.check_writable().await.unwrap();
        assert_eq!(store.write_state.last_failure(), None);
        assert!(store.write(&ADD).bind("value", "x").execute().await.is_ok());
        let twice = store.write(&ADD).bind("value", "x").execute().await;
        assert!(twice.is_err() && store.write_state.last_failure().is_none(), "a rejected value");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn store_opened_through_a_symlink_uses_the_same_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("courant.db"), folder.path().join("link.db"));
        let open =
            async |path: &Path| Store::open(&format!("sqlite://{}", path.display())).await.unwrap();
        let first = open(&real).await;
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let second = open(&link).await;
        let lock = first.acquire_send_lock().unwrap();
        let error = second.acquire_send_lock().unwrap_err();
        assert!(matches!(error, StoreError::Busy(_)), "{error}");
        drop(lock);
        second.acquire_send_lock().unwrap();
    }
}
