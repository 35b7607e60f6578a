//! Reads the languages and translations of posts from the tables of Polylang or WPML, and the languages
//! of qTranslate from its options.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::languages::{Languages, Negotiation, QTRANSLATE};
use super::posts::number;
use super::session::WordPressSession;
use super::site::{WordPressSite, language_tag};
use crate::sources::php::Value;
use crate::sources::read_session::to_array;

/// Codes of qTranslate that are not language tags.
const TAGS_BY_CODE: [(&str, &str); 3] = [("pb", "pt-BR"), ("tw", "zh-TW"), ("zh", "zh-CN")];

/// Reads the languages from the tables or options of a plugin, if installed.
pub(super) async fn read(
    session: &mut WordPressSession,
    site: &WordPressSite,
) -> Result<Languages, anyhow::Error> {
    let mut languages = polylang(session, site).await?;
    if languages.tags.is_empty() {
        languages = wpml(session, site).await?;
    }
    if languages.tags.is_empty() {
        languages = qtranslate(site);
    }
    Ok(languages)
}

/// Reads Polylang's languages and groups of translations, which are terms.
async fn polylang(
    session: &mut WordPressSession,
    site: &WordPressSite,
) -> Result<Languages, anyhow::Error> {
    let sql = "SELECT t.slug, tt.description FROM {p}terms t JOIN {p}term_taxonomy tt ON tt.term_id = t.term_id WHERE tt.taxonomy = 'language'";
    let mut languages = Languages { plugin: "Polylang", ..Languages::default() };
    for row in session.rows(sql, &[]).await? {
        let [code, description] = to_array(row);
        let locale = Value::parse(&description)
            .map(|d| d.text("locale").to_owned())
            .filter(|locale| !locale.is_empty());
        languages.tags.insert(code.clone(), language_tag(locale.as_deref().unwrap_or(&code)));
    }
    let Some(options) =
        Value::parse(site.option("polylang")).filter(|_| !languages.tags.is_empty())
    else {
        return Ok(Languages::default());
    };
    let sql = "SELECT CAST(tr.object_id AS CHAR), t.slug FROM {p}term_relationships tr \
        JOIN {p}term_taxonomy tt ON tt.term_taxonomy_id = tr.term_taxonomy_id JOIN {p}terms t ON t.term_id = tt.term_id WHERE tt.taxonomy = 'language'";
    for row in session.rows(sql, &[]).await? {
        let [post, code] = to_array(row);
        languages.code_by_post.insert(number(&post), code);
    }
    let sql = "SELECT description FROM {p}term_taxonomy WHERE taxonomy = 'post_translations'";
    let mut groups: Vec<BTreeSet<u64>> = Vec::new();
    for row in session.rows(sql, &[]).await? {
        let [description] = to_array(row);
        if let Some(group) = Value::parse(&description) {
            groups.push(
                group
                    .entries()
                    .iter()
                    .map(|(code, _)| group.number(code))
                    .filter_map(|id| u64::try_from(id).ok())
                    .collect(),
            );
        }
    }
    languages.add_groups(groups, &public_posts(session).await?);
    languages.code_without_prefix =
        options.is_truthy("hide_default").then(|| options.text("default_lang").to_owned());
    let is_plain = site.option("permalink_structure").is_empty();
    languages.negotiation = match options.number("force_lang") {
        1 if is_plain => Negotiation::Parameter,
        1 => Negotiation::Directory(if options.is_truthy("rewrite") { "" } else { "language/" }),
        2 => Negotiation::Subdomain,
        3 => Negotiation::Hosts(hosts(options.get("domains"))),
        _ => Negotiation::None,
    };
    if matches!(languages.negotiation, Negotiation::Hosts(_)) {
        languages.code_without_prefix = None;
    }
    Ok(languages)
}

/// Reads WPML's languages and groups of translations from its tables.
async fn wpml(
    session: &mut WordPressSession,
    site: &WordPressSite,
) -> Result<Languages, anyhow::Error> {
    let sql = "SELECT CAST(element_id AS CHAR), CAST(trid AS CHAR), language_code FROM {p}icl_translations WHERE element_type = 'post_post' AND element_id IS NOT NULL";
    let Some(rows) = session.rows_if_readable(sql, &[]).await?.filter(|rows| !rows.is_empty())
    else {
        return Ok(Languages::default());
    };
    let mut languages = Languages { plugin: "WPML", ..Languages::default() };
    let mut groups: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for row in rows {
        let [post, group, code] = to_array(row);
        groups.entry(number(&group)).or_default().insert(number(&post));
        languages.tags.entry(code.clone()).or_insert_with(|| language_tag(&code));
        languages.code_by_post.insert(number(&post), code);
    }
    for sql in [
        "SELECT code, default_locale FROM {p}icl_languages",
        "SELECT code, locale FROM {p}icl_locale_map",
    ] {
        for row in session.rows_if_readable(sql, &[]).await?.unwrap_or_default() {
            let [code, locale] = to_array(row);
            languages.tags.entry(code).and_modify(|known| {
                *known = if locale.is_empty() { known.clone() } else { language_tag(&locale) }
            });
        }
    }
    languages.add_groups(groups.into_values(), &public_posts(session).await?);
    let Some(settings) = Value::parse(site.option("icl_sitepress_settings")) else {
        return Ok(languages);
    };
    let default = settings.text("default_language").to_owned();
    let is_named =
        settings.get("urls").is_some_and(|urls| urls.is_truthy("directory_for_default_language"));
    languages.code_without_prefix = Some(default).filter(|_| !is_named);
    languages.negotiation = match settings.number("language_negotiation_type") {
        1 if site.option("permalink_structure").is_empty() => Negotiation::Parameter,
        1 => Negotiation::Directory(""),
        2 => Negotiation::Hosts(hosts(settings.get("language_domains"))),
        3 => Negotiation::Parameter,
        _ => Negotiation::None,
    };
    Ok(languages)
}

/// Returns qTranslate's languages, which its options list; the texts contain the translations.
fn qtranslate(site: &WordPressSite) -> Languages {
    let Some(enabled) = Value::parse(site.option("qtranslate_enabled_languages")) else {
        return Languages::default();
    };
    let mut languages = Languages { plugin: QTRANSLATE, ..Languages::default() };
    let locales = Value::parse(site.option("qtranslate_locales"));
    for (_, code) in enabled.entries() {
        let Value::Text(code) = code else { continue };
        let locale = locales.as_ref().map_or("", |locales| locales.text(code));
        let tag = if locale.is_empty() { code_tag(code) } else { language_tag(locale) };
        languages.tags.insert(code.clone(), tag);
    }
    let is_off =
        |option: &str| site.options.get(option).is_some_and(|on| matches!(on.as_str(), "" | "0"));
    let default = site.option("qtranslate_default_language").to_owned();
    languages.code_without_prefix =
        (!is_off("qtranslate_hide_default_language")).then_some(default);
    languages.negotiation = match site.option("qtranslate_url_mode") {
        "1" => Negotiation::Parameter,
        "3" => Negotiation::Subdomain,
        "4" => Negotiation::Hosts(hosts(Value::parse(site.option("qtranslate_domains")).as_ref())),
        _ if site.option("permalink_structure").is_empty() => Negotiation::Parameter,
        _ => Negotiation::Directory(""),
    };
    languages
}

/// Returns the language tag of a code.
pub(super) fn code_tag(code: &str) -> String {
    let known = TAGS_BY_CODE.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| language_tag(code), |(_, tag)| (*tag).to_owned())
}

/// Returns the ids of public posts by date; a draft is never the original of a translation.
async fn public_posts(session: &mut WordPressSession) -> Result<Vec<u64>, anyhow::Error> {
    let sql = "SELECT CAST(ID AS CHAR) FROM {p}posts WHERE post_type = 'post' AND post_status = 'publish' AND post_password = '' ORDER BY post_date, ID";
    Ok(session
        .rows(sql, &[])
        .await?
        .iter()
        .filter_map(|row| row.first())
        .map(|id| number(id))
        .collect())
}

fn hosts(domains: Option<&Value>) -> HashMap<String, String> {
    let text = |value: &Value| match value {
        Value::Text(text) => {
            Some(text.trim_end_matches('/').to_owned()).filter(|text| !text.is_empty())
        }
        _ => None,
    };
    domains
        .map_or(&[][..], Value::entries)
        .iter()
        .filter_map(|(code, value)| Some((code.clone(), text(value)?)))
        .collect()
}
