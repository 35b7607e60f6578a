//! `courant subscribers`: lists, adds, edits, removes, erases, imports and exports subscribers.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::output;
use super::output::pluralize;
use super::usage::parse_address;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::subscribers::{self, export};
use crate::wire::subscribers::UnsubscribeResult;

mod add;
mod arguments;
mod bulk;
mod edit;
mod import;
mod import_changes;
mod list;
mod show;

use arguments::{check_digest, parse_filter};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List subscribers, newest first
    List(list::ListArgs),
    /// Show a subscriber with history and last 20 deliveries
    Show {
        /// E-mail address of the subscriber
        email: String,
    },
    /// Subscribe an address, or change a subscriber
    Add(add::AddArgs),
    /// Change the address or other details of a subscriber
    Edit(edit::EditArgs),
    /// End the subscriptions of an address
    Remove(RemoveArgs),
    /// Erase the personal data of a subscriber; irrevocable
    #[command(after_help = "\
The deliveries of the subscriber are still counted, but no longer name anyone. Of the address, only \
a keyed hash remains, so that no import subscribes it again without its owner's confirmation.")]
    Erase {
        /// E-mail address of the subscriber
        email: String,
    },
    /// Import subscribers from a CSV file
    Import(import::ImportArgs),
    /// Change all subscribers that a filter selects
    #[command(subcommand)]
    Bulk(bulk::Command),
    /// Write all subscribers as CSV to standard output
    Export {
        /// Export only subscribers of this digest [default: all]
        #[arg(long)]
        digest: Option<String>,
        /// Export only subscribers that a filter selects
        #[arg(long = "where", value_name = "FILTER")]
        filter: Option<String>,
    },
}

/// Arguments of `courant subscribers remove`.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// E-mail address of the subscriber
    email: String,
    /// Name of a digest [default: all]
    #[arg(long)]
    digest: Option<String>,
    /// Reason, stored with the subscription
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run(app, json).await,
            Self::Show { email } => show::run(app, &email, json).await,
            Self::Add(add) => add.run(app, json).await,
            Self::Edit(edit) => edit.run(app, json).await,
            Self::Erase { email } => edit::erase(app, &email, json).await,
            Self::Remove(remove) => remove.run(app, json).await,
            Self::Bulk(bulk) => bulk.run(app, json).await,
            Self::Import(import) => import.run(app, json).await,
            Self::Export { digest, filter } => {
                check_digest(app, digest.as_deref())?;
                let condition = parse_filter(app, filter.as_deref().unwrap_or_default()).await?;
                let (digest, out) = (digest.as_deref(), std::io::stdout().lock());
                let (store, actor, now) = (&app.store, &Actor::Cli, app.now());
                export::export_subscribers(store, &condition, digest, actor, now, out).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl RemoveArgs {
    async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let (email, digest) = (self.email, self.digest.as_deref());
        check_digest(app, digest)?;
        let reason = self
            .reason
            .filter(|reason| !reason.trim().is_empty())
            .unwrap_or_else(|| "no reason given".to_owned());
        let address = parse_address(&email)?;
        let digests = subscribers::unsubscribe_by_admin(
            &app.store,
            &address,
            digest,
            &reason,
            &Actor::Cli,
            app.now(),
        )
        .await?
        .ok_or_else(|| anyhow!("{email} is not a subscriber"))?;
        let text = match (digests, digest) {
            (0, None) => format!("{email} has no subscriptions to end."),
            (0, Some(name)) => format!("{email} is not subscribed to {name}."),
            (_, Some(name)) => format!("Unsubscribed {email} from {name}."),
            (n, None) => {
                format!("Unsubscribed {email} from {}.", pluralize(usize::try_from(n)?, "digest"))
            }
        };
        output::result(json, &UnsubscribeResult { email, digests }, &text)?;
        Ok(ExitCode::SUCCESS)
    }
}
