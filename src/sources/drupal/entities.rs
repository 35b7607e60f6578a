//! Queries for the paragraphs and blocks that contain texts of nodes.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{self, FieldValue, LAYOUT_FIELD, Record, Records, join_ids};
use super::layouts::{Component, components};
use super::site::DrupalSite;
use crate::sources::php::Value;
use crate::sources::read_session::{ReadSession, to_array};

/// Maximum nesting depth of paragraphs.
pub(super) const MAX_DEPTH: usize = 12;
/// View mode of a node's own page.
pub(super) const PAGE_VIEW_MODE: &str = "full";

/// Entities that contain texts of some nodes.
#[derive(Default)]
pub(super) struct Entities {
    pub(super) paragraphs: Records,
    pub(super) blocks: Records,
    /// Ids of blocks by UUID.
    pub(super) block_ids: BTreeMap<String, String>,
}

/// Returns the sections of the layouts that may apply to a node.
fn sections<'r>(site: &'r DrupalSite, node: &'r Record) -> impl Iterator<Item = &'r Value> {
    let own = node.languages.keys().flat_map(|language| node.values(LAYOUT_FIELD, language));
    let own = own.filter_map(|value| match value {
        FieldValue::Section(section) => Some(section),
        _ => None,
    });
    let display = site.displays.find("node", &node.bundle, PAGE_VIEW_MODE);
    let layout = display.and_then(|display| display.layout.as_ref());
    own.chain(layout.into_iter().flat_map(|layout| &layout.sections))
}

/// Reads the blocks that the layouts of these nodes contain.
pub(super) async fn fetch_blocks(
    session: &mut ReadSession,
    site: &DrupalSite,
    nodes: &Records,
    entities: &mut Entities,
) -> anyhow::Result<()> {
    let (mut revisions, mut uuids) = (BTreeSet::new(), BTreeSet::new());
    let all = nodes.values().flat_map(|node| sections(site, node)).flat_map(components);
    for component in all {
        match component {
            Component::InlineBlock { revision, .. } => drop(revisions.insert(revision)),
            Component::Block { uuid, .. } => drop(uuids.insert(uuid)),
            _ => {}
        }
    }
    if revisions.is_empty() && uuids.is_empty() {
        return Ok(());
    }
    let prefix = &site.prefix;
    let uuids = session.quote_list(uuids.iter().map(String::as_str));
    let sql = format!("SELECT b.uuid, b.id FROM {prefix}block_content b WHERE b.uuid IN ({uuids})");
    let rows = session.rows_if_readable(&sql).await?.into_iter().map(to_array);
    entities.block_ids = rows.map(|[uuid, id]| (uuid, id)).collect();
    let ids = join_ids(entities.block_ids.values().map(String::as_str));
    let revisions = join_ids(revisions.iter().map(String::as_str));
    let or_none = |list: String| if list.is_empty() { "NULL".to_owned() } else { list };
    let condition =
        format!("e.id IN ({}) OR e.revision_id IN ({})", or_none(ids), or_none(revisions));
    let table = format!("{prefix}block_content_field_data");
    fetch_records(session, &table, &condition, &mut entities.blocks).await?;
    fields::fetch_values(session, &site.block_fields, &mut entities.blocks).await
}

/// Reads the paragraphs to which these nodes, the blocks and other paragraphs refer.
pub(super) async fn fetch_paragraphs(
    session: &mut ReadSession,
    site: &DrupalSite,
    nodes: &Records,
    entities: &mut Entities,
) -> anyhow::Result<()> {
    let mut wanted: BTreeSet<String> =
        nodes.values().chain(entities.blocks.values()).flat_map(references).collect();
    for _ in 0..MAX_DEPTH {
        wanted.retain(|id| !entities.paragraphs.contains_key(id));
        let ids = join_ids(wanted.iter().map(String::as_str));
        if ids.is_empty() {
            break;
        }
        let table = format!("{}paragraphs_item_field_data", site.prefix);
        let mut level = Records::new();
        fetch_records(session, &table, &format!("e.id IN ({ids})"), &mut level).await?;
        fields::fetch_values(session, &site.paragraph_fields, &mut level).await?;
        wanted = level.values().flat_map(references).collect();
        entities.paragraphs.extend(level);
    }
    Ok(())
}

/// Returns the ids of the paragraphs to which an entity refers.
fn references(record: &Record) -> Vec<String> {
    let of_language = |language: &String| {
        let fields = record.filled_fields(language).into_iter();
        fields
            .flat_map(|field| record.values(field, language))
            .filter_map(|value| match value {
                FieldValue::Paragraph { id, .. } => Some(id.clone()),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    record.languages.keys().flat_map(of_language).collect()
}

/// Reads paragraphs or blocks without their fields.
async fn fetch_records(
    session: &mut ReadSession,
    table: &str,
    condition: &str,
    records: &mut Records,
) -> anyhow::Result<()> {
    let sql = format!(
        "SELECT e.id, e.revision_id, e.type, e.langcode, e.status, e.default_langcode FROM {table} e WHERE {condition}"
    );
    for row in session.rows_if_readable(&sql).await? {
        let [id, revision, bundle, language, status, is_original] = to_array(row);
        let record = records.entry(id).or_default();
        (record.revision, record.bundle) = (revision, bundle);
        if is_original == "1" {
            record.original.clone_from(&language);
        }
        record.languages.insert(language, status == "1");
    }
    Ok(())
}
