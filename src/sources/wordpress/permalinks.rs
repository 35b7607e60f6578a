//! URLs of posts, pages and archives, built from the site's permalink structure.

use super::site::{Post, Term, WordPressSite};

/// Returns the URL of an article in its language, as it is or will be once published.
pub(super) fn article_url(site: &WordPressSite, post: &Post) -> String {
    let structure = site.option("permalink_structure");
    site.languages.localize(post.id, site.home(), structure, &unlocalized_url(site, post))
}

fn unlocalized_url(site: &WordPressSite, post: &Post) -> String {
    let structure = site.option("permalink_structure");
    if structure.is_empty() {
        return format!("{}/?p={}", site.home(), post.id);
    }
    let date = |range: std::ops::Range<usize>| post.date.get(range).unwrap_or_default();
    let mut path = structure
        .replace("%year%", date(0..4))
        .replace("%monthnum%", date(5..7))
        .replace("%day%", date(8..10))
        .replace("%hour%", date(11..13))
        .replace("%minute%", date(14..16))
        .replace("%second%", date(17..19))
        .replace("%post_id%", &post.id.to_string());
    if path.contains("%category%") {
        path = path.replace("%category%", &category_path(site, post));
    }
    if path.contains("%author%") {
        path = path
            .replace("%author%", site.users.get(&post.author).map_or("", |user| &user.nicename));
    }
    // The slug is inserted last: it is percent-encoded and must not be searched for tags.
    path = path.replace("%postname%", &post.slug).replace("%pagename%", &post.slug);
    with_structure_slash(site, &path)
}

/// Returns the slugs of an article's first category and its ancestors.
fn category_path(site: &WordPressSite, post: &Post) -> String {
    let first = site.terms_of(&post.terms, "category").min_by_key(|term| term.id);
    match first {
        Some(term) => with_parents(site, term),
        None => site
            .option("default_category")
            .parse()
            .ok()
            .and_then(|id| site.terms.get(&id))
            .map_or(String::new(), |term| term.slug.clone()),
    }
}

fn with_parents(site: &WordPressSite, term: &Term) -> String {
    let mut slugs = vec![term.slug.as_str()];
    let mut above = term.parent;
    // A corrupt database may contain a cycle of parents.
    while let Some(parent) = site.terms.get(&above).filter(|_| above != 0 && slugs.len() < 32) {
        slugs.push(&parent.slug);
        above = parent.parent;
    }
    slugs.reverse();
    slugs.join("/")
}

/// Returns a path as an absolute URL, with a trailing slash if the structure has one.
fn with_structure_slash(site: &WordPressSite, path: &str) -> String {
    let path = path.trim_matches('/');
    let slash = if site.option("permalink_structure").ends_with('/') { "/" } else { "" };
    format!("{}/{path}{slash}", site.home())
}

/// Returns the part of the structure before its first tag: `/index.php/`, `/blog/`.
fn structure_prefix(site: &WordPressSite) -> &str {
    let structure = site.option("permalink_structure");
    structure.split('%').next().unwrap_or_default()
}

/// Returns the URL of the archive of a category or tag.
pub(super) fn term_url(site: &WordPressSite, term: &Term) -> String {
    let structure = site.option("permalink_structure");
    let (query, option, word) = if term.taxonomy == "category" {
        ("cat", "category_base", "category")
    } else {
        ("tag", "tag_base", "tag")
    };
    if structure.is_empty() {
        let value = if query == "cat" { term.id.to_string() } else { term.slug.clone() };
        return format!("{}/?{query}={value}", site.home());
    }
    let base = site.option(option).trim_matches('/');
    let index = if structure.starts_with("/index.php") { "/index.php/" } else { "" };
    let head = if base.is_empty() {
        format!("{}{word}", structure_prefix(site))
    } else {
        format!("{index}{base}")
    };
    with_structure_slash(site, &format!("{head}/{}", with_parents(site, term)))
}

/// Returns the URL of the archive of a year, or of the month, or the month and day, in `rest`.
pub(super) fn date_url(site: &WordPressSite, year: i16, rest: &[i8]) -> String {
    let written = |separator: &str| -> String {
        rest.iter().map(|number| format!("{separator}{number:02}")).collect()
    };
    if site.option("permalink_structure").is_empty() {
        return format!("{}/?m={year}{}", site.home(), written(""));
    }
    // If post ids come first in the structure, a year could be mistaken for one.
    let early = site
        .option("permalink_structure")
        .split('%')
        .skip(1)
        .step_by(2)
        .take(3)
        .any(|tag| tag == "post_id");
    with_structure_slash(
        site,
        &format!(
            "{}{}{year:04}{}",
            structure_prefix(site),
            if early { "date/" } else { "" },
            written("/")
        ),
    )
}

/// Returns the URL of any row of the posts table: an article, a page below its parents, an
/// attachment.
pub(super) fn post_url(site: &WordPressSite, post: &Post) -> String {
    let plain = site.option("permalink_structure").is_empty();
    match post.kind.as_str() {
        "post" => article_url(site, post),
        "page"
            if site.option("show_on_front") == "page"
                && site.option("page_on_front") == post.id.to_string() =>
        {
            format!("{}/", site.home())
        }
        "page" if plain => format!("{}/?page_id={}", site.home(), post.id),
        "attachment" if plain || post.slug.is_empty() => {
            format!("{}/?attachment_id={}", site.home(), post.id)
        }
        "attachment" => match site
            .posts
            .get(&post.parent)
            .and_then(Option::as_ref)
            .filter(|parent| parent.id != post.id)
        {
            Some(parent) if parent.kind != "attachment" => {
                let between =
                    if post.slug.bytes().all(|b| b.is_ascii_digit()) { "attachment/" } else { "" };
                let slash =
                    if site.option("permalink_structure").ends_with('/') { "/" } else { "" };
                format!(
                    "{}/{between}{}{slash}",
                    post_url(site, parent).trim_end_matches('/'),
                    post.slug
                )
            }
            _ => with_structure_slash(site, &post.slug),
        },
        _ => page_url(site, post),
    }
}

fn page_url(site: &WordPressSite, post: &Post) -> String {
    let mut slugs = vec![post.slug.as_str()];
    let mut above = post.parent;
    while let Some(parent) =
        site.posts.get(&above).and_then(Option::as_ref).filter(|_| slugs.len() < 32)
    {
        slugs.push(&parent.slug);
        above = parent.parent;
    }
    slugs.reverse();
    let index = if site.option("permalink_structure").starts_with("/index.php") {
        "index.php/"
    } else {
        ""
    };
    with_structure_slash(site, &format!("{index}{}", slugs.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::wordpress::site::User;

    fn site(structure: &str, home: &str) -> WordPressSite {
        let mut site = WordPressSite::default();
        site.options.insert("permalink_structure".into(), structure.into());
        site.options.insert("home".into(), home.into());
        for (id, slug, parent) in [(4, "news", 0), (7, "campus", 4), (9, "sport", 0)] {
            site.terms.insert(
                id,
                Term {
                    id,
                    slug: slug.into(),
                    parent,
                    taxonomy: "category".into(),
                    ..Term::default()
                },
            );
        }
        site.users.insert(2, User { name: "Li Lei".into(), nicename: "li-lei".into() });
        site
    }

    fn post() -> Post {
        let date = "2026-03-02 15:04:05".to_owned();
        Post {
            id: 31,
            kind: "post".into(),
            slug: "%e6%96%b0".into(),
            date,
            author: 2,
            terms: vec![9, 7],
            ..Post::default()
        }
    }

    #[test]
    fn every_tag_of_a_structure_is_filled() {
        let all = "/%year%/%monthnum%/%day%/%hour%-%minute%-%second%/%post_id%/%category%/%author%/%postname%/";
        assert_eq!(
            article_url(&site(all, "https://a.example"), &post()),
            "https://a.example/2026/03/02/15-04-05/31/news/campus/li-lei/%e6%96%b0/"
        );
    }

    #[test]
    fn plain_and_prefixed_structures_keep_their_form() {
        assert_eq!(
            article_url(&site("", "https://a.example/blog/"), &post()),
            "https://a.example/blog/?p=31"
        );
        assert_eq!(
            article_url(&site("/index.php/%postname%", "https://a.example/"), &post()),
            "https://a.example/index.php/%e6%96%b0"
        );
        assert_eq!(
            article_url(&site("/archives/%post_id%", "https://a.example"), &post()),
            "https://a.example/archives/31"
        );
    }

    #[test]
    fn an_article_without_category_is_under_the_default_one() {
        let mut site = site("/%category%/%postname%/", "https://a.example");
        site.options.insert("default_category".into(), "9".into());
        assert_eq!(
            article_url(&site, &Post { terms: vec![], ..post() }),
            "https://a.example/sport/%e6%96%b0/"
        );
    }
}
