//! Checks the fields and the types of a parsed filter, and turns it into a condition.

use super::condition::{Condition, TextField};
use super::context::{FilterContext, FilterNames};
use super::error::FilterError;
use super::expression::{Expression, Operator, Test};
use super::fields::{Field, checked_field};
use super::literals::{boolean, day_ranges, folded_test, rank_test, text_test, texts};
use super::parser::{MAX_TERMS, parse};
use super::problem::FilterProblem;
use super::subscription_groups::{conjunction, subscription_condition};
use crate::domain::attribute::AttributeType;
use crate::domain::nearest::Hint;
use crate::domain::{address, language};

/// Parses and checks a filter of an installation; an empty one holds for all subscribers.
///
/// # Errors
/// The position of the first problem, and what is expected there.
pub fn compile(filter: &str, names: &FilterNames) -> Result<Condition, FilterError> {
    check(parse(filter)?.as_ref(), &names.context())
}

/// Checks the filter of a segment, which cannot name segments.
///
/// # Errors
/// The position of the first problem, and what is expected there.
pub fn compile_segment(filter: &str, names: &FilterNames) -> Result<Condition, FilterError> {
    let context = FilterContext { segments: None, ..names.context() };
    check(parse(filter)?.as_ref(), &context)
}

/// Returns the condition of a parsed filter; without one, all subscribers fulfil it.
///
/// # Errors
/// The position of the first unknown field, unsuitable operator or value of another type.
pub fn check(
    expression: Option<&Expression>,
    context: &FilterContext<'_>,
) -> Result<Condition, FilterError> {
    let Some(expression) = expression else { return Ok(Condition::All(Vec::new())) };
    let condition = condition(expression, context)?;
    if condition.terms() > MAX_TERMS {
        let problem = FilterProblem::TooManyInSegments { limit: MAX_TERMS };
        return Err(FilterError::new(0, problem));
    }
    Ok(condition)
}

/// Returns the condition of an expression.
fn condition(
    expression: &Expression,
    context: &FilterContext<'_>,
) -> Result<Condition, FilterError> {
    Ok(match expression {
        Expression::And(operands) => {
            conjunction(operands, context, &|operand| condition(operand, context))?
        }
        Expression::Or(operands) => Condition::Any(
            operands.iter().map(|operand| condition(operand, context)).collect::<Result<_, _>>()?,
        ),
        Expression::Not(operand) => Condition::Not(Box::new(condition(operand, context)?)),
        Expression::Test(test) => test_condition(test, context)?,
    })
}

fn test_condition(test: &Test, context: &FilterContext<'_>) -> Result<Condition, FilterError> {
    let field = checked_field(test, context)?;
    let is_present = match field {
        Field::Text(text_field) => {
            let value = match text_field {
                TextField::Domain => text_test(test, domain_value)?,
                TextField::Timezone => text_test(test, str::to_ascii_lowercase)?,
                TextField::Address | TextField::Name => folded_test(test)?,
            };
            Condition::Text(text_field, value)
        }
        Field::Language if test.operator == Operator::IsEmpty => Condition::HasLanguage,
        Field::Language => Condition::Language(languages(test)?),
        Field::Tag => Condition::Tag(folded_test(test)?),
        Field::Digest | Field::Status | Field::Section => {
            return subscription_condition(test, context);
        }
        Field::Created => {
            let ranges = day_ranges(test, context.timezone)?.into_iter();
            Condition::Any(ranges.map(|(from, until)| Condition::Created(from, until)).collect())
        }
        Field::Suppressed => suppressed(&boolean(test)?),
        Field::Segment => segments(test, context)?,
        Field::Attribute(None) => Condition::All(Vec::new()),
        Field::Attribute(Some(AttributeType::Text)) => {
            Condition::TextAttribute(test.field.clone(), folded_test(test)?)
        }
        Field::Attribute(Some(kind)) => {
            Condition::RankAttribute(test.field.clone(), rank_test(test, kind)?)
        }
    };
    Ok(match test.operator {
        Operator::IsEmpty => Condition::Not(Box::new(is_present)),
        _ => is_present,
    })
}

/// Returns a domain in ASCII, as addresses have it; a part of one in lower case.
fn domain_value(text: &str) -> String {
    let text = text.trim_start_matches('@');
    address::ascii_domain(text).unwrap_or_else(|_| text.to_ascii_lowercase())
}

fn languages(test: &Test) -> Result<Vec<String>, FilterError> {
    let canonical = |(tag, position): (String, usize)| {
        language::canonical(&tag).map_err(|reason| FilterError::new(position, reason))
    };
    texts(test)?.into_iter().map(canonical).collect()
}

fn suppressed(values: &[bool]) -> Condition {
    let one = |value: &bool| match value {
        true => Condition::Suppressed,
        false => Condition::Not(Box::new(Condition::Suppressed)),
    };
    Condition::Any(values.iter().map(one).collect())
}

/// Returns the condition of being in one of the named segments.
fn segments(test: &Test, context: &FilterContext<'_>) -> Result<Condition, FilterError> {
    let Some(known) = context.segments else {
        return Err(FilterError::new(test.position, FilterProblem::SegmentInSegment));
    };
    let segment = |(name, position): (String, usize)| {
        let Some(filter) = known.get(&name) else {
            let names = known.keys().map(String::as_str);
            let problem = match known.is_empty() {
                true => FilterProblem::NoSegments { name },
                false => FilterProblem::UnknownSegment { hint: Hint::of(&name, names), name },
            };
            return Err(FilterError::new(position, problem));
        };
        let inner = FilterContext { segments: None, ..*context };
        let checked = parse(filter).and_then(|expression| check(expression.as_ref(), &inner));
        checked.map_err(|e| {
            let problem = FilterProblem::InvalidSegment { name, sentence: e.to_string() };
            FilterError::new(position, problem)
        })
    };
    let all: Result<Vec<_>, _> = texts(test)?.into_iter().map(segment).collect();
    Ok(Condition::Any(all?))
}
