//! `GET /admin/digests/NAME`: schedule, audience, waiting stories and last editions of a digest.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::Response;
use percent_encoding::utf8_percent_encode;

use super::super::editions::rows;
use super::super::nav::Section;
use super::super::origin::Origins;
use super::super::visit::Visit;
use super::texts::{dependent_texts, left_out_texts, schedule_words, size_text, size_warning};
use super::{calendar, find};
use crate::app::App;
use crate::config::Digest;
use crate::definitions;
use crate::digests::{self, NextEdition, next_date};
use crate::domain::article::Article;
use crate::domain::definition::DefinitionKind;
use crate::domain::page::PageRequest;
use crate::domain::percent::SEGMENT;
use crate::domain::permission::Permission;
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::{Millis, zone_name};
use crate::store::StoreError;
use crate::store::audience::AudienceGroup;
use crate::templates::pages::{DigestPage, EditionArticle, Share};
use crate::web::error::WebResult;

/// Number of dates that are listed.
const DATES: usize = 5;
/// Number of stories that are listed.
const MAX_STORIES: usize = 12;
/// Number of editions that are listed.
const MAX_EDITIONS: usize = 6;
/// Number of languages and of sections that are listed.
const MAX_SHARES: usize = 8;

/// `GET /admin/digests/NAME`: the page of a digest.
pub(in crate::web::admin) async fn show(
    visit: Visit,
    Path(name): Path<String>,
) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let digest = find(&visit, &app, &name)?;
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Digests)];
    let mut frame = visit.frame(Section::Digests, crumbs);
    frame.paused_banner = frame.paused_banner.and_then(|banner| banner.without(&name));
    frame.command = Some(format!("courant digests next {name}"));
    frame.call = Some(format!("GET /api/v1/digests/{name}/next"));
    let (store, now) = (&app.store, visit.now);
    let origin = Origins::read(&app, DefinitionKind::Digest).await?.of(&name);
    let dependents =
        definitions::dependents(store, &app.config, DefinitionKind::Digest, &name, now).await?;
    let paused_since = store.digests().paused().await?.get(&name).copied();
    let next = |after: Millis| next_date(digest, paused_since, after);
    let dates: Vec<Millis> =
        std::iter::successors(next(now), |date| next(*date)).take(DATES).collect();
    let pending = digests::pending_date(store, digest, now).await?;
    let editions = store.editions();
    let names = std::slice::from_ref(&name);
    let last = editions.list_of(Some(names), &PageRequest::first(MAX_EDITIONS)).await?;
    let mut page = DigestPage {
        frame,
        title: digest.title_in(&visit.client.language).to_owned(),
        may_edit: visit.may(Permission::WriteContent) && origin.in_database,
        origin,
        schedule: schedule_words(&visit, digest),
        pattern: digest.schedule.as_str().to_owned(),
        schedule_zone: zone_name(&digest.timezone),
        may_control: visit.may(Permission::ControlEditions),
        paused: paused_since.map(|at| visit.time(at)),
        pending: pending.map(|at| visit.time(at)),
        dates: dates.iter().map(|at| visit.time(*at)).collect(),
        pauses: digest.pause.iter().map(ToString::to_string).collect(),
        months: if paused_since.is_some() {
            Vec::new()
        } else {
            calendar::months(digest, &visit.client.language, now)
        },
        weekdays: calendar::weekdays(&visit),
        audience: digest.audience.text.trim().to_owned(),
        editions: rows(&visit, last.items).await?,
        dependents: dependent_texts(&visit, &dependents),
        name: name.clone(),
        ..DigestPage::default()
    };
    let date = pending.and(Some(now)).or(dates.first().copied()).unwrap_or(now);
    add_stories(&visit, &app, digest, date, &mut page).await?;
    add_audience(&visit, &app, digest, &mut page).await?;
    visit.render(&page).await
}

/// Adds the stories that wait, and why others are left out.
async fn add_stories(
    visit: &Visit,
    app: &App,
    digest: &Digest,
    date: Millis,
    page: &mut DigestPage,
) -> WebResult<()> {
    let edition = digests::next_edition(app.digest_context(), digest, date, visit.now).await;
    let NextEdition { articles, size, left_out } = match edition {
        Ok(edition) => edition,
        Err(error) if error.chain().any(|cause| cause.is::<StoreError>()) => {
            return Err(error.into());
        }
        Err(error) => {
            page.error = Some(format!("{error:#}"));
            return Ok(());
        }
    };
    let story = |article: &Article| EditionArticle {
        path: utf8_percent_encode(&article.guid, SEGMENT).to_string(),
        title: article.title.clone(),
    };
    page.stories = articles.iter().take(MAX_STORIES).map(story).collect();
    page.waiting = articles.len();
    page.more_stories = articles.len().saturating_sub(MAX_STORIES);
    page.missing_for = Some(digest.min_articles).filter(|needed| articles.len() < *needed);
    page.left_out = left_out_texts(visit, digest, &left_out);
    page.size = (size.html_bytes > 0).then(|| size_text(visit, size));
    page.error = size_warning(visit, size);
    Ok(())
}

/// Adds the numbers of subscribers, by language and by chosen section.
async fn add_audience(
    visit: &Visit,
    app: &App,
    digest: &Digest,
    page: &mut DigestPage,
) -> WebResult<()> {
    let counts = app.store.subscriptions().counts(&digest.name).await?;
    let count_of = |status: SubscriptionStatus| {
        counts.iter().find(|(word, _)| word == status.as_str()).map_or(0, |(_, count)| *count)
    };
    page.confirmed = count_of(SubscriptionStatus::Confirmed);
    page.unconfirmed = count_of(SubscriptionStatus::Pending);
    page.recipients = digests::audience_size(app.digest_context(), digest).await?;
    let groups = app.store.editions().audience_counts(&digest.name).await?;
    let (mut languages, mut sections) = (BTreeMap::new(), BTreeMap::new());
    for (AudienceGroup { language, sections: chosen }, count) in groups {
        let language = match language.as_str() {
            "" => visit.text("admin-language-unknown", &[]),
            tag => app.templates.language_name(tag),
        };
        *languages.entry(language).or_insert(0) += count;
        let chosen = visit.section_titles(&chosen);
        let chosen =
            if chosen.is_empty() { vec![visit.text("admin-all-sections", &[])] } else { chosen };
        for section in chosen {
            *sections.entry(section).or_insert(0) += count;
        }
    }
    page.language_shares = shares(languages, page.confirmed);
    page.section_shares = shares(sections, page.confirmed);
    Ok(())
}

/// Returns the largest parts of a number of subscribers.
#[expect(clippy::cast_precision_loss, reason = "numbers of subscribers are far below 2^52")]
fn shares(counts: BTreeMap<String, i64>, total: i64) -> Vec<Share> {
    let width = |count: i64| (count as f64 / total.max(1) as f64 * 1_000.0).round() / 10.0;
    let mut shares: Vec<Share> = counts
        .into_iter()
        .map(|(text, count)| Share { text, count, width: width(count) })
        .collect();
    shares.sort_by_key(|share| -share.count);
    shares.truncate(MAX_SHARES);
    shares
}
