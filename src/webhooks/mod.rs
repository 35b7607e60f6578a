//! Webhooks: posts events to URLs, signed as Standard Webhooks describes, at least once each.
//!
//! The store records an event in the transaction of the change that it reports. A tick gives new events
//! to the webhooks that receive their kind, and sends what is due.

mod message;
mod retry;
mod sender;

pub use self::message::{event_id, parse_event_id, signature, test_event_id};
pub use self::sender::{DISABLED_AFTER, RETENTION, TestOutcome, WebhookReport, WebhookSender};
