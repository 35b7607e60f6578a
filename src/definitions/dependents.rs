//! Dependents of a definition: what its deletion would leave without a feed or digest.

use crate::config::Config;
use crate::domain::definition::DefinitionKind;
use crate::domain::time::Millis;
use crate::store::{Store, StoreResult};

/// Everything that depends on a feed or digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependents {
    /// Ids of the digest's editions that are neither sent nor cancelled; they are sent all the same.
    pub editions_in_progress: Vec<i64>,
    /// Number of subscriptions to the digest that are not ended.
    pub subscriptions: i64,
    /// Number of subscriptions of the WebSub hub to the feed.
    pub hub_subscriptions: i64,
    /// Former paths that the feed serves.
    pub aliases: Vec<String>,
    /// Names of the publishing destinations that have the feed.
    pub destinations: Vec<String>,
}

impl Dependents {
    /// Returns `true` if nothing depends on the feed or digest.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Returns what depends on a feed or digest of a configuration.
///
/// # Errors
/// If the database does not respond.
pub async fn dependents(
    store: &Store,
    config: &Config,
    kind: DefinitionKind,
    name: &str,
    now: Millis,
) -> StoreResult<Dependents> {
    let definitions = store.definitions();
    match kind {
        DefinitionKind::Digest => Ok(Dependents {
            editions_in_progress: definitions.editions_in_progress(name).await?,
            subscriptions: definitions.count_subscriptions(name).await?,
            ..Dependents::default()
        }),
        DefinitionKind::Segment | DefinitionKind::Webhook => Ok(Dependents::default()),
        DefinitionKind::Feed => {
            let feed = config.feeds.iter().find(|feed| feed.name == name);
            let is_public = feed.is_some_and(|feed| feed.secret.is_none());
            let publishes = |feeds: &[String]| {
                feeds.iter().any(|feed| feed == name) || (feeds.is_empty() && is_public)
            };
            let destinations = config.destinations.iter().filter(|to| publishes(&to.feeds));
            Ok(Dependents {
                hub_subscriptions: definitions.count_hub_subscriptions(name, now).await?,
                aliases: feed.map(|feed| feed.aliases.clone()).unwrap_or_default(),
                destinations: destinations.map(|to| to.name.clone()).collect(),
                ..Dependents::default()
            })
        }
    }
}
