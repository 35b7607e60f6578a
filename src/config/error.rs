//! Diagnostics of a configuration: all errors found, each with its location.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::domain::definition::DefinitionKind;

/// Location of an error. The order is that of the output: the file from top to bottom, then the
/// environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Location {
    /// The file as a whole.
    File,
    /// A line of the file; the first line is 1.
    Line(usize),
    /// A line of a definition in the database: its kind and name, and the line of its text.
    Definition(String, usize),
    /// An environment variable, by name.
    Variable(String),
}

impl Location {
    /// Formats the location as `FILE:LINE`, as `FILE` or as the name of the variable.
    pub(super) fn within(&self, path: &Path) -> String {
        match self {
            Self::File => path.display().to_string(),
            Self::Line(line) => format!("{}:{line}", path.display()),
            Self::Definition(label, line) => format!("{label}, line {line}"),
            Self::Variable(name) => name.clone(),
        }
    }
}

/// Errors found so far, in the order of discovery.
#[derive(Debug, Default)]
pub(super) struct Diagnostics(Vec<(Location, String)>);

impl Diagnostics {
    /// Adds an error message, which does not contain the location.
    pub(super) fn add(&mut self, location: &Location, sentence: impl Into<String>) {
        // Quoted values may contain line breaks; each error takes one line.
        self.0.push((location.clone(), sentence.into().replace(char::is_control, " ")));
    }

    /// Moves all errors to others, each with another location.
    pub(super) fn move_to(self, others: &mut Self, located: impl Fn(&Location) -> Location) {
        others.0.extend(self.0.into_iter().map(|(location, text)| (located(&location), text)));
    }

    /// Returns `true` if no error was found.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all errors, sorted by location and without duplicates, as an error about a file.
    pub(super) fn into_error(self, path: &Path) -> ConfigError {
        let mut diagnostics: Vec<(Location, String)> = Vec::new();
        for diagnostic in self.0 {
            // Names are read twice: once in advance for references to them.
            if !diagnostics.contains(&diagnostic) {
                diagnostics.push(diagnostic);
            }
        }
        diagnostics.sort_by(|a, b| a.0.cmp(&b.0));
        ConfigError { path: path.to_owned(), diagnostics }
    }
}

/// Error for an invalid configuration. Its text has one line per problem: file and line (or
/// variable), key, problem and remedy. It never contains a password.
#[derive(Debug)]
pub struct ConfigError {
    path: PathBuf,
    diagnostics: Vec<(Location, String)>,
}

impl ConfigError {
    /// Returns each error with its line in the text of a definition of the database; an error
    /// elsewhere has no line.
    pub fn of_definition(
        &self,
        kind: DefinitionKind,
        name: &str,
    ) -> impl Iterator<Item = (Option<usize>, String)> {
        let label = definition_label(kind, name);
        self.diagnostics.iter().map(move |(location, sentence)| match location {
            Location::Definition(of, line) if *of == label => (Some(*line), sentence.clone()),
            _ => (None, format!("{}: {sentence}", location.within(&self.path))),
        })
    }
}

/// Returns the name of a definition in errors.
pub(super) fn definition_label(kind: DefinitionKind, name: &str) -> String {
    format!("{kind} {name:?} in the database")
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (location, sentence)) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {sentence}", location.within(&self.path))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
