//! `/admin/subscribers/jobs`: the bulk operations with their progress, and what they did not do.

use axum::extract::Path;
use axum::response::Response;

use super::access::require_all_digests;
use crate::domain::bulk::{BulkAction, BulkOutcome};
use crate::domain::permission::Permission;
use crate::store::bulk_jobs::BulkJob;
use crate::templates::pages::{BulkJobPage, BulkJobRow, BulkJobsPage, OutcomeRow};
use crate::web::admin::nav::Section;
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};

/// Width of the bar of the progress.
const BAR_WIDTH: i64 = 100;

/// `GET /admin/subscribers/jobs`: the bulk operations, newest first.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let jobs = visit.app().store.bulk_jobs().list(&visit.page_request()).await?;
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Subscribers)];
    let mut frame = visit.frame(Section::Subscribers, crumbs);
    frame.command = Some("courant subscribers bulk".to_owned());
    frame.call = Some("GET /api/v1/bulk-operations".to_owned());
    let pager = visit.pager(&jobs);
    let jobs = jobs.items.iter().map(|job| row(&visit, job)).collect();
    visit.render(&BulkJobsPage { frame, jobs, pager }).await
}

/// `GET /admin/subscribers/jobs/ID`: one bulk operation.
pub(super) async fn show(visit: Visit, Path(id): Path<i64>) -> WebResult<Response> {
    let job = find(&visit, id).await?;
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Subscribers)];
    let mut frame = visit.frame(Section::Subscribers, crumbs);
    frame.call = Some(format!("GET /api/v1/bulk-operations/{id}"));
    frame.command = Some("courant subscribers bulk".to_owned());
    let is_running = job.finished_at.is_none();
    let outcome = |(outcome, count): (BulkOutcome, u64)| OutcomeRow {
        text: match outcome {
            BulkOutcome::Changed => visit.text(&format!("people-job-{}", job.action.as_str()), &[]),
            other => visit.text(&format!("people-job-{}", other.as_str().replace('_', "-")), &[]),
        },
        is_done: outcome == BulkOutcome::Changed,
        count: i64::try_from(count).unwrap_or(i64::MAX),
    };
    let page = BulkJobPage {
        frame,
        row: row(&visit, &job),
        outcomes: job.counts.iter().map(outcome).collect(),
        may_resume: is_running && visit.may(Permission::WriteSubscribers),
    };
    visit.render(&page).await
}

/// `POST /admin/subscribers/jobs/ID/resume`: continues an interrupted operation.
pub(super) async fn resume(visit: Visit, Path(id): Path<i64>) -> WebResult<Response> {
    let job = find(&visit, id).await?;
    let path = format!("/admin/subscribers/jobs/{id}");
    if job.finished_at.is_some() {
        return Ok(visit.refused(&path, "bulk-finished"));
    }
    visit.app().perform_bulk_operation(visit.actor.clone(), id);
    Ok(visit.done(&path, "bulk-resumed"))
}

async fn find(visit: &Visit, id: i64) -> WebResult<BulkJob> {
    require_all_digests(visit)?;
    visit.app().store.bulk_jobs().find(id).await?.ok_or_else(WebError::not_found)
}

fn row(visit: &Visit, job: &BulkJob) -> BulkJobRow {
    let done = i64::try_from(job.counts.total()).unwrap_or(i64::MAX);
    let (value, note) = match &job.action {
        BulkAction::Tag(tag) | BulkAction::Untag(tag) => (tag.clone(), String::new()),
        BulkAction::Subscribe { digest, consent } => (visit.digest_title(digest), consent.clone()),
        BulkAction::Unsubscribe { digest, reason } => (visit.digest_title(digest), reason.clone()),
        BulkAction::Erase => (String::new(), String::new()),
    };
    let key = format!("people-job-title-{}", job.action.as_str());
    BulkJobRow {
        id: job.id,
        title: visit.text(&key, &[("value", value.as_str().into())]),
        note,
        total: job.total,
        processed: done,
        // People who were added or erased meanwhile make the total inexact.
        width: if job.total > 0 {
            (done * BAR_WIDTH / job.total).min(BAR_WIDTH)
        } else {
            BAR_WIDTH
        },
        started: visit.time(job.created_at),
        finished: job.finished_at.map(|at| visit.time(at)),
    }
}
