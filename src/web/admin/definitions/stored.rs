//! Definitions as the database has them, for the pages that change them.

use axum::response::Response;
use serde_json::{Map, Value};

use super::super::setting_words::{setting_name, setting_text};
use super::super::visit::Visit;
use crate::app::load_config_with;
use crate::config::{Config, ConfigError, shown_settings};
use crate::definitions::{self, Revision};
use crate::domain::definition::{Definition, DefinitionKind};
use crate::domain::digest_scope::DigestScope;
use crate::templates::pages::{ChangeRow, VersionRow};
use crate::web::error::{WebError, WebResult};

/// Definition of the database in its newest version.
pub(super) struct Stored {
    /// Number of the version.
    pub(super) version: i64,
    /// Text of the version.
    pub(super) body: String,
}

impl Stored {
    /// Returns the settings for a form, with secrets as `***`.
    pub(super) fn shown(&self) -> Map<String, Value> {
        shown_settings(&self.body)
    }
}

/// Returns the path of the list of a kind.
pub(super) fn list_path(kind: DefinitionKind) -> String {
    format!("/admin/{kind}s")
}

/// Returns a definition that the user may see; the response that leads to its page if the config file
/// defines it.
pub(super) async fn find(
    visit: &Visit,
    kind: DefinitionKind,
    name: &str,
) -> WebResult<Result<Stored, Response>> {
    check_visible(visit, kind, name)?;
    let store = visit.app().store.definitions();
    if let Some(version) = store.newest_version_of(kind, name).await?
        && let Some(stored) = store.find_version(version).await?
    {
        return Ok(Ok(Stored { version, body: stored.body }));
    }
    if !is_configured(visit, kind, name) {
        return Err(WebError::not_found());
    }
    Ok(Err(visit.refused(&format!("{}/{name}", list_path(kind)), "definition-in-file")))
}

/// Returns `true` if the running configuration has a feed or digest.
pub(super) fn is_configured(visit: &Visit, kind: DefinitionKind, name: &str) -> bool {
    let config = &visit.app().config;
    match kind {
        DefinitionKind::Digest => config.digests.iter().any(|digest| digest.name == name),
        DefinitionKind::Feed => config.feeds.iter().any(|feed| feed.name == name),
        DefinitionKind::Segment | DefinitionKind::Webhook => false,
    }
}

/// Rejects a definition that the user may not see.
pub(super) fn check_visible(visit: &Visit, kind: DefinitionKind, name: &str) -> WebResult<()> {
    let is_visible = kind != DefinitionKind::Digest || visit.actor.digests().contains(name);
    if is_visible { Ok(()) } else { Err(WebError::not_found()) }
}

/// Rejects a change that the user may not make.
pub(super) fn check_changeable(
    visit: &Visit,
    kind: DefinitionKind,
    name: &str,
    present: &Map<String, Value>,
    new: &Map<String, Value>,
) -> WebResult<()> {
    match definitions::refuse_change(&visit.actor, kind, name, present, new) {
        None => Ok(()),
        Some(_) => Err(WebError::missing_permission()),
    }
}

/// Rejects a form that the user may not submit, as its submission would be.
pub(super) fn check_form(visit: &Visit, kind: DefinitionKind, name: &str) -> WebResult<()> {
    check_visible(visit, kind, name)?;
    check_changeable(visit, kind, name, &Map::new(), &Map::new())
}

/// Rejects the creation of a definition by a user of some digests, to which a new one does not belong.
pub(super) fn check_creatable(visit: &Visit) -> WebResult<()> {
    match visit.actor.digests() {
        DigestScope::All => Ok(()),
        DigestScope::Only(_) => Err(WebError::missing_permission()),
    }
}

/// Returns a function that reads the configuration with other definitions.
pub(super) fn reader(
    visit: &Visit,
) -> impl Fn(&[Definition]) -> Result<Config, ConfigError> + Sync + use<> {
    let path = visit.app().config.path.clone();
    move |definitions: &[Definition]| load_config_with(&path, definitions)
}

/// Returns the settings of a version, with secrets as `***`; none if there is no such version.
pub(super) async fn settings_in(
    visit: &Visit,
    kind: DefinitionKind,
    name: &str,
    version: i64,
) -> WebResult<Map<String, Value>> {
    let found = visit.app().store.definitions().find_version(version).await?;
    let is_own = |one: &Definition| one.kind == kind && one.name == name;
    let body = found.filter(is_own).map(|one| one.body).unwrap_or_default();
    Ok(shown_settings(&body))
}

/// Returns a version of a definition for a page.
pub(super) fn version_row(
    visit: &Visit,
    kind: DefinitionKind,
    name: &str,
    revision: &Revision,
) -> VersionRow {
    let version = &revision.version;
    let changes = revision.changes.iter().map(|change| {
        let key = change.key.as_str();
        let text = |value: &Option<String>| Some(setting_text(visit, key, value.as_deref()?));
        ChangeRow {
            label: setting_name(visit, kind, key),
            before: text(&change.before),
            after: text(&change.after),
        }
    });
    VersionRow {
        version: version.version,
        time: visit.time(version.created_at),
        author: version.actor_name.clone().unwrap_or_else(|| {
            visit.text(&format!("admin-author-{}", version.actor_kind.as_str()), &[])
        }),
        former_name: Some(revision.name.clone()).filter(|former| former != name),
        is_deleted: version.body.is_none(),
        changes: changes.collect(),
        ..VersionRow::default()
    }
}
