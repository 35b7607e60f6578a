//! Content of WordPress posts that neither blocks nor typography decide: addresses and media files.

use super::wordpress::site;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configured_urls_of_a_wordpress_site_override_those_of_its_database() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let body = source.quote(
        "<p><a href=\"/map/\">Map</a> <img src=\"http://localhost:8080/wp/wp-content/uploads/a.jpg\"></p>",
    );
    source
        .execute(&format!(
            "UPDATE wp_options SET option_value = 'http://localhost:8080' WHERE option_name = 'home';
             UPDATE wp_options SET option_value = 'http://localhost:8080/wp' WHERE option_name = 'siteurl';
             UPDATE wp_posts SET post_content = {body} WHERE ID = 111"
        ))
        .await;
    let checked = source.shell.run_ok(&["sources", "check", "cms"]);
    for part in
        ["site          http://localhost:8080", "site from     the database", "set site_url"]
    {
        assert!(checked.contains(part), "{part}\nis not in\n{checked}");
    }
    let findings = source.shell.run_ok(&["check"]);
    assert!(findings.contains("which readers cannot reach; set site_url"), "{findings}");
    source.configure(&source.url, "kind = \"wordpress\"\nsite_url = \"https://college.example/\"");
    source.sync();
    let opening = source.article("101");
    assert_eq!(
        (opening["url"].as_str(), opening["image_url"].as_str()),
        (
            Some("https://college.example/opening-night/"),
            Some("https://college.example/wp/wp-content/uploads/2026/08/vat.jpg")
        )
    );
    let body = source.article("111")["body_html"].as_str().unwrap().to_owned();
    assert_eq!(
        body,
        "<p><a href=\"https://college.example/map/\">Map</a> <img src=\"https://college.example/wp/wp-content/uploads/a.jpg\"></p>"
    );
    let checked = source.shell.run_ok(&["sources", "check", "cms"]);
    assert!(
        checked.contains("site_url in the configuration; the database has http://localhost:8080")
            && !checked.contains("warning"),
        "{checked}"
    );
    source.configure(
        &source.url,
        "kind = \"wordpress\"\nsite_url = \"https://college.example\"\nfiles_url = \"https://college.example/app/uploads\"",
    );
    source.sync();
    assert_eq!(
        source.article("101")["image_url"],
        "https://college.example/app/uploads/2026/08/vat.jpg"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_podcast_keeps_its_file_with_length_and_type() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let hidden = source.quote(
        "For all. [members_only]<a href=\"https://media.example/secret.mp3\">Listen</a>[/members_only]",
    );
    source
        .execute(&format!(
            "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES
               (101, 'enclosure', 'https://media.example/vats.mp3\\n31415926\\naudio/mpeg\\na:0:{{}}'),
               (101, 'enclosure', 'https://media.example/second.mp3\\n1\\naudio/mpeg'),
               (108, '_film:enclosure', 'https://media.example/film.mp4\\r\\n5\\r\\n'),
               (111, 'enclosure', 'https://media.example/secret.mp3\\n9\\naudio/mpeg');
             UPDATE wp_posts SET post_content = {hidden} WHERE ID = 111"
        ))
        .await;
    source.sync();
    let rss = source.build_feed("all.rss");
    for element in [
        "<enclosure url=\"https://media.example/vats.mp3\" length=\"31415926\" type=\"audio/mpeg\"/>",
        "<enclosure url=\"https://media.example/film.mp4\" length=\"5\" type=\"video/mp4\"/>",
    ] {
        assert!(rss.contains(element), "{element}\nis not in\n{rss}");
    }
    assert_eq!(rss.matches("<enclosure").count(), 2, "{rss}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_page_builders_and_forms_leave_is_text_that_people_read() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let posts = [
        (
            101,
            "[vc_row]Open.[vc_raw_html]JTNDcCUzRUdhdGVzJTIwYXQlMjBuaW5lLiUzQyUyRnAlM0U=[/vc_raw_html][vc_raw_js]JTNDc2NyaXB0JTNFeCUyOCUyOSUzQyUyRnNjcmlwdCUzRQ==[/vc_raw_js][/vc_row]",
            "Open.\nGates at nine.",
        ),
        (
            108,
            "<p>A [tooltip title=\"see [2]\"]vat[/tooltip]. [map_embed points=”[1,2]” zoom=\"3\"] <a href=\"[home_url]/map\">The map</a></p>",
            "A vat. The map",
        ),
        (
            111,
            "<!-- wp:paragraph --><p>Ask us.</p><!-- /wp:paragraph --><!-- wp:search {\"label\":\"Find\"} /--><!-- wp:contact-form-7/contact-form-selector {\"id\":5} --><div>[contact-form-7 id=\"5\" title=\"Contact\"]</div><!-- /wp:contact-form-7/contact-form-selector --><!-- wp:html --><form><label>Name</label><input><button>Send</button></form><!-- /wp:html -->",
            "Ask us.",
        ),
    ];
    for (id, content, _) in posts {
        let content = source.quote(content);
        source
            .execute(&format!("UPDATE wp_posts SET post_content = {content} WHERE ID = {id}"))
            .await;
    }
    let notes = source.sync().notes();
    for (id, _, expected) in posts {
        let article = source.article(&id.to_string());
        let body = article["body_html"].as_str().unwrap();
        let text: String = body
            .split('<')
            .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
            .collect();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&text), words(expected), "{body}");
        assert!(!body.contains("home_url") && !body.contains('['), "{body}");
    }
    assert!(notes.iter().any(|note| note.contains("contact-form-selector is a form")), "{notes:?}");
}

/// Returns the words of a body without its tags.
fn words(body: &str) -> String {
    let text: String = body
        .split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text).to_owned() + " ")
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_builders_leave_neither_base64_nor_shortcodes_nor_dead_links() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let posts = [
        (
            "Divi",
            "<!-- wp:divi/placeholder -->[et_pb_section fb_built=\"1\"][et_pb_row][et_pb_column type=\"4_4\"][et_pb_text]<p>Open at nine.</p><p>@ET-DC@eyJkeW5hbWljIjp0cnVlLCJjb250ZW50IjoicG9zdF9kYXRlIn0=@</p><p><a href=\"@ET-DC@eyJkeW5hbWljIjp0cnVlfQ==@\">The map</a></p>[/et_pb_text][et_pb_button button_url=\"#\" button_text=\"Click here\"][/et_pb_button][et_pb_contact_form][et_pb_contact_field field_title=\"Name\"][/et_pb_contact_field][/et_pb_contact_form][/et_pb_column][/et_pb_row][/et_pb_section]<!-- /wp:divi/placeholder -->",
            "Open at nine. The map",
        ),
        (
            "WPBakery",
            "[vc_row css=\".vc_custom_1{margin: 0 !important;}\"][vc_column][vc_column_text]Open at nine.[/vc_column_text][vc_gmaps link=\"#E-8_JTNDaWZyYW1lJTIwc3JjJTNEJTIyaHR0cHMlM0ElMkYlMkZtYXBzLmV4YW1wbGUlMjIlM0UlM0MlMkZpZnJhbWUlM0U=\"][vc_btn title=\"Go\" link=\"url:%23|title:Go\"][rev_slider alias=\"home\"][/vc_column][/vc_row]",
            "Open at nine.",
        ),
        (
            "Beaver Builder",
            "<!-- wp:fl-builder/layout -->\n<h2>Open day</h2>\n<p>Gates at <a href=\"/map/\">the map</a>.</p>\n<!-- /wp:fl-builder/layout -->",
            "Open day Gates at the map .",
        ),
        (
            "Bricks",
            "<p>Open at nine.</p>\n<p><a href=\"#brx-content\">Skip</a> {post_author}</p>",
            "Open at nine. Skip {post_author}",
        ),
        (
            "Oxygen",
            "<p>Open at nine.</p>[ct_section ct_sign_sha256='1a' ct_options='{\"ct_id\":1,\"ct_parent\":0,\"selector\":\"section-1\"}'][ct_code_block ct_options='{\"original\":{\"code-php\":\"PGgyPkhlbGxvPC9oMj4gPD9waHAgZWNobyAxOyA/Pg==\"}}'][/ct_code_block][/ct_section]",
            "Open at nine.",
        ),
    ];
    for (name, content, expected) in posts {
        let content = source.quote(content);
        source
            .execute(&format!("UPDATE wp_posts SET post_content = {content} WHERE ID = 111"))
            .await;
        source.sync();
        let body = source.article("111")["body_html"].as_str().unwrap().to_owned();
        assert_eq!(words(&body), expected, "{name}: {body}");
        for part in ["[", "ET-DC", "href=\"\"", "eyJ", "JTN", "PGgy"] {
            assert!(!body.contains(part), "{name}: {part} is in {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layout_of_elementor_arrives_if_the_stored_text_is_old_or_empty() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let widget = |name: &str, settings: serde_json::Value| serde_json::json!({"id": "1a", "elType": "widget", "widgetType": name, "settings": settings, "elements": []});
    let layout = serde_json::json!([{"id": "1b", "elType": "container", "settings": {}, "elements": [
        widget("heading", serde_json::json!({"title": "Open day"})),
        widget("text-editor", serde_json::json!({"editor": "<p>Gates at nine. <a href=\"/map/\">The map</a> [members_only]SECRET[/members_only]</p>"})),
        widget("image", serde_json::json!({"image": {"id": 0, "url": "/gate.jpg", "alt": "The gate"}, "caption": "North gate"})),
        widget("video", serde_json::json!({"youtube_url": "https://www.youtube.com/watch?v=abcdefghijk"})),
        widget("form", serde_json::json!({"form_fields": [{"field_label": "Name"}], "button_text": "Send"})),
        widget("button", serde_json::json!({"text": "Apply", "link": {"url": "https://college.example/apply"}})),
    ]}]);
    let data = source.quote(&layout.to_string());
    source
        .execute(&format!(
            "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES
               (101, '_elementor_edit_mode', 'builder'), (101, '_elementor_data', {data}),
               (111, '_elementor_edit_mode', 'builder'), (111, '_elementor_data', {data}), (108, '_elementor_data', {data});
             UPDATE wp_posts SET post_content = '' WHERE ID = 101;
             UPDATE wp_posts SET post_content = '<p>Closed day</p>' WHERE ID IN (108, 111)"
        ))
        .await;
    source.sync();
    for id in ["101", "111"] {
        let body = source.article(id)["body_html"].as_str().unwrap().to_owned();
        for part in [
            "<h2>Open day</h2>",
            "Gates at nine. <a href=\"https://blog.example/map/\">The map</a>",
            "<img src=\"https://blog.example/gate.jpg\" alt=\"The gate\"",
            "<figcaption>North gate</figcaption>",
            "https://www.youtube.com/watch?v=abcdefghijk",
            "<a href=\"https://college.example/apply\">Apply</a>",
        ] {
            assert!(body.contains(part), "{id}: {part}\nis not in\n{body}");
        }
        for part in ["SECRET", "Send", "Closed"] {
            assert!(!body.contains(part), "{id}: {part} is in {body}");
        }
    }
    assert_eq!(words(source.article("108")["body_html"].as_str().unwrap()), "Closed day");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_block_lists_the_posts_that_its_filters_select() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let queries = [
        (r#"{"perPage":1}"#, "Opening night & day, Timetable"),
        (r#"{"perPage":5,"sticky":"only"}"#, "Opening night & day"),
        (r#"{"perPage":1,"sticky":"exclude"}"#, "Timetable"),
        (r#"{"perPage":1,"sticky":"ignore"}"#, "Timetable"),
        (r#"{"perPage":5,"taxQuery":{"category":[4],"post_tag":[5]}}"#, "Opening night & day"),
        (r#"{"perPage":5,"categoryIds":[3],"tagIds":[5]}"#, "None"),
        (r#"{"perPage":5,"search":"the GATES"}"#, "Timetable, Lists, Opening night & day"),
        (r#"{"perPage":5,"search":"zeppelin","exclude":[111]}"#, "None"),
        (r#"{"perPage":5,"postType":"page","parents":[106]}"#, "Our history"),
        (r#"{"perPage":1,"sticky":"exclude","postType":"wp_block"}"#, "Timetable"),
        (r#"{"perPage":5,"postType":"attachment"}"#, "None"),
        (r#"{"perPage":5,"inherit":true}"#, ""),
    ];
    let blocks: String = queries
        .iter()
        .map(|(query, _)| {
            format!(
                "<!-- wp:query {{\"query\":{query}}} --><!-- wp:post-template --><!-- wp:post-title /--><!-- /wp:post-template --><!-- wp:query-no-results -->None<!-- /wp:query-no-results --><!-- /wp:query --><hr>"
            )
        })
        .collect();
    let blocks = source.quote(&blocks);
    source
        .execute(&format!(
            "INSERT INTO wp_options (option_name, option_value) VALUES ('sticky_posts', 'a:1:{{i:0;i:101;}}');
             INSERT INTO wp_posts (ID, post_title, post_content, post_excerpt, post_type, post_parent, post_date) VALUES
               (120, 'Our history', '', '', 'page', 106, '2026-01-01');
             UPDATE wp_posts SET post_date = '2026-01-02' WHERE ID IN (101, 103);
             UPDATE wp_posts SET post_date = '2026-03-02' WHERE ID = 108;
             UPDATE wp_posts SET post_content = {blocks}, post_title = 'Lists', post_date = '2026-02-02' WHERE ID = 111"
        ))
        .await;
    source.sync();
    let body = source.article("111")["body_html"].as_str().unwrap().to_owned();
    let shown: Vec<String> = body
        .replace("<em>", "")
        .replace("</em>", "")
        .replace("&amp;", "&")
        .split("<hr>")
        .map(|part| {
            let titles = part.split("</h2>").map(|title| {
                title.rsplit_once('>').map_or(title, |(_, text)| text).trim().to_owned()
            });
            titles.filter(|title| !title.is_empty()).collect::<Vec<_>>().join(", ")
        })
        .collect();
    for ((query, expected), shown) in queries.iter().zip(&shown) {
        assert_eq!(shown, expected, "{query}\n{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn archives_and_a_calendar_link_to_the_days_with_posts() {
    let Some(source) = site("wp_", "/%year%/%monthnum%/%postname%/").await else { return };
    let blocks = source.quote(
        "<!-- wp:archives {\"type\":\"yearly\",\"showPostCounts\":true} /--><!-- wp:archives {\"type\":\"daily\"} /--><!-- wp:calendar {\"month\":2,\"year\":2026} /--><!-- wp:calendar /--><!-- wp:archives {\"type\":\"weekly\"} /-->",
    );
    source
        .execute(&format!(
            "DELETE FROM wp_posts WHERE ID NOT IN (108, 111);
             UPDATE wp_posts SET post_date = '2026-02-14' WHERE ID = 108;
             UPDATE wp_posts SET post_content = {blocks}, post_date = '2025-12-31' WHERE ID = 111"
        ))
        .await;
    source.sync();
    let body = source.article("111")["body_html"].as_str().unwrap().to_owned();
    for part in [
        "<a href=\"https://blog.example/2026/\">2026</a>\u{a0}(1)",
        "<a href=\"https://blog.example/2026/02/14/\">February 14, 2026</a>",
        "<a href=\"https://blog.example/2025/12/31/\">December 31, 2025</a>",
        "<caption>February 2026</caption>",
        "<td>13</td><td><a href=\"https://blog.example/2026/02/14/\">14</a></td>",
        "<a href=\"https://blog.example/2025/12/\">« Dec</a>",
        "<caption>December 2025</caption>",
        "<a href=\"https://blog.example/?m=2026&amp;w=7\">February 9, 2026–February 15, 2026</a>",
        "<td><a href=\"https://blog.example/2025/12/31/\">31</a></td>",
    ] {
        assert!(body.replace("&nbsp;", "\u{a0}").contains(part), "{part}\nis not in\n{body}");
    }
}
