//! `courant suppressions`: manages addresses and domains that must never be mailed.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;

use super::table::Column::{Key, Text};
use super::table::TextTable;
use super::usage::UsageError;
use super::{output, paging};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::suppression_target::SuppressionTarget;
use crate::domain::time::zone_name;
use crate::store::suppressions::suppression_key;
use crate::subscribers::{self, suppression_export};
use crate::wire::suppressions::{AddedSuppression, RemovedSuppression, Suppression};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List suppressions with their reasons, newest first
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Write all suppressions as CSV to standard output
    Export,
    /// Show what suppresses an address
    Show {
        /// E-mail address, or a domain such as @example.com
        email: String,
    },
    /// Suppress an address or all addresses of a domain, so that they are never mailed
    Add {
        /// E-mail address, or a domain such as @example.com
        email: String,
    },
    /// Remove an address or a domain from the suppression list
    Remove {
        /// E-mail address, or a domain such as @example.com
        email: String,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json).await?,
            Self::Export => {
                let (actor, now, out) = (&Actor::Cli, app.now(), std::io::stdout().lock());
                suppression_export::export_suppressions(&app.store, actor, now, out).await?;
            }
            Self::Show { email } => show(app, &email, json).await?,
            Self::Add { email } => {
                let new = subscribers::suppress(
                    &app.store,
                    &app.store_identity.secret,
                    &parse_target(&email)?,
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
                    &parse_target(&email)?,
                    &Actor::Cli,
                    app.now(),
                )
                .await?
                {
                    output::error(&format!("{email} was not suppressed"));
                    return Ok(ExitCode::FAILURE);
                }
                let text = format!(
                    "Removed {email} from the suppression list. Subscriptions that have not ended receive e-mails again."
                );
                output::result(json, &RemovedSuppression { email, removed: true }, &text)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn parse_target(text: &str) -> anyhow::Result<SuppressionTarget> {
    Ok(SuppressionTarget::parse(text).map_err(|reason| UsageError(format!("{text}: {reason}")))?)
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<()> {
    let all =
        paging::collect(limit, async |page| app.store.suppressions().list(&page).await).await?;
    if json {
        return output::json(&all.iter().map(Suppression::from).collect::<Vec<_>>());
    }
    let mut table = TextTable::new(&[Key("since"), Key("reason"), Key("address"), Text("reply")]);
    for s in all {
        // Without a subscriber only the hash is known.
        table.row([
            s.created_at.in_zone(&app.config.site.timezone),
            s.reason,
            s.address.unwrap_or(s.hash),
            s.reply.unwrap_or_default(),
        ]);
    }
    table.print_in_zone("No address is suppressed.", &app.config.site.timezone)
}

async fn show(app: &App, email: &str, json: bool) -> anyhow::Result<()> {
    let target = parse_target(email)?;
    let key = suppression_key(&app.store_identity.secret, &target);
    let found = app.store.suppressions().covering(&key, &target.to_string()).await?;
    let s = found.ok_or_else(|| anyhow!("{email} is not suppressed"))?;
    let zone = &app.config.site.timezone;
    let since = s.created_at.in_zone(zone);
    let reply = s.reply.as_deref().map(|reply| format!(": {reply}")).unwrap_or_default();
    let covered = match s.is_domain() {
        true => format!("every address at {} has", s.hash.trim_start_matches('@')),
        false => format!("{email} has"),
    };
    let text = format!(
        "{covered} been suppressed since {since} {} ({}){reply}",
        zone_name(zone),
        s.reason
    );
    output::result(json, &Suppression::from(&s), &text)
}
