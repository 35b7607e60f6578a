//! The feeder of a transport: leases what is due, hands it to the lanes, and gives back what is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::lane::{self, Shared};
use super::lease::{Job, Leased, Ticket};
use super::letters::Letters;
use super::{Engine, Report};
use crate::config::{Transport, Uncertain};
use crate::store::claims::Claimed;

/// How often a feeder looks for new work while lanes are busy.
const LOOK: Duration = Duration::from_millis(100);

/// After so many of a block, single deliveries are looked for.
const BETWEEN: usize = 32;

struct Feeder<'a> {
    engine: &'a Engine,
    transport: &'a Transport,
    stop: CancellationToken,
    jobs: mpsc::Sender<Job>,
    over: mpsc::UnboundedSender<Leased>,
    hears: mpsc::UnboundedReceiver<Leased>,
    /// Leases that are not over.
    open: usize,
    last_edition: i64,
}

/// Runs the lanes of a transport until nothing is due and nothing in flight.
pub(super) async fn run(engine: &Engine, transport: &Transport, wait: i64, stop: &CancellationToken) -> anyhow::Result<Report> {
    let (resting, why) = engine.health_of(&transport.name, |h| (h.rests_until(), h.why().map(str::to_owned)));
    if resting > (engine.clock)().plus(wait) {
        return Ok(Report { trouble: why, ..Report::default() });
    }
    // Nothing of this transport is in flight now: what a run that ended badly still holds goes back.
    engine.store.give_remains_back(&transport.name, &engine.node).await?;
    if !engine.store.has_work(&transport.name, &engine.node, (engine.clock)().plus(wait)).await? {
        return Ok(Report::default());
    }
    let (way, signer) = match engine.way(transport).and_then(|way| Ok((way, engine.signer(transport)?))) {
        Ok(found) => found,
        Err(why) => return Ok(Report { trouble: Some(why), ..Report::default() }),
    };
    let (jobs, receiver) = mpsc::channel(2 * transport.connections);
    let (over, hears) = mpsc::unbounded_channel();
    // A child: giving this relay up at present must not stop the others.
    let (halt, stop) = (stop.clone(), stop.child_token());
    let shared = Arc::new(Shared {
        engine: engine.clone(),
        transport: transport.clone(),
        letters: Letters::new(engine.clone(), transport, signer),
        way,
        jobs: Mutex::new(receiver),
        stop: stop.clone(),
        halt,
    });
    let mut lanes = JoinSet::new();
    for _ in 0..transport.connections {
        lanes.spawn(lane::run(Arc::clone(&shared)));
    }
    let mut feeder = Feeder { engine, transport, stop, jobs, over, hears, open: 0, last_edition: 0 };
    let fed = feeder.feed(wait).await;
    let Feeder { jobs, over, mut hears, open, .. } = feeder;
    drop(jobs);
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
    drop(over);
    engine.recorder.flush().await;
    let mut back = Vec::new();
    for _ in 0..open {
        let Some(leased) = hears.recv().await else { break };
        back.push(leased);
    }
    give_back(engine, &back).await?;
    if report.trouble.is_none() {
        report.trouble = engine.health_of(&transport.name, |h| h.why().map(str::to_owned));
    }
    match broken {
        Some(e) => Err(e.into()),
        None => fed.map(|()| report),
    }
}

/// Gives leases back, blocks one by one and singles together.
async fn give_back(engine: &Engine, over: &[Leased]) -> anyhow::Result<()> {
    let mut singles = Vec::new();
    for leased in over {
        match leased {
            Leased::Block(block) => engine.store.give_block_back(*block, &engine.node).await?,
            Leased::Single(id) => singles.push(*id),
        }
    }
    if !singles.is_empty() {
        engine.store.give_singles_back(&singles, &engine.node).await?;
    }
    Ok(())
}

impl Feeder<'_> {
    async fn feed(&mut self, wait: i64) -> anyhow::Result<()> {
        let deadline = (self.engine.clock)().plus(wait);
        while !self.stop.is_cancelled() {
            self.take_back().await?;
            let singles = self.singles().await?;
            let block = self.block().await?;
            if singles || block {
                continue;
            }
            if self.open > 0 {
                tokio::select! {
                    () = self.stop.cancelled() => {}
                    leased = self.hears.recv() => self.heard(leased.into_iter().collect()).await?,
                    () = tokio::time::sleep(LOOK) => {}
                }
                continue;
            }
            let next = self.engine.store.next_waiting(std::slice::from_ref(&self.transport.name)).await?;
            match next {
                Some(due) if due <= deadline => tokio::select! {
                    () = self.stop.cancelled() => {}
                    () = tokio::time::sleep(LOOK) => {}
                },
                _ => break,
            }
        }
        Ok(())
    }

    fn hold(&self) -> bool {
        self.transport.uncertain == Uncertain::Hold
    }

    /// Leases single deliveries that are due: confirmations and tests first, then retries.
    async fn singles(&mut self) -> anyhow::Result<bool> {
        let limit = i64::try_from(2 * self.transport.connections)?;
        let now = (self.engine.clock)();
        let claimed = self.engine.store.claim_waiting(&self.transport.name, &self.engine.node, limit, self.hold(), now).await?;
        let any = !claimed.is_empty();
        for delivery in claimed {
            let ticket = self.ticket(Leased::Single(delivery.id));
            self.hand_over(delivery, ticket).await?;
        }
        Ok(any)
    }

    /// Leases the next block, of another edition than the last where there is one.
    async fn block(&mut self) -> anyhow::Result<bool> {
        let (store, now) = (&self.engine.store, (self.engine.clock)());
        let claimed = store.claim_block(&self.transport.name, &self.engine.node, self.last_edition, self.hold(), now).await?;
        let Some((block, edition, deliveries)) = claimed else { return Ok(false) };
        self.last_edition = edition;
        let ticket = self.ticket(Leased::Block(block));
        for (n, delivery) in deliveries.into_iter().enumerate() {
            // A confirmation does not wait for a whole block.
            if n % BETWEEN == BETWEEN - 1 && !self.stop.is_cancelled() {
                self.singles().await?;
            }
            self.hand_over(delivery, Arc::clone(&ticket)).await?;
        }
        Ok(true)
    }

    fn ticket(&mut self, leased: Leased) -> Arc<Ticket> {
        self.open += 1;
        Arc::new(Ticket::new(leased, self.over.clone()))
    }

    /// Waits for a free lane, so that memory does not grow with the audience.
    async fn hand_over(&mut self, claimed: Claimed, ticket: Arc<Ticket>) -> anyhow::Result<()> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            // Without lanes nothing can go out; the ticket comes back and the lease with it.
            _ = self.jobs.send(Job { claimed, ticket }) => {}
        }
        Ok(())
    }

    async fn take_back(&mut self) -> anyhow::Result<()> {
        let mut over = Vec::new();
        while let Ok(leased) = self.hears.try_recv() {
            over.push(leased);
        }
        self.heard(over).await
    }

    async fn heard(&mut self, over: Vec<Leased>) -> anyhow::Result<()> {
        give_back(self.engine, &over).await?;
        self.open -= over.len();
        Ok(())
    }
}
