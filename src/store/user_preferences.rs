//! Preferences of users: language, time zone and keyboard shortcuts of their pages.

use serde_json::json;

use super::StoreResult;
use super::db::{FromRow, Row, Statement};
use super::operations::Users;
use super::user_audit::record_change;
use crate::domain::actor::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::time::Millis;

/// Display settings of a user in the admin area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// Language of the pages (RFC 5646); `None` for that of the browser.
    pub language: Option<String>,
    /// Time zone of the times on pages (IANA name); `None` for that of the site.
    pub timezone: Option<String>,
    /// `true` if single keys are shortcuts.
    pub has_shortcuts: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { language: None, timezone: None, has_shortcuts: true }
    }
}

impl FromRow for Preferences {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            language: row.get("language")?,
            timezone: row.get("timezone")?,
            has_shortcuts: row.get("has_shortcuts")?,
        })
    }
}

static SET: Statement = Statement::new(
    "
    UPDATE users
       SET language = $language, timezone = $timezone, has_shortcuts = $has_shortcuts
     WHERE name = $name",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&SET];

impl Users<'_> {
    /// Stores the preferences of a user; nothing happens if there is no such user.
    pub async fn set_preferences(
        self,
        name: &str,
        preferences: &Preferences,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        let changed = tx
            .query(&SET)
            .bind("name", name)
            .bind("language", &preferences.language)
            .bind("timezone", &preferences.timezone)
            .bind("has_shortcuts", preferences.has_shortcuts)
            .execute()
            .await?;
        if changed > 0 {
            let detail = json!({
                "language": preferences.language,
                "timezone": preferences.timezone,
                "shortcuts": preferences.has_shortcuts,
            });
            record_change(&mut tx, name, AuditAction::Change, detail, actor, now).await?;
        }
        tx.commit().await
    }
}
