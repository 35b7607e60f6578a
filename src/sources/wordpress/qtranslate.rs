//! Posts whose texts contain several languages, as qTranslate and its successors store them:
//! `[:en]Hello[:zh]你好[:]`.

use std::borrow::Cow;

use super::language_plugins::code_tag;
use super::languages::{Languages, Negotiation, QTRANSLATE};
use super::site::{Post, WordPressSite};
use crate::domain::article::{IncomingArticle, SourceRow};

/// A post in one of its languages.
pub(super) struct LanguageVersion {
    /// The post with the texts of this language.
    pub(super) post: Post,
    /// Language tag; `None` for a post without languages.
    pub(super) language: Option<String>,
    /// Code of the language in the texts; that of the site for a post without languages.
    code: String,
    /// Code of the language whose version has the id of the post.
    default: String,
    /// Codes of all languages of the post.
    codes: Vec<String>,
    /// Id of the version that the others translate.
    original: String,
}

/// Returns a post once in each of its languages, that of the site first. A post without languages is
/// returned as it is.
pub(super) fn versions(site: &WordPressSite, post: Post, language: &str) -> Vec<LanguageVersion> {
    let default = default_code(site, language);
    let mut codes = codes(site, &post);
    codes.sort_by_key(|code| *code != default);
    let Some(first) = codes.first() else {
        let original = post.id.to_string();
        return vec![LanguageVersion {
            post,
            language: None,
            code: default.clone(),
            default,
            codes,
            original,
        }];
    };
    let original = version_id(&post, first, &default);
    let all = codes.clone();
    let version = |code: &String| LanguageVersion {
        post: Post {
            title: in_language(&post.title, code, &default).into_owned(),
            excerpt: text_of(&post.excerpt, code),
            content: post.content.as_deref().map(|content| text_of(content, code)),
            ..post.clone()
        },
        language: Some(tag(site, code)),
        code: code.clone(),
        default: default.clone(),
        codes: all.clone(),
        original: original.clone(),
    };
    codes.iter().map(version).collect()
}

impl LanguageVersion {
    /// Gives the row of a post the id, URL and names of its language.
    pub(super) fn apply(&self, site: &WordPressSite, row: SourceRow) -> SourceRow {
        match row {
            SourceRow::Article(mut article) => {
                self.apply_to(site, &mut article);
                SourceRow::Article(article)
            }
            SourceRow::NotPublic { reason, .. } => SourceRow::NotPublic {
                ids: vec![version_id(&self.post, &self.code, &self.default)],
                reason,
            },
            scheduled @ SourceRow::Scheduled { .. } => scheduled,
            SourceRow::Rejected { reason, .. } => SourceRow::Rejected {
                id: version_id(&self.post, &self.code, &self.default),
                reason,
            },
        }
    }

    /// Gives the article of a post the id, URL and names of its language.
    pub(super) fn apply_to(&self, site: &WordPressSite, article: &mut IncomingArticle) {
        let pick = |text: &mut String| {
            if let Cow::Owned(own) = in_language(text, &self.code, &self.default) {
                *text = own;
            }
        };
        let lists = [&mut article.sections, &mut article.tags, &mut article.authors];
        lists.into_iter().flatten().chain(article.image_alt.as_mut()).for_each(pick);
        // Lists of other posts contain titles in all languages.
        pick(&mut article.body_html);
        if self.language.is_none() {
            return;
        }
        let structure = site.option("permalink_structure");
        article.url = article.url.take().map(|mut url| {
            pick(&mut url);
            if site.languages.plugin.is_empty() {
                self.url_by_parameter(site.home(), &url)
            } else {
                site.languages.url_in(&self.code, site.home(), structure, &url)
            }
        });
        article.source_id = version_id(&self.post, &self.code, &self.default);
        article.translation_of =
            (article.source_id != self.original).then(|| self.original.clone());
        if self.code != self.default {
            // In the feeds of the site all languages of a post have one guid.
            article.guid = None;
        }
    }
}

impl LanguageVersion {
    /// Returns a URL in this language on a site of which only the texts are known, as in an export:
    /// qTranslate accepts the parameter in every form of URL, and prefers it to the form.
    fn url_by_parameter(&self, home: &str, url: &str) -> String {
        let path = url.strip_prefix(home).unwrap_or_default();
        let stated = path.trim_start_matches('/').split(['/', '?', '#']).next();
        let stated = stated.filter(|code| self.codes.iter().any(|known| known == code));
        if stated.unwrap_or(&self.default) == self.code {
            return url.to_owned();
        }
        let by_parameter =
            Languages { negotiation: Negotiation::Parameter, ..Languages::default() };
        by_parameter.url_in(&self.code, home, "", url)
    }
}

/// Returns the code of the language whose version has the id of the post.
fn default_code(site: &WordPressSite, language: &str) -> String {
    let stated = site.option("qtranslate_default_language");
    let primary = language.split('-').next().unwrap_or_default();
    if stated.is_empty() { primary.to_lowercase() } else { stated.to_owned() }
}

fn version_id(post: &Post, code: &str, default: &str) -> String {
    if code == default { post.id.to_string() } else { format!("{}-{code}", post.id) }
}

fn tag(site: &WordPressSite, code: &str) -> String {
    site.languages.tags.get(code).cloned().unwrap_or_else(|| code_tag(code))
}

/// Returns the codes of the languages that the body of a post contains, else those of its title.
fn codes(site: &WordPressSite, post: &Post) -> Vec<String> {
    let of = |text: &str| -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (code, part) in parts(text) {
            if !code.is_empty() && !part.trim().is_empty() && !found.iter().any(|one| one == code) {
                found.push(code.to_owned());
            }
        }
        let is_known = site.languages.plugin == QTRANSLATE;
        if is_known {
            found.retain(|code| site.languages.tags.contains_key(code));
        }
        let is_marked = text.contains("[:]") || text.contains("<!--:-->") || found.len() > 1;
        if is_known || is_marked { found } else { Vec::new() }
    };
    let found = of(post.content.as_deref().unwrap_or_default());
    if found.is_empty() { of(&post.title) } else { found }
}

/// Returns the parts of a text with the code of their language; empty for all languages.
fn parts(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let (mut code, mut at, mut search) = ("", 0, 0);
    while let Some(start) = text[search..].find(['[', '<']).map(|next| next + search) {
        search = start + 1;
        let Some((next, length)) = marker(&text[start..]) else { continue };
        found.push((code, &text[at..start]));
        code = next;
        at = start + length;
        search = at;
    }
    found.push((code, &text[at..]));
    found
}

/// Returns the code and length of a marker at the beginning of a text; an empty code ends a language.
fn marker(text: &str) -> Option<(&str, usize)> {
    for (before, after) in [("[:", "]"), ("<!--:", "-->")] {
        let Some(inside) = text.strip_prefix(before) else { continue };
        let length = inside.bytes().take_while(u8::is_ascii_lowercase).count();
        let is_code = matches!(length, 0 | 2 | 3) && inside[length..].starts_with(after);
        return is_code.then(|| (&inside[..length], before.len() + length + after.len()));
    }
    None
}

/// Returns the parts of a text in one language, and those for all languages.
fn text_of(text: &str, code: &str) -> String {
    parts(text)
        .into_iter()
        .filter(|(own, _)| own.is_empty() || *own == code)
        .map(|(_, part)| part)
        .collect()
}

/// Returns a text in a language, else in the default language, else in its first one.
fn in_language<'t>(text: &'t str, code: &str, default: &str) -> Cow<'t, str> {
    if !text.contains("[:]") && !text.contains("<!--:-->") && !text.starts_with("[:") {
        return Cow::Borrowed(text);
    }
    let parts = parts(text);
    let has = |code: &&str| parts.iter().any(|(own, part)| own == code && !part.trim().is_empty());
    let first = parts.iter().map(|(own, _)| *own).find(|own| !own.is_empty() && has(own));
    match [code, default].into_iter().find(has).or(first) {
        Some(code) => Cow::Owned(text_of(text, code)),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(title: &str, content: &str) -> Vec<(String, String, String)> {
        let post = Post {
            id: 7,
            title: title.to_owned(),
            content: Some(content.to_owned()),
            ..Post::default()
        };
        versions(&WordPressSite::default(), post, "en-GB")
            .into_iter()
            .map(|version| {
                let mut article =
                    IncomingArticle { source_id: "7".into(), ..IncomingArticle::default() };
                version.apply_to(&WordPressSite::default(), &mut article);
                (article.source_id, version.post.title, version.post.content.unwrap_or_default())
            })
            .collect()
    }

    fn version(id: &str, title: &str, content: &str) -> (String, String, String) {
        (id.to_owned(), title.to_owned(), content.to_owned())
    }

    #[test]
    fn every_language_of_a_post_is_a_version_with_its_own_id() {
        let both = [version("7", "Vats", "Old. Both."), version("7-zh", "染缸", "旧。 Both.")];
        assert_eq!(found("[:zh]染缸[:en]Vats[:]", "[:zh]旧。[:en]Old.[:] Both."), both);
        assert_eq!(
            found(
                "<!--:en-->Vats<!--:--><!--:zh-->染缸<!--:-->",
                "<!--:en-->Old.<!--:--><!--:zh-->旧。<!--:--> Both."
            ),
            both
        );
        assert_eq!(
            found("[:en]Vats[:zh]染缸[:]", "[:zh]旧。[:]"),
            [version("7-zh", "染缸", "旧。")]
        );
        assert_eq!(found("[:de]Kübel[:]", "[:zh]旧。[:]"), [version("7-zh", "Kübel", "旧。")]);
    }

    #[test]
    fn without_the_settings_of_the_site_a_parameter_states_the_language() {
        let site = WordPressSite {
            options: [("home".to_owned(), "https://a.example".to_owned())].into(),
            ..WordPressSite::default()
        };
        let urls = |url: &str| -> Vec<String> {
            let post =
                Post { id: 7, title: "[:en]Vats[:zh]染缸[:]".to_owned(), ..Post::default() };
            let url_in = |version: LanguageVersion| {
                let mut article =
                    IncomingArticle { url: Some(url.to_owned()), ..IncomingArticle::default() };
                version.apply_to(&site, &mut article);
                article.url.unwrap()
            };
            versions(&site, post, "en-GB").into_iter().map(url_in).collect()
        };
        let vats = "https://a.example/vats/";
        assert_eq!(urls(vats), [vats.to_owned(), format!("{vats}?lang=zh")]);
        let zh = "https://a.example/zh/vats/";
        assert_eq!(urls(zh), [format!("{zh}?lang=en"), zh.to_owned()]);
        assert_eq!(
            urls("https://a.example/?p=7&x=[:en]a[:zh]b[:]"),
            ["https://a.example/?p=7&x=a", "https://a.example/?p=7&x=b&lang=zh"]
        );
    }

    #[test]
    fn other_texts_are_unchanged() {
        for text in ["Text", "Write [:en] before it.", "a [: b ] <!--: c --> [:]", "[:12]"] {
            assert_eq!(found("Title", text), [version("7", "Title", text)]);
        }
    }
}
