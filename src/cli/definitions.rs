//! `courant definitions`: lists what the database defines, shows versions and restores one.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use super::output;
use super::table::Column::{Key, Text};
use super::table::TextTable;
use super::usage::UsageError;
use crate::app::{App, load_config_with};
use crate::definitions::{self, DefinitionError};
use crate::domain::actor::Actor;
use crate::domain::definition::{Definition, DefinitionKind};
use crate::wire::definitions as documents;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the feeds, digests and webhooks of the database
    List,
    /// List the versions of a definition with their changes
    Show {
        /// Kind of the definition
        kind: KindArg,
        /// Name of the definition
        name: String,
    },
    /// Make an old version of a definition the newest one
    Restore {
        /// Kind of the definition
        kind: KindArg,
        /// Name of the definition
        name: String,
        /// Number of the version
        // `version` is the id of the flag --version.
        #[arg(id = "number", value_name = "VERSION")]
        version: i64,
    },
}

/// Kind of a definition on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum KindArg {
    /// Feed, as in [[feeds]]
    Feed,
    /// Digest, as in [[digests]]
    Digest,
    /// Segment, as in [[segments]]
    Segment,
    /// Webhook, as in [[webhooks]]
    Webhook,
}

impl From<KindArg> for DefinitionKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Feed => Self::Feed,
            KindArg::Digest => Self::Digest,
            KindArg::Segment => Self::Segment,
            KindArg::Webhook => Self::Webhook,
        }
    }
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List => list(app, json).await,
            Self::Show { kind, name } => show(app, kind.into(), &name, json).await,
            Self::Restore { kind, name, version } => {
                restore(app, (kind.into(), &name, version), json).await
            }
        }
    }
}

async fn list(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    let store = app.store.definitions();
    let mut rows = Vec::new();
    for Definition { kind, name, .. } in store.current().await? {
        let version = store.newest_version_of(kind, &name).await?.unwrap_or_default();
        rows.push(documents::Definition { kind: kind.as_str().to_owned(), name, version });
    }
    if json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = TextTable::new(&[Key("kind"), Key("name"), Key("version")]);
    for row in rows {
        table.row([row.kind, row.name, row.version.to_string()]);
    }
    table.print("The database defines nothing; everything is in the configuration file.")?;
    Ok(ExitCode::SUCCESS)
}

async fn show(app: &App, kind: DefinitionKind, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let history = definitions::history(&app.store, kind, name).await?;
    if history.is_empty() {
        return Err(UsageError(format!("the database never had a {kind} {name:?}")).into());
    }
    let rows: Vec<_> = history.iter().map(documents::DefinitionVersion::from).collect();
    if json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = TextTable::new(&[
        Key("version"),
        Key("time"),
        Text("author"),
        Text("name"),
        Text("changes"),
    ]);
    for (revision, row) in history.iter().zip(rows) {
        let author = match row.actor.name {
            Some(name) => format!("{} {name}", row.actor.kind),
            None => row.actor.kind,
        };
        let changes: Vec<String> = row.changes.iter().map(change).collect();
        let changes = if row.deleted { "deleted".to_owned() } else { changes.join("; ") };
        let at = revision.version.created_at.in_zone(&app.config.site.timezone);
        table.row([row.version.to_string(), at, author, row.name, changes]);
    }
    table.print_in_zone("", &app.config.site.timezone)?;
    Ok(ExitCode::SUCCESS)
}

fn change(change: &documents::DefinitionChange) -> String {
    let key = &change.key;
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{key}: {before} to {after}"),
        (None, Some(after)) => format!("{key} = {after}"),
        (_, None) => format!("{key} removed"),
    }
}

async fn restore(
    app: &App,
    (kind, name, version): (DefinitionKind, &str, i64),
    json: bool,
) -> anyhow::Result<ExitCode> {
    let path = app.config.path.clone();
    let read = move |all: &[Definition]| load_config_with(&path, all);
    let wanted = (kind, name, version);
    let restored =
        definitions::restore(&app.store, &read, &app.templates, wanted, &Actor::Cli, app.now())
            .await;
    let new = restored.map_err(|error| match error {
        DefinitionError::NotFound { .. } => anyhow::Error::from(UsageError(format!(
            "the {kind} {name:?} has no version {version} that can be restored; `courant definitions show {kind} {name}` lists them"
        ))),
        other => other.into(),
    })?;
    let document = documents::RestoredDefinition {
        kind: kind.as_str().to_owned(),
        name: name.to_owned(),
        version: new,
    };
    let text =
        format!("Version {version} of the {kind} {name} is in force again, as version {new}.");
    output::result(json, &document, &text)?;
    Ok(ExitCode::SUCCESS)
}
