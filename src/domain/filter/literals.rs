//! Values of a filter with the type of their field.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::condition::{Order, RankTest, TextTest};
use super::error::FilterError;
use super::expression::{Literal, Operator, Test};
use super::problem::FilterProblem;
use crate::domain::attribute::{AttributeType, AttributeValue};
use crate::domain::fold::fold;
use crate::domain::time::Millis;

impl Operator {
    /// Returns the order that the operator tests, if any.
    pub(super) fn order(self) -> Option<Order> {
        Some(match self {
            Self::Less => Order::Less,
            Self::LessOrEqual => Order::LessOrEqual,
            Self::Greater => Order::Greater,
            Self::GreaterOrEqual => Order::GreaterOrEqual,
            Self::Equal | Self::Contains | Self::IsEmpty => return None,
        })
    }
}

/// Returns the texts of a comparison as they were written.
pub(super) fn texts(test: &Test) -> Result<Vec<(String, usize)>, FilterError> {
    let text = |(literal, position): &(Literal, usize)| match literal {
        Literal::Text(text) => Ok((text.clone(), *position)),
        other => {
            let (field, found) = (test.field.clone(), other.found());
            Err(FilterError::new(*position, FilterProblem::NotQuoted { field, found }))
        }
    };
    test.values.iter().map(text).collect()
}

/// Returns the test of a text; `prepare` brings a value into the form that is compared.
pub(super) fn text_test(
    test: &Test,
    prepare: impl Fn(&str) -> String,
) -> Result<TextTest, FilterError> {
    let values = texts(test)?;
    let mut prepared = values.iter().map(|(text, _)| prepare(text));
    Ok(match (test.operator, test.operator.order()) {
        (Operator::IsEmpty, _) => TextTest::Present,
        (Operator::Contains, _) => {
            let part = prepared.next().unwrap_or_default();
            if part.is_empty() {
                let position = values.first().map_or(test.position, |(_, position)| *position);
                return Err(FilterError::new(position, FilterProblem::EmptyPart));
            }
            TextTest::Contains(part)
        }
        (_, Some(order)) => TextTest::Compare(order, prepared.next().unwrap_or_default()),
        (_, None) => TextTest::Among(prepared.collect()),
    })
}

/// Returns the test of a text that is compared in its folded form.
pub(super) fn folded_test(test: &Test) -> Result<TextTest, FilterError> {
    text_test(test, fold)
}

/// Returns the test of an attribute with a rank.
pub(super) fn rank_test(test: &Test, kind: AttributeType) -> Result<RankTest, FilterError> {
    let ranks: Vec<i64> =
        test.values.iter().map(|value| rank(test, kind, value)).collect::<Result<_, _>>()?;
    Ok(match (test.operator, test.operator.order()) {
        (Operator::IsEmpty, _) => RankTest::Present,
        (_, Some(order)) => RankTest::Compare(order, ranks.first().copied().unwrap_or_default()),
        (_, None) => RankTest::Among(ranks),
    })
}

fn rank(
    test: &Test,
    kind: AttributeType,
    (literal, position): &(Literal, usize),
) -> Result<i64, FilterError> {
    let value = match (kind, literal) {
        (AttributeType::Number, Literal::Number(number)) => Some(AttributeValue::Number(*number)),
        (AttributeType::Boolean, Literal::Boolean(value)) => Some(AttributeValue::Boolean(*value)),
        (AttributeType::Date, Literal::Text(text)) => {
            Some(kind.value(text).map_err(|reason| FilterError::new(*position, reason))?)
        }
        _ => None,
    };
    value.and_then(|value| value.rank()).ok_or_else(|| {
        let (field, found) = (test.field.clone(), literal.found());
        FilterError::new(*position, FilterProblem::OtherType { field, expected: kind, found })
    })
}

/// Returns the boolean of a comparison with `true` or `false`.
pub(super) fn boolean(test: &Test) -> Result<Vec<bool>, FilterError> {
    let ranks = match rank_test(test, AttributeType::Boolean)? {
        RankTest::Among(ranks) => ranks,
        RankTest::Compare(..) | RankTest::Present => Vec::new(),
    };
    Ok(ranks.into_iter().map(|rank| rank != 0).collect())
}

/// Time from which, and time until which a comparison is true.
type TimeRange = (Option<Millis>, Option<Millis>);

/// Returns the times from and until which a comparison with days is true, one pair for each value.
pub(super) fn day_ranges(test: &Test, zone: &TimeZone) -> Result<Vec<TimeRange>, FilterError> {
    let range = |(literal, position): &(Literal, usize)| {
        rank(test, AttributeType::Date, &(literal.clone(), *position))?;
        let date: Option<Date> = match literal {
            Literal::Text(text) => text.trim().parse().ok(),
            Literal::Number(_) | Literal::Boolean(_) => None,
        };
        let date = date.unwrap_or_default();
        let start = |date: Date| start_of_day(date, zone);
        let next = date.tomorrow().unwrap_or(date);
        Ok(match test.operator.order() {
            None => (Some(start(date)), Some(start(next))),
            Some(Order::Less) => (None, Some(start(date))),
            Some(Order::LessOrEqual) => (None, Some(start(next))),
            Some(Order::Greater) => (Some(start(next)), None),
            Some(Order::GreaterOrEqual) => (Some(start(date)), None),
        })
    };
    test.values.iter().map(range).collect()
}

fn start_of_day(date: Date, zone: &TimeZone) -> Millis {
    // Only dates at the ends of the calendar have no first instant.
    let fallback = if date.year() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    date.to_zoned(zone.clone()).map_or(fallback, |start| start.timestamp()).into()
}
