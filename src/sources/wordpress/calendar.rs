//! The WordPress calendar widget: the current month, with links to the days that have posts.

use std::fmt::Write as _;

use super::site::WordPressSite;
use super::{dates, permalinks};

/// A table of the current month, and links to the nearest months with posts before and after it.
pub(super) fn calendar(site: &WordPressSite, months: &[(i16, i8, u64)]) -> String {
    const LETTERS: [&str; 7] = ["S", "M", "T", "W", "T", "F", "S"];
    let today = dates::local(site.now, &site.zone()).date();
    let first = today.first_of_month();
    let first_day = site.option("start_of_week").parse::<usize>().unwrap_or(1) % 7;
    let mut out = format!(
        "<div><table>\n<caption>{} {}</caption>\n<thead><tr>",
        dates::month(today.month()),
        today.year()
    );
    for day in 0..7 {
        let _ = writeln!(out, "<th>{}</th>", LETTERS[(first_day + day) % 7]);
    }
    out.push_str("</tr></thead>\n<tbody><tr>");
    let weekday = usize::try_from(first.weekday().to_sunday_zero_offset()).unwrap_or_default();
    let pad = (weekday + 7 - first_day) % 7;
    if pad > 0 {
        let _ = write!(out, "<td colspan=\"{pad}\">&nbsp;</td>");
    }
    let days = usize::try_from(first.days_in_month()).unwrap_or_default();
    for day in 1..=days {
        if day > 1 && (pad + day) % 7 == 1 {
            out.push_str("</tr>\n<tr>\n");
        }
        let _ = write!(out, "<td>{day}</td>");
    }
    let left = (7 - (pad + days) % 7) % 7;
    if left > 0 {
        let _ = write!(out, "<td colspan=\"{left}\">&nbsp;</td>");
    }
    out.push_str("</tr></tbody></table>");
    let here = (today.year(), today.month());
    let link = |found: Option<&(i16, i8, u64)>, before: &str, after: &str| match found {
        Some((year, month, _)) => {
            let name = dates::month(*month).get(..3).unwrap_or_default();
            format!(
                "<span><a href=\"{}\">{before}{name}{after}</a></span>",
                permalinks::month_url(site, *year, *month)
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
