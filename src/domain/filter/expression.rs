//! A parsed filter, before the types of its values are checked.

use super::problem::{FilterPart, PartKind};
use crate::domain::attribute::Number;

/// Expression of a filter with the positions of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// True if all operands are.
    And(Vec<Expression>),
    /// True if one of the operands is.
    Or(Vec<Expression>),
    /// True if the operand is not.
    Not(Box<Expression>),
    /// Comparison of one field.
    Test(Test),
}

/// Comparison of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    pub(super) field: String,
    pub(super) position: usize,
    pub(super) operator: Operator,
    pub(super) operator_position: usize,
    /// Values with their positions: one, several for a list, none for `is empty`.
    pub(super) values: Vec<(Literal, usize)>,
}

/// Operator of a comparison; `!=`, `not in` and `is not empty` are parsed as negations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// Equal to the value, or to one of a list.
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// The value contains the text.
    Contains,
    /// The field has no value.
    IsEmpty,
}

/// Value in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    Number(Number),
    Boolean(bool),
}

impl Literal {
    /// Returns the value as errors name it.
    pub(super) fn found(&self) -> FilterPart {
        match self {
            Self::Text(text) => FilterPart::new(PartKind::Text, text),
            Self::Number(number) => FilterPart::new(PartKind::Number, number.to_string()),
            Self::Boolean(value) => FilterPart::new(PartKind::Sign, value.to_string()),
        }
    }
}

impl Expression {
    /// Returns all comparisons of the expression.
    pub(super) fn tests(&self) -> Vec<&Test> {
        match self {
            Self::And(operands) | Self::Or(operands) => {
                operands.iter().flat_map(Self::tests).collect()
            }
            Self::Not(operand) => operand.tests(),
            Self::Test(test) => vec![test],
        }
    }

    /// Returns the names of the fields, in the order of their use.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.tests().into_iter().map(|test| test.field.as_str())
    }

    /// Returns the texts that a field is compared with, such as names of segments.
    pub fn texts_of(&self, field: &str) -> Vec<&str> {
        let tests = self.tests().into_iter().filter(|test| test.field == field);
        let values = tests.flat_map(|test| &test.values);
        values
            .filter_map(|(value, _)| match value {
                Literal::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}
