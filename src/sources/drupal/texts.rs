//! The texts of nodes in display order: their text fields, paragraphs and blocks.

use std::collections::{BTreeMap, BTreeSet};

use super::displays::ShownField;
use super::elements::Element;
use super::entities::{Entities, MAX_DEPTH, PAGE_VIEW_MODE, fetch_blocks, fetch_paragraphs};
use super::fields::{self, FieldValue, LAYOUT_FIELD, Record, Records, TextFormat, TextPart};
use super::layouts::{Component, components};
use super::node::{Node, Translation};
use super::site::DrupalSite;
use crate::sources::php::Value;
use crate::sources::read_session::ReadSession;

/// Note on paragraphs that do not belong to the shown page.
const LEFT_OUT_PARAGRAPHS: &str =
    "Paragraphs in another language, or in a revision that is not the current one, are left out.";
/// Maximum number of paragraphs and blocks in one article.
const MAX_ENTITIES: usize = 2000;

/// Reads the texts of nodes, and sets `parts` and `notes` of their translations.
pub(super) async fn fetch(
    session: &mut ReadSession,
    site: &DrupalSite,
    nodes: &mut BTreeMap<u64, Node>,
) -> anyhow::Result<()> {
    let mut records: Records =
        nodes.values().map(|node| (node.id.to_string(), record(node))).collect();
    fields::fetch_values(session, &site.node_fields, &mut records).await?;
    let mut entities = Entities::default();
    fetch_blocks(session, site, &records, &mut entities).await?;
    fetch_paragraphs(session, site, &records, &mut entities).await?;
    for node in nodes.values_mut() {
        let Some(record) = records.get(&node.id.to_string()) else { continue };
        for translation in &mut node.translations {
            let mut texts = Texts {
                site,
                entities: &entities,
                parts: Vec::new(),
                remaining: MAX_ENTITIES,
                path: Vec::new(),
                left_out: BTreeSet::new(),
            };
            texts.add_node(record, translation);
            let notes = texts.notes(record, translation);
            (translation.parts, translation.notes) = (texts.parts, notes);
        }
    }
    Ok(())
}

fn record(node: &Node) -> Record {
    let original = node.translations.first();
    Record {
        bundle: original.map_or_else(String::new, |first| first.bundle.clone()),
        original: original.map_or_else(String::new, |first| first.language.clone()),
        languages: node.translations.iter().map(|t| (t.language.clone(), t.is_public)).collect(),
        ..Record::default()
    }
}

/// Collects the texts of one translation of a node.
struct Texts<'r> {
    site: &'r DrupalSite,
    entities: &'r Entities,
    parts: Vec<TextPart>,
    /// Number of paragraphs and blocks that may still be added.
    remaining: usize,
    /// Ids of the paragraphs around the present one, which it cannot contain again.
    path: Vec<&'r str>,
    /// Notes on content that is left out.
    left_out: BTreeSet<&'static str>,
}

impl<'r> Texts<'r> {
    fn add_node(&mut self, record: &'r Record, translation: &'r Translation) {
        let shown = |name: &str| ShownField { name: name.to_owned(), view_mode: "default".into() };
        if !self.site.text_fields.is_empty() {
            for name in &self.site.text_fields {
                self.add_node_field(record, translation, &shown(name));
            }
            return;
        }
        let Some(display) = self.site.displays.find("node", &record.bundle, PAGE_VIEW_MODE) else {
            self.add_node_field(record, translation, &shown("body"));
            return;
        };
        let Some(layout) = &display.layout else {
            for field in &display.fields {
                self.add_node_field(record, translation, field);
            }
            return;
        };
        let own = record.values(LAYOUT_FIELD, &translation.language);
        if layout.has_overrides && !own.is_empty() {
            self.add_node_field(record, translation, &shown(LAYOUT_FIELD));
            return;
        }
        for section in &layout.sections {
            self.add_section(record, translation, section);
        }
    }

    fn add_node_field(
        &mut self,
        record: &'r Record,
        translation: &'r Translation,
        field: &ShownField,
    ) {
        if self.site.displays.is_restricted("node", &field.name) {
            return;
        }
        if field.name == "body" {
            let Translation { body, format, .. } = translation;
            if !body.trim().is_empty() {
                self.parts.push(TextPart {
                    text: body.clone(),
                    format: TextFormat::Named(format.clone()),
                });
            }
            return;
        }
        // The lead image is not repeated in the text.
        let lead = translation.lead_image.as_ref().filter(|lead| lead.field == field.name);
        let values = record.values(&field.name, &translation.language);
        for value in &values[usize::from(lead.is_some()).min(values.len())..] {
            match value {
                FieldValue::Section(section) => self.add_section(record, translation, section),
                other => self.add_value(other, &translation.language, &field.view_mode, 0),
            }
        }
    }

    fn add_section(&mut self, record: &'r Record, translation: &'r Translation, section: &Value) {
        for component in components(section) {
            match component {
                // A layout in a layout would be displayed without end.
                Component::Field { name, .. } if name == LAYOUT_FIELD => {}
                Component::Field { name, view_mode } => {
                    self.add_node_field(record, translation, &ShownField { name, view_mode });
                }
                Component::InlineBlock { revision, view_mode } => {
                    let block = self.entities.blocks.values().find(|b| b.revision == revision);
                    self.add_block(block, translation, &view_mode);
                }
                Component::Block { uuid, view_mode } => {
                    let id = self.entities.block_ids.get(&uuid);
                    let block = id.and_then(|id| self.entities.blocks.get(id));
                    self.add_block(block, translation, &view_mode);
                }
                Component::Conditional => {
                    self.left_out.insert("Blocks with visibility conditions are left out.");
                }
                Component::Other => {}
            }
        }
    }

    fn add_block(&mut self, block: Option<&'r Record>, translation: &Translation, mode: &str) {
        const NOTE: &str = "Blocks in another language, or in a revision that is not the current one, are left out.";
        match block.map(|block| (block, block.shown_language(&translation.language))) {
            Some((block, Some(language))) => {
                self.add_entity("block_content", block, language, mode, 0)
            }
            // An unpublished block is not shown, without a note.
            Some((block, None)) if block.languages.contains_key(&translation.language) => {}
            _ => drop(self.left_out.insert(NOTE)),
        }
    }

    fn add_value(&mut self, value: &'r FieldValue, language: &str, mode: &str, depth: usize) {
        let (id, revision) = match value {
            FieldValue::Text(part) => return self.parts.push(part.clone()),
            FieldValue::Element(element) => return self.add_element(element),
            FieldValue::Section(_) => return,
            FieldValue::Paragraph { id, revision } => (id, revision),
        };
        let current = self.entities.paragraphs.get(id).filter(|found| found.revision == *revision);
        match current.map(|paragraph| (paragraph, paragraph.shown_language(language))) {
            Some((_, Some(_))) if self.path.contains(&id.as_str()) => {}
            Some((paragraph, Some(own))) => {
                self.path.push(id);
                self.add_entity("paragraph", paragraph, own, mode, depth);
                self.path.pop();
            }
            // An unpublished paragraph is not shown, without a note.
            Some((paragraph, None)) if paragraph.languages.contains_key(language) => {}
            _ => drop(self.left_out.insert(LEFT_OUT_PARAGRAPHS)),
        }
    }

    fn add_element(&mut self, element: &Element) {
        match element.html(&self.site.site_url, &self.site.files_url) {
            Some(text) => self.parts.push(TextPart { text, format: TextFormat::Html }),
            // A link without a target is a heading of a menu.
            None if matches!(element, Element::Link { .. }) => {}
            None => {
                self.left_out.insert("Images and files that are not public are left out.");
            }
        }
    }

    /// Adds the texts of a paragraph or a block.
    fn add_entity(
        &mut self,
        entity: &str,
        record: &'r Record,
        language: &str,
        mode: &str,
        depth: usize,
    ) {
        if depth >= MAX_DEPTH || self.remaining == 0 {
            self.left_out
                .insert("Paragraphs beyond the limits on nesting and number are left out.");
            return;
        }
        self.remaining -= 1;
        let displays = &self.site.displays;
        let fields: Vec<ShownField> = match displays.find(entity, &record.bundle, mode) {
            Some(display) => display.fields.clone(),
            // Only text_fields selects texts of a site whose displays are not readable.
            None if displays.is_empty() => record
                .filled_fields(language)
                .into_iter()
                .map(|name| ShownField { name: name.to_owned(), view_mode: "default".into() })
                .collect(),
            None => {
                self.left_out.insert("Paragraphs and blocks without a view display are left out.");
                return;
            }
        };
        for field in fields.iter().filter(|field| !displays.is_restricted(entity, &field.name)) {
            for value in record.values(&field.name, language) {
                self.add_value(value, language, &field.view_mode, depth + 1);
            }
        }
    }

    /// Returns the notes on content that is left out, or on the reason why there is no text.
    fn notes(&self, record: &Record, translation: &Translation) -> Vec<String> {
        let mut notes: Vec<String> = self.left_out.iter().map(|note| (*note).to_owned()).collect();
        if !self.parts.is_empty() {
            return notes;
        }
        let mut unread = record.filled_fields(&translation.language);
        let is_element = |value: &FieldValue| matches!(value, FieldValue::Element(_));
        unread.retain(|name| !record.values(name, &translation.language).iter().all(is_element));
        if !translation.body.trim().is_empty() && !unread.contains(&"body") {
            unread.push("body");
        }
        if !unread.is_empty() && notes.is_empty() {
            let remedy = if self.site.displays.is_empty() {
                "grant SELECT on the table config, or name the fields in text_fields"
            } else {
                "Drupal's view display does not show them; to publish them, name them in text_fields"
            };
            let unread = unread.join(", ");
            notes.push(format!(
                "It has text only in fields that Courant does not read ({unread}); {remedy}."
            ));
        }
        notes
    }
}
