//! Attention list of `courant status`, most urgent first: mail that is not sent, then sources that are
//! not read, then decisions that an admin must make.

use crate::app::App;
use crate::config::settings::Webhook;
use crate::domain::edition::EditionState;
use crate::domain::time::{Millis, SignedDuration};
use crate::store::editions::Edition;
use crate::store::sources::SourceState;
use crate::store::transport_failures::TransportFailure;
use crate::store::webhooks::WebhookState;
use crate::wire::status::Attention;

use super::super::output::{pluralize, pluralize_times};

/// Time after which a message that is due, and a daemon that does not run, are reported.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// State of the installation from which the list is made.
pub(super) struct Observed<'a> {
    pub(super) sources: &'a [SourceState],
    pub(super) failures: &'a [TransportFailure],
    pub(super) open_editions: &'a [&'a Edition],
    pub(super) waiting: i64,
}

/// Returns everything that needs attention, most urgent first.
pub(super) async fn list(app: &App, observed: &Observed<'_>) -> anyhow::Result<Vec<Attention>> {
    let (now, mut all) = (app.now(), Vec::new());
    all.extend(app.send_block_reason().map(|text| attention("database", "", text, None)));
    let last_run = app.store.clock_faults().last_run().await?;
    let runs = last_run.is_some_and(|at| now.since(at) < TOLERANCE);
    if !runs {
        all.extend(not_running(app, last_run, observed.waiting));
    }
    all.extend(observed.failures.iter().map(|failure| failing_transport(app, failure)));
    let overdue = app.store.deliveries().overdue_since(now.plus(-TOLERANCE)).await?;
    let is_explained = |name: &str| !runs || observed.failures.iter().any(|f| f.transport == name);
    for (transport, since) in overdue.iter().filter(|(name, _)| !is_explained(name)) {
        let text = format!(
            "messages wait since {}, and no node sends them; a rate limit may be used up",
            site_time(app, *since)
        );
        all.push(attention("transport", transport, text, Some(*since)));
    }
    all.extend(app.unconfigured_names().await?.into_iter().map(|t| attention("name", "", t, None)));
    all.extend(observed.open_editions.iter().filter_map(|edition| paused_edition(app, edition)));
    for state in observed.sources {
        all.extend(failing_source(app, state));
    }
    all.extend(observed.sources.iter().filter_map(blocked_removals));
    for state in app.store.webhooks().states().await? {
        all.extend(failing_webhook(app, &state));
    }
    for destination in &app.config.destinations {
        let files = app.store.publications().list(&destination.name).await?;
        let failing = files.iter().filter(|file| file.attempts > 0).count();
        if failing > 0 {
            let text = format!("uploads of {} fail; see the log", pluralize(failing, "file"));
            all.push(attention("destination", &destination.name, text, None));
        }
    }
    Ok(all)
}

fn attention(kind: &str, name: &str, text: String, since: Option<Millis>) -> Attention {
    Attention {
        kind: kind.to_owned(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        since: since.map(|t| t.rfc3339()),
    }
}

fn site_time(app: &App, time: Millis) -> String {
    time.in_zone(&app.config.site.timezone)
}

/// Returns a sentence if nothing sends the waiting messages, or if a daemon ran once and has ended.
fn not_running(app: &App, last_run: Option<Millis>, waiting: i64) -> Option<Attention> {
    let text = match (last_run, waiting) {
        (None, 0) => return None,
        (None, _) => format!(
            "{} not sent, because Courant does not run; start `courant serve`",
            if waiting == 1 {
                "1 message is".to_owned()
            } else {
                format!("{waiting} messages are")
            }
        ),
        (Some(at), _) => {
            format!("Courant has not run since {}; start `courant serve`", site_time(app, at))
        }
    };
    Some(attention("daemon", "", text, last_run))
}

fn failing_transport(app: &App, failure: &TransportFailure) -> Attention {
    let times = pluralize_times(failure.failures);
    let retry = if failure.retry_at > app.now() {
        format!("; nothing is sent before {}", site_time(app, failure.retry_at))
    } else {
        String::new()
    };
    let since = site_time(app, failure.since);
    let text = format!("failed {times} since {since}{retry}: {}", failure.error);
    attention("transport", &failure.transport, text, Some(failure.since))
}

fn paused_edition(app: &App, edition: &Edition) -> Option<Attention> {
    if edition.state != EditionState::Paused {
        return None;
    }
    let reason = edition.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
    let text = format!(
        "edition {} of {} is paused{reason}; `courant editions resume {0}` continues it",
        edition.id,
        site_time(app, edition.scheduled_for)
    );
    Some(attention("digest", &edition.digest, text, None))
}

fn failing_source(app: &App, state: &SourceState) -> Option<Attention> {
    let error = state.error.as_deref()?;
    let since = state.failing_since.map(|at| format!(" since {}", site_time(app, at)));
    let text = format!(
        "the sync failed {}{}: {}",
        pluralize_times(state.failures),
        since.unwrap_or_default(),
        without_name(error, &state.name)
    );
    Some(attention("source", &state.name, text, state.failing_since))
}

fn failing_webhook(app: &App, state: &WebhookState) -> Option<Attention> {
    let is_it =
        |webhook: &&Webhook| webhook.name == state.name && webhook.url.as_str() == state.url;
    app.config.webhooks.iter().find(is_it)?;
    let text = match (state.disabled_at, state.failing_since) {
        (Some(at), _) => format!(
            "switched off since {}: {}; `courant webhooks test {}` switches it on again",
            site_time(app, at),
            state.reason.as_deref().unwrap_or_default(),
            state.name
        ),
        (None, Some(since)) => format!(
            "accepts no event since {}; `courant webhooks log {}` lists the attempts",
            site_time(app, since),
            state.name
        ),
        (None, None) => return None,
    };
    Some(attention("webhook", &state.name, text, state.disabled_at.or(state.failing_since)))
}

/// Returns an error without the name of its source at the beginning, which the line has already.
fn without_name<'a>(error: &'a str, name: &str) -> &'a str {
    error.strip_prefix(&format!("source {name}: ")).unwrap_or(error)
}

fn blocked_removals(state: &SourceState) -> Option<Attention> {
    (state.blocked_removals > 0).then(|| {
        let text = format!(
            "{} blocked; `courant sources sync {} --accept-removals` accepts them",
            if state.blocked_removals == 1 {
                "1 removal is".to_owned()
            } else {
                format!("{} removals are", state.blocked_removals)
            },
            state.name
        );
        attention("source", &state.name, text, None)
    })
}
