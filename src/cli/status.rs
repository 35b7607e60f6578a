//! `courant status`: what needs attention, and the state of sources, feeds, digests, editions and
//! transports in a few lines.

use std::process::ExitCode;

use super::output::{self, Style, pluralize};
use crate::api::read_status;
use crate::app::App;
use crate::digests::next_date;
use crate::domain::actor::Actor;
use crate::domain::shorten::shorten;
use crate::domain::time::zone_name;
use crate::wire::status::{Attention, Status};

/// Number of digests and editions that are named; the others are counted.
const MAX_NAMED: usize = 3;
/// Number of things that need attention that are printed; the others are counted.
const MAX_ATTENTION: usize = 6;
/// Maximum number of characters of one of them.
const MAX_ATTENTION_CHARS: usize = 300;

pub(crate) async fn run(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    let status = read_status(app, &Actor::Cli).await?;
    if json {
        output::json(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    let site = &app.config.site;
    output::line(&format!(
        "Courant {}: {}, {}; times are in {}",
        status.version,
        site.title,
        site.base_url,
        zone_name(&site.timezone)
    ))?;
    print_attention(&status.attention)?;
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

fn print_attention(all: &[Attention]) -> anyhow::Result<()> {
    let label = output::styled(&format!("{:<12}", "attention"), Style::Yellow, &std::io::stdout());
    for one in all.iter().take(MAX_ATTENTION) {
        let object = match (one.kind.as_str(), &one.name) {
            (kind, Some(name)) => format!("{kind} {name}: "),
            (_, None) => String::new(),
        };
        output::line(&format!("{label}{}", shorten(&(object + &one.text), MAX_ATTENTION_CHARS)))?;
    }
    if let Some(more @ 1..) = all.len().checked_sub(MAX_ATTENTION) {
        output::line(&format!("{label}and {more} more; --json lists all"))?;
    }
    Ok(())
}

fn sources(status: &Status) -> String {
    let failing = status.sources.iter().filter(|s| s.error.is_some()).count();
    let never = status.sources.iter().filter(|s| s.succeeded_at.is_none()).count();
    let rejected: i64 = status.sources.iter().map(|s| s.rejected).sum();
    let mut text = pluralize(status.sources.len(), "source");
    for (label, n) in [("failing", failing), ("not synced yet", never)] {
        if n > 0 {
            text += &format!("; {label}: {n}");
        }
    }
    if rejected > 0 {
        text += &format!("; rejected rows: {rejected}");
    }
    text
}

fn digests(app: &App, status: &Status) -> String {
    let scheduled = app.config.digests.iter().zip(&status.digests);
    let mut upcoming: Vec<_> = scheduled
        .filter(|(_, document)| document.paused_since.is_none())
        .filter_map(|(d, _)| Some((next_date(d, None, app.now())?, d)))
        .collect();
    upcoming.sort_by_key(|(at, _)| *at);
    let site = &app.config.site.timezone;
    let named = upcoming
        .iter()
        .take(MAX_NAMED)
        .map(|(at, d)| format!("{} on {}", d.name, output::time_in_zone(*at, &d.timezone, site)));
    let named: Vec<String> = named.collect();
    let count = pluralize(status.digests.len(), "digest");
    let paused = status.digests.iter().filter(|digest| digest.paused_since.is_some()).count();
    let count = if paused > 0 { format!("{count}; paused: {paused}") } else { count };
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
    let each = status.transports.iter().map(|t| {
        let failing = if t.failure.is_some() { ", failing" } else { "" };
        format!("{} {} waiting{failing}", t.name, t.waiting)
    });
    each.collect::<Vec<_>>().join("; ")
}
