//! `courant feeds readers`: how many read each feed.

use std::collections::BTreeMap;
use std::process::ExitCode;

use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{Usage, output};
use crate::app::App;
use crate::domain::readership::{Daily, Day, daily, median};
use crate::feeds::address::Asked;

/// Days whose middle is shown: a week, without today, which is not over.
const WEEK: i64 = 7;

type Days = BTreeMap<Day, Daily>;

/// All feeds, those with the most readers first; declared ones that nobody read too.
pub(super) async fn all(app: &App, days: i64, json: bool) -> anyhow::Result<ExitCode> {
    let today = Day::of(app.now());
    let since = today.before(days - 1);
    let mut feeds = daily(app.store.readership(since.min(today.before(WEEK))).await?);
    for feed in &app.config.feeds {
        feeds.entry(feed.name.clone()).or_default();
    }
    let mut rows: Vec<(String, [u64; 3], Daily)> = feeds
        .into_iter()
        .map(|(feed, days)| (feed, readers(&days, today), total(&days, since)))
        .collect();
    rows.sort_by(|a, b| b.1[2].max(b.1[0]).cmp(&a.1[2].max(a.1[0])).then_with(|| a.0.cmp(&b.0)));
    if json {
        let row = |(feed, [now, yesterday, week], total): &(String, [u64; 3], Daily)| {
            json!({
                "feed": feed, "today": now, "yesterday": yesterday, "median": week, "days": days,
                "requests": total.requests, "not_modified": total.unchanged,
            })
        };
        output::json(&rows.iter().map(row).collect::<Vec<_>>().into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let requests =
        format!("requests in {}", super::count(usize::try_from(days).unwrap_or(usize::MAX), "day"));
    let mut table = output::Table::new(&[
        "feed",
        "today so far",
        "yesterday",
        "median of 7 days",
        &requests,
        "not modified",
    ]);
    for (feed, [now, yesterday, week], total) in rows {
        let readable = percent_decode_str(&feed).decode_utf8_lossy().into_owned();
        table.row([
            readable,
            now.to_string(),
            yesterday.to_string(),
            week.to_string(),
            total.requests.to_string(),
            share(total),
        ]);
    }
    table.print("the config has no feed")?;
    Ok(ExitCode::SUCCESS)
}

/// One feed, the newest day first.
pub(super) async fn of(app: &App, name: &str, days: i64, json: bool) -> anyhow::Result<ExitCode> {
    let today = Day::of(app.now());
    let mut feeds = daily(app.store.readership(today.before(days - 1)).await?);
    // Feeds on demand are counted under one spelling of their address, whichever a person writes.
    let spelled =
        Asked::by_path(name, None).map_or_else(|| name.to_owned(), |asked| asked.subject.path());
    let found = feeds.remove(name).or_else(|| feeds.remove(&spelled));
    if found.is_none() && !app.config.feeds.iter().any(|feed| feed.name == name) {
        return Err(
            Usage(format!("nobody read a feed {name:?} in these days, and the config has none: see `courant feeds readers`")).into()
        );
    }
    let found = found.unwrap_or_default();
    if json {
        let row = |(day, d): (&Day, &Daily)| {
            json!({
                "day": day.text(), "readers": d.readers(), "direct": d.direct, "services": d.served,
                "requests": d.requests, "not_modified": d.unchanged,
            })
        };
        output::json(&found.iter().rev().map(row).collect::<Vec<_>>().into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::Table::new(&[
        "day (UTC)",
        "readers",
        "by themselves",
        "through services",
        "requests",
        "not modified",
    ]);
    for (day, d) in found.iter().rev() {
        let numbers = [d.readers(), d.direct, d.served, d.requests].map(|n| n.to_string());
        table.row([day.text()].into_iter().chain(numbers).chain([share(*d)]));
    }
    table.print("nobody read it in these days")?;
    Ok(ExitCode::SUCCESS)
}

/// Today so far, yesterday, and the middle of the seven days before today.
fn readers(days: &Days, today: Day) -> [u64; 3] {
    let on = |day: Day| days.get(&day).map_or(0, |d| d.readers());
    [on(today), on(today.before(1)), median(days, (1..=WEEK).map(|n| today.before(n)))]
}

/// Requests of all days from one on.
fn total(days: &Days, since: Day) -> Daily {
    days.range(since..).fold(Daily::default(), |sum, (_, d)| Daily {
        requests: sum.requests.saturating_add(d.requests),
        unchanged: sum.unchanged.saturating_add(d.unchanged),
        ..sum
    })
}

fn share(daily: Daily) -> String {
    daily.unchanged_percent().map_or_else(String::new, |percent| format!("{percent} %"))
}
