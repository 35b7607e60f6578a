//! Sentences that state how often a digest is sent, in the language of the reader.

use fluent_bundle::{FluentArgs, FluentValue};

use super::Templates;
use crate::domain::schedule::{Recurrence, RecurringDays};

impl Templates {
    /// Returns how often something recurs, for example `every Monday at 8:00` or `每周一 8:00`.
    pub fn recurrence_text(&self, language: &str, recurrence: &Recurrence) -> String {
        let number = |name, number: u16| vec![(name, FluentValue::from(f64::from(number)))];
        let (days, times) = match recurrence {
            Recurrence::Minutes(count) => {
                return self.message(language, "recurrence-minutes", number("count", *count));
            }
            Recurrence::Hours(count) => {
                return self.message(language, "recurrence-hours", number("count", *count));
            }
            Recurrence::Days { days, times } => (days, times),
        };
        let weekday = |day: &u16| self.message(language, "weekday", number("day", *day));
        let times: Vec<String> =
            times.iter().map(|(hour, minute)| format!("{hour}:{minute:02}")).collect();
        let mut values = vec![("times", FluentValue::from(self.join(language, &times)))];
        let key = match days {
            RecurringDays::Daily => "recurrence-daily",
            RecurringDays::Weekdays => "recurrence-weekdays",
            RecurringDays::Weekends => "recurrence-weekends",
            RecurringDays::Weekly(days) => {
                let days: Vec<String> = days.iter().map(weekday).collect();
                values.push(("days", self.join(language, &days).into()));
                "recurrence-weekly"
            }
            RecurringDays::Monthly(days) if days.as_slice() == [1] => "recurrence-first-day",
            RecurringDays::Monthly(days) => {
                let day = |day: &u16| self.message(language, "month-day", number("day", *day));
                let days: Vec<String> = days.iter().map(day).collect();
                values.push(("days", self.join(language, &days).into()));
                "recurrence-monthly"
            }
            RecurringDays::MonthEnd => "recurrence-last-day",
            RecurringDays::NthWeekday(nth, day) => {
                // The catalogs call the last one number 5.
                values.extend(number("nth", nth.unwrap_or(5)));
                values.push(("weekday", weekday(day).into()));
                "recurrence-nth-weekday"
            }
            RecurringDays::Yearly(month, day) => {
                values.push((
                    "month",
                    self.message(language, "month", number("month", *month)).into(),
                ));
                values.extend(number("day", *day));
                "recurrence-yearly"
            }
        };
        self.message(language, key, values)
    }

    /// Joins texts to a list, with a word before the last one if the language has it.
    pub fn join(&self, language: &str, texts: &[String]) -> String {
        let (comma, and) =
            (self.text(language, "list-separator", &[]), self.text(language, "list-end", &[]));
        match texts {
            [first @ .., last] if !first.is_empty() => format!("{}{and}{last}", first.join(&comma)),
            texts => texts.concat(),
        }
    }

    /// Returns a message with arguments; its name if it does not exist.
    fn message(&self, language: &str, key: &str, values: Vec<(&str, FluentValue<'_>)>) -> String {
        let values: FluentArgs<'_> = values.into_iter().collect();
        self.catalog.text(language, key, &values).unwrap_or_else(|| key.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schedule::Schedule;

    fn assert_texts(pattern: &str, english: &str, simplified: &str, traditional: &str) {
        let templates = Templates::load(None).unwrap();
        let recurrence = Schedule::parse(pattern).unwrap().recurrence().unwrap();
        let text = |language: &str| templates.recurrence_text(language, &recurrence);
        assert_eq!(text("en-GB"), english);
        assert_eq!((text("zh-CN"), text("zh-TW")), (simplified.into(), traditional.into()));
    }

    #[test]
    fn schedules_of_days_are_stated_in_words_in_all_languages() {
        for (pattern, english, simplified, traditional) in [
            ("* * * * *", "every minute", "每分钟", "每分鐘"),
            ("*/15 * * * *", "every 15 minutes", "每 15 分钟", "每 15 分鐘"),
            ("0 * * * *", "every hour", "每小时", "每小時"),
            ("0 8 * * *", "every day at 8:00", "每天 8:00", "每天 8:00"),
            ("30 7 * * 1-5", "on weekdays at 7:30", "周一至周五 7:30", "週一至週五 7:30"),
            ("0 10 * * 6,0", "on weekends at 10:00", "周六和周日 10:00", "週六和週日 10:00"),
            ("0 8 * * MON", "every Monday at 8:00", "每周一 8:00", "每週一 8:00"),
            (
                "0 8,18 * * MON,WED,FRI",
                "every Monday, Wednesday and Friday at 8:00 and 18:00",
                "每周一、周三、周五 8:00、18:00",
                "每週一、週三、週五 8:00、18:00",
            ),
        ] {
            assert_texts(pattern, english, simplified, traditional);
        }
    }

    #[test]
    fn schedules_of_months_are_stated_in_words_in_all_languages() {
        for (pattern, english, simplified, traditional) in [
            (
                "0 9 1 * *",
                "on the first day of each month at 9:00",
                "每月 1 日 9:00",
                "每月 1 日 9:00",
            ),
            (
                "0 9 1,15 * *",
                "on the 1st and 15th of each month at 9:00",
                "每月 1 日、15 日 9:00",
                "每月 1 日、15 日 9:00",
            ),
            (
                "0 9 22 * *",
                "on the 22nd of each month at 9:00",
                "每月 22 日 9:00",
                "每月 22 日 9:00",
            ),
            (
                "0 9 L * *",
                "on the last day of each month at 9:00",
                "每月最后一天 9:00",
                "每月最後一天 9:00",
            ),
            (
                "0 9 * * TUE#2",
                "on the second Tuesday of each month at 9:00",
                "每月第二个周二 9:00",
                "每月第二個週二 9:00",
            ),
            (
                "0 9 * * FRIL",
                "on the last Friday of each month at 9:00",
                "每月最后一个周五 9:00",
                "每月最後一個週五 9:00",
            ),
            (
                "0 9 1 SEP *",
                "every year on 1 September at 9:00",
                "每年 9 月 1 日 9:00",
                "每年 9 月 1 日 9:00",
            ),
        ] {
            assert_texts(pattern, english, simplified, traditional);
        }
    }
}
