//! Complete bodies through all stages, and inputs designed to break or slow them.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::sources::wordpress::site::Term;

fn render_body(written: &str) -> Body {
    let mut site = WordPressSite::default();
    site.options.insert("use_smilies".into(), "1".into());
    body(&site, &Post { id: 5, content: Some(written.to_owned()), ..Post::default() })
}

#[test]
fn block_comments_are_removed_and_no_paragraphs_added() {
    let written = "<!-- wp:group {\"layout\":{}} -->\n<div><!-- wp:paragraph -->\n<p>It's\nhere</p>\n<!-- /wp:paragraph --></div>\n<!-- /wp:group -->";
    assert_eq!(render_body(written).html, "\n<div>\n<p>It&#8217;s\nhere</p>\n</div>\n");
}

#[test]
fn more_tags_are_removed_and_a_page_break_ends_the_text() {
    assert_eq!(render_body("One\n<!--more Go on-->\nTwo").html, "<p>One</p>\n<p>Two</p>\n");
    let paged = render_body("One\n\n<!--nextpage-->\n\nTwo");
    assert_eq!(paged.html, "<p>One</p>\n");
    assert_eq!(paged.notes.len(), 1);
}

#[test]
fn both_notations_of_a_caption_are_rendered() {
    for written in [
        "[caption id=\"a\" width=\"300\"]<a href=\"/b\"><img src=\"/c.jpg\" /></a> Words <em>here</em>[/caption]",
        "[caption width=\"300\" caption=\"Words <em>here</em>\"]<a href=\"/b\"><img src=\"/c.jpg\" /></a>[/caption]",
    ] {
        let html = render_body(written).html;
        assert!(
            html.contains(
                "<img src=\"/c.jpg\" /></a><p class=\"wp-caption-text\">Words <em>here</em></p>"
            ),
            "{html}"
        );
    }
}

#[test]
fn the_file_that_a_player_of_powerpress_names_is_kept() {
    let url = "https://x.example/7.mp3";
    for written in [
        format!("Listen:\n\n[powerpress url=\"{url}\"]"),
        format!("Listen:\n\n[display_podcast {url}]"),
        format!("<p>Listen:</p><!-- wp:powerpress/player-block {{\"url\":\"{url}\"}} /-->"),
    ] {
        let body = render_body(&written);
        assert!(body.html.contains("<audio") && body.html.contains(url), "{}", body.html);
        assert_eq!(body.notes, Vec::<String>::new(), "{written}");
    }
    for written in ["[powerpress]", "<!-- wp:powerpress/player-block {\"id\":\"7\"} /-->"] {
        let body = render_body(written);
        assert!(!body.html.contains("<audio") && body.notes.len() == 1, "{written}: {body:?}");
    }
}

#[test]
fn a_formula_of_jetpack_keeps_its_tex_as_written() {
    let html = render_body("Then $latex f'(x) -- \"a\" [a, b] 8)$ holds.").html;
    assert_eq!(html, "<p>Then <code>f'(x) -- \"a\" [a, b] 8)</code> holds.</p>\n");
}

#[test]
fn a_gallery_requests_its_images_and_then_shows_them() {
    let mut site = WordPressSite::default();
    site.options.insert("siteurl".into(), "https://a.example".into());
    let post = Post {
        id: 5,
        content: Some("[gallery ids=\"8,7\" link=\"file\"]".into()),
        ..Post::default()
    };
    assert_eq!(
        body(&site, &post).missing,
        BTreeSet::from([DataRequest::Post(7), DataRequest::Post(8)])
    );
    for id in [7, 8] {
        let picture = Post {
            id,
            kind: "attachment".into(),
            mime: "image/jpeg".into(),
            file: Some(format!("{id}.jpg")),
            ..Post::default()
        };
        site.posts.insert(id, Some(picture));
    }
    let html = body(&site, &post).html;
    assert!(html.find("uploads/8.jpg").unwrap() < html.find("uploads/7.jpg").unwrap());
}

#[test]
fn titles_are_texturized_and_lose_their_markup() {
    assert_eq!(
        title("Fish &amp; <em>Chips</em> - it's \"R&D\" < 5"),
        "Fish &amp; Chips &#8211; it&#8217;s &#8220;R&#038;D&#8221; &lt; 5"
    );
}

#[test]
fn a_block_that_lists_posts_requests_them_and_links_to_them() {
    let mut site = WordPressSite::default();
    site.options.insert("home".into(), "https://a.example".into());
    let written = "<!-- wp:latest-posts {\"postsToShow\":1} /-->\n<!-- wp:archives {\"showPostCounts\":true} /-->";
    let post = Post { id: 5, content: Some(written.into()), ..Post::default() };
    let query = PostQuery { kind: "post".into(), limit: 1, ..PostQuery::default() };
    assert_eq!(
        body(&site, &post).missing,
        BTreeSet::from([DataRequest::List(query.clone()), DataRequest::Months])
    );
    site.months = Some(vec![(2026, 3, 2)]);
    site.lists_by_query.insert(query, PostList { ids: vec![8], total: 2 });
    site.posts.insert(8, Some(Post { id: 8, title: "It's \"new\"".into(), ..Post::default() }));
    let shown = body(&site, &post);
    assert_eq!((shown.missing.len(), shown.notes.len()), (0, 0));
    assert_eq!(
        shown.html,
        "<ul><li><a href=\"https://a.example/?p=8\">It&#8217;s &#8220;new&#8221;</a></li>\n</ul>\n<ul>\t<li><a href=\"https://a.example/?m=202603\">March 2026</a>&nbsp;(2)</li>\n</ul>"
    );
}

#[test]
fn a_listed_post_with_a_password_reveals_no_text() {
    let mut site = WordPressSite::default();
    let query = "<!-- wp:query {\"query\":{\"perPage\":1}} --><!-- wp:post-template --><!-- wp:post-title /--><!-- wp:post-excerpt /--><!-- wp:post-content /--><!-- /wp:post-template --><!-- /wp:query -->";
    let latest = "<!-- wp:latest-posts {\"postsToShow\":1,\"displayPostContent\":true,\"displayPostContentRadio\":\"full_post\"} /-->";
    let post = Post { id: 5, content: Some(format!("{query}{latest}")), ..Post::default() };
    let secret = Post {
        id: 8,
        title: "Exam".into(),
        content: Some("The answers".into()),
        excerpt: "The answers".into(),
        protected: true,
        ..Post::default()
    };
    site.posts.insert(8, Some(secret));
    for sticky_first in [true, false] {
        site.lists_by_query.insert(
            PostQuery { kind: "post".into(), limit: 1, sticky_first, ..PostQuery::default() },
            PostList { ids: vec![8], total: 1 },
        );
    }
    let shown = body(&site, &post);
    assert!(shown.missing.is_empty(), "{:?}", shown.missing);
    assert!(
        shown.html.contains("Protected: Exam") && !shown.html.contains("answers"),
        "{}",
        shown.html
    );
}

#[test]
fn the_name_of_an_unknown_service_may_begin_with_any_character() {
    for (service, shown) in [("blog", "Blog"), ("écho", "écho"), ("微信", "微信"), ("", "")] {
        let written =
            format!("<!-- wp:social-link {{\"url\":\"a.example\",\"service\":\"{service}\"}} /-->");
        let html = format!("<li><a href=\"https://a.example\"><span>{shown}</span></a></li>");
        assert_eq!(render_body(&written).html, html);
    }
}

#[test]
fn footnotes_are_rendered_and_an_empty_plugin_block_is_reported() {
    let footnotes = "[{\"id\":\"a1\",\"content\":\"See <em>there</em>\"}]".to_owned();
    let written = "<!-- wp:footnotes /-->\n<!-- wp:shop/products {\"a\":1} /-->".to_owned();
    let shown = body(
        &WordPressSite::default(),
        &Post { content: Some(written), footnotes, ..Post::default() },
    );
    assert!(
        shown.html.starts_with("<ol><li id=\"a1\">See <em>there</em> <a href=\"#a1-link\">"),
        "{}",
        shown.html
    );
    assert_eq!(
        shown.notes,
        ["The block shop/products is rendered by its plugin or theme, and was left out."]
    );
}

#[test]
fn a_post_that_repeats_a_large_block_ends_at_the_limit() {
    let footnotes = format!("[{{\"id\":\"a1\",\"content\":\"{}\"}}]", "word ".repeat(200_000));
    let mut site = WordPressSite::default();
    for id in 1..2_000 {
        let name = format!("Section {id} {}", "x".repeat(200));
        let term = Term { id, name, taxonomy: "category".into(), count: 1, ..Term::default() };
        site.terms.insert(id, term);
    }
    for block in ["footnotes", "categories"] {
        let content = Some(format!("<!-- wp:{block} /-->\n").repeat(2_000));
        let post = Post { content, footnotes: footnotes.clone(), ..Post::default() };
        let shown = body(&site, &post);
        assert!(shown.is_too_large, "{block}");
        assert!(shown.html.len() < 4 * MAX_RENDERED_BYTES, "{block}");
    }
    // Short excerpts of long posts: the text stays small, the work does not.
    let listed = |id| Post {
        id,
        content: Some(format!("Short.<!--more-->{}", "word ".repeat(200_000))),
        kind: "post".into(),
        status: "publish".into(),
        ..Post::default()
    };
    site.posts.extend((1..=50).map(|id| (id, Some(listed(id)))));
    let block = "<!-- wp:query {\"query\":{\"postType\":\"post\",\"perPage\":50}} --><!-- wp:post-template --><!-- wp:post-excerpt /--><!-- /wp:post-template --><!-- /wp:query -->\n";
    let post = Post { id: 99, content: Some(block.to_owned()), ..Post::default() };
    for request in body(&site, &post).missing {
        if let DataRequest::List(query) = request {
            let list = PostList { ids: (1..=50).collect(), total: 50 };
            site.lists_by_query.insert(query, list);
        }
    }
    assert!(body(&site, &post).is_too_large);
    assert!(!render_body("<p>Short</p>").is_too_large);
}

#[test]
fn a_query_for_a_post_type_of_a_plugin_lists_nothing_and_is_reported() {
    for kind in ["flamingo_inbound", "shop_order", "feedback"] {
        let block = format!(
            "<p>Before</p><!-- wp:query {{\"query\":{{\"postType\":\"{kind}\"}}}} --><!-- wp:post-template --><!-- wp:post-title /--><!-- /wp:post-template --><!-- /wp:query -->"
        );
        let shown = render_body(&block);
        assert!(shown.missing.is_empty() && shown.html.contains("Before"), "{:?}", shown.missing);
        assert!(shown.notes.iter().any(|note| note.contains(kind)), "{:?}", shown.notes);
    }
}

/// Random combinations of fragments that the stages recognize.
fn fragments() -> impl Strategy<Value = String> {
    let pieces = [
        "<p>",
        "</p>",
        "<pre>",
        "</pre>",
        "<div",
        ">",
        "<li>",
        "<blockquote>",
        "\n",
        "\n\n",
        "\r\n",
        "<br />",
        "<!--",
        "-->",
        "<!-- wp:group -->",
        "<!-- /wp:group -->",
        "<!-- wp:query {\"query\":{}} -->",
        "<!-- wp:latest-posts /-->",
        "<!-- wp:x {",
        "} /-->",
        "[caption width=\"3\"]",
        "[/caption]",
        "[gallery",
        "ids=\"1\"]",
        "[[",
        "]]",
        "[foo a=1]",
        "[/foo]",
        "'",
        "\"",
        "12'",
        "3\"",
        "--",
        "-",
        "...",
        "&",
        "&amp;",
        "&nbsp;",
        "http://a.example/b",
        "<script>",
        "</script>",
        "3x4",
        "世界",
        "\u{FDD0}",
        "<!--more",
        "<!--nextpage-->",
        " ",
        "a",
        "=",
        "/",
        "<img ",
        "[embed]",
        "[/embed]",
        "[audio",
        ".mp3",
        ":)",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..60)
        .prop_map(|list| list.concat())
}

/// Attributes that blocks read.
const ATTRIBUTES: &str = "label order url ref orderBy isLink excerptLength width type term taxonomy service separator \
    query moreText level format displayType postsToShow commentsToShow numberOfTags categories perPage offset exclude \
    prefix suffix byline showBio buttonText displayPostContent src caption poster content";

/// One block of every kind that Courant renders, all with the same random attributes.
fn all_blocks() -> impl Strategy<Value = String> {
    let kinds = "archives calendar categories latest-posts latest-comments page-list tag-cloud search navigation \
        navigation-link home-link social-link loginout query post-template query-pagination-numbers post-title post-date \
        post-excerpt footnotes post-content post-author post-terms read-more site-title block video audio";
    let value = prop_oneof![
        4 => "\\PC{0,4}".prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ];
    let count = ATTRIBUTES.split_whitespace().count();
    proptest::collection::vec(value, count).prop_map(move |values| {
        let attributes: serde_json::Map<String, Value> =
            ATTRIBUTES.split_whitespace().map(str::to_owned).zip(values).collect();
        let attributes = Value::Object(attributes);
        let block = |kind| format!("<!-- wp:{kind} {attributes} -->\n<!-- /wp:{kind} -->\n");
        kinds.split_whitespace().map(block).collect()
    })
}

proptest! {
    #[test]
    fn no_attribute_of_a_block_panics(blocks in all_blocks()) {
        render_body(&blocks);
    }

    #[test]
    fn no_input_panics(text in "\\PC*", mixed in fragments()) {
        let _ = (render_body(&text), render_body(&mixed), title(&mixed), excerpt(&text));
    }
}

#[test]
fn no_repetition_takes_quadratic_time() {
    let repeated = [
        "[caption ",
        "[[gallery]",
        "[caption width=\"1\"]",
        "<!-- wp:group -->",
        "<!-- wp:x {",
        "<p",
        "<p><li",
        "<p> <",
        "<pre>",
        "'",
        "\"",
        "12'\" ",
        "--",
        "&",
        "<br />\n",
        "[foo]",
        "[foo a=1]",
        "[/foo]",
        "\n \n",
        "<",
        "<!--",
        "<blockquote>",
        "http://a\n",
        "0x",
        "<script",
        "[caption width=\"1\"]<img >[caption width=\"1\"]x[/caption]",
    ];
    for piece in repeated {
        // In quadratic time this would take hours.
        assert!(render_body(&piece.repeat(32_000)).html.len() < 40_000_000, "{piece:?}");
    }
}
