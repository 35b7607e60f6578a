//! `courant editions show`: an edition, its articles and what was not sent.

use std::process::ExitCode;

use crate::app::App;
use crate::cli::output::{self, pluralize};
use crate::cli::paging;
use crate::domain::time::zone_name;
use crate::wire::articles::ArticleTitle;
use crate::wire::editions::{Edition, EditionContents, EditionDelivery};

/// Number of titles that are shown before the rest is counted.
const SHOWN_TITLES: usize = 20;

/// Shows an edition; with `failed`, the deliveries that were not sent instead of its articles.
pub(super) async fn run(app: &App, id: i64, failed: bool, json: bool) -> anyhow::Result<ExitCode> {
    let editions = app.store.editions();
    let e = editions.get(id).await?;
    let (c, articles) = (editions.counts(id).await?, editions.articles(id).await?);
    let not_sent =
        paging::collect(None, async |page| app.store.editions().deliveries(id, false, &page).await)
            .await?;
    if json {
        let articles = articles.into_iter().map(|(id, title)| ArticleTitle { id, title }).collect();
        let not_sent = not_sent.iter().map(EditionDelivery::from).collect();
        output::json(&EditionContents { listed: Edition::new(&e, c), articles, not_sent })?;
        return Ok(ExitCode::SUCCESS);
    }
    let zone = &app.config.site.timezone;
    output::line(&format!("Edition {} of {} ({})", e.id, e.digest, e.state.as_str()))?;
    if let Some(note) = &e.note {
        output::line(&format!("  {note}"))?;
    }
    output::line(&format!(
        "  date {}, created {} ({})",
        e.scheduled_for.in_zone(zone),
        e.created_at.in_zone(zone),
        zone_name(zone)
    ))?;
    output::line(&format!(
        "  sent {}, queued {}, sending {}, failed {}, held {}, cancelled {}",
        c.sent, c.queued, c.sending, c.failed, c.held, c.cancelled
    ))?;
    if failed {
        for d in &not_sent {
            let attempts = pluralize(usize::try_from(d.attempts)?, "attempt");
            let reply = d.last_reply.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
            let address = if d.address.is_empty() { "(erased)" } else { &d.address };
            output::line(&format!("  {address} {} after {attempts}{reply}", d.state))?;
        }
        if not_sent.is_empty() {
            output::line("  no delivery failed")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !not_sent.is_empty() {
        output::line(&format!(
            "  `courant editions show {id} --failed` lists {} not sent, with replies",
            pluralize(not_sent.len(), "message")
        ))?;
    }
    for (_, title) in articles.iter().take(SHOWN_TITLES) {
        output::line(&format!("  - {title}"))?;
    }
    if articles.len() > SHOWN_TITLES {
        let more = articles.len() - SHOWN_TITLES;
        output::line(&format!("  and {}", pluralize(more, "more article")))?;
    }
    Ok(ExitCode::SUCCESS)
}
