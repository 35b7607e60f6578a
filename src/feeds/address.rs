//! Addresses below `/feeds/`: what they ask for, and the one spelling of each.

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::archive::Page;
use super::format::Format;
use crate::config::Config;
use crate::domain::links::{self, Links};
use crate::domain::selection::{Kind, Selection, term};

/// Kinds of terms that a reader may choose by.
pub const CHOICES: [Kind; 4] = [Kind::Section, Kind::Tag, Kind::Author, Kind::Language];
/// Terms that may be chosen together.
const MOST_TERMS: usize = 8;
/// The longest term that is looked for, in bytes.
const LONGEST_TERM: usize = 800;

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The name of one that the config may have; none: all articles.
    pub declared: Option<String>,
    /// What makes a private feed's address one that nobody guesses.
    pub secret: Option<String>,
    /// Of its articles those with these terms.
    pub chosen: Selection,
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
    /// Reads the part of an address behind `/feeds/` and its query, as they were sent: `news.rss`, `section/R%26D.atom`,
    /// `news/tag/jobs/language/zh.json`, which is also `news.json?tag=jobs&language=zh`, `news/archive/2026-08.json`. Of a
    /// query what it does not know is ignored, for readers append things.
    pub fn by_path(path: &str, query: Option<&str>) -> Option<Self> {
        let mut segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let (last, format) = with_format(segments.pop()?);
        segments.push(last);
        let (rest, place) = place(&segments)?;
        let (mut subject, chain) = begin(rest)?;
        for pair in chain.chunks(2) {
            let [kind, name] = pair else { return None };
            subject.choose(kind_of(kind)?, &decoded(name)?)?;
        }
        subject.narrow(query)?;
        Some(Self { subject, place, format })
    }

    /// The page of a feed whose last term ends as formats do: `section/package.json`; none where nothing ends so.
    pub fn by_name(path: &str, query: Option<&str>) -> Option<Self> {
        let (start, last) = path.trim_end_matches('/').rsplit_once('/')?;
        let (_, format) = with_format(last);
        format?;
        // A dot that is encoded ends no name.
        let asked = Self::by_path(&format!("{start}/{}", last.replace('.', "%2E")), query)?;
        Some(asked).filter(|asked| asked.subject.chosen != Selection::default())
    }

    /// Reads the query of `/feeds.rss?section=…&tag=…`; without any choice it names nothing.
    pub fn by_query(format: Format, query: &str) -> Option<Self> {
        let mut subject = Subject::default();
        subject.narrow(Some(query))?;
        (subject != Subject::default()).then_some(Self {
            subject,
            place: Place::Newest,
            format: Some(format),
        })
    }
}

impl Subject {
    fn narrow(&mut self, query: Option<&str>) -> Option<()> {
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if let Some(kind) = kind_of(&key) {
                self.choose(kind, &value)?;
            }
        }
        Some(())
    }

    fn choose(&mut self, kind: Kind, name: &str) -> Option<()> {
        let list = self.chosen.list_mut(kind);
        list.push(usable(name)?);
        list.sort();
        list.dedup();
        let terms: usize = CHOICES.iter().map(|kind| self.chosen.list(*kind).len()).sum();
        (terms <= MOST_TERMS).then_some(())
    }

    /// What stands behind `/feeds/`, the same for all spellings.
    pub fn path(&self) -> String {
        let start = self.declared.iter().chain(&self.secret).cloned();
        let chain = CHOICES
            .iter()
            .flat_map(|kind| self.chosen.list(*kind).iter().map(move |term| (kind, term)));
        let chain = chain.map(|(kind, term)| format!("{}/{}", kind.name(), links::encoded(term)));
        start.chain(chain).collect::<Vec<_>>().join("/")
    }
}

impl Asked {
    /// The same of a feed that goes by another name today; none if it goes by this one, or never was.
    pub fn renamed(&self, config: &Config) -> Option<Self> {
        let name = self.subject.declared.as_ref()?;
        let feed = config
            .feeds
            .iter()
            .find(|feed| feed.was.contains(name) && feed.private == self.subject.secret)?;
        let subject = Subject { declared: Some(feed.name.clone()), ..self.subject.clone() };
        Some(Self { subject, ..self.clone() })
    }

    /// Its address below `base_url`, the same for all spellings.
    pub fn address(&self, config: &Config) -> String {
        let page = match self.place {
            Place::Newest => String::new(),
            Place::Page(page) => format!("/archive/{page}"),
            Place::After(page) => format!("/archive/{page}/next"),
        };
        let format =
            self.format.map(|format| format!(".{}", format.extension())).unwrap_or_default();
        format!("{}{page}{format}", Links(&config.site.base_url).feed_page(&self.subject.path()))
    }
}

/// A kind that a reader may choose by.
fn kind_of(name: &str) -> Option<Kind> {
    Kind::named(name).filter(|kind| CHOICES.contains(kind))
}

/// Takes the end off an address that tells which document of the feed is meant.
fn place<'a, 's>(segments: &'a [&'s str]) -> Option<(&'a [&'s str], Place)> {
    match segments {
        // A section, or whatever, may be called "archive".
        [rest @ .., "archive", page] if page.parse::<Page>().is_ok() => {
            Some((rest, Place::Page(page.parse().ok()?)))
        }
        [rest @ .., "archive", page, "next"] if page.parse::<Page>().is_ok() => {
            Some((rest, Place::After(page.parse().ok()?)))
        }
        _ => Some((segments, Place::Newest)),
    }
}

/// The beginning of an address: nothing, a feed's name, or that of a private one; and what is chosen of it.
fn begin<'a, 's>(segments: &'a [&'s str]) -> Option<(Subject, &'a [&'s str])> {
    let of = |declared: &str, secret: Option<&str>| Subject {
        declared: Some(declared.to_owned()),
        secret: secret.map(str::to_owned),
        chosen: Selection::default(),
    };
    match segments {
        [] | [""] => None,
        // A feed may bear the name of a kind: what is chosen of it has an odd number of segments.
        [kind, _, ..] if kind_of(kind).is_some() && segments.len().is_multiple_of(2) => {
            Some((Subject::default(), segments))
        }
        [name] => Some((of(name, None), &[])),
        [name, kind, rest @ ..] if kind_of(kind).is_some() && !rest.is_empty() => {
            Some((of(name, None), &segments[1..]))
        }
        [name, secret, ..] => Some((of(name, Some(secret)), &segments[2..])),
    }
}

/// A last segment and the format it ends with.
fn with_format(last: &str) -> (&str, Option<Format>) {
    let found = last
        .rsplit_once('.')
        .and_then(|(name, extension)| Some((name, Format::by_extension(extension)?)));
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
    Some(term(name))
        .filter(|term| !term.is_empty() && term.len() <= LONGEST_TERM && !term.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(kind: Kind, name: &str) -> Subject {
        let mut subject = Subject::default();
        subject.chosen.list_mut(kind).push(name.to_owned());
        subject
    }

    fn declared(name: &str) -> Subject {
        Subject { declared: Some(name.to_owned()), ..Subject::default() }
    }

    #[test]
    fn an_address_names_a_feed_a_page_or_what_comes_after_it() {
        let page: Page = "2026-08-2".parse().unwrap();
        let secret = Subject { secret: Some("0123456789abcdef".to_owned()), ..declared("staff") };
        for (path, subject, place, format) in [
            ("news.rss", declared("news"), Place::Newest, Some(Format::Rss)),
            ("news", declared("news"), Place::Newest, None),
            ("news.atom/", declared("news"), Place::Newest, Some(Format::Atom)),
            ("section.rss", declared("section"), Place::Newest, Some(Format::Rss)),
            (
                "news/archive/2026-08-2.json",
                declared("news"),
                Place::Page(page),
                Some(Format::Json),
            ),
            (
                "section/archive/2026-08-2.json",
                declared("section"),
                Place::Page(page),
                Some(Format::Json),
            ),
            (
                "section/tag/jobs.json",
                Subject { declared: Some("section".into()), ..only(Kind::Tag, "jobs") },
                Place::Newest,
                Some(Format::Json),
            ),
            (
                "section/archive.json",
                only(Kind::Section, "archive"),
                Place::Newest,
                Some(Format::Json),
            ),
            (
                "news/archive/2026-08-2/next.rss",
                declared("news"),
                Place::After(page),
                Some(Format::Rss),
            ),
            ("section/R%26D.rss", only(Kind::Section, "r&d"), Place::Newest, Some(Format::Rss)),
            ("tag/a%2Fb", only(Kind::Tag, "a/b"), Place::Newest, None),
            ("tag/v1.5", only(Kind::Tag, "v1.5"), Place::Newest, None),
            ("author/%E7%8E%8B.atom", only(Kind::Author, "王"), Place::Newest, Some(Format::Atom)),
            (
                "language/zh-CN/archive/2026-08-2.rss",
                only(Kind::Language, "zh-cn"),
                Place::Page(page),
                Some(Format::Rss),
            ),
            ("staff/0123456789abcdef.rss", secret, Place::Newest, Some(Format::Rss)),
            (
                "news/tag/Jobs.rss",
                Subject { declared: Some("news".into()), ..only(Kind::Tag, "jobs") },
                Place::Newest,
                Some(Format::Rss),
            ),
        ] {
            assert_eq!(
                Asked::by_path(path, None),
                Some(Asked { subject, place, format }),
                "{path}"
            );
        }
        for nothing in ["", "tag/%FF.rss", "tag/a/b/c.rss", "tag/a/source/college.rss"] {
            assert_eq!(Asked::by_path(nothing, None), None, "{nothing}");
        }
    }

    #[test]
    fn a_term_may_end_as_a_format_does() {
        let page = Asked::by_name("section/package.json", None).unwrap();
        assert_eq!((page.subject, page.format), (only(Kind::Section, "package.json"), None));
        for nothing in ["news.rss", "section/package", "news/archive/2026-08.rss"] {
            assert_eq!(Asked::by_name(nothing, None), None, "{nothing}");
        }
    }

    #[test]
    fn a_choice_has_one_path_whatever_its_order_and_what_readers_append() {
        let path =
            |path: &str, query: &str| Asked::by_path(path, Some(query)).unwrap().subject.path();
        assert_eq!(
            path("news.rss", "tag=B&section=x&tag=a&utm_source=r"),
            "news/section/x/tag/a/tag/b"
        );
        assert_eq!(path("section/X.rss", "tag=a&tag=b&tag=A&null"), "section/x/tag/a/tag/b");
        assert_eq!(path("section/x/tag/a/tag/b.rss", ""), "section/x/tag/a/tag/b");
        assert_eq!(
            Asked::by_query(Format::Rss, "section=R%26D").unwrap().subject.path(),
            "section/r%26d"
        );
        assert!(Asked::by_query(Format::Rss, "null").is_none());
        assert!(
            Asked::by_query(Format::Rss, "tag=a&tag=b&tag=c&tag=d&tag=e&tag=f&tag=g&tag=h&tag=i")
                .is_none()
        );
    }
}
