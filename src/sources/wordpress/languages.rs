//! Multilingual WordPress sites: the languages and translations of posts, and the URLs in each
//! language.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use url::Url;

/// Name of the plugin whose posts contain all languages.
pub(super) const QTRANSLATE: &str = "qTranslate";

/// The form in which a URL contains its language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Negotiation {
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
    pub(super) tags: BTreeMap<String, String>,
    /// Code of the language of each post, by its id.
    pub(super) code_by_post: HashMap<u64, String>,
    /// Post that each translation translates, by its id.
    pub(super) original_by_post: HashMap<u64, u64>,
    pub(super) negotiation: Negotiation,
    /// Code of the language that URLs do not contain.
    pub(super) code_without_prefix: Option<String>,
}

impl Languages {
    /// Returns the language tags of the site.
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.values().map(String::as_str)
    }

    /// Returns the language tag of a post, if the plugin assigned one.
    pub(super) fn tag_of(&self, post: u64) -> Option<&str> {
        self.tags.get(self.code_by_post.get(&post)?).map(String::as_str)
    }

    /// Returns the post that this one translates: the one of its group that was published first.
    pub(super) fn original(&self, post: u64) -> Option<u64> {
        self.original_by_post.get(&post).copied()
    }

    /// Returns the URL of a post in the form for its language; `home` is the URL of the site
    /// without a trailing slash, and `structure` its permalink structure.
    pub(super) fn localize(&self, post: u64, home: &str, structure: &str, url: &str) -> String {
        match self.code_by_post.get(&post) {
            Some(code) => self.url_in(code, home, structure, url),
            None => url.to_owned(),
        }
    }

    /// Returns the URL of a post in the form for a language with this code.
    pub(super) fn url_in(&self, code: &str, home: &str, structure: &str, url: &str) -> String {
        let has_prefix = self.code_without_prefix.as_deref() != Some(code);
        let localized = has_prefix.then(|| self.localized_url(code, home, structure, url));
        localized.flatten().unwrap_or_else(|| url.to_owned())
    }

    fn localized_url(&self, code: &str, home: &str, structure: &str, url: &str) -> Option<String> {
        match &self.negotiation {
            Negotiation::None => None,
            Negotiation::Directory(before) => {
                let has_index = structure.trim_start_matches('/').starts_with("index.php");
                let root = format!("{home}/{}", if has_index { "index.php/" } else { "" });
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
                let path = url.strip_prefix(home)?;
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

    /// Adds groups of translations, of which only the public posts count; `public` lists them by
    /// date, so that a post that is published later does not become the original of the others.
    pub(super) fn add_groups(
        &mut self,
        groups: impl IntoIterator<Item = BTreeSet<u64>>,
        public: &[u64],
    ) {
        let places: HashMap<u64, usize> =
            public.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        for group in groups {
            let visible: BTreeSet<usize> =
                group.iter().filter_map(|id| places.get(id)).copied().collect();
            let mut visible = visible.into_iter().map(|place| public[place]);
            if let Some(first) = visible.next() {
                self.original_by_post.extend(visible.map(|other| (other, first)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "https://www.a.example/blog";

    fn languages(negotiation: Negotiation, silent: Option<&str>) -> Languages {
        Languages {
            tags: [("en", "en-GB"), ("zh", "zh-CN")]
                .map(|(code, tag)| (code.to_owned(), tag.to_owned()))
                .into(),
            code_by_post: [(1, "en".to_owned()), (2, "zh".to_owned())].into(),
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
            assert_eq!(all.localize(1, HOME, structure, plain), first, "{negotiation:?}");
            assert_eq!(all.localize(2, HOME, structure, plain), second, "{negotiation:?}");
            assert_eq!(all.localize(3, HOME, structure, plain), plain, "a post without a language");
        }
        let index = languages(Negotiation::Directory(""), None);
        let plain = "https://www.a.example/blog/index.php/x";
        assert_eq!(
            index.localize(1, HOME, "/index.php/%postname%", plain),
            "https://www.a.example/blog/index.php/en/x"
        );
    }

    #[test]
    fn a_draft_is_never_the_original_of_a_translation() {
        let mut all = Languages::default();
        all.add_groups([BTreeSet::from([3, 5, 7]), BTreeSet::from([9])], &[5, 9, 7]);
        assert_eq!([3, 5, 7, 9].map(|id| all.original(id)), [None, None, Some(5), None]);
    }

    #[test]
    fn a_post_that_is_published_later_is_not_the_original() {
        let mut all = Languages::default();
        all.add_groups([BTreeSet::from([3, 5])], &[5, 3]);
        assert_eq!([3, 5].map(|id| all.original(id)), [Some(5), None]);
    }
}
