//! Selectivity of the tests of a filter, and the index that finds the people of a test.

use crate::domain::filter::{Condition, RankTest, TextField, TextTest};

/// Returns the rank of a test of the rows of another table: the fewer people usually fulfil it, the
/// smaller; `None` for any other condition.
pub(super) fn selectivity(condition: &Condition) -> Option<u8> {
    match condition {
        Condition::Tag(_) | Condition::TextAttribute(_, TextTest::Among(_)) => Some(0),
        Condition::RankAttribute(_, RankTest::Among(_)) => Some(1),
        Condition::TextAttribute(..) | Condition::RankAttribute(..) => Some(2),
        Condition::Subscription(_) => Some(3),
        _ => None,
    }
}

/// Returns `true` for a test of another table for one value.
pub(super) fn has_one_value(condition: &Condition) -> bool {
    match condition {
        Condition::Tag(TextTest::Among(values))
        | Condition::TextAttribute(_, TextTest::Among(values)) => values.len() == 1,
        Condition::RankAttribute(_, RankTest::Among(values)) => values.len() == 1,
        _ => false,
    }
}

/// Returns the text that the index of trigrams can find if a test is true: a part of at least three
/// characters of an address or name.
pub(super) fn indexed_part(field: TextField, test: &TextTest) -> Option<&str> {
    match (field, test) {
        (TextField::Timezone, _) => None,
        (_, TextTest::Contains(part)) if part.chars().count() > 2 => Some(part),
        _ => None,
    }
}

/// Returns `true` if only people with an indexed part of their address or name fulfil a condition.
pub(super) fn needs_indexed_part(condition: &Condition) -> bool {
    match condition {
        Condition::All(all) => all.iter().any(needs_indexed_part),
        Condition::Text(field, test) => indexed_part(*field, test).is_some(),
        _ => false,
    }
}
