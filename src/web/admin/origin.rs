//! Places where feeds and digests are defined: the database, or a line of the config file.

use std::collections::BTreeSet;

use crate::app::App;
use crate::domain::definition::DefinitionKind;
use crate::store::StoreResult;
use crate::templates::pages::Origin;

/// Places of all feeds or all digests.
pub(super) struct Origins {
    app: App,
    kind: DefinitionKind,
    in_database: BTreeSet<String>,
}

impl Origins {
    /// Reads the names that the database defines.
    pub(super) async fn read(app: &App, kind: DefinitionKind) -> StoreResult<Self> {
        let all = app.store.definitions().current().await?;
        let of_kind = all.into_iter().filter(|definition| definition.kind == kind);
        let in_database = of_kind.map(|definition| definition.name).collect();
        Ok(Self { app: app.clone(), kind, in_database })
    }

    /// Returns the place of a feed or digest.
    pub(super) fn of(&self, name: &str) -> Origin {
        if self.in_database.contains(name) {
            return Origin { in_database: true, place: String::new() };
        }
        let path = &self.app.config.path;
        let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let place = match self.app.config.line_in_file(self.kind, name) {
            Some(line) => format!("{file}:{line}"),
            None => file.into_owned(),
        };
        Origin { in_database: false, place }
    }
}
