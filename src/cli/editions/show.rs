//! `courant editions show`: an edition, its articles, what was not sent, and whom it does not address.

use std::process::ExitCode;

use crate::app::App;
use crate::cli::output::{self, pluralize};
use crate::cli::paging;
use crate::digests::{self, Reception};
use crate::domain::address::EmailAddress;
use crate::domain::not_addressed::{NotAddressed, NotAddressedReason};
use crate::domain::time::zone_name;
use crate::store::edition_deliveries;
use crate::wire::articles::ArticleTitle;
use crate::wire::editions::{
    Edition, EditionContents, EditionDelivery, EditionReception, NotAddressedSubscribers,
};

/// Number of titles that are shown before the rest is counted.
const SHOWN_TITLES: usize = 20;

/// Shows an edition; with `failed`, the deliveries that were not sent instead of its articles.
pub(super) async fn run(app: &App, id: i64, failed: bool, json: bool) -> anyhow::Result<ExitCode> {
    let editions = app.store.editions();
    let e = editions.get(id).await?;
    let (c, articles) = (editions.counts(id).await?, editions.articles(id).await?);
    let audience = editions.frozen_audience(id).await?;
    let not_addressed = audience.map(|audience| audience.not_addressed).unwrap_or_default();
    let not_sent =
        paging::collect(None, async |page| app.store.editions().deliveries(id, false, &page).await)
            .await?;
    if json {
        let articles = articles.into_iter().map(|(id, title)| ArticleTitle { id, title }).collect();
        let not_sent = not_sent.iter().map(EditionDelivery::from).collect();
        output::json(&EditionContents {
            listed: Edition::new(&e, c),
            articles,
            not_addressed: NotAddressedSubscribers::list(&not_addressed),
            not_sent,
        })?;
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
    if e.unsubscribed > 0 {
        let people = pluralize(e.unsubscribed, "recipient");
        output::line(&format!("  {people} unsubscribed with a link of this edition"))?;
    }
    if failed {
        print_not_sent(&not_sent)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !not_sent.is_empty() {
        output::line(&format!(
            "  `courant editions show {id} --failed` lists {} not sent, with replies",
            pluralize(not_sent.len(), "message")
        ))?;
    }
    print_not_addressed(&not_addressed)?;
    for (_, title) in articles.iter().take(SHOWN_TITLES) {
        output::line(&format!("  - {title}"))?;
    }
    if articles.len() > SHOWN_TITLES {
        let more = articles.len() - SHOWN_TITLES;
        output::line(&format!("  and {}", pluralize(more, "more article")))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the deliveries that were not sent, each with the reply.
fn print_not_sent(not_sent: &[edition_deliveries::EditionDelivery]) -> anyhow::Result<()> {
    for d in not_sent {
        let attempts = pluralize(usize::try_from(d.attempts)?, "attempt");
        let reply = d.last_reply.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
        let address = if d.address.is_empty() { "(erased)" } else { &d.address };
        output::line(&format!("  {address} {} after {attempts}{reply}", d.state))?;
    }
    if not_sent.is_empty() {
        output::line("  no delivery failed")?;
    }
    Ok(())
}

/// Prints the numbers of subscribers whom an edition does not address, each with the reason.
fn print_not_addressed(not_addressed: &NotAddressed) -> anyhow::Result<()> {
    let text = |(reason, subscribers): (NotAddressedReason, i64)| {
        let reason = match reason {
            NotAddressedReason::Pending => "not confirmed",
            NotAddressedReason::Paused => "paused",
            NotAddressedReason::Unsubscribed => "unsubscribed",
            NotAddressedReason::NoStory => "without an article in the chosen sections",
            NotAddressedReason::Suppressed => "suppressed",
            NotAddressedReason::Audience => "outside the audience",
        };
        format!("{subscribers} {reason}")
    };
    let texts: Vec<String> = not_addressed.iter().map(text).collect();
    if !texts.is_empty() {
        output::line(&format!("  not addressed: {}", texts.join(", ")))?;
    }
    Ok(())
}

/// Explains why an address got an edition or did not.
pub(super) async fn explain(
    app: &App,
    id: i64,
    address: &str,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let edition = app.store.editions().get(id).await?;
    let parsed = EmailAddress::parse(address).map_err(anyhow::Error::msg)?;
    let person = app.store.subscribers().find_by_address(&parsed.key()).await?;
    let reception = digests::reception(&app.store, &edition, person.as_ref()).await?;
    let time = match &reception {
        Reception::Addressed(delivery) => delivery.ended_at.map(|time| ("on", time)),
        Reception::Absent(absence) => absence.since().map(|time| ("since", time)),
    };
    let zone = &app.config.site.timezone;
    let time = time.map(|(word, time)| format!(" ({word} {})", time.in_zone(zone)));
    let text = format!("{address}: {}{}", reception.as_str(), time.unwrap_or_default());
    output::result(json, &EditionReception::new(id, address, &reception), &text)?;
    Ok(ExitCode::SUCCESS)
}
