//! Attention list of the status as documents with a sentence each.

use crate::app::{App, Attention};
use crate::domain::plural::{pluralize, pluralize_times};
use crate::domain::time::Millis;
use crate::store::editions::Edition;
use crate::store::sources::SourceState;
use crate::store::transport_failures::TransportFailure;
use crate::wire;

/// Returns the document of something that needs attention.
pub(super) fn document(app: &App, attention: Attention) -> wire::status::Attention {
    match attention {
        Attention::SendingBlocked(reason) => entry("database", "", reason, None),
        Attention::NotRunning { last_run, waiting } => not_running(app, last_run, waiting),
        Attention::FailingTransport(failure) => failing_transport(app, &failure),
        Attention::OverdueMessages { transport, since } => {
            let text = format!(
                "messages wait since {}, and no node sends them; a rate limit may be used up",
                site_time(app, since)
            );
            entry("transport", &transport, text, Some(since))
        }
        Attention::UnconfiguredName(text) => entry("name", "", text, None),
        Attention::PausedDigest { name, since } => {
            let text = format!(
                "paused since {}; `courant digests resume {name}` resumes it",
                site_time(app, since)
            );
            entry("digest", &name, text, Some(since))
        }
        Attention::PausedEdition(edition) => paused_edition(app, &edition),
        Attention::FailingSource(state) => failing_source(app, &state),
        Attention::BlockedRemovals { source, count } => blocked_removals(&source, count),
        Attention::RejectedArticles { source, count } => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let text = format!(
                "rejected rows: {count}; `courant sources check {source}` lists them and says how to fix them"
            );
            entry("source", &source, text, None)
        }
        Attention::ExpiringToken { name, expires } => {
            let text = format!(
                "expires at {}; `courant tokens create` makes another",
                site_time(app, expires)
            );
            entry("token", &name, text, None)
        }
        Attention::DisabledWebhook { name, since, reason } => {
            let text = format!(
                "switched off since {}: {reason}; `courant webhooks test {name}` switches it on again",
                site_time(app, since)
            );
            entry("webhook", &name, text, Some(since))
        }
        Attention::FailingWebhook { name, since } => {
            let text = format!(
                "accepts no event since {}; `courant webhooks log {name}` lists the attempts",
                site_time(app, since)
            );
            entry("webhook", &name, text, Some(since))
        }
        Attention::FailingUploads { destination, files } => {
            let text = format!("uploads of {} fail; see the log", pluralize(files, "file"));
            entry("destination", &destination, text, None)
        }
    }
}

fn entry(kind: &str, name: &str, text: String, since: Option<Millis>) -> wire::status::Attention {
    wire::status::Attention {
        kind: kind.to_owned(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        since: since.map(|t| t.rfc3339()),
    }
}

fn site_time(app: &App, time: Millis) -> String {
    time.in_zone(&app.config.site.timezone)
}

fn not_running(app: &App, last_run: Option<Millis>, waiting: i64) -> wire::status::Attention {
    let text = match (last_run, waiting) {
        (None, _) => format!(
            "{} waiting because Courant is not running; start `courant serve`",
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
    entry("daemon", "", text, last_run)
}

fn failing_transport(app: &App, failure: &TransportFailure) -> wire::status::Attention {
    let times = pluralize_times(failure.failures);
    let retry = if failure.retry_at > app.now() {
        format!("; nothing is sent before {}", site_time(app, failure.retry_at))
    } else {
        String::new()
    };
    let since = site_time(app, failure.since);
    let text = format!("failed {times} since {since}{retry}: {}", failure.error);
    entry("transport", &failure.transport, text, Some(failure.since))
}

fn paused_edition(app: &App, edition: &Edition) -> wire::status::Attention {
    let reason = edition.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
    let text = format!(
        "edition {} of {} is paused{reason}; `courant editions resume {0}` continues it",
        edition.id,
        site_time(app, edition.scheduled_for)
    );
    entry("digest", &edition.digest, text, None)
}

fn failing_source(app: &App, state: &SourceState) -> wire::status::Attention {
    let since = state.failing_since.map(|at| format!(" since {}", site_time(app, at)));
    let text = format!(
        "the sync failed {}{}: {}",
        pluralize_times(state.failures),
        since.unwrap_or_default(),
        state.error_without_name()
    );
    entry("source", &state.name, text, state.failing_since)
}

fn blocked_removals(source: &str, count: i64) -> wire::status::Attention {
    let blocked =
        if count == 1 { "1 removal is".to_owned() } else { format!("{count} removals are") };
    let text = format!(
        "{blocked} blocked; `courant sources sync {source} --accept-removals` accepts them"
    );
    entry("source", source, text, None)
}
