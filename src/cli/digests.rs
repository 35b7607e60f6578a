//! `courant digests`: what they are, what comes next, how an edition would look, and making one now.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{Usage, count, output};
use crate::app::App;
use crate::config::Digest;
use crate::digests::{self, Prepared, Shown};
use crate::domain::time::Millis;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The digests, when they go out next, and to how many
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// The coming dates of each digest, with what would be in the next edition
    Next,
    /// Write what would go out now: subject.txt, body.html, body.txt, message.eml
    Preview {
        /// The digest
        name: String,
        /// Through the eyes of this subscriber
        #[arg(long = "as", value_name = "EMAIL")]
        to: Option<String>,
        /// In this language
        #[arg(long)]
        language: Option<String>,
        /// The folder; made if missing
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Queue what would go out now to any address; makes no edition
    Test {
        /// The digest
        name: String,
        /// The address
        #[arg(long, value_name = "EMAIL")]
        to: String,
    },
    /// Make an edition now and print its number; it goes out like any other
    Run {
        /// The digest
        name: String,
        /// As if it were this time (RFC 3339)
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json).await,
            Self::Next => next(app, json).await,
            Self::Preview { name, to, language, out } => {
                preview(app, &name, &Shown { to, language }, &out).await
            }
            Self::Test { name, to } => {
                let delivery =
                    digests::test(app.desk(), named(app, &name)?, &to, app.now()).await?;
                output::line(&format!(
                    "queued as delivery {delivery}; `courant serve` or `courant deliver` sends it"
                ))?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Run { name, now } => make(app, &name, now.as_deref(), json).await,
        }
    }
}

fn named<'a>(app: &'a App, name: &str) -> anyhow::Result<&'a Digest> {
    digests::named(&app.config, name).map_err(|e| Usage(format!("{e:#}")).into())
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    let mut table =
        output::Table::new(&["digest", "title", "schedule", "next", "confirmed", "pending"]);
    for d in app.config.digests.iter().take(limit.unwrap_or(usize::MAX)) {
        let counts: Map<String, Value> = app
            .store
            .subscription_counts(&d.name)
            .await?
            .into_iter()
            .map(|(status, n)| (status, n.into()))
            .collect();
        let next = d.schedule.next_after(app.now(), &d.timezone);
        let of = |status: &str| counts.get(status).and_then(Value::as_i64).unwrap_or(0).to_string();
        let when = next.map_or("never".into(), |t| t.in_zone(&d.timezone));
        table.row([
            d.name.clone(),
            d.title.clone(),
            d.schedule.text().to_owned(),
            when,
            of("confirmed"),
            of("pending"),
        ]);
        rows.push(json!({"name": d.name, "title": d.title, "schedule": d.schedule.text(), "timezone": d.timezone.iana_name(),
            "next": next.map(|t| t.rfc3339()), "subscriptions": counts}));
    }
    if json {
        output::json(&rows.into())?
    } else {
        table.print("the config has no digest")?
    }
    Ok(ExitCode::SUCCESS)
}

/// How many coming dates are shown.
const DATES: usize = 3;

async fn next(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    let mut all = Vec::new();
    for d in &app.config.digests {
        let mut dates: Vec<Millis> = Vec::new();
        let mut at = app.now();
        while dates.len() < DATES {
            let Some(date) = d.schedule.next_after(at, &d.timezone) else { break };
            at = date;
            let day = d.timezone.to_datetime(date.timestamp()).date();
            if !d.pause.iter().any(|p| p.contains(day)) {
                dates.push(date);
            } else if at.0 - app.now().0 > 400 * crate::domain::time::DAY {
                break;
            }
        }
        let articles = digests::upcoming(
            app.desk(),
            d,
            dates.first().copied().unwrap_or(app.now()),
            app.now(),
        )
        .await?;
        if json {
            let list: Vec<_> =
                articles.iter().map(|a| json!({"id": a.guid, "title": a.title})).collect();
            all.push(json!({"digest": d.name, "dates": dates.iter().map(|t| t.rfc3339()).collect::<Vec<_>>(), "articles": list}));
            continue;
        }
        output::line(&format!("{} ({})", d.title, d.name))?;
        for date in &dates {
            output::line(&format!("  {}", date.in_zone(&d.timezone)))?;
        }
        let enough = if articles.len() < d.min_articles {
            format!(", fewer than min_articles = {}: no edition", d.min_articles)
        } else {
            String::new()
        };
        output::line(&format!("  would hold {}{enough}", count(articles.len(), "article")))?;
        for a in articles.iter().take(20) {
            output::line(&format!("    {}  {}", a.published_at.in_zone(&d.timezone), a.title))?;
        }
    }
    if json {
        output::json(&all.into())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn preview(app: &App, name: &str, shown: &Shown, out: &Path) -> anyhow::Result<ExitCode> {
    let p = digests::preview(app.desk(), named(app, name)?, shown, app.now()).await?;
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot make the folder {}", out.display()))?;
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
    output::line(&format!(
        "wrote subject.txt, body.html, body.txt and message.eml to {}: {}",
        out.display(),
        count(p.stories, "article")
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn make(app: &App, name: &str, at: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let digest = named(app, name)?;
    if let Some(why) = app.refusal() {
        bail!("{why}");
    }
    let now = app.now();
    let at = match at {
        None => now,
        Some(text) => Millis::from(text.parse::<jiff::Timestamp>().map_err(|e| {
            Usage(format!("--now {text:?} is no time: {e}; write it as 2026-09-21T08:00:00Z"))
        })?),
    };
    match digests::run(app.desk(), digest, at, now).await? {
        Prepared::Made { edition, deliveries } if json => {
            output::json(&json!({"id": edition, "deliveries": deliveries}))?
        }
        Prepared::Made { edition, deliveries } => {
            output::line(&edition.to_string())?;
            let recipients = usize::try_from(deliveries)?;
            output::remark(&format!(
                "edition {edition} has {}; `courant serve` or `courant deliver` sends it",
                count(recipients, "mail")
            ));
        }
        Prepared::TooFew { stories } => {
            bail!(
                "no edition was made: {} would be in it, and min_articles is {}",
                count(stories, "article"),
                digest.min_articles
            );
        }
        Prepared::Raced => {
            bail!("another edition took the same articles at this moment: run it again")
        }
    }
    Ok(ExitCode::SUCCESS)
}
