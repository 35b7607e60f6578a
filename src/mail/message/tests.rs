//! A message is built as RFC 5322 and the large receivers want it.

use proptest::prelude::*;

use super::*;
use crate::domain::characters::one_line;
use crate::mail::mailbox::mime;

fn digest<'a>() -> Letter<'a> {
    Letter {
        from: "College News <news@example.edu>",
        to_address: "ann@example.org",
        to_name: Some("Ann"),
        reply_to: Some("office@example.edu"),
        subject: "The week",
        text: "Hello\nworld\n",
        html: "<p>Hello</p>\n",
        message_id: "abc-1@news.example.edu",
        date: Millis(1_790_000_000_000),
        list: Some(ListHeaders {
            list_id: "weekly.news.example.edu",
            unsubscribe_url: "https://news.example.edu/unsubscribe/TOKEN",
            unsubscribe_mailto: None,
        }),
        feedback_id: Some("weekly:42:courant"),
        edition: Some("42"),
    }
}

/// Headers as name and unfolded value; panics on what RFC 5322 does not allow.
fn headers(message: &str) -> Vec<(String, String)> {
    assert!(message.is_ascii(), "7-bit");
    assert!(!message.replace("\r\n", "").contains(['\r', '\n', '\0']), "no bare CR or LF, no NUL");
    assert!(message.split("\r\n").all(|line| line.len() <= 998), "no line over 998");
    let (head, _) = message.split_once("\r\n\r\n").unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if let Some(more) = line.strip_prefix(' ') {
            assert!(!more.trim().is_empty(), "no folded line of spaces alone");
            let last = &mut found.last_mut().unwrap().1;
            last.push(' ');
            last.push_str(more);
        } else {
            let (name, value) = line.split_once(": ").unwrap();
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    found
}

fn names(message: &str) -> Vec<String> {
    headers(message).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_digest_carries_what_the_contract_says() {
    let message = digest().to_message().unwrap();
    let all = headers(&message);
    let value = |name: &str| all.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(value("From"), Some("\"College News\" <news@example.edu>"));
    assert_eq!(value("To"), Some("\"Ann\" <ann@example.org>"));
    assert_eq!(value("Reply-To"), Some("office@example.edu"));
    assert_eq!(value("Subject"), Some("The week"));
    assert_eq!(value("Date"), Some("Mon, 21 Sep 2026 14:13:20 +0000"));
    assert_eq!(value("Message-ID"), Some("<abc-1@news.example.edu>"));
    assert_eq!(value("MIME-Version"), Some("1.0"));
    assert_eq!(value("List-ID"), Some("<weekly.news.example.edu>"));
    assert_eq!(value("List-Unsubscribe"), Some("<https://news.example.edu/unsubscribe/TOKEN>"));
    assert_eq!(value("List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));
    assert_eq!(value("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(value("Feedback-ID"), Some("weekly:42:courant"));
    assert_eq!(value("X-Courant-Edition"), Some("42"));
    assert!(value("Content-Type").unwrap().starts_with("multipart/alternative"));
    assert_eq!(all.len(), 14);
    assert_eq!(message, digest().to_message().unwrap(), "the same letter gives the same bytes");
}

#[test]
fn short_mailboxes_stay_on_one_line_and_encoded_lines_within_76() {
    let message =
        Letter { subject: &"学".repeat(200), edition: Some(&"é".repeat(80)), ..digest() }
            .to_message()
            .unwrap();
    assert!(message.contains("\r\nTo: \"Ann\" <ann@example.org>\r\n"));
    assert!(message.split("\r\n").filter(|line| line.contains("=?")).all(|line| line.len() <= 76));
}

#[test]
fn a_confirmation_belongs_to_no_list() {
    let letter = Letter {
        list: None,
        feedback_id: None,
        edition: None,
        reply_to: None,
        to_name: None,
        ..digest()
    };
    let message = letter.to_message().unwrap();
    let names = names(&message);
    assert!(names.iter().any(|n| n == "Auto-Submitted"));
    assert!(
        !names.iter().any(|n| n.starts_with("List-") || n.starts_with("X-") || n == "Reply-To")
    );
    assert!(message.contains("\r\nTo: ann@example.org\r\n"));
}

#[test]
fn an_unsubscribe_address_stands_beside_the_link() {
    let mut letter = digest();
    letter.list.as_mut().unwrap().unsubscribe_mailto = Some("leave@example.edu?subject=TOKEN");
    let message = letter.to_message().unwrap();
    assert!(
        message.contains(
            "\r\nList-Unsubscribe: <https://news.example.edu/unsubscribe/TOKEN>,\r\n <mailto:leave@example.edu?subject=TOKEN>\r\n"
        )
    );
}

#[test]
fn senders_are_read_as_people_write_them() {
    let from = |from| {
        let message = Letter { from, ..digest() }.to_message().map_err(|e| e.to_string())?;
        Ok::<_, String>(mime::decoded_words(&headers(&message)[0].1))
    };
    assert_eq!(from("Foo, Inc. <a@b.example>").unwrap(), "\"Foo, Inc.\" <a@b.example>");
    assert_eq!(
        from("\"The \\\"Daily\\\"\" <a@b.example>").unwrap(),
        "\"The \\\"Daily\\\"\" <a@b.example>"
    );
    assert_eq!(from("学院新闻 <a@bücher.example>").unwrap(), "学院新闻 <a@xn--bcher-kva.example>");
    assert_eq!(from("a@b.example").unwrap(), "a@b.example");
    assert!(from("nobody").unwrap_err().contains("Name <address>"));
}

#[test]
fn what_can_not_stand_in_a_header_is_refused() {
    let bad_link = |url| {
        let mut letter = digest();
        letter.list.as_mut().unwrap().unsubscribe_url = url;
        letter.to_message().is_err()
    };
    assert!(bad_link("https://x/a b"));
    assert!(bad_link("https://x/\r\nBcc: y@z"));
    assert!(bad_link("https://x/>"));
    assert!(bad_link(""));
    for id in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b>\r\nX: y", "a@b\r\n"] {
        assert!(Letter { message_id: id, ..digest() }.to_message().is_err(), "{id:?}");
    }
    for to in [
        "",
        "a",
        "a b@c.example",
        "a@b.example\r\nBcc: x@y.example",
        "ü@b.example",
        "<a@b.example>",
    ] {
        assert!(Letter { to_address: to, ..digest() }.to_message().is_err(), "{to:?}");
    }
}

#[test]
fn dates_at_the_edges_of_time_do_no_harm() {
    for ms in [i64::MIN, -1, 0, i64::MAX] {
        Letter { date: Millis(ms), ..digest() }.to_message().unwrap();
    }
}

#[test]
fn a_message_id_depends_on_the_delivery_and_the_secret_alone() {
    let id = message_id("edition 7, row 9", b"secret", "news.example.edu");
    assert_eq!(id, message_id("edition 7, row 9", b"secret", "news.example.edu"));
    assert_ne!(id, message_id("edition 7, row 10", b"secret", "news.example.edu"));
    assert_ne!(id, message_id("edition 7, row 9", b"other", "news.example.edu"));
    Letter { message_id: &id, ..digest() }.to_message().unwrap();
}

#[test]
fn line_ends_of_every_kind_become_crlf() {
    assert_eq!(crlf("a\nb\rc\r\nd\n\ne\r\n\r\nf\0"), "a\r\nb\r\nc\r\nd\r\n\r\ne\r\n\r\nf");
}

fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC*",
        "[a-z \r\n:]{0,80}",
        Just("x".repeat(10_000)),
        Just("字".repeat(3_000)),
        Just("👩‍👩‍👧 ".repeat(500)),
        Just("=?utf-8?q?x?= \"quoted\\\" <a@b>".to_owned()),
        Just("a\r\nBcc: evil@example.com\r\n\r\nbody".to_owned()),
        Just(" ".repeat(2_000)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_text_can_begin_a_header_or_is_lost(subject in nasty(), name in nasty(), text in nasty(), html in nasty(), edition in nasty()) {
        let letter = Letter { subject: &subject, to_name: Some(&name), text: &text, html: &html, edition: Some(&edition), ..digest() };
        let message = letter.to_message().unwrap();
        let all = headers(&message);
        prop_assert_eq!(all.len(), 14);
        let read = mime::read(message.as_bytes());
        prop_assert_eq!(read.header("Subject").unwrap_or_default(), one_line(&subject));
        // The line end before a boundary is not the part's own.
        let shown = |s: &str| crlf(s).trim_end().to_owned();
        prop_assert_eq!(shown(&read.text), shown(&text));
        prop_assert_eq!(shown(&read.html), shown(&html));
    }
}
