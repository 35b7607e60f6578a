//! Cleaning of bodies, titles and summaries by example.

use url::Url;

use super::*;

fn page() -> Option<Url> {
    Url::parse("https://college.example/news/2026/fair.html").ok()
}

fn clean(html: &str) -> String {
    clean_body(html, page().as_ref())
}

#[test]
fn every_kind_of_url_becomes_absolute() {
    for (given, expected) in [
        (
            r#"<a href="../map.html?a=1&b=2">x</a>"#,
            r#"<a href="https://college.example/news/map.html?a=1&amp;b=2">x</a>"#,
        ),
        (r#"<a href="//m.example/f.mp4">x</a>"#, r#"<a href="https://m.example/f.mp4">x</a>"#),
        (r#"<a href="mailto:a@b.example">x</a>"#, r#"<a href="mailto:a@b.example">x</a>"#),
        (
            r#"<img src="a b.jpg" srcset="/1.jpg 1x, /2.jpg 2x" alt="A &amp; B">"#,
            r#"<img src="https://college.example/news/2026/a%20b.jpg" srcset="https://college.example/1.jpg 1x, https://college.example/2.jpg 2x" alt="A &amp; B">"#,
        ),
        (
            r#"<video poster="/p.jpg" src="/v.mp4" autoplay></video>"#,
            r#"<video poster="https://college.example/p.jpg" src="https://college.example/v.mp4" controls=""></video>"#,
        ),
        (
            r#"<blockquote cite="/said" background="/b.png">x</blockquote>"#,
            r#"<blockquote cite="https://college.example/said">x</blockquote>"#,
        ),
        (
            r#"<picture><source srcset="/w.webp 2x" type="image/webp"><img src="/w.jpg"></picture>"#,
            r#"<picture><source srcset="https://college.example/w.webp 2x" type="image/webp"><img src="https://college.example/w.jpg"></picture>"#,
        ),
    ] {
        assert_eq!(clean(given), expected);
    }
}

#[test]
fn scripts_trackers_and_styles_are_removed() {
    for (given, expected) in [
        (
            r#"<p onclick="evil()" style="mso-x:1" class="MsoNormal">Text<script>evil()</script></p>"#,
            "<p>Text</p>",
        ),
        (r#"<a href="javascript:evil()">Text</a><style>p{}</style>"#, "Text"),
        (r#"<a href=" java&#10;script:evil()">Text</a>"#, "Text"),
        (r#"<p>Text<img src="/count.gif" width="1" height="1"></p>"#, "<p>Text</p>"),
        (r#"<p>Text<img src="/count.gif" style="width:1px; height:0"></p>"#, "<p>Text</p>"),
        (
            r#"<p>Text<img src="/count.gif" height=1><img src="/c.gif" hidden><img src="/d.gif" style="opacity: 0.0"></p>"#,
            "<p>Text</p>",
        ),
        (
            r#"<p style="background:url(//x.example/c.gif)">Text</p><bdo dir="rtl">x</bdo>"#,
            r#"<p>Text</p><bdi dir="rtl">x</bdi>"#,
        ),
        ("<p>A\u{fdd0}\u{1fffe}&#xFDD1;B</p>", "<p>AB</p>"),
        (
            r#"<svg onload="x"><path d="M0"/></svg><form action="/go"><input name="q"><label>Name</label></form>"#,
            "",
        ),
        (
            r#"<p><span style="mso-font">A</span><o:p></o:p> <font face="x">B</font><b> </b>C</p><p>&nbsp;</p><p><br></p>"#,
            "<p>A B C</p>",
        ),
        (
            "<!--[if mso]><p>no</p><![endif]--><p>yes</p><xml><w:View>Normal</w:View></xml>",
            "<p>yes</p>",
        ),
        ("<p>&nbsp;&nbsp;\u{3000}Indented</p>", "<p>Indented</p>"),
        ("<p>horn\u{7}s&#8; and \u{93}quotes&#148; \u{fffe}</p>", "<p>horns and “quotes” </p>"),
        (
            "<p>R&D &copy 2026 &#8212 &nbsp&nbsp;&notit; A&lt&gt</p>",
            "<p>R&amp;D © 2026 — &nbsp;&nbsp;¬it; A&lt;&gt;</p>",
        ),
        ("<center>A</center>B", r#"<div align="center">A</div>B"#),
    ] {
        assert_eq!(clean(given), expected);
    }
}

#[test]
fn lazy_images_are_resolved_once() {
    let shown = r#"<p><img src="https://college.example/a.jpg" alt="A"></p>"#;
    for given in [
        r#"<p><img src="data:image/gif;base64,R0" data-src="/a.jpg" alt="A"></p>"#,
        r#"<p><img src="/blank.gif" data-lazy-src="/a.jpg" alt="A"><noscript><img src="/a.jpg" alt="A"></noscript></p>"#,
        r#"<p><noscript><img src="/a.jpg" alt="A"></noscript></p>"#,
        r#"<p><img src="/blank.gif" data-lazy="true" data-original="/a.jpg" alt="A"></p>"#,
        r#"<p><img src="/blank.gif" data-actualsrc="https://college.example/a.jpg" alt="A"></p>"#,
        r#"<p><amp-img src="/a.jpg" alt="A" layout="responsive"><noscript><img src="/a.jpg" alt="A"></noscript></amp-img></p>"#,
        r#"<p><amp-anim src='/a.jpg' alt='A'><amp-img placeholder src="/b.jpg"></amp-img></amp-anim></p>"#,
    ] {
        assert_eq!(clean(given), shown, "{given}");
    }
    assert!(
        clean(r#"<img data-srcset="/a.jpg 1x" data-src="/b.jpg">"#)
            .contains(r#"srcset="https://college.example/a.jpg 1x""#)
    );
}

#[test]
fn frames_and_plug_ins_become_links() {
    for (given, expected) in [
        (
            r#"<iframe src="https://www.youtube-nocookie.com/embed/a_b-C?rel=0" title="Open &amp; day"></iframe>"#,
            r#"<a href="https://www.youtube.com/watch?v=a_b-C">Open &amp; day</a>"#,
        ),
        (
            r#"<iframe data-src="//player.bilibili.com/player.html?bvid=BV1x&amp;page=1"></iframe>"#,
            r#"<a href="https://www.bilibili.com/video/BV1x">bilibili.com/video/BV1x</a>"#,
        ),
        (
            r#"<object data="/plan.pdf"><embed src="/plan.pdf">No plug-in</object>"#,
            r#"<a href="https://college.example/plan.pdf">college.example/plan.pdf</a>"#,
        ),
        (
            r#"a<iframe src="https://count.example" width="0" height="0"></iframe><embed src="data:x">b"#,
            "ab",
        ),
    ] {
        assert_eq!(clean(given), expected);
    }
}

#[test]
fn semantic_markup_is_kept() {
    for same in [
        "<figure><figcaption>Words</figcaption></figure>",
        "<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby><mark>x</mark>",
        "<details open=\"\"><summary>More</summary><p>x</p></details>",
        "<table><tbody><tr><td colspan=\"2\">1</td><td></td></tr></tbody></table>",
        "<p lang=\"zh-CN\" dir=\"ltr\"><time datetime=\"2026-09-21\">today</time> 5 &lt; 6 &amp; 7</p>",
        "<pre>a\n  b</pre>",
    ] {
        assert_eq!(clean(same), same);
    }
    assert_eq!(clean("<pre>\n\n\n\n\n\n\n\na</pre>"), "<pre>a</pre>");
    assert_eq!(
        clean_body("<p><a href=\"/x\">no base</a> <img src=\"/a.jpg\"></p>", None),
        "<p>no base </p>"
    );
}

#[test]
fn pathological_bodies_neither_crash_nor_take_long() {
    let deep = format!("{}text{}", "<div><b x>".repeat(20_000), "</b></div>".repeat(20_000));
    assert!(clean(&deep).contains("text"));
    let unclosed = format!("{}{}", "<b><i><u><em>".repeat(2_000), "<p>x".repeat(5_000));
    assert!(clean(&unclosed).contains('x'));
    let attributes: String = (0..30_000).map(|n| format!(" a{n}=1")).collect();
    assert!(clean(&format!("<p{attributes}>text</p>")).contains("text"));
    assert!(clean(&"<p>新闻 and text</p>\n".repeat(40_000)).len() > 900_000);
    assert!(clean(&"&amp".repeat(50_000)).starts_with("&amp;&amp;"));
    assert!(clean(&"<table>x<svg><style>&nbsp;".repeat(5_000)).starts_with('x'));
    assert_eq!(
        clean(&format!("<p>x</p><img src=\"data:image/png;base64,{}\">", "A".repeat(9 << 20))),
        "<p>x</p>"
    );
    assert!(clean(&"noscript".repeat(500_000)).len() > 3_000_000);
    assert!(clean(&"x \u{a0}".repeat(100_000)).ends_with("x &nbsp;x &nbsp;"));
    assert!(clean(&format!("<p title=\"{}\">x</p>", "\u{bb}".repeat(100_000))).len() > 200_000);
    assert!(clean(&"<noscript ".repeat(300_000)).len() < 3_100_000);
    assert!(!plain_title(&"<!--<b <".repeat(30_000)).is_empty());
}

#[test]
fn many_latin_characters_stay_what_they_are() {
    let unit = "<p title=\"5\u{a0}%\">\u{ab}Sch\u{f6}n\u{bb}\u{fdd1} 1\u{a0}\u{b0}</p><a href=\"/a\u{a0}\u{bb}\">x</a>";
    let one = clean(unit);
    assert_eq!(clean(&unit.repeat(1_000)), one.replace('\u{fdd1}', "").repeat(1_000));
    assert!(one.contains("%C2%A0%C2%BB") && one.contains("1&nbsp;\u{b0}"), "{one}");
}

#[test]
fn nested_forms_drawings_and_formulas_take_linear_time() {
    for (open, close) in [
        ("<form><label>", "</label></form>"),
        ("<div class=wpcf7>", "</div>"),
        ("<video>", "</video>"),
        ("<object>", "</object>"),
        ("<svg><title>", "</title></svg>"),
        ("<math><mrow>", "</mrow></math>"),
        ("<div role=img aria-label=x>", "</div>"),
        ("<span class=mathjax>x<svg>", "</svg></span>"),
    ] {
        clean(&format!("{}text{}", open.repeat(5_000), close.repeat(5_000)));
        clean(&open.repeat(10_000));
    }
}

#[test]
fn formulas_labels_and_forms_are_reduced_to_what_people_read() {
    for (given, expected) in [
        (
            "<p>Energy <math><mi>v</mi><mo>=</mo><msup><mi>c</mi><mn>2</mn></msup></math>.</p>",
            "<p>Energy v=c<sup>2</sup>.</p>",
        ),
        (
            r#"<figure><svg role="img" aria-label="Visits &lt; 5"><path d="M0"></path></svg></figure>"#,
            "<figure>Visits &lt; 5</figure>",
        ),
        (
            r#"<object data="/plan.svg" title="Plan"><p>Two halls</p></object>"#,
            r#"<a href="https://college.example/plan.svg">Plan</a> <p>Two halls</p>"#,
        ),
        ("<p>A <math><mi>x</mi> grows</p><p>Next</p>", "<p>A x grows</p><p>Next</p>"),
        ("<p>Ask.</p><form><label>Name</label><input><button>Send</button></form>", "<p>Ask.</p>"),
    ] {
        assert_eq!(clean(given), expected);
        assert_eq!(clean(expected), expected);
    }
    assert_eq!(
        plain_title("On <math><msub><mi>H</mi><mn>2</mn></msub><mi>O</mi></math>"),
        "On H2O"
    );
    assert_eq!(plain_title("The <math> element"), "The <math> element");
    assert_eq!(
        summary(Some("Is <math><mi>x</mi><mo>&lt;</mo><mn>2</mn></math>?"), "", 60),
        "Is x<2?"
    );
}

#[test]
fn titles_lose_their_markup_but_keep_their_text() {
    for (given, expected) in [
        ("5 < 6 & 7", "5 < 6 & 7"),
        ("<em>more</em>&nbsp; news", "more news"),
        ("A&amp;B &lt;p&gt; &#8212; <b>x</b>", "A&B <p> — x"),
        ("x<y and y>z", "x<y and y>z"),
        ("one<br/>two\n three\u{3000}four", "one two three four"),
        ("<script>evil()</script>Fine<!-- hm -->", "Fine"),
        ("e\u{301}te\u{301} \u{96} \u{7}horn\u{fffe}", "été – horn"),
        ("👩\u{200d}🔬 in the lab", "👩\u{200d}🔬 in the lab"),
        ("  ", ""),
    ] {
        assert_eq!(plain_title(given), expected);
    }
}

#[test]
fn plain_text_has_a_line_for_each_paragraph() {
    let html = "<h2>Fair</h2><p>On &amp; on<br>second <b>line</b></p><ul><li>one</li><li>two</li></ul><script>x</script>\
        <table><tr><td>a</td><td>b</td></tr></table><pre>x\ny</pre>";
    assert_eq!(plain_text(html), "Fair\nOn & on\nsecond line\none\ntwo\na b\nx\ny");
}

#[test]
fn summaries_are_truncated_at_word_boundaries() {
    assert_eq!(summary(Some(" <b>Given</b> 5 < 6 "), "<p>Body</p>", 50), "Given 5 < 6");
    assert_eq!(
        summary(
            Some("<p></p>"),
            "<h2>Head</h2><figure><figcaption>cap</figcaption></figure><p>Body</p>",
            50
        ),
        "Body"
    );
    assert_eq!(summary(None, "<h2>Head</h2>", 50), "Head");
    assert_eq!(
        summary(None, "<p>The students opened a laboratory</p>", 22),
        "The students opened a…"
    );
    assert_eq!(
        summary(None, "<p>The students opened, a laboratory</p>", 21),
        "The students opened…"
    );
    assert_eq!(summary(None, "<p>学院的学生们在新的实验室里上课</p>", 8), "学院的学生们在…");
    assert_eq!(summary(None, "<p>We met. Then we left.</p>", 9), "We met…");
    assert_eq!(summary(None, "<p>学生们上课。随后离开了教室</p>", 7), "学生们上课…");
    assert_eq!(
        summary(None, &format!("<p>{}</p>", "👩\u{200d}🔬".repeat(9)), 4),
        format!("{}…", "👩\u{200d}🔬".repeat(3))
    );
    assert_eq!(summary(None, "", 10), "");
    assert_eq!(summary(None, "<p>text</p>", 0), "");
}

#[test]
fn summaries_have_no_marks_of_footnotes() {
    for (body, expected) in [
        (
            "<p>Built twice<sup class=\"r\"><a href=\"https://a.example/b#fn1\" id=\"r1\">[1]</a></sup>.</p><p>In 1951. <a href=\"#r1\">↩︎</a></p>",
            "Built twice. In 1951.",
        ),
        (
            "<p>Built<sup data-fn=\"x\"><a href=\"https://a.example/b#x\">1</a></sup> twice</p>",
            "Built twice",
        ),
        (
            "<p>12 m<sup>2</sup>, CO<sup><a href=\"https://a.example/\">2</a></sup></p>",
            "12 m2, CO2",
        ),
    ] {
        assert_eq!(summary(None, body, 50), expected);
    }
}

#[test]
fn text_of_time_elements_is_kept() {
    let html = r#"<div class="d"><time datetime="2023-01-16T07:08:31+00:00">January 16, 2023</time></div><li><time datetime="x">y</time></li>"#;
    assert!(clean_body(html, None).contains("January 16, 2023"), "{}", clean_body(html, None));
}
