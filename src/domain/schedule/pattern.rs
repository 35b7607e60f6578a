//! Grammar of cron patterns, so that every error names the invalid field.

use std::collections::BTreeSet;

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Name and range of one of the five fields.
struct Field {
    name: &'static str,
    min: u16,
    max: u16,
    /// Names of values, of which the first stands for `first_name`.
    names: &'static [&'static str],
    first_name: u16,
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, names: &[], first_name: 0 },
    Field { name: "hour", min: 0, max: 23, names: &[], first_name: 0 },
    Field { name: "day of month", min: 1, max: 31, names: &[], first_name: 0 },
    Field { name: "month", min: 1, max: 12, names: &MONTHS, first_name: 1 },
    Field { name: "day of week", min: 0, max: 7, names: &DAYS, first_name: 0 },
];

/// Splits a pattern into five validated fields, in upper case and with `?` as `*`.
pub(super) fn fields(text: &str) -> Result<[String; 5], String> {
    let spelled_out = match text.to_ascii_lowercase().as_str() {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ => text,
    };
    let words: Vec<String> = spelled_out.split_whitespace().map(str::to_ascii_uppercase).collect();
    let count = words.len();
    let mut fields: [String; 5] = words.try_into().map_err(|_| {
        format!(
            "invalid schedule `{text}`: expected five fields (minute, hour, day of month, month, day of week; for \
             example `0 8 * * MON`), found {count}"
        )
    })?;
    for index in [2, 4] {
        if fields[index] == "?" {
            fields[index] = "*".to_owned();
        }
    }
    for (field, value) in FIELDS.iter().zip(&fields) {
        field.check(value)?;
    }
    Ok(fields)
}

/// Returns the values that a valid field selects, by its position in the pattern; `None` for days
/// that depend on the month, such as `L`.
pub(super) fn values(index: usize, text: &str) -> Option<BTreeSet<u16>> {
    let field = FIELDS.get(index)?;
    let mut values = BTreeSet::new();
    for element in text.split(',') {
        let (base, step) = element.split_once('/').unwrap_or((element, "1"));
        let (from, to) = match base.split_once('-') {
            _ if base == "*" => (field.min, field.max),
            Some((first, "SUN")) => (field.value(first).ok()?, 7),
            Some((first, last)) => (field.value(first).ok()?, field.value(last).ok()?),
            None => (field.value(base).ok()?, field.value(base).ok()?),
        };
        values.extend((from..=to).step_by(usize::from(number(step)?.max(1))));
    }
    Some(values)
}

impl Field {
    fn check(&self, value: &str) -> Result<(), String> {
        if value == "*" {
            return Ok(());
        }
        value.split(',').try_for_each(|element| self.element(element))
    }

    fn element(&self, element: &str) -> Result<(), String> {
        if let Some((base, step)) = element.split_once('/') {
            if base != "*" {
                if !base.contains('-') {
                    return Err(format!(
                        "`{element}` in the {} field: a step must follow `*` or a range; write `*/{step}` or `{}-{}/{step}`",
                        self.name, self.min, self.max
                    ));
                }
                self.range(base)?;
            }
            return match number(step) {
                Some(step) if step >= 1 && step <= self.max => Ok(()),
                _ => Err(format!(
                    "`{element}` in the {} field: the step must be a number from 1 to {}",
                    self.name, self.max
                )),
            };
        }
        if element == "*" {
            return Err(format!(
                "`*` in a list means every {}; use it alone in its field",
                self.name
            ));
        }
        if element.contains('-') {
            return self.range(element);
        }
        match self.name {
            "day of month" if self.is_special_day(element) => Ok(()),
            "day of week" if self.is_special_weekday(element) => Ok(()),
            _ => self.value(element).map(|_| ()),
        }
    }

    fn range(&self, range: &str) -> Result<(), String> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let from = self.value(first)?;
        let to = match (last, self.value(last)?) {
            ("SUN", _) => 7,
            (_, to) => to,
        };
        if from > to {
            return Err(format!(
                "`{range}` in the {} field is a descending range; write it as a list",
                self.name
            ));
        }
        Ok(())
    }

    fn value(&self, text: &str) -> Result<u16, String> {
        let named = self
            .names
            .iter()
            .position(|name| *name == text)
            .and_then(|index| u16::try_from(index).ok());
        match named.map(|index| index + self.first_name).or_else(|| number(text)) {
            Some(value) if value >= self.min && value <= self.max => Ok(value),
            _ => {
                let names = match self.names {
                    [first, .., last] => format!(" or a name from {first} to {last}"),
                    _ => String::new(),
                };
                let special = match self.name {
                    "day of month" => ", `L` (the last), `15W` (the working day nearest the 15th)",
                    "day of week" => ", `FRI#2` (the second Friday), `FRIL` (the last Friday)",
                    _ => "",
                };
                Err(format!(
                    "`{text}` in the {} field: expected a number from {} to {}{names}{special}",
                    self.name, self.min, self.max
                ))
            }
        }
    }

    /// Returns `true` for `L`, `LW` and `15W`.
    fn is_special_day(&self, element: &str) -> bool {
        matches!(element, "L" | "LW")
            || element.strip_suffix('W').is_some_and(|day| self.value(day).is_ok())
    }

    /// Returns `true` for `FRI#2`, `FRIL`, `5L` and `5#L`.
    fn is_special_weekday(&self, element: &str) -> bool {
        let (day, nth) = match (element.split_once('#'), element.strip_suffix('L')) {
            (Some(parts), _) => parts,
            (None, Some(day)) => (day, "L"),
            (None, None) => return false,
        };
        self.value(day).is_ok() && matches!(nth, "1" | "2" | "3" | "4" | "5" | "L")
    }
}

/// Parses a number of one or two digits; signs, spaces and long runs of zeros are rejected.
fn number(text: &str) -> Option<u16> {
    let digits = matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
