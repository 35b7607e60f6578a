//! The parsed TOML: tables of keys and values with their locations, before values are interpreted.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::definition_text::section_of;
use super::error::{Diagnostics, Location, definition_label};
use super::keys::{self, TABLES, TableSchema, ValueType};
use crate::domain::definition::Definition;

/// A value with its location.
#[derive(Clone)]
pub(super) struct Spanned {
    /// The value as written.
    pub value: Value,
    /// Line of the key, or the environment variable.
    pub location: Location,
}

/// A TOML value of a type that some key accepts.
#[derive(Clone)]
pub(super) enum Value {
    /// A TOML string of any form.
    Text(String),
    /// A 64-bit signed integer.
    Integer(i64),
    /// An array of values.
    List(Vec<Spanned>),
    /// A boolean: `true` or `false`.
    Boolean(bool),
    /// An array of tables whose keys are known.
    Tables(Vec<Table>),
    /// A TOML table inside the table of a section, in the order of its keys.
    Table(Vec<(String, Spanned)>),
    /// A value that no key accepts; holds its type for the error message.
    Other(&'static str),
}

/// One table of the file.
#[derive(Clone)]
pub(super) struct Table {
    /// Line of the table header.
    pub location: Location,
    /// Known keys of the section, with their values.
    pub entries: BTreeMap<String, Spanned>,
}

/// Returns the line of a text that contains an offset.
fn line_at(text: &str, offset: usize) -> &str {
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = offset + after.find('\n').unwrap_or(after.len());
    text.get(start..end).unwrap_or_default()
}

/// The whole file, by section name. A section that is not a list has exactly one table, which may
/// be empty.
pub(super) struct Document {
    tables: BTreeMap<&'static str, Vec<Table>>,
    has_syntax_errors: bool,
}

impl Document {
    /// Parses TOML and reports syntax errors, unknown sections and unknown keys.
    pub(super) fn read(text: &str, diagnostics: &mut Diagnostics) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = LineBreaks::new(text);
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut document = Self::empty();
        for error in &errors {
            let location = error.span().map_or(Location::File, |span| lines.location(&span));
            let at = error.span().map_or("", |span| line_at(text, span.start));
            let remedy = if at.contains(['“', '”', '„', '‘', '’']) {
                "; write straight quotation marks (\") instead of typographic ones"
            } else {
                ""
            };
            diagnostics.add(&location, format!("invalid TOML: {}{remedy}", error.message()));
        }
        document.has_syntax_errors = !errors.is_empty();
        if !document.has_syntax_errors {
            document.fill(root.into_inner(), &lines, diagnostics);
        }
        document
    }

    /// Adds the table of a definition in the database. Errors name the definition and the line of
    /// its text.
    pub(super) fn add_definition(
        &mut self,
        definition: &Definition,
        diagnostics: &mut Diagnostics,
    ) {
        let Definition { kind, name, body } = definition;
        let section = section_of(*kind);
        let label = definition_label(*kind, name);
        let located = |location: &Location| match location {
            Location::Line(line) => Location::Definition(label.clone(), (*line).max(2) - 1),
            _ => Location::Definition(label.clone(), 1),
        };
        // A header of its own makes the text one table; further headers are reported.
        let mut own = Diagnostics::default();
        let mut parsed = Self::read(&format!("[[{}]]\n{body}", section.name), &mut own);
        own.move_to(diagnostics, located);
        let tables = parsed.tables.remove(section.name).unwrap_or_default();
        let is_one_table = tables.len() == 1
            && parsed.tables.values().flatten().all(|table| table.entries.is_empty());
        if !is_one_table && !parsed.has_syntax_errors {
            let message = "a definition is one table: write its keys without a table header";
            diagnostics.add(&located(&Location::File), message);
        }
        let Some(mut table) = tables.into_iter().next() else { return };
        if table.entries.contains_key("name") {
            let message = "`name`: a definition has its name outside of its text; remove the key";
            diagnostics.add_at(&located(&table.entries["name"].location), &["name"], message);
        }
        table.location = located(&table.location);
        for entry in table.entries.values_mut() {
            entry.location = located(&entry.location);
            match &mut entry.value {
                Value::Table(texts) => {
                    texts.iter_mut().for_each(|(_, text)| text.location = located(&text.location));
                }
                Value::List(elements) => {
                    elements.iter_mut().for_each(|e| e.location = located(&e.location));
                }
                _ => {}
            }
        }
        let name = Spanned { value: Value::Text(name.clone()), location: table.location.clone() };
        table.entries.insert("name".to_owned(), name);
        self.tables.entry(section.name).or_default().push(table);
    }

    fn empty() -> Self {
        let table = || Table { location: Location::File, entries: BTreeMap::new() };
        let tables = TABLES.iter().map(|section| {
            (section.name, if section.is_list { Vec::new() } else { vec![table()] })
        });
        Self { tables: tables.collect(), has_syntax_errors: false }
    }

    fn fill(&mut self, root: DeTable<'_>, lines: &LineBreaks, diagnostics: &mut Diagnostics) {
        let mut top = Table { location: Location::File, entries: BTreeMap::new() };
        for (key, value) in root {
            let location = lines.location(&key.span());
            let name = key.into_inner();
            let Some(section) =
                TABLES.iter().find(|section| !section.name.is_empty() && section.name == name)
            else {
                if keys::TOP_LEVEL.value_type(&name).is_some() {
                    top.entries.insert(
                        name.into_owned(),
                        Spanned { value: Value::from_toml(value.into_inner(), lines), location },
                    );
                } else {
                    diagnostics.add(&location, keys::unknown_table(&name));
                }
                continue;
            };
            let value = self.fill_inner(section, value, lines, diagnostics);
            match tables_of(section, value, lines, diagnostics) {
                Some(tables) => drop(self.tables.insert(section.name, tables)),
                None if section.is_list => diagnostics.add(
                    &location,
                    format!("`{name}` must be a list of tables; start each table with [[{name}]]"),
                ),
                None => diagnostics.add(
                    &location,
                    format!("`{name}` must be a single table; start it with [{name}]"),
                ),
            }
        }
        self.tables.insert(keys::TOP_LEVEL.name, vec![top]);
    }

    /// Moves the tables below a section that are sections of their own, such as `[admin.oidc]`, out of its
    /// value.
    fn fill_inner<'i>(
        &mut self,
        section: &TableSchema,
        mut value: toml::Spanned<DeValue<'i>>,
        lines: &LineBreaks,
        diagnostics: &mut Diagnostics,
    ) -> toml::Spanned<DeValue<'i>> {
        let DeValue::Table(table) = value.get_mut() else { return value };
        for inner in TABLES {
            let Some((outer, key)) = inner.name.split_once('.') else { continue };
            if outer != section.name || !matches!(table.get(key), Some(v) if v.get_ref().is_table())
            {
                continue;
            }
            if let Some(inner_value) = table.remove(key)
                && let Some(tables) = tables_of(inner, inner_value, lines, diagnostics)
            {
                self.tables.insert(inner.name, tables);
            }
        }
        value
    }

    /// Returns `true` if the file is not valid TOML, so that the document is empty.
    pub(super) fn has_syntax_errors(&self) -> bool {
        self.has_syntax_errors
    }

    /// Returns the tables of a section.
    pub(super) fn tables(&self, section: &TableSchema) -> &[Table] {
        self.tables.get(section.name).map_or(&[], Vec::as_slice)
    }

    /// Returns the tables of a section for modification by the environment.
    pub(super) fn tables_mut(&mut self, section: &TableSchema) -> &mut [Table] {
        self.tables.get_mut(section.name).map_or(&mut [], Vec::as_mut_slice)
    }
}

/// Returns the tables of a section, or `None` if the value is not a table or list of tables.
fn tables_of(
    section: &TableSchema,
    value: toml::Spanned<DeValue<'_>>,
    lines: &LineBreaks,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Table>> {
    let location = lines.location(&value.span());
    let elements = match (section.is_list, value.into_inner()) {
        (false, DeValue::Table(table)) => {
            return Some(vec![Table::new(section, table, location, lines, diagnostics)]);
        }
        (true, DeValue::Array(elements)) => elements,
        _ => return None,
    };
    let mut tables = Vec::new();
    for element in elements {
        let location = lines.location(&element.span());
        let DeValue::Table(table) = element.into_inner() else { return None };
        tables.push(Table::new(section, table, location, lines, diagnostics));
    }
    Some(tables)
}

impl Table {
    fn new(
        section: &TableSchema,
        table: DeTable<'_>,
        location: Location,
        lines: &LineBreaks,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let label = label(section, table.get("name").and_then(|name| name.get_ref().as_str()));
        let mut entries = BTreeMap::new();
        for (key, value) in table {
            let location = lines.location(&key.span());
            let key = key.into_inner();
            if let Some(ValueType::Tables(inner)) = section.value_type(&key) {
                if let Some(tables) = tables_of(inner, value, lines, diagnostics) {
                    let value = Value::Tables(tables);
                    entries.insert(key.into_owned(), Spanned { value, location });
                } else {
                    let header = inner.name;
                    let problem = format!(
                        "{label}: `{key}` must be a list of tables; start each table with [[{header}]]"
                    );
                    diagnostics.add(&location, problem);
                }
            } else if section.value_type(&key).is_some() {
                entries.insert(
                    key.into_owned(),
                    Spanned { value: Value::from_toml(value.into_inner(), lines), location },
                );
            } else {
                let problem = format!("{label}: {}", section.unknown_key(&key));
                diagnostics.add_at(&location, &[&*key], problem);
            }
        }
        Self { location, entries }
    }

    /// Returns the value of the `name` key, if the table has one.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.entries.get("name")?.value {
            Value::Text(name) => Some(name),
            _ => None,
        }
    }
}

/// Returns the label of a table in error messages: `[site]`, `[[feeds]] news`.
pub(super) fn label(section: &TableSchema, name: Option<&str>) -> String {
    match (section.is_list, name) {
        (true, Some(name)) => format!("[[{}]] {}", section.name, name.escape_debug()),
        (true, None) => format!("[[{}]]", section.name),
        (false, _) if section.name.is_empty() => "top level".to_owned(),
        (false, _) => format!("[{}]", section.name),
    }
}

impl Value {
    fn from_toml(value: DeValue<'_>, lines: &LineBreaks) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.into_owned()),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Self::Integer(number),
                    Err(_) => Self::Other("a number that is out of range"),
                }
            }
            DeValue::Array(array) => Self::List(
                array
                    .into_iter()
                    .map(|element| {
                        let location = lines.location(&element.span());
                        Spanned { value: Self::from_toml(element.into_inner(), lines), location }
                    })
                    .collect(),
            ),
            DeValue::Float(_) => Self::Other("a number with a fraction"),
            DeValue::Boolean(flag) => Self::Boolean(flag),
            DeValue::Datetime(_) => Self::Other("a date without quotes"),
            DeValue::Table(table) => Self::Table(
                table
                    .into_iter()
                    .map(|(key, value)| {
                        let location = lines.location(&key.span());
                        let value = Self::from_toml(value.into_inner(), lines);
                        (key.into_inner().into_owned(), Spanned { value, location })
                    })
                    .collect(),
            ),
        }
    }

    /// Returns the type of the value for error messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::List(_) => "a list",
            Self::Boolean(_) => "a boolean",
            Self::Tables(_) => "a list of tables",
            Self::Table(_) => "a table",
            Self::Other(what) => what,
        }
    }
}

/// Byte offsets of the line breaks of a text.
struct LineBreaks(Vec<usize>);

impl LineBreaks {
    fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn location(&self, span: &Range<usize>) -> Location {
        Location::Line(self.0.partition_point(|end| *end < span.start) + 1)
    }
}
