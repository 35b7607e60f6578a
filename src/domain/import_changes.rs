//! Stored values of known people that an import changes, as its check and its report show them.

use serde::{Deserialize, Serialize};

use super::shorten::shorten;

/// Number of people whose changed values an import shows.
pub const MAX_CHANGED_PEOPLE: usize = 20;
/// Number of changed values that are shown of each person.
const MAX_CHANGED_VALUES: usize = 20;
/// Maximum length of a shown value in characters.
const MAX_VALUE_CHARS: usize = 200;

/// Treatment of people whom an import finds in the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExistingPeople {
    /// Values of the file replace the stored ones; an empty value replaces nothing.
    #[default]
    Update,
    /// Details and existing subscriptions to the digest stay as they are.
    Keep,
}

impl ExistingPeople {
    /// All treatments of known people.
    pub const ALL: [Self; 2] = [Self::Update, Self::Keep];

    /// Returns the word for commands, forms and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Keep => "keep",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// Known person whose stored values an import changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedPerson {
    /// Id of the person.
    pub id: i64,
    /// Address of the person.
    pub address: String,
    /// First values that change.
    pub values: Vec<ChangedValue>,
    /// Number of further values that change.
    #[serde(default)]
    pub more: usize,
}

/// Stored value that an import changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedValue {
    /// Meaning of the column: `name`, `language`, `timezone`, `sections`, `tags` or `attribute NAME`.
    pub field: String,
    /// Stored value; `None` if there was none.
    pub old: Option<String>,
    /// Value of the file.
    pub new: String,
}

impl ChangedPerson {
    /// Returns a person with the first of these changes.
    pub fn new(id: i64, address: &str, mut values: Vec<ChangedValue>) -> Self {
        let more = values.len().saturating_sub(MAX_CHANGED_VALUES);
        values.truncate(MAX_CHANGED_VALUES);
        Self { id, address: address.to_owned(), values, more }
    }
}

impl ChangedValue {
    /// Returns a change from a stored value to another one; long values are shortened.
    pub fn new(field: impl Into<String>, old: Option<&str>, new: &str) -> Self {
        let short = |text: &str| shorten(text, MAX_VALUE_CHARS);
        let old = old.filter(|text| !text.is_empty()).map(short);
        Self { field: field.into(), old, new: short(new) }
    }
}

/// Adds the people of further lines, as long as there are fewer than are shown.
pub fn add_changed_people(people: &mut Vec<ChangedPerson>, others: Vec<ChangedPerson>) {
    let free = MAX_CHANGED_PEOPLE.saturating_sub(people.len());
    people.extend(others.into_iter().take(free));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_people_and_values_are_kept_and_long_values_shortened() {
        let value =
            |n: usize| ChangedValue::new(format!("attribute a{n}"), Some(""), &"x".repeat(999));
        let person = ChangedPerson::new(7, "ann@example.org", (0..25).map(value).collect());
        assert_eq!((person.values.len(), person.more), (20, 5));
        assert_eq!(person.values[0].old, None, "an empty value is none");
        assert!(person.values[0].new.chars().count() <= MAX_VALUE_CHARS + 1);
        let mut people = vec![person.clone(); 19];
        add_changed_people(&mut people, vec![person.clone(); 3]);
        assert_eq!(people.len(), MAX_CHANGED_PEOPLE);
    }
}
