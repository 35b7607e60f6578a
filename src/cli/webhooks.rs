//! `courant webhooks`: lists webhooks and their attempts, repeats events and tests receivers.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use super::table::Column::{Key, Number, Text};
use super::table::TextTable;
use super::usage::UsageError;
use super::{output, paging};
use crate::app::App;
use crate::clock;
use crate::config::settings::Webhook;
use crate::domain::actor::Actor;
use crate::webhooks::{event_id, parse_event_id, test_event_id};
use crate::wire;
use crate::wire::webhooks::{ReplayedEvent, TestedWebhook, WebhookAttempt};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List webhooks with their states and waiting events
    List,
    /// List the attempts of a webhook, newest first
    Log {
        /// Name of the webhook
        name: String,
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Deliver an event to a webhook again
    Replay {
        /// Name of the webhook
        name: String,
        /// Id of the event, for example evt_12
        event: String,
    },
    /// Send a test event now; a success switches a webhook on
    Test {
        /// Name of the webhook
        name: String,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List => list(app, json).await,
            Self::Log { name, limit } => log(app, &name, limit, json).await,
            Self::Replay { name, event } => replay(app, &name, &event, json).await,
            Self::Test { name } => test(app, &name, json).await,
        }
    }
}

fn find<'a>(app: &'a App, name: &str) -> anyhow::Result<&'a Webhook> {
    let webhooks = &app.config.webhooks;
    webhooks.iter().find(|webhook| webhook.name == name).ok_or_else(|| {
        let names: Vec<&str> = webhooks.iter().map(|webhook| webhook.name.as_str()).collect();
        let existing =
            if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
        UsageError(format!("there is no webhook {name:?}; existing webhooks: {existing}")).into()
    })
}

async fn list(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    let (states, pending) =
        (app.store.webhooks().states().await?, app.store.webhooks().pending().await?);
    let document = |webhook: &Webhook| {
        let state = states.iter().find(|state| state.name == webhook.name);
        let waiting = pending.iter().find(|(name, _)| *name == webhook.name).map_or(0, |(_, n)| *n);
        wire::webhooks::Webhook::new(webhook, state, waiting)
    };
    let rows: Vec<_> = app.config.webhooks.iter().map(document).collect();
    if json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = TextTable::new(&[
        Key("webhook"),
        Text("url"),
        Text("state"),
        Number("waiting"),
        Text("events"),
    ]);
    for row in rows {
        let state = match row.reason {
            Some(reason) => format!("{}: {reason}", row.state),
            None => row.state,
        };
        table.row([row.name, row.url, state, row.pending.to_string(), row.events.join(", ")]);
    }
    table.print("The configuration has no webhooks.")?;
    Ok(ExitCode::SUCCESS)
}

async fn log(app: &App, name: &str, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    find(app, name)?;
    let attempts =
        paging::collect(limit, async |page| app.store.webhooks().attempts(name, &page).await)
            .await?;
    let documents: Vec<_> = attempts.iter().map(WebhookAttempt::from).collect();
    if json {
        output::json(&documents)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table =
        TextTable::new(&[Key("time"), Key("event"), Text("kind"), Number("ms"), Text("response")]);
    for (attempt, row) in attempts.iter().zip(documents) {
        let response = row.status.map(|status| status.to_string()).or(row.error);
        table.row([
            attempt.at.in_zone(&app.config.site.timezone),
            row.event.unwrap_or_else(|| "test".to_owned()),
            row.kind.unwrap_or_default(),
            row.duration_ms.to_string(),
            response.unwrap_or_default(),
        ]);
    }
    table.print_in_zone("There are no attempts yet.", &app.config.site.timezone)?;
    Ok(ExitCode::SUCCESS)
}

async fn replay(app: &App, name: &str, event: &str, json: bool) -> anyhow::Result<ExitCode> {
    find(app, name)?;
    let id = parse_event_id(event).ok_or_else(|| {
        UsageError(format!("{event:?} is not the id of an event; write for example evt_12"))
    })?;
    if !app.store.webhooks().replay(name, id, &Actor::Cli, app.now()).await? {
        bail!("there is no event {}; events are kept for 30 days", event_id(id));
    }
    let document = ReplayedEvent { webhook: name.to_owned(), event: event_id(id) };
    let text = format!("Event {} is sent to {name} again by `courant serve`.", document.event);
    output::result(json, &document, &text)?;
    Ok(ExitCode::SUCCESS)
}

async fn test(app: &App, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let webhook = find(app, name)?;
    if let Some(reason) = app.send_block_reason() {
        bail!("{reason}");
    }
    let id = test_event_id(clock::random_bytes());
    let outcome = app.webhook_sender().test(webhook, &id, &Actor::Cli, app.now()).await?;
    let (status, error) = (outcome.attempt.status, outcome.attempt.error);
    let answer = match (status, &error) {
        (Some(status), _) => format!("answered with status {status}"),
        (None, reason) => format!("did not answer: {}", reason.as_deref().unwrap_or_default()),
    };
    let is_accepted = outcome.is_accepted;
    let document = TestedWebhook { webhook: name.to_owned(), accepted: is_accepted, status, error };
    output::result(json, &document, &format!("{name} {answer}"))?;
    Ok(if is_accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
