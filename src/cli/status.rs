//! `courant status`: the state of sources, feeds, digests, editions and transports in a few lines.

use std::process::ExitCode;

use super::output::{self, pluralize, pluralize_times};
use crate::app::App;

use crate::domain::edition::EditionState;
use crate::domain::page::{MAX_PAGE_SIZE, PageRequest};
use crate::domain::schedule::next_date;
use crate::store::editions::Edition;
use crate::wire;
use crate::wire::status::{Status, TransportQueue};

/// Number of digests and editions that are named; the others are counted.
const MAX_NAMED: usize = 3;

pub(crate) async fn run(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    let status = read(app).await?;
    if json {
        output::json(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    let site = &app.config.site;
    output::line(&format!("Courant {}: {}, {}", status.version, site.title, site.base_url))?;
    for (label, text) in [
        ("sources", sources(&status)),
        ("feeds", pluralize(status.feeds, "declared feed")),
        ("digests", digests(app, &status)),
        ("editions", editions(&status)),
        ("transports", transports(&status)),
        ("queue", format!("{} waiting", pluralize(status.waiting, "message"))),
    ] {
        output::line(&format!("{}{text}", output::bold(&format!("{label:<12}"))))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(app: &App) -> anyhow::Result<Status> {
    let states = app.store.sources().states().await?;
    let sources = app.config.sources.iter().map(|source| {
        let state = states.iter().find(|s| s.name == source.name).cloned().unwrap_or_default();
        wire::sources::Source::new(source, &state)
    });
    let mut digests = Vec::new();
    for d in &app.config.digests {
        let counts = app.store.subscriptions().counts(&d.name).await?.into_iter().collect();
        let next = next_date(&d.schedule, &d.timezone, &d.pause, app.now());
        digests.push(wire::digests::Digest::new(d, next, counts));
    }
    let editions = app.store.editions().list(&PageRequest::first(MAX_PAGE_SIZE)).await?.items;
    let is_open = |e: &&Edition| !matches!(e.state, EditionState::Sent | EditionState::Cancelled);
    let open: Vec<&Edition> = editions.iter().filter(is_open).collect();
    let ids: Vec<i64> = open.iter().map(|e| e.id).collect();
    let counts = app.store.editions().counts_of_all(&ids).await?;
    let waiting = app.store.deliveries().waiting_by_transport().await?;
    let transports = app.config.transports.iter().map(|transport| TransportQueue {
        name: transport.name.clone(),
        waiting: waiting.iter().find(|(name, _)| *name == transport.name).map_or(0, |(_, n)| *n),
    });
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sources: sources.collect(),
        feeds: app.config.feeds.len(),
        digests,
        open_editions: open
            .into_iter()
            .map(|e| {
                let counts = counts.get(&e.id).copied().unwrap_or_default();
                wire::editions::Edition::new(e, counts)
            })
            .collect(),
        transports: transports.collect(),
        waiting: waiting.iter().map(|(_, n)| n).sum(),
    })
}

fn sources(status: &Status) -> String {
    let failing = status.sources.iter().find(|s| s.error.is_some());
    let never = status.sources.iter().filter(|s| s.succeeded_at.is_none()).count();
    let blocked: i64 = status.sources.iter().map(|s| s.blocked_removals).sum();
    let mut text = pluralize(status.sources.len(), "source");
    if let Some(source) = failing {
        let error = source.error.as_deref().unwrap_or_default();
        text += &format!("; {} failed {}: {error}", source.name, pluralize_times(source.failures));
    } else if never > 0 {
        text += &format!("; not synced yet: {never}");
    }
    if blocked > 0 {
        text += &format!("; blocked removals: {blocked}");
    }
    text
}

fn digests(app: &App, status: &Status) -> String {
    let mut upcoming: Vec<_> = app
        .config
        .digests
        .iter()
        .filter_map(|d| Some((next_date(&d.schedule, &d.timezone, &d.pause, app.now())?, d)))
        .collect();
    upcoming.sort_by_key(|(at, _)| *at);
    let named = upcoming
        .iter()
        .take(MAX_NAMED)
        .map(|(at, d)| format!("{} on {}", d.name, at.in_zone(&d.timezone)));
    let named: Vec<String> = named.collect();
    let count = pluralize(status.digests.len(), "digest");
    if named.is_empty() { count } else { format!("{count}; next: {}", named.join(", ")) }
}

fn editions(status: &Status) -> String {
    let open = &status.open_editions;
    if open.is_empty() {
        return "none open".to_owned();
    }
    let named = open.iter().take(MAX_NAMED).map(|e| {
        let waiting = e.counts.queued + e.counts.sending;
        format!("{} of {} {}, {waiting} waiting", e.id, e.digest, e.state)
    });
    format!("{} open: {}", open.len(), named.collect::<Vec<_>>().join("; "))
}

fn transports(status: &Status) -> String {
    let each = status.transports.iter().map(|t| format!("{} {} waiting", t.name, t.waiting));
    each.collect::<Vec<_>>().join(", ")
}
