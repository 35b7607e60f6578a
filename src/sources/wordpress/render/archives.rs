//! Blocks that link to the posts of a time: archives and the calendar.

use std::fmt::Write as _;

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

/// Renders the years, months or days as a list of links, also where a page would use a dropdown.
pub(super) fn archives(context: &RenderContext<'_>, block: &Block) -> String {
    let links = match block.text("type") {
        Some("yearly") => year_links(context),
        Some("daily") => day_links(context),
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
