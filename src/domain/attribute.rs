//! Attributes of subscribers: named values, each of one type in the whole installation.

use std::fmt;

use jiff::civil::Date;
use serde_json::{Value as Json, json};

pub use number::Number;
pub use value_error::ValueError;

mod name;
mod number;
mod value_error;

pub use name::{RESERVED_NAMES, name_of_column, validate_name};

/// Maximum length of a text in characters.
const MAX_TEXT_CHARS: usize = 500;

/// Type of an attribute, which all of its values have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeType {
    /// Any text of one line.
    Text,
    /// A decimal number with at most six decimal places.
    Number,
    /// A calendar date without time.
    Date,
    /// One of yes and no.
    Boolean,
}

impl AttributeType {
    /// All types of attributes.
    pub const ALL: [Self; 4] = [Self::Text, Self::Number, Self::Date, Self::Boolean];

    /// Returns the word for the database, commands and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date",
            Self::Boolean => "boolean",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Returns the type of a first value: the most specific one that can hold it.
    pub fn of_value(text: &str) -> Self {
        TypeGuess::default().with(text).result()
    }

    /// Parses a value of this type.
    ///
    /// # Errors
    /// The value does not have the form of the type.
    pub fn value(self, text: &str) -> Result<AttributeValue, ValueError> {
        let text = text.trim();
        let value = || text.to_owned();
        match self {
            Self::Text => text_value(text),
            Self::Number => Number::parse(text)
                .map(AttributeValue::Number)
                .ok_or_else(|| ValueError::InvalidNumber { value: value() }),
            Self::Date => {
                let date = text.parse().ok().filter(is_iso_date(text));
                date.map(AttributeValue::Date)
                    .ok_or_else(|| ValueError::InvalidDate { value: value() })
            }
            Self::Boolean => boolean(text)
                .map(AttributeValue::Boolean)
                .ok_or_else(|| ValueError::InvalidBoolean { value: value() }),
        }
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Value of an attribute of one subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A text of one line.
    Text(String),
    /// A decimal number of limited precision.
    Number(Number),
    /// A calendar date without time.
    Date(Date),
    /// One of yes and no.
    Boolean(bool),
}

impl AttributeValue {
    /// Returns the type of the value.
    pub fn attribute_type(&self) -> AttributeType {
        match self {
            Self::Text(_) => AttributeType::Text,
            Self::Number(_) => AttributeType::Number,
            Self::Date(_) => AttributeType::Date,
            Self::Boolean(_) => AttributeType::Boolean,
        }
    }

    /// Returns the value as a number by which values of its type are compared: millionths, days
    /// since 1970-01-01, or 0 and 1; `None` for a text.
    pub fn rank(&self) -> Option<i64> {
        match self {
            Self::Text(_) => None,
            Self::Number(number) => Some(number.millionths()),
            Self::Date(date) => Some(days_since_epoch(*date)),
            Self::Boolean(value) => Some(i64::from(*value)),
        }
    }

    /// Returns the value of a type from its stored columns; `None` if they do not fit.
    pub fn from_stored(kind: AttributeType, text: Option<&str>, rank: Option<i64>) -> Option<Self> {
        Some(match kind {
            AttributeType::Text => Self::Text(text?.to_owned()),
            AttributeType::Number => Self::Number(Number::from_millionths(rank?)),
            AttributeType::Date => Self::Date(date_of_day(rank?)?),
            AttributeType::Boolean => Self::Boolean(rank? != 0),
        })
    }

    /// Returns the value as JSON: a text, a number or a boolean; a date as a text.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => number.to_json(),
            Self::Date(date) => json!(date.to_string()),
            Self::Boolean(value) => json!(value),
        }
    }
}

/// Writes the value in the form that its type parses.
impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Boolean(value) => value.fmt(f),
        }
    }
}

/// The types that could hold all values seen so far, for a new attribute.
#[derive(Debug, Clone)]
pub struct TypeGuess {
    /// Possible types, the most specific first; a text is always possible.
    possible: Vec<AttributeType>,
}

impl Default for TypeGuess {
    fn default() -> Self {
        Self { possible: vec![AttributeType::Boolean, AttributeType::Date, AttributeType::Number] }
    }
}

impl TypeGuess {
    /// Considers another value of the attribute.
    #[must_use]
    pub fn with(mut self, text: &str) -> Self {
        self.add(text);
        self
    }

    /// Considers another value of the attribute.
    pub fn add(&mut self, text: &str) {
        // A leading zero or plus sign belongs to a code or a telephone number.
        let is_code = text.starts_with('+')
            || (text.trim_start_matches('-').starts_with('0') && text.len() > 1)
                && !text.contains('.');
        self.possible.retain(|kind| match kind {
            AttributeType::Number => !is_code && kind.value(text).is_ok(),
            _ => kind.value(text).is_ok(),
        });
    }

    /// Returns the most specific type that holds all values.
    pub fn result(&self) -> AttributeType {
        self.possible.first().copied().unwrap_or(AttributeType::Text)
    }
}

fn text_value(text: &str) -> Result<AttributeValue, ValueError> {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let length = text.chars().count();
    if text.is_empty() {
        return Err(ValueError::EmptyValue);
    }
    if length > MAX_TEXT_CHARS {
        return Err(ValueError::LongValue { limit: MAX_TEXT_CHARS, length });
    }
    Ok(AttributeValue::Text(text))
}

/// Returns `true` if the text has only the ten characters of a date; jiff would also accept a time.
fn is_iso_date(text: &str) -> impl Fn(&Date) -> bool {
    let has_length = text.len() == 10;
    move |_| has_length
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "是" => Some(true),
        "false" | "no" | "否" => Some(false),
        _ => None,
    }
}

/// Returns the number of days from 1970-01-01 to a date.
pub fn days_since_epoch(date: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    date.since(epoch).map_or(0, |span| i64::from(span.get_days()))
}

fn date_of_day(day: i64) -> Option<Date> {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.checked_add(jiff::SignedDuration::from_hours(day.checked_mul(24)?)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_type_of_a_new_attribute_is_the_most_specific_one_of_its_values() {
        for (values, expected) in [
            (&["true", "No"][..], AttributeType::Boolean),
            (&["2026-11-29"], AttributeType::Date),
            (&["12", "-3.5", "0", "0.25"], AttributeType::Number),
            (&["12", "n/a"], AttributeType::Text),
            (&["01067"], AttributeType::Text),
            (&["+49301234"], AttributeType::Text),
            (&["2026-13-01"], AttributeType::Text),
            (&["yes", "12"], AttributeType::Text),
            (&["2026-11-29T08:00"], AttributeType::Text),
        ] {
            let mut guess = TypeGuess::default();
            values.iter().for_each(|value| guess.add(value));
            assert_eq!(guess.result(), expected, "{values:?}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_rejected_with_the_expected_form() {
        let error = AttributeType::Date.value("29.11.2026").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"29.11.2026\" is not a valid date; write a date such as `2026-11-29`"
        );
        assert!(AttributeType::Number.value("1,5").is_err());
        assert!(AttributeType::Boolean.value("maybe").is_err());
        assert!(AttributeType::Text.value("").is_err());
    }

    fn values() -> impl Strategy<Value = AttributeValue> {
        prop_oneof![
            "[^\\p{C}\\s]{1,20}".prop_map(AttributeValue::Text),
            any::<i64>().prop_map(|n| AttributeValue::Number(Number::from_millionths(n))),
            (-4_371_587_i64..=2_932_896)
                .prop_map(|day| AttributeValue::Date(date_of_day(day).unwrap())),
            any::<bool>().prop_map(AttributeValue::Boolean),
        ]
    }

    proptest! {
        #[test]
        fn a_value_is_read_back_from_its_text_and_from_its_columns(value in values()) {
            let kind = value.attribute_type();
            let is_long_date = matches!(&value, AttributeValue::Date(date) if date.year() < 0);
            if !is_long_date {
                prop_assert_eq!(kind.value(&value.to_string()), Ok(value.clone()));
            }
            let text = value.to_string();
            prop_assert_eq!(
                AttributeValue::from_stored(kind, Some(&text), value.rank()),
                Some(value)
            );
        }
    }
}
