//! The configuration as it was written: tables of keys and values, each with its place; what it means is not known yet.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Faults, Place};
use super::keys::{self, SECTIONS, Section};

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Said {
    /// The value.
    pub value: Value,
    /// Line of its key, or the variable.
    pub place: Place,
}

/// A value as TOML knows it, as far as any key takes it.
#[derive(Clone)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A list.
    List(Vec<Said>),
    /// `true` or `false`.
    Flag(bool),
    /// What no key takes, in a word for a person.
    Other(&'static str),
}

/// One table.
pub(super) struct Table {
    /// Line of its header.
    pub place: Place,
    /// Keys that its section knows, with their values.
    pub entries: BTreeMap<String, Said>,
}

/// The whole file, by the names of its sections; a section that is no list has exactly one table, maybe empty.
pub(super) struct Document {
    tables: BTreeMap<&'static str, Vec<Table>>,
    is_broken: bool,
}

impl Document {
    /// Reads TOML and refuses what no section knows; what remains can be asked for by key.
    pub(super) fn read(text: &str, faults: &mut Faults) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = Lines::of(text);
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut document = Self::empty();
        for error in &errors {
            let place = error.span().map_or(Place::File, |span| lines.place(&span));
            faults.add(&place, format!("this is not TOML: {}", error.message()));
        }
        document.is_broken = !errors.is_empty();
        if !document.is_broken {
            document.fill(root.into_inner(), &lines, faults);
        }
        document
    }

    fn empty() -> Self {
        let table = || Table { place: Place::File, entries: BTreeMap::new() };
        let tables = SECTIONS.iter().map(|section| {
            (section.name, if section.is_list { Vec::new() } else { vec![table()] })
        });
        Self { tables: tables.collect(), is_broken: false }
    }

    fn fill(&mut self, root: DeTable<'_>, lines: &Lines, faults: &mut Faults) {
        let mut top = Table { place: Place::File, entries: BTreeMap::new() };
        for (key, value) in root {
            let place = lines.place(&key.span());
            let name = key.into_inner();
            let Some(section) =
                SECTIONS.iter().find(|section| !section.name.is_empty() && section.name == name)
            else {
                if keys::TOP.shape(&name).is_some() {
                    top.entries.insert(
                        name.into_owned(),
                        Said { value: Value::of(value.into_inner(), lines), place },
                    );
                } else {
                    faults.add(&place, unknown_at_top(&name));
                }
                continue;
            };
            match tables_of(section, value, lines, faults) {
                Some(tables) => drop(self.tables.insert(section.name, tables)),
                None if section.is_list => faults.add(
                    &place,
                    format!("`{name}` is a list of tables: begin each with [[{name}]]"),
                ),
                None => faults.add(&place, format!("`{name}` is a table: begin it with [{name}]")),
            }
        }
        self.tables.insert(keys::TOP.name, vec![top]);
    }

    /// Whether it was no TOML, so that nothing of it is known.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// The tables of a section.
    pub(super) fn tables(&self, section: &Section) -> &[Table] {
        self.tables.get(section.name).map_or(&[], Vec::as_slice)
    }

    /// The tables of a section, for the environment to write into.
    pub(super) fn tables_mut(&mut self, section: &Section) -> &mut [Table] {
        self.tables.get_mut(section.name).map_or(&mut [], Vec::as_mut_slice)
    }
}

/// The tables of a section, if it is written as one.
fn tables_of(
    section: &Section,
    value: Spanned<DeValue<'_>>,
    lines: &Lines,
    faults: &mut Faults,
) -> Option<Vec<Table>> {
    let place = lines.place(&value.span());
    let elements = match (section.is_list, value.into_inner()) {
        (false, DeValue::Table(table)) => {
            return Some(vec![Table::of(section, table, place, lines, faults)]);
        }
        (true, DeValue::Array(elements)) => elements,
        _ => return None,
    };
    let mut tables = Vec::new();
    for element in elements {
        let place = lines.place(&element.span());
        let DeValue::Table(table) = element.into_inner() else { return None };
        tables.push(Table::of(section, table, place, lines, faults));
    }
    Some(tables)
}

fn unknown_at_top(name: &str) -> String {
    let sections = SECTIONS.iter().map(|section| section.name).filter(|name| !name.is_empty());
    let advice = keys::advice(name, sections.chain(keys::TOP.keys.iter().map(|(name, _)| *name)));
    format!("`{name}` is nothing this configuration knows; {advice}")
}

impl Table {
    fn of(
        section: &Section,
        table: DeTable<'_>,
        place: Place,
        lines: &Lines,
        faults: &mut Faults,
    ) -> Self {
        let label = label(section, table.get("name").and_then(|name| name.get_ref().as_str()));
        let mut entries = BTreeMap::new();
        for (key, value) in table {
            let place = lines.place(&key.span());
            let key = key.into_inner();
            if section.shape(&key).is_some() {
                entries.insert(
                    key.into_owned(),
                    Said { value: Value::of(value.into_inner(), lines), place },
                );
            } else {
                faults.add(&place, format!("{label}: {}", section.unknown(&key)));
            }
        }
        Self { place, entries }
    }

    /// The name of a table in a list, if it has one.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.entries.get("name")?.value {
            Value::Text(name) => Some(name),
            _ => None,
        }
    }
}

/// How sentences call a table: `[site]`, `[[feeds]] news`.
pub(super) fn label(section: &Section, name: Option<&str>) -> String {
    match (section.is_list, name) {
        (true, Some(name)) => format!("[[{}]] {}", section.name, name.escape_debug()),
        (true, None) => format!("[[{}]]", section.name),
        (false, _) if section.name.is_empty() => "at the top".to_owned(),
        (false, _) => format!("[{}]", section.name),
    }
}

impl Value {
    fn of(value: DeValue<'_>, lines: &Lines) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.into_owned()),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Self::Number(number),
                    Err(_) => Self::Other("a number beyond all bounds"),
                }
            }
            DeValue::Array(array) => Self::List(
                array
                    .into_iter()
                    .map(|element| {
                        let place = lines.place(&element.span());
                        Said { value: Self::of(element.into_inner(), lines), place }
                    })
                    .collect(),
            ),
            DeValue::Float(_) => Self::Other("a number with a fraction"),
            DeValue::Boolean(flag) => Self::Flag(flag),
            DeValue::Datetime(_) => Self::Other("a date without quotes"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    /// What kind of value it is, in a word for a person.
    pub(super) fn described(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::List(_) => "a list",
            Self::Flag(_) => "true or false",
            Self::Other(what) => what,
        }
    }
}

/// Where each line of a text begins.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn place(&self, span: &Range<usize>) -> Place {
        Place::Line(self.0.partition_point(|end| *end < span.start) + 1)
    }
}
