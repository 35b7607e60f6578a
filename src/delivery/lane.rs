//! A lane: one connection, one message after the other. Two steps are open at most: one message accepted but not yet
//! recorded, one on the wire (promise 4).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::health::Health;
use super::lease::Job;
use super::letters::Letters;
use super::recorder::{Grant, Pending};
use super::route::{Message, Way};
use super::{Engine, PATIENCE, Report};
use crate::config::{Transport, Uncertain};
use crate::domain::deferral::Deferral;
use crate::domain::delivery::{Outcome, UNKNOWN_WAIT, next_attempt};
use crate::domain::time::Millis;
use crate::mail::smtp::{Outcome as Heard, Scope};
use crate::store::StoreError;
use crate::store::claims::Claimed;
use crate::store::outcomes::Record;

/// A grant older than this is asked for again: an order about an edition works within a second.
const FRESH: Duration = Duration::from_millis(800);
/// How long a lane leaves a database alone that could not tell what to send.
const DATABASE_PAUSE: i64 = 1_000;

/// What all lanes of a transport share during a run.
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) transport: Transport,
    pub(super) letters: Letters,
    /// The way out, without a connection yet.
    pub(super) way: Way,
    pub(super) jobs: Mutex<mpsc::Receiver<Job>>,
    /// Fires when the daemon stops, or when the relay is given up for this run.
    pub(super) stop: CancellationToken,
    /// Fires when the daemon stops: what a limit granted before it was used up still goes out.
    pub(super) halt: CancellationToken,
}

/// A job with the answer to its intent on the way.
struct Asked {
    job: Job,
    pending: Pending,
}

/// Why a job does not go out now.
enum Stopped {
    /// It is not ours to send any more.
    NotOurs,
    /// It was granted, and is given back.
    GiveBack,
}

/// Sends jobs until there are no more; gives what became of them.
pub(super) async fn run(shared: Arc<Shared>) -> Report {
    let mut report = Report::default();
    let mut way = shared.way.clone();
    let mut next: Option<Asked> = None;
    loop {
        let asked = match next.take() {
            Some(asked) => asked,
            None => match shared.jobs.lock().await.recv().await {
                Some(_) if shared.stop.is_cancelled() => continue,
                Some(job) => match shared.ready(&mut way).await {
                    Ok(()) => shared.ask(job).await,
                    Err(()) => continue,
                },
                None => break,
            },
        };
        let Asked { job, pending } = asked;
        if shared.halt.is_cancelled() {
            // A granted intent is given back; one that was not, was never ours.
            if let Grant::Start(_) = pending.granted().await {
                shared.record(&job, Outcome::Released, None).await;
            }
            continue;
        }
        let written = shared.letters.write(&job.claimed).await;
        match shared.start(&job, pending, &mut way).await {
            Err(Stopped::NotOurs) => continue,
            Err(Stopped::GiveBack) => {
                shared.record(&job, Outcome::Released, None).await;
                continue;
            }
            Ok(()) => {}
        }
        // Asked for while this message is on the wire, so that its commit costs no time.
        let ahead = shared.jobs.try_lock().ok().and_then(|mut jobs| jobs.try_recv().ok());
        if let Some(job) = ahead {
            next = Some(shared.ask(job).await);
        }
        let message: Message = match written {
            Ok(message) => message,
            Err(e) if e.chain().any(|cause| cause.is::<StoreError>()) => {
                // The database's trouble is none of the recipient's.
                shared.record(&job, Outcome::Released, None).await;
                let _ = shared.pause((shared.engine.clock)().plus(DATABASE_PAUSE)).await;
                continue;
            }
            Err(e) => {
                report.failed += 1;
                shared.record(&job, Outcome::Failed, Some(format!("not sent: {e:#}"))).await;
                continue;
            }
        };
        let heard = way.send(message, &shared.halt).await;
        shared.engine.attempted.fetch_add(1, Ordering::Relaxed);
        shared.note(job, heard, &mut report).await;
    }
    way.close().await;
    report
}

impl Shared {
    async fn ask(&self, job: Job) -> Asked {
        let pending = self.engine.recorder.intend(job.claimed.id, &self.transport.name).await;
        Asked { job, pending }
    }

    /// Waits until the way is open, so that no limit is spent on a relay that is away; an error when the run ends first.
    async fn ready(&self, way: &mut Way) -> Result<(), ()> {
        while let Err(until) = self.open(way).await {
            self.pause(until).await?;
        }
        Ok(())
    }

    /// Waits for the intent's commit, the transport's limits and the relay's health; after `Ok` the row is marked
    /// `sending` and the way is open.
    async fn start(&self, job: &Job, mut pending: Pending, way: &mut Way) -> Result<(), Stopped> {
        loop {
            match pending.granted().await {
                Grant::Drop => return Err(Stopped::NotOurs),
                Grant::Wait(until) => {
                    self.health(|h| h.limited(until));
                    self.pause(until).await.map_err(|()| Stopped::NotOurs)?;
                }
                Grant::Start(_) if self.halt.is_cancelled() => return Err(Stopped::GiveBack),
                // While the message before it was on the wire, its edition may have been paused or its reader have left.
                Grant::Start(at) if at.elapsed() > FRESH => self.record(job, Outcome::Released, None).await,
                Grant::Start(_) => match self.open(way).await {
                    Ok(()) => return Ok(()),
                    Err(until) => {
                        // Certainly unsent: nobody shall take it for uncertain while the relay is away.
                        self.record(job, Outcome::Released, None).await;
                        self.pause(until).await.map_err(|()| Stopped::NotOurs)?;
                    }
                },
            }
            pending = self.engine.recorder.intend(job.claimed.id, &self.transport.name).await;
        }
    }

    async fn open(&self, way: &mut Way) -> Result<(), Millis> {
        let resting = self.health(|h| h.until());
        if resting > (self.engine.clock)() {
            return Err(resting);
        }
        match way.open().await {
            Ok(()) => Ok(()),
            Err(why) => Err(self.trouble(&why)),
        }
    }

    /// Waits until `until`; an error when the run stops first, or need not wait that long.
    async fn pause(&self, until: Millis) -> Result<(), ()> {
        let wait = until.0 - (self.engine.clock)().0;
        if wait > PATIENCE {
            self.stop.cancel();
            return Err(());
        }
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0).max(1));
        tokio::select! {
            () = self.stop.cancelled() => Err(()),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    fn health<T>(&self, of: impl FnOnce(&mut Health) -> T) -> T {
        self.engine.health_of(&self.transport.name, of)
    }

    /// Notes trouble with the relay; gives until when it is left alone.
    fn trouble(&self, why: &str) -> Millis {
        let now = (self.engine.clock)();
        let (is_new, until) = self.health(|h| (h.trouble(why, now), h.until()));
        if is_new {
            tracing::warn!(transport = %self.transport.name, "{why}; it is tried again, nothing is lost");
        }
        until
    }

    fn well(&self) {
        if self.health(Health::well) {
            tracing::info!(transport = %self.transport.name, "the relay takes mail again");
        }
    }

    /// Turns what the relay said into what becomes of the row.
    async fn note(&self, job: Job, heard: Heard, report: &mut Report) {
        let (now, claimed) = ((self.engine.clock)(), &job.claimed);
        let (outcome, words) = match heard {
            Heard::Sent { answer } => {
                self.well();
                self.engine.message_accepted(claimed.edition_id);
                report.sent += 1;
                (Outcome::Sent, answer.to_string())
            }
            Heard::Deferred { answer, scope } => {
                if scope == Scope::Relay && !self.engine.is_its_own_trouble(claimed.id) {
                    self.trouble(&answer.to_string());
                }
                self.put_off(claimed, answer.deferral(), answer.to_string(), now, report)
            }
            Heard::Refused { answer, scope } => {
                report.failed += 1;
                if scope != Scope::Recipient {
                    self.engine.message_refused(claimed.edition_id, &claimed.address, &answer.to_string()).await;
                }
                (Outcome::Failed, answer.to_string())
            }
            Heard::Unknown { why } => {
                if !self.may_retry_unknown(&job) {
                    report.held += 1;
                }
                (Outcome::Unknown { until: now.plus(UNKNOWN_WAIT) }, why)
            }
            // Heard over and over for one mail while others pass, it is that mail's, and must neither block them nor last.
            Heard::RelayTrouble { why } if self.engine.is_its_own_trouble(claimed.id) => {
                self.put_off(claimed, Deferral::default(), why, now, report)
            }
            Heard::RelayTrouble { why } => {
                self.trouble(&why);
                (Outcome::Released, why)
            }
        };
        self.record(&job, outcome, Some(words)).await;
    }

    /// Tries a delivery again later, or gives it up when its time is over.
    fn put_off(&self, claimed: &Claimed, deferral: Deferral, words: String, now: Millis, report: &mut Report) -> (Outcome, String) {
        // The attempts so far and a number of the row's own spread thousands that were put off together.
        let jitter = (claimed.id.wrapping_mul(7919).wrapping_add(claimed.attempts * 104_729)).rem_euclid(1000);
        let since = claimed.first_tried_at.unwrap_or(now);
        if let Some(until) = next_attempt(since, claimed.attempts + 1, now, jitter, deferral) {
            report.deferred += 1;
            (Outcome::Deferred { until }, words)
        } else {
            report.failed += 1;
            (Outcome::Failed, format!("given up after four days: {words}"))
        }
    }

    fn may_retry_unknown(&self, job: &Job) -> bool {
        job.claimed.uncertain == 0 && self.transport.uncertain == Uncertain::Retry
    }

    async fn record(&self, job: &Job, outcome: Outcome, answer: Option<String>) {
        let record = Record {
            id: job.claimed.id,
            outcome,
            may_retry_unknown: self.may_retry_unknown(job),
            answer,
            transport: self.transport.name.clone(),
            edition_id: job.claimed.edition_id,
        };
        self.engine.recorder.record(record, Arc::clone(&job.ticket)).await;
    }
}
