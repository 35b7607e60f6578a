//! Watcher of the write-ahead log of a SQLite file, to which every commit writes first.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

#[cfg(target_os = "linux")]
use self::inotify_events::Events;

/// Interval of checks if inotify is not available, or reports writes to other files.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Detects writes of any process to the log.
#[derive(Debug)]
pub(super) struct WalWatcher {
    path: PathBuf,
    /// Modification time and length of the log at the last check.
    last_stat: Option<(SystemTime, u64)>,
    #[cfg(target_os = "linux")]
    events: Option<Events>,
}

impl WalWatcher {
    /// Starts to watch the log of a database; no later write is missed.
    pub(super) fn new(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self {
            path: PathBuf::from(path),
            last_stat: None,
            #[cfg(target_os = "linux")]
            events: Events::new(database.parent().unwrap_or(Path::new("/")))
                .inspect_err(|error| {
                    tracing::debug!(
                        "inotify is not available; polling the write-ahead log: {error}"
                    )
                })
                .ok(),
        }
    }

    /// Returns `true` if the log was written since the last check. Two writes within one tick of
    /// the clock of the file system may look like one.
    pub(super) fn was_written(&mut self) -> bool {
        let known = std::fs::metadata(&self.path)
            .ok()
            .and_then(|known| Some((known.modified().ok()?, known.len())));
        std::mem::replace(&mut self.last_stat, known) != known
    }

    /// Waits until the log may have changed.
    pub(super) async fn changed(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(events) = &mut self.events {
            match events.next(self.path.file_name()).await {
                Ok(true) => return,
                // Other files in the directory may be written all the time.
                Ok(false) => {}
                Err(error) => {
                    tracing::debug!("inotify failed; polling the write-ahead log: {error}");
                    self.events = None;
                }
            }
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

#[cfg(target_os = "linux")]
mod inotify_events {
    //! File events of Linux, see inotify(7).

    use std::ffi::OsStr;
    use std::io;
    use std::path::Path;

    use futures_util::{FutureExt, StreamExt};
    use inotify::{EventStream, Inotify, WatchMask};

    /// Buffer for a few dozen events.
    type Buffer = [u8; 4096];

    /// Stream of writes to all files of a directory. The log itself cannot be watched, because it
    /// is created again after the last connection closed.
    #[derive(Debug)]
    pub(super) struct Events(EventStream<Buffer>);

    impl Events {
        pub(super) fn new(directory: &Path) -> io::Result<Self> {
            let system = Inotify::init()?;
            system.watches().add(directory, WatchMask::MODIFY)?;
            Ok(Self(system.into_event_stream([0; 4096])?))
        }

        /// Waits for writes and returns `true` if one of them was to the file with this name.
        pub(super) async fn next(&mut self, name: Option<&OsStr>) -> io::Result<bool> {
            let (mut next, mut is_named) = (self.0.next().await, false);
            loop {
                let event = next.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
                is_named |= event.name.as_deref() == name;
                match self.0.next().now_or_never() {
                    Some(more) => next = more,
                    None => return Ok(is_named),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn write_is_detected_with_and_without_inotify() {
        let folder = tempfile::tempdir().unwrap();
        for has_inotify in [true, false] {
            let mut wal = WalWatcher::new(&folder.path().join("courant.db"));
            #[cfg(target_os = "linux")]
            {
                assert!(wal.events.is_some());
                wal.events = wal.events.filter(|_| has_inotify);
            }
            std::fs::write(folder.path().join("another"), "no commit").unwrap();
            wal.changed().await;
            assert!(!wal.was_written(), "the log does not exist yet");
            std::fs::write(
                folder.path().join("courant.db-wal"),
                format!("a commit, {has_inotify}"),
            )
            .unwrap();
            wal.changed().await;
            assert!(wal.was_written() && !wal.was_written());
            std::fs::remove_file(folder.path().join("courant.db-wal")).unwrap();
        }
    }
}
