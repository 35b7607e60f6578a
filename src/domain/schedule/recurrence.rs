//! The regular days and times of a schedule, for texts such as "every Monday at 8:00".

use std::collections::BTreeSet;

use super::cron::Schedule;
use super::pattern;

/// Maximum number of times per day, days of the month or intervals that a text lists.
const MAX_LISTED: usize = 4;

/// Days and times that a schedule repeats, if a sentence can state them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recurrence {
    /// At an interval in minutes, around the clock.
    Minutes(u16),
    /// At an interval in hours, around the clock.
    Hours(u16),
    /// At fixed times on regular days.
    Days {
        /// Days on which it is due.
        days: RecurringDays,
        /// Hour and minute of each time, in order.
        times: Vec<(u16, u16)>,
    },
}

/// Days that repeat every week, month or year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecurringDays {
    /// All days of the week.
    Daily,
    /// The days from Monday to Friday.
    Weekdays,
    /// The days Saturday and Sunday.
    Weekends,
    /// Some days of the week, from 1 (Monday) to 7 (Sunday).
    Weekly(Vec<u16>),
    /// Some days of each month, from 1 to 28.
    Monthly(Vec<u16>),
    /// The last day of each month.
    MonthEnd,
    /// One weekday (1 is Monday) of each month: its number from 1 to 4, or `None` for the last.
    NthWeekday(Option<u16>, u16),
    /// One day of the year: month and day.
    Yearly(u16, u16),
}

impl Schedule {
    /// Returns the days and times of the schedule; `None` for a pattern that one short sentence
    /// cannot state.
    pub fn recurrence(&self) -> Option<Recurrence> {
        let fields = pattern::fields(self.as_str()).ok()?;
        let [minutes, hours, ..] = &fields;
        let (minutes, hours) = (pattern::values(0, minutes)?, pattern::values(1, hours)?);
        let days = recurring_days(&fields)?;
        let is_daily = days == RecurringDays::Daily;
        if hours.len() == 24 && minutes.len() > 1 {
            return interval(&minutes, 60).filter(|_| is_daily).map(Recurrence::Minutes);
        }
        if hours.len() > MAX_LISTED && minutes.len() == 1 {
            return interval(&hours, 24).filter(|_| is_daily).map(Recurrence::Hours);
        }
        if hours.len() * minutes.len() > MAX_LISTED {
            return None;
        }
        let times = hours.iter().flat_map(|hour| minutes.iter().map(|minute| (*hour, *minute)));
        Some(Recurrence::Days { days, times: times.collect() })
    }
}

/// Returns the distance between values that divide a whole period evenly.
fn interval(values: &BTreeSet<u16>, period: u16) -> Option<u16> {
    let count = u16::try_from(values.len()).ok().filter(|count| period.is_multiple_of(*count))?;
    let step = period / count;
    let first = *values.first()?;
    values.iter().zip(0..).all(|(value, index)| *value == first + index * step).then_some(step)
}

/// Returns the days of the last three fields of a pattern.
fn recurring_days(fields: &[String; 5]) -> Option<RecurringDays> {
    let [_, _, month_days, months, weekdays] = fields;
    let all_months = pattern::values(3, months)?.len() == 12;
    let any_weekday = weekdays == "*";
    match month_days.as_str() {
        "*" if all_months => weekly(weekdays),
        "L" if all_months && any_weekday => Some(RecurringDays::MonthEnd),
        _ if !any_weekday => None,
        list => {
            let days: Vec<u16> = pattern::values(2, list)?.into_iter().collect();
            let months: Vec<u16> = pattern::values(3, months)?.into_iter().collect();
            match (days.as_slice(), months.as_slice()) {
                ([day], [month]) => Some(RecurringDays::Yearly(*month, *day)),
                // Not every month has the days from 29 on.
                (days, _) if all_months && days.len() <= MAX_LISTED => {
                    days.iter().all(|day| *day <= 28).then(|| RecurringDays::Monthly(days.to_vec()))
                }
                _ => None,
            }
        }
    }
}

/// Returns the days of the day-of-week field.
fn weekly(field: &str) -> Option<RecurringDays> {
    let nth = field.split_once('#').or_else(|| Some((field.strip_suffix('L')?, "L")));
    if let Some((day, nth)) = nth {
        let day = pattern::values(4, day)?.into_iter().next().map(monday_first)?;
        return match nth {
            "L" => Some(RecurringDays::NthWeekday(None, day)),
            // Not every month has a fifth one.
            "5" => None,
            nth => Some(RecurringDays::NthWeekday(Some(nth.parse().ok()?), day)),
        };
    }
    let days: BTreeSet<u16> = pattern::values(4, field)?.into_iter().map(monday_first).collect();
    let days: Vec<u16> = days.into_iter().collect();
    Some(match days.as_slice() {
        [1, 2, 3, 4, 5, 6, 7] => RecurringDays::Daily,
        [1, 2, 3, 4, 5] => RecurringDays::Weekdays,
        [6, 7] => RecurringDays::Weekends,
        _ => RecurringDays::Weekly(days),
    })
}

/// Converts a weekday of cron, where Sunday is 0 or 7, so that Monday is 1 and Sunday is 7.
fn monday_first(day: u16) -> u16 {
    if day == 0 { 7 } else { day }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Option<Recurrence> {
        Schedule::parse(pattern).unwrap().recurrence()
    }

    #[test]
    fn regular_days_and_times_are_recognized() {
        use RecurringDays::{
            Daily, MonthEnd, Monthly, NthWeekday, Weekdays, Weekends, Weekly, Yearly,
        };
        for (pattern, days) in [
            ("0 8 * * *", Daily),
            ("0 8 * * 0-6", Daily),
            ("0 8 * * 1-7", Daily),
            ("0 8 ? * MON", Weekly(vec![1])),
            ("0 8 * * THU,MON", Weekly(vec![1, 4])),
            ("0 8 * * 0", Weekly(vec![7])),
            ("0 8 * * SAT-SUN", Weekends),
            ("0 8 * * 1-5", Weekdays),
            ("0 8 1 * *", Monthly(vec![1])),
            ("0 8 15,1 1-12 *", Monthly(vec![1, 15])),
            ("0 8 L * *", MonthEnd),
            ("0 8 * * MON#1", NthWeekday(Some(1), 1)),
            ("0 8 * * FRIL", NthWeekday(None, 5)),
            ("0 8 * * 0#2", NthWeekday(Some(2), 7)),
            ("0 8 1 SEP *", Yearly(9, 1)),
        ] {
            let expected = Recurrence::Days { days, times: vec![(8, 0)] };
            assert_eq!(of(pattern), Some(expected), "{pattern}");
        }
        let twice = Recurrence::Days { days: Daily, times: vec![(7, 30), (18, 30)] };
        assert_eq!(of("30 18,7 * * *"), Some(twice));
        assert_eq!(of("@weekly"), of("0 0 * * SUN"));
    }

    #[test]
    fn intervals_are_stated_only_if_they_divide_the_day_evenly() {
        for (pattern, expected) in [
            ("* * * * *", Some(Recurrence::Minutes(1))),
            ("*/15 * * * *", Some(Recurrence::Minutes(15))),
            ("5,35 * * * *", Some(Recurrence::Minutes(30))),
            ("0 * * * *", Some(Recurrence::Hours(1))),
            ("10 */4 * * *", Some(Recurrence::Hours(4))),
            ("*/7 * * * *", None),
            ("0 9-17 * * *", None),
            ("0 * * * MON", None),
        ] {
            assert_eq!(of(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn patterns_that_no_short_sentence_states_have_no_recurrence() {
        for pattern in [
            "0 8 1 * MON",
            "0 8 31 * *",
            "0 8 15W * *",
            "0 8 */2 * *",
            "0 8 * 1-6 MON",
            "0 8 * * MON#5",
            "0 8 1 1,7 *",
            "0 1-9 * * *",
        ] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
    }
}
