//! The filter language over subscribers: `tag = "partner" and not language = "zh"`.
//!
//! A comparison is true or false, never unknown. With a missing value, every comparison is false except
//! `!=`, which is always the negation of `=`. Texts are compared without case and diacritics.

mod check;
mod choices;
mod condition;
mod context;
mod error;
mod evaluate;
mod expression;
mod fields;
mod lexer;
mod literals;
mod parser;
mod problem;
mod subscription_groups;

#[cfg(test)]
mod tests;

pub use check::{check, compile, compile_segment};
pub use choices::{Comparison, FieldChoice, ValueKind, field_choices, quoted};
pub use condition::{Condition, Order, RankTest, SubscriptionTest, TextField, TextTest};
pub use context::{FilterContext, FilterNames};
pub use error::FilterError;
pub use evaluate::{SubscriberValues, SubscriptionValues};
pub use expression::Expression;
pub use parser::{MAX_BYTES, MAX_DEPTH, MAX_TERMS, parse};
pub use problem::{FilterPart, FilterProblem};
