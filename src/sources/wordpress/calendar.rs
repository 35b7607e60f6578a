//! The WordPress calendar: a month, with links to the days that have posts.

use std::fmt::Write as _;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::site::WordPressSite;
use super::{dates, permalinks};

/// Returns a table of the month that contains `day`, and links to the nearest months with posts
/// before and after it; an empty text if no post is published.
pub(super) fn calendar(
    site: &WordPressSite,
    day: Date,
    months: &[(i16, i8, u64)],
    days: &[(Date, u64)],
) -> String {
    const LETTERS: [&str; 7] = ["S", "M", "T", "W", "T", "F", "S"];
    if months.is_empty() {
        return String::new();
    }
    let first = day.first_of_month();
    let first_day = site.option("start_of_week").parse::<usize>().unwrap_or(1) % 7;
    let mut out = format!(
        "<div><table>\n<caption>{} {}</caption>\n<thead><tr>",
        dates::month(first.month()),
        first.year()
    );
    for column in 0..7 {
        let _ = writeln!(out, "<th>{}</th>", LETTERS[(first_day + column) % 7]);
    }
    out.push_str("</tr></thead>\n<tbody><tr>");
    let weekday = usize::try_from(first.weekday().to_sunday_zero_offset()).unwrap_or_default();
    let pad = (weekday + 7 - first_day) % 7;
    if pad > 0 {
        let _ = write!(out, "<td colspan=\"{pad}\">&nbsp;</td>");
    }
    for (at, date) in
        first.series(1.day()).take_while(|date| date.month() == first.month()).enumerate()
    {
        if at > 0 && (pad + at) % 7 == 0 {
            out.push_str("</tr>\n<tr>\n");
        }
        let number = date.day();
        let _ = if days.iter().any(|(with_posts, _)| *with_posts == date) {
            let url = permalinks::date_url(site, date.year(), &[date.month(), number]);
            write!(out, "<td><a href=\"{url}\">{number}</a></td>")
        } else {
            write!(out, "<td>{number}</td>")
        };
    }
    let length = usize::try_from(first.days_in_month()).unwrap_or_default();
    let left = (7 - (pad + length) % 7) % 7;
    if left > 0 {
        let _ = write!(out, "<td colspan=\"{left}\">&nbsp;</td>");
    }
    out.push_str("</tr></tbody></table>");
    let here = (first.year(), first.month());
    let link = |found: Option<&(i16, i8, u64)>, before: &str, after: &str| match found {
        Some((year, month, _)) => {
            let name = dates::month(*month).get(..3).unwrap_or_default();
            format!(
                "<span><a href=\"{}\">{before}{name}{after}</a></span>",
                permalinks::date_url(site, *year, &[*month])
            )
        }
        None => "<span>&nbsp;</span>".to_owned(),
    };
    let earlier = months.iter().filter(|m| (m.0, m.1) < here).max();
    let later = months.iter().filter(|m| (m.0, m.1) > here).min();
    let _ = write!(
        out,
        "<nav>{} {}</nav></div>",
        link(earlier, "&laquo; ", ""),
        link(later, "", " &raquo;")
    );
    out
}
