//! Sends the due deliveries: durable rows, leased batches, one group commit for all connections,
//! and an outcome for every recipient (guarantee 4).

mod activity;
mod attempt;
mod balancer;
mod breakers;
mod dispatcher;
mod domain_slots;
mod edition_commands;
mod edition_export;
mod failure_log;
mod fetcher;
mod lease;
mod lease_registry;
mod message_builder;
mod node_leases;
mod pacing;
mod queue;
mod recorder;
mod report;
mod snapshot;
pub mod thread;
mod transport;
mod transport_run;
mod transport_state;
mod worker;

pub use activity::OutcomeCounts;
pub use dispatcher::{Dispatcher, check_dkim_keys};
pub use edition_commands::{run_edition_command, settle_editions};
pub use edition_export::{DeliveryExport, DeliverySelection, export_deliveries};
pub use report::Report;
pub use snapshot::TransportSnapshot;
pub use worker::PERMIT_TTL;
