//! `courant digests`: lists, previews and tests digests, and creates editions.

mod next;
mod pauses;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use super::digest_previews::{self, ContentArgs};
use super::digest_sentences::{find_digest, left_out_clauses, left_out_summary};
use super::output;
use super::output::pluralize;
use super::table::Column::{Key, Number, Text};
use super::table::TextTable;
use super::usage::UsageError;
use crate::app::App;
use crate::digests::{self, NextEdition, Prepared, PreviewOptions};
use crate::domain::actor::Actor;
use crate::domain::time::Millis;
use crate::wire;
use crate::wire::digests::LeftOutArticles;
use crate::wire::editions::CreatedEdition;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List digests with their next date and subscriber counts
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// List the next dates and upcoming articles of digests
    Next {
        /// Names of the digests [default: all]
        names: Vec<String>,
    },
    /// Write the next edition to files without sending it
    Preview {
        /// Name of the digest
        name: String,
        /// Subscriber whose name, language and sections apply
        #[arg(long = "as", value_name = "EMAIL")]
        as_subscriber: Option<String>,
        /// Language [default: that of --as, else the digest's first]
        #[arg(long)]
        language: Option<String>,
        #[command(flatten)]
        content: ContentArgs,
        /// Output directory; created if missing
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Send a test e-mail to any address; creates no edition
    Test {
        /// Name of the digest
        name: String,
        /// Address that receives the test e-mail
        #[arg(long, value_name = "EMAIL")]
        to: String,
        #[command(flatten)]
        content: ContentArgs,
    },
    /// Create an edition now and print its id
    Run {
        /// Name of the digest
        name: String,
        /// Date of the edition (RFC 3339) [default: now]
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
    },
    /// Pause digests: no new editions, and those being sent are paused
    #[command(after_help = "\
The dates during the pause create no editions; their articles are in the next one. Confirmation
mails are still sent.")]
    Pause(pauses::Chosen),
    /// Resume paused digests with the editions that were paused with them
    Resume(pauses::Chosen),
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json).await,
            Self::Next { names } => next::run(app, &names, json).await,
            Self::Preview { name, as_subscriber, language, content, out } => {
                let content = content.into();
                let options = PreviewOptions { as_subscriber, language, content };
                digest_previews::preview(app, &name, &options, &out, json).await
            }
            Self::Test { name, to, content } => {
                digest_previews::test(app, &name, &to, content.into(), json).await
            }
            Self::Run { name, now } => run_now(app, &name, now.as_deref(), json).await,
            Self::Pause(chosen) => pauses::pause(app, &chosen, json).await,
            Self::Resume(chosen) => pauses::resume(app, &chosen, json).await,
        }
    }
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    let mut table = TextTable::new(&[
        Key("digest"),
        Text("title"),
        Key("schedule"),
        Key("next"),
        Number("confirmed"),
        Number("pending"),
    ]);
    let paused = app.store.digests().paused().await?;
    for d in app.config.digests.iter().take(limit.unwrap_or(usize::MAX)) {
        let counts: BTreeMap<String, i64> =
            app.store.subscriptions().counts(&d.name).await?.into_iter().collect();
        let paused_since = paused.get(&d.name).copied();
        let of = |status: &str| counts.get(status).copied().unwrap_or(0).to_string();
        let site = &app.config.site.timezone;
        let when = match (paused_since, digests::next_date(d, paused_since, app.now())) {
            (Some(_), _) => "paused".to_owned(),
            (None, Some(date)) => output::time_in_zone(date, &d.timezone, site),
            (None, None) => "never".to_owned(),
        };
        table.row([
            d.name.clone(),
            d.title.clone(),
            d.schedule.as_str().to_owned(),
            when,
            of("confirmed"),
            of("pending"),
        ]);
        rows.push(wire::digests::Digest::new(d, paused_since, counts, app.now()));
    }
    if json {
        output::json(&rows)?
    } else {
        table.print_in_zone("The configuration has no digests.", &app.config.site.timezone)?
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the sentence about a new edition.
fn created_note(edition: i64, recipients: usize) -> String {
    if recipients == 0 {
        return format!(
            "Edition {edition} has no recipients, and later editions leave its articles out. `courant editions cancel {edition}` lets them wait for the next edition."
        );
    }
    let recipients = pluralize(recipients, "recipient");
    format!("Edition {edition} has {recipients}. `courant serve` or `courant deliver` sends it.")
}

async fn run_now(app: &App, name: &str, at: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let digest = find_digest(app, name)?;
    if let Some(reason) = app.send_block_reason() {
        bail!("{reason}");
    }
    let now = app.now();
    let at = match at {
        None => now,
        Some(text) => Millis::from(text.parse::<jiff::Timestamp>().map_err(|e| {
            UsageError(format!(
                "--now {text:?} is not a valid time: {e}; use for example 2026-09-21T08:00:00Z"
            ))
        })?),
    };
    let context = app.digest_context();
    // Before the edition is created, since its own articles would be among those already sent.
    let NextEdition { left_out, .. } =
        digests::next_edition(context, digest, at.min(now), now).await?;
    match digests::create_edition_now(context, digest, at, &Actor::Cli, now).await? {
        Prepared::Created { edition, deliveries } if json => {
            let left_out = LeftOutArticles::list(&left_out);
            output::json(&CreatedEdition { id: edition, deliveries, left_out })?
        }
        Prepared::Created { edition, deliveries } => {
            output::line(&edition.to_string())?;
            output::note(&created_note(edition, usize::try_from(deliveries)?));
            for clause in left_out_clauses(digest, &left_out) {
                output::note(&format!("Left out: {clause}."));
            }
        }
        Prepared::TooFew { stories } => {
            bail!(
                "no edition created: {} available, but min_articles is {}{}",
                pluralize(stories, "article"),
                digest.min_articles,
                left_out_summary(digest, stories, &left_out)
            );
        }
        Prepared::Paused { since } => bail!(
            "no edition created: the digest has been paused since {}; `courant digests resume {name}` resumes it",
            since.in_zone(&app.config.site.timezone)
        ),
        Prepared::Conflict => {
            bail!(
                "another edition with the same stories was created at the same time; run the command again"
            )
        }
    }
    Ok(ExitCode::SUCCESS)
}
