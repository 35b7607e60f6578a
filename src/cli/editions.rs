//! `courant editions`: lists editions and applies commands to one.

use std::process::ExitCode;

use clap::Subcommand;

use super::table::Column::{Key, Number};
use super::table::TextTable;
use super::usage::UsageError;
use super::{output, paging};
use crate::app::App;
use crate::delivery::{self, DeliverySelection};
use crate::domain::actor::Actor;
use crate::domain::edition::EditionCommand;
use crate::wire::editions::Edition;

mod show;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List editions, newest first
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Show an edition with its articles and delivery counts
    Show {
        /// Id of the edition
        id: String,
        /// List the deliveries that were not sent, with replies
        #[arg(long)]
        failed: bool,
        /// Explain why this address got the edition or did not
        #[arg(long, value_name = "ADDRESS", conflicts_with = "failed")]
        recipient: Option<String>,
    },
    /// Write the deliveries of an edition as CSV
    Export {
        /// Id of the edition
        id: String,
        /// Write only deliveries that were not sent [default: all]
        #[arg(long)]
        failed: bool,
    },
    /// Pause the delivery of an edition
    Pause {
        /// Id of the edition
        id: String,
    },
    /// Resume the delivery of a paused edition
    Resume {
        /// Id of the edition
        id: String,
    },
    /// Cancel an edition; messages already sent stay sent
    #[command(after_help = "\
The next edition includes the articles again only if no message of this one was sent and none is
held.")]
    Cancel {
        /// Id of the edition
        id: String,
    },
    /// Retry the failed and held deliveries of an edition
    Retry {
        /// Id of the edition
        id: String,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json).await,
            Self::Show { id, recipient: Some(address), .. } => {
                show::explain(app, parse_id(&id)?, &address, json).await
            }
            Self::Show { id, failed, recipient: None } => {
                show::run(app, parse_id(&id)?, failed, json).await
            }
            Self::Export { id, failed } => export(app, parse_id(&id)?, failed).await,
            Self::Pause { id } => apply(app, &id, EditionCommand::Pause, json).await,
            Self::Resume { id } => apply(app, &id, EditionCommand::Resume, json).await,
            Self::Cancel { id } => apply(app, &id, EditionCommand::Cancel, json).await,
            Self::Retry { id } => apply(app, &id, EditionCommand::Retry, json).await,
        }
    }
}

fn parse_id(id: &str) -> anyhow::Result<i64> {
    id.parse().map_err(|_| {
        UsageError(format!(
            "{id:?} is not a valid edition id; `courant editions list` shows the ids"
        ))
        .into()
    })
}

async fn apply(
    app: &App,
    id: &str,
    command: EditionCommand,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let id = parse_id(id)?;
    let text =
        delivery::run_edition_command(&app.store, id, command, &Actor::Cli, app.now()).await?;
    let edition = app.store.editions().get(id).await?;
    let counts = app.store.editions().counts(id).await?;
    output::result(json, &Edition::new(&edition, counts), &text)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    let mut table = TextTable::new(&[
        Number("id"),
        Key("digest"),
        Key("state"),
        Key("date"),
        Number("sent"),
        Number("queued"),
        Number("failed"),
        Number("held"),
        Number("cancelled"),
    ]);
    let editions =
        paging::collect(limit, async |page| app.store.editions().list(&page).await).await?;
    let counts = app
        .store
        .editions()
        .counts_of_all(&editions.iter().map(|e| e.id).collect::<Vec<_>>())
        .await?;
    for e in editions {
        let c = counts.get(&e.id).copied().unwrap_or_default();
        if json {
            rows.push(Edition::new(&e, c));
        } else {
            let numbers = [c.sent, c.queued + c.sending, c.failed, c.held, c.cancelled]
                .map(|n| n.to_string());
            let when = e.scheduled_for.in_zone(&app.config.site.timezone);
            table.row(
                [e.id.to_string(), e.digest, e.state.as_str().to_owned(), when]
                    .into_iter()
                    .chain(numbers),
            );
        }
    }
    if json {
        output::json(&rows)?
    } else {
        table.print_in_zone(
            "No editions yet; `courant digests next` shows the next dates.",
            &app.config.site.timezone,
        )?
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the deliveries of an edition as CSV to standard output.
async fn export(app: &App, id: i64, failed: bool) -> anyhow::Result<ExitCode> {
    app.store.editions().get(id).await?;
    let selection = if failed { DeliverySelection::NotSent } else { DeliverySelection::All };
    let (actor, now, out) = (&Actor::Cli, app.now(), std::io::stdout().lock());
    delivery::export_deliveries(&app.store, id, selection, actor, now, out).await?;
    Ok(ExitCode::SUCCESS)
}
