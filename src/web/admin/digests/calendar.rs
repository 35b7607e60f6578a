//! The small calendar of a digest: its next dates and its pauses by day.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};

use super::super::visit::Visit;
use crate::config::Digest;
use crate::domain::time::Millis;
use crate::templates::month_text;
use crate::templates::pages::{CalendarDay, CalendarMonth, WeekdayName};

/// Number of months that are shown.
const MONTHS: i64 = 3;

/// Returns the days of the week from Monday in the language of the user.
pub(super) fn weekdays(visit: &Visit) -> Vec<WeekdayName> {
    let text = |key: &str, day: i64| visit.text(key, &[("day", day.into())]);
    let name = |day| WeekdayName { name: text("weekday", day), short: text("weekday-short", day) };
    (1..=7).map(name).collect()
}

/// Returns the month of a time and the two after it, in the time zone of a digest; none if it has
/// several editions a day, which marked days cannot show.
pub(super) fn months(digest: &Digest, language: &str, now: Millis) -> Vec<CalendarMonth> {
    let day_of = |at: Millis| digest.timezone.to_datetime(at.timestamp()).date();
    let today = day_of(now);
    let first = today.first_of_month();
    let end = later(first, MONTHS.months());
    let next = |after: Millis| digest.schedule.next_after(after, &digest.timezone);
    let dates = std::iter::successors(next(now), |at| next(*at));
    // A pattern has the same hours on each of its days, so two days at most are looked at.
    let first_days: Vec<Date> = dates.clone().take(3).map(day_of).collect();
    if first_days.windows(2).any(|pair| pair[0] == pair[1]) {
        return Vec::new();
    }
    let dates: BTreeSet<Date> = dates.map(day_of).take_while(|day| *day < end).collect();
    let mark = |day: Date| match day {
        day if digest.pause.iter().any(|range| range.contains(day)) => "paused",
        day if dates.contains(&day) => "edition",
        _ => "",
    };
    let months = (0..MONTHS).map(|ahead| later(first, ahead.months()));
    months.map(|month| calendar_month(month, today, language, &mark)).collect()
}

fn calendar_month(
    month: Date,
    today: Date,
    language: &str,
    mark: &impl Fn(Date) -> &'static str,
) -> CalendarMonth {
    let blank = || CalendarDay { day: 0, mark: String::new(), is_today: false };
    let before = usize::try_from(month.weekday().to_monday_zero_offset()).unwrap_or(0);
    let mut days: Vec<CalendarDay> = (0..before).map(|_| blank()).collect();
    days.extend((1..=month.days_in_month()).filter_map(|day| {
        let date = month.with().day(day).build().ok()?;
        Some(CalendarDay { day, mark: mark(date).to_owned(), is_today: date == today })
    }));
    while !days.len().is_multiple_of(7) {
        days.push(blank());
    }
    let weeks = days.chunks(7).map(<[CalendarDay]>::to_vec).collect();
    CalendarMonth { title: month_text(month, language), weeks }
}

/// Returns a later day; the last day that exists is its own successor.
fn later(day: Date, span: Span) -> Date {
    day.saturating_add(span)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn dates_and_pauses_are_marked_on_their_days_in_the_zone_of_the_digest() {
        let text = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\npostal_address = \"1 Road\"\n\
            [[digests]]\nname = \"weekly\"\nschedule = \"0 8 * * MON\"\nfrom = \"N <n@example.edu>\"\ntimezone = \"Asia/Shanghai\"\npause = [\"2026-12-25..2027-01-03\"]\n\
            [[transports]]\nname = \"default\"\nurl = \"smtp://127.0.0.1\"\n";
        let config = Config::parse(Path::new("/c.toml"), text, std::iter::empty()).unwrap();
        // Monday, 30 November, 23:30 in London, which is Tuesday, 1 December, in Shanghai.
        let now = Millis::from("2026-11-30T23:30:00Z".parse::<jiff::Timestamp>().unwrap());
        let months = months(&config.digests[0], "en", now);
        let titles: Vec<&str> = months.iter().map(|month| month.title.as_str()).collect();
        assert_eq!(titles, ["December 2026", "January 2027", "February 2027"]);
        let marked = |month: &CalendarMonth, mark: &str| -> Vec<i8> {
            let days = month.weeks.iter().flatten();
            days.filter(|day| day.mark == mark).map(|day| day.day).collect()
        };
        assert_eq!(marked(&months[0], "edition"), [7, 14, 21]);
        assert_eq!(marked(&months[0], "paused"), [25, 26, 27, 28, 29, 30, 31]);
        assert_eq!(marked(&months[1], "edition"), [4, 11, 18, 25]);
        assert!(months[0].weeks[0][1].is_today, "{:?}", months[0].weeks[0]);
        let text = text.replace("0 8 * * MON", "0 8,20 * * MON");
        let config = Config::parse(Path::new("/c.toml"), &text, std::iter::empty()).unwrap();
        assert!(super::months(&config.digests[0], "en", now).is_empty(), "several a day");
        assert!(months.iter().flat_map(|month| &month.weeks).all(|week| week.len() == 7));
    }
}
