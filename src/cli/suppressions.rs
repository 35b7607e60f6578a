//! `courant suppressions`: manages addresses that must never be mailed.

use std::process::ExitCode;

use clap::Subcommand;

use super::usage::parse_address;
use super::{output, paging};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::subscribers;
use crate::wire::suppressions::{AddedSuppression, RemovedSuppression, Suppression};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List suppressions, newest first; addresses are hashed
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Suppress an address, so that it is never mailed
    Add {
        /// E-mail address to suppress
        email: String,
    },
    /// Remove an address from the suppression list
    Remove {
        /// E-mail address to remove
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
                    &app.store_identity.secret,
                    &parse_address(&email)?,
                    &Actor::Cli,
                    app.now(),
                )
                .await?;
                let text =
                    format!("{email} {} suppressed.", if new { "is now" } else { "was already" });
                output::result(json, &AddedSuppression { email, added: new }, &text)?;
            }
            Self::Remove { email } => {
                if !subscribers::unsuppress(
                    &app.store,
                    &app.store_identity.secret,
                    &parse_address(&email)?,
                    &Actor::Cli,
                    app.now(),
                )
                .await?
                {
                    output::error(&format!("{email} was not suppressed"));
                    return Ok(ExitCode::FAILURE);
                }
                let text = format!(
                    "Removed {email} from the suppression list. No subscription was restored."
                );
                output::result(json, &RemovedSuppression { email, removed: true }, &text)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<()> {
    let all =
        paging::collect(limit, async |page| app.store.suppressions().list(&page).await).await?;
    if json {
        return output::json(&all.iter().map(Suppression::from).collect::<Vec<_>>());
    }
    let mut table = output::TextTable::new(&["since", "reason", "hash of the address"]);
    for s in all {
        table.row([s.created_at.in_zone(&app.config.site.timezone), s.reason, s.hash]);
    }
    table.print("No address is suppressed.")
}
