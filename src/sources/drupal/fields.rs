//! Fields with text of nodes, paragraphs and blocks, and queries for their values.

use std::collections::{BTreeMap, HashMap};

use super::elements::{Element, Image};
use crate::sources::php::Value;
use crate::sources::read_session::{ReadSession, TextRow, to_array};

/// Field of Layout Builder with an entity's own layout.
pub(super) const LAYOUT_FIELD: &str = "layout_builder__layout";

/// A field that contains text, an image, a file or a link, or refers to entities that do.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    kind: FieldKind,
    table: String,
    /// Selected columns, and joins with the tables that they are in.
    columns: String,
    joins: String,
    /// `true` if the table names the revision of each value.
    has_revision: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FieldKind {
    /// Text with a text format.
    Formatted,
    /// Text without a format, in which `<` is an ordinary character.
    Plain,
    /// References to revisions of paragraphs.
    Paragraphs,
    /// Sections of Layout Builder.
    Layout,
    Image,
    File,
    Link,
    /// References to media entities.
    Media,
}

/// A value of a field.
#[derive(Debug, Clone)]
pub(super) enum FieldValue {
    Text(TextPart),
    Element(Element),
    /// Reference to a paragraph: its id and revision.
    Paragraph {
        id: String,
        revision: String,
    },
    /// Section of Layout Builder.
    Section(Value),
}

/// A text of an article, as stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TextPart {
    pub(super) text: String,
    pub(super) format: TextFormat,
}

/// The format of a stored text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum TextFormat {
    /// Text in which `<` is an ordinary character.
    #[default]
    Plain,
    /// HTML of an element, to which no filter applies.
    Html,
    /// A text format of the site.
    Named(String),
}

/// A node, paragraph or block with the values of its fields.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) bundle: String,
    /// Current revision; empty for a node.
    pub(super) revision: String,
    /// Languages, with `true` for those that are published.
    pub(super) languages: BTreeMap<String, bool>,
    pub(super) original: String,
    /// Values by language and field, in order.
    pub(super) values: HashMap<(String, String), Vec<FieldValue>>,
}

/// Records by the id of the entity.
pub(super) type Records = HashMap<String, Record>;

impl Record {
    /// Returns the values of a field in a language. References and layouts that are not translated
    /// are those of the original.
    pub(super) fn values(&self, field: &str, language: &str) -> &[FieldValue] {
        let in_language = |language: &str| {
            self.values.get(&(language.to_owned(), field.to_owned())).map_or(&[][..], Vec::as_slice)
        };
        let own = in_language(language);
        if !own.is_empty() {
            return own;
        }
        let original = in_language(&self.original);
        let is_text = original.iter().any(|value| matches!(value, FieldValue::Text(_)));
        if is_text { &[] } else { original }
    }

    /// Returns the names of the fields with a value in a language, in alphabetical order.
    pub(super) fn filled_fields(&self, language: &str) -> Vec<&str> {
        let filled = self.values.keys().map(|(_, field)| field.as_str());
        let mut names: Vec<&str> =
            filled.filter(|name| !self.values(name, language).is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns the language in which a page in `language` shows the entity; `None` if it does not
    /// show it.
    pub(super) fn shown_language<'r>(&'r self, language: &'r str) -> Option<&'r str> {
        [language, "und", "zxx"]
            .into_iter()
            .find(|wanted| self.languages.get(*wanted).is_some_and(|is_public| *is_public))
    }
}

/// Returns the fields of a type of entity that contain text or refer to paragraphs.
pub(super) async fn fields(
    session: &mut ReadSession,
    prefix: &str,
    entity: &str,
    config: &[(String, Value)],
) -> anyhow::Result<Vec<Field>> {
    let start = format!("{prefix}{entity}__");
    let mut fields = Vec::new();
    for (table, columns) in session.columns_of_tables(&start).await? {
        let Some(name) = table.strip_prefix(&start).filter(|name| is_machine_name(name)) else {
            continue;
        };
        let has = |suffix: &str| columns.contains(&format!("{name}_{suffix}"));
        let storage = format!("field.storage.{entity}.{name}");
        let field_type =
            config.iter().find(|(known, _)| *known == storage).map_or("", |(_, v)| v.text("type"));
        let refers_to_media = || {
            let definition = config.iter().find(|(known, _)| *known == storage);
            definition
                .and_then(|(_, value)| value.get("settings"))
                .is_some_and(|settings| settings.text("target_type") == "media")
        };
        let kind = if name == LAYOUT_FIELD && columns.contains("layout_builder__layout_section") {
            FieldKind::Layout
        } else if has("target_id") && has("alt") && has("width") {
            FieldKind::Image
        } else if has("target_id") && has("description") {
            FieldKind::File
        } else if has("uri") && has("title") {
            FieldKind::Link
        } else if has("target_id") && refers_to_media() {
            FieldKind::Media
        } else if has("value") && has("format") {
            FieldKind::Formatted
        } else if has("target_revision_id") {
            FieldKind::Paragraphs
        } else if has("value") && matches!(field_type, "string" | "string_long") {
            FieldKind::Plain
        } else {
            continue;
        };
        let has_revision = columns.contains("revision_id");
        let (columns, joins) = selection(kind, name, prefix);
        let (name, table) = (name.to_owned(), table.clone());
        fields.push(Field { name, kind, table, columns, joins, has_revision });
    }
    Ok(fields)
}

/// Returns four columns with the value of a field, and the joins that they need.
fn selection(kind: FieldKind, name: &str, prefix: &str) -> (String, String) {
    let column = |suffix: &str| format!("f.{name}_{suffix}");
    let file =
        || format!(" JOIN {prefix}file_managed m ON m.fid = f.{name}_target_id AND m.status = 1");
    let empty = || "''".to_owned();
    let (columns, joins) = match kind {
        FieldKind::Formatted => ([column("value"), column("format"), empty(), empty()], None),
        FieldKind::Plain => ([column("value"), empty(), empty(), empty()], None),
        FieldKind::Paragraphs => {
            ([column("target_id"), column("target_revision_id"), empty(), empty()], None)
        }
        FieldKind::Layout => ([column("section"), empty(), empty(), empty()], None),
        FieldKind::Image => {
            (["m.uri".to_owned(), column("alt"), column("width"), column("height")], Some(file()))
        }
        FieldKind::File => {
            (["m.uri".to_owned(), column("description"), empty(), empty()], Some(file()))
        }
        FieldKind::Link => ([column("uri"), column("title"), empty(), empty()], None),
        FieldKind::Media => (
            ["m.uuid".to_owned(), empty(), empty(), empty()],
            Some(format!(" JOIN {prefix}media m ON m.mid = f.{name}_target_id")),
        ),
    };
    (columns.join(", "), joins.unwrap_or_default())
}

/// Returns `true` for a name that may become part of a query.
fn is_machine_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Reads the values of fields into the records of their entities. A value of another revision than
/// the record's is skipped.
pub(super) async fn fetch_values(
    session: &mut ReadSession,
    fields: &[Field],
    records: &mut Records,
) -> anyhow::Result<()> {
    let ids: Vec<&str> = records.keys().map(String::as_str).collect();
    let ids = match join_ids(ids) {
        list if list.is_empty() => return Ok(()),
        list => list,
    };
    for field in fields {
        let Field { table, columns, joins, has_revision, .. } = field;
        let revision = if *has_revision { "f.revision_id" } else { "''" };
        let sql = format!(
            "SELECT f.entity_id, f.langcode, {revision}, {columns} FROM {table} f{joins} WHERE f.deleted = 0 AND f.entity_id IN ({ids}) ORDER BY f.entity_id, f.delta"
        );
        for row in session.rows_if_readable(&sql).await? {
            add_value(records, field, row);
        }
    }
    Ok(())
}

fn add_value(records: &mut Records, field: &Field, row: TextRow) {
    let [id, language, revision, first, second, third, fourth] = to_array(row);
    let Some(record) = records.get_mut(&id) else { return };
    if !revision.is_empty() && !record.revision.is_empty() && revision != record.revision {
        return;
    }
    let value = match field.kind {
        FieldKind::Formatted | FieldKind::Plain if first.trim().is_empty() => None,
        FieldKind::Formatted => {
            let format = TextFormat::Named(second);
            Some(FieldValue::Text(TextPart { text: first, format }))
        }
        FieldKind::Plain => {
            Some(FieldValue::Text(TextPart { text: first, format: TextFormat::Plain }))
        }
        FieldKind::Image => {
            Some(FieldValue::Element(Element::Image(Image::new(first, second, &third, &fourth))))
        }
        FieldKind::File => {
            Some(FieldValue::Element(Element::File { uri: first, description: second }))
        }
        FieldKind::Link => Some(FieldValue::Element(Element::Link { uri: first, text: second })),
        FieldKind::Media => Some(FieldValue::Element(Element::Media(first))),
        FieldKind::Paragraphs => Some(FieldValue::Paragraph { id: first, revision: second }),
        FieldKind::Layout => Value::parse(&first).map(FieldValue::Section),
    };
    record.values.entry((language, field.name.clone())).or_default().extend(value);
}

/// Joins the ids that are numbers with commas.
pub(super) fn join_ids<'i>(ids: impl IntoIterator<Item = &'i str>) -> String {
    let valid = ids.into_iter().filter(|id| id.parse::<u64>().is_ok());
    valid.collect::<Vec<_>>().join(", ")
}
