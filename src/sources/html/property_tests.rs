//! Property tests of the cleaning, with hostile, broken and common markup.

use proptest::collection::vec;
use proptest::prelude::*;
use url::Url;

use super::markup::{HtmlToken, HtmlTokens, attribute};
use super::*;

/// Fragments of ordinary, broken and hostile markup.
const MARKUP: &[&str] = &[
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<i x=1>",
    "</i>",
    "<a href=\"/a b\">",
    "<a href='javascript:x'>",
    "</a>",
    "<div>",
    "</div>",
    "<table>",
    "<tr>",
    "<td>",
    "</td>",
    "</tr>",
    "</table>",
    "<ul><li>",
    "</li>",
    "</ul>",
    "<pre>\n\n",
    "</pre>",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<svg><style>",
    "</svg>",
    "<math><mi>",
    "</math>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<noscript>",
    "</noscript>",
    "<iframe src=//x.example/e>",
    "</iframe>",
    "<object data=p.pdf>",
    "</object>",
    "<embed src=x.swf>",
    "<select>",
    "<option>",
    "</select>",
    "<textarea>",
    "</textarea>",
    "<title>",
    "</title>",
    "<template>",
    "</template>",
    "<img src=a.jpg>",
    "<img srcset='a.jpg 1x, javascript:x 2x' data-src=b.jpg>",
    "<video poster=//p.example>",
    "</video>",
    "<source srcset=x>",
    "<picture>",
    "</picture>",
    "<form>",
    "<center>",
    "</center>",
    "<span>",
    "<span lang=en>",
    "</span>",
    "<font>",
    "<o:p>",
    "</o:p>",
    "<h1>",
    "</h1>",
    "<button>",
    "<br>",
    "<hr>",
    "<ruby>a<rt>",
    "</ruby>",
    "<details><summary>",
    "</details>",
    "&lt;script&gt;",
    "&#8;",
    "&#xfffe;",
    "&nbsp;",
    "&amp;",
    "&",
    "<",
    ">",
    "\"",
    "<a <b",
    "<q cite=/c>",
    "<blockquote cite='data:x'>",
    "<frameset>",
    "<caption>",
    "<col>",
    "<plaintext>",
    "<p title='<script>'>",
    "<a><a>",
    "</br>",
    "</p>",
    "<nobr>",
    "<base href=//evil.example>",
];

/// Random sequences of markup fragments and text.
fn fragments() -> impl Strategy<Value = String> {
    let known = prop::sample::select(MARKUP);
    let fragment = prop_oneof![6 => known.prop_map(str::to_owned), 1 => any::<String>(), 2 => "[a-z \n\u{7}\u{0}新]{0,5}"];
    vec(fragment, 0..25).prop_map(|fragments| fragments.concat())
}

fn attribute_urls(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for token in HtmlTokens(html) {
        if let HtmlToken::Start(_, attributes) = token {
            for name in ["href", "src", "poster", "cite", "data", "action", "background"] {
                found.extend(attribute(attributes, name).map(str::to_owned));
            }
            found.extend(
                attribute(attributes, "srcset")
                    .into_iter()
                    .flat_map(|set| set.split(", "))
                    .map(str::to_owned),
            );
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn cleaned_bodies_are_safe_absolute_and_stable(html in fragments(), with_base in any::<bool>()) {
        let base = Url::parse("https://college.example/news/").ok().filter(|_| with_base);
        let cleaned = clean_body(&html, base.as_ref());
        let lower = cleaned.to_ascii_lowercase();
        for forbidden in ["<script", "<style", "<svg", "<iframe", " style=\"", " onclick=\""] {
            prop_assert!(!lower.contains(forbidden), "{cleaned}");
        }
        for url in attribute_urls(&cleaned) {
            prop_assert!(["http://", "https://", "mailto:"].iter().any(|scheme| url.starts_with(scheme)), "{url}");
        }
        prop_assert!(cleaned.chars().all(text_repair::is_xml_char));
        prop_assert_eq!(clean_body(&cleaned, base.as_ref()), cleaned);
    }

    #[test]
    fn cleaning_keeps_the_text(words in "[a-z新]{1,8}( [a-z新]{1,8}){0,4}") {
        let html = format!("<div><p style='x'>{words}</p></div>");
        prop_assert_eq!(plain_text(&clean_body(&html, None)), words.clone());
        prop_assert_eq!(plain_title(&words), words);
    }

    #[test]
    fn titles_and_summaries_are_plain_text(html in fragments(), max in 0_usize..60) {
        use unicode_segmentation::UnicodeSegmentation as _;
        let title = plain_title(&html);
        prop_assert!(title.chars().all(text_repair::is_xml_char) && !title.contains(['\n', '\t']));
        prop_assert!(plain_text(&html).chars().all(text_repair::is_xml_char));
        let cut = summary(None, &html, max);
        prop_assert!(cut.graphemes(true).count() <= max, "{cut}");
    }

    #[test]
    fn titles_without_markup_are_unchanged(text in "[^<&\\s\\p{C}]{1,40}") {
        use unicode_normalization::UnicodeNormalization as _;
        prop_assert_eq!(plain_title(&text), text.nfc().collect::<String>());
    }
}
