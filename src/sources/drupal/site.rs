//! The structure of a Drupal site: tables, languages, text formats, and the fields of its nodes.

use std::collections::{BTreeSet, HashMap};

use super::access;
use super::displays::Displays;
use super::fields::{Field, fields};
use super::formats::Formats;
use crate::config::Source;
use crate::sources::php::Value;
use crate::sources::read_session::{ReadSession, to_array};

/// Columns of nodes without which the site cannot be read.
const NODE_COLUMNS: [&str; 9] =
    ["nid", "type", "langcode", "status", "uid", "title", "created", "changed", "default_langcode"];

/// The structure of a site, as read from its database.
pub(super) struct DrupalSite {
    /// Prefix of every table name; letters, digits and underscores only.
    pub(super) prefix: String,
    /// Public URL without a trailing slash.
    pub(super) site_url: String,
    /// URL of public files, without a trailing slash.
    pub(super) files_url: String,
    /// Content types that are articles, as comma-separated SQL literals.
    pub(super) types: String,
    /// SQL condition on `n` for nodes that visitors may view.
    pub(super) condition: String,
    /// `true` if nodes have the date at which the Scheduler module will publish them.
    pub(super) has_scheduler: bool,
    /// `true` if there is a table for bodies.
    pub(super) has_body: bool,
    /// Fields that refer to terms; `true` for those that contain tags.
    pub(super) term_fields: Vec<(String, bool)>,
    /// Fields that may contain the lead image, in order of preference.
    pub(super) image_fields: Vec<(String, ImageFieldKind)>,
    pub(super) languages: Languages,
    pub(super) formats: Formats,
    pub(super) displays: Displays,
    /// Fields that are the text of a node, in order; empty for those that Drupal displays.
    pub(super) text_fields: Vec<String>,
    /// Fields with text of nodes, paragraphs and blocks.
    pub(super) node_fields: Vec<Field>,
    pub(super) paragraph_fields: Vec<Field>,
    pub(super) block_fields: Vec<Field>,
}

/// The kind of entity that an image field refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageFieldKind {
    File,
    Media,
}

/// The effect of languages on URLs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Languages {
    /// Language of content without one.
    pub(super) default: String,
    /// Path prefix of each language.
    pub(super) prefixes: HashMap<String, String>,
    /// Host of each language, if they have their own.
    pub(super) domains: HashMap<String, String>,
}

/// Reads which tables and fields exist, and the parts of the configuration that are readable.
pub(super) async fn site(session: &mut ReadSession, source: &Source) -> anyhow::Result<DrupalSite> {
    let prefix = source.table_prefix.clone();
    let advice = ", and check table_prefix";
    let nodes = session
        .require_columns("Drupal", &format!("{prefix}node_field_data"), &NODE_COLUMNS, advice)
        .await?;
    let config = config(session, &prefix).await?;
    let displays = Displays::from_config(&config);
    let mut site = DrupalSite {
        site_url: source.site_url.clone(),
        files_url: source.files_url.clone(),
        types: session.quote_list(source.content_types.iter().map(String::as_str)),
        condition: "n.status = 1".to_owned(),
        has_scheduler: nodes.contains("publish_on"),
        has_body: !displays.is_restricted("node", "body")
            && session.columns(&format!("{prefix}node__body")).await?.contains("body_value"),
        term_fields: Vec::new(),
        image_fields: Vec::new(),
        languages: languages(&config),
        formats: Formats::from_config(
            config
                .iter()
                .filter(|(name, _)| name.starts_with("filter.format."))
                .map(|(_, value)| value),
        ),
        displays,
        text_fields: source.text_fields.clone(),
        node_fields: fields(session, &prefix, "node", &config).await?,
        paragraph_fields: fields(session, &prefix, "paragraph", &config).await?,
        block_fields: fields(session, &prefix, "block_content", &config).await?,
        prefix,
    };
    site.node_fields.retain(|field| field.name != "body");
    let has_revision = nodes.contains("vid");
    site.condition += &access::condition(session, &site.prefix, &config, has_revision).await?;
    let mut seen = BTreeSet::new();
    for field in possible_term_fields(&config) {
        if is_usable(&site, &mut seen, &field) && has_field(session, &site.prefix, &field).await? {
            let is_tags = field == "field_tags";
            site.term_fields.push((field, is_tags));
        }
    }
    for (field, kind) in possible_image_fields(&config) {
        if is_usable(&site, &mut seen, &field) && has_field(session, &site.prefix, &field).await? {
            site.image_fields.push((field, kind));
        }
    }
    Ok(site)
}

/// Returns `true` for a field that is not in `seen`, to which it is added, and that visitors may
/// view.
fn is_usable(site: &DrupalSite, seen: &mut BTreeSet<String>, field: &str) -> bool {
    seen.insert(field.to_owned()) && !site.displays.is_restricted("node", field)
}

/// Returns the fields that may refer to terms, beginning with the default field for tags.
fn possible_term_fields(config: &[(String, Value)]) -> Vec<String> {
    let mut terms = vec!["field_tags".to_owned()];
    terms.extend(node_fields(config, |value| refers_to(value, "taxonomy_term")));
    terms
}

/// Returns the fields that may contain the lead image, in order of preference.
fn possible_image_fields(config: &[(String, Value)]) -> Vec<(String, ImageFieldKind)> {
    let mut images = vec![
        ("field_image".to_owned(), ImageFieldKind::File),
        ("field_media_image".to_owned(), ImageFieldKind::Media),
    ];
    images.extend(
        node_fields(config, |value| value.text("type") == "image")
            .map(|field| (field, ImageFieldKind::File)),
    );
    images.extend(
        node_fields(config, |value| refers_to(value, "media"))
            .map(|field| (field, ImageFieldKind::Media)),
    );
    images
}

/// Returns the names of the node fields whose definition meets a condition.
fn node_fields(
    config: &[(String, Value)],
    wanted: impl Fn(&Value) -> bool,
) -> impl Iterator<Item = String> {
    config
        .iter()
        .filter(move |(name, value)| name.starts_with("field.storage.node.") && wanted(value))
        .map(|(_, value)| value.text("field_name").to_owned())
}

/// Returns `true` for the definition of a field that refers to this type of entity.
fn refers_to(definition: &Value, target: &str) -> bool {
    definition.get("settings").is_some_and(|settings| settings.text("target_type") == target)
}

/// Returns `true` if nodes have a field of this name that refers to another entity.
async fn has_field(session: &mut ReadSession, prefix: &str, field: &str) -> anyhow::Result<bool> {
    // The name becomes part of a query.
    if !field.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Ok(false);
    }
    Ok(session
        .columns(&format!("{prefix}node__{field}"))
        .await?
        .contains(&format!("{field}_target_id")))
}

/// Returns the used parts of the configuration; empty if it is not readable.
async fn config(session: &mut ReadSession, prefix: &str) -> anyhow::Result<Vec<(String, Value)>> {
    let sql = format!(
        "SELECT c.name, c.data FROM {prefix}config c WHERE c.collection = '' \
         AND (c.name IN ('language.negotiation', 'language.types', 'system.site', 'user.role.anonymous') \
         OR c.name LIKE 'filter.format.%' OR c.name LIKE 'field.storage.%' OR c.name LIKE 'workflows.workflow.%' \
         OR c.name LIKE 'core.entity_view_display.%') ORDER BY c.name"
    );
    let rows = session.rows_if_readable(&sql).await?.into_iter().map(to_array);
    Ok(rows.filter_map(|[name, data]| Some((name, Value::parse(&data)?))).collect())
}

fn languages(config: &[(String, Value)]) -> Languages {
    let named = |name: &str| config.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let default = named("system.site").map_or("", |site| site.text("default_langcode"));
    let mut languages = Languages { default: default.to_owned(), ..Languages::default() };
    let by_address = named("language.types")
        .and_then(|types| types.get("negotiation")?.get("language_interface")?.get("enabled"))
        .is_none_or(|enabled| enabled.get("language-url").is_some());
    let Some(url) = named("language.negotiation")
        .and_then(|negotiation| negotiation.get("url"))
        .filter(|_| by_address)
    else {
        return languages;
    };
    let texts = |key: &str| -> HashMap<String, String> {
        let entries = url.get(key).map_or([].as_slice(), Value::entries);
        entries
            .iter()
            .map(|(language, _)| {
                (language.clone(), url.get(key).map_or("", |all| all.text(language)).to_owned())
            })
            .collect()
    };
    if url.text("source") == "domain" {
        languages.domains = texts("domains");
    } else {
        languages.prefixes = texts("prefixes");
    }
    languages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiation(source: &str) -> Value {
        let map = |entries: &[(&str, &str)]| {
            Value::Array(
                entries
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), Value::Text((*value).to_owned())))
                    .collect(),
            )
        };
        let url = vec![
            ("source".to_owned(), Value::Text(source.to_owned())),
            ("prefixes".to_owned(), map(&[("en", ""), ("zh-hans", "zh")])),
            ("domains".to_owned(), map(&[("zh-hans", "cn.example")])),
        ];
        Value::Array(vec![("url".to_owned(), Value::Array(url))])
    }

    #[test]
    fn a_language_has_a_path_prefix_or_a_host_or_neither() {
        let with = |source: &str| vec![("language.negotiation".to_owned(), negotiation(source))];
        let paths = languages(&with("path_prefix"));
        assert_eq!((paths.prefixes["zh-hans"].as_str(), paths.domains.len()), ("zh", 0));
        assert_eq!(languages(&with("domain")).domains["zh-hans"], "cn.example");
        let mut by_session = with("path_prefix");
        let types = "a:1:{s:11:\"negotiation\";a:1:{s:18:\"language_interface\";a:1:{s:7:\"enabled\";a:1:{s:16:\"language-session\";i:0;}}}}";
        by_session.push(("language.types".to_owned(), Value::parse(types).unwrap()));
        assert_eq!(languages(&by_session), Languages::default());
    }
}
