//! Parses `[websub]`: the built-in hub, and external hubs to notify.

use url::Url;

use super::reader::Reader;
use super::settings::{Config, Feed, IpNetwork, WebSubSettings};
use crate::domain::duration;
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::{MINUTE, SECOND, SignedDuration};

/// Reads the `[websub]` table.
pub(super) fn read(mut reader: Reader<'_>) -> Option<WebSubSettings> {
    let hub = reader.boolean("hub", false);
    let hubs = reader.list("hubs", hub_url);
    let allowed_networks = reader.list("allowed_networks", IpNetwork::parse);
    let max_subscriptions = reader.integer("subscriptions", 10_000, 1..=1_000_000);
    let max_subscriptions_per_host = reader.integer("subscriptions_per_host", 1_000, 1..=1_000_000);
    let max_bytes = reader.integer("max_bytes", 5_000_000, 10_000..=100_000_000);
    let timeout = reader.or_default("timeout", 10 * SECOND, timeout);
    let connections = reader.integer("connections", 32, 4..=1_000);
    Some(WebSubSettings {
        hub: hub?,
        hubs: hubs?,
        allowed_networks: allowed_networks?,
        max_subscriptions: max_subscriptions?,
        max_subscriptions_per_host: max_subscriptions_per_host?,
        max_bytes: max_bytes?,
        timeout: timeout?,
        connections: connections?,
    })
}

fn hub_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).map_err(|e| {
        format!("`{text}` is not a valid URL ({e}); write for example https://hub.example/")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{text}` must start with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(
            "the URL is public and must not contain a user name, a password or a #".to_owned()
        );
    }
    Ok(url.into())
}

fn timeout(text: &str) -> Result<SignedDuration, String> {
    let timeout = duration::parse(text)?;
    if (SECOND..=MINUTE).contains(&timeout) {
        Ok(timeout)
    } else {
        Err(format!("must be between 1s and 1m (found {text})"))
    }
}

impl Config {
    /// Returns the hubs of a feed: all hubs for a declared public feed, none for others.
    pub fn hubs_of(&self, feed: &Feed) -> Vec<String> {
        let is_declared_public = self
            .feeds
            .iter()
            .any(|declared| declared.name == feed.name && declared.secret.is_none());
        if is_declared_public { self.hubs() } else { Vec::new() }
    }

    /// Returns the hubs at which readers can subscribe to public feeds, the built-in hub first.
    pub fn hubs(&self) -> Vec<String> {
        let own = self.websub.hub.then(|| SiteUrls(&self.site.base_url).hub());
        own.into_iter().chain(self.websub.hubs.iter().cloned()).collect()
    }
}
