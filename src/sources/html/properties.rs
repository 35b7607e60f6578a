//! What must hold for whatever a CMS holds.

use proptest::collection::vec;
use proptest::prelude::*;
use url::Url;

use super::markup::{Piece, Pieces, attribute};
use super::*;

/// Markup as it comes and as it breaks things.
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

/// Pieces of markup that are hostile, broken or common, in any order.
fn fragments() -> impl Strategy<Value = String> {
    let known = prop::sample::select(MARKUP);
    let piece = prop_oneof![6 => known.prop_map(str::to_owned), 1 => any::<String>(), 2 => "[a-z \n\u{7}\u{0}新]{0,5}"];
    vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

fn addresses(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for piece in Pieces(html) {
        if let Piece::Open(_, attributes) = piece {
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
    fn a_cleaned_body_is_safe_absolute_and_stays_as_it_is(html in fragments(), with_base in any::<bool>()) {
        let base = Url::parse("https://college.example/news/").ok().filter(|_| with_base);
        let cleaned = clean_body(&html, base.as_ref());
        let lower = cleaned.to_ascii_lowercase();
        for forbidden in ["<script", "<style", "<svg", "<iframe", " style=\"", " onclick=\""] {
            prop_assert!(!lower.contains(forbidden), "{cleaned}");
        }
        for address in addresses(&cleaned) {
            prop_assert!(["http://", "https://", "mailto:"].iter().any(|scheme| address.starts_with(scheme)), "{address}");
        }
        prop_assert!(cleaned.chars().all(characters::allowed_in_xml));
        prop_assert_eq!(clean_body(&cleaned, base.as_ref()), cleaned);
    }

    #[test]
    fn words_survive_the_cleaning(words in "[a-z新]{1,8}( [a-z新]{1,8}){0,4}") {
        let html = format!("<div><p style='x'>{words}</p></div>");
        prop_assert_eq!(plain_text(&clean_body(&html, None)), words.clone());
        prop_assert_eq!(plain_title(&words), words);
    }

    #[test]
    fn texts_are_plain_whatever_they_were(html in fragments(), max in 0_usize..60) {
        use unicode_segmentation::UnicodeSegmentation as _;
        let title = plain_title(&html);
        prop_assert!(title.chars().all(characters::allowed_in_xml) && !title.contains(['\n', '\t']));
        prop_assert!(plain_text(&html).chars().all(characters::allowed_in_xml));
        let cut = summary(None, &html, max);
        prop_assert!(cut.graphemes(true).count() <= max, "{cut}");
    }

    #[test]
    fn a_title_without_markup_is_what_was_given(text in "[^<&\\s\\p{C}]{1,40}") {
        use unicode_normalization::UnicodeNormalization as _;
        prop_assert_eq!(plain_title(&text), text.nfc().collect::<String>());
    }
}
