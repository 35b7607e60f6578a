//! Blocks writes to the database for a while, and explains query plans.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::World;

/// A lock under which nobody can write to the table of deliveries; reading still works.
pub(crate) enum StalledDb {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl World {
    /// Blocks writes about deliveries until [`StalledDb::resume`].
    pub(crate) async fn stall_db(&self) -> StalledDb {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .busy_timeout(std::time::Duration::from_secs(30));
            let mut db = SqliteConnection::connect_with(&options).await.unwrap();
            db.execute("BEGIN IMMEDIATE").await.unwrap();
            return StalledDb::Sqlite(db);
        }
        let mut db = PgConnection::connect(&self.url).await.unwrap();
        db.execute(sqlx::raw_sql("BEGIN; LOCK TABLE deliveries IN EXCLUSIVE MODE")).await.unwrap();
        StalledDb::Postgres(db)
    }
}

impl World {
    /// Returns the plan of PostgreSQL for the last statement that starts with `beginning`, with
    /// `parameter` as its only parameter.
    pub(crate) async fn query_plan(&self, beginning: &str, parameter: &str) -> String {
        let mut db = PgConnection::connect(&self.url).await.unwrap();
        db.execute("ANALYZE").await.unwrap();
        let last = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND query LIKE $1 || '%' LIMIT 1";
        let text: String =
            sqlx::query_scalar(last).bind(beginning).fetch_one(&mut db).await.unwrap();
        let explain =
            AssertSqlSafe(format!("EXPLAIN {}", text.replace("$1", &format!("'{parameter}'"))));
        let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut db).await.unwrap();
        db.close().await.unwrap();
        plan.join("\n")
    }
}

impl World {
    /// Begins a transaction with a statement; [`StalledDb::commit`] ends it.
    pub(crate) async fn begin_with(&self, text: &str) -> StalledDb {
        let text = sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let options = SqliteConnectOptions::new().filename(path);
            let mut db = SqliteConnection::connect_with(&options).await.unwrap();
            db.execute("BEGIN IMMEDIATE").await.unwrap();
            db.execute(text).await.unwrap();
            return StalledDb::Sqlite(db);
        }
        let mut db = PgConnection::connect(&self.url).await.unwrap();
        db.execute("BEGIN").await.unwrap();
        db.execute(text).await.unwrap();
        StalledDb::Postgres(db)
    }

    /// Returns `true` if a transaction waits for another one. SQLite, whose transactions wait when they
    /// begin, does not tell.
    pub(crate) async fn has_waiting_transaction(&self) -> bool {
        if self.is_sqlite() {
            return true;
        }
        let mut db = PgConnection::connect(&self.url).await.unwrap();
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut db).await.unwrap();
        db.close().await.unwrap();
        waiting > 0
    }
}

impl StalledDb {
    /// Commits the transaction and closes its connection.
    pub(crate) async fn commit(self) {
        match self {
            Self::Sqlite(mut db) => {
                db.execute("COMMIT").await.unwrap();
                db.close().await.unwrap();
            }
            Self::Postgres(mut db) => {
                db.execute("COMMIT").await.unwrap();
                db.close().await.unwrap();
            }
        }
    }

    /// Allows writes about deliveries again.
    pub(crate) async fn resume(self) {
        match self {
            Self::Sqlite(mut db) => {
                db.execute("ROLLBACK").await.unwrap();
                db.close().await.unwrap();
            }
            Self::Postgres(mut db) => {
                db.execute("ROLLBACK").await.unwrap();
                db.close().await.unwrap();
            }
        }
    }
}
