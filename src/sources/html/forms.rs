//! Removes forms with their labels and texts: nobody can fill them in inside a feed reader or e-mail.

use std::borrow::Cow;

use super::elements::{Tag, attribute, tags, text};

/// Minimum length of the text of a form that is the content of a page, not labels, in characters.
const MIN_PAGE_CHARS: usize = 1_200;

/// Length of an element that is certainly not a form alone, in bytes.
const MAX_FORM_BYTES: usize = 256 << 10;

/// Number of forms, and of labels outside of them, that are removed from a body.
const MAX_FORMS: usize = 100;

/// Classes and ids of the elements around forms, with headings and messages.
const FORM_NAMES: &str = "respond comment-respond commentform comment-form wp-block-post-comments-form wp-block-search \
    search-form searchform login-form loginform wp-block-loginout contact-form subscribe-form newsletter-form \
    wpcf7 wpforms-container wpforms-error-noscript gform_wrapper nf-form-cont ninja-forms-noscript-message \
    ninja-forms-form-wrap mc4wp-form mc_embed_signup wp-block-jetpack-contact-form \
    wp-block-jetpack-contact-form-container jetpack_subscription_widget wp-block-jetpack-subscriptions frm_forms \
    fluentform forminator-ui mailpoet_form tnp-subscription elementor-widget-form elementor-search-form \
    et_pb_contact_form_container et_pb_newsletter_form hs-form hbspt-form sib_signup_form ml-embedded formkit-form \
    klaviyo-form wp-block-kadence-form wp-block-uagb-forms happyforms-form caldera-grid everest-forms";

/// Returns HTML without forms, and without the labels of single fields. A form around a whole page
/// keeps its texts.
pub(super) fn without_forms(html: &str) -> Cow<'_, str> {
    let lower = html.to_ascii_lowercase();
    let has_form = ["<form", "<label", "<search"].iter().any(|part| lower.contains(part))
        || FORM_NAMES.split_whitespace().any(|name| lower.contains(name));
    if !has_form {
        return Cow::Borrowed(html);
    }
    let all = tags(html);
    let (mut out, mut at) = (String::with_capacity(html.len()), 0);
    let (mut forms, mut labels) = (0, 0);
    for (index, tag) in all.iter().enumerate().filter(|(_, tag)| !tag.is_end) {
        let Some(end) = tag.partner.map(|partner| &all[partner]).filter(|_| tag.start >= at) else {
            continue;
        };
        let content = &html[tag.end..end.start];
        let is_removed = match tag.name.as_str() {
            "label" | "legend" => {
                labels += 1;
                labels <= 10 * MAX_FORMS && is_label_of_field(&all, index)
            }
            "form" | "search" => {
                forms += 1;
                forms <= MAX_FORMS && has_control(&all, index, html) && !is_page(content)
            }
            _ => {
                let is_form = is_named_form(&html[tag.start..tag.end]);
                forms += usize::from(is_form);
                is_form && forms <= MAX_FORMS && !is_page(content)
            }
        };
        if is_removed {
            out.push_str(&html[at..tag.start]);
            at = end.end;
        }
    }
    out.push_str(&html[at..]);
    Cow::Owned(out)
}

fn is_page(content: &str) -> bool {
    content.len() > MAX_FORM_BYTES
        || content.len() > MIN_PAGE_CHARS && text(content).chars().count() > MIN_PAGE_CHARS
}

fn is_named_form(tag: &str) -> bool {
    ["class", "id"].iter().filter_map(|name| attribute(tag, name)).any(|names| {
        names
            .split_whitespace()
            .any(|name| FORM_NAMES.split_whitespace().any(|known| known.eq_ignore_ascii_case(name)))
    })
}

/// Returns `true` if an element contains a field or button that people see.
fn has_control(all: &[Tag], index: usize, html: &str) -> bool {
    let end = all[index].partner.unwrap_or(index);
    all[index..end].iter().any(|tag| match tag.name.as_str() {
        "textarea" | "select" | "button" => true,
        "input" => attribute(&html[tag.start..tag.end], "type").as_deref() != Some("hidden"),
        _ => false,
    })
}

/// Returns `true` if a label contains a field, or one follows it. A label after a field may be the
/// heading of text that a checkbox unfolds.
fn is_label_of_field(all: &[Tag], index: usize) -> bool {
    let end = all[index].partner.unwrap_or(index);
    let is_field = |tag: &Tag| matches!(tag.name.as_str(), "input" | "select" | "textarea");
    all[index..end].iter().any(is_field)
        || all[end + 1..]
            .iter()
            .find(|tag| !matches!(tag.name.as_str(), "br" | "span"))
            .is_some_and(is_field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_leave_neither_labels_nor_messages() {
        for form in [
            "<form><label>Name</label> <input placeholder=\"You\"><button>Send</button></form>",
            "<div id=\"respond\" class=\"comment-respond\"><h3>Leave a Reply</h3><form><p>Required fields are marked *</p><textarea></textarea></form></div>",
            "<div class=\"wpcf7 no-js\"><p role=\"status\">Wait</p><form><p>Your name<br><input></p></form></div>",
            "<div class='gf_browser_chrome gform_wrapper'><h2>Ask us</h2><form><input></form></div>",
            "<noscript class=\"ninja-forms-noscript-message\">JavaScript is required.</noscript><div class=\"nf-form-cont\">Loading</div>",
            "<div id=\"mc_embed_signup\"><h2>Subscribe</h2><form><input></form></div>",
            "<search><form role=\"search\"><label for=\"s\">Search</label><input id=\"s\"></form></search>",
            "<label for=\"a\">Address</label><br><input id=\"a\">",
        ] {
            let left = without_forms(&format!("<p>Before</p>{form}<p>After</p>")).into_owned();
            assert_eq!(text(&left), "Before After", "{form}");
        }
    }

    #[test]
    fn other_elements_keep_their_text() {
        let page =
            format!("<form><input type=\"text\"><p>{}</p></form>", "Words of a page. ".repeat(200));
        for html in [
            page.as_str(),
            "<form><input type=\"hidden\" name=\"a\"><p>Words</p></form>",
            "<input type=\"checkbox\" id=\"t\"><label for=\"t\">Heading</label><div>Words</div>",
            "<form><input><p>Words that an unclosed form contains",
            "<div class=\"information contact\">Words</div>",
        ] {
            assert_eq!(text(&without_forms(html)), text(html), "{html}");
        }
    }
}
