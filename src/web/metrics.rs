//! `GET /metrics`: the metrics of this process, for Prometheus.

use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::error::WebResult;
use super::state::SharedState;
use crate::app::App;
use crate::delivery::TransportSnapshot;
use crate::domain::time::SignedDuration;
use crate::feeds::format::Format;
use crate::metrics::{Labels, Metrics, Surface, TextFormat};
use crate::store::StoreResult;

/// Longest age of the values that are read from the database.
const MAX_AGE: SignedDuration = SignedDuration::from_secs(10);

/// `GET /metrics`: returns all metrics in the format that the client accepts.
pub(super) async fn show(State(web): State<SharedState>, request: Request) -> WebResult<Response> {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = TextFormat::from_accept(accept.unwrap_or_default());
    let text = {
        let mut read_at = web.metrics_read_at.lock().await;
        let now = web.app.now();
        if read_at.is_none_or(|at| now.since(at) >= MAX_AGE || now < at) {
            let is_up = read_database(&web.app).await.is_ok();
            web.app.metrics.database.up.set(Labels::new(), f64::from(u8::from(is_up)));
            *read_at = Some(now);
        }
        read_process(&web.app);
        web.app.metrics.encode(format).map_err(anyhow::Error::from)?
    };
    let headers = [(CONTENT_TYPE, format.content_type()), (CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}

/// Middleware: counts requests by surface and status code, and measures handlers.
pub(super) async fn count_requests(
    State(web): State<SharedState>,
    request: Request,
    next: Next,
) -> Response {
    let (surface, start) = (surface_of(request.uri().path()), Instant::now());
    let response = next.run(request).await;
    web.app.metrics.http.record_duration(surface, start.elapsed());
    web.app.metrics.http.count(surface, response.status().as_u16());
    response
}

fn surface_of(path: &str) -> Surface {
    let is_document = || {
        Format::ALL.iter().any(|f| path.rsplit_once('.').is_some_and(|(_, e)| e == f.extension()))
    };
    match path {
        "/hub" => Surface::Hub,
        _ if path.starts_with("/api/") => Surface::Api,
        _ if path.starts_with("/feeds") && is_document() => Surface::Feeds,
        _ => Surface::Pages,
    }
}

/// Returns a count as a metric value; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn value(count: u64) -> f64 {
    count as f64
}

fn label(name: &'static str, text: &str) -> Labels {
    vec![(name, text.to_owned())]
}

/// Updates the values that are read from the database.
async fn read_database(app: &App) -> StoreResult<()> {
    let (metrics, states) = (&app.metrics, app.store.sources().states().await?);
    let sources = &metrics.sources;
    for family in
        [&sources.synced_at, &sources.failures, &sources.rejected_rows, &sources.blocked_removals]
    {
        family.clear();
    }
    let is_configured = |name: &str| app.config.sources.iter().any(|source| source.name == name);
    for state in states.iter().filter(|state| is_configured(&state.name)) {
        let count = |n: i64| value(u64::try_from(n).unwrap_or_default());
        if let Some(at) = state.succeeded_at {
            sources.synced_at.set(label("source", &state.name), count(at.0) / 1000.0);
        }
        sources.failures.set(label("source", &state.name), count(state.failures));
        sources.rejected_rows.set(label("source", &state.name), count(state.rejected));
        sources.blocked_removals.set(label("source", &state.name), count(state.blocked_removals));
    }
    let pending = app.store.deliveries().waiting_count().await?;
    metrics.delivery.pending.set(Labels::new(), value(u64::try_from(pending).unwrap_or_default()));
    Ok(())
}

/// Updates the values of this process.
fn read_process(app: &App) {
    let metrics = &app.metrics;
    let documents = app.config.feeds.len() * Format::ALL.len();
    let in_memory = app.feed_cache.declared_documents(&app.config);
    metrics.feeds.declared.set(Labels::new(), value(documents as u64));
    metrics.feeds.documents.set(Labels::new(), value(in_memory as u64));
    let changes = *app.feed_cache.document_changes().borrow();
    metrics.feeds.changes.set(Labels::new(), value(changes));
    let totals = app.store.statement_totals();
    metrics.database.statements.set(Labels::new(), value(totals.statements));
    metrics.database.errors.set(Labels::new(), value(totals.errors));
    let seconds = value(totals.nanoseconds) / 1e9;
    metrics.database.seconds.set(Labels::new(), seconds);
    let (used, idle) = app.store.connections();
    metrics.database.connections.set(label("state", "used"), value(used as u64));
    metrics.database.connections.set(label("state", "idle"), value(idle as u64));
    metrics.delivery.clear_transports();
    let Some(dispatcher) = app.running_dispatcher() else { return };
    for transport in dispatcher.snapshot() {
        set_transport_values(metrics, &transport);
    }
}

fn set_transport_values(metrics: &Metrics, transport: &TransportSnapshot) {
    let name = || label("transport", &transport.name);
    let (delivery, outcomes) = (&metrics.delivery, &transport.outcomes);
    for (outcome, count) in [
        ("sent", outcomes.sent),
        ("failed", outcomes.failed),
        ("deferred", outcomes.deferred),
        ("postponed", outcomes.postponed),
        ("uncertain", outcomes.uncertain),
    ] {
        let labels = vec![("transport", transport.name.clone()), ("outcome", outcome.to_owned())];
        delivery.outcomes.set(labels, value(count));
    }
    delivery.queued.set(name(), value(transport.queued as u64));
    delivery.sent_last_minute.set(name(), value(transport.sent_last_minute));
    delivery.available.set(name(), f64::from(u8::from(transport.can_send_now())));
    delivery.consecutive_relay_failures.set(name(), f64::from(transport.relay_failures));
    delivery.blocked_domains.set(name(), value(transport.blocked_domain_keys.len() as u64));
}
