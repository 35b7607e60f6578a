//! `courant suppressions`: addresses that must never be mailed.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{address, output};
use crate::app::App;
use crate::subscribers;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All of them, newest first; addresses are kept as hashes only
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<i64>,
    },
    /// Never mail an address again
    Add {
        /// The address
        email: String,
    },
    /// Allow it again
    Remove {
        /// The address
        email: String,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json).await?,
            Self::Add { email } => {
                let new = subscribers::suppress(
                    &app.store,
                    &app.instance.secret,
                    &address(&email)?,
                    app.now(),
                )
                .await?;
                output::line(&format!(
                    "{email} {} suppressed",
                    if new { "is now" } else { "was already" }
                ))?;
            }
            Self::Remove { email } => {
                if !subscribers::unsuppress(&app.store, &app.instance.secret, &address(&email)?)
                    .await?
                {
                    output::complain(&format!("{email} was not suppressed"));
                    return Ok(ExitCode::FAILURE);
                }
                output::line(&format!(
                    "{email} may be mailed again; it is subscribed to nothing by that"
                ))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(app: &App, limit: Option<i64>, json: bool) -> anyhow::Result<()> {
    let all = app.store.suppressions(limit).await?;
    if json {
        let rows: Vec<_> = all
            .iter()
            .map(|s| json!({"hash": s.hash, "reason": s.reason, "since": s.created_at.rfc3339()}))
            .collect();
        return output::json(&rows.into());
    }
    let mut table = output::Table::new(&["since", "reason", "hash of the address"]);
    for s in all {
        table.row([s.created_at.in_zone(&app.config.site.timezone), s.reason, s.hash]);
    }
    table.print("no address is suppressed")
}
