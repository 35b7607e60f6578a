//! The public addresses of nodes and files.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::nodes::{Node, Translation};
use super::site::Site;

/// Characters that keep their meaning in a path; an alias is kept as people write it, unescaped.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b'+')
    .remove(b'=');

/// A node's address in one of its languages: its newest alias, below the language's prefix or on its host.
pub(super) fn article(site: &Site, node: &Node, translation: &Translation) -> String {
    let languages = &site.languages;
    let neutral = matches!(translation.language.as_str(), "und" | "zxx" | "");
    let language = if neutral { &languages.default } else { &translation.language };
    let of = |wanted: &str| {
        node.aliases.iter().rfind(|(language, _)| language == wanted).map(|(_, path)| path.as_str())
    };
    let path = of(language).or_else(|| of(&translation.language)).or_else(|| of("und"));
    let path = path.map_or_else(|| format!("/node/{}", node.id), str::to_owned);
    let home = languages
        .domains
        .get(language)
        .and_then(|host| on_host(&site.home, host))
        .unwrap_or_else(|| site.home.clone());
    let mut address = home;
    if let Some(prefix) = languages.prefixes.get(language).filter(|prefix| !prefix.is_empty()) {
        address.push('/');
        address.extend(utf8_percent_encode(prefix, PATH));
    }
    if !path.starts_with('/') {
        address.push('/');
    }
    address.extend(utf8_percent_encode(&path, PATH));
    address
}

/// The site's address on another host.
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

/// A file's address, if everybody may have it.
pub(super) fn file(site: &Site, uri: &str) -> Option<String> {
    if uri.starts_with("http://") || uri.starts_with("https://") {
        return Some(uri.to_owned());
    }
    let path = uri.strip_prefix("public://")?;
    Some(format!("{}/{}", site.files, utf8_percent_encode(path.trim_start_matches('/'), PATH)))
}

#[cfg(test)]
mod tests {
    use super::super::formats::Formats;
    use super::super::site::Languages;
    use super::*;

    fn site() -> Site {
        Site {
            prefix: String::new(),
            home: "https://a.example/cms".into(),
            files: "https://a.example/cms/sites/default/files".into(),
            types: String::new(),
            condition: String::new(),
            published_at: String::new(),
            has_body: true,
            term_fields: Vec::new(),
            image_fields: Vec::new(),
            languages: Languages::default(),
            formats: Formats::of(std::iter::empty()),
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
    fn the_newest_alias_of_the_language_counts_and_a_number_where_there_is_none() {
        let aliases =
            [("en", "/old"), ("und", "/any"), ("en", "/open day & night"), ("zh-hans", "/开放日")];
        assert_eq!(
            article(&site(), &node(&aliases), &in_language("en")),
            "https://a.example/cms/open%20day%20%26%20night"
        );
        assert_eq!(
            article(&site(), &node(&aliases), &in_language("de")),
            "https://a.example/cms/any"
        );
        assert_eq!(
            article(&site(), &node(&[]), &in_language("de")),
            "https://a.example/cms/node/7"
        );
    }

    #[test]
    fn a_language_has_its_prefix_or_its_host() {
        let mut with = site();
        with.languages.prefixes =
            [("en", ""), ("zh-hans", "zh")].map(|(l, p)| (l.to_owned(), p.to_owned())).into();
        assert_eq!(
            article(&with, &node(&[]), &in_language("zh-hans")),
            "https://a.example/cms/zh/node/7"
        );
        assert_eq!(article(&with, &node(&[]), &in_language("en")), "https://a.example/cms/node/7");
        with.languages.default = "zh-hans".into();
        assert_eq!(
            article(&with, &node(&[("und", "/a")]), &in_language("und")),
            "https://a.example/cms/zh/a"
        );
        with.languages.prefixes.clear();
        with.languages.domains = [("zh-hans".to_owned(), "cn.example:8080".to_owned())].into();
        assert_eq!(
            article(&with, &node(&[]), &in_language("zh-hans")),
            "https://cn.example:8080/cms/node/7"
        );
    }

    #[test]
    fn only_public_files_have_an_address() {
        assert_eq!(
            file(&site(), "public://2026-09/the vat.jpg").unwrap(),
            "https://a.example/cms/sites/default/files/2026-09/the%20vat.jpg"
        );
        assert_eq!(file(&site(), "private://salaries.pdf"), None);
    }
}
