//! `/admin/transports`: the transports with their queues, rates and errors.

use axum::extract::Path;
use axum::response::Response;

use super::nav::Section;
use super::visit::Visit;
use crate::delivery::TransportSnapshot;
use crate::domain::permission::Permission;
use crate::store::transport_failures::TransportFailure;
use crate::templates::pages::{AdminAction, Block, Cell, Fact, Table};
use crate::web::error::{WebError, WebResult};

/// State of one transport, of all nodes and of this one.
struct Observed {
    name: String,
    waiting: i64,
    failure: Option<TransportFailure>,
    snapshot: Option<TransportSnapshot>,
}

async fn observe(visit: &Visit) -> WebResult<Vec<Observed>> {
    let app = visit.app();
    let waiting = app.store.deliveries().waiting_by_transport().await?;
    let failures = app.store.transport_failures().list().await?;
    let running = app.running_dispatcher();
    let snapshots = running.map(|dispatcher| dispatcher.snapshot()).unwrap_or_default();
    let observed = app.config.transports.iter().map(|transport| {
        let name = &transport.name;
        Observed {
            waiting: waiting.iter().find(|(other, _)| other == name).map_or(0, |(_, n)| *n),
            failure: failures.iter().find(|failure| failure.transport == *name).cloned(),
            snapshot: snapshots.iter().find(|snapshot| snapshot.name == *name).cloned(),
            name: name.clone(),
        }
    });
    Ok(observed.collect())
}

fn state_cell(visit: &Visit, observed: &Observed) -> Cell {
    let snapshot = observed.snapshot.as_ref();
    let (key, level) = if observed.failure.is_some() {
        ("transport-failing", "bad")
    } else if snapshot.is_some_and(|snapshot| snapshot.rate_limited_until.is_some()) {
        ("transport-limited", "warn")
    } else if observed.waiting > 0 && snapshot.is_some_and(|one| one.sent_last_minute > 0) {
        ("transport-sending", "active")
    } else if snapshot.is_some() {
        ("transport-ready", "good")
    } else {
        ("transport-idle", "off")
    };
    Cell::state(visit.text(key, &[]), level)
}

fn count(number: u64) -> Cell {
    Cell::number(i64::try_from(number).unwrap_or(i64::MAX))
}

/// `GET /admin/transports`: all transports.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    let rows = observe(&visit).await?.into_iter().map(|observed| {
        let per_minute = observed.snapshot.as_ref().map_or(0, |snapshot| snapshot.sent_last_minute);
        let no_error = || Cell::text(visit.text("transport-no-error", &[]));
        let error = observed.failure.as_ref().map(|failure| Cell::code(&failure.error));
        vec![
            Cell::link(&observed.name, visit.url(&format!("/admin/transports/{}", observed.name))),
            state_cell(&visit, &observed),
            Cell::number(observed.waiting),
            count(per_minute),
            error.unwrap_or_else(no_error),
        ]
    });
    let titles =
        ["admin-name", "admin-state", "transport-waiting", "transport-rate", "transport-error"];
    let table = Table {
        columns: visit.columns(&titles, &["transport-waiting", "transport-rate"]),
        rows: rows.collect(),
        empty: visit.text("transport-none", &[]),
        ..Table::default()
    };
    let mut page = visit.list_page(Section::Transports, table);
    page.live = "edition delivery".to_owned();
    page.frame.command = Some("courant status".to_owned());
    page.frame.call = Some("GET /api/v1/transports".to_owned());
    visit.render(&page).await
}

/// `GET /admin/transports/NAME`: one transport.
pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    let found = observe(&visit).await?.into_iter().find(|observed| observed.name == name);
    let observed = found.ok_or_else(WebError::not_found)?;
    let mut page = visit.object_page(Section::Transports, name.clone());
    page.state = Some(state_cell(&visit, &observed));
    page.live = "edition delivery".to_owned();
    page.frame.command = Some("courant status".to_owned());
    page.frame.call = Some(format!("GET /api/v1/transports/{name}"));
    let fact = |key: &str, value| Fact::new(visit.text(key, &[]), value);
    page.facts.push(fact("transport-waiting", Cell::number(observed.waiting)));
    if let Some(failure) = &observed.failure {
        page.lede.clone_from(&failure.error);
        page.is_failure = true;
        page.facts.push(fact("transport-failures", Cell::number(failure.failures)));
        let time = |at| Cell::time(Some(visit.time(at)));
        page.facts.push(fact("transport-since", time(failure.since)));
        page.facts.push(fact("transport-retry", time(failure.retry_at)));
    }
    if let Some(snapshot) = &observed.snapshot {
        page.facts.push(fact("transport-rate", count(snapshot.sent_last_minute)));
        page.facts.push(fact("transport-sent", count(snapshot.outcomes.sent)));
        page.facts.push(fact("transport-failed", count(snapshot.outcomes.failed)));
        if let Some(until) = snapshot.rate_limited_until {
            page.facts.push(fact("transport-limited-until", Cell::time(Some(visit.time(until)))));
        }
        page.blocks.push(blocked_domains(&visit, snapshot));
    } else {
        page.lede = visit.text("transport-not-here", &[]);
    }
    page.blocks.push(digests(&visit, &name));
    visit.render(&page).await
}

/// Returns the digests that a transport sends, each with the page that sends a test of its mail.
fn digests(visit: &Visit, transport: &str) -> Block {
    let (config, scope) = (&visit.app().config, visit.actor.digests());
    let of_transport = config.digests.iter().filter(|digest| digest.transport == transport);
    let rows = of_transport.filter(|digest| scope.contains(&digest.name)).map(|digest| {
        let path = format!("/admin/digests/{}", digest.name);
        let title = digest.title_in(&visit.client.language);
        let test = visit.may(Permission::ControlEditions).then(|| {
            let url = visit.url(&format!("{path}/preview?content=sample"));
            AdminAction::link(visit.text("transport-test", &[]), url)
        });
        vec![Cell::link(title, visit.url(&path)), Cell::default().with_action(test)]
    });
    let table = Table {
        columns: visit.columns(&["admin-digest", ""], &[]),
        rows: rows.collect(),
        empty: visit.text("transport-no-digests", &[]),
        ..Table::default()
    };
    Block::new(visit.text("admin-digests", &[]), table)
}

fn blocked_domains(visit: &Visit, snapshot: &TransportSnapshot) -> Block {
    let rows = snapshot.blocked_domain_keys.iter().map(|(domain, until)| {
        vec![Cell::text(domain.as_ref()), Cell::time(Some(visit.time(*until)))]
    });
    let table = Table {
        columns: visit.columns(&["transport-domain", "transport-blocked-until"], &[]),
        rows: rows.collect(),
        empty: visit.text("transport-no-blocked", &[]),
        ..Table::default()
    };
    Block::new(visit.text("transport-blocked", &[]), table)
}
