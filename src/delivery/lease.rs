//! What a job holds: its share of a lease, and its place among the messages to its recipient's domain.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::docket::Docket;
use crate::domain::provider::DomainLimit;
use crate::domain::rate::Rate;
use crate::store::claims::Claimed;

/// What a node leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

    /// Whether it is one waiting delivery's.
    pub(super) fn is_single(&self) -> bool {
        matches!(self.leased, Leased::Single(_))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // The feeder listens until every ticket is back; if it is gone, the lease runs out by itself.
        let _ = self.over.send(self.leased);
    }
}

/// A place among the messages in flight to a domain; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    place: Option<(Arc<str>, Arc<Docket>)>,
}

impl Pass {
    pub(super) fn new(domain: Arc<str>, docket: Arc<Docket>) -> Self {
        Self { place: Some((domain, docket)) }
    }

    /// Gives the place up without a word to the docket, which does the rest.
    pub(super) fn forgo(mut self) -> Option<Arc<str>> {
        self.place.take().map(|(domain, _)| domain)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some((domain, docket)) = self.place.take() {
            docket.leave(&domain);
        }
    }
}

/// What a recipient's domain takes; shared by all who go there.
#[derive(Debug)]
pub(super) struct Limit {
    /// What counts together.
    pub(super) key: Arc<str>,
    at_once: Option<u32>,
    pub(super) rates: Vec<Rate>,
}

impl Limit {
    pub(super) fn of(limit: &DomainLimit<'_>) -> Self {
        Self { key: limit.key.into(), at_once: limit.at_once, rates: limit.rates.to_vec() }
    }

    /// Whether one more may go while so many are in flight.
    pub(super) fn has_room(&self, in_flight: u32) -> bool {
        self.at_once.is_none_or(|most| in_flight < most)
    }
}

/// A delivery on its way to a lane.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) claimed: Claimed,
    pub(super) ticket: Arc<Ticket>,
    /// What its recipient's domain takes.
    pub(super) limit: Option<Arc<Limit>>,
    /// Set while a lane has it, if its domain has a limit.
    pub(super) pass: Option<Pass>,
}
