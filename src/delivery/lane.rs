//! A lane: one connection, one message after the other. Two steps are open at most: one message accepted but not yet
//! recorded, one on the wire (promise 4). The next ones are asked for ahead, so that no commit costs the wire any time.

mod grants;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::docket::Docket;
use super::health::Health;
use super::letters::Letters;
use super::route::{Way, over};
use super::slowness::Slowness;
use super::{Engine, PATIENCE, Report};
use crate::config::Transport;
use crate::domain::time::Millis;
use grants::Asked;
pub(super) use grants::Ready;

/// A grant older than this is asked for again: an order about an edition works within a second.
pub const FRESH: Duration = Duration::from_millis(400);

/// What all lanes of a transport share during a run.
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) transport: Arc<Transport>,
    pub(super) letters: Letters,
    pub(super) docket: Arc<Docket>,
    pub(super) health: Health,
    pub(super) slowness: Slowness,
    /// Fires when the daemon stops, or when the relay is given up for this run.
    pub(super) stop: CancellationToken,
    /// Fires when the daemon stops: what a limit granted before it was used up still goes out.
    pub(super) halt: CancellationToken,
}

pub(super) struct Lane {
    pub(super) shared: Arc<Shared>,
    pub(super) report: Report,
    way: Way,
    asked: VecDeque<Asked>,
    /// Outcomes of messages handed over so far, and how many of them are known to be committed.
    pub(super) noted: u64,
    committed: u64,
}

/// Sends jobs until there are no more; gives what became of them.
pub(super) async fn run(shared: Arc<Shared>, way: Way) -> Report {
    let mut lane = Lane {
        shared,
        report: Report::default(),
        way,
        asked: VecDeque::new(),
        noted: 0,
        committed: 0,
    };
    while let Some(first) = lane.first().await {
        lane.send(first).await;
    }
    lane.way.close().await;
    lane.report
}

impl Lane {
    /// The next message, granted and with the way open; none when the run is over.
    async fn first(&mut self) -> Option<Ready> {
        loop {
            if !self.goes_on() || !self.way.is_open() {
                self.release_all().await;
            }
            let asked = match self.asked.pop_front() {
                Some(asked) => asked,
                None => {
                    let job = self.shared.docket.next(self.shared.engine.clock).await?;
                    if self.shared.stop.is_cancelled() {
                        // Its lease goes back with it.
                        continue;
                    }
                    match self.open().await {
                        Ok(()) => self.ask(job).await,
                        Err(()) => {
                            self.shared.docket.put_back(job);
                            continue;
                        }
                    }
                }
            };
            match self.granted(asked).await {
                Ok(ready) => return Some(ready),
                Err(Some(until)) => {
                    self.shared.health.limited(until);
                    let _ = self.pause(until).await;
                }
                Err(None) => {}
            }
        }
    }

    /// Sends a message, and behind it, as long as they may ride, the next ones.
    async fn send(&mut self, first: Ready) {
        let halt = self.shared.halt.clone();
        let mut current = first;
        if current.granted.elapsed() > FRESH && !self.renew(&mut current).await {
            return;
        }
        // Its commit takes no longer than the relay's answer to the envelope.
        self.ask_ahead().await;
        if let Err(heard) = self.way.begin(&current.message, &halt).await {
            return self.note(current, heard).await;
        }
        loop {
            let next = self.rider().await;
            self.ask_ahead().await;
            // While the message before it was on the wire, its edition may have been paused or its reader have left.
            if current.granted.elapsed() > FRESH && !self.renew(&mut current).await {
                // Behind the relay's 354 one can only send or hang up.
                self.way.abandon();
                if let Some(next) = next {
                    self.release(next.job, next.taken_at).await;
                }
                return;
            }
            self.settle().await;
            let heard =
                self.way.finish(&current.message, next.as_ref().map(|n| &n.message), &halt).await;
            self.shared.engine.attempted.fetch_add(1, Ordering::Relaxed);
            self.note(current, heard).await;
            let Some(next) = next else { return };
            if !self.way.is_connected() {
                // What rode ended with the connection, certainly unsent and none of its recipient's doing.
                return self.release(next.job, next.taken_at).await;
            }
            match self.way.ridden(&halt).await {
                Ok(()) => current = next,
                Err(heard) => return self.note(next, heard).await,
            }
        }
    }

    /// Waits until at most one message is accepted and not yet recorded, where no grant has shown it.
    async fn settle(&mut self) {
        if self.noted - self.committed > 1 {
            self.shared.engine.recorder.flush().await;
            self.committed = self.noted;
        }
    }

    /// The message whose envelope may go out behind the one that is next.
    async fn rider(&mut self) -> Option<Ready> {
        if !self.goes_on() || !self.way.rides() {
            return None;
        }
        let asked = self.asked.pop_front()?;
        match self.granted(asked).await {
            Ok(ready) => Some(ready),
            Err(until) => {
                if let Some(until) = until {
                    self.shared.health.limited(until);
                }
                None
            }
        }
    }

    /// Asks for one message more while one is on the wire.
    async fn ask_ahead(&mut self) {
        if self.asked.is_empty()
            && self.goes_on()
            && let Some(job) = self.shared.docket.try_next((self.shared.engine.clock)())
        {
            let asked = self.ask(job).await;
            self.asked.push_back(asked);
        }
    }

    /// Whether another message may follow: nobody stops, and the relay need not be left alone.
    fn goes_on(&self) -> bool {
        !self.shared.stop.is_cancelled()
            && self.shared.health.until() <= (self.shared.engine.clock)()
    }

    /// Waits until the way is open, so that no limit is spent on a relay that is away; an error when the run ends first.
    async fn open(&mut self) -> Result<(), ()> {
        loop {
            let resting = self.shared.health.until();
            let until = if resting > (self.shared.engine.clock)() {
                resting
            } else {
                let opened = tokio::select! {
                    opened = self.way.open() => opened,
                    // Nothing was said about a mail yet: a relay that keeps silent is not waited for.
                    () = over(&self.shared.stop, self.shared.engine.patience.envelope_grace) => return Err(()),
                };
                match opened {
                    Ok(()) => return Ok(()),
                    Err(why) => self.shared.trouble(&why),
                }
            };
            if self.shared.engine.has_stand_in(&self.shared.transport) {
                self.shared.stop.cancel();
            }
            self.pause(until).await?;
        }
    }

    /// Waits until `until`; an error when the run stops first, or need not wait that long.
    async fn pause(&self, until: Millis) -> Result<(), ()> {
        let wait = until.0 - (self.shared.engine.clock)().0;
        if wait > PATIENCE {
            self.shared.stop.cancel();
            return Err(());
        }
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0).max(1));
        tokio::select! {
            () = self.shared.stop.cancelled() => Err(()),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}
