//! Public URLs of nodes.

use percent_encoding::utf8_percent_encode;
use url::Url;

use super::node::{Node, Translation};
use super::site::DrupalSite;
use crate::domain::percent::PATH_WITH_DELIMITERS;

/// Returns the URL of a node in one language: its newest alias, below the prefix or on the host
/// of the language.
pub(super) fn article_url(site: &DrupalSite, node: &Node, translation: &Translation) -> String {
    let languages = &site.languages;
    let neutral = matches!(translation.language.as_str(), "und" | "zxx" | "");
    let language = if neutral { &languages.default } else { &translation.language };
    let alias_for = |wanted: &str| {
        node.aliases.iter().rfind(|(language, _)| language == wanted).map(|(_, path)| path.as_str())
    };
    let path = alias_for(language)
        .or_else(|| alias_for(&translation.language))
        .or_else(|| alias_for("und"));
    let path = path.map_or_else(|| format!("/node/{}", node.id), str::to_owned);
    let home = languages
        .domains
        .get(language)
        .and_then(|host| on_host(&site.site_url, host))
        .unwrap_or_else(|| site.site_url.clone());
    let mut url = home;
    if let Some(prefix) = languages.prefixes.get(language).filter(|prefix| !prefix.is_empty()) {
        url.push('/');
        url.extend(utf8_percent_encode(prefix, PATH_WITH_DELIMITERS));
    }
    if !path.starts_with('/') {
        url.push('/');
    }
    url.extend(utf8_percent_encode(&path, PATH_WITH_DELIMITERS));
    url
}

/// Returns the URL of the site on another host.
fn on_host(home: &str, host: &str) -> Option<String> {
    let mut url = Url::parse(home).ok()?;
    if host.trim().is_empty() {
        return None;
    }
    let (name, port) =
        host.split_once(':').map_or((host, None), |(name, port)| (name, port.parse().ok()));
    url.set_host(Some(name)).ok()?;
    if port.is_some() {
        url.set_port(port).ok()?;
    }
    Some(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::displays::Displays;
    use super::super::formats::Formats;
    use super::super::site::Languages;
    use super::*;

    fn site() -> DrupalSite {
        DrupalSite {
            prefix: String::new(),
            site_url: "https://a.example/cms".into(),
            files_url: "https://a.example/cms/sites/default/files".into(),
            types: String::new(),
            condition: String::new(),
            has_scheduler: false,
            has_body: true,
            term_fields: Vec::new(),
            image_fields: Vec::new(),
            languages: Languages::default(),
            formats: Formats::from_config(std::iter::empty()),
            displays: Displays::default(),
            text_fields: Vec::new(),
            node_fields: Vec::new(),
            paragraph_fields: Vec::new(),
            block_fields: Vec::new(),
        }
    }

    fn node(aliases: &[(&str, &str)]) -> Node {
        Node {
            id: 7,
            aliases: aliases.iter().map(|(l, p)| ((*l).to_owned(), (*p).to_owned())).collect(),
            ..Node::default()
        }
    }

    fn in_language(language: &str) -> Translation {
        Translation { language: language.to_owned(), ..Translation::default() }
    }

    #[test]
    fn the_newest_alias_of_the_language_is_used_or_the_node_number() {
        let aliases =
            [("en", "/old"), ("und", "/any"), ("en", "/open day & night"), ("zh-hans", "/开放日")];
        assert_eq!(
            article_url(&site(), &node(&aliases), &in_language("en")),
            "https://a.example/cms/open%20day%20%26%20night"
        );
        assert_eq!(
            article_url(&site(), &node(&aliases), &in_language("de")),
            "https://a.example/cms/any"
        );
        assert_eq!(
            article_url(&site(), &node(&[]), &in_language("de")),
            "https://a.example/cms/node/7"
        );
    }

    #[test]
    fn the_url_has_the_prefix_or_the_host_of_its_language() {
        let mut with = site();
        with.languages.prefixes =
            [("en", ""), ("zh-hans", "zh")].map(|(l, p)| (l.to_owned(), p.to_owned())).into();
        assert_eq!(
            article_url(&with, &node(&[]), &in_language("zh-hans")),
            "https://a.example/cms/zh/node/7"
        );
        assert_eq!(
            article_url(&with, &node(&[]), &in_language("en")),
            "https://a.example/cms/node/7"
        );
        with.languages.default = "zh-hans".into();
        assert_eq!(
            article_url(&with, &node(&[("und", "/a")]), &in_language("und")),
            "https://a.example/cms/zh/a"
        );
        with.languages.prefixes.clear();
        with.languages.domains = [("zh-hans".to_owned(), "cn.example:8080".to_owned())].into();
        assert_eq!(
            article_url(&with, &node(&[]), &in_language("zh-hans")),
            "https://cn.example:8080/cms/node/7"
        );
    }
}
