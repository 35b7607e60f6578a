//! Documents about the built-in WebSub hub: its subscribers.

use serde::Serialize;
use url::{Position, Url};
use utoipa::ToSchema;

use crate::store::hub_subscriptions::{self, PushState};

/// WebSub subscriber of one feed document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HubSubscription {
    /// Name of the feed in the configuration.
    pub feed: String,
    /// Format of the document: `rss`, `atom` or `json`.
    pub format: String,
    /// Host and path of the callback; empty if it is not a valid URL.
    pub callback: String,
    /// Time at which the subscription expires unless renewed (RFC 3339).
    pub expires_at: String,
    /// State of the pushes: `current`, `due`, `failing` or `given_up`.
    pub push: String,
    /// Number of consecutive failed pushes of the newest version; 0 unless `failing`.
    pub failed_attempts: i64,
    /// Time of the next attempt (RFC 3339); `null` unless `failing`.
    #[schema(required)]
    pub retry_at: Option<String>,
}

impl From<&hub_subscriptions::HubSubscription> for HubSubscription {
    fn from(s: &hub_subscriptions::HubSubscription) -> Self {
        let (push, failed_attempts, retry_at) = match s.push_state {
            PushState::Current => ("current", 0, None),
            PushState::Due => ("due", 0, None),
            PushState::Failing { attempts, retry_at } => {
                ("failing", attempts, Some(retry_at.rfc3339()))
            }
            PushState::GivenUp => ("given_up", 0, None),
        };
        Self {
            feed: s.feed.clone(),
            format: s.format.clone(),
            callback: redact_callback(&s.callback),
            expires_at: s.expires_at.rfc3339(),
            push: push.to_owned(),
            failed_attempts,
            retry_at,
        }
    }
}

/// Returns the host and path of a callback, because its query often contains a secret.
pub fn redact_callback(callback: &str) -> String {
    Url::parse(callback).map_or_else(
        |_| String::new(),
        |url| url[Position::BeforeHost..Position::AfterPath].to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::redact_callback;

    #[test]
    fn only_host_and_path_of_a_callback_are_shown() {
        assert_eq!(
            redact_callback("https://u:hush@reader.example:8443/push/5d1c?k=hush#hush"),
            "reader.example:8443/push/5d1c"
        );
        assert_eq!(redact_callback("http://[2001:db8::1]/"), "[2001:db8::1]/");
        assert_eq!(redact_callback("hush"), "");
    }
}
