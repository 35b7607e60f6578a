//! What is wrong with a configuration: every fault found, each a sentence with its place.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where something was said. Ordered as a person reads: the file from top to bottom, then the environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The file as a whole.
    File,
    /// A line of the file, counted from one.
    Line(usize),
    /// A variable of the environment.
    Variable(String),
}

impl Place {
    /// As people and editors read it, within a configuration's file.
    pub(super) fn within(&self, path: &Path) -> String {
        match self {
            Self::File => path.display().to_string(),
            Self::Line(line) => format!("{}:{line}", path.display()),
            Self::Variable(name) => name.clone(),
        }
    }
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(Place, String)>);

impl Faults {
    /// Notes one, as a sentence without its place.
    pub(super) fn add(&mut self, place: &Place, sentence: impl Into<String>) {
        // One line a fault, whatever the values that it quotes hold.
        self.0.push((place.clone(), sentence.into().replace(char::is_control, " ")));
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them as an error about a file.
    pub(super) fn about(self, path: &Path) -> ConfigError {
        let mut faults: Vec<(Place, String)> = Vec::new();
        for fault in self.0 {
            // Names are read twice, once for what refers to them.
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        faults.sort_by(|a, b| a.0.cmp(&b.0));
        ConfigError { path: path.to_owned(), faults }
    }
}

/// A configuration that cannot work. Its text is one line a fault: file and line (or variable), key and remedy; no
/// password is ever in it.
#[derive(Debug)]
pub struct ConfigError {
    path: PathBuf,
    faults: Vec<(Place, String)>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (place, sentence)) in self.faults.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {sentence}", place.within(&self.path))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
