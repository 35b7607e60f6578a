//! `courant audit`: shows who changed what.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::table::Column::{Key, Text};
use super::table::TextTable;
use super::{output, paging};
use crate::app::App;
use crate::wire;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List changes with their actors, newest first
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let Self::List { limit } = self;
        let entries = paging::collect(limit, async |page| {
            let mut page = app.store.audit_log().list(&page).await?;
            app.store.audit_log().set_names(&mut page.items).await?;
            Ok(page)
        })
        .await?;
        if json {
            let rows = entries.iter().map(wire::audit::AuditEntry::from);
            output::json(&rows.collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = TextTable::new(&[
            Key("time"),
            Text("actor"),
            Key("action"),
            Text("object"),
            Text("details"),
        ]);
        for entry in entries {
            let actor = match &entry.actor_name {
                Some(name) => format!("{} {name}", entry.actor_kind.as_str()),
                None => entry.actor_kind.as_str().to_owned(),
            };
            table.row([
                entry.at.in_zone(&app.config.site.timezone),
                actor,
                entry.action.as_str().to_owned(),
                format!(
                    "{} {}",
                    entry.object.as_str(),
                    entry.object_name.as_ref().unwrap_or(&entry.object_id)
                )
                .trim_end()
                .to_owned(),
                entry.detail.as_ref().map(describe).unwrap_or_default(),
            ]);
        }
        table.print_in_zone("There are no changes yet.", &app.config.site.timezone)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns the details as `name=value` pairs.
fn describe(detail: &Value) -> String {
    let pairs = detail.as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    pairs.map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(" ")
}
