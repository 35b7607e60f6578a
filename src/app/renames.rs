//! Renames of what a configuration names, in the rows of the database, and names that it lacks.

use super::App;
use crate::config::Config;
use crate::domain::actor::Actor;
use crate::store::renames::{Rename, RenamedKind};

/// Returns the renames of a configuration (`was`), the oldest former name of each section first.
pub(super) fn renames(config: &Config) -> Vec<Rename> {
    let sources = config.sources.iter().map(|s| (RenamedKind::Source, &s.former_names, &s.name));
    let feeds = config.feeds.iter().map(|f| (RenamedKind::Feed, &f.former_names, &f.name));
    let digests = config.digests.iter().map(|d| (RenamedKind::Digest, &d.former_names, &d.name));
    let transports =
        config.transports.iter().map(|t| (RenamedKind::Transport, &t.former_names, &t.name));
    let destinations =
        config.destinations.iter().map(|p| (RenamedKind::Destination, &p.former_names, &p.name));
    let webhooks = config.webhooks.iter().map(|w| (RenamedKind::Webhook, &w.former_names, &w.name));
    sources
        .chain(feeds)
        .chain(digests)
        .chain(transports)
        .chain(destinations)
        .chain(webhooks)
        .flat_map(|(kind, former_names, name)| {
            former_names.iter().map(move |old_name| Rename {
                kind,
                old_name: old_name.clone(),
                name: name.clone(),
            })
        })
        .collect()
}

impl App {
    /// Gives the rows of former names (`was`) the present ones; servers that still use the former ones are
    /// asked to reload.
    ///
    /// # Errors
    /// If the database fails; no row is then renamed.
    pub async fn apply_renames(&self, actor: &Actor) -> anyhow::Result<()> {
        let renames = renames(&self.config);
        Ok(self.store.rename_for_all_servers(&renames, actor, self.now()).await?)
    }

    /// Returns the renames of the configuration that the rows of the database do not have yet.
    pub async fn pending_renames(&self) -> anyhow::Result<Vec<Rename>> {
        Ok(self.store.pending_renames(renames(&self.config)).await?)
    }

    /// Returns a sentence for each name that rows of the database refer to but the config no longer
    /// has: a former name whose rename is pending, or a transport or digest with queued e-mails or
    /// subscriptions.
    pub async fn unconfigured_names(&self) -> anyhow::Result<Vec<String>> {
        let pending = self.pending_renames().await?;
        let transports: Vec<String> =
            self.config.transports.iter().map(|t| t.name.clone()).collect();
        let digests: Vec<String> = self.config.digests.iter().map(|d| d.name.clone()).collect();
        let unconfigured =
            self.store.deliveries().unconfigured_names(&transports, &digests).await?;
        let is_pending = |kind: RenamedKind, name: &str| {
            pending.iter().any(|rename| rename.kind == kind && rename.old_name == name)
        };
        let remedy = |name: &str| {
            format!(
                "which is not in the configuration: add it, or set `was = [\"{name}\"]` at its replacement"
            )
        };
        let queued = unconfigured
            .transports
            .iter()
            .filter(|(name, _)| !is_pending(RenamedKind::Transport, name))
            .map(|(name, _)| {
                format!("messages are queued for transport {name:?}, {}", remedy(name))
            });
        let subscriptions = unconfigured
            .digests
            .iter()
            .filter(|(name, _)| !is_pending(RenamedKind::Digest, name))
            .map(|(name, n)| {
                let belong = if *n == 1 { "subscription belongs" } else { "subscriptions belong" };
                let renamed = self.config.digests.iter().find(|d| d.former_names.contains(name));
                let explanation = match renamed {
                    Some(digest) => format!(
                        "which is now {:?}; a start or a reload moves them, unless the same people are subscribed to both",
                        digest.name
                    ),
                    None => remedy(name),
                };
                format!("{n} {belong} to digest {name:?}, {explanation}")
            });
        let renamed = pending.iter().map(|Rename { kind, old_name, name }| {
            format!(
                "the {} {old_name:?} of the database becomes {name:?} when Courant starts or reloads",
                kind.as_str()
            )
        });
        Ok(renamed.chain(queued).chain(subscriptions).collect())
    }
}
