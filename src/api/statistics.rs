//! `/api/v1/stats`: subscriptions, deliveries and feed readers over time.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::QueryParams;
use super::operations::Operations;
use super::output::{ApiResult, json};
use crate::domain::page::{MAX_PAGE_SIZE, PageRequest};
use crate::domain::permission::Permission;
use crate::domain::readership::{Day, aggregate_by_day};
use crate::http::Problem;
use crate::wire::editions::Edition;
use crate::wire::feeds::FeedReadersOfDay;
use crate::wire::statistics::{
    FeedReadersByDay, Statistics, SubscribersByDay, SubscribersOfDay, SubscriptionsOfDay,
};

/// Number of days without `days`.
const DEFAULT_DAYS: i64 = 30;
/// Maximum number of days.
const MAX_DAYS: i64 = 366;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations.add(Permission::ReadContent, routes!(show_statistics))
}

/// Period of the statistics.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Period {
    /// Number of days, including today (UTC)
    #[param(minimum = 1, maximum = 366, default = 30)]
    days: Option<i64>,
}

/// Shows subscribers and subscriptions by day, deliveries by edition, and feed readers by day.
#[utoipa::path(
    get, path = "/api/v1/stats", tag = "stats", params(Period),
    responses((status = 200, description = "The statistics", body = Statistics))
)]
async fn show_statistics(caller: Caller, QueryParams(period): QueryParams<Period>) -> ApiResult {
    let days = period.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Problem::bad_request(format!("`days` must be from 1 to {MAX_DAYS}")));
    }
    let today = Day::containing(caller.now);
    let since = today.before(days - 1);
    let (store, scope) = (&caller.app.store, caller.actor.digests());
    let mut subscribers = store.subscriptions().confirmed_by_day((since, today)).await?;
    subscribers.retain(|digest, _| scope.contains(digest));
    let subscribers = subscribers.into_iter().map(|(digest, days)| SubscribersByDay {
        digest,
        days: days.iter().map(SubscribersOfDay::from).collect(),
    });
    let mut subscriptions = store.subscriptions().by_day(since).await?;
    subscriptions.retain(|row| scope.contains(&row.digest));
    let newest = PageRequest::first(MAX_PAGE_SIZE);
    let mut editions = store.editions().list_of(scope.names().as_deref(), &newest).await?.items;
    editions.retain(|edition| Day::containing(edition.created_at) >= since);
    let ids: Vec<i64> = editions.iter().map(|edition| edition.id).collect();
    let counts = store.editions().counts_of_all(&ids).await?;
    let editions = editions
        .iter()
        .map(|edition| Edition::new(edition, counts.get(&edition.id).copied().unwrap_or_default()));
    let readers = aggregate_by_day(store.readership().since(since).await?);
    let readers = readers.into_iter().map(|(feed, days)| FeedReadersByDay {
        feed,
        days: days.into_iter().map(|(day, counts)| FeedReadersOfDay::new(day, counts)).collect(),
    });
    json(
        StatusCode::OK,
        &Statistics {
            days,
            subscribers: subscribers.collect(),
            subscriptions: subscriptions.iter().map(SubscriptionsOfDay::from).collect(),
            editions: editions.collect(),
            readers: readers.collect(),
        },
    )
}
