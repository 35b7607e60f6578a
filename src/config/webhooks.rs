//! Parses `[[webhooks]]`: URLs that receive events.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::names::{read_name, read_slug};
use super::reader::Reader;
use super::settings::{Config, Webhook, WebhookSecret};
use crate::domain::event::{EventKind, EventKinds};

/// Prefix of a secret (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";
/// Lengths of a secret in bytes (Standard Webhooks).
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Reads one `[[webhooks]]` table.
pub(super) fn read(mut reader: Reader<'_>) -> Option<Webhook> {
    let name = read_name(&mut reader);
    let was = reader.list("was", read_slug);
    let url = reader.required("url", "write the URL that receives the events", parse_url);
    let events = reader.list("events", parse_event);
    if matches!(&events, Some(events) if events.is_empty()) {
        reader.missing("events", &format!("list some of {}", event_names()));
    }
    let remedy = "write \"whsec_\" and the output of `openssl rand -base64 32`";
    let secret = reader.required("secret", remedy, parse_secret);
    let previous_secret = reader.optional("previous_secret", parse_secret);
    Some(Webhook {
        name: name?,
        former_names: was?,
        url: url?,
        events: events.filter(|events| !events.is_empty())?,
        secret: secret?,
        previous_secret: previous_secret?,
    })
}

fn parse_url(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text.trim()).map_err(|e| {
        format!("not a valid URL ({e}); write for example https://hooks.example.edu/courant")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must start with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "must not contain a user name or password; the signature authenticates the sender"
                .to_owned(),
        );
    }
    url.set_fragment(None);
    Ok(url)
}

fn event_names() -> String {
    EventKind::ALL.map(|kind| format!("\"{kind}\"")).join(", ")
}

fn parse_event(text: &str) -> Result<EventKind, String> {
    text.parse().map_err(|_| format!("`{text}` is not one of {}", event_names()))
}

/// Parses a secret. Errors never quote it.
fn parse_secret(text: &str) -> Result<WebhookSecret, String> {
    let encoded = text.trim().strip_prefix(SECRET_PREFIX);
    let key = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
    key.filter(|key| SECRET_BYTES.contains(&key.len())).map(WebhookSecret).ok_or_else(|| {
        "not a valid secret: it must be \"whsec_\" and 24 to 64 bytes in Base64, for example the output of `openssl rand -base64 32`".to_owned()
    })
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Config {
    /// Returns the kinds of events that any webhook receives.
    pub fn webhook_events(&self) -> EventKinds {
        self.webhooks.iter().flat_map(|webhook| webhook.events.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_whsec_and_24_to_64_bytes() {
        let secret = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for bytes in [24, 32, 64] {
            assert_eq!(parse_secret(&secret(bytes)).unwrap().0, vec![7; bytes]);
        }
        for invalid in [secret(23), secret(65), STANDARD.encode([7; 32]), "whsec_%".into()] {
            let error = parse_secret(&invalid).unwrap_err();
            assert!(!error.contains(&invalid), "{error}");
        }
        assert_eq!(format!("{:?}", parse_secret(&secret(32)).unwrap()), "***");
    }

    #[test]
    fn urls_are_http_without_credentials() {
        assert_eq!(
            parse_url(" https://a.example/x?y#z ").unwrap().as_str(),
            "https://a.example/x?y"
        );
        for invalid in ["", "/x", "ftp://a.example/", "https://u:p@a.example/"] {
            assert!(parse_url(invalid).is_err(), "{invalid}");
        }
    }
}
