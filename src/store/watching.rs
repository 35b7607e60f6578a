//! Being told of changes that other processes make to articles: PostgreSQL tells, a SQLite file is asked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;

use super::changes::CHANNEL;
use super::wal::Wal;
use super::{Db, Store};

/// Between two questions to a file that is written into, and between those after many in vain: who sends mail writes all the time.
const EAGER: Duration = Duration::from_millis(3);
const TIRED: Duration = Duration::from_millis(10);
const MANY: usize = 16;
/// How much longer than that it is waited after each question, in milliseconds, once nobody writes; polling stands behind it.
const STILL: [u64; 7] = [0, 0, 0, 10, 20, 40, 80];
/// A listener that lost its connection tries again after this; polling stands behind it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits for changes that others make.
#[derive(Debug)]
pub struct Watch {
    store: Store,
    listener: Option<PgListener>,
    seen: Option<i64>,
    wal: Option<Wal>,
    /// Questions since there was news, or a rest.
    asked: usize,
    /// Those of them since somebody wrote.
    still: usize,
}

impl Store {
    /// Begins to watch.
    pub fn watch_articles(&self) -> Watch {
        Watch { store: self.clone(), listener: None, seen: None, wal: None, asked: 0, still: 0 }
    }
}

impl Watch {
    /// Returns when articles may have changed. Dropping it loses no news but this.
    pub async fn changed(&mut self) {
        match &*Arc::clone(&self.store.db) {
            Db::Sqlite { path, .. } => self.changed_in_file(path).await,
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

    /// A commit writes into the log first, and can be read once the disk has it: so the database is asked a few times after each
    /// write.
    async fn changed_in_file(&mut self, path: &Path) {
        loop {
            let wal = self.wal.get_or_insert_with(|| Wal::of(path));
            if wal.was_written() {
                self.still = 0;
            }
            let Some(longer) = STILL.get(self.still) else {
                self.asked = 0;
                wal.stirs().await;
                continue;
            };
            match self.store.articles_version().await {
                Ok(version) if self.seen != Some(version) => {
                    (self.seen, self.asked) = (Some(version), 0);
                    return;
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(PATIENCE).await,
            }
            (self.asked, self.still) = (self.asked + 1, self.still + 1);
            tokio::time::sleep(if self.asked < MANY { EAGER } else { TIRED }).await;
            tokio::time::timeout(Duration::from_millis(*longer), wal.stirs()).await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::changes::BUMP;
    use super::*;

    #[tokio::test]
    async fn what_another_process_commits_is_told_to_who_has_waited_long() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite://{}/courant.db", folder.path().display());
        let (here, there) =
            (Store::open(&address).await.unwrap(), Store::open(&address).await.unwrap());
        let mut watch = here.watch_articles();
        watch.changed().await;
        for _ in 0..3 {
            // It has asked for the last time.
            watch.still = STILL.len();
            watch.wal.as_mut().unwrap().was_written();
            let commit = async {
                let Db::Sqlite { write, .. } = &*there.db else { unreachable!() };
                sqlx::query(BUMP).execute(write).await.unwrap();
            };
            let both = async { tokio::join!(watch.changed(), commit) };
            tokio::time::timeout(Duration::from_secs(60), both).await.expect("nothing was told");
            assert_eq!(watch.seen, Some(there.articles_version().await.unwrap()));
        }
    }
}
