//! Blocks that link to the posts of a time: archives and the calendar.

use std::fmt::Write as _;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::RenderContext;
use super::blocks::Block;
use super::markup::escape;
use crate::sources::wordpress::site::DataRequest;
use crate::sources::wordpress::{calendar as month_table, dates, permalinks};

/// A link of the archives: its URL, its text and the number of its posts.
type Link = (String, String, u64);

fn months<'a>(context: &RenderContext<'a>) -> &'a [(i16, i8, u64)] {
    if context.site.months.is_none() {
        context.request(DataRequest::Months);
    }
    context.site.months.as_deref().unwrap_or_default()
}

fn days<'a>(context: &RenderContext<'a>) -> &'a [(Date, u64)] {
    if context.site.days.is_none() {
        context.request(DataRequest::Days);
    }
    context.site.days.as_deref().unwrap_or_default()
}

/// Renders the years, months, weeks or days as a list of links, also where a page would use a dropdown.
pub(super) fn archives(context: &RenderContext<'_>, block: &Block) -> String {
    let links = match block.text("type") {
        Some("yearly") => year_links(context),
        Some("daily") => day_links(context),
        Some("weekly") => week_links(context),
        _ => month_links(context),
    };
    if links.is_empty() {
        return "<div>No archives to show.</div>".to_owned();
    }
    let dropdown = block.is("displayAsDropdown");
    let gap = if dropdown { " " } else { "" };
    let mut out = String::from(if dropdown { "<div>Archives <ul>" } else { "<ul>" });
    for (url, words, posts) in links {
        let count =
            if block.is("showPostCounts") { format!("&nbsp;({posts})") } else { String::new() };
        let _ = writeln!(out, "\t<li><a href=\"{url}\">{words}</a>{gap}{count}</li>");
    }
    out.push_str(if dropdown { "</ul></div>" } else { "</ul>" });
    out
}

fn month_links(context: &RenderContext<'_>) -> Vec<Link> {
    let link = |(year, month, posts): &(i16, i8, u64)| {
        let url = permalinks::date_url(context.site, *year, &[*month]);
        (url, format!("{} {year}", dates::month(*month)), *posts)
    };
    months(context).iter().map(link).collect()
}

fn year_links(context: &RenderContext<'_>) -> Vec<Link> {
    let link = |year: &[(i16, i8, u64)]| {
        let number = year[0].0;
        let posts = year.iter().map(|(_, _, posts)| posts).sum();
        (permalinks::date_url(context.site, number, &[]), number.to_string(), posts)
    };
    months(context).chunk_by(|a, b| a.0 == b.0).map(link).collect()
}

/// Returns a day in the site's date format.
fn written_day(context: &RenderContext<'_>, day: Date) -> String {
    let pattern = context.site.option("date_format");
    let at = day.to_zoned(context.site.zone());
    at.map_or(String::new(), |at| escape(&dates::format_date(pattern, &at)))
}

fn day_links(context: &RenderContext<'_>) -> Vec<Link> {
    let link = |(day, posts): &(Date, u64)| {
        let url = permalinks::date_url(context.site, day.year(), &[day.month(), day.day()]);
        (url, written_day(context, *day), *posts)
    };
    days(context).iter().map(link).collect()
}

fn week_links(context: &RenderContext<'_>) -> Vec<Link> {
    let first_day = context.site.option("start_of_week").parse().unwrap_or(1_i64).rem_euclid(7);
    let written = |day: Date| written_day(context, day);
    let same_week = |a: &(Date, u64), b: &(Date, u64)| {
        a.0.year() == b.0.year() && week_number(a.0, first_day) == week_number(b.0, first_day)
    };
    let link = |week: &[(Date, u64)]| {
        let day = week[0].0;
        let passed = (i64::from(day.weekday().to_sunday_zero_offset()) - first_day).rem_euclid(7);
        let begin = day.saturating_sub(passed.days());
        let url = format!(
            "{}/?m={}&#038;w={}",
            context.site.home(),
            day.year(),
            week_number(day, first_day)
        );
        let words = format!("{}&#8211;{}", written(begin), written(begin.saturating_add(6.days())));
        (url, words, week.iter().map(|(_, posts)| posts).sum())
    };
    days(context).chunk_by(same_week).map(link).collect()
}

/// Returns the number of the week in its year as MySQL counts them for WordPress; weeks begin on
/// `first_day`, counted from Sunday.
fn week_number(day: Date, first_day: i64) -> i64 {
    let day = if first_day > 1 { day.saturating_sub(first_day.days()) } else { day };
    let monday_first = i64::from(first_day == 1);
    let weekday =
        |day: Date| (i64::from(day.weekday().to_sunday_zero_offset()) - monday_first).rem_euclid(7);
    let full = (i64::from(day.day_of_year()) + 6 - weekday(day)) / 7;
    // Weeks from Monday count as the first if four of their days are in the year.
    let has_short_first_week = monday_first == 1 && (1..=3).contains(&weekday(day.first_of_year()));
    full + i64::from(has_short_first_week)
}

/// Renders the month that the block names, else that of the post or the current one.
pub(super) fn calendar(context: &RenderContext<'_>, block: &Block) -> String {
    let permalinks = context.site.option("permalink_structure");
    let has_month = permalinks.contains("%monthnum%") && permalinks.contains("%year%");
    let today = dates::local(context.site.now, &context.site.zone()).date();
    // The URL of a post decides which month its page shows.
    let written = dates::civil(&context.page.date).map(|at| at.date());
    let named = block.number("year").zip(block.number("month")).and_then(|(year, month)| {
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()
    });
    let day = named.or(written).filter(|_| has_month).unwrap_or(today);
    month_table::calendar(context.site, day, months(context), days(context))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_have_the_numbers_that_mysql_gives_them() {
        // WEEK(day, 1) for Monday, WEEK(day, 0) for Sunday, and that of two days earlier for Tuesday.
        for (day, monday, sunday, tuesday) in [
            ("2026-01-01", 1, 0, 52),
            ("2026-01-04", 1, 1, 0),
            ("2026-01-05", 2, 1, 0),
            ("2026-10-19", 43, 42, 41),
            ("2027-01-01", 0, 0, 52),
            ("2027-03-01", 9, 9, 8),
            ("2024-01-01", 1, 0, 52),
            ("2024-12-31", 53, 52, 52),
        ] {
            let day: Date = day.parse().unwrap();
            let numbers = [1, 0, 2].map(|first_day| week_number(day, first_day));
            assert_eq!(numbers, [monday, sunday, tuesday], "{day}");
        }
    }
}
