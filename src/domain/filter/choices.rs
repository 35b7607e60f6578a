//! Fields, comparisons and values from which a form builds a filter, and the text of a comparison.

use std::collections::BTreeMap;

use super::fields::{FIELDS, Field};
use crate::domain::attribute::{AttributeType, AttributeValue, ValueError};

/// Comparison that a form offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal to the value.
    Equal,
    /// Not equal to the value.
    NotEqual,
    /// Contains the text as a part.
    Contains,
    /// Does not contain the text.
    Lacks,
    /// Smaller than the value.
    Less,
    /// Smaller than the value, or equal.
    LessOrEqual,
    /// Greater than the value.
    Greater,
    /// Greater than the value, or equal.
    GreaterOrEqual,
    /// Has no value at all.
    IsEmpty,
    /// Has any value at all.
    IsNotEmpty,
}

/// Kind of the values with which a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Any text of one line.
    Text,
    /// Tag of a subscriber.
    Tag,
    /// Language tag (RFC 5646).
    Language,
    /// Name of one digest.
    Digest,
    /// Status of a subscription.
    Status,
    /// Name of a section.
    Section,
    /// Name of a segment.
    Segment,
    /// A decimal number of limited precision.
    Number,
    /// A calendar date without time.
    Date,
    /// One of yes and no, as `true` and `false`.
    Boolean,
}

impl Comparison {
    /// All comparisons in the order in which a form offers them.
    pub const ALL: [Self; 10] = [
        Self::Equal,
        Self::NotEqual,
        Self::Contains,
        Self::Lacks,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::IsEmpty,
        Self::IsNotEmpty,
    ];

    /// Returns the word for forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::NotEqual => "not-equal",
            Self::Contains => "contains",
            Self::Lacks => "lacks",
            Self::Less => "less",
            Self::LessOrEqual => "less-or-equal",
            Self::Greater => "greater",
            Self::GreaterOrEqual => "greater-or-equal",
            Self::IsEmpty => "empty",
            Self::IsNotEmpty => "not-empty",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|comparison| comparison.as_str() == word)
    }

    /// Returns `true` if the comparison has a value.
    pub fn has_value(self) -> bool {
        !matches!(self, Self::IsEmpty | Self::IsNotEmpty)
    }

    /// Returns the text of a comparison with a value of a filter.
    fn text(self, field: &str, value: &str) -> String {
        match self {
            Self::Equal => format!("{field} = {value}"),
            Self::NotEqual => format!("{field} != {value}"),
            Self::Contains => format!("{field} ~ {value}"),
            Self::Lacks => format!("not {field} ~ {value}"),
            Self::Less => format!("{field} < {value}"),
            Self::LessOrEqual => format!("{field} <= {value}"),
            Self::Greater => format!("{field} > {value}"),
            Self::GreaterOrEqual => format!("{field} >= {value}"),
            Self::IsEmpty => format!("{field} is empty"),
            Self::IsNotEmpty => format!("{field} is not empty"),
        }
    }
}

/// Field that a form offers, with its comparisons and the kind of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChoice {
    /// Name of the field.
    pub name: String,
    /// `true` for an attribute.
    pub is_attribute: bool,
    /// Comparisons that the field allows.
    pub comparisons: Vec<Comparison>,
    /// Kind of its values.
    pub values: ValueKind,
}

/// Returns the fields of an installation with these attributes: those that every subscriber has first.
pub fn field_choices(attributes: &BTreeMap<String, AttributeType>) -> Vec<FieldChoice> {
    let fixed = FIELDS.iter().map(|(name, field)| choice(name, *field));
    let others = attributes.iter().map(|(name, kind)| choice(name, Field::Attribute(Some(*kind))));
    fixed.chain(others).collect()
}

fn choice(name: &str, field: Field) -> FieldChoice {
    let values = match field {
        Field::Text(_) | Field::Attribute(None | Some(AttributeType::Text)) => ValueKind::Text,
        Field::Language => ValueKind::Language,
        Field::Tag => ValueKind::Tag,
        Field::Digest => ValueKind::Digest,
        Field::Status => ValueKind::Status,
        Field::Section => ValueKind::Section,
        Field::Segment => ValueKind::Segment,
        Field::Suppressed | Field::Attribute(Some(AttributeType::Boolean)) => ValueKind::Boolean,
        Field::Created | Field::Attribute(Some(AttributeType::Date)) => ValueKind::Date,
        Field::Attribute(Some(AttributeType::Number)) => ValueKind::Number,
    };
    let fits = |comparison: &Comparison| match comparison {
        Comparison::Equal => true,
        // The other value of yes and no says the same.
        Comparison::NotEqual => !matches!(values, ValueKind::Boolean | ValueKind::Date),
        Comparison::Contains | Comparison::Lacks => field.allows_part(),
        // Texts have an order, but nobody looks for it.
        Comparison::Less
        | Comparison::LessOrEqual
        | Comparison::Greater
        | Comparison::GreaterOrEqual => matches!(values, ValueKind::Number | ValueKind::Date),
        Comparison::IsEmpty | Comparison::IsNotEmpty => field.can_be_empty(),
    };
    FieldChoice {
        name: name.to_owned(),
        is_attribute: matches!(field, Field::Attribute(_)),
        comparisons: Comparison::ALL.into_iter().filter(fits).collect(),
        values,
    }
}

impl FieldChoice {
    /// Returns the text of a comparison of this field with an entered value.
    ///
    /// # Errors
    /// The value is empty, or does not have the form of its kind.
    pub fn comparison(&self, comparison: Comparison, entered: &str) -> Result<String, ValueError> {
        if !comparison.has_value() {
            return Ok(comparison.text(&self.name, ""));
        }
        let value = match self.values {
            ValueKind::Number => match AttributeType::Number.value(entered)? {
                AttributeValue::Number(number) => number.to_string(),
                other => quoted(&other.to_string()),
            },
            ValueKind::Boolean => AttributeType::Boolean.value(entered)?.to_string(),
            ValueKind::Date => quoted(&AttributeType::Date.value(entered)?.to_string()),
            _ => {
                let text: String = entered.chars().filter(|c| !c.is_control()).collect();
                let text = text.trim();
                if text.is_empty() {
                    return Err(ValueError::EmptyValue);
                }
                quoted(text)
            }
        };
        Ok(comparison.text(&self.name, &value))
    }
}

/// Returns a text as a value of a filter, without control characters.
pub fn quoted(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{FilterNames, compile, parse};
    use super::*;

    fn attributes() -> BTreeMap<String, AttributeType> {
        let types = [
            ("city", AttributeType::Text),
            ("visits", AttributeType::Number),
            ("joined", AttributeType::Date),
            ("vip", AttributeType::Boolean),
        ];
        types.map(|(name, kind)| (name.to_owned(), kind)).into()
    }

    fn names() -> FilterNames {
        FilterNames {
            attributes: Some(attributes()),
            digests: vec!["weekly".to_owned()],
            segments: [("partners".to_owned(), "tag = \"partner\"".to_owned())].into(),
            timezone: jiff::tz::TimeZone::UTC,
        }
    }

    fn sample(values: ValueKind) -> &'static str {
        match values {
            ValueKind::Text | ValueKind::Tag | ValueKind::Section => "x",
            ValueKind::Language => "zh",
            ValueKind::Digest => "weekly",
            ValueKind::Status => "paused",
            ValueKind::Segment => "partners",
            ValueKind::Number => " 012.50 ",
            ValueKind::Date => "2026-11-29",
            ValueKind::Boolean => "yes",
        }
    }

    #[test]
    fn every_offered_comparison_is_a_valid_filter() {
        let choices = field_choices(&attributes());
        assert_eq!(choices.len(), 16);
        for field in choices {
            assert!(!field.comparisons.is_empty(), "{field:?}");
            for comparison in &field.comparisons {
                let text = field.comparison(*comparison, sample(field.values)).unwrap();
                compile(&text, &names()).unwrap_or_else(|e| panic!("{text}: {e}"));
                assert_eq!(Comparison::parse(comparison.as_str()), Some(*comparison));
            }
        }
    }

    #[test]
    fn a_value_of_another_form_is_rejected() {
        for field in field_choices(&attributes()) {
            assert!(field.comparison(Comparison::Equal, " \u{7}").is_err(), "{field:?}");
            let takes_any =
                !matches!(field.values, ValueKind::Number | ValueKind::Date | ValueKind::Boolean);
            assert_eq!(field.comparison(Comparison::Equal, "x").is_ok(), takes_any, "{field:?}");
            if field.comparisons.contains(&Comparison::IsEmpty) {
                assert!(field.comparison(Comparison::IsEmpty, "").is_ok());
            }
        }
    }

    proptest! {
        #[test]
        fn an_entered_text_is_the_value_of_the_parsed_filter(text in "\\PC{1,40}|[\"'\\\\ a]{1,9}") {
            let choices = field_choices(&attributes());
            for field in choices.iter().filter(|field| field.values == ValueKind::Text) {
                let Ok(filter) = field.comparison(Comparison::Equal, &text) else {
                    prop_assert!(text.trim().is_empty());
                    continue;
                };
                let parsed = parse(&filter).unwrap().unwrap();
                let values = parsed.texts_of(&field.name);
                prop_assert_eq!(values, vec![text.trim()]);
            }
        }
    }
}
