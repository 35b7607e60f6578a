//! Tests that a precompiled message has the content of a rendered one and conforms to the mail
//! RFCs.

use proptest::prelude::*;

use super::*;
use crate::demo::mailbox::mime;
use crate::mail::message::{ListHeaders, MessageParts};
use crate::templates::mail::SubscriberContext;
use crate::templates::{DigestMailContext, RenderedMail, TemplateSnapshot, Templates};

const FROM: &str = "College News <news@example.edu>";
const DATE: Millis = Millis(1_790_000_000_000);

fn subscriber(name: &str, address: &str, unsubscribe_url: &str) -> SubscriberContext {
    SubscriberContext {
        name: name.to_owned(),
        address: address.to_owned(),
        unsubscribe_url: unsubscribe_url.to_owned(),
        ..SubscriberContext::default()
    }
}

fn placeholders() -> Placeholders {
    Placeholders::new(b"secret")
}

fn variant_parts<'a>(mail: &'a RenderedMail, placeholders: &'a Placeholders) -> VariantParts<'a> {
    VariantParts {
        from: FROM,
        reply_to: Some("office@example.edu"),
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        list_id: "weekly.news.example.edu",
        unsubscribe_mailto: None,
        feedback_id: Some("7:weekly:digest:news.example.edu"),
        edition: Some("7"),
        placeholders,
        boundary_seed: "variant 1",
    }
}

fn recipient<'a>([name, address, unsubscribe_url]: [&'a str; 3]) -> Recipient<'a> {
    Recipient {
        address,
        name: Some(name),
        unsubscribe_url,
        message_id: "abc@news.example.edu",
        date: DATE,
    }
}

/// Returns the message built without precompilation.
fn rendered_message(mail: &RenderedMail, [name, address, unsubscribe_url]: [&str; 3]) -> String {
    MessageParts {
        from: FROM,
        to_address: address,
        to_name: Some(name),
        reply_to: Some("office@example.edu"),
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        message_id: "abc@news.example.edu",
        date: DATE,
        list: Some(ListHeaders {
            list_id: "weekly.news.example.edu",
            unsubscribe_url,
            unsubscribe_mailto: None,
        }),
        feedback_id: Some("7:weekly:digest:news.example.edu"),
        edition: Some("7"),
    }
    .to_message()
    .unwrap()
}

/// Panics on violations of RFC 5321, 5322 and 2045, and on constructs that relays are known to
/// mishandle.
fn assert_well_formed(message: &str) {
    assert!(message.is_ascii() && message.ends_with("\r\n"));
    assert!(!message.replace("\r\n", "").contains(['\r', '\n', '\0']), "no bare CR or LF, no NUL");
    let (_, body) = message.split_once("\r\n\r\n").unwrap();
    for line in body.split("\r\n") {
        assert!(
            line.len() <= 78
                && !line.starts_with('.')
                && !line.starts_with("From ")
                && !line.ends_with([' ', '\t']),
            "{line:?}"
        );
    }
    assert!(message.split("\r\n").all(|line| line.len() <= 998));
    for part in body.split("Content-Transfer-Encoding: base64\r\n\r\n").skip(1) {
        let lines: Vec<&str> = part
            .split("\r\n")
            .take_while(|line| !line.starts_with("--"))
            .filter(|line| !line.is_empty())
            .collect();
        assert!(lines.iter().all(|line| line.len() <= 76 && line.len() % 4 == 0), "{lines:?}");
        assert!(
            !lines.concat().trim_end_matches('=').contains('='),
            "padding occurs only at the end"
        );
    }
}

/// Panics unless both messages have the same content and, except for the boundary, byte-identical
/// headers.
fn assert_same(precompiled: &str, rendered: &str) {
    assert_well_formed(precompiled);
    let head = |message: &str| message.split_once("boundary=\"").unwrap().0.to_owned();
    assert_eq!(head(precompiled), head(rendered));
    let (precompiled, rendered) =
        (mime::parse(precompiled.as_bytes()), mime::parse(rendered.as_bytes()));
    assert_eq!(precompiled.headers.len(), rendered.headers.len());
    assert_eq!(precompiled.text, rendered.text);
    assert_eq!(precompiled.html, rendered.html);
}

fn templates(subject: &str, html: &str, text: &str) -> Templates {
    let directory = tempfile::tempdir().unwrap();
    let template_directory = directory.path().join("email/mine");
    std::fs::create_dir_all(&template_directory).unwrap();
    for (part, text) in [("subject.hbs", subject), ("html.hbs", html), ("text.hbs", text)] {
        std::fs::write(template_directory.join(part), text).unwrap();
    }
    Templates::load(Some(directory.path())).unwrap()
}

/// Returns the variant, its snapshot, and whether it can be precompiled, as decided when an edition
/// is created.
fn variant(
    templates: &Templates,
    template: &str,
    mut context: DigestMailContext,
) -> (RenderedMail, TemplateSnapshot, bool) {
    let placeholders = placeholders();
    context.subscriber.name = placeholders.name.clone();
    context.subscriber.address = placeholders.address.clone();
    context.subscriber.unsubscribe_url = placeholders.unsubscribe_url.clone();
    let mail = templates.render_digest(template, &context).unwrap();
    let snapshot =
        TemplateSnapshot::parse(&templates.snapshot(template, &context).unwrap()).unwrap();
    let precompilable = !templates.uses_subscriber_in_logic(template)
        && can_precompile(
            &mail,
            &placeholders,
            "https://news.example.edu/unsubscribe/x",
            |[name, address, url]| snapshot.render(subscriber(name, address, url)),
        )
        .unwrap();
    (mail, snapshot, precompilable)
}

fn is_precompilable(subject: &str, html: &str, text: &str) -> bool {
    variant(&templates(subject, html, text), "mine", DigestMailContext::samples().remove(0)).2
}

#[test]
fn built_in_digest_is_precompiled_in_every_language() {
    let templates = Templates::load(None).unwrap();
    for context in DigestMailContext::samples() {
        let (mail, snapshot, precompilable) = variant(&templates, "digest", context);
        assert!(precompilable);
        let placeholders = placeholders();
        let message = PrecompiledMessage::compile(&variant_parts(&mail, &placeholders)).unwrap();
        for name in ["", "Ada Lovelace", "张伟"] {
            let values =
                [name, "o'neil+x@example.org", "https://news.example.edu/unsubscribe/AbC?d=1&e=2"];
            let precompiled = message.render(&recipient(values)).unwrap();
            assert_same(
                &precompiled,
                &rendered_message(
                    &snapshot.render(subscriber(name, values[1], values[2])).unwrap(),
                    values,
                ),
            );
            assert_eq!(
                precompiled,
                message.render(&recipient(values)).unwrap(),
                "equal recipients produce equal bytes"
            );
        }
    }
}

#[test]
fn template_where_a_placeholder_affects_other_output_is_not_precompiled() {
    let html = |html| is_precompilable("s", html, "t");
    assert!(html(
        "<p>Dear {{subscriber.name}}, <a title='{{subscriber.name}}' href={{subscriber.unsubscribe_url}}>x</a></p>"
    ));
    assert!(html(
        "<table><tr><td>{{subscriber.name}}</td></tr></table><!--[if mso]>{{subscriber.unsubscribe_url}}<![endif]-->"
    ));
    assert!(html(
        "<title>{{subscriber.name}}</title><textarea>{{subscriber.name}}</textarea><div>{{subscriber.name}}</div>"
    ));
    assert!(!html("<p title={{subscriber.name}}>unquoted</p>"));
    assert!(!html("<p class=\"{{subscriber.name}}\">looked into</p>"));
    assert!(!html("<p style=\"color:{{subscriber.name}}\">looked into</p>"));
    assert!(!html("<script>'{{subscriber.name}}'</script>"));
    assert!(!html("<style>@media print { a { content: '{{subscriber.name}}' } }</style>"));
    assert!(!html("<style>div:empty { color: red }</style><div>{{subscriber.name}}</div>"));
    assert!(!html(
        "<style>a[href^=https] { color: red }</style><a href=\"{{subscriber.unsubscribe_url}}\">x</a>"
    ));
    assert!(!html("<table>\n{{subscriber.name}}\n<tr><td>x</td></tr></table>"));
    assert!(!html("Fish &{{subscriber.name}}"));
    assert!(is_precompilable(
        "For {{subscriber.name}} !",
        "x",
        "\n\n\n{{subscriber.name}}\n\n\nDear {{subscriber.name}}\n{{subscriber.name}}"
    ));
}

#[test]
fn precompiled_message_rejects_invalid_header_values() {
    let (mail, placeholders) =
        (RenderedMail { subject: "s".into(), html: "h".into(), text: "t".into() }, placeholders());
    let message = PrecompiledMessage::compile(&variant_parts(&mail, &placeholders)).unwrap();
    let good = ["Ann", "ann@example.org", "https://x.example/u"];
    for bad in [
        Recipient { address: "a b@example.org", ..recipient(good) },
        Recipient { address: "a@b.example\r\nBcc: c@d.example", ..recipient(good) },
        Recipient { unsubscribe_url: "https://x/\r\nBcc: y@z", ..recipient(good) },
        Recipient { unsubscribe_url: "", ..recipient(good) },
        Recipient { message_id: "a@b>\r\nX: y", ..recipient(good) },
    ] {
        assert!(message.render(&bad).is_err(), "{bad:?}");
    }
    assert!(
        PrecompiledMessage::compile(&VariantParts {
            from: "nobody",
            ..variant_parts(&mail, &placeholders)
        })
        .is_err()
    );
    assert!(
        PrecompiledMessage::compile(&VariantParts {
            unsubscribe_mailto: Some("a b"),
            ..variant_parts(&mail, &placeholders)
        })
        .is_err()
    );
    let both = PrecompiledMessage::compile(&VariantParts {
        unsubscribe_mailto: Some("leave@example.edu"),
        ..variant_parts(&mail, &placeholders)
    })
    .unwrap();
    let mail = both.render(&recipient(good)).unwrap();
    assert!(mail.contains(
        "\r\nList-Unsubscribe: <https://x.example/u>,\r\n <mailto:leave@example.edu>\r\n"
    ));
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(" \t\n".to_owned()),
        "[A-Z][a-z]{1,9} [A-Z][a-z]{1,9}",
        "[张王李欧阳伟芳]{2,4}",
        "\\PC{0,60}",
        any::<String>(),
        "[.=<>&\"'`; F\r\n\t\u{a0}rom]{0,40}",
        Just("From me. &lt;b&gt; \"<b>'=`".to_owned()),
        Just("👩‍👩‍👧".repeat(40)),
        Just(placeholders().address),
        Just(format!("{}{}", placeholders().name, placeholders().unsubscribe_url)),
    ]
}

fn address() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9'&+=`{}|~-]{0,30}@[a-z]{1,9}\\.example"
}

fn link() -> impl Strategy<Value = String> {
    "https://[a-z]{1,9}\\.example/unsubscribe/[A-Za-z0-9_&=?#%'.;-]{1,90}"
}

/// Generates text with these placeholders in it.
fn text_around(placeholders: [String; 3]) -> impl Strategy<Value = String> {
    let [name, address, link] = placeholders;
    let part = prop_oneof![
        3 => Just(name),
        2 => Just(address),
        2 => Just(link),
        2 => Just("\n".to_owned()),
        1 => Just("\r\n.\r\nFrom x\r\n".to_owned()),
        1 => Just(" ".to_owned()),
        2 => "[ -~]{0,200}",
        2 => "[\u{4e00}-\u{4f00}。]{0,90}",
        1 => "\\PC{0,9}",
        1 => any::<String>(),
    ];
    proptest::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

fn text_with_placeholders() -> impl Strategy<Value = String> {
    let placeholders = placeholders();
    text_around([placeholders.name, placeholders.address, placeholders.unsubscribe_url])
}

/// Characters that no other text of these tests contains, with the template tags they stand for.
const TAGS: [(&str, &str); 3] = [
    ("\u{e000}", "{{subscriber.name}}"),
    ("\u{e001}", "{{subscriber.address}}"),
    ("\u{e002}", "{{subscriber.unsubscribe_url}}"),
];

fn as_template(text: &str) -> String {
    TAGS.iter()
        .fold(text.replace(['{', '}', '\\'], ""), |text, (mark, tag)| text.replace(mark, tag))
}

/// Generates HTML with template tags, valid and invalid.
fn fragment() -> impl Strategy<Value = String> {
    let fixed = [
        "<p>Dear {{subscriber.name}},</p>\n",
        "<h1>{{subscriber.name}}{{subscriber.address}} {{subscriber.name}}</h1>",
        "<a href=\"{{subscriber.unsubscribe_url}}\" title='for {{subscriber.name}}'>leave</a>\n",
        "<table><tr><td>{{subscriber.address}}</td><td style=\"color:red\">{{subscriber.name}}</td></tr></table>",
        "<table>{{subscriber.name}} <tr><td>x</td></tr></table>",
        "<!--[if mso]><a href=\"{{subscriber.unsubscribe_url}}\">{{subscriber.name}}</a><![endif]-->",
        "<img alt=\"{{subscriber.name}}\" src={{subscriber.unsubscribe_url}}>",
        "<p title={{subscriber.name}}>x</p>",
        "<p id=\"{{subscriber.name}}\" class=\"a {{subscriber.address}}\">x</p>",
        "<style>p { margin: 0 } td:empty { color: red }</style>",
        "<p><b>open</p>{{subscriber.name}}<i>\n",
        "<pre>\n{{subscriber.name}}\n</pre><textarea>{{subscriber.name}}</textarea>",
        "<script>var x = '{{subscriber.name}}'</script>",
        "<select><option value=\"{{subscriber.address}}\">{{subscriber.name}}</option></select>",
        "R&D&amp;{{subscriber.name}} &lt;{{subscriber.address}}&gt; &not{{subscriber.name}}",
        "<svg><title>{{subscriber.name}}</title><style>{{subscriber.address}}</style></svg>",
        "<p>林谷职业学院的一周：新车间配有十二台五轴加工中心和一间透明测量室。{{subscriber.name}}，您好！来自两国的三十名学徒。</p>",
        "{{#each lead}}<p>{{title}} {{@root.subscriber.name}}</p>{{/each}}",
    ];
    proptest::sample::select(fixed.map(str::to_owned).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn precompiled_message_equals_the_message_built_from_its_parts(
        subject in text_with_placeholders(), text in text_with_placeholders(), html in text_with_placeholders(), name in name(), address in address(), link in link()
    ) {
        let (placeholders, variant) = (placeholders(), RenderedMail { subject, html, text });
        let line = one_line(&name);
        let values = Values { name: &line, address: &address, unsubscribe_url: &link };
        let filled = equivalence::fill_placeholders(&variant, &placeholders, values);
        let precompiled = PrecompiledMessage::compile(&variant_parts(&variant, &placeholders)).unwrap().render(&recipient([&name, &address, &link])).unwrap();
        assert_same(&precompiled, &rendered_message(&filled, [&name, &address, &link]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn precompiled_message_equals_the_rendered_template(
        subject in text_around(TAGS.map(|(mark, _)| mark.to_owned())),
        html in proptest::collection::vec(fragment(), 0..5),
        text in text_around(TAGS.map(|(mark, _)| mark.to_owned())),
        people in proptest::collection::vec((name(), address(), link()), 3),
        sample in 0_usize..4,
    ) {
        let (subject, text) = (as_template(&subject), as_template(&text));
        let context = DigestMailContext::samples().swap_remove(sample);
        let (variant, snapshot, precompilable) = variant(&templates(&subject, &html.concat(), &text), "mine", context);
        if precompilable {
            let placeholders = placeholders();
            let message = PrecompiledMessage::compile(&variant_parts(&variant, &placeholders)).unwrap();
            for (name, address, link) in &people {
                let values = [name.as_str(), address, link];
                let rendered = snapshot.render(subscriber(name, address, link)).unwrap();
                assert_same(&message.render(&recipient(values)).unwrap(), &rendered_message(&rendered, values));
            }
        }
    }
}
