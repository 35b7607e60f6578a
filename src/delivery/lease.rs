//! What a job holds: when the last job of a block, or a single delivery's, is over, the feeder hears of it.

use tokio::sync::mpsc::UnboundedSender;

use crate::store::claims::Claimed;

/// What a node leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leased {
    /// A block of an edition.
    Block(i64),
    /// One waiting delivery.
    Single(i64),
}

/// Tells the feeder when it is dropped, which is after the last outcome of its jobs was committed.
#[derive(Debug)]
pub(super) struct Ticket {
    leased: Leased,
    over: UnboundedSender<Leased>,
}

impl Ticket {
    pub(super) fn new(leased: Leased, over: UnboundedSender<Leased>) -> Self {
        Self { leased, over }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // The feeder listens until every ticket is back; if it is gone, the lease runs out by itself.
        let _ = self.over.send(self.leased);
    }
}

/// A delivery on its way to a lane.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) claimed: Claimed,
    pub(super) ticket: std::sync::Arc<Ticket>,
}
