//! `courant feeds readers`: shows reader counts of feeds.

use std::collections::BTreeMap;
use std::process::ExitCode;

use percent_encoding::percent_decode_str;

use crate::app::App;
use crate::cli::output;
use crate::cli::table::Column::{Key, Number};
use crate::cli::table::TextTable;
use crate::cli::usage::UsageError;
use crate::domain::readership::{DailyReadership, Day, aggregate_by_day, median};
use crate::feeds::request::FeedRequest;
use crate::wire::feeds::{FeedReaders, FeedReadersOfDay};

/// Number of days of the median: the week before today, because today is not complete.
const MEDIAN_DAYS: i64 = 7;

type DailyCounts = BTreeMap<Day, DailyReadership>;

/// Lists all feeds, those with the most readers first, including declared feeds without readers.
pub(super) async fn list(app: &App, days: i64, json: bool) -> anyhow::Result<ExitCode> {
    let today = Day::containing(app.now());
    let since = today.before(days - 1);
    let mut feeds =
        aggregate_by_day(app.store.readership().since(since.min(today.before(MEDIAN_DAYS))).await?);
    for feed in &app.config.feeds {
        feeds.entry(feed.name.clone()).or_default();
    }
    let mut rows: Vec<(String, [u64; 3], DailyReadership)> = feeds
        .into_iter()
        .map(|(feed, days)| (feed, reader_counts(&days, today), sum_requests(&days, since)))
        .collect();
    rows.sort_by(|a, b| b.1[2].max(b.1[0]).cmp(&a.1[2].max(a.1[0])).then_with(|| a.0.cmp(&b.0)));
    if json {
        let row =
            |(feed, [today, yesterday, median], total): (String, [u64; 3], DailyReadership)| {
                FeedReaders {
                    feed,
                    today,
                    yesterday,
                    median,
                    days,
                    requests: total.requests,
                    not_modified: total.not_modified,
                }
            };
        output::json(&rows.into_iter().map(row).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let requests = format!("requests ({days} d)");
    let mut table = TextTable::new(&[
        Key("feed"),
        Number("today"),
        Number("yesterday"),
        Number("median of 7 days"),
        Number(&requests),
        Number("not modified"),
    ]);
    for (feed, [now, yesterday, week], total) in rows {
        let readable = percent_decode_str(&feed).decode_utf8_lossy().into_owned();
        table.row([
            readable,
            now.to_string(),
            yesterday.to_string(),
            week.to_string(),
            total.requests.to_string(),
            not_modified_percent(total),
        ]);
    }
    table.print("The configuration has no feeds.")?;
    Ok(ExitCode::SUCCESS)
}

/// Lists the days of one feed, newest first.
pub(super) async fn list_days(
    app: &App,
    name: &str,
    days: i64,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let today = Day::containing(app.now());
    let mut feeds = aggregate_by_day(app.store.readership().since(today.before(days - 1)).await?);
    // On-demand feeds are counted under the canonical form of their path.
    let spelled = FeedRequest::from_path(name, None)
        .map_or_else(|| name.to_owned(), |asked| asked.selector.path());
    let found = feeds.remove(name).or_else(|| feeds.remove(&spelled));
    if found.is_none() && !app.config.feeds.iter().any(|feed| feed.name == name) {
        return Err(
            UsageError(format!("no feed {name:?} is configured or was read in this period; `courant feeds readers` lists all feeds")).into()
        );
    }
    let found = found.unwrap_or_default();
    if json {
        let days = found.iter().rev().map(|(day, counts)| FeedReadersOfDay::new(*day, *counts));
        output::json(&days.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = TextTable::new(&[
        Key("day (UTC)"),
        Number("readers"),
        Number("direct"),
        Number("via aggregators"),
        Number("requests"),
        Number("not modified"),
    ]);
    for (day, d) in found.iter().rev() {
        let numbers = [d.readers(), d.direct, d.via_aggregators, d.requests].map(|n| n.to_string());
        table.row([day.text()].into_iter().chain(numbers).chain([not_modified_percent(*d)]));
    }
    table.print("The feed had no readers in this period.")?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the readers of today so far and of yesterday, and the median of the seven days before
/// today.
fn reader_counts(days: &DailyCounts, today: Day) -> [u64; 3] {
    let on = |day: Day| days.get(&day).map_or(0, |d| d.readers());
    [on(today), on(today.before(1)), median(days, (1..=MEDIAN_DAYS).map(|n| today.before(n)))]
}

/// Sums the requests of all days from `since` on.
fn sum_requests(days: &DailyCounts, since: Day) -> DailyReadership {
    days.range(since..).fold(DailyReadership::default(), |sum, (_, d)| DailyReadership {
        requests: sum.requests.saturating_add(d.requests),
        not_modified: sum.not_modified.saturating_add(d.not_modified),
        ..sum
    })
}

fn not_modified_percent(daily: DailyReadership) -> String {
    daily.not_modified_percent().map_or_else(String::new, |percent| format!("{percent} %"))
}
