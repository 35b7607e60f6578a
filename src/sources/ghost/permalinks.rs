//! Public URLs of posts, built from the permalink pattern of Ghost's routes.

use jiff::tz::TimeZone;
use percent_encoding::utf8_percent_encode;

use super::posts::Post;
use crate::config::{Collection, Source};
use crate::domain::ghost_filter::GhostPostValues;
use crate::domain::percent::ENCODED_SEGMENT;
use crate::domain::time::Millis;

/// Ghost's path segment for a post without a public primary tag or without an author.
const NO_TAG_OR_AUTHOR: &str = "all";

/// Returns the permalink pattern of the first collection that contains a post; `None` if none
/// does.
pub(super) fn pattern<'s>(source: &'s Source, post: &Post) -> Option<&'s str> {
    if source.collections.is_empty() {
        return Some(&source.permalinks);
    }
    let values = GhostPostValues {
        tags: post.tags.iter().map(|tag| tag.slug.as_str()).collect(),
        authors: post.authors.iter().map(|author| author.slug.as_str()).collect(),
        primary_tag: post.primary_tag().map(|tag| tag.slug.as_str()),
        is_featured: matches!(post.featured.as_str(), "1" | "t" | "true"),
        slug: &post.slug,
        id: &post.id,
        visibility: &post.visibility,
    };
    let contains = |collection: &&Collection| {
        collection.filter.as_ref().is_none_or(|filter| filter.matches(&values))
    };
    source.collections.iter().find(contains).map(|collection| collection.permalink.as_str())
}

/// Returns the URL of a post below the site's; like Ghost, it formats the date in UTC whatever
/// the site's time zone.
pub(super) fn article_url(pattern: &str, home: &str, post: &Post, published_at: Millis) -> String {
    let date = published_at.timestamp().to_zoned(TimeZone::UTC);
    let mut parts = pattern.split('{');
    let mut url = format!("{home}{}", parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let value = match name {
            "id" => post.id.clone(),
            "year" => date.strftime("%Y").to_string(),
            "month" => date.strftime("%m").to_string(),
            "day" => date.strftime("%d").to_string(),
            "primary_tag" => {
                post.primary_tag().map_or(NO_TAG_OR_AUTHOR, |tag| &tag.slug).to_owned()
            }
            "primary_author" | "author" => {
                post.authors.first().map_or(NO_TAG_OR_AUTHOR, |author| &author.slug).to_owned()
            }
            _ => post.slug.clone(),
        };
        url.extend(utf8_percent_encode(&value, ENCODED_SEGMENT));
        url.push_str(rest);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::super::posts::{Author, Tag};
    use super::*;

    fn post() -> Post {
        let tag =
            |slug: &str, is_public| Tag { name: slug.to_owned(), slug: slug.to_owned(), is_public };
        Post {
            id: "6b02a1d04f0b5c72cfcbc059".into(),
            slug: "open-day".into(),
            tags: vec![tag("campus", true), tag("hash-front", false)],
            authors: vec![Author { name: "Mei Lin".into(), slug: "mei".into() }],
            ..Post::default()
        }
    }

    #[test]
    fn every_placeholder_of_ghosts_routes_is_filled() {
        // New Year's Eve in UTC is New Year's Day in Shanghai.
        let at = Millis::from("2019-12-31T16:30:00Z".parse::<jiff::Timestamp>().unwrap());
        for (pattern, url) in [
            ("/{slug}/", "https://a.example/blog/open-day/"),
            ("/{year}/{month}/{day}/{slug}/", "https://a.example/blog/2019/12/31/open-day/"),
            ("/{primary_tag}/{slug}/", "https://a.example/blog/campus/open-day/"),
            ("/{primary_author}/news-{slug}", "https://a.example/blog/mei/news-open-day"),
            ("/p/{id}/", "https://a.example/blog/p/6b02a1d04f0b5c72cfcbc059/"),
        ] {
            assert_eq!(article_url(pattern, "https://a.example/blog", &post(), at), url);
        }
    }

    #[test]
    fn a_post_whose_first_tag_is_internal_is_under_all() {
        let mut bare = post();
        bare.tags.reverse();
        bare.authors.clear();
        assert_eq!(
            article_url("/{primary_tag}/{author}/{slug}/", "https://a.example", &bare, Millis(0)),
            "https://a.example/all/all/open-day/"
        );
    }
}
