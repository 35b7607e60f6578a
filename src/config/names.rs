//! Names of the tables in a list: slugs, unique among names present and former, and known where others refer to them.

use super::document::{Table, label};
use super::error::Faults;
use super::keys::{Section, nearest};
use super::reader::Reader;
use crate::domain::slug;

/// The names of a list's tables, each with its former ones; a table without a sound name has none here.
pub(super) struct Names {
    section: &'static Section,
    known: Vec<(String, Vec<String>)>,
}

impl Names {
    /// Reads the names of all tables of a list, and notes what is missing, no slug or used twice.
    pub(super) fn read(section: &'static Section, tables: &[Table], faults: &mut Faults) -> Self {
        let mut names = Self { section, known: Vec::new() };
        for table in tables {
            let mut reader = Reader::new(section, table, faults);
            let name = reader.required(
                "name",
                "write a short name of lower-case letters, digits and hyphens",
                read_slug,
            );
            let was = reader.list("was", read_slug);
            let (Some(name), Some(was)) = (name, was) else { continue };
            if let Some(other) = names.holder(&name) {
                let why = format!(
                    "`{name}` is already the name, or a former name, of {}",
                    label(section, Some(other))
                );
                reader.fault("name", &why);
            }
            for former in &was {
                if *former == name {
                    reader.fault(
                        "was",
                        &format!("`{former}` is its name now: list only former ones"),
                    );
                } else if let Some(other) = names.holder(former) {
                    let why = format!(
                        "`{former}` is already the name, or a former name, of {}",
                        label(section, Some(other))
                    );
                    reader.fault("was", &why);
                }
            }
            names.known.push((name, was));
        }
        names
    }

    /// The present name of the table that has or had a name.
    fn holder(&self, name: &str) -> Option<&str> {
        self.known
            .iter()
            .find(|(own, was)| own == name || was.iter().any(|w| w == name))
            .map(|(own, _)| own.as_str())
    }

    /// A name another table refers to; refused with a sentence unless it is the present name of a table.
    pub(super) fn refer(&self, name: &str) -> Result<String, String> {
        if self.known.iter().any(|(own, _)| own == name) {
            return Ok(name.to_owned());
        }
        let missing = format!("there is no [[{}]] with the name `{name}`", self.section.name);
        if let Some(now) = self.holder(name) {
            return Err(format!("{missing}: it is called `{now}` now"));
        }
        if self.known.is_empty() {
            return Err(format!("{missing}: add it"));
        }
        let names = || self.known.iter().map(|(own, _)| own.as_str());
        match nearest(name, names()) {
            Some(near) => Err(format!("{missing}; did you mean `{near}`?")),
            None => Err(format!("{missing}; there are {}", names().collect::<Vec<_>>().join(", "))),
        }
    }
}

/// A slug, for readers.
pub(super) fn read_slug(text: &str) -> Result<String, String> {
    slug::check(text).map(|()| text.to_owned())
}

/// The name of a table whose list of names was read before, so that no second fault is noted for it.
pub(super) fn own_name(reader: &mut Reader<'_>) -> Option<String> {
    if reader.has("name") { reader.optional("name", |name| Ok(name.to_owned()))? } else { None }
}
