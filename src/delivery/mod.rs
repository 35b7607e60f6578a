//! Mails go out: durable rows, leased blocks, one commit for all connections, an answer for every recipient (promise 4).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::anyhow;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Transport};
use crate::domain::edition::Order;
use crate::domain::time::{MINUTE, Millis};
use crate::mail::dkim::Signer;
use crate::mail::smtp::Patience;
use crate::store::Store;
use crate::store::instance::Instance;
use crate::templates::Templates;

mod attempt;
mod docket;
mod feeder;
mod hands;
mod health;
mod lane;
mod lease;
mod letters;
mod orders;
mod pool;
mod recorder;
mod route;
mod slowness;
mod standing;
pub mod thread;
mod turns;

use hands::Held;
use health::Health;
pub use lane::FRESH;
pub use orders::{close_editions, order};
use pool::Pools;
use recorder::Recorder;
use route::Way;
use slowness::Slowness;
use standing::{Standings, Verdict};

/// What a run of deliveries did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Accepted by relays.
    pub sent: u64,
    /// Refused for good.
    pub failed: u64,
    /// Put off for a later attempt.
    pub deferred: u64,
    /// Of unknown outcome, held for an admin.
    pub held: u64,
    /// Why a relay could not be used, if so.
    pub trouble: Option<String>,
}

impl Report {
    /// How many messages were tried.
    pub fn attempts(&self) -> u64 {
        self.sent + self.failed + self.deferred + self.held
    }

    /// Adds another run's numbers.
    pub fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.failed += other.failed;
        self.deferred += other.deferred;
        self.held += other.held;
        self.trouble = self.trouble.take().or(other.trouble);
    }
}

/// Everything that sending needs; one for a process.
#[derive(Clone)]
pub struct Engine {
    store: Store,
    config: Arc<Config>,
    templates: Arc<Templates>,
    instance: Arc<Instance>,
    node: String,
    clock: fn() -> Millis,
    patience: Patience,
    recorder: Recorder,
    health: Arc<Mutex<HashMap<String, Health>>>,
    slowness: Arc<Mutex<HashMap<String, Slowness>>>,
    pools: Arc<Pools>,
    standings: Arc<Standings>,
    /// What the runs of this process have leased, by transport; locked while something is leased.
    held: Arc<tokio::sync::Mutex<Held>>,
    attempted: Arc<AtomicU64>,
    /// How often in a row the relay answered a delivery with trouble of its own.
    troubled: Arc<Mutex<HashMap<i64, u32>>>,
    /// Read once: a relay's TLS settings take the system's whole list of authorities.
    ways: Arc<Mutex<HashMap<String, Way>>>,
    /// Read once, as the ways: keys do not change under a run.
    signers: Arc<Mutex<HashMap<String, Option<Signer>>>>,
}

/// A delivery that meets the relay's trouble so often in a row is put off by itself, like one that must wait.
const ITS_OWN: u32 = 3;
/// How often leases are prolonged: a third of what they last.
const RENEWAL: Duration = Duration::from_secs(4);
/// What a limit or a back-off holds for longer is left waiting.
pub(crate) const PATIENCE: i64 = MINUTE;

impl Engine {
    /// Makes the engine of a node; its name must be new at every start.
    pub fn new(
        store: Store,
        config: Arc<Config>,
        templates: Arc<Templates>,
        instance: Arc<Instance>,
        node: String,
        clock: fn() -> Millis,
    ) -> Self {
        let recorder = Recorder::start(store.clone(), node.clone(), clock);
        Self {
            store,
            config,
            templates,
            instance,
            node,
            clock,
            patience: Patience::default(),
            recorder,
            health: Arc::default(),
            slowness: Arc::default(),
            pools: Arc::default(),
            standings: Arc::default(),
            held: Arc::default(),
            attempted: Arc::default(),
            troubled: Arc::default(),
            ways: Arc::default(),
            signers: Arc::default(),
        }
    }

    /// The same engine with other deadlines towards relays.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// This node's name.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Sends all that is due over a transport and returns when nothing is in flight; what becomes due within `wait`
    /// milliseconds is waited for. When `stop` fires, what is in flight is finished and the rest given back.
    pub async fn deliver_due(
        &self,
        transport: &Transport,
        wait: i64,
        stop: &CancellationToken,
    ) -> anyhow::Result<Report> {
        feeder::run(self, transport, wait, stop).await
    }

    /// Prolongs this node's leases until `done` fires; runs beside every delivery.
    pub async fn keep_leases(&self, done: &CancellationToken) {
        loop {
            tokio::select! {
                () = done.cancelled() => return,
                () = tokio::time::sleep(RENEWAL) => {}
            }
            // A failure is told by the commits, which need the same database.
            if let Err(e) = self.store.renew_leases(&self.node).await {
                tracing::debug!("leases could not be prolonged: {e}");
            }
        }
    }

    /// How many messages were attempted since the engine was made.
    pub fn attempted(&self) -> u64 {
        self.attempted.load(Ordering::Relaxed)
    }

    /// Waits until every outcome is committed and gives all leases back.
    pub async fn finish(&self) -> anyhow::Result<()> {
        self.recorder.close().await;
        Ok(self.store.give_leases_back(&self.node).await?)
    }

    /// The way a transport leads, made once; the error is one sentence about its settings.
    fn way(&self, transport: &Transport) -> Result<Way, String> {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = ways.get(&transport.name) {
            return Ok(way.clone());
        }
        let way = Way::of(transport, self.patience)?;
        ways.insert(transport.name.clone(), way.clone());
        Ok(way)
    }

    /// What a transport signs with, read once; the error is a sentence for each key that can't be used.
    fn signer(&self, transport: &Transport) -> Result<Option<Signer>, String> {
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signer) = signers.get(&transport.name) {
            return Ok(signer.clone());
        }
        let signer = Signer::of(transport).map_err(|faults| faults.join("; "))?;
        signers.insert(transport.name.clone(), signer.clone());
        Ok(signer)
    }

    /// Counts the relay's trouble over one delivery; gives whether it is that delivery's by now, for others went through.
    fn is_its_own_trouble(&self, delivery: i64) -> bool {
        let mut troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        // Forgetting costs a few more rounds; it must not cost memory.
        if troubled.len() > 10_000 {
            troubled.clear();
        }
        let times = troubled.entry(delivery).or_default();
        *times += 1;
        let own = *times >= ITS_OWN;
        if own {
            troubled.remove(&delivery);
        }
        own
    }

    fn health_of(&self, transport: &str) -> Health {
        self.health
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(transport.to_owned())
            .or_default()
            .clone()
    }

    fn slowness_of(&self, transport: &str) -> Slowness {
        self.slowness
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(transport.to_owned())
            .or_default()
            .clone()
    }

    /// Whether a transport can't be used now.
    fn rests(&self, transport: &str) -> bool {
        self.health_of(transport).is_away((self.clock)())
    }

    /// Whether a transport may take mail that is queued for `name` now, for others may carry it too.
    fn may_take(&self, transport: &Transport, name: &str) -> bool {
        self.pools.may_take(&self.config.transports, name, transport, |other| self.rests(other))
    }

    /// Whether another transport can carry what this one can't.
    pub fn has_stand_in(&self, transport: &Transport) -> bool {
        let all = &self.config.transports;
        self.carried_by(transport).iter().any(|name| {
            pool::members(all, name).any(|t| t.name != transport.name && !self.rests(&t.name))
        })
    }

    /// The transports whose mail this one carries.
    fn carried_by(&self, transport: &Transport) -> Vec<String> {
        std::iter::once(&transport.name).chain(&transport.shares).cloned().collect()
    }

    /// Judges a refusal of the sender or the message; gives whether it fails its recipient, or is to be sent after a pause.
    async fn message_refused(
        &self,
        edition: i64,
        address: &str,
        started: Instant,
        answer: &str,
    ) -> bool {
        match self.standings.refused(edition, address, started) {
            Verdict::Fails => return true,
            Verdict::Spares => return false,
            Verdict::Pauses(often) => {
                let note = format!(
                    "paused because the relay refused the sender or the message {often}, at last with: {answer}"
                );
                match self.store.order(edition, Order::Pause, Some(note.clone())).await {
                    Ok(_) => tracing::error!(edition, "{note}"),
                    Err(e) => tracing::debug!(edition, "could not be paused: {e}"),
                }
                self.standings.paused(edition);
            }
        }
        true
    }
}

/// Refuses transports whose keys can't be read or used, before anything is begun; the error is a sentence for each key.
pub fn check_keys(transports: &[Transport]) -> anyhow::Result<()> {
    let faults: Vec<String> =
        transports.iter().filter_map(|transport| Signer::of(transport).err()).flatten().collect();
    if faults.is_empty() { Ok(()) } else { Err(anyhow!(faults.join("\n"))) }
}
