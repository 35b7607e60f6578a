//! Queries for pages of nodes, with their languages, texts, terms, images and addresses.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::elements::Image;
use super::node::{LeadImage, Node, Translation, Values};
use super::site::{DrupalSite, ImageFieldKind};
use super::{media, texts};
use crate::domain::time::Millis;
use crate::sources::incremental;
use crate::sources::read_session::{ReadSession, to_array};

/// Number of nodes that one query reads.
const PAGE_SIZE: usize = 50;

/// A term's name in one of its languages.
struct TermName {
    language: String,
    is_original: bool,
    text: String,
}

/// A value of a field that refers to terms: its delta, and the names of the term.
type Term = (String, Vec<TermName>);

/// Returns the next published nodes by number, or those with a language that changed or was
/// published since a time; empty after the last one.
pub(super) async fn next_nodes(
    session: &mut ReadSession,
    site: &DrupalSite,
    after: u64,
    since: Option<Millis>,
) -> anyhow::Result<Vec<Node>> {
    let DrupalSite { prefix, types, condition, .. } = site;
    let changed = since.map(|mark| format!(" AND {}", changed_since(site, mark)));
    let sql = format!(
        "SELECT DISTINCT n.nid FROM {prefix}node_field_data n WHERE n.type IN ({types}) AND {condition}{} AND n.nid > {after} ORDER BY n.nid LIMIT {PAGE_SIZE}",
        changed.unwrap_or_default()
    );
    let ids: Vec<String> = session
        .rows(&sql)
        .await?
        .into_iter()
        .flatten()
        .filter(|id| id.parse::<u64>().is_ok())
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.join(", ");
    let mut nodes = languages(session, site, &ids).await?;
    bodies(session, site, &ids, &mut nodes).await?;
    terms(session, site, &ids, &mut nodes).await?;
    images(session, site, &ids, &mut nodes).await?;
    texts::fetch(session, site, &mut nodes).await?;
    aliases(session, site, &mut nodes).await?;
    let wanted: BTreeSet<String> = nodes
        .values()
        .flat_map(|node| &node.translations)
        .flat_map(|translation| &translation.parts)
        .flat_map(|part| media::embedded_ids(&part.text))
        .collect();
    let media = std::sync::Arc::new(media::fetch(session, site, &wanted).await?);
    Ok(nodes
        .into_values()
        .map(|node| Node { media: std::sync::Arc::clone(&media), ..node })
        .collect())
}

/// Returns a condition for the rows `n` of nodes that were changed or published since a time.
pub(super) fn changed_since(site: &DrupalSite, watermark: Millis) -> String {
    // Scheduler sets both times to the scheduled one, however late it publishes a node.
    let mark =
        if site.has_scheduler { incremental::publication_watermark(watermark) } else { watermark };
    let start = incremental::overlap_start(mark).epoch_seconds();
    format!("(n.changed IS NULL OR n.changed >= {start} OR n.created >= {start})")
}

async fn languages(
    session: &mut ReadSession,
    site: &DrupalSite,
    ids: &str,
) -> anyhow::Result<BTreeMap<u64, Node>> {
    let DrupalSite { prefix, types, condition, .. } = site;
    let sql = format!(
        "SELECT n.nid, n.langcode, n.default_langcode, CASE WHEN n.type IN ({types}) AND {condition} THEN 1 ELSE 0 END, n.title, n.uid, \
         n.created, n.changed, n.type FROM {prefix}node_field_data n WHERE n.nid IN ({ids}) ORDER BY n.nid, n.default_langcode DESC, n.langcode"
    );
    let rows = session.rows(&sql).await?;
    let users: BTreeSet<u64> = rows.iter().filter_map(|row| row.get(5)?.parse().ok()).collect();
    let users = users.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let mut names = HashMap::new();
    if !users.is_empty() {
        let sql = format!(
            "SELECT u.uid, u.name FROM {prefix}users_field_data u WHERE u.default_langcode = 1 AND u.uid IN ({users})"
        );
        names = session
            .rows_if_readable(&sql)
            .await?
            .into_iter()
            .map(to_array)
            .map(|[uid, name]| (uid, name))
            .collect();
    }
    let mut nodes: BTreeMap<u64, Node> = BTreeMap::new();
    for row in rows {
        let [id, language, original, public, title, user, published_at, changed_at, bundle] =
            to_array(row);
        let id = id.parse().unwrap_or_default();
        let translation = Translation {
            language,
            bundle,
            title,
            is_original: original == "1",
            is_public: public == "1",
            author: names.get(&user).cloned().unwrap_or_default(),
            published_at: published_at.parse().unwrap_or_default(),
            changed_at: changed_at.parse().ok(),
            ..Translation::default()
        };
        nodes
            .entry(id)
            .or_insert_with(|| Node { id, ..Node::default() })
            .translations
            .push(translation);
    }
    Ok(nodes)
}

async fn bodies(
    session: &mut ReadSession,
    site: &DrupalSite,
    ids: &str,
    nodes: &mut BTreeMap<u64, Node>,
) -> anyhow::Result<()> {
    if !site.has_body {
        return Ok(());
    }
    let sql = format!(
        "SELECT b.entity_id, b.langcode, b.body_value, b.body_summary, b.body_format FROM {}node__body b \
         WHERE b.deleted = 0 AND b.entity_id IN ({ids}) ORDER BY b.delta DESC",
        site.prefix
    );
    for row in session.rows(&sql).await? {
        let [id, language, body, summary, format] = to_array(row);
        let node = id.parse().ok().and_then(|id: u64| nodes.get_mut(&id));
        if let Some(translation) =
            node.and_then(|node| node.translations.iter_mut().find(|t| t.language == language))
        {
            (translation.body, translation.summary, translation.format) = (body, summary, format);
        }
    }
    Ok(())
}

async fn terms(
    session: &mut ReadSession,
    site: &DrupalSite,
    ids: &str,
    nodes: &mut BTreeMap<u64, Node>,
) -> anyhow::Result<()> {
    let prefix = &site.prefix;
    for (field, is_tags) in &site.term_fields {
        let sql = format!(
            "SELECT f.entity_id, f.langcode, f.delta, t.langcode, t.default_langcode, t.name FROM {prefix}node__{field} f \
             JOIN {prefix}taxonomy_term_field_data t ON t.tid = f.{field}_target_id \
             WHERE f.deleted = 0 AND t.status = 1 AND f.entity_id IN ({ids}) ORDER BY f.entity_id, f.langcode, f.delta"
        );
        // Each value is a term with its name in several languages.
        let mut values: Values<Term> = HashMap::new();
        for row in session.rows_if_readable(&sql).await? {
            let [id, language, delta, in_language, is_original, name] = to_array(row);
            let list = values.entry((id.parse().unwrap_or_default(), language)).or_default();
            let name =
                TermName { language: in_language, is_original: is_original == "1", text: name };
            match list.last_mut().filter(|(last, _)| *last == delta) {
                Some((_, names)) => names.push(name),
                None => list.push((delta, vec![name])),
            }
        }
        for node in nodes.values_mut() {
            let names: Vec<Vec<String>> = node
                .translations
                .iter()
                .map(|t| {
                    node.values(&values, &t.language)
                        .filter_map(|(_, names)| in_language(names, &t.language))
                        .collect()
                })
                .collect();
            for (translation, names) in node.translations.iter_mut().zip(names) {
                let list = if *is_tags { &mut translation.tags } else { &mut translation.sections };
                list.extend(names);
            }
        }
    }
    Ok(())
}

/// Returns the name of a term in a language, else in its original language.
fn in_language(names: &[TermName], language: &str) -> Option<String> {
    let own = names.iter().find(|name| name.language == language);
    own.or_else(|| names.iter().find(|name| name.is_original)).map(|name| name.text.clone())
}

async fn images(
    session: &mut ReadSession,
    site: &DrupalSite,
    ids: &str,
    nodes: &mut BTreeMap<u64, Node>,
) -> anyhow::Result<()> {
    let prefix = &site.prefix;
    for (field, kind) in &site.image_fields {
        let (joined, columns) = match kind {
            ImageFieldKind::File => (
                format!("JOIN {prefix}file_managed m ON m.fid = f.{field}_target_id"),
                format!("f.{field}"),
            ),
            ImageFieldKind::Media => (
                format!(
                    "JOIN {prefix}media__field_media_image i ON i.entity_id = f.{field}_target_id AND i.deleted = 0 \
                     JOIN {prefix}file_managed m ON m.fid = i.field_media_image_target_id"
                ),
                "i.field_media_image".to_owned(),
            ),
        };
        let sql = format!(
            "SELECT f.entity_id, f.langcode, m.uri, {columns}_alt, {columns}_width, {columns}_height FROM {prefix}node__{field} f {joined} \
             WHERE f.deleted = 0 AND m.status = 1 AND f.entity_id IN ({ids}) ORDER BY f.delta"
        );
        let mut values: Values<LeadImage> = HashMap::new();
        for row in session.rows_if_readable(&sql).await? {
            let [id, language, uri, alt, width, height] = to_array(row);
            let image = Image::new(uri, alt, &width, &height);
            let image = LeadImage { field: field.clone(), image };
            values.entry((id.parse().unwrap_or_default(), language)).or_default().push(image);
        }
        for node in nodes.values_mut() {
            let found: Vec<Option<LeadImage>> = node
                .translations
                .iter()
                .map(|t| node.values(&values, &t.language).next().cloned())
                .collect();
            for (translation, image) in node.translations.iter_mut().zip(found) {
                translation.lead_image = translation.lead_image.take().or(image);
            }
        }
    }
    Ok(())
}

async fn aliases(
    session: &mut ReadSession,
    site: &DrupalSite,
    nodes: &mut BTreeMap<u64, Node>,
) -> anyhow::Result<()> {
    let paths: Vec<String> = nodes.keys().map(|id| format!("/node/{id}")).collect();
    let paths = session.quote_list(paths.iter().map(String::as_str));
    let sql = format!(
        "SELECT a.path, a.langcode, a.alias FROM {}path_alias a WHERE a.status = 1 AND a.path IN ({paths}) ORDER BY a.id",
        site.prefix
    );
    for row in session.rows_if_readable(&sql).await? {
        let [path, language, alias] = to_array(row);
        let id = path.rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
        if let Some(node) = id.and_then(|id| nodes.get_mut(&id)) {
            node.aliases.push((language, alias));
        }
    }
    Ok(())
}
