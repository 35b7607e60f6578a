//! Being told of changes that other processes make to articles: PostgreSQL tells, a SQLite file is asked.

use std::time::Duration;

use sqlx::postgres::PgListener;

use super::changes::CHANNEL;
use super::{Db, Store};

/// A SQLite file's count of foreign commits is one page in memory: asking is cheap, and nobody waits longer than this.
const ASKED: Duration = Duration::from_millis(15);
/// A listener that lost its connection tries again after this; polling stands behind it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits for changes that others make.
#[derive(Debug)]
pub struct Watch {
    store: Store,
    listener: Option<PgListener>,
    seen: Option<i64>,
}

impl Store {
    /// Begins to watch.
    pub fn watch_articles(&self) -> Watch {
        Watch { store: self.clone(), listener: None, seen: None }
    }
}

impl Watch {
    /// Returns when articles may have changed. Dropping it loses no news but this.
    pub async fn changed(&mut self) {
        match &*self.store.db {
            Db::Sqlite { .. } => self.changed_in_file().await,
            Db::Postgres(pool) => {
                if self.listener.is_none() {
                    let listening = async {
                        let mut listener = PgListener::connect_with(pool).await?;
                        listener.listen(CHANNEL).await?;
                        Ok::<_, sqlx::Error>(listener)
                    };
                    match listening.await {
                        // What happened before it listened is news, too.
                        Ok(listener) => self.listener = Some(listener),
                        Err(_) => tokio::time::sleep(PATIENCE).await,
                    }
                    return;
                }
                if let Some(listener) = &mut self.listener
                    && listener.recv().await.is_err()
                {
                    self.listener = None;
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        }
    }

    async fn changed_in_file(&mut self) {
        loop {
            match self.store.articles_version().await {
                Ok(version) if self.seen != Some(version) => {
                    self.seen = Some(version);
                    return;
                }
                Ok(_) => tokio::time::sleep(ASKED).await,
                Err(_) => tokio::time::sleep(PATIENCE).await,
            }
        }
    }
}
