//! A checked filter: typed conditions on one subscriber, which are evaluated or compiled to SQL. An
//! edition stores that of its audience as JSON.

use serde::{Deserialize, Serialize};

use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;

/// Condition on one subscriber.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// True if all are; true without any.
    All(Vec<Condition>),
    /// True if one of them is; false without any.
    Any(Vec<Condition>),
    /// True if the condition is not.
    Not(Box<Condition>),
    /// Test of a text of the subscriber.
    Text(TextField, TextTest),
    /// The language is one of these or a variety of one, in canonical case; `zh` includes `zh-CN`.
    Language(Vec<String>),
    /// The language is known.
    HasLanguage,
    /// One of the tags fulfils a test.
    Tag(TextTest),
    /// The subscriber was created at or after the first time, and before the second.
    Created(Option<Millis>, Option<Millis>),
    /// The address is suppressed.
    Suppressed,
    /// Test of an attribute of type text.
    TextAttribute(String, TextTest),
    /// Test of an attribute of another type, by its rank.
    RankAttribute(String, RankTest),
    /// One subscription fulfils a test.
    Subscription(SubscriptionTest),
}

/// Text of a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextField {
    /// Address in lower case.
    Address,
    /// Part of the address after the `@`.
    Domain,
    /// Name of the person.
    Name,
    /// IANA name of the time zone.
    Timezone,
}

/// Test of a text; the values are folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextTest {
    /// The text is one of these.
    Among(Vec<String>),
    /// The text contains this one.
    Contains(String),
    /// The text stands before or after this one, by code points.
    Compare(Order, String),
    /// There is a text.
    Present,
}

/// Test of a number, date or boolean, by its rank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RankTest {
    /// The value is one of these.
    Among(Vec<i64>),
    /// The value is smaller or greater than this one.
    Compare(Order, i64),
    /// There is a value.
    Present,
}

/// Order of a value and the one that it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Smaller than the value.
    Less,
    /// Smaller than the value, or equal.
    LessOrEqual,
    /// Greater than the value.
    Greater,
    /// Greater than the value, or equal.
    GreaterOrEqual,
}

impl Order {
    /// Returns `true` if two values have this order.
    pub fn holds<T: Ord + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// Test of one subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscriptionTest {
    /// True if all are; true without any.
    All(Vec<SubscriptionTest>),
    /// True if one of them is; false without any.
    Any(Vec<SubscriptionTest>),
    /// True if the test is not.
    Not(Box<SubscriptionTest>),
    /// The digest has one of these names.
    Digest(Vec<String>),
    /// The status is one of these.
    Status(Vec<SubscriptionStatus>),
    /// One of the chosen sections fulfils a test.
    Section(TextTest),
}

impl Condition {
    /// Returns `true` if all subscribers fulfil the condition because it tests nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::All(all) if all.is_empty())
    }

    /// Returns the number of comparisons.
    pub fn terms(&self) -> usize {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().map(Self::terms).sum(),
            Self::Not(condition) => condition.terms(),
            Self::Subscription(test) => test.terms(),
            _ => 1,
        }
    }
}

impl SubscriptionTest {
    fn terms(&self) -> usize {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().map(Self::terms).sum(),
            Self::Not(test) => test.terms(),
            _ => 1,
        }
    }
}
