//! Documents about webhooks: their states and the attempts to deliver events.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::websub::redact_callback;
use crate::config::settings;
use crate::store::webhook_log::{self, WebhookState};
use crate::webhooks::event_id;

/// Webhook of the configuration with its state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Webhook {
    /// Name of the webhook in the configuration.
    pub name: String,
    /// Host and path of the URL.
    pub url: String,
    /// Kinds of events that it receives.
    pub events: Vec<String>,
    /// `active`, `failing` or `disabled`.
    pub state: String,
    /// Time since which every attempt failed (RFC 3339); `null` if the last one did not.
    #[schema(required)]
    pub failing_since: Option<String>,
    /// Time at which it was switched off (RFC 3339); `null` if it is not.
    #[schema(required)]
    pub disabled_at: Option<String>,
    /// Reason why it was switched off; `null` if it is not.
    #[schema(required)]
    pub reason: Option<String>,
    /// Number of events that wait for an attempt.
    pub pending: i64,
}

impl Webhook {
    /// Returns the document of a webhook; a state of another URL does not apply.
    pub fn new(webhook: &settings::Webhook, state: Option<&WebhookState>, pending: i64) -> Self {
        let state = state.filter(|state| state.url == webhook.url.as_str());
        let disabled_at = state.and_then(|state| state.disabled_at);
        let failing_since = state.and_then(|state| state.failing_since);
        let word = match (disabled_at, failing_since) {
            (Some(_), _) => "disabled",
            (None, Some(_)) => "failing",
            (None, None) => "active",
        };
        Self {
            name: webhook.name.clone(),
            url: redact_callback(webhook.url.as_str()),
            events: event_names(webhook),
            state: word.to_owned(),
            failing_since: failing_since.map(|at| at.rfc3339()),
            disabled_at: disabled_at.map(|at| at.rfc3339()),
            reason: state.and_then(|state| state.reason.clone()),
            pending,
        }
    }
}

/// Webhook with its settings, without the state that changes by itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookDetails {
    /// Name of the webhook in the configuration.
    pub name: String,
    /// Host and path of the URL.
    pub url: String,
    /// Kinds of events that it receives.
    pub events: Vec<String>,
    /// Number of its newest version; `null` if the config file defines the webhook.
    #[schema(required)]
    pub version: Option<i64>,
    /// Keys and values as in `[[webhooks]]`, with secrets as `***`; `null` if the config file defines
    /// the webhook.
    #[schema(required, value_type = Option<Object>)]
    pub settings: Option<Value>,
}

impl WebhookDetails {
    /// Returns the document of a webhook; `version` and `settings` are those of its definition in the
    /// database.
    pub fn new(webhook: &settings::Webhook, version: Option<i64>, settings: Option<Value>) -> Self {
        Self {
            name: webhook.name.clone(),
            url: redact_callback(webhook.url.as_str()),
            events: event_names(webhook),
            version,
            settings,
        }
    }
}

fn event_names(webhook: &settings::Webhook) -> Vec<String> {
    webhook.events.iter().map(|kind| kind.as_str().to_owned()).collect()
}

/// Attempt to deliver an event to a webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookAttempt {
    /// Id of the event, as in `webhook-id`; `null` for a test.
    #[schema(required)]
    pub event: Option<String>,
    /// Kind of the event; `null` for a test, and once the event was deleted.
    #[schema(required)]
    pub kind: Option<String>,
    /// Time of the attempt (RFC 3339).
    pub at: String,
    /// Duration of the attempt in milliseconds.
    pub duration_ms: i64,
    /// HTTP status of the response; `null` if there was none.
    #[schema(required)]
    pub status: Option<i64>,
    /// Reason why there was no response; `null` if there was one.
    #[schema(required)]
    pub error: Option<String>,
}

impl From<&webhook_log::WebhookAttempt> for WebhookAttempt {
    fn from(attempt: &webhook_log::WebhookAttempt) -> Self {
        Self {
            event: (attempt.event > 0).then(|| event_id(attempt.event)),
            kind: attempt.kind.map(|kind| kind.as_str().to_owned()),
            at: attempt.at.rfc3339(),
            duration_ms: attempt.duration_ms,
            status: attempt.status,
            error: attempt.error.clone(),
        }
    }
}

/// Event that is delivered to a webhook again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReplayedEvent {
    /// Name of the webhook.
    pub webhook: String,
    /// Id of the event.
    pub event: String,
}

/// Result of a test of a webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TestedWebhook {
    /// Name of the webhook.
    pub webhook: String,
    /// `true` if the receiver answered with a status of success.
    pub accepted: bool,
    /// HTTP status of the response; `null` if there was none.
    #[schema(required)]
    pub status: Option<i64>,
    /// Reason why there was no response; `null` if there was one.
    #[schema(required)]
    pub error: Option<String>,
}
