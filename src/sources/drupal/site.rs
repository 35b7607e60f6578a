//! What a Drupal site says of itself: its tables, languages, text formats, and the fields of its nodes.

use std::collections::{BTreeSet, HashMap};

use super::formats::Formats;
use crate::config::Source;
use crate::sources::php::Value;
use crate::sources::session::{Session, columns};

/// A site that can be read.
pub(super) struct Site {
    /// Begins every table's name; letters, digits and underscores only.
    pub(super) prefix: String,
    /// The public address without a slash at its end.
    pub(super) home: String,
    /// Where public files are served, without a slash at its end.
    pub(super) files: String,
    /// Content types that are articles, as literals with commas between them.
    pub(super) types: String,
    /// Which nodes are out, or will be (an expression about `n`).
    pub(super) condition: String,
    /// When a node is or was published (an expression about `n`).
    pub(super) published_at: String,
    /// Whether bodies have a table.
    pub(super) has_body: bool,
    /// Fields that refer to terms, those that are tags marked.
    pub(super) term_fields: Vec<(String, bool)>,
    /// Fields that hold the lead image, the first that has one counts.
    pub(super) image_fields: Vec<(String, Holds)>,
    pub(super) languages: Languages,
    pub(super) formats: Formats,
}

/// What an image field refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    File,
    Media,
}

/// How languages show in addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Languages {
    /// The language of what has none.
    pub(super) default: String,
    /// What paths begin with.
    pub(super) prefixes: HashMap<String, String>,
    /// Hosts, where each language has its own.
    pub(super) domains: HashMap<String, String>,
}

/// For so many seconds after its time a scheduled node may wait for Drupal to publish it.
const GRACE: i64 = 3600;

/// Asks which tables and fields there are, and reads the configuration as far as it may be read.
pub(super) async fn site(session: &mut Session, source: &Source) -> anyhow::Result<Site> {
    let prefix = source.table_prefix.clone();
    let needed = [
        "nid",
        "type",
        "langcode",
        "status",
        "uid",
        "title",
        "created",
        "changed",
        "default_langcode",
    ];
    let advice = "; do its tables begin otherwise (table_prefix)";
    let nodes =
        session.needed("Drupal", &format!("{prefix}node_field_data"), &needed, advice).await?;
    let config = config(session, &prefix).await?;
    let fields = |wanted: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let described = config
            .iter()
            .filter(|(name, value)| name.starts_with("field.storage.node.") && wanted(value));
        described.map(|(_, value)| value.text("field_name").to_owned()).collect()
    };
    let refers = |value: &Value, target: &str| {
        value.get("settings").is_some_and(|settings| settings.text("target_type") == target)
    };
    let mut terms = vec!["field_tags".to_owned()];
    terms.extend(fields(&|value| refers(value, "taxonomy_term")));
    let mut images = vec![
        ("field_image".to_owned(), Holds::File),
        ("field_media_image".to_owned(), Holds::Media),
    ];
    images.extend(
        fields(&|value| value.text("type") == "image")
            .into_iter()
            .map(|field| (field, Holds::File)),
    );
    images.extend(
        fields(&|value| refers(value, "media")).into_iter().map(|field| (field, Holds::Media)),
    );
    let mut site = Site {
        home: source.site_url.clone(),
        files: source.files_url.clone(),
        types: session.texts(source.content_types.iter().map(String::as_str)),
        condition: "n.status = 1".to_owned(),
        published_at: "n.created".to_owned(),
        has_body: session.columns(&format!("{prefix}node__body")).await?.contains("body_value"),
        term_fields: Vec::new(),
        image_fields: Vec::new(),
        languages: languages(&config),
        formats: Formats::of(
            config
                .iter()
                .filter(|(name, _)| name.starts_with("filter.format."))
                .map(|(_, value)| value),
        ),
        prefix,
    };
    if nodes.contains("publish_on") {
        site.condition = format!("(n.status = 1 OR n.publish_on > {} - {GRACE})", session.clock());
        site.published_at =
            "CASE WHEN n.status = 1 THEN n.created ELSE n.publish_on END".to_owned();
    }
    let mut seen = BTreeSet::new();
    for field in terms {
        if seen.insert(field.clone()) && has_field(session, &site.prefix, &field).await? {
            let is_tags = field == "field_tags";
            site.term_fields.push((field, is_tags));
        }
    }
    for (field, holds) in images {
        if seen.insert(field.clone()) && has_field(session, &site.prefix, &field).await? {
            site.image_fields.push((field, holds));
        }
    }
    Ok(site)
}

/// Whether nodes have a field of this name that refers to something.
async fn has_field(session: &mut Session, prefix: &str, field: &str) -> anyhow::Result<bool> {
    // The name becomes part of a query.
    if !field.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Ok(false);
    }
    Ok(session
        .columns(&format!("{prefix}node__{field}"))
        .await?
        .contains(&format!("{field}_target_id")))
}

/// The parts of the configuration that are used; none of it where it may not be read.
async fn config(session: &mut Session, prefix: &str) -> anyhow::Result<Vec<(String, Value)>> {
    let sql = format!(
        "SELECT c.name, c.data FROM {prefix}config c WHERE c.collection = '' AND (c.name IN ('language.negotiation', 'language.types', 'system.site') \
         OR c.name LIKE 'filter.format.%' OR c.name LIKE 'field.storage.node.%') ORDER BY c.name"
    );
    let rows = session.rows_if_there(&sql).await?.into_iter().map(columns);
    Ok(rows.filter_map(|[name, data]| Some((name, Value::read(&data)?))).collect())
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
    fn languages_show_in_paths_or_hosts_or_not_at_all() {
        let with = |source: &str| vec![("language.negotiation".to_owned(), negotiation(source))];
        let paths = languages(&with("path_prefix"));
        assert_eq!((paths.prefixes["zh-hans"].as_str(), paths.domains.len()), ("zh", 0));
        assert_eq!(languages(&with("domain")).domains["zh-hans"], "cn.example");
        let mut by_session = with("path_prefix");
        let types = "a:1:{s:11:\"negotiation\";a:1:{s:18:\"language_interface\";a:1:{s:7:\"enabled\";a:1:{s:16:\"language-session\";i:0;}}}}";
        by_session.push(("language.types".to_owned(), Value::read(types).unwrap()));
        assert_eq!(languages(&by_session), Languages::default());
    }
}
