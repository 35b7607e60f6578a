//! A poured mail says what a rendered one says, and is written as a mail must be.

use proptest::prelude::*;

use super::*;
use crate::mail::mailbox::mime;
use crate::mail::message::{Letter, ListHeaders};
use crate::templates::{DigestContext, Recipe, RenderedMail, Templates};

const FROM: &str = "College News <news@example.edu>";
const DATE: Millis = Millis(1_790_000_000_000);

fn slots() -> Slots {
    Slots::of(b"secret")
}

fn cast<'a>(mail: &'a RenderedMail, slots: &'a Slots) -> Cast<'a> {
    Cast {
        from: FROM,
        reply_to: Some("office@example.edu"),
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        list_id: "weekly.news.example.edu",
        unsubscribe_mailto: None,
        feedback_id: Some("7:weekly:digest:news.example.edu"),
        edition: Some("7"),
        slots,
        seed: "variant 1",
    }
}

fn person<'a>([name, address, unsubscribe_url]: [&'a str; 3]) -> Person<'a> {
    Person {
        address,
        name: Some(name),
        unsubscribe_url,
        message_id: "abc@news.example.edu",
        date: DATE,
    }
}

/// The mail as it is made without a mould.
fn letter(mail: &RenderedMail, [name, address, unsubscribe_url]: [&str; 3]) -> String {
    Letter {
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

/// Panics on what RFC 5321, 5322 and 2045 do not allow, and on what relays are known to stumble over.
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
        assert!(!lines.concat().trim_end_matches('=').contains('='), "no padding but at the end");
    }
}

/// Panics unless both say the same, their headers to the byte but for the boundary.
fn assert_same(poured: &str, rendered: &str) {
    assert_well_formed(poured);
    let head = |message: &str| message.split_once("boundary=\"").unwrap().0.to_owned();
    assert_eq!(head(poured), head(rendered));
    let (poured, rendered) = (mime::read(poured.as_bytes()), mime::read(rendered.as_bytes()));
    assert_eq!(poured.headers.len(), rendered.headers.len());
    assert_eq!(poured.text, rendered.text);
    assert_eq!(poured.html, rendered.html);
}

fn templates(subject: &str, html: &str, text: &str) -> Templates {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("email/mine");
    std::fs::create_dir_all(&mine).unwrap();
    for (part, text) in [("subject.hbs", subject), ("html.hbs", html), ("text.hbs", text)] {
        std::fs::write(mine.join(part), text).unwrap();
    }
    Templates::load(Some(folder.path())).unwrap()
}

/// The variant and its recipe, and whether slots do for it, as the flow that makes editions decides it.
fn variant(
    templates: &Templates,
    template: &str,
    mut context: DigestContext,
) -> (RenderedMail, Recipe, bool) {
    let slots = slots();
    context.subscriber.name = slots.name.clone();
    context.subscriber.address = slots.address.clone();
    context.subscriber.unsubscribe_url = slots.unsubscribe_url.clone();
    let mail = templates.render_digest(template, &context).unwrap();
    let recipe = Recipe::read(&templates.recipe(template, &context).unwrap()).unwrap();
    let suffice = !templates.uses_subscriber_in_logic(template)
        && slots_suffice(
            &mail,
            &slots,
            "https://news.example.edu/unsubscribe/x",
            |[name, address, url]| recipe.render(name, address, url),
        )
        .unwrap();
    (mail, recipe, suffice)
}

fn suffice(subject: &str, html: &str, text: &str) -> bool {
    variant(&templates(subject, html, text), "mine", DigestContext::samples().remove(0)).2
}

#[test]
fn the_own_digest_is_poured_in_every_language() {
    let templates = Templates::load(None).unwrap();
    for context in DigestContext::samples() {
        let (mail, recipe, suffice) = variant(&templates, "digest", context);
        assert!(suffice);
        let slots = slots();
        let mould = Mould::of(&cast(&mail, &slots)).unwrap();
        for name in ["", "Ada Lovelace", "张伟"] {
            let values =
                [name, "o'neil+x@example.org", "https://news.example.edu/unsubscribe/AbC?d=1&e=2"];
            let poured = mould.pour(&person(values)).unwrap();
            assert_same(
                &poured,
                &letter(&recipe.render(name, values[1], values[2]).unwrap(), values),
            );
            assert_eq!(
                poured,
                mould.pour(&person(values)).unwrap(),
                "the same person gives the same bytes"
            );
        }
    }
}

#[test]
fn a_template_where_a_slot_changes_more_than_itself_is_rendered_for_each() {
    let html = |html| suffice("s", html, "t");
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
    assert!(suffice(
        "For {{subscriber.name}} !",
        "x",
        "\n\n\n{{subscriber.name}}\n\n\nDear {{subscriber.name}}\n{{subscriber.name}}"
    ));
}

#[test]
fn what_can_not_stand_in_a_header_is_refused_as_a_letter_refuses_it() {
    let (mail, slots) =
        (RenderedMail { subject: "s".into(), html: "h".into(), text: "t".into() }, slots());
    let mould = Mould::of(&cast(&mail, &slots)).unwrap();
    let good = ["Ann", "ann@example.org", "https://x.example/u"];
    for bad in [
        Person { address: "a b@example.org", ..person(good) },
        Person { address: "a@b.example\r\nBcc: c@d.example", ..person(good) },
        Person { unsubscribe_url: "https://x/\r\nBcc: y@z", ..person(good) },
        Person { unsubscribe_url: "", ..person(good) },
        Person { message_id: "a@b>\r\nX: y", ..person(good) },
    ] {
        assert!(mould.pour(&bad).is_err(), "{bad:?}");
    }
    assert!(Mould::of(&Cast { from: "nobody", ..cast(&mail, &slots) }).is_err());
    assert!(Mould::of(&Cast { unsubscribe_mailto: Some("a b"), ..cast(&mail, &slots) }).is_err());
    let both =
        Mould::of(&Cast { unsubscribe_mailto: Some("leave@example.edu"), ..cast(&mail, &slots) })
            .unwrap();
    let mail = both.pour(&person(good)).unwrap();
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
        Just(slots().address),
        Just(format!("{}{}", slots().name, slots().unsubscribe_url)),
    ]
}

fn address() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9'&+=`{}|~-]{0,30}@[a-z]{1,9}\\.example"
}

fn link() -> impl Strategy<Value = String> {
    "https://[a-z]{1,9}\\.example/unsubscribe/[A-Za-z0-9_&=?#%'.;-]{1,90}"
}

/// Text around slots; `word` is what stands there.
fn around(words: [String; 3]) -> impl Strategy<Value = String> {
    let [name, address, link] = words;
    let piece = prop_oneof![
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
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn marked() -> impl Strategy<Value = String> {
    let slots = slots();
    around([slots.name, slots.address, slots.unsubscribe_url])
}

/// Characters that no text of these tests has otherwise, and the tags they stand for.
const TAGS: [(&str, &str); 3] = [
    ("\u{e000}", "{{subscriber.name}}"),
    ("\u{e001}", "{{subscriber.address}}"),
    ("\u{e002}", "{{subscriber.unsubscribe_url}}"),
];

fn as_template(text: &str) -> String {
    TAGS.iter()
        .fold(text.replace(['{', '}', '\\'], ""), |text, (mark, tag)| text.replace(mark, tag))
}

/// HTML with a template's tags, sound and odd.
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
    fn whatever_stands_around_the_slots_a_mould_says_what_a_letter_says(
        subject in marked(), text in marked(), html in marked(), name in name(), address in address(), link in link()
    ) {
        let (slots, variant) = (slots(), RenderedMail { subject, html, text });
        let line = one_line(&name);
        let values = Values { name: &line, address: &address, unsubscribe_url: &link };
        let filled = rehearsal::filled(&variant, &slots, values);
        let poured = Mould::of(&cast(&variant, &slots)).unwrap().pour(&person([&name, &address, &link])).unwrap();
        assert_same(&poured, &letter(&filled, [&name, &address, &link]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn where_slots_do_a_mould_says_what_the_template_says(
        subject in around(TAGS.map(|(mark, _)| mark.to_owned())),
        html in proptest::collection::vec(fragment(), 0..5),
        text in around(TAGS.map(|(mark, _)| mark.to_owned())),
        people in proptest::collection::vec((name(), address(), link()), 3),
        sample in 0_usize..4,
    ) {
        let (subject, text) = (as_template(&subject), as_template(&text));
        let context = DigestContext::samples().swap_remove(sample);
        let (variant, recipe, suffice) = variant(&templates(&subject, &html.concat(), &text), "mine", context);
        if suffice {
            let slots = slots();
            let mould = Mould::of(&cast(&variant, &slots)).unwrap();
            for (name, address, link) in &people {
                let values = [name.as_str(), address, link];
                let rendered = recipe.render(name, address, link).unwrap();
                assert_same(&mould.pour(&person(values)).unwrap(), &letter(&rendered, values));
            }
        }
    }
}
