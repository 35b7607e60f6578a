//! Multilingual WordPress sites: the language and translations of posts from Polylang or WPML.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use url::Url;

use super::posts::{columns, number};
use super::session::WordPressSession;
use super::site::{WordPressSite, language_tag};
use crate::sources::php::Value;

/// The form in which a URL contains its language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Negotiation {
    /// URLs do not contain the language.
    #[default]
    None,
    /// A directory below the site's URL; the value is a prefix of its name.
    Directory(&'static str),
    /// A subdomain of the site's host.
    Subdomain,
    /// A host, or a complete base URL, for each language.
    Hosts(HashMap<String, String>),
    /// The query parameter `lang`.
    Parameter,
}

/// The languages of a site's posts; empty for a site with one language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Languages {
    /// Name of the plugin that manages them.
    pub(super) plugin: &'static str,
    /// Language tags by the codes used in URLs.
    tags: BTreeMap<String, String>,
    codes: HashMap<u64, String>,
    originals: HashMap<u64, u64>,
    negotiation: Negotiation,
    /// Code of the language that URLs do not contain.
    code_without_prefix: Option<String>,
}

/// Reads the languages from the tables of either plugin, if installed.
pub(super) async fn read(
    database: &mut WordPressSession,
    site: &WordPressSite,
) -> Result<Languages, anyhow::Error> {
    let mut languages = polylang(database, site).await?;
    if languages.tags.is_empty() {
        languages = wpml(database, site).await?;
    }
    Ok(languages)
}

/// Reads Polylang's languages and groups of translations, which are terms.
async fn polylang(
    database: &mut WordPressSession,
    site: &WordPressSite,
) -> Result<Languages, anyhow::Error> {
    let sql = "SELECT t.slug, tt.description FROM {p}terms t JOIN {p}term_taxonomy tt ON tt.term_id = t.term_id WHERE tt.taxonomy = 'language'";
    let mut languages = Languages { plugin: "Polylang", ..Languages::default() };
    for row in database.rows(sql, &[]).await? {
        let [code, description] = columns(row);
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
    for row in database.rows(sql, &[]).await? {
        let [post, code] = columns(row);
        languages.codes.insert(number(&post), code);
    }
    let sql = "SELECT description FROM {p}term_taxonomy WHERE taxonomy = 'post_translations'";
    let mut groups: Vec<BTreeSet<u64>> = Vec::new();
    for row in database.rows(sql, &[]).await? {
        let [description] = columns(row);
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
    languages.add_groups(groups, &public_posts(database).await?);
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
    database: &mut WordPressSession,
    site: &WordPressSite,
) -> Result<Languages, anyhow::Error> {
    let sql = "SELECT CAST(element_id AS CHAR), CAST(trid AS CHAR), language_code FROM {p}icl_translations WHERE element_type = 'post_post' AND element_id IS NOT NULL";
    let Some(rows) = database.rows_if_readable(sql, &[]).await?.filter(|rows| !rows.is_empty())
    else {
        return Ok(Languages::default());
    };
    let mut languages = Languages { plugin: "WPML", ..Languages::default() };
    let mut groups: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for row in rows {
        let [post, group, code] = columns(row);
        groups.entry(number(&group)).or_default().insert(number(&post));
        languages.tags.entry(code.clone()).or_insert_with(|| language_tag(&code));
        languages.codes.insert(number(&post), code);
    }
    for sql in [
        "SELECT code, default_locale FROM {p}icl_languages",
        "SELECT code, locale FROM {p}icl_locale_map",
    ] {
        for row in database.rows_if_readable(sql, &[]).await?.unwrap_or_default() {
            let [code, locale] = columns(row);
            languages.tags.entry(code).and_modify(|known| {
                *known = if locale.is_empty() { known.clone() } else { language_tag(&locale) }
            });
        }
    }
    languages.add_groups(groups.into_values(), &public_posts(database).await?);
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

/// Returns the ids of public posts; a draft is never the original of a translation.
async fn public_posts(database: &mut WordPressSession) -> Result<HashSet<u64>, anyhow::Error> {
    let sql = "SELECT CAST(ID AS CHAR) FROM {p}posts WHERE post_type = 'post' AND post_status IN ('publish', 'future') AND post_password = ''";
    Ok(database
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

impl Languages {
    /// Returns the language tags of the site.
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.values().map(String::as_str)
    }

    /// Returns the language tag of a post, if the plugin assigned one.
    pub(super) fn tag_of(&self, post: u64) -> Option<&str> {
        self.tags.get(self.codes.get(&post)?).map(String::as_str)
    }

    /// Returns the post that this one translates: the first public one of its group.
    pub(super) fn original(&self, post: u64) -> Option<u64> {
        self.originals.get(&post).copied()
    }

    /// Returns the URL of a post in the form for its language.
    pub(super) fn localize(&self, post: u64, site: &WordPressSite, url: &str) -> String {
        match self.codes.get(&post).filter(|code| self.code_without_prefix.as_ref() != Some(*code))
        {
            Some(code) => self.localized_url(code, site, url).unwrap_or_else(|| url.to_owned()),
            None => url.to_owned(),
        }
    }

    fn localized_url(&self, code: &str, site: &WordPressSite, url: &str) -> Option<String> {
        match &self.negotiation {
            Negotiation::None => None,
            Negotiation::Directory(before) => {
                let index = if site
                    .option("permalink_structure")
                    .trim_start_matches('/')
                    .starts_with("index.php")
                {
                    "index.php/"
                } else {
                    ""
                };
                let root = format!("{}/{index}", site.home());
                url.strip_prefix(&root).map(|path| format!("{root}{before}{code}/{path}"))
            }
            Negotiation::Subdomain => {
                let mut url = Url::parse(url).ok()?;
                let host = url.host_str()?.trim_start_matches("www.").to_owned();
                url.set_host(Some(&format!("{code}.{host}"))).ok()?;
                Some(url.into())
            }
            Negotiation::Hosts(hosts) => {
                let host = hosts.get(code)?;
                let path = url.strip_prefix(site.home())?;
                if host.contains("://") {
                    return Some(format!("{host}{path}"));
                }
                let mut url = Url::parse(url).ok()?;
                url.set_host(Some(host)).ok()?;
                Some(url.into())
            }
            Negotiation::Parameter => {
                let mark = if url.contains('?') { '&' } else { '?' };
                Some(format!("{url}{mark}lang={code}"))
            }
        }
    }

    fn add_groups(
        &mut self,
        groups: impl IntoIterator<Item = BTreeSet<u64>>,
        public: &HashSet<u64>,
    ) {
        for group in groups {
            let mut visible = group.into_iter().filter(|id| public.contains(id));
            if let Some(first) = visible.next() {
                self.originals.extend(visible.map(|other| (other, first)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(structure: &str) -> WordPressSite {
        let mut site = WordPressSite::default();
        site.options.insert("home".into(), "https://www.a.example/blog".into());
        site.options.insert("permalink_structure".into(), structure.into());
        site
    }

    fn languages(negotiation: Negotiation, silent: Option<&str>) -> Languages {
        Languages {
            tags: [("en", "en-GB"), ("zh", "zh-CN")]
                .map(|(code, tag)| (code.to_owned(), tag.to_owned()))
                .into(),
            codes: [(1, "en".to_owned()), (2, "zh".to_owned())].into(),
            negotiation,
            code_without_prefix: silent.map(str::to_owned),
            ..Languages::default()
        }
    }

    #[test]
    fn a_url_has_its_language_in_the_form_of_the_site() {
        let hosts = [
            ("zh".to_owned(), "cn.example".to_owned()),
            ("en".to_owned(), "https://en.example".to_owned()),
        ]
        .into();
        for (negotiation, structure, first, second) in [
            (
                Negotiation::None,
                "/%postname%/",
                "https://www.a.example/blog/x/",
                "https://www.a.example/blog/x/",
            ),
            (
                Negotiation::Directory(""),
                "/%postname%/",
                "https://www.a.example/blog/x/",
                "https://www.a.example/blog/zh/x/",
            ),
            (
                Negotiation::Directory("language/"),
                "/%postname%/",
                "https://www.a.example/blog/x/",
                "https://www.a.example/blog/language/zh/x/",
            ),
            (
                Negotiation::Subdomain,
                "/%postname%/",
                "https://www.a.example/blog/x/",
                "https://zh.a.example/blog/x/",
            ),
            (
                Negotiation::Hosts(hosts),
                "/%postname%/",
                "https://www.a.example/blog/x/",
                "https://cn.example/blog/x/",
            ),
            (
                Negotiation::Parameter,
                "",
                "https://www.a.example/blog/x/",
                "https://www.a.example/blog/x/?lang=zh",
            ),
        ] {
            let all = languages(negotiation.clone(), Some("en"));
            let plain = "https://www.a.example/blog/x/";
            assert_eq!(all.localize(1, &site(structure), plain), first, "{negotiation:?}");
            assert_eq!(all.localize(2, &site(structure), plain), second, "{negotiation:?}");
            assert_eq!(
                all.localize(3, &site(structure), plain),
                plain,
                "a post without a language"
            );
        }
        let index = languages(Negotiation::Directory(""), None);
        let plain = "https://www.a.example/blog/index.php/x";
        assert_eq!(
            index.localize(1, &site("/index.php/%postname%"), plain),
            "https://www.a.example/blog/index.php/en/x"
        );
    }

    #[test]
    fn a_draft_is_never_the_original_of_a_translation() {
        let mut all = Languages::default();
        all.add_groups([BTreeSet::from([3, 5, 7]), BTreeSet::from([9])], &HashSet::from([5, 7, 9]));
        assert_eq!([3, 5, 7, 9].map(|id| all.original(id)), [None, None, Some(5), None]);
    }
}
