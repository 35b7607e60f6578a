//! Sections of Layout Builder: the components of a layout in the order of the page.

use crate::sources::php::Value;

/// Regions of Drupal's own layouts with their position on the page.
const REGIONS: [(&str, u8); 9] = [
    ("header", 0),
    ("top", 0),
    ("content", 1),
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("bottom", 9),
    ("footer", 9),
];
/// Position of a region of another layout.
const OTHER_REGION: u8 = 5;

/// A component of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Component {
    /// A field of the entity itself, with the view mode of the entities that it refers to.
    Field { name: String, view_mode: String },
    /// A block that exists for this layout only, by its revision.
    InlineBlock { revision: String, view_mode: String },
    /// A reusable block, by its UUID.
    Block { uuid: String, view_mode: String },
    /// A component that visitors may see under conditions only.
    Conditional,
    /// A component without editors' text.
    Other,
}

/// Returns the components of a section: by region, and by weight within a region.
pub(super) fn components(section: &Value) -> Vec<Component> {
    let all = section.get("components").map_or([].as_slice(), Value::entries);
    let mut seen: Vec<&str> = Vec::new();
    let mut placed = Vec::new();
    for (_, one) in all {
        let region = one.text("region");
        let order = seen.iter().position(|known| *known == region).unwrap_or_else(|| {
            seen.push(region);
            seen.len() - 1
        });
        let rank = REGIONS.iter().find(|(name, _)| *name == region);
        let rank = rank.map_or(OTHER_REGION, |(_, rank)| *rank);
        placed.push(((rank, order, one.number("weight")), component(one)));
    }
    placed.sort_by_key(|(position, _)| *position);
    placed.into_iter().map(|(_, component)| component).collect()
}

fn component(one: &Value) -> Component {
    let conditions = one.get("additional").map_or([].as_slice(), Value::entries);
    let is_condition = |(name, value): &(String, Value)| {
        name.contains("visibility") && !matches!(value, Value::Null) && !value.is_empty_array()
    };
    if conditions.iter().any(is_condition) {
        return Component::Conditional;
    }
    let Some(configuration) = one.get("configuration") else { return Component::Other };
    let mode = match configuration.get("formatter").and_then(|formatter| formatter.get("settings"))
    {
        Some(settings) => settings.text("view_mode"),
        None => configuration.text("view_mode"),
    };
    let view_mode = if mode.is_empty() { "default" } else { mode }.to_owned();
    let mut id = configuration.text("id").split(':');
    match (id.next(), id.next(), id.next(), id.next()) {
        (Some("field_block"), Some("node"), _, Some(name)) => {
            Component::Field { name: name.to_owned(), view_mode }
        }
        (Some("inline_block"), ..) => Component::InlineBlock {
            revision: configuration.number("block_revision_id").to_string(),
            view_mode,
        },
        (Some("block_content"), Some(uuid), ..) => {
            Component::Block { uuid: uuid.to_owned(), view_mode }
        }
        _ => Component::Other,
    }
}
