//! Tests of layouts with widgets of every kind.

use serde_json::json;

use super::*;

fn widget(name: &str, settings: Value) -> Value {
    json!({"id": "1a", "elType": "widget", "widgetType": name, "settings": settings, "elements": []})
}

/// Returns the text of a layout with these elements in one column, and the notes.
fn text_of(elements: Vec<Value>, stored: &str) -> Option<(String, Vec<String>)> {
    let mut layout = Layout::default();
    let column = json!({"elType": "column", "settings": [], "elements": elements});
    let section = json!([{"elType": "section", "settings": [], "elements": [column]}]);
    assert!(layout.add_metadata("_elementor_edit_mode", "builder"));
    assert!(layout.add_metadata("_elementor_data", &section.to_string()));
    layout.text(stored)
}

fn assert_html_of_widgets(cases: &[(&str, Value, &str)]) {
    for (name, settings, expected) in cases {
        let (html, notes) = text_of(vec![widget(name, settings.clone())], "").unwrap();
        assert_eq!((html.trim(), notes.len()), (*expected, 0), "{name}");
    }
}

#[test]
fn widgets_give_their_words_images_and_links() {
    let link = json!({"url": "https://college.example/apply?a=1&b=2", "is_external": ""});
    let cases = [
        (
            "heading",
            json!({"title": "Open day", "header_size": "h3", "link": link}),
            "<h3><a href=\"https://college.example/apply?a=1&amp;b=2\">Open day</a></h3>",
        ),
        ("heading", json!({"title": "Open day", "header_size": "script"}), "<h2>Open day</h2>"),
        (
            "text-editor",
            json!({"editor": "<p>Gates at <b>nine</b>.</p>"}),
            "<p>Gates at <b>nine</b>.</p>",
        ),
        (
            "image",
            json!({"image": {"id": 5, "url": "https://college.example/a.jpg", "alt": "A \"vat\""}, "link_to": "custom", "link": link, "caption": "Vat 5"}),
            "<figure><a href=\"https://college.example/apply?a=1&amp;b=2\"><img src=\"https://college.example/a.jpg\" alt=\"A &quot;vat&quot;\"></a><figcaption>Vat 5</figcaption></figure>",
        ),
        (
            "button",
            json!({"text": "Apply", "link": link}),
            "<p><a href=\"https://college.example/apply?a=1&amp;b=2\">Apply</a></p>",
        ),
        (
            "video",
            json!({"youtube_url": "https://www.youtube.com/watch?v=abc"}),
            "https://www.youtube.com/watch?v=abc",
        ),
        (
            "video",
            json!({"video_type": "vimeo", "vimeo_url": "https://vimeo.com/1"}),
            "https://vimeo.com/1",
        ),
        (
            "video",
            json!({"video_type": "hosted", "hosted_url": {"url": "/a.mp4"}}),
            "[video src=\"/a.mp4\"]",
        ),
        (
            "icon-list",
            json!({"icon_list": [{"text": "Tram 4", "link": link}, {"text": "Bus 9"}]}),
            "<ul><li><a href=\"https://college.example/apply?a=1&amp;b=2\">Tram 4</a></li><li>Bus 9</li></ul>",
        ),
    ];
    assert_html_of_widgets(&cases);
}

#[test]
fn widgets_of_several_parts_give_their_words_and_images() {
    let cases = [
        (
            "accordion",
            json!({"tabs": [{"tab_title": "Where?", "tab_content": "<p>Hall 2</p>"}]}),
            "<h3>Where?</h3>\n\n<p>Hall 2</p>",
        ),
        (
            "image-box",
            json!({"image": {"url": "/b.jpg"}, "title_text": "Hall", "description_text": "Two floors"}),
            "<img src=\"/b.jpg\" alt=\"\">\n\n<h3>Hall</h3>\n\nTwo floors",
        ),
        (
            "image-carousel",
            json!({"carousel": [{"id": 1, "url": "/c.jpg"}, {"id": 2, "url": "/d.jpg"}]}),
            "<p><img src=\"/c.jpg\" alt=\"\"></p>\n\n<p><img src=\"/d.jpg\" alt=\"\"></p>",
        ),
        (
            "testimonial",
            json!({"testimonial_content": "Warm rooms.", "testimonial_name": "Ada"}),
            "<blockquote>\n\nWarm rooms.\n\n<cite>Ada</cite></blockquote>",
        ),
        ("shortcode", json!({"shortcode": "[gallery ids=\"1,2\"]"}), "[gallery ids=\"1,2\"]"),
        ("counter", json!({"ending_number": 40, "suffix": "+", "title": "halls"}), "40+\n\nhalls"),
    ];
    assert_html_of_widgets(&cases);
}

#[test]
fn forms_lists_of_posts_placeholders_and_dead_links_leave_nothing() {
    let leftovers = vec![
        widget(
            "form",
            json!({"form_name": "Ask", "form_fields": [{"field_label": "Name"}], "button_text": "Send"}),
        ),
        widget("posts", json!({"posts_per_page": 3, "classic_read_more_text": "Read more"})),
        widget("slides", json!({"slides": [{"heading": "Slide 1", "button_text": "Click here"}]})),
        widget("button", json!({"text": "Click here", "link": {"url": "#"}})),
        widget(
            "image",
            json!({"image": {"url": "https://a.example/wp-content/plugins/elementor/assets/images/placeholder.png"}}),
        ),
        widget(
            "heading",
            json!({"title": "Add your heading", "__dynamic__": {"title": "[elementor-tag name=\"post-title\"]"}}),
        ),
        widget(
            "heading",
            json!({"title": "Nowhere", "hide_desktop": "hidden-desktop", "hide_tablet": "hidden-tablet", "hide_mobile": "hidden-phone"}),
        ),
    ];
    assert_eq!(text_of(leftovers, ""), Some((String::new(), Vec::new())));
}

#[test]
fn nested_elements_follow_their_titles() {
    let inside = |words: &str| {
        let heading = widget("text-editor", json!({"editor": words}));
        json!({"elType": "container", "settings": {}, "elements": [heading]})
    };
    let tabs = json!({
        "elType": "widget", "widgetType": "nested-tabs",
        "settings": {"tabs": [{"tab_title": "Monday"}, {"tab_title": "Friday"}]},
        "elements": [inside("Maths"), inside("Music")],
    });
    let (html, _) = text_of(vec![tabs], "").unwrap();
    assert_eq!(html.trim(), "<h3>Monday</h3>\n\nMaths\n\n<h3>Friday</h3>\n\nMusic");
}

#[test]
fn the_layout_replaces_an_old_text_unless_that_has_more() {
    let words = || widget("text-editor", json!({"editor": "New words"}));
    let unknown = || widget("acme-timeline", json!({"rows": ["1990"]}));
    assert_eq!(text_of(vec![words()], "Old words").unwrap().0.trim(), "New words");
    assert_eq!(text_of(vec![words(), unknown()], "New words 1990"), None);
    let (html, notes) = text_of(vec![words(), unknown()], " ").unwrap();
    assert_eq!(html.trim(), "New words");
    assert_eq!(notes, ["The Elementor widget acme-timeline is unknown and was left out."]);
    assert_eq!(text_of(vec![], "Old words"), None, "an empty layout hides nothing");
}

#[test]
fn a_layout_that_the_page_does_not_show_is_ignored() {
    let data = json!([widget("text-editor", json!({"editor": "New"}))]).to_string();
    for (mode, data) in [("", data.as_str()), ("builder", "[{"), ("builder", "")] {
        let mut layout = Layout::default();
        layout.add_metadata("_elementor_edit_mode", mode);
        layout.add_metadata("_elementor_data", data);
        assert_eq!(layout.text("Stored"), None, "{mode} {data}");
    }
}

#[test]
fn elements_that_only_some_visitors_see_are_left_out_with_their_stored_text() {
    for settings in [
        json!({"e_display_conditions": ["[{\"condition\":\"login_status\"}]"]}),
        json!({"pmpro_require_membership": ["1"]}),
        json!({"pmpro_enable": "yes"}),
        json!({"eael_ext_content_protection": "yes"}),
    ] {
        let hidden = json!({
            "elType": "container", "settings": settings,
            "elements": [widget("text-editor", json!({"editor": "SECRET"})), widget("acme", json!({}))],
        });
        let shown = widget("text-editor", json!({"editor": "Open"}));
        let (html, notes) = text_of(vec![hidden, shown], "SECRET Open").unwrap();
        assert_eq!(html.trim(), "Open");
        assert_eq!(notes, ["Elementor elements that only some visitors see were left out."]);
    }
    let plain = json!({"editor": "Open", "pmpro_require_membership": "", "condition_list": [], "e_display_conditions": ["[]"]});
    assert_eq!(text_of(vec![widget("text-editor", plain)], "").unwrap().0.trim(), "Open");
}
