//! Schedules of digests as fields that need no knowledge of cron: kind of days, days and time of day.

use serde_json::Value;

use super::super::visit::Visit;
use crate::domain::schedule::{Recurrence, RecurringDays, Schedule};
use crate::templates::TextValue;
use crate::templates::pages::{FieldOption, ScheduleField};
use crate::web::form::Form;

/// Schedule that the form of a new digest proposes.
pub(super) const PROPOSED: &str = "0 8 * * MON";
/// Days of the week in cron patterns, from Monday.
const WEEKDAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
/// Last day of the month that every month has.
const LAST_COMMON_DAY: u16 = 28;
/// Word of cron patterns for the last day of a month.
const MONTH_END: &str = "L";
/// Time of day of the fields if the pattern has none.
const DEFAULT_TIME: &str = "08:00";

/// Kind of days on which a digest is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScheduleKind {
    Daily,
    Weekly,
    Monthly,
    Cron,
}

impl ScheduleKind {
    const ALL: [Self; 4] = [Self::Daily, Self::Weekly, Self::Monthly, Self::Cron];

    fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Cron => "cron",
        }
    }
}

/// Part of a schedule that was not chosen, or cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScheduleProblem {
    /// No day of the week is chosen.
    Days,
    /// The time of day is missing or not one.
    Time,
}

impl ScheduleProblem {
    /// Returns the catalog key of the error.
    pub(super) fn text_key(self) -> &'static str {
        match self {
            Self::Days => "admin-error-schedule-days",
            Self::Time => "admin-error-schedule-time",
        }
    }
}

/// Values of the fields of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScheduleFields {
    kind: ScheduleKind,
    /// Days of the week, from 1 (Monday) to 7 (Sunday).
    weekdays: Vec<u16>,
    month_day: String,
    time: String,
    cron: String,
}

impl ScheduleFields {
    /// Returns the values that a form sends; without a kind, the field `schedule` has a cron pattern.
    pub(super) fn of_form(form: &Form) -> Self {
        let word = form.first("schedule.kind");
        let kind = ScheduleKind::ALL.into_iter().find(|kind| kind.as_str() == word);
        let weekdays = form.all("schedule.days").into_iter().filter_map(|day| day.parse().ok());
        Self {
            kind: kind.unwrap_or(ScheduleKind::Cron),
            weekdays: weekdays.filter(|day| (1..=7).contains(day)).collect(),
            month_day: form.first("schedule.day").to_owned(),
            time: form.first("schedule.time").to_owned(),
            cron: form.first("schedule").to_owned(),
        }
    }

    /// Returns the values that state a pattern; those of the kind `cron` if no others do.
    pub(super) fn of_pattern(pattern: &str) -> Self {
        let cron = Self {
            kind: ScheduleKind::Cron,
            weekdays: Vec::new(),
            month_day: "1".to_owned(),
            time: DEFAULT_TIME.to_owned(),
            cron: pattern.to_owned(),
        };
        let recurrence = Schedule::parse(pattern).ok().and_then(|schedule| schedule.recurrence());
        let Some(Recurrence::Days { days, times }) = recurrence else { return cron };
        let [(hour, minute)] = times[..] else { return cron };
        let timed = Self { time: format!("{hour:02}:{minute:02}"), ..cron.clone() };
        let weekly = |weekdays| Self { kind: ScheduleKind::Weekly, weekdays, ..timed.clone() };
        let monthly = |month_day| Self { kind: ScheduleKind::Monthly, month_day, ..timed.clone() };
        match days {
            RecurringDays::Daily => Self { kind: ScheduleKind::Daily, ..timed },
            RecurringDays::Weekdays => weekly((1..=5).collect()),
            RecurringDays::Weekends => weekly(vec![6, 7]),
            RecurringDays::Weekly(weekdays) => weekly(weekdays),
            RecurringDays::MonthEnd => monthly(MONTH_END.to_owned()),
            RecurringDays::Monthly(days) => match days[..] {
                [day] => monthly(day.to_string()),
                _ => cron,
            },
            RecurringDays::NthWeekday(..) | RecurringDays::Yearly(..) => cron,
        }
    }

    /// Returns the setting that the values state: the present one if it states the same, an empty text
    /// if they are incomplete, and nothing without a pattern.
    pub(super) fn setting(&self, present: Option<&Value>) -> Option<Value> {
        let pattern = self.pattern().unwrap_or_default();
        if self.kind == ScheduleKind::Cron {
            return (!pattern.is_empty()).then(|| pattern.into());
        }
        let states_same = |text: &&str| Self::of_pattern(text).pattern().as_ref() == Some(&pattern);
        let present = present.and_then(Value::as_str).filter(states_same);
        Some(present.unwrap_or(&pattern).into())
    }

    /// Returns the part without which the values state no pattern.
    pub(super) fn problem(&self) -> Option<ScheduleProblem> {
        match self.kind {
            ScheduleKind::Cron => None,
            ScheduleKind::Weekly if self.weekdays.is_empty() => Some(ScheduleProblem::Days),
            _ if time_of_day(&self.time).is_none() => Some(ScheduleProblem::Time),
            _ => None,
        }
    }

    /// Returns the cron pattern; `None` if the values are incomplete.
    fn pattern(&self) -> Option<String> {
        if self.kind == ScheduleKind::Cron {
            return Some(self.cron.clone());
        }
        if self.problem().is_some() {
            return None;
        }
        let (hour, minute) = time_of_day(&self.time)?;
        let days = match self.kind {
            ScheduleKind::Weekly => format!("* * {}", weekday_field(&self.weekdays)),
            ScheduleKind::Monthly => format!("{} * *", self.month_day),
            ScheduleKind::Daily | ScheduleKind::Cron => "* * *".to_owned(),
        };
        Some(format!("{minute} {hour} {days}"))
    }

    /// Returns the fields with these values, which may have an error.
    pub(super) fn view(&self, visit: &Visit, has_error: bool) -> ScheduleField {
        let option =
            |value: String, text: String, is_chosen| FieldOption { value, text, is_chosen };
        let kind = |kind: ScheduleKind| {
            let text = visit.text(&format!("admin-schedule-{}", kind.as_str()), &[]);
            option(kind.as_str().to_owned(), text, kind == self.kind)
        };
        let weekday = |day: u16| {
            let text = visit.text("weekday", &[("day", TextValue::Number(day.into()))]);
            option(day.to_string(), text, self.weekdays.contains(&day))
        };
        let month_day = |day: String| {
            let text = match day.as_str() {
                MONTH_END => visit.text("admin-schedule-last-day", &[]),
                day => day.to_owned(),
            };
            let is_chosen = day == self.month_day;
            option(day, text, is_chosen)
        };
        let days = (1..=LAST_COMMON_DAY).map(|day| day.to_string());
        ScheduleField {
            kinds: ScheduleKind::ALL.into_iter().map(kind).collect(),
            weekdays: (1..=7).map(weekday).collect(),
            month_days: days.chain([MONTH_END.to_owned()]).map(month_day).collect(),
            time: self.time.clone(),
            cron: self.cron.clone(),
            wrong: match self.problem().filter(|_| has_error) {
                Some(ScheduleProblem::Days) => "days",
                Some(ScheduleProblem::Time) => "time",
                None if has_error => "cron",
                None => "",
            }
            .to_owned(),
        }
    }
}

/// Returns the day-of-week field of a cron pattern.
fn weekday_field(weekdays: &[u16]) -> String {
    let is_chosen = |day: &u16| weekdays.contains(day);
    let chosen: Vec<u16> = (1..=7).filter(is_chosen).collect();
    match chosen[..] {
        [1, 2, 3, 4, 5, 6, 7] => "*".to_owned(),
        [1, 2, 3, 4, 5] => "MON-FRI".to_owned(),
        _ => {
            let names = WEEKDAYS.iter().zip(1..).filter(|(_, day)| is_chosen(day));
            names.map(|(name, _)| *name).collect::<Vec<_>>().join(",")
        }
    }
}

/// Parses a time of day as `8:30` or `08:30`.
fn time_of_day(text: &str) -> Option<(u16, u16)> {
    let (hour, minute) = text.split_once([':', '：'])?;
    let number = |digits: &str, max: u16| {
        let is_short = matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|number| is_short && *number <= max)
    };
    Some((number(hour, 23)?, number(minute, 59).filter(|_| minute.len() == 2)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind_of(pattern: &str) -> &'static str {
        ScheduleFields::of_pattern(pattern).kind.as_str()
    }

    #[test]
    fn a_pattern_is_shown_in_the_simple_fields_if_they_state_it() {
        for (pattern, kind, composed) in [
            ("0 8 * * *", "daily", "0 8 * * *"),
            ("@daily", "daily", "0 0 * * *"),
            ("30 7 * * 1-5", "weekly", "30 7 * * MON-FRI"),
            ("5 18 ? * SUN,MON", "weekly", "5 18 * * MON,SUN"),
            ("0 9 15 * *", "monthly", "0 9 15 * *"),
            ("0 9 L * *", "monthly", "0 9 L * *"),
        ] {
            let fields = ScheduleFields::of_pattern(pattern);
            assert_eq!(
                (fields.kind.as_str(), fields.pattern().unwrap().as_str()),
                (kind, composed)
            );
            let written_alike = Schedule::parse(composed).unwrap().recurrence();
            assert_eq!(Schedule::parse(pattern).unwrap().recurrence(), written_alike, "{pattern}");
        }
        for pattern in [
            "0 8,18 * * *",
            "0 9 1,15 * *",
            "0 9 31 * *",
            "0 9 * * TUE#2",
            "0 8 1 9 *",
            "*/15 * * * *",
            "sometimes",
        ] {
            assert_eq!(kind_of(pattern), "cron", "{pattern}");
            assert_eq!(ScheduleFields::of_pattern(pattern).pattern().as_deref(), Some(pattern));
        }
    }

    #[test]
    fn a_form_states_a_pattern_and_keeps_a_present_one_of_the_same_meaning() {
        let weekly = Form::of(&[
            ("schedule.kind", "weekly"),
            ("schedule.days", "5"),
            ("schedule.days", "1"),
            ("schedule.time", "8:05"),
            ("schedule", "0 0 1 1 *"),
        ]);
        let fields = ScheduleFields::of_form(&weekly);
        assert_eq!(fields.setting(None), Some("5 8 * * MON,FRI".into()));
        assert_eq!(fields.setting(Some(&json!("5 8 ? * 1,5"))), Some("5 8 ? * 1,5".into()));
        assert_eq!(fields.setting(Some(&json!("6 8 ? * 1,5"))), Some("5 8 * * MON,FRI".into()));
        let cron = Form::of(&[("schedule", "0 8,16 * * *"), ("schedule.time", "9:00")]);
        assert_eq!(ScheduleFields::of_form(&cron).setting(None), Some("0 8,16 * * *".into()));
        assert_eq!(ScheduleFields::of_form(&Form::default()).setting(None), None);
    }

    #[test]
    fn incomplete_fields_have_an_error_and_state_no_pattern() {
        for (kind, day, time, error) in [
            ("weekly", "", "8:00", Some(ScheduleProblem::Days)),
            ("weekly", "9", "8:00", Some(ScheduleProblem::Days)),
            ("weekly", "1", "", Some(ScheduleProblem::Time)),
            ("daily", "", "24:00", Some(ScheduleProblem::Time)),
            ("daily", "", "1 2", Some(ScheduleProblem::Time)),
            ("daily", "", "8:5", Some(ScheduleProblem::Time)),
            ("daily", "", "23：59", None),
        ] {
            let form = Form::of(&[
                ("schedule.kind", kind),
                ("schedule.days", day),
                ("schedule.time", time),
            ]);
            let fields = ScheduleFields::of_form(&form);
            assert_eq!(fields.problem(), error, "{kind} {day} {time}");
            let setting = fields.setting(Some(&json!("0 8 * * *")));
            assert_eq!(setting == Some("".into()), error.is_some(), "{setting:?}");
        }
    }
}
