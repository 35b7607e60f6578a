//! Renames of what a configuration names, in the rows of the database.

use crate::config::Config;
use crate::store::Store;
use crate::store::renames::RenamedKind;

/// Gives the rows of former names (`was`) the present ones.
pub(super) async fn apply_renames(store: &Store, config: &Config) -> anyhow::Result<()> {
    let sources = config.sources.iter().map(|s| (RenamedKind::Source, &s.former_names, &s.name));
    let feeds = config.feeds.iter().map(|f| (RenamedKind::Feed, &f.former_names, &f.name));
    let digests = config.digests.iter().map(|d| (RenamedKind::Digest, &d.former_names, &d.name));
    let transports =
        config.transports.iter().map(|t| (RenamedKind::Transport, &t.former_names, &t.name));
    let destinations =
        config.destinations.iter().map(|p| (RenamedKind::Destination, &p.former_names, &p.name));
    let webhooks = config.webhooks.iter().map(|w| (RenamedKind::Webhook, &w.former_names, &w.name));
    for (kind, was, name) in
        sources.chain(feeds).chain(digests).chain(transports).chain(destinations).chain(webhooks)
    {
        for old in was {
            store.rename(kind, old, name).await?;
        }
    }
    Ok(())
}
