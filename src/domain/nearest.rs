//! Suggestions for misspelled names.

use std::fmt;

use serde::Serialize;

/// Returns the known name within an edit distance of one (short names) or two, if there is one.
pub fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase().replace('-', "_");
    let max_distance = if given.chars().count() < 5 { 1 } else { 2 };
    known
        .map(|name| (edit_distance(&given, &name.replace('-', "_")), name))
        .filter(|(distance, _)| *distance <= max_distance)
        // Letters in the wrong order are more likely than wrong letters.
        .min_by_key(|(distance, name)| (*distance, sorted_letters(name) != sorted_letters(&given)))
        .map(|(_, name)| name)
}

/// Names that an error suggests instead of an unknown one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "hint", content = "names", rename_all = "kebab-case")]
pub enum Hint {
    /// The nearest known name.
    Near(String),
    /// All known names, separated by commas.
    Known(String),
}

impl Hint {
    /// Returns the nearest known name, or all of them.
    pub fn of<'a>(given: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        match nearest(given, known.clone()) {
            Some(near) => Self::Near(near.to_owned()),
            None => Self::Known(known.collect::<Vec<_>>().join(", ")),
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Near(name) => write!(f, "did you mean `{name}`?"),
            Self::Known(names) => write!(f, "expected one of {names}"),
        }
    }
}

/// Returns "did you mean `x`?" for the nearest known name, or the list of all known names.
pub fn suggestion<'a>(given: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    Hint::of(given, known).to_string()
}

fn sorted_letters(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

/// Returns the Levenshtein distance: the number of letters to replace, insert or delete.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
