//! `courant editions`: how they fare, and orders about one.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Usage, output};
use crate::app::App;
use crate::delivery;
use crate::domain::edition::{Counts, Order};
use crate::store::editions::Edition;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All editions, newest first
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<i64>,
    },
    /// One edition: its articles and what became of its mails
    Show {
        /// Its number
        id: String,
    },
    /// Send nothing more of it for the time being
    Pause {
        /// Its number
        id: String,
    },
    /// Go on sending a paused one
    Resume {
        /// Its number
        id: String,
    },
    /// Call it off; if no mail went out, its articles are news again
    Cancel {
        /// Its number
        id: String,
    },
    /// Try again what failed or is held
    Retry {
        /// Its number
        id: String,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json).await,
            Self::Show { id } => show(app, &id, json).await,
            Self::Pause { id } => order(app, &id, Order::Pause).await,
            Self::Resume { id } => order(app, &id, Order::Resume).await,
            Self::Cancel { id } => order(app, &id, Order::Cancel).await,
            Self::Retry { id } => order(app, &id, Order::Retry).await,
        }
    }
}

fn number(id: &str) -> anyhow::Result<i64> {
    id.parse().map_err(|_| {
        Usage(format!("{id:?} is no edition: they are numbers, `courant editions list` shows them"))
            .into()
    })
}

async fn order(app: &App, id: &str, order: Order) -> anyhow::Result<ExitCode> {
    output::line(&delivery::order(&app.store, number(id)?, order, app.now()).await?)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, limit: Option<i64>, json: bool) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    let mut table = output::Table::new(&[
        "edition",
        "digest",
        "state",
        "date",
        "sent",
        "queued",
        "failed",
        "held",
        "cancelled",
    ]);
    let editions = app.store.editions(limit).await?;
    let counts = app.store.counts_of(&editions.iter().map(|e| e.id).collect::<Vec<_>>()).await?;
    for e in editions {
        let c = counts.get(&e.id).copied().unwrap_or_default();
        if json {
            rows.push(value(&e, c));
        } else {
            let numbers = [c.sent, c.queued + c.sending, c.failed, c.held, c.cancelled]
                .map(|n| n.to_string());
            let when = e.scheduled_for.in_zone(&app.config.site.timezone);
            table.row(
                [e.id.to_string(), e.digest, e.state.word().to_owned(), when]
                    .into_iter()
                    .chain(numbers),
            );
        }
    }
    if json {
        output::json(&rows.into())?
    } else {
        table.print("there are no editions yet; `courant digests next` shows what comes")?
    }
    Ok(ExitCode::SUCCESS)
}

fn value(e: &Edition, c: Counts) -> Value {
    json!({"id": e.id, "digest": e.digest, "state": e.state.word(), "scheduled_for": e.scheduled_for.rfc3339(),
        "created_at": e.created_at.rfc3339(), "finished_at": e.finished_at.map(|t| t.rfc3339()), "note": e.note,
        "counts": {"queued": c.queued, "sending": c.sending, "sent": c.sent, "failed": c.failed, "held": c.held, "cancelled": c.cancelled}})
}

async fn show(app: &App, id: &str, json: bool) -> anyhow::Result<ExitCode> {
    let id = number(id)?;
    let e =
        app.store.edition(id).await?.ok_or_else(|| {
            anyhow!("there is no edition {id}: `courant editions list` shows them")
        })?;
    let (c, articles) =
        (app.store.edition_counts(id).await?, app.store.edition_articles(id).await?);
    if json {
        let mut value = value(&e, c);
        value["articles"] =
            articles.iter().map(|(id, title)| json!({"id": id, "title": title})).collect();
        output::json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    let zone = &app.config.site.timezone;
    output::line(&format!("edition {} of {} ({})", e.id, e.digest, e.state.word()))?;
    if let Some(note) = &e.note {
        output::line(&format!("  {note}"))?;
    }
    output::line(&format!(
        "  date {}, made {}",
        e.scheduled_for.in_zone(zone),
        e.created_at.in_zone(zone)
    ))?;
    output::line(&format!(
        "  sent {}, queued {}, sending {}, failed {}, held {}, cancelled {}",
        c.sent, c.queued, c.sending, c.failed, c.held, c.cancelled
    ))?;
    for (_, title) in articles {
        output::line(&format!("  - {title}"))?;
    }
    Ok(ExitCode::SUCCESS)
}
