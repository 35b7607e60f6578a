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

/// One error of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Diagnostic {
    location: Location,
    /// Key that the error is about, followed by the key or position inside of its value; empty for an
    /// error about a table or a file.
    path: Vec<String>,
    sentence: String,
}

/// Errors found so far, in the order of discovery.
#[derive(Debug, Default)]
pub(super) struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds an error message, which does not contain the location.
    pub(super) fn add(&mut self, location: &Location, sentence: impl Into<String>) {
        self.add_at(location, &[], sentence);
    }

    /// Adds an error message about a key, or about a part of its value.
    pub(super) fn add_at(
        &mut self,
        location: &Location,
        path: &[&str],
        sentence: impl Into<String>,
    ) {
        self.0.push(Diagnostic {
            location: location.clone(),
            path: path.iter().map(|&key| key.to_owned()).collect(),
            // Quoted values may contain line breaks; each error takes one line.
            sentence: sentence.into().replace(char::is_control, " "),
        });
    }

    /// Moves all errors to others, each with another location.
    pub(super) fn move_to(self, others: &mut Self, located: impl Fn(&Location) -> Location) {
        let moved = |error: Diagnostic| Diagnostic { location: located(&error.location), ..error };
        others.0.extend(self.0.into_iter().map(moved));
    }

    /// Returns `true` if no error was found.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all errors, sorted by location and without duplicates, as an error about a file.
    pub(super) fn into_error(self, path: &Path) -> ConfigError {
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        for diagnostic in self.0 {
            // Names are read twice: once in advance for references to them.
            if !diagnostics.contains(&diagnostic) {
                diagnostics.push(diagnostic);
            }
        }
        diagnostics.sort_by(|a, b| a.location.cmp(&b.location));
        ConfigError { path: path.to_owned(), diagnostics }
    }
}

/// Error for an invalid configuration. Its text has one line per problem: file and line (or
/// variable), key, problem and remedy. It never contains a password.
#[derive(Debug)]
pub struct ConfigError {
    path: PathBuf,
    diagnostics: Vec<Diagnostic>,
}

/// Error of one field of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Key of the definition, followed by the key or position inside of its value: `["titles", "zh"]`,
    /// `["sections", "0"]`. Empty for an error about the definition as a whole or about another table.
    pub path: Vec<String>,
    /// Problem and remedy, without the location.
    pub message: String,
}

impl ConfigError {
    /// Returns each error with its location, problem and remedy.
    pub fn messages(&self) -> impl Iterator<Item = String> {
        let located = |error: &Diagnostic| {
            format!("{}: {}", error.location.within(&self.path), error.sentence)
        };
        self.diagnostics.iter().map(located)
    }

    /// Returns each error by the field of a definition that it is about. The message of an error about
    /// anything else begins with its location.
    pub fn field_errors(&self, kind: DefinitionKind, name: &str) -> Vec<FieldError> {
        let label = definition_label(kind, name);
        let is_own = |error: &Diagnostic| matches!(&error.location, Location::Definition(of, _) if *of == label);
        let field_error = |error: &Diagnostic| {
            if is_own(error) {
                return FieldError { path: error.path.clone(), message: error.sentence.clone() };
            }
            let location = error.location.within(&self.path);
            FieldError { path: Vec::new(), message: format!("{location}: {}", error.sentence) }
        };
        self.diagnostics.iter().map(field_error).collect()
    }
}

/// Returns the name of a definition in errors.
pub(super) fn definition_label(kind: DefinitionKind, name: &str) -> String {
    format!("{kind} {name:?} in the database")
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages().collect::<Vec<_>>().join("\n"))
    }
}

impl std::error::Error for ConfigError {}
