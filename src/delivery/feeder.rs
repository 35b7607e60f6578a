//! The feeder of a transport: leases what is due, puts it on the docket, and gives back what is over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::docket::Docket;
use super::lane::{self, Shared};
use super::lease::{Job, Leased, Limit, Ticket};
use super::letters::Letters;
use super::turns::Turns;
use super::{Engine, PATIENCE, Report};
use crate::config::{Transport, Uncertain};
use crate::domain::delivery::Outcome;
use crate::domain::provider::DomainLimit;
use crate::store::claims::{Claimed, Wanted};
use crate::store::outcomes::Record;

/// How often a feeder looks for new work while lanes are busy.
const LOOK: Duration = Duration::from_millis(100);

/// Jobs on a docket at most, so that memory does not grow with the audience.
const MOST: usize = 4_096;

struct Feeder<'a> {
    engine: &'a Engine,
    transport: &'a Transport,
    /// Whose mail it carries.
    names: Vec<String>,
    stop: CancellationToken,
    docket: Arc<Docket>,
    over: mpsc::UnboundedSender<Leased>,
    hears: mpsc::UnboundedReceiver<Leased>,
    /// Leases that are not over.
    open: usize,
    last_edition: i64,
    looked: Option<Instant>,
    /// Limits of domains met so far.
    limits: HashMap<String, Arc<Limit>>,
    turns: Turns,
}

/// Runs the lanes of a transport until nothing is due and nothing in flight.
pub(super) async fn run(
    engine: &Engine,
    transport: &Transport,
    wait: i64,
    stop: &CancellationToken,
) -> anyhow::Result<Report> {
    let health = engine.health_of(&transport.name);
    if let Some(trouble) = health.resting((engine.clock)().plus(wait)) {
        return Ok(Report { trouble, ..Report::default() });
    }
    let names = engine.carried_by(transport);
    let before = engine.others(transport).await;
    engine.give_remains_back(transport, &names).await?;
    let due = engine.store.has_work(&names, &engine.node, (engine.clock)().plus(wait)).await?;
    if !due && engine.nothing_comes(transport, before).await {
        return Ok(Report::default());
    }
    let (way, signer) =
        match engine.way(transport).and_then(|way| Ok((way, engine.signer(transport)?))) {
            Ok(found) => found,
            Err(why) => {
                // Others may stand in for it.
                health.trouble(&why, (engine.clock)());
                return Ok(Report { trouble: Some(why), ..Report::default() });
            }
        };
    let slowness = engine.slowness_of(&transport.name);
    let docket =
        Docket::new((2 * transport.connections).max(64), slowness.resting((engine.clock)()));
    let (over, hears) = mpsc::unbounded_channel();
    // A child: giving this relay up at present must not stop the others.
    let (halt, stop) = (stop.clone(), stop.child_token());
    let shared = Arc::new(Shared {
        engine: engine.clone(),
        transport: Arc::new(transport.clone()),
        letters: Letters::new(engine.clone(), transport, signer),
        docket: Arc::clone(&docket),
        health: health.clone(),
        slowness,
        stop: stop.clone(),
        halt,
    });
    let mut lanes = JoinSet::new();
    for _ in 0..transport.connections {
        lanes.spawn(lane::run(Arc::clone(&shared), way.clone()));
    }
    let (limits, turns) = (HashMap::new(), Turns::default());
    let mut feeder = Feeder {
        engine,
        transport,
        names,
        stop,
        docket,
        over,
        hears,
        open: 0,
        last_edition: 0,
        looked: None,
        limits,
        turns,
    };
    let fed = feeder.feed(wait).await;
    feeder.docket.close();
    let mut report = Report::default();
    let mut broken = None;
    while let Some(lane) = lanes.join_next().await {
        match lane {
            Ok(lane) => report.add(lane),
            // The other lanes finish what they have; what this one held goes back with its tickets.
            Err(e) => broken = Some(e),
        }
    }
    drop(shared);
    engine.recorder.flush().await;
    feeder.end().await?;
    if report.trouble.is_none() {
        report.trouble = health.why();
    }
    match broken {
        Some(e) => Err(e.into()),
        None => fed.map(|()| report),
    }
}

impl Feeder<'_> {
    async fn feed(&mut self, wait: i64) -> anyhow::Result<()> {
        let deadline = (self.engine.clock)().plus(wait);
        while !self.stop.is_cancelled() {
            self.take_back().await?;
            self.postpone().await;
            let others = self.engine.others(self.transport).await;
            let singles = self.singles().await?;
            let blocks = self.blocks().await?;
            if singles || blocks {
                continue;
            }
            let busy = self.open > 0;
            let next =
                if busy { None } else { self.engine.store.next_waiting(&self.names).await? };
            if !busy
                && next.is_none_or(|due| due > deadline)
                && self.engine.nothing_comes(self.transport, others).await
            {
                break;
            }
            let docket = Arc::clone(&self.docket);
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = docket.hungry.notified(), if busy => {}
                leased = self.hears.recv(), if busy => self.heard(leased.into_iter().collect()).await?,
                () = tokio::time::sleep(LOOK) => docket.look((self.engine.clock)()),
            }
        }
        Ok(())
    }

    fn wanted<'a>(&'a self, transports: &'a [String], besides: &'a [i64]) -> Wanted<'a> {
        let hold = self.transport.uncertain == Uncertain::Hold;
        Wanted { transports, node: &self.engine.node, besides, after: self.last_edition, hold }
    }

    /// Leases single deliveries that are due: confirmations and tests first, then retries.
    async fn singles(&mut self) -> anyhow::Result<bool> {
        let enough = 2 * self.transport.connections;
        let due = self.looked.is_none_or(|at| at.elapsed() >= LOOK);
        if !due || self.docket.len().letters >= enough || self.docket.len().all >= MOST {
            return Ok(false);
        }
        let held = Arc::clone(&self.engine.held);
        let mut held = held.lock().await;
        let limit = i64::try_from(enough)?;
        let names = self.own_share();
        let claimed = self
            .engine
            .store
            .claim_waiting(self.wanted(&names, &[]), limit, (self.engine.clock)())
            .await?;
        // As long as there are more, the next look comes at once.
        self.looked = (claimed.len() < enough).then(Instant::now);
        let any = !claimed.is_empty();
        for delivery in claimed {
            let leased = Leased::Single(delivery.id);
            held.by.insert(leased, self.transport.name.clone());
            let ticket = self.ticket(leased);
            let job = self.job(delivery, ticket);
            self.docket.add_letter(job);
        }
        Ok(any)
    }

    /// Whose mail it may take now: all it carries, unless it only stands by.
    fn own_share(&self) -> Vec<String> {
        if self.transport.weight > 0 {
            return self.names.clone();
        }
        self.names
            .iter()
            .filter(|name| self.engine.may_take(self.transport, name))
            .cloned()
            .collect()
    }

    /// Leases blocks until every edition that goes out has some on the docket.
    async fn blocks(&mut self) -> anyhow::Result<bool> {
        let mut any = false;
        for name in self.names.clone() {
            while !self.stop.is_cancelled() && self.docket.len().all < MOST {
                // Asked even where nobody shares: it costs next to nothing.
                if !self.engine.may_take(self.transport, &name) {
                    break;
                }
                if !self.block(&name).await? {
                    self.engine.pools.sated(&name, self.transport);
                    break;
                }
                any = true;
            }
        }
        Ok(any)
    }

    /// Leases one block of the mail of a transport.
    async fn block(&mut self, name: &String) -> anyhow::Result<bool> {
        let full = self.docket.full();
        let held = Arc::clone(&self.engine.held);
        let mut held = held.lock().await;
        let wanted = self.wanted(std::slice::from_ref(name), &full);
        let claimed = self.engine.store.claim_block(wanted, (self.engine.clock)()).await?;
        let Some((block, edition, deliveries)) = claimed else { return Ok(false) };
        held.by.insert(Leased::Block(block), self.transport.name.clone());
        drop(held);
        self.last_edition = edition;
        let (engine, all) = (self.engine, &self.engine.config.transports);
        engine.pools.took(all, name, self.transport, deliveries.len(), |other| engine.rests(other));
        let ticket = self.ticket(Leased::Block(block));
        let jobs: Vec<Job> = deliveries
            .into_iter()
            .map(|delivery| self.job(delivery, Arc::clone(&ticket)))
            .collect();
        self.docket.add(edition, jobs);
        Ok(true)
    }

    fn ticket(&mut self, leased: Leased) -> Arc<Ticket> {
        self.open += 1;
        Arc::new(Ticket::new(leased, self.over.clone()))
    }

    fn job(&mut self, claimed: Claimed, ticket: Arc<Ticket>) -> Job {
        // A letter somebody waits for is let through: there are few of them.
        let domain = claimed.address.rsplit_once('@').filter(|_| claimed.edition_id.is_some());
        let limit = domain.map(|(_, domain)| self.limit(domain));
        Job { claimed, ticket, limit, pass: None }
    }

    fn limit(&mut self, domain: &str) -> Arc<Limit> {
        let limit = self.transport.domains.of(domain).unwrap_or(DomainLimit {
            key: domain,
            at_once: None,
            rates: &[],
        });
        if let Some(known) = self.limits.get(limit.key) {
            return Arc::clone(known);
        }
        if self.limits.len() > MOST {
            self.limits.clear();
        }
        let made = Arc::new(Limit::of(&limit));
        self.limits.insert(limit.key.to_owned(), Arc::clone(&made));
        made
    }

    /// What its domain can't take for long waits in the store, so that nobody waits behind it.
    async fn postpone(&mut self) {
        for (job, until) in self.docket.take_late((self.engine.clock)().plus(PATIENCE)) {
            let until = job.limit.as_deref().map_or(until, |limit| self.turns.next(limit, until));
            let record = Record {
                id: job.claimed.id,
                outcome: Outcome::Postponed { until },
                may_retry_unknown: false,
                answer: None,
                is_single: job.ticket.is_single(),
            };
            self.engine.recorder.record(record, job.ticket).await;
        }
    }

    async fn take_back(&mut self) -> anyhow::Result<()> {
        let mut over = Vec::new();
        while let Ok(leased) = self.hears.try_recv() {
            over.push(leased);
        }
        self.heard(over).await
    }

    async fn heard(&mut self, over: Vec<Leased>) -> anyhow::Result<()> {
        self.engine.give_back(&over).await?;
        self.open -= over.len();
        Ok(())
    }

    /// Waits until everything is over, and gives it back.
    async fn end(mut self) -> anyhow::Result<()> {
        drop(self.over);
        let mut back = Vec::new();
        for _ in 0..self.open {
            let Some(leased) = self.hears.recv().await else { break };
            back.push(leased);
        }
        self.engine.give_back(&back).await
    }
}
