//! `courant subscribers show`: one subscriber with the history of the subscriptions and the last deliveries.

use std::process::ExitCode;

use super::arguments::find_subscriber;
use crate::app::App;
use crate::cli::output::{self, pluralize};
use crate::domain::embedded_times::with_local_times;
use crate::store::subscribers::Subscription;
use crate::store::subscription_history;
use crate::wire;
use crate::wire::deliveries::DeliverySummary;
use crate::wire::subscribers::{EarlierState, SubscriberHistory};

pub(super) async fn run(app: &App, email: &str, json: bool) -> anyhow::Result<ExitCode> {
    let p = find_subscriber(app, email).await?;
    let subscriptions = app.store.subscriptions().list_of(&[p.id]).await?;
    let history = app.store.subscriptions().history_of(p.id).await?;
    let deliveries = app.store.deliveries().to_subscriber(p.id, 20).await?;
    let suppression = app.store.suppressions().of_person(&p).await?;
    if json {
        output::json(&SubscriberHistory {
            listed: wire::subscribers::Subscriber::new(&p, &subscriptions, suppression.as_ref()),
            history: history.iter().map(EarlierState::from).collect(),
            deliveries: deliveries.iter().map(DeliverySummary::from).collect(),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(format!("{}  {}", p.address, p.name.as_deref().unwrap_or("")).trim_end())?;
    if let Some(s) = &suppression {
        let since = s.created_at.in_zone(&app.config.site.timezone);
        let reply = s.reply.as_deref().map(|reply| format!(": {reply}")).unwrap_or_default();
        output::line(&format!(
            "  suppressed since {since} ({}){reply}; nothing is sent until `courant suppressions remove {}`",
            s.reason, p.address
        ))?;
    }
    for (what, value) in [("language", &p.language), ("time zone", &p.timezone)] {
        output::line(&format!("  {what}: {}", value.as_deref().unwrap_or("the site's")))?;
    }
    if !p.tags.is_empty() {
        output::line(&format!("  tags: {}", p.tags.join(", ")))?;
    }
    for (name, value) in &p.attributes {
        output::line(&format!("  {name}: {value}"))?;
    }
    for subscription in &subscriptions {
        output::line(&describe(subscription, &app.config.site.timezone))?;
        for earlier in history.iter().filter(|h| h.digest == subscription.digest) {
            output::line(&describe_earlier(earlier, &app.config.site.timezone))?;
        }
    }
    if suppression.is_some() || !subscriptions.is_empty() {
        output::zone(&app.config.site.timezone)?;
    }
    for d in deliveries {
        let what = d.edition_id.map_or(d.kind.to_string(), |e| format!("edition {e}"));
        output::line(&format!(
            "  {what}: {} after {}{}",
            d.state,
            pluralize(usize::try_from(d.attempts)?, "attempt"),
            d.last_reply.map(|reply| format!(": {reply}")).unwrap_or_default()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the line of a subscription: its status, who ended it, its sections and its consent.
fn describe(s: &Subscription, zone: &jiff::tz::TimeZone) -> String {
    let sections =
        if s.sections.is_empty() { "all sections".into() } else { s.sections.join(", ") };
    let removal = removal(s.removal_reason.as_deref());
    let (status, since) = (s.status.as_str(), s.status_changed_at.in_zone(zone));
    let consent = with_local_times(&s.consent, zone);
    format!("  {}: {status}{removal} since {since}, {sections}; consent: {consent}", s.digest)
}

/// Returns the line of an earlier state of a subscription.
fn describe_earlier(h: &subscription_history::EarlierState, zone: &jiff::tz::TimeZone) -> String {
    let (status, removal) = (h.status.as_str(), removal(h.removal_reason.as_deref()));
    let (since, until) = (h.since.in_zone(zone), h.until.in_zone(zone));
    let consent = with_local_times(&h.consent, zone);
    format!("    before: {status}{removal} from {since} to {until}; consent: {consent}")
}

/// Returns who ended a subscription, if an admin did.
fn removal(reason: Option<&str>) -> String {
    reason.map(|reason| format!(" by an admin ({reason})")).unwrap_or_default()
}
