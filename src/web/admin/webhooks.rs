//! `/admin/webhooks`: the webhooks with their states and attempts, and the commands on one.

use axum::extract::Path;
use axum::response::Response;

use super::nav::Section;
use super::visit::Visit;
use crate::clock;
use crate::config::settings::Webhook;
use crate::store::webhook_log::{WebhookAttempt, WebhookState};
use crate::templates::pages::{AdminAction, Block, Cell, Fact, Table};
use crate::web::error::{WebError, WebResult};
use crate::webhooks::{event_id, parse_event_id, test_event_id};

/// `GET /admin/webhooks`: all webhooks.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    let store = visit.app().store.webhooks();
    let (states, pending) = (store.states().await?, store.pending().await?);
    let rows = visit.app().config.webhooks.iter().map(|webhook| {
        let state = states.iter().find(|state| state.name == webhook.name);
        let waiting = pending.iter().find(|(name, _)| *name == webhook.name).map_or(0, |(_, n)| *n);
        let host = webhook.url.host_str().unwrap_or_default();
        vec![
            Cell::link(&webhook.name, visit.url(&format!("/admin/webhooks/{}", webhook.name)))
                .with_detail(host),
            state_cell(&visit, state),
            Cell::number(i64::try_from(webhook.events.len()).unwrap_or(i64::MAX)),
            Cell::number(waiting),
        ]
    });
    let titles = ["admin-name", "admin-state", "webhook-kinds", "webhook-waiting"];
    let table = Table {
        columns: visit.columns(&titles, &["webhook-kinds", "webhook-waiting"]),
        rows: rows.collect(),
        empty: visit.text("webhook-none", &[]),
        ..Table::default()
    };
    let mut page = visit.list_page(Section::Webhooks, table);
    page.live = "webhook".to_owned();
    page.frame.command = Some("courant webhooks list".to_owned());
    page.frame.call = Some("GET /api/v1/webhooks".to_owned());
    visit.render(&page).await
}

fn state_cell(visit: &Visit, state: Option<&WebhookState>) -> Cell {
    let (key, level) = match state {
        Some(WebhookState { disabled_at: Some(_), .. }) => ("webhook-off", "bad"),
        Some(WebhookState { failing_since: Some(_), .. }) => ("webhook-failing", "warn"),
        _ => ("webhook-good", "good"),
    };
    Cell::state(visit.text(key, &[]), level)
}

fn find<'a>(visit: &'a Visit, name: &str) -> WebResult<&'a Webhook> {
    let found = visit.app().config.webhooks.iter().find(|webhook| webhook.name == name);
    found.ok_or_else(WebError::not_found)
}

/// `GET /admin/webhooks/NAME`: one webhook with its attempts, newest first.
pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    let webhook = find(&visit, &name)?;
    let store = visit.app().store.webhooks();
    let states = store.states().await?;
    let state = states.iter().find(|state| state.name == name);
    let mut page = visit.object_page(Section::Webhooks, name.clone());
    page.state = Some(state_cell(&visit, state));
    page.live = "webhook".to_owned();
    page.frame.command = Some(format!("courant webhooks log {name}"));
    page.frame.call = Some(format!("GET /api/v1/webhooks/{name}/deliveries"));
    let path = |action: &str| visit.url(&format!("/admin/webhooks/{name}/{action}"));
    page.actions.push(AdminAction::post(visit.text("webhook-test", &[]), path("test")).main());
    if let Some(WebhookState { disabled_at: Some(_), reason, .. }) = state {
        page.lede = reason.clone().unwrap_or_default();
        page.is_failure = !page.lede.is_empty();
        let enable = AdminAction::post(visit.text("webhook-enable", &[]), path("enable"));
        page.actions.push(enable);
    }
    let kinds = webhook.events.iter().map(|kind| Cell::text(kind.as_str()));
    page.facts = vec![
        Fact::new(visit.text("webhook-url", &[]), Cell::code(webhook.url.as_str())),
        Fact { label: visit.text("webhook-kinds", &[]), values: kinds.collect() },
    ];
    let attempts = store.attempts(&name, &visit.page_request()).await?;
    let pager = visit.pager(&attempts);
    let titles = ["admin-when", "webhook-event", "webhook-answer", "webhook-duration", ""];
    let table = Table {
        columns: visit.columns(&titles, &["webhook-duration"]),
        rows: attempts.items.iter().map(|attempt| row(&visit, &path("replay"), attempt)).collect(),
        empty: visit.text("webhook-no-attempts", &[]),
        pager,
        ..Table::default()
    };
    page.blocks.push(Block::new(visit.text("webhook-attempts", &[]), table));
    visit.render(&page).await
}

fn row(visit: &Visit, replay: &str, attempt: &WebhookAttempt) -> Vec<Cell> {
    let id = event_id(attempt.event);
    let kind = attempt.kind.map_or_else(String::new, |kind| kind.as_str().to_owned());
    let status = attempt.status.map(|status| status.to_string()).unwrap_or_default();
    let text = visit.text("webhook-replay", &[]);
    let action = attempt.kind.map(|_| AdminAction::post(text, format!("{replay}?event={id}")));
    vec![
        Cell::time(Some(visit.time(attempt.at))),
        Cell::text(kind).with_detail(id),
        Cell::code(status).with_detail(attempt.error.clone().unwrap_or_default()),
        Cell::number(attempt.duration_ms),
        Cell::default().with_action(action),
    ]
}

/// `POST /admin/webhooks/NAME/test`: sends a test event now.
pub(super) async fn test(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    let (webhook, path) = (find(&visit, &name)?, format!("/admin/webhooks/{name}"));
    if visit.app().send_block_reason().is_some() {
        return Ok(visit.refused(&path, "webhook-blocked"));
    }
    let id = test_event_id(clock::random_bytes());
    let sender = visit.app().webhook_sender();
    let outcome = sender.test(webhook, &id, &visit.actor, visit.now).await?;
    Ok(if outcome.is_accepted {
        visit.done(&path, "webhook-test")
    } else {
        visit.refused(&path, "webhook-test")
    })
}

/// `POST /admin/webhooks/NAME/enable`: switches a webhook on again.
pub(super) async fn enable(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    find(&visit, &name)?;
    let path = format!("/admin/webhooks/{name}");
    let enabled = visit.app().store.webhooks().enable(&name, &visit.actor, visit.now).await?;
    Ok(if enabled { visit.done(&path, "webhook-on") } else { visit.refused(&path, "gone") })
}

/// `POST /admin/webhooks/NAME/replay?event=ID`: delivers an event again.
pub(super) async fn replay(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    find(&visit, &name)?;
    let event = visit.param("event").and_then(parse_event_id).ok_or_else(WebError::bad_request)?;
    let path = format!("/admin/webhooks/{name}");
    let store = visit.app().store.webhooks();
    let queued = store.replay(&name, event, &visit.actor, visit.now).await?;
    Ok(if queued { visit.done(&path, "webhook-replay") } else { visit.refused(&path, "gone") })
}
