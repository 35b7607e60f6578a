//! `/admin/sources`: the sources with their syncs, rejected rows and blocked removals.

use axum::extract::Path;
use axum::response::Response;

use super::nav::Section;
use super::visit::Visit;
use crate::config::Source;
use crate::domain::page::PageRequest;
use crate::domain::permission::Permission;
use crate::domain::time::Millis;
use crate::sources::trigger::{SyncRequestOutcome, accept_removals, request_sync};
use crate::store::rejected_rows::RowIssue;
use crate::store::sources::SourceState;
use crate::templates::pages::{AdminAction, Block, Cell, Fact, Pager, Table};
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;

/// Number of rejected rows and notes on the page of a source.
const LISTED_ISSUES: usize = 50;

/// `GET /admin/sources`: all sources.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    let states = visit.app().store.sources().states().await?;
    let rows = visit.app().config.sources.iter().map(|source| {
        let state = states.iter().find(|state| state.name == source.name);
        let state = state.cloned().unwrap_or_default();
        vec![
            Cell::link(&source.name, visit.url(&format!("/admin/sources/{}", source.name)))
                .with_detail(source.kind.as_str()),
            state_cell(&visit, source, &state),
            Cell::time(state.succeeded_at.map(|at| visit.time(at))),
            Cell::number(state.rejected),
            Cell::number(state.blocked_removals),
        ]
    });
    let titles =
        ["admin-name", "admin-state", "source-synced", "source-rejected", "source-removals"];
    let table = Table {
        columns: visit.columns(&titles, &["source-rejected", "source-removals"]),
        rows: rows.collect(),
        empty: visit.text("source-none", &[]),
        ..Table::default()
    };
    let mut page = visit.list_page(Section::Sources, table);
    page.live = "source".to_owned();
    page.frame.command = Some("courant sources list".to_owned());
    page.frame.call = Some("GET /api/v1/sources".to_owned());
    visit.render(&page).await
}

fn state_cell(visit: &Visit, source: &Source, state: &SourceState) -> Cell {
    let (key, level) = match state {
        SourceState { error: Some(_), .. } => ("source-failing", "bad"),
        SourceState { blocked_removals: 1.., .. } => ("source-blocked", "warn"),
        SourceState { succeeded_at: None, .. } if source.url.is_none() => ("source-builtin", "off"),
        SourceState { succeeded_at: None, .. } => ("source-waiting", "off"),
        _ => ("source-good", "good"),
    };
    Cell::state(visit.text(key, &[]), level)
}

fn find<'a>(visit: &'a Visit, name: &str) -> WebResult<&'a Source> {
    let found = visit.app().config.sources.iter().find(|source| source.name == name);
    found.ok_or_else(WebError::not_found)
}

/// `GET /admin/sources/NAME`: one source, with the rows that it rejects.
pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    let source = find(&visit, &name)?;
    let sources = visit.app().store.sources();
    let state = sources.state(&name).await?.unwrap_or_default();
    let mut page = visit.object_page(Section::Sources, name.clone());
    page.state = Some(state_cell(&visit, source, &state));
    page.live = "source".to_owned();
    page.frame.command = Some(format!("courant sources check {name}"));
    page.frame.call = Some(format!("GET /api/v1/sources/{name}"));
    page.lede = match (&state.error, state.blocked_removals) {
        (Some(_), _) => state.error_without_name().to_owned(),
        (None, count @ 1..) => visit.text("source-removals-lede", &[("count", count.into())]),
        (None, _) => String::new(),
    };
    page.is_failure = !page.lede.is_empty();
    if visit.may(Permission::SyncSources) && source.url.is_some() {
        page.actions = actions(&visit, &state, &name);
    }
    let time = |at: Option<Millis>| Cell::time(at.map(|at| visit.time(at)));
    let fact = |key: &str, value| Fact::new(visit.text(key, &[]), value);
    page.facts = vec![
        fact("admin-kind", Cell::text(source.kind.as_str())),
        fact("source-synced", time(state.succeeded_at)),
        fact("source-next", time(source.url.as_ref().map(|_| state.due_at))),
        fact("source-full-sync", time(state.progress.full_sync_at)),
    ];
    page.facts.retain(|fact| fact.values.iter().all(|value| !value.is_empty()));
    for (key, is_note) in [("source-rejected-rows", false), ("source-notes", true)] {
        let request = PageRequest::first(LISTED_ISSUES);
        let issues = sources.issues(&name, is_note, &request).await?;
        if !issues.items.is_empty() || !is_note {
            page.blocks.push(issue_block(&visit, key, issues.items));
        }
    }
    visit.render(&page).await
}

fn actions(visit: &Visit, state: &SourceState, name: &str) -> Vec<AdminAction> {
    let path = |action: &str| visit.url(&format!("/admin/sources/{name}/{action}"));
    let mut actions = Vec::new();
    if state.blocked_removals > 0 {
        let count = state.blocked_removals;
        let question = visit.text("source-accept-confirm", &[("count", count.into())]);
        let text = visit.text("source-accept", &[("count", count.into())]);
        let accept = AdminAction::post(text, path(&format!("accept?count={count}")));
        actions.push(accept.after_question(question).main());
    }
    let sync = AdminAction::post(visit.text("source-sync", &[]), path("sync"));
    actions.push(if actions.is_empty() { sync.main() } else { sync });
    actions
}

fn issue_block(visit: &Visit, key: &str, issues: Vec<RowIssue>) -> Block {
    let row = |issue: RowIssue| {
        vec![
            Cell::code(issue.source_id).with_detail(&issue.title),
            Cell::text(issue.reason),
            Cell::time(Some(visit.time(issue.since))),
        ]
    };
    let table = Table {
        columns: visit.columns(&["source-row", "source-reason", "source-since"], &[]),
        rows: issues.into_iter().map(row).collect(),
        empty: visit.text("source-nothing-rejected", &[]),
        pager: Pager::default(),
        ..Table::default()
    };
    Block::new(visit.text(key, &[]), table)
}

/// `POST /admin/sources/NAME/sync`: requests a sync now.
pub(super) async fn sync(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    let app = visit.app();
    let (store, actor) = (&app.store, &visit.actor);
    let outcome = request_sync(store, &app.config, &app.triggers, &name, actor, visit.now).await?;
    let path = format!("/admin/sources/{name}");
    match outcome {
        SyncRequestOutcome::Queued => Ok(visit.done(&path, "sync")),
        SyncRequestOutcome::Unknown => Err(WebError::not_found()),
        SyncRequestOutcome::Builtin => Ok(visit.refused(&path, "builtin")),
    }
}

/// `POST /admin/sources/NAME/accept?count=N`: accepts the blocked removals, if they are still as many.
pub(super) async fn accept(visit: Visit, Path(name): Path<String>, _: Form) -> WebResult<Response> {
    find(&visit, &name)?;
    let count = visit.param("count").and_then(|text| text.parse::<i64>().ok());
    let count = count.filter(|count| *count > 0).ok_or_else(WebError::bad_request)?;
    let (app, path) = (visit.app(), format!("/admin/sources/{name}"));
    let accepted =
        accept_removals(&app.store, &app.triggers, &name, count, &visit.actor, visit.now).await?;
    Ok(if accepted { visit.done(&path, "removals") } else { visit.refused(&path, "removals") })
}
