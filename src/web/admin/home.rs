//! `/admin/`: what needs attention, the next and the last editions, subscriptions and feed readers.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;

use super::attention::attention_row;
use super::chart;
use super::editions::rows;
use super::nav::Section;
use super::visit::Visit;
use crate::app::Attention;
use crate::config::Digest;
use crate::digests::{count_unsent_stories, next_date};
use crate::domain::page::PageRequest;
use crate::domain::permission::Permission;
use crate::domain::readership::{Day, aggregate_by_day};
use crate::domain::time::{DAY, Millis};
use crate::templates::pages::{HomePage, RecentEdition, UpcomingEdition};
use crate::web::error::WebResult;
use crate::web::state::SharedState;

/// Days of the charts, including today.
const DAYS: i64 = 30;
/// Days whose editions are listed in advance.
const AHEAD_DAYS: i32 = 7;
/// Maximum number of them.
const MAX_UPCOMING: usize = 8;
/// Maximum number of them of one digest.
const MAX_UPCOMING_OF_DIGEST: usize = 3;
/// Number of editions that are listed.
const RECENT_EDITIONS: usize = 6;

/// `GET /admin/`: the home page.
pub(super) async fn show(State(web): State<SharedState>, visit: Visit) -> WebResult<Response> {
    let observed = web.app.observe().await?;
    let attention = web.app.attention(&observed).await?;
    let scope = visit.actor.digests();
    let frame = visit.frame(Section::Home, Vec::new());
    // The banner of all pages names the paused digests, unless they are too many.
    let is_in_banner = |digest: &str| {
        frame.paused_banner.as_ref().is_some_and(|banner| {
            banner.is_all || banner.digests.iter().any(|one| one.name == digest)
        })
    };
    let attention = attention
        .into_iter()
        .filter(|one| !matches!(one, Attention::PausedDigest { name, .. } if is_in_banner(name)));
    let attention = attention.filter_map(|one| attention_row(&visit, one)).collect();
    let since = Day::containing(visit.now).before(DAYS - 1);
    let paused = web.app.store.digests().paused().await?;
    let mut digests = web.app.config.digests.iter().filter(|digest| scope.contains(&digest.name));
    let mut page = HomePage {
        frame,
        attention,
        upcoming: upcoming(&visit, &paused).await?,
        all_paused: !paused.is_empty() && digests.all(|digest| paused.contains_key(&digest.name)),
        editions: recent_editions(&visit).await?,
        ..HomePage::default()
    };
    page.frame.command = Some("courant status".to_owned());
    page.frame.call = Some("GET /api/v1/status".to_owned());
    if visit.may(Permission::ReadSubscribers) {
        add_subscriptions(&visit, since, &mut page).await?;
    }
    add_readers(&visit, since, &mut page).await?;
    visit.render(&page).await
}

/// Returns the dates of all digests in the next days, soonest first, with the stories that wait.
async fn upcoming(
    visit: &Visit,
    paused: &BTreeMap<String, Millis>,
) -> WebResult<Vec<UpcomingEdition>> {
    let (app, now) = (visit.app(), visit.now);
    let scope = visit.actor.digests();
    let until = now.plus(DAY * AHEAD_DAYS);
    let mut dates: Vec<(Millis, &Digest)> = Vec::new();
    for digest in app.config.digests.iter().filter(|digest| scope.contains(&digest.name)) {
        let next = |from| next_date(digest, paused.get(&digest.name).copied(), from);
        let coming = std::iter::successors(next(now), |date| next(*date));
        let coming = coming.take_while(|date| *date < until).take(MAX_UPCOMING_OF_DIGEST);
        dates.extend(coming.map(|date| (date, digest)));
    }
    dates.sort_by_key(|(date, digest)| (*date, digest.name.clone()));
    dates.truncate(MAX_UPCOMING);
    let mut waiting = BTreeMap::new();
    let mut rows = Vec::new();
    for (date, digest) in dates {
        // Stories that wait now are in the first of its editions; later ones begin empty.
        let is_first = !waiting.contains_key(&digest.name);
        if is_first {
            let count = count_unsent_stories(app.digest_context(), digest, date, now).await?;
            waiting.insert(digest.name.clone(), count);
        }
        let stories = if is_first { waiting.get(&digest.name).copied() } else { None };
        rows.push(UpcomingEdition {
            time: visit.time(date),
            digest: digest.name.clone(),
            title: visit.digest_title(&digest.name),
            too_few: stories.is_some_and(|count| count < digest.min_articles),
            waiting: stories.and_then(|count| i64::try_from(count).ok()),
        });
    }
    Ok(rows)
}

async fn recent_editions(visit: &Visit) -> WebResult<Vec<RecentEdition>> {
    let editions = visit.app().store.editions();
    let digests = visit.actor.digests().names();
    let page = editions.list_of(digests.as_deref(), &PageRequest::first(RECENT_EDITIONS)).await?;
    rows(visit, page.items).await
}

/// Adds the confirmed subscriptions to the digests of the user at the end of each day.
async fn add_subscriptions(visit: &Visit, since: Day, page: &mut HomePage) -> WebResult<()> {
    let (scope, today) = (visit.actor.digests(), Day::containing(visit.now));
    let by_digest = visit.app().store.subscriptions().confirmed_by_day((since, today)).await?;
    let mut by_day: BTreeMap<Day, i64> = (since.0..=today.0).map(|day| (Day(day), 0)).collect();
    let visible = by_digest.into_iter().filter(|(digest, _)| scope.contains(digest));
    for one in visible.flat_map(|(_, days)| days) {
        *by_day.entry(one.day).or_default() += one.subscribers;
        page.joined += one.begun;
        page.left += one.ended;
    }
    let values: Vec<(Day, i64)> = by_day.into_iter().collect();
    page.confirmed = values.last().map_or(0, |(_, count)| *count);
    page.subscriptions = Some(chart::line(visit.text("admin-home-subscriptions", &[]), &values));
    Ok(())
}

/// Adds the readers of all feeds by day.
async fn add_readers(visit: &Visit, since: Day, page: &mut HomePage) -> WebResult<()> {
    let counts = visit.app().store.readership().since(since).await?;
    let mut by_day: BTreeMap<Day, u64> = BTreeMap::new();
    for days in aggregate_by_day(counts).values() {
        for (day, counts) in days {
            *by_day.entry(*day).or_default() += counts.readers();
        }
    }
    let today = Day::containing(visit.now);
    let of = |day: Day| i64::try_from(by_day.get(&day).copied().unwrap_or(0)).unwrap_or(i64::MAX);
    let days = (0..DAYS).rev().map(|back| today.before(back));
    let values: Vec<(Day, i64)> = days.map(|day| (day, of(day))).collect();
    page.readers = chart::bars(visit.text("admin-home-readers", &[]), &values);
    page.readers_yesterday = of(today.before(1));
    let mut sorted: Vec<i64> = values.iter().rev().skip(1).map(|(_, count)| *count).collect();
    sorted.sort_unstable();
    page.readers_median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    Ok(())
}
