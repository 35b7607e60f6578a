//! Being told of changes that other processes make to articles: PostgreSQL tells, a SQLite file is asked.

use std::time::{Duration, SystemTime};

use sqlx::postgres::PgListener;

use super::changes::CHANNEL;
use super::{Db, Store};

/// How often the file's journal is looked at, which costs next to nothing.
const LOOKED_AT: Duration = Duration::from_millis(10);
/// A listener that lost its connection tries again after this; polling stands behind it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits for changes that others make.
#[derive(Debug)]
pub struct Watch {
    store: Store,
    listener: Option<PgListener>,
    seen: Option<i64>,
    /// The journal's date and length when it was last looked at, and whether it had changed then.
    journal: Option<(SystemTime, u64)>,
    asks: bool,
}

impl Store {
    /// Begins to watch.
    pub fn watch_articles(&self) -> Watch {
        Watch { store: self.clone(), listener: None, seen: None, journal: None, asks: true }
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

    /// A commit writes into the journal beside the file. Two within one tick of the file system's clock look like one, so the
    /// database is asked at the look after as well.
    async fn changed_in_file(&mut self) {
        loop {
            let journal = self.journal();
            let is_new = journal != self.journal;
            if std::mem::replace(&mut self.asks, is_new) || is_new {
                self.journal = journal;
                match self.store.articles_version().await {
                    Ok(version) if self.seen != Some(version) => {
                        self.seen = Some(version);
                        return;
                    }
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(PATIENCE).await,
                }
            }
            tokio::time::sleep(LOOKED_AT).await;
        }
    }

    fn journal(&self) -> Option<(SystemTime, u64)> {
        let mut path = self.store.sqlite_path()?.as_os_str().to_owned();
        path.push("-wal");
        let known = std::fs::metadata(path).ok()?;
        Some((known.modified().ok()?, known.len()))
    }
}
