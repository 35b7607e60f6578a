//! Messages to webhooks: their ids, bodies and signatures (Standard Webhooks).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::settings::{Webhook, WebhookSecret};
use crate::domain::time::Millis;
use crate::store::webhooks::Event;

/// Prefix of the id of an event outside of the database.
const ID_PREFIX: &str = "evt_";

/// Returns the id of an event in `webhook-id` and on the command line.
pub fn event_id(id: i64) -> String {
    format!("{ID_PREFIX}{id}")
}

/// Parses the id that [`event_id`] returns, also without its prefix.
pub fn parse_event_id(text: &str) -> Option<i64> {
    text.strip_prefix(ID_PREFIX).unwrap_or(text).parse().ok()
}

/// Returns the id of a test from random bytes; tests have no row in the database.
pub fn test_event_id(random: [u8; 8]) -> String {
    format!("{ID_PREFIX}test_{}", hex::encode(random))
}

/// Returns the signature of a message, in the form of version 1: `v1,` and Base64.
pub fn signature(secret: &WebhookSecret, id: &str, timestamp: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&secret.0) else {
        unreachable!("HMAC accepts keys of any length")
    };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Returns the value of `webhook-signature`: a signature with each secret of the webhook.
pub(super) fn signatures(webhook: &Webhook, id: &str, timestamp: i64, body: &[u8]) -> String {
    let secrets = [Some(&webhook.secret), webhook.previous_secret.as_ref()];
    let all = secrets.into_iter().flatten().map(|secret| signature(secret, id, timestamp, body));
    all.collect::<Vec<_>>().join(" ")
}

/// Returns the body of an event, which is the same at every attempt.
pub(super) fn event_body(event: &Event) -> String {
    body(event.kind.as_str(), event.at, &event.data)
}

/// Returns the body of a test.
pub(super) fn test_body(now: Millis) -> String {
    body("webhook.test", now, "{}")
}

fn body(kind: &str, at: Millis, data: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"timestamp\":\"{}\",\"data\":{data}}}", at.rfc3339())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::EventKind;

    #[test]
    fn a_signature_covers_id_time_and_body() {
        let secret = WebhookSecret(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        // The example of the specification.
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        for (id, at, body) in [
            ("msg_x", 1_614_265_330, &body[..]),
            ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1, body),
            ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{}"),
        ] {
            assert_ne!(signature(&secret, id, at, body), signed);
        }
    }

    #[test]
    fn a_body_is_json_with_type_time_and_data() {
        let event = Event {
            id: 7,
            kind: EventKind::EditionStarted,
            data: "{\"id\":3}".into(),
            at: Millis(0),
        };
        let body: serde_json::Value = serde_json::from_str(&event_body(&event)).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"type": "edition.started", "timestamp": Millis(0).rfc3339(), "data": {"id": 3}})
        );
        assert_eq!(
            (parse_event_id(&event_id(7)), parse_event_id("7"), parse_event_id("x")),
            (Some(7), Some(7), None)
        );
    }
}
