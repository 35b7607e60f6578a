//! Grants: what a lane asks for before a message goes out, and gives back if it does not.

use std::sync::Arc;

use tokio::time::Instant;

use super::Lane;
use crate::delivery::lease::Job;
use crate::delivery::recorder::{Grant, Pending, Wish};
use crate::delivery::route::Message;
use crate::domain::delivery::Outcome;
use crate::domain::time::Millis;
use crate::store::StoreError;

/// How long a lane leaves a database alone that could not tell what to send.
const DATABASE_PAUSE: i64 = 1_000;

/// A job with the answer to its intent on the way.
pub(super) struct Asked {
    job: Job,
    pending: Pending,
    /// Outcomes handed over before it, which its answer's commit holds as well.
    behind: u64,
}

/// A job that was granted, and what it says.
pub(in crate::delivery) struct Ready {
    pub(in crate::delivery) job: Job,
    pub(in crate::delivery) granted: Instant,
    /// When it took from limits what it takes.
    pub(in crate::delivery) taken_at: Millis,
    pub(super) message: Message,
}

impl Lane {
    /// Asks whether a job may go out; the answer comes with a commit.
    pub(super) async fn ask(&self, job: Job) -> Asked {
        let wish = Wish {
            id: job.claimed.id,
            transport: Arc::clone(&self.shared.transport),
            limit: job.limit.clone(),
            again: false,
        };
        Asked { behind: self.noted, pending: self.shared.engine.recorder.intend(wish).await, job }
    }

    /// Waits for the intent's commit, after which the row is marked `sending`, and writes the message. An error is a job
    /// that does not go out now; with a time, if a limit of the transport is used up until then.
    pub(super) async fn granted(&mut self, asked: Asked) -> Result<Ready, Option<Millis>> {
        let Asked { job, pending, behind } = asked;
        let answer = pending.granted().await;
        self.committed = self.committed.max(behind);
        let (granted, taken_at) = match answer {
            Grant::Start(at, taken_at) => (at, taken_at),
            Grant::Drop => return Err(None),
            Grant::Wait(until) => {
                self.shared.docket.put_back(job);
                return Err(Some(until));
            }
            Grant::StandAside(until) => {
                self.shared.docket.stand_aside(job, until);
                return Err(None);
            }
        };
        if self.shared.halt.is_cancelled() {
            self.release(job, taken_at).await;
            return Err(None);
        }
        match self.shared.letters.write(&job.claimed).await {
            Ok(message) => Ok(Ready { job, granted, taken_at, message }),
            Err(e) if e.chain().any(|cause| cause.is::<StoreError>()) => {
                // The database's trouble is none of the recipient's.
                self.release(job, taken_at).await;
                let _ = self.pause((self.shared.engine.clock)().plus(DATABASE_PAUSE)).await;
                Err(None)
            }
            Err(e) => {
                self.report.failed += 1;
                self.shared.record(&job, Outcome::Failed, Some(format!("not sent: {e:#}"))).await;
                Err(None)
            }
        }
    }

    /// Asks whether a message may still go out that was granted a while ago.
    pub(super) async fn renew(&self, ready: &mut Ready) -> bool {
        let job = &ready.job;
        let wish = Wish {
            id: job.claimed.id,
            transport: Arc::clone(&self.shared.transport),
            limit: job.limit.clone(),
            again: true,
        };
        match self.shared.engine.recorder.intend(wish).await.granted().await {
            Grant::Start(at, _) => {
                ready.granted = at;
                true
            }
            Grant::Drop | Grant::Wait(_) | Grant::StandAside(_) => {
                self.shared.record(job, Outcome::Released, None).await;
                self.shared.give_back(job, ready.taken_at).await;
                false
            }
        }
    }

    /// Gives back what was asked for and does not go out over this connection.
    pub(super) async fn release_all(&mut self) {
        while let Some(Asked { job, pending, .. }) = self.asked.pop_front() {
            match pending.granted().await {
                Grant::Start(_, taken_at) => self.release(job, taken_at).await,
                Grant::Drop => {}
                Grant::Wait(_) => self.shared.docket.put_back(job),
                Grant::StandAside(until) => self.shared.docket.stand_aside(job, until),
            }
        }
    }

    /// Gives back a job that was granted: certainly unsent, nobody shall take it for uncertain meanwhile.
    pub(super) async fn release(&self, job: Job, taken_at: Millis) {
        self.shared.record(&job, Outcome::Released, None).await;
        self.shared.give_back(&job, taken_at).await;
        self.shared.docket.put_back(job);
    }
}
