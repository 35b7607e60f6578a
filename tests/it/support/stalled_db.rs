//! A database that takes nothing for a while.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::World;

/// As long as it stands, nothing can be written about deliveries; reading goes on.
pub(crate) enum Standstill {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl World {
    /// Begins one.
    pub(crate) async fn standstill(&self) -> Standstill {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .busy_timeout(std::time::Duration::from_secs(30));
            let mut db = SqliteConnection::connect_with(&options).await.unwrap();
            db.execute("BEGIN IMMEDIATE").await.unwrap();
            return Standstill::Sqlite(db);
        }
        let mut db = PgConnection::connect(&self.url).await.unwrap();
        db.execute(sqlx::raw_sql("BEGIN; LOCK TABLE deliveries IN EXCLUSIVE MODE")).await.unwrap();
        Standstill::Postgres(db)
    }
}

impl World {
    /// How PostgreSQL goes about the last statement that begins with these words, with this as its only parameter.
    pub(crate) async fn plan_of(&self, beginning: &str, parameter: &str) -> String {
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

impl Standstill {
    /// All goes on.
    pub(crate) async fn end(self) {
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
