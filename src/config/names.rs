//! Names of the tables in a list: slugs, unique among current and former names, and references to
//! them.

use super::document::{Table, label};
use super::error::Diagnostics;
use super::keys::{TableSchema, nearest};
use super::reader::Reader;
use crate::domain::slug;

/// Names of the tables of a list with their former names; tables with an invalid name are left out.
pub(super) struct Names {
    section: &'static TableSchema,
    known: Vec<(String, Vec<String>)>,
}

impl Names {
    /// Reads the names of all tables of a list; reports missing, invalid and duplicate names.
    pub(super) fn read(
        section: &'static TableSchema,
        tables: &[Table],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut names = Self { section, known: Vec::new() };
        for table in tables {
            let mut reader = Reader::new(section, table, diagnostics);
            let name = reader.required(
                "name",
                "write a short name of lower-case letters, digits and hyphens",
                read_slug,
            );
            let was = reader.list("was", read_slug);
            let (Some(name), Some(was)) = (name, was) else { continue };
            if let Some(other) = names.current_name_of(&name) {
                let reason = format!(
                    "`{name}` is already a current or former name of {}",
                    label(section, Some(other))
                );
                reader.error("name", &reason);
            }
            for former in &was {
                if *former == name {
                    reader.error(
                        "was",
                        &format!("`{former}` is the current name; list only former names"),
                    );
                } else if let Some(other) = names.current_name_of(former) {
                    let reason = format!(
                        "`{former}` is already a current or former name of {}",
                        label(section, Some(other))
                    );
                    reader.error("was", &reason);
                }
            }
            names.known.push((name, was));
        }
        names
    }

    /// Returns the current name of the table that has or had a name.
    fn current_name_of(&self, name: &str) -> Option<&str> {
        self.known
            .iter()
            .find(|(own, was)| own == name || was.iter().any(|w| w == name))
            .map(|(own, _)| own.as_str())
    }

    /// Checks a reference from another table; an error unless `name` is the current name of a
    /// table.
    pub(super) fn resolve(&self, name: &str) -> Result<String, String> {
        if self.known.iter().any(|(own, _)| own == name) {
            return Ok(name.to_owned());
        }
        let missing = format!("there is no [[{}]] with the name `{name}`", self.section.name);
        if let Some(now) = self.current_name_of(name) {
            return Err(format!("{missing}; it was renamed to `{now}`"));
        }
        if self.known.is_empty() {
            return Err(format!("{missing}; add one"));
        }
        let names = || self.known.iter().map(|(own, _)| own.as_str());
        match nearest(name, names()) {
            Some(near) => Err(format!("{missing}; did you mean `{near}`?")),
            None => Err(format!(
                "{missing}; expected one of {}",
                names().collect::<Vec<_>>().join(", ")
            )),
        }
    }
}

/// Parses a slug for [`Reader`] methods.
pub(super) fn read_slug(text: &str) -> Result<String, String> {
    slug::validate(text).map(|()| text.to_owned())
}

/// Reads the name of a table again; [`Names::read`] has already reported its errors.
pub(super) fn read_name(reader: &mut Reader<'_>) -> Option<String> {
    if reader.has("name") { reader.optional("name", |name| Ok(name.to_owned()))? } else { None }
}
