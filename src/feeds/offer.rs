//! Which feeds there are: those of the config, and for every section, tag, author and language, and what is chosen by
//! several of them, one that is made when somebody asks.

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::archive::Page;
use super::format::Format;
use crate::config::{Config, Content, Feed};
use crate::domain::links;
use crate::domain::selection::{Kind, Selection, term};
use crate::domain::time::Millis;
use crate::store::{Store, StoreResult};

/// Kinds of terms that a reader may choose by.
const CHOICES: [Kind; 4] = [Kind::Section, Kind::Tag, Kind::Author, Kind::Language];
/// Terms that may be chosen together.
const MOST_TERMS: usize = 8;
/// The longest term that is looked for, in bytes.
const LONGEST_TERM: usize = 800;
/// Articles in a feed on demand.
const ITEMS: usize = 50;

/// What an address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which feed.
    pub subject: Subject,
    /// Which of its documents.
    pub place: Place,
    /// In which format; none: the page for people.
    pub format: Option<Format>,
}

/// Which feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// One that the config may have.
    Declared(String),
    /// The articles with these terms.
    Chosen(Selection),
}

/// Which document of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Its newest articles.
    Newest,
    /// A page of its archive.
    Page(Page),
    /// What comes after a page.
    After(Page),
}

impl Asked {
    /// Reads the part of an address behind `/feeds/`, as it was sent: `news.rss`, `section/R%26D.atom`,
    /// `news/archive/2026-08.json`.
    pub fn by_path(path: &str) -> Option<Self> {
        let mut segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let last = segments.pop()?;
        let (last, format) = with_format(last);
        segments.push(last);
        let (subject, rest) = match segments.as_slice() {
            [name, rest @ ..] if rest.is_empty() || rest[0] == "archive" => (Subject::Declared(decoded(name)?), rest),
            [kind, name, rest @ ..] => {
                let kind = Kind::named(kind).filter(|kind| CHOICES.contains(kind))?;
                let mut selection = Selection::default();
                selection.list_mut(kind).push(usable(&decoded(name)?)?);
                (Subject::Chosen(selection), rest)
            }
            _ => return None,
        };
        let place = match rest {
            [] => Place::Newest,
            ["archive", page] => Place::Page(page.parse().ok()?),
            ["archive", page, "next"] => Place::After(page.parse().ok()?),
            _ => return None,
        };
        Some(Self { subject, place, format })
    }

    /// Reads the query of `/feeds.rss?section=…&tag=…`; what it does not know is ignored, for readers append things.
    pub fn by_query(format: Format, query: &str) -> Option<Self> {
        let mut selection = Selection::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(kind) = Kind::named(&key).filter(|kind| CHOICES.contains(kind)) else { continue };
            let list = selection.list_mut(kind);
            list.push(usable(&value)?);
            list.sort();
            list.dedup();
        }
        let terms: usize = CHOICES.iter().map(|kind| selection.list(*kind).len()).sum();
        (terms <= MOST_TERMS).then_some(Self { subject: Subject::Chosen(selection), place: Place::Newest, format: Some(format) })
    }
}

/// A last segment and the format it ends with.
fn with_format(last: &str) -> (&str, Option<Format>) {
    let found = last.rsplit_once('.').and_then(|(name, extension)| Some((name, Format::by_extension(extension)?)));
    match found {
        Some((name, format)) if !name.is_empty() => (name, Some(format)),
        _ => (last, None),
    }
}

fn decoded(segment: &str) -> Option<String> {
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

/// A term as it is compared, if there can be one like it.
fn usable(name: &str) -> Option<String> {
    Some(term(name)).filter(|term| !term.is_empty() && term.len() <= LONGEST_TERM && !term.contains('\0'))
}

/// The feed that an address names; `None` if the config has none of that name, or no article ever had a chosen term.
pub async fn feed(store: &Store, config: &Config, subject: &Subject, now: Millis) -> StoreResult<Option<Feed>> {
    match subject {
        Subject::Declared(name) => Ok(config.feeds.iter().find(|feed| feed.name == *name).cloned()),
        Subject::Chosen(selection) if config.server.on_demand => chosen(store, config, selection, now).await,
        Subject::Chosen(_) => Ok(None),
    }
}

async fn chosen(store: &Store, config: &Config, selection: &Selection, now: Millis) -> StoreResult<Option<Feed>> {
    let mut names = Vec::new();
    for kind in CHOICES {
        for term in selection.list(kind) {
            let Some(name) = store.name_of_term(kind, term, now).await? else { return Ok(None) };
            names.push(name);
        }
    }
    let site = &config.site.title;
    Ok(Some(Feed {
        title: if names.is_empty() { site.clone() } else { format!("{site}: {}", names.join(", ")) },
        ..Feed::on_demand(name_of(selection), selection.clone(), ITEMS, Content::Full)
    }))
}

/// The name of a feed on demand: what stands behind `/feeds/`, ready for an address; with several terms a query.
pub fn name_of(selection: &Selection) -> String {
    let mut terms: Vec<(Kind, &String)> =
        CHOICES.iter().flat_map(|kind| selection.list(*kind).iter().map(move |term| (*kind, term))).collect();
    terms.sort();
    match terms.as_slice() {
        [(kind, term)] => format!("{}/{}", kind.name(), links::encoded(term)),
        terms => {
            let pairs: Vec<String> = terms.iter().map(|(kind, term)| format!("{}={}", kind.name(), links::encoded(term))).collect();
            format!("?{}", pairs.join("&"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(kind: Kind, name: &str) -> Subject {
        let mut selection = Selection::default();
        selection.list_mut(kind).push(name.to_owned());
        Subject::Chosen(selection)
    }

    #[test]
    fn an_address_names_a_feed_a_page_or_what_comes_after_it() {
        let page: Page = "2026-08-2".parse().unwrap();
        let declared = || Subject::Declared("news".to_owned());
        for (path, subject, place, format) in [
            ("news.rss", declared(), Place::Newest, Some(Format::Rss)),
            ("news", declared(), Place::Newest, None),
            ("news.atom/", declared(), Place::Newest, Some(Format::Atom)),
            ("news/archive/2026-08-2.json", declared(), Place::Page(page), Some(Format::Json)),
            ("news/archive/2026-08-2/next.rss", declared(), Place::After(page), Some(Format::Rss)),
            ("section/R%26D.rss", only(Kind::Section, "r&d"), Place::Newest, Some(Format::Rss)),
            ("tag/a%2Fb", only(Kind::Tag, "a/b"), Place::Newest, None),
            ("tag/v1.5", only(Kind::Tag, "v1.5"), Place::Newest, None),
            ("author/%E7%8E%8B.atom", only(Kind::Author, "王"), Place::Newest, Some(Format::Atom)),
            ("language/zh-CN/archive/2026-08-2.rss", only(Kind::Language, "zh-cn"), Place::Page(page), Some(Format::Rss)),
        ] {
            assert_eq!(Asked::by_path(path), Some(Asked { subject, place, format }), "{path}");
        }
        for nothing in ["source/college.rss", "tag/", "tag/%FF.rss", "news/archive/2026-8.rss", "news/other/2026-08.rss", "a/b/c/d/e/f"] {
            assert_eq!(Asked::by_path(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_query_has_one_name_whatever_its_order_and_what_readers_append() {
        let name = |query: &str| match Asked::by_query(Format::Rss, query).unwrap().subject {
            Subject::Chosen(selection) => name_of(&selection),
            Subject::Declared(name) => name,
        };
        assert_eq!(name("tag=B&section=x&tag=a&utm_source=r"), "?section=x&tag=a&tag=b");
        assert_eq!(name("section=x&tag=a&tag=b&tag=A"), "?section=x&tag=a&tag=b");
        assert_eq!(name("null"), "?");
        assert_eq!(name("section=R%26D"), "section/r%26d");
        assert!(Asked::by_query(Format::Rss, "tag=a&tag=b&tag=c&tag=d&tag=e&tag=f&tag=g&tag=h&tag=i").is_none());
    }
}
