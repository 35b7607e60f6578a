//! `courant digests`: lists, previews and tests digests, and creates editions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::digest_facts::size_sentence;
use super::output;
use super::output::pluralize;
use super::usage::UsageError;
use crate::app::App;
use crate::config::Digest;
use crate::digests::{self, Prepared, PreviewOptions, Upcoming};
use crate::domain::actor::Actor;
use crate::domain::schedule::next_date;
use crate::domain::time::Millis;
use crate::wire;
use crate::wire::articles::ArticleTitle;
use crate::wire::digests::{DigestPreview, QueuedTest, UpcomingEditions};
use crate::wire::editions::CreatedEdition;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List digests with their next date and subscriber counts
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// List the next dates and upcoming articles of each digest
    Next,
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
    },
    /// Create an edition now and print its id
    Run {
        /// Name of the digest
        name: String,
        /// Date of the edition (RFC 3339) [default: now]
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json).await,
            Self::Next => next(app, json).await,
            Self::Preview { name, as_subscriber: to, language, out } => {
                preview(app, &name, &PreviewOptions { as_subscriber: to, language }, &out, json)
                    .await
            }
            Self::Test { name, to } => {
                let delivery = digests::queue_test(
                    app.digest_context(),
                    find_digest(app, &name)?,
                    &to,
                    &Actor::Cli,
                    app.now(),
                )
                .await?;
                let text = format!(
                    "Queued as delivery {delivery}. `courant serve` or `courant deliver` sends it."
                );
                output::result(json, &QueuedTest { delivery }, &text)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Run { name, now } => run_now(app, &name, now.as_deref(), json).await,
        }
    }
}

fn find_digest<'a>(app: &'a App, name: &str) -> anyhow::Result<&'a Digest> {
    digests::find_digest(&app.config, name).map_err(|e| UsageError(format!("{e:#}")).into())
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    let mut table =
        output::TextTable::new(&["digest", "title", "schedule", "next", "confirmed", "pending"]);
    for d in app.config.digests.iter().take(limit.unwrap_or(usize::MAX)) {
        let counts: BTreeMap<String, i64> =
            app.store.subscriptions().counts(&d.name).await?.into_iter().collect();
        let next = next_date(&d.schedule, &d.timezone, &d.pause, app.now());
        let of = |status: &str| counts.get(status).copied().unwrap_or(0).to_string();
        let when = next.map_or("never".into(), |t| t.in_zone(&d.timezone));
        table.row([
            d.name.clone(),
            d.title.clone(),
            d.schedule.as_str().to_owned(),
            when,
            of("confirmed"),
            of("pending"),
        ]);
        rows.push(wire::digests::Digest::new(d, next, counts));
    }
    if json {
        output::json(&rows)?
    } else {
        table.print("The configuration has no digests.")?
    }
    Ok(ExitCode::SUCCESS)
}

/// Number of upcoming dates shown per digest.
const UPCOMING_DATES: usize = 3;

async fn next(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    output::clock_faults(app).await?;
    let mut all = Vec::new();
    for d in &app.config.digests {
        let pending = digests::pending_date(&app.store, d, app.now()).await?;
        let mut dates: Vec<Millis> = Vec::new();
        while dates.len() < UPCOMING_DATES {
            let after = dates.last().copied().unwrap_or(app.now());
            let next = next_date(&d.schedule, &d.timezone, &d.pause, after);
            let Some(date) = next else { break };
            dates.push(date);
        }
        let date = pending.and(Some(app.now())).or(dates.first().copied());
        let date = date.unwrap_or(app.now());
        let Upcoming { articles, size } =
            digests::upcoming(app.digest_context(), d, date, app.now()).await?;
        if json {
            all.push(UpcomingEditions {
                digest: d.name.clone(),
                pending: pending.map(|t| t.rfc3339()),
                dates: dates.iter().map(|t| t.rfc3339()).collect(),
                articles: articles.iter().map(ArticleTitle::from).collect(),
                html_bytes: size.html_bytes,
                omitted: size.omitted,
            });
            continue;
        }
        output::line(&format!("{} ({})", d.title, d.name))?;
        if let Some(date) = pending {
            let date = date.in_zone(&d.timezone);
            output::line(&format!("  {date} is over; `courant serve` creates its edition now"))?;
        }
        for date in &dates {
            output::line(&format!("  {}", date.in_zone(&d.timezone)))?;
        }
        let shortfall = if articles.len() < d.min_articles {
            format!(", fewer than min_articles = {}, so no edition is created", d.min_articles)
        } else {
            String::new()
        };
        output::line(&format!(
            "  the next edition would hold {}{shortfall}",
            pluralize(articles.len(), "article")
        ))?;
        if let Some(sentence) = size_sentence(d, size) {
            output::line(&format!("  {sentence}"))?;
        }
        for a in articles.iter().take(20) {
            output::line(&format!("    {}  {}", a.published_at.in_zone(&d.timezone), a.title))?;
        }
    }
    if json {
        output::json(&all)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn preview(
    app: &App,
    name: &str,
    options: &PreviewOptions,
    out: &Path,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let digest = find_digest(app, name)?;
    let p = digests::preview(app.digest_context(), digest, options, app.now()).await?;
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot create the directory {}", out.display()))?;
    let subject = format!("{}\n", p.mail.subject);
    for (file, text) in [
        ("subject.txt", &subject),
        ("body.html", &p.mail.html),
        ("body.txt", &p.mail.text),
        ("message.eml", &p.message),
    ] {
        let file = out.join(file);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let text = format!(
        "Wrote subject.txt, body.html, body.txt and message.eml to {}: {}, {} kB of HTML.",
        out.display(),
        pluralize(p.stories, "article"),
        p.size.html_bytes.div_ceil(1000)
    );
    let document = DigestPreview {
        directory: out.display().to_string(),
        articles: p.stories,
        html_bytes: p.size.html_bytes,
        omitted: p.size.omitted,
    };
    output::result(json, &document, &text)?;
    if let Some(sentence) = size_sentence(digest, p.size) {
        output::note(&sentence);
    }
    Ok(ExitCode::SUCCESS)
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
    match digests::create_edition_now(app.digest_context(), digest, at, &Actor::Cli, now).await? {
        Prepared::Created { edition, deliveries } if json => {
            output::json(&CreatedEdition { id: edition, deliveries })?
        }
        Prepared::Created { edition, deliveries } => {
            output::line(&edition.to_string())?;
            let recipients = usize::try_from(deliveries)?;
            output::note(&format!(
                "Edition {edition} has {}. `courant serve` or `courant deliver` sends it.",
                pluralize(recipients, "recipient")
            ));
        }
        Prepared::TooFew { stories } => {
            bail!(
                "no edition created: {} available, but min_articles is {}",
                pluralize(stories, "article"),
                digest.min_articles
            );
        }
        Prepared::Conflict => {
            bail!(
                "another edition with the same stories was created at the same time; run the command again"
            )
        }
    }
    Ok(ExitCode::SUCCESS)
}
