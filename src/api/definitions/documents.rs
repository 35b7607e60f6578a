//! Documents of definitions: each kind has its own, with the version and the settings of the definition.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::access::{check_visible, unknown};
use crate::api::caller::Caller;
use crate::config::{Config, definition_settings, shown_settings};
use crate::definitions::DefinitionError;
use crate::domain::definition::DefinitionKind;
use crate::domain::site_urls::SiteUrls;
use crate::http::Problem;
use crate::wire::digests::DigestDetails;
use crate::wire::feeds::{Feed, FeedDetails};
use crate::wire::segments::SegmentDetails;
use crate::wire::webhooks::WebhookDetails;

/// Document of a definition, or of a table of the config file.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Document {
    Feed(FeedDetails),
    Digest(DigestDetails),
    Segment(SegmentDetails),
    Webhook(WebhookDetails),
}

/// A definition, or a table of the config file.
#[derive(Debug)]
pub(super) struct CurrentDefinition {
    /// The document that clients get.
    pub(super) document: Document,
    /// Number of the newest version; `None` if the config file defines it.
    pub(super) version: Option<i64>,
    /// Text of the newest version; empty if the config file defines it.
    pub(super) body: String,
}

impl CurrentDefinition {
    /// Returns the settings with their secrets.
    pub(super) fn settings(&self) -> Map<String, Value> {
        definition_settings(&self.body)
    }
}

/// Returns the name and the schemas of the document of a kind.
pub(super) fn schemas(kind: DefinitionKind) -> (String, Vec<(String, RefOr<Schema>)>) {
    fn of<T: ToSchema + PartialSchema>() -> (String, Vec<(String, RefOr<Schema>)>) {
        let mut all = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut all);
        (T::name().into_owned(), all)
    }
    match kind {
        DefinitionKind::Feed => of::<FeedDetails>(),
        DefinitionKind::Digest => of::<DigestDetails>(),
        DefinitionKind::Segment => of::<SegmentDetails>(),
        DefinitionKind::Webhook => of::<WebhookDetails>(),
    }
}

/// Returns the configuration with the newest definitions, which the running one may lack for about a
/// second after a change.
pub(in crate::api) async fn newest_config(caller: &Caller) -> Result<Arc<Config>, Problem> {
    caller.app.newest_config().await.map_err(|error| match error {
        DefinitionError::Store(cause) => cause.into(),
        other => Problem::conflict(format!("the configuration is not valid at present: {other}")),
    })
}

/// Returns a definition or a table of the config file that the actor may see.
pub(super) async fn find(
    caller: &Caller,
    kind: DefinitionKind,
    name: &str,
) -> Result<CurrentDefinition, Problem> {
    check_visible(caller, kind, name)?;
    let store = caller.app.store.definitions();
    let newest = store.newest_version_of(kind, name).await?;
    let stored = match newest {
        Some(version) => store.find_version(version).await?,
        None => None,
    };
    let version = newest.filter(|_| stored.is_some());
    let settings = stored.as_ref().map(|stored| Value::Object(shown_settings(&stored.body)));
    let config = newest_config(caller).await?;
    let document = document(&config, kind, name, version, settings);
    let body = stored.map(|stored| stored.body).unwrap_or_default();
    Ok(CurrentDefinition { document: document.ok_or_else(|| unknown(kind, name))?, version, body })
}

fn document(
    config: &Config,
    kind: DefinitionKind,
    name: &str,
    version: Option<i64>,
    settings: Option<Value>,
) -> Option<Document> {
    Some(match kind {
        DefinitionKind::Feed => {
            let feed = config.feeds.iter().find(|feed| feed.name == name)?;
            let listed = Feed::new(SiteUrls(&config.site.base_url), feed);
            Document::Feed(FeedDetails { listed, version, settings })
        }
        DefinitionKind::Digest => {
            let digest = config.digests.iter().find(|digest| digest.name == name)?;
            Document::Digest(DigestDetails::new(digest, version, settings))
        }
        DefinitionKind::Segment => {
            let segment = config.segments.iter().find(|segment| segment.name == name)?;
            Document::Segment(SegmentDetails::new(segment, version, settings))
        }
        DefinitionKind::Webhook => {
            let webhook = config.webhooks.iter().find(|webhook| webhook.name == name)?;
            Document::Webhook(WebhookDetails::new(webhook, version, settings))
        }
    })
}
