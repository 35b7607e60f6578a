//! Blocks and shortcodes that show other parts of the site: lists, menus, images, comments.

use super::*;
use crate::sources::wordpress::site::{Comment, Order};

/// Returns a site with a page of its own, a picture, a withdrawn page, and a list of one post.
fn site() -> WordPressSite {
    let mut site = WordPressSite::default();
    site.options.insert("home".into(), "https://a.example".into());
    let posts = [
        Post {
            id: 8,
            title: "It's new".into(),
            status: "publish".into(),
            thumbnail: Some(7),
            content: Some("Teaser.\n\n<!--more Go on-->\n\nRest.".into()),
            kind: "post".into(),
            ..Post::default()
        },
        Post {
            id: 7,
            kind: "attachment".into(),
            mime: "image/jpeg".into(),
            file: Some("7.jpg".into()),
            alt: "A vat".into(),
            excerpt: "The \"old\" vat".into(),
            ..Post::default()
        },
        Post { id: 9, kind: "page".into(), status: "draft".into(), ..Post::default() },
    ];
    site.posts.extend(posts.map(|post| (post.id, Some(post))));
    for limit in [1, 2] {
        let sticky_first = limit == 2;
        let query = PostQuery { kind: "post".into(), limit, sticky_first, ..PostQuery::default() };
        site.lists_by_query.insert(query, PostList { ids: vec![8], total: 9 });
    }
    site
}

fn shown(site: &WordPressSite, written: &str) -> String {
    let post = Post {
        id: 5,
        slug: "five".into(),
        kind: "post".into(),
        thumbnail: Some(7),
        content: Some(written.to_owned()),
        ..Post::default()
    };
    let body = body(site, &post);
    assert_eq!(body.missing, BTreeSet::new(), "{written}");
    body.html
}

const PICTURE: &str = "<img src=\"/wp-content/uploads/7.jpg\" alt=\"A vat\" />";

#[test]
fn a_list_of_posts_shows_what_precedes_the_more_tag_of_another_post() {
    let site = site();
    let list = |block: &str| {
        shown(
            &site,
            &format!(
                "<!-- wp:query {{\"query\":{{\"perPage\":2}}}} --><!-- wp:post-template -->{block}<!-- /wp:post-template --><!-- /wp:query -->"
            ),
        )
    };
    assert_eq!(list("<!-- wp:post-excerpt /-->"), "<ul><li><div><p>Teaser. </p></div></li></ul>");
    assert_eq!(
        list("<!-- wp:post-content /-->"),
        "<ul><li><div><p>Teaser.</p>\n<p> <a href=\"https://a.example/?p=8#more-8\">Go on</a></p>\n</div></li></ul>"
    );
}

#[test]
fn the_pages_of_a_list_are_links_to_the_pages_of_the_post() {
    let html = shown(
        &site(),
        "<!-- wp:query {\"queryId\":3,\"query\":{\"perPage\":2,\"pages\":4}} --><!-- wp:query-pagination --><!-- wp:query-pagination-numbers /--><!-- wp:query-pagination-next /--><!-- /wp:query-pagination --><!-- /wp:query -->",
    );
    let link = |page: u8, words: &str| {
        format!("<a href=\"https://a.example/?p=5&#038;query-3-page={page}\">{words}</a>")
    };
    let expected = format!(
        "<div>1\n{}\n{}\n{}</div>{}",
        link(2, "2"),
        link(3, "3"),
        link(4, "4"),
        link(2, "Next Page")
    );
    assert_eq!(html, expected);
}

#[test]
fn featured_images_are_shown_in_covers_and_link_to_their_post_by_its_title() {
    let site = site();
    assert_eq!(
        shown(
            &site,
            "<!-- wp:cover {\"useFeaturedImage\":true} --><div class=\"a\"><div class=\"wp-block-cover__inner-container\">Text</div></div><!-- /wp:cover -->"
        ),
        format!(
            "<div class=\"a\">{PICTURE}<div class=\"wp-block-cover__inner-container\">Text</div></div>"
        )
    );
    let list = "<!-- wp:query {\"query\":{\"perPage\":2}} --><!-- wp:post-template --><!-- wp:post-featured-image {\"isLink\":true} /--><!-- /wp:post-template --><!-- /wp:query -->";
    let html = shown(&site, list);
    assert!(
        html.contains("<a href=\"https://a.example/?p=8\"><img src=\"/wp-content/uploads/7.jpg\" alt=\"It&#8217;s new\" /></a>"),
        "{html}"
    );
    let latest = "<!-- wp:latest-posts {\"postsToShow\":1,\"displayFeaturedImage\":true,\"addLinkToFeaturedImage\":true} /-->";
    let html = shown(&site, latest);
    assert!(html.contains(&format!("<a href=\"https://a.example/?p=8\">{PICTURE}</a>")), "{html}");
}

#[test]
fn a_gallery_shows_captions_and_sorts_the_named_images_as_it_says() {
    let mut site = site();
    assert_eq!(
        shown(&site, "[gallery ids=\"7\" link=\"none\"]"),
        format!("<figure>{PICTURE}<figcaption>The &#8220;old&#8221; vat</figcaption></figure>\n\n")
    );
    let query = PostQuery {
        kind: "attachment".into(),
        mime: "image".into(),
        order: Order::Title,
        include: Some(vec![7, 6]),
        ..PostQuery::default()
    };
    site.lists_by_query.insert(query, PostList { ids: vec![7], total: 1 });
    let html = shown(&site, "[gallery ids=\"7,6\" orderby=\"title\" order=\"DESC\" link=\"file\"]");
    assert!(html.contains("uploads/7.jpg"), "{html}");
}

#[test]
fn a_gallery_of_a_post_that_visitors_cannot_read_is_empty() {
    let mut site = site();
    let list = |parent: u64| PostQuery {
        kind: "attachment".into(),
        mime: "image".into(),
        parents: vec![parent],
        order: Order::MenuThenId,
        ascending: true,
        ..PostQuery::default()
    };
    for parent in [5, 8, 9] {
        site.lists_by_query.insert(list(parent), PostList { ids: vec![7], total: 1 });
    }
    let is_shown = |site: &WordPressSite, id: u64| {
        shown(site, &format!("[gallery id=\"{id}\" link=\"none\"]")).contains("7.jpg")
    };
    assert!(is_shown(&site, 5) && is_shown(&site, 8) && !is_shown(&site, 9));
    for change in [
        |post: &mut Post| post.protected = true,
        |post: &mut Post| post.access = Some(VisiblePart::Nothing),
    ] {
        let mut site = site.clone();
        site.posts.get_mut(&8).unwrap().as_mut().map(change);
        assert!(!is_shown(&site, 8));
    }
}

#[test]
fn a_menu_omits_withdrawn_pages_and_an_address_becomes_a_mail_link() {
    let html = shown(
        &site(),
        "<!-- wp:navigation --><!-- wp:navigation-link {\"label\":\"Draft\",\"url\":\"/d/\",\"type\":\"page\",\"id\":9} /--><!-- wp:navigation-link {\"label\":\"Map\",\"url\":\"/map/\",\"kind\":\"custom\",\"id\":9} /--><!-- /wp:navigation --><!-- wp:social-link {\"url\":\"news@a.example\",\"service\":\"mail\"} /-->",
    );
    assert_eq!(
        html,
        "<nav><li><a href=\"/map/\">Map</a></li></nav><li><a href=\"mailto:news@a.example\"><span>Mail</span></a></li>"
    );
}

#[test]
fn the_author_of_a_comment_links_to_a_site() {
    let mut site = site();
    site.comments = Some(vec![Comment {
        id: 3,
        post: 8,
        author: "Ann \"A\" <b>".into(),
        author_url: "https://ann.example/".into(),
        ..Comment::default()
    }]);
    let html = shown(&site, "<!-- wp:latest-comments {\"displayExcerpt\":false} /-->");
    assert!(
        html.contains(
            "<span><a href=\"https://ann.example/\">Ann &#8220;A&#8221; &lt;b&gt;</a></span> on <a"
        ),
        "{html}"
    );
}

#[test]
fn embeds_and_files_of_older_and_newer_editors_are_links() {
    let html = shown(
        &site(),
        "<!-- wp:core-embed/vimeo {\"url\":\"https://tv.example/1\"} --><figure>\nhttps://tv.example/1\n</figure><!-- /wp:core-embed/vimeo -->",
    );
    assert_eq!(
        html,
        "<figure>\n<a href=\"https://tv.example/1\">https://tv.example/1</a>\n</figure>"
    );
    let link = "<a class=\"wp-embedded-audio\" href=\"/a.txt\">/a.txt</a>";
    assert_eq!(shown(&site(), "[audio src=\"/a.txt\"]"), format!("<p>{link}</p>\n"));
    let (visible, notes) =
        public_part("<!-- wp:core-embed/vimeo -->x<!-- /wp:core-embed/vimeo -->", true);
    assert!(visible.contains('x') && notes.is_empty(), "{visible}");
    let html = shown(
        &site(),
        "<!-- wp:file {\"displayPreview\":true} --><div><object data=\"/a.pdf\"></object><a href=\"/a.pdf\">Report</a></div><!-- /wp:file -->",
    );
    assert_eq!(html, "<div><a href=\"/a.pdf\">Report</a></div>");
}
