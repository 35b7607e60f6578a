//! The write-ahead log beside a SQLite file: who writes into the database writes there.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

#[cfg(target_os = "linux")]
use self::told::Events;

/// How often it is looked at where the system does not tell, or tells of other files.
const LOOKED_AT: Duration = Duration::from_millis(10);

/// Watches for writes of any process.
#[derive(Debug)]
pub(super) struct Wal {
    path: PathBuf,
    /// Its date and length when it was last looked at.
    seen: Option<(SystemTime, u64)>,
    #[cfg(target_os = "linux")]
    events: Option<Events>,
}

impl Wal {
    /// Begins to watch the log of a database; no write after this is missed.
    pub(super) fn of(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self {
            path: PathBuf::from(path),
            seen: None,
            #[cfg(target_os = "linux")]
            events: Events::below(database.parent().unwrap_or(Path::new("/")))
                .inspect_err(|why| {
                    tracing::debug!(
                        "the system does not tell of writes ({why}): they are looked for"
                    )
                })
                .ok(),
        }
    }

    /// Whether it was written since the last look. Two writes within one tick of the file system's clock may look like one.
    pub(super) fn was_written(&mut self) -> bool {
        let known = std::fs::metadata(&self.path)
            .ok()
            .and_then(|known| Some((known.modified().ok()?, known.len())));
        std::mem::replace(&mut self.seen, known) != known
    }

    /// Returns when it is worth another look.
    pub(super) async fn stirs(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(events) = &mut self.events {
            match events.next(self.path.file_name()).await {
                Ok(true) => return,
                // Others may write beside it all the time.
                Ok(false) => {}
                Err(why) => {
                    tracing::debug!(
                        "the system tells of writes no more ({why}): they are looked for"
                    );
                    self.events = None;
                }
            }
        }
        tokio::time::sleep(LOOKED_AT).await;
    }
}

#[cfg(target_os = "linux")]
mod told {
    //! What Linux tells of files (inotify(7)).

    use std::ffi::OsStr;
    use std::io;
    use std::path::Path;

    use futures_util::{FutureExt, StreamExt};
    use inotify::{EventStream, Inotify, WatchMask};

    /// Room for a few dozen events.
    type Room = [u8; 4096];

    /// Writes into the files of a folder, whichever. The log itself is another file each time that the last one closes it.
    #[derive(Debug)]
    pub(super) struct Events(EventStream<Room>);

    impl Events {
        pub(super) fn below(folder: &Path) -> io::Result<Self> {
            let system = Inotify::init()?;
            system.watches().add(folder, WatchMask::MODIFY)?;
            Ok(Self(system.into_event_stream([0; 4096])?))
        }

        /// Returns when something was written: whether a file of this name, among all that was until now.
        pub(super) async fn next(&mut self, name: Option<&OsStr>) -> io::Result<bool> {
            let (mut told, mut is_named) = (self.0.next().await, false);
            loop {
                let event = told.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
                is_named |= event.name.as_deref() == name;
                match self.0.next().now_or_never() {
                    Some(more) => told = more,
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
    async fn a_write_is_noticed_whether_the_system_tells_of_it_or_not() {
        let folder = tempfile::tempdir().unwrap();
        for is_told in [true, false] {
            let mut wal = Wal::of(&folder.path().join("courant.db"));
            #[cfg(target_os = "linux")]
            {
                assert!(wal.events.is_some());
                wal.events = wal.events.filter(|_| is_told);
            }
            std::fs::write(folder.path().join("another"), "no commit").unwrap();
            wal.stirs().await;
            assert!(!wal.was_written(), "there is none yet");
            std::fs::write(folder.path().join("courant.db-wal"), format!("a commit, {is_told}"))
                .unwrap();
            wal.stirs().await;
            assert!(wal.was_written() && !wal.was_written());
            std::fs::remove_file(folder.path().join("courant.db-wal")).unwrap();
        }
    }
}
