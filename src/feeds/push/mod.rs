//! Readers learn of news without asking (WebSub, W3C Recommendation of 2018): hubs elsewhere are told, our own sends.
//!
//! Nothing is queued per change. What each hub and subscriber has is kept, what is newest is known, and who has something else
//! is due; so a burst of changes is one push, and a crash loses none.

mod distribution;
mod hands;
pub mod hub;
mod publisher;
pub(super) mod retry;
pub mod signature;
mod verification;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use super::format::Format;
use super::http::{Client, Reach};
use super::made::Made;
use super::shelf::{Shelf, file_name};
use crate::config::Config;
use crate::domain::time::{MINUTE, Millis, SECOND};
use crate::store::pushes::Version;
use crate::store::{Store, StoreResult};
use hands::Hands;

/// How often what is over is swept out.
const SWEEP: i64 = MINUTE;
/// How often leases are prolonged.
const RENEW: i64 = 3 * SECOND;
/// How long requests under way may take to end once the program stops.
const GRACE: Duration = Duration::from_secs(3);

/// What a tick began; each errand ends by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Pings to hubs elsewhere.
    pub pings: usize,
    /// Questions to callbacks.
    pub questions: usize,
    /// Pushes to subscribers.
    pub pushes: usize,
    /// Subscribers told that their feed is no more.
    pub denials: usize,
}

/// Pushes for one node; cheap to clone.
#[derive(Debug, Clone)]
pub struct Pusher {
    own: Arc<Own>,
}

#[derive(Debug)]
struct Own {
    store: Store,
    config: Arc<Config>,
    shelf: Shelf,
    node: String,
    clock: fn() -> Millis,
    /// For the addresses that strangers named.
    callbacks: Client,
    /// For the hubs that the operator named.
    hubs: Client,
    hands: Arc<Hands>,
    /// One tick at a time.
    tick: tokio::sync::Mutex<()>,
    done: Mutex<Done>,
}

/// When chores were last done.
#[derive(Debug, Default)]
struct Done {
    swept: Option<Millis>,
    renewed: Option<Millis>,
}

/// A document as this node serves it.
#[derive(Debug, Clone)]
struct Served {
    version: Version,
    made: Arc<Made>,
}

impl Pusher {
    /// One for a node of this name, which pushes what is on its shelf.
    pub fn new(
        store: Store,
        config: Arc<Config>,
        shelf: Shelf,
        node: String,
        clock: fn() -> Millis,
    ) -> Self {
        let patience =
            Duration::from_millis(u64::try_from(config.push.timeout).unwrap_or_default());
        let site = &config.site.base_url;
        let callbacks =
            Client::new(Reach::Public { allow: config.push.allow.clone() }, patience, site);
        let hubs = Client::new(Reach::Anywhere, patience, site);
        let hands = Arc::new(Hands::new(config.push.connections));
        let (tick, done) = (tokio::sync::Mutex::new(()), Mutex::default());
        Self {
            own: Arc::new(Own {
                store,
                config,
                shelf,
                node,
                clock,
                callbacks,
                hubs,
                hands,
                tick,
                done,
            }),
        }
    }

    /// Begins whatever is due and has room, and waits for none of it: called at each beat, and when the bell rang.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn push_due(&self, now: Millis) -> StoreResult<Report> {
        let own = &self.own;
        let _alone = own.tick.lock().await;
        self.renew(now).await?;
        let served = self.served();
        let mut report =
            Report { pings: publisher::ping_due(own, &served, now).await?, ..Report::default() };
        if own.config.push.hub {
            report.questions = verification::ask_due(own, now).await?;
            report.pushes = distribution::push_due(own, &served, now).await?;
            if is_time(&mut own.done().swept, now, SWEEP) {
                own.store.forget_expired_subscriptions(now).await?;
                report.denials = verification::deny_orphans(own).await?;
            }
        }
        Ok(report)
    }

    /// Says that there may be something to push: the shelf changed.
    pub fn nudge(&self) {
        self.own.hands.ring();
    }

    /// Waits until there may be something to push before the next beat.
    pub async fn nudged(&self) {
        self.own.hands.rung().await;
    }

    /// Waits until nothing is in hand.
    pub async fn settle(&self) {
        self.own.hands.empty().await;
    }

    /// Ends in good order: what is under way has some seconds, the rest is left to others.
    ///
    /// # Errors
    /// When the store does not answer; then the leases run out by themselves.
    pub async fn finish(&self) -> StoreResult<()> {
        self.own.hands.lay_down(GRACE).await;
        self.own.store.give_errands_back(&self.own.node).await
    }

    async fn renew(&self, now: Millis) -> StoreResult<()> {
        let held = self.own.hands.rows();
        if held.iter().any(|(_, ids)| !ids.is_empty())
            && is_time(&mut self.own.done().renewed, now, RENEW)
        {
            self.own.store.renew_errands(&self.own.node, &held).await?;
        }
        Ok(())
    }

    /// What this node serves to everybody right now.
    fn served(&self) -> Vec<Served> {
        let of = |(feed, format): (&crate::config::Feed, Format)| {
            let made = self.own.shelf.get(&file_name(feed, format))?;
            let version = Version {
                feed: feed.name.clone(),
                format: format.extension().to_owned(),
                etag: made.etag.clone(),
            };
            Some(Served { version, made })
        };
        let public = self.own.config.feeds.iter().filter(|feed| feed.private.is_none());
        public.flat_map(|feed| Format::ALL.map(|format| (feed, format))).filter_map(of).collect()
    }
}

impl Own {
    fn done(&self) -> std::sync::MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Millis {
        (self.clock)()
    }
}

/// Whether a chore is due; then it counts as done.
fn is_time(last: &mut Option<Millis>, now: Millis, every: i64) -> bool {
    let due = last.is_none_or(|last| now.0 - last.0 >= every);
    if due {
        *last = Some(now);
    }
    due
}

fn versions(served: &[Served]) -> Vec<Version> {
    served.iter().map(|served| served.version.clone()).collect()
}

/// The host of an address that was checked before, in lower case.
fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Notes what a task could not write down; the errand's lease runs out, and it is done once more.
fn noted(result: StoreResult<()>) {
    if let Err(e) = result {
        tracing::warn!("what became of a push could not be noted, so it is made once more: {e}");
    }
}
