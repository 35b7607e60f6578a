//! Tests that messages conform to RFC 5322 and to the requirements of large receivers.

use proptest::prelude::*;

use super::*;
use crate::demo::mailbox::mime;
use crate::domain::text_repair::one_line;

fn digest<'a>() -> MessageParts<'a> {
    MessageParts {
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

/// Returns name and unfolded value of each header; panics on violations of RFC 5322.
fn headers(message: &str) -> Vec<(String, String)> {
    assert!(message.is_ascii(), "7-bit");
    assert!(!message.replace("\r\n", "").contains(['\r', '\n', '\0']), "no bare CR or LF, no NUL");
    assert!(message.split("\r\n").all(|line| line.len() <= 998), "no line exceeds 998 bytes");
    let (head, _) = message.split_once("\r\n\r\n").unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if let Some(more) = line.strip_prefix(' ') {
            assert!(!more.trim().is_empty(), "no folded line consists only of spaces");
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
fn digest_message_has_all_headers_of_the_contract() {
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
    assert_eq!(message, digest().to_message().unwrap(), "equal parts produce equal bytes");
}

#[test]
fn short_mailboxes_stay_on_one_line_and_encoded_lines_fit_76_characters() {
    let message =
        MessageParts { subject: &"学".repeat(200), edition: Some(&"é".repeat(80)), ..digest() }
            .to_message()
            .unwrap();
    assert!(message.contains("\r\nTo: \"Ann\" <ann@example.org>\r\n"));
    assert!(message.split("\r\n").filter(|line| line.contains("=?")).all(|line| line.len() <= 76));
}

#[test]
fn confirmation_has_no_list_headers() {
    let parts = MessageParts {
        list: None,
        feedback_id: None,
        edition: None,
        reply_to: None,
        to_name: None,
        ..digest()
    };
    let message = parts.to_message().unwrap();
    let names = names(&message);
    assert!(names.iter().any(|n| n == "Auto-Submitted"));
    assert!(
        !names.iter().any(|n| n.starts_with("List-") || n.starts_with("X-") || n == "Reply-To")
    );
    assert!(message.contains("\r\nTo: ann@example.org\r\n"));
}

#[test]
fn unsubscribe_mailto_follows_the_https_link() {
    let mut parts = digest();
    parts.list.as_mut().unwrap().unsubscribe_mailto = Some("leave@example.edu?subject=TOKEN");
    let message = parts.to_message().unwrap();
    assert!(
        message.contains(
            "\r\nList-Unsubscribe: <https://news.example.edu/unsubscribe/TOKEN>,\r\n <mailto:leave@example.edu?subject=TOKEN>\r\n"
        )
    );
}

#[test]
fn sender_is_parsed_in_all_common_notations() {
    let from = |from| {
        let message = MessageParts { from, ..digest() }.to_message().map_err(|e| e.to_string())?;
        Ok::<_, String>(mime::decode_words(&headers(&message)[0].1))
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
fn invalid_header_values_are_rejected() {
    let bad_link = |url| {
        let mut parts = digest();
        parts.list.as_mut().unwrap().unsubscribe_url = url;
        parts.to_message().is_err()
    };
    assert!(bad_link("https://x/a b"));
    assert!(bad_link("https://x/\r\nBcc: y@z"));
    assert!(bad_link("https://x/>"));
    assert!(bad_link(""));
    for id in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b>\r\nX: y", "a@b\r\n"] {
        assert!(MessageParts { message_id: id, ..digest() }.to_message().is_err(), "{id:?}");
    }
    for to in [
        "",
        "a",
        "a b@c.example",
        "a@b.example\r\nBcc: x@y.example",
        "ü@b.example",
        "<a@b.example>",
    ] {
        assert!(MessageParts { to_address: to, ..digest() }.to_message().is_err(), "{to:?}");
    }
}

#[test]
fn out_of_range_dates_are_clamped() {
    for ms in [i64::MIN, -1, 0, i64::MAX] {
        MessageParts { date: Millis(ms), ..digest() }.to_message().unwrap();
    }
}

#[test]
fn message_id_depends_only_on_delivery_and_secret() {
    let id = message_id("edition 7, row 9", b"secret", "news.example.edu");
    assert_eq!(id, message_id("edition 7, row 9", b"secret", "news.example.edu"));
    assert_ne!(id, message_id("edition 7, row 10", b"secret", "news.example.edu"));
    assert_ne!(id, message_id("edition 7, row 9", b"other", "news.example.edu"));
    MessageParts { message_id: &id, ..digest() }.to_message().unwrap();
}

#[test]
fn line_ends_of_every_kind_become_crlf() {
    assert_eq!(
        normalize_line_ends("a\nb\rc\r\nd\n\ne\r\n\r\nf\0"),
        "a\r\nb\r\nc\r\nd\r\n\r\ne\r\n\r\nf"
    );
}

fn hostile_text() -> impl Strategy<Value = String> {
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
    fn no_text_can_inject_a_header_or_is_lost(subject in hostile_text(), name in hostile_text(), text in hostile_text(), html in hostile_text(), edition in hostile_text()) {
        let parts = MessageParts { subject: &subject, to_name: Some(&name), text: &text, html: &html, edition: Some(&edition), ..digest() };
        let message = parts.to_message().unwrap();
        let all = headers(&message);
        prop_assert_eq!(all.len(), 14);
        let read = mime::parse(message.as_bytes());
        prop_assert_eq!(read.header("Subject").unwrap_or_default(), one_line(&subject));
        // The line end before a boundary does not belong to the part.
        let shown = |s: &str| normalize_line_ends(s).trim_end().to_owned();
        prop_assert_eq!(shown(&read.text), shown(&text));
        prop_assert_eq!(shown(&read.html), shown(&html));
    }
}
