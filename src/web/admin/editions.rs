//! `/admin/editions`: the editions, the progress of one with its recipients, and the commands on it.

use axum::extract::Path;
use axum::response::Response;
use percent_encoding::utf8_percent_encode;

use super::edition_recipients;
use super::nav::Section;
use super::outcome::outcome;
use super::receptions;
use super::visit::Visit;
use crate::delivery::{self, TransportSnapshot};
use crate::domain::edition::{DeliveryCounts, EditionCommand, EditionState};
use crate::domain::percent::SEGMENT;
use crate::domain::permission::Permission;
use crate::store::deliveries::Variant;
use crate::store::editions::Edition;
use crate::templates::pages::{
    Chip, EditionArticle, EditionPage, EditionVariant, EditionsPage, RecentEdition,
};
use crate::web::error::{WebError, WebResult};

/// Commands with their words in paths and catalog keys.
const COMMANDS: [(EditionCommand, &str); 4] = [
    (EditionCommand::Pause, "pause"),
    (EditionCommand::Resume, "resume"),
    (EditionCommand::Retry, "retry"),
    (EditionCommand::Cancel, "cancel"),
];

/// `GET /admin/editions`: all editions, or those of one digest, newest first.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    let scope = visit.actor.digests();
    let chosen = visit.param("digest").filter(|name| scope.contains(name));
    let digests = chosen.map_or_else(|| scope.names(), |name| Some(vec![name.to_owned()]));
    let editions = visit.app().store.editions();
    let page = editions.list_of(digests.as_deref(), &visit.page_request()).await?;
    let pager = visit.pager(&page);
    let mut frame = visit.frame(Section::Editions, vec![visit.crumb(Section::Home)]);
    frame.command = Some("courant editions list".to_owned());
    frame.call = Some("GET /api/v1/editions".to_owned());
    let editions = rows(&visit, page.items).await?;
    let pause_all = super::digests::pause_all(&visit).await?;
    let chips = digest_chips(&visit);
    visit.render(&EditionsPage { frame, chips, editions, pager, pause_all }).await
}

fn digest_chips(visit: &Visit) -> Vec<Chip> {
    let (config, scope) = (&visit.app().config, visit.actor.digests());
    let digests = config.digests.iter().filter(|digest| scope.contains(&digest.name));
    let chips = digests.map(|digest| {
        let title = visit.digest_title(&digest.name);
        visit.chip("digest", Some(&digest.name), title, None)
    });
    let all = visit.chip("digest", None, visit.text("admin-all", &[]), None);
    let chips: Vec<Chip> = std::iter::once(all).chain(chips).collect();
    if chips.len() > 2 { chips } else { Vec::new() }
}

/// Returns the rows of a list of editions.
pub(super) async fn rows(visit: &Visit, editions: Vec<Edition>) -> WebResult<Vec<RecentEdition>> {
    let ids: Vec<i64> = editions.iter().map(|edition| edition.id).collect();
    let counts = visit.app().store.editions().counts_of_all(&ids).await?;
    let row = |edition: Edition| RecentEdition {
        id: edition.id,
        time: visit.time(edition.scheduled_for),
        state: edition.state.as_str().to_owned(),
        outcome: outcome(counts.get(&edition.id).copied().unwrap_or_default()),
        title: visit.edition_title(&edition.digest, &edition.title),
    };
    Ok(editions.into_iter().map(row).collect())
}

/// `GET /admin/editions/ID`: one edition with its progress and recipients.
pub(super) async fn show(visit: Visit, Path(id): Path<i64>) -> WebResult<Response> {
    let edition = visit.find_edition(id).await?;
    let editions = visit.app().store.editions();
    let counts = editions.counts(id).await?;
    let in_progress = edition.state == EditionState::Sending && counts.queued + counts.sending > 0;
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Editions)];
    let mut frame = visit.frame(Section::Editions, crumbs);
    frame.command = Some(format!("courant editions show {id}"));
    frame.call = Some(format!("GET /api/v1/editions/{id}"));
    let mut page = EditionPage {
        frame,
        id,
        digest: edition.digest.clone(),
        state: edition.state.as_str().to_owned(),
        note: edition.note.clone(),
        follows_pause: edition.follows_pause,
        scheduled: visit.time(edition.scheduled_for),
        finished: edition.finished_at.map(|at| visit.time(at)),
        in_progress,
        outcome: outcome(counts),
        unsubscribed: edition.unsubscribed,
        commands: commands(&visit, &edition, counts),
        nobody_left: edition.state == EditionState::Sent
            && counts.failed + counts.held == 0
            && visit.may(Permission::ControlEditions),
        articles: editions.articles(id).await?.into_iter().map(article).collect(),
        title: visit.edition_title(&edition.digest, &edition.title),
        shows_recipients: visit.may(Permission::ReadSubscribers),
        ..EditionPage::default()
    };
    if let Some(audience) = editions.frozen_audience(id).await? {
        page.is_frozen = true;
        page.not_addressed = receptions::not_addressed(&visit, &audience.not_addressed);
    }
    let variants = editions.variants(id).await?;
    page.variants = variants.into_iter().map(|row| variant(&visit, row)).collect();
    page.has_sections = page.variants.iter().any(|variant| !variant.sections.is_empty());
    add_progress(&visit, &edition, counts, &mut page);
    if page.shows_recipients {
        page.asked = visit.param("address").unwrap_or_default().to_owned();
        if !page.asked.is_empty() {
            page.answer = Some(receptions::of_address(&visit, &edition, &page.asked).await?);
        }
        edition_recipients::add(&visit, counts, &mut page).await?;
    }
    visit.render(&page).await
}

fn article((id, title): (String, String)) -> EditionArticle {
    EditionArticle { path: utf8_percent_encode(&id, SEGMENT).to_string(), title }
}

fn variant(visit: &Visit, (sections, variant): (String, Variant)) -> EditionVariant {
    EditionVariant {
        id: variant.id,
        language: visit.app().templates.language_name(&variant.language),
        subject: variant.subject,
        sections: visit.section_titles(&sections),
    }
}

/// Adds rate and remaining time, and what the relay replies while it fails.
fn add_progress(visit: &Visit, edition: &Edition, counts: DeliveryCounts, page: &mut EditionPage) {
    let Some(dispatcher) = visit.app().running_dispatcher() else { return };
    let snapshots = dispatcher.snapshot();
    let is_it = |snapshot: &&TransportSnapshot| snapshot.name == edition.transport;
    let Some(transport) = snapshots.iter().find(is_it) else { return };
    if !page.in_progress {
        return;
    }
    page.relay_error.clone_from(&transport.relay_error);
    let per_minute = i64::try_from(transport.sent_last_minute).unwrap_or(i64::MAX);
    let waiting = counts.queued + counts.sending;
    if per_minute > 0 {
        page.rate = Some((per_minute + 59) / 60);
        let seconds = waiting.saturating_mul(60) / per_minute;
        page.remaining = Some(match seconds {
            ..=90 => visit.text("admin-seconds", &[("count", seconds.max(1).into())]),
            91..=5_400 => visit.text("admin-minutes", &[("count", ((seconds + 59) / 60).into())]),
            _ => visit.text("admin-hours", &[("count", ((seconds + 3_599) / 3_600).into())]),
        });
    }
}

/// Returns the commands that the state of an edition and the role of the user allow.
fn commands(visit: &Visit, edition: &Edition, counts: DeliveryCounts) -> Vec<String> {
    if !visit.may(Permission::ControlEditions) {
        return Vec::new();
    }
    let is_possible = |command: EditionCommand| {
        let has_failed = counts.failed + counts.held > 0;
        edition.state.apply(command).is_ok() && (command != EditionCommand::Retry || has_failed)
    };
    let possible = COMMANDS.iter().filter(|(command, _)| is_possible(*command));
    possible.map(|(_, word)| (*word).to_owned()).collect()
}

/// `POST /admin/editions/ID/COMMAND`: pauses, resumes, cancels or retries an edition.
pub(super) async fn command(
    visit: Visit,
    Path((id, word)): Path<(i64, String)>,
) -> WebResult<Response> {
    let edition = visit.find_edition(id).await?;
    let found = COMMANDS.iter().find(|(_, known)| *known == word);
    let (command, word) = *found.ok_or_else(WebError::not_found)?;
    let path = format!("/admin/editions/{id}");
    let counts = visit.app().store.editions().counts(id).await?;
    if !commands(&visit, &edition, counts).iter().any(|allowed| allowed == word) {
        return Ok(visit.refused(&path, "edition-state"));
    }
    let store = &visit.app().store;
    delivery::run_edition_command(store, id, command, &visit.actor, visit.now).await?;
    Ok(visit.done(&path, &format!("edition-{word}")))
}
