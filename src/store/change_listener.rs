//! Detection of article changes made by other processes: by notifications of PostgreSQL, or by
//! polling a SQLite file whenever its log changes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;

use super::change_log::CHANNEL;
use super::operations::ArticleChanges;
use super::wal_watcher::WalWatcher;
use super::{Db, Store};

/// Interval of the first [`MAX_SHORT_POLLS`] polls of a SQLite file that is being written.
const POLL_BUSY: Duration = Duration::from_millis(3);
/// Interval of the following polls: a process that sends mail writes all the time.
const POLL_BUSY_LONG: Duration = Duration::from_millis(10);
/// Number of polls at the short interval after a change.
const MAX_SHORT_POLLS: usize = 16;
/// Additional wait after each poll since the last write; after the last one, the file is polled
/// again only when its log changes.
const POLL_IDLE_EXTRA: [Duration; 7] = [
    Duration::ZERO,
    Duration::ZERO,
    Duration::ZERO,
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
];
/// Delay before a listener reconnects after it lost its connection; callers poll as well.
const RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// Listener for article changes made by other processes.
#[derive(Debug)]
pub struct ChangeListener {
    store: Store,
    listener: Option<PgListener>,
    known_version: Option<i64>,
    wal_watcher: Option<WalWatcher>,
    /// Polls since the last change, or since the file was last idle.
    polls: usize,
    /// Polls since the last write to the file.
    polls_since_write: usize,
}

impl ArticleChanges<'_> {
    /// Starts to listen for article changes of other processes.
    pub fn listen(self) -> ChangeListener {
        ChangeListener {
            store: self.store.clone(),
            listener: None,
            known_version: None,
            wal_watcher: None,
            polls: 0,
            polls_since_write: 0,
        }
    }
}

impl ChangeListener {
    /// Waits until articles may have changed. Dropping the future loses at most this notification.
    pub async fn changed(&mut self) {
        match &*Arc::clone(&self.store.db) {
            Db::Sqlite { path, .. } => self.changed_in_sqlite(path).await,
            Db::Postgres(pool) => {
                if self.listener.is_none() {
                    let listening = async {
                        let mut listener = PgListener::connect_with(pool).await?;
                        listener.listen(CHANNEL).await?;
                        Ok::<_, sqlx::Error>(listener)
                    };
                    match listening.await {
                        // Changes made before it listened must be reported as well.
                        Ok(listener) => self.listener = Some(listener),
                        Err(_) => tokio::time::sleep(RECONNECT_DELAY).await,
                    }
                    return;
                }
                if let Some(listener) = &mut self.listener
                    && listener.recv().await.is_err()
                {
                    self.listener = None;
                    tokio::time::sleep(RECONNECT_DELAY).await;
                }
            }
        }
    }

    /// Polls the version a few times after each write to the log: a commit writes to the log first
    /// and becomes readable only when the log was synced to disk.
    async fn changed_in_sqlite(&mut self, path: &Path) {
        loop {
            let wal = self.wal_watcher.get_or_insert_with(|| WalWatcher::new(path));
            if wal.was_written() {
                self.polls_since_write = 0;
            }
            let Some(extra_wait) = POLL_IDLE_EXTRA.get(self.polls_since_write) else {
                self.polls = 0;
                wal.changed().await;
                continue;
            };
            match self.store.article_changes().version().await {
                Ok(version) if self.known_version != Some(version) => {
                    (self.known_version, self.polls) = (Some(version), 0);
                    return;
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(RECONNECT_DELAY).await,
            }
            (self.polls, self.polls_since_write) = (self.polls + 1, self.polls_since_write + 1);
            tokio::time::sleep(if self.polls < MAX_SHORT_POLLS {
                POLL_BUSY
            } else {
                POLL_BUSY_LONG
            })
            .await;
            tokio::time::timeout(*extra_wait, wal.changed()).await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::change_log::NEXT_VERSION;
    use super::*;

    #[tokio::test]
    async fn change_of_another_process_is_detected_after_a_long_idle_time() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite://{}/courant.db", folder.path().display());
        let (here, there) =
            (Store::open(&address).await.unwrap(), Store::open(&address).await.unwrap());
        let mut listener = here.article_changes().listen();
        listener.changed().await;
        for _ in 0..3 {
            // The listener waits for the next write.
            listener.polls_since_write = POLL_IDLE_EXTRA.len();
            listener.wal_watcher.as_mut().unwrap().was_written();
            let commit = async {
                there.write(&NEXT_VERSION).execute().await.unwrap();
            };
            let both = async { tokio::join!(listener.changed(), commit) };
            tokio::time::timeout(Duration::from_secs(60), both)
                .await
                .expect("the change is detected");
            assert_eq!(
                listener.known_version,
                Some(there.article_changes().version().await.unwrap())
            );
        }
    }
}
