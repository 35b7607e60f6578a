//! `GET /admin/digests`: all digests with their next date and last edition.

use axum::response::Response;

use super::super::editions::rows;
use super::super::nav::Section;
use super::super::origin::Origins;
use super::super::visit::Visit;
use super::texts::schedule_words;
use crate::app::App;
use crate::config::Digest;
use crate::digests::{count_unsent_stories, next_date};
use crate::domain::definition::DefinitionKind;
use crate::domain::digest_scope::DigestScope;
use crate::domain::page::PageRequest;
use crate::domain::permission::Permission;
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;
use crate::templates::pages::{DigestSummary, DigestsPage};
use crate::web::error::WebResult;

/// `GET /admin/digests`: the digests that the user may see.
pub(in crate::web::admin) async fn list(visit: Visit) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let scope = visit.actor.digests();
    let origins = Origins::read(&app, DefinitionKind::Digest).await?;
    let mut digests = Vec::new();
    let paused = app.store.digests().paused().await?;
    for digest in app.config.digests.iter().filter(|digest| scope.contains(&digest.name)) {
        let paused_since = paused.get(&digest.name).copied();
        digests.push(summary(&visit, &app, digest, paused_since, &origins).await?);
    }
    let mut frame = visit.frame(Section::Digests, vec![visit.crumb(Section::Home)]);
    frame.command = Some("courant digests list".to_owned());
    frame.call = Some("GET /api/v1/digests".to_owned());
    let may_create = visit.may(Permission::WriteContent) && scope == DigestScope::All;
    let pause_all = super::pause_all(&visit).await?;
    visit.render(&DigestsPage { frame, digests, may_create, pause_all }).await
}

async fn summary(
    visit: &Visit,
    app: &App,
    digest: &Digest,
    paused_since: Option<Millis>,
    origins: &Origins,
) -> WebResult<DigestSummary> {
    let next = next_date(digest, paused_since, visit.now);
    let date = next.unwrap_or(visit.now);
    let waiting = count_unsent_stories(app.digest_context(), digest, date, visit.now).await?;
    let counts = app.store.subscriptions().counts(&digest.name).await?;
    let confirmed = SubscriptionStatus::Confirmed.as_str();
    let names = std::slice::from_ref(&digest.name);
    let last = app.store.editions().list_of(Some(names), &PageRequest::first(1)).await?;
    Ok(DigestSummary {
        name: digest.name.clone(),
        title: digest.title_in(&visit.client.language).to_owned(),
        schedule: schedule_words(visit, digest),
        next: next.map(|at| visit.time(at)),
        paused: paused_since.map(|at| visit.time(at)),
        waiting: i64::try_from(waiting).unwrap_or(i64::MAX),
        too_few: waiting < digest.min_articles,
        confirmed: counts.iter().find(|(status, _)| status == confirmed).map_or(0, |(_, n)| *n),
        last: rows(visit, last.items).await?.pop(),
        origin: origins.of(&digest.name),
    })
}
