//! `[push]`: the hubs that tell readers of news, ours and others.

use url::Url;

use super::reader::Reader;
use super::settings::{Config, Feed, Network, Push};
use crate::domain::duration;
use crate::domain::links::Links;
use crate::domain::time::{MINUTE, SECOND};

/// Reads `[push]`.
pub(super) fn read(mut reader: Reader<'_>) -> Option<Push> {
    let hub = reader.flag("hub", false);
    let hubs = reader.list("hubs", hub_url);
    let allow = reader.list("allow", Network::parse);
    let subscriptions = reader.count("subscriptions", 10_000, 1..=1_000_000);
    let subscriptions_per_host = reader.count("subscriptions_per_host", 1_000, 1..=1_000_000);
    let max_bytes = reader.count("max_bytes", 5_000_000, 10_000..=100_000_000);
    let timeout = reader.or("timeout", 10 * SECOND, timeout);
    let connections = reader.count("connections", 32, 4..=1_000);
    Some(Push {
        hub: hub?,
        hubs: hubs?,
        allow: allow?,
        subscriptions: subscriptions?,
        subscriptions_per_host: subscriptions_per_host?,
        max_bytes: max_bytes?,
        timeout: timeout?,
        connections: connections?,
    })
}

fn hub_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim())
        .map_err(|e| format!("`{text}` is no address ({e}): write one as https://hub.example/"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{text}` is neither http:// nor https://"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(
            "readers see it, and it has no place for a user name, a password or a #".to_owned()
        );
    }
    Ok(url.into())
}

fn timeout(text: &str) -> Result<i64, String> {
    let timeout = duration::parse(text)?;
    if (SECOND..=MINUTE).contains(&timeout) {
        Ok(timeout)
    } else {
        Err(format!("`{text}` is not between 1s and 1m"))
    }
}

impl Config {
    /// The hubs that tell of a feed's changes: those of all feeds, for one that was declared and is public.
    pub fn hubs_of(&self, feed: &Feed) -> Vec<String> {
        let is_told = self
            .feeds
            .iter()
            .any(|declared| declared.name == feed.name && declared.private.is_none());
        if is_told { self.hubs() } else { Vec::new() }
    }

    /// The hubs that readers of our feeds may subscribe at, ours first; none where nothing is pushed.
    pub fn hubs(&self) -> Vec<String> {
        let own = self.push.hub.then(|| Links(&self.site.base_url).hub());
        own.into_iter().chain(self.push.hubs.iter().cloned()).collect()
    }
}
