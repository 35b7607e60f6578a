//! Tests of accepted and rejected addresses and their forms.

use proptest::prelude::*;

use super::*;

#[test]
fn spellings_of_one_mailbox_have_the_same_key() {
    let key = |text: &str| EmailAddress::parse(text).unwrap().inbox_key();
    for spelling in
        ["Lin.Yue@gmail.com", "l.inyue+a@GMAIL.com", "linyue@googlemail.com", "linyue++@gmail.com"]
    {
        assert_eq!(key(spelling), "linyue@gmail.com", "{spelling}");
    }
    assert_eq!(key("Lin-Yue_1+x@pm.me"), "linyue1@proton.me");
    assert_eq!(key("Lin.Yue+x@News.Example.edu"), "lin.yue@news.example.edu");
    assert_eq!(key("+x@example.edu"), "+x@example.edu");
}

#[test]
fn ordinary_addresses_are_unchanged() {
    for text in
        ["a@b.example", "first.last+tag@sub.example.org", "o'neil@example.com", "root@localhost"]
    {
        assert_eq!(EmailAddress::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn white_space_is_trimmed_and_the_domain_becomes_lower_case_ascii() {
    assert_eq!(
        EmailAddress::parse("  Ann@Bücher.Example\n").unwrap().as_str(),
        "Ann@xn--bcher-kva.example"
    );
    assert_eq!(EmailAddress::parse("x@例子.中国").unwrap().domain(), "xn--fsqu00a.xn--fiqs8s");
}

#[test]
fn spellings_of_the_same_address_have_the_same_key() {
    let one = EmailAddress::parse("Ann@Example.org").unwrap();
    let two = EmailAddress::parse("ann@example.ORG").unwrap();
    assert_eq!(one.key(), two.key());
}

#[test]
fn masked_addresses_show_only_the_first_letter() {
    let ann = EmailAddress::parse("ann@example.org").unwrap();
    assert_eq!(ann.masked(), "a***@example.org");
    assert_eq!(format!("{ann:?}"), "EmailAddress(a***@example.org)");
}

#[test]
fn an_empty_address_is_reported_as_empty() {
    for text in ["", " \n"] {
        assert_eq!(EmailAddress::parse(text).unwrap_err().to_string(), "the address is empty");
    }
}

#[test]
fn addresses_that_few_servers_accept_are_rejected() {
    let long_local = format!("{}@example.org", "a".repeat(65));
    let long_domain = format!("a@{}example.org", "abcdefghi.".repeat(25));
    for text in [
        "",
        "@",
        "ann",
        "@example.org",
        "ann@",
        "ann@example",
        "ann@[192.0.2.1]",
        "ann@192.0.2.1",
        "\"ann\"@example.org",
        "änn@example.org",
        "a..b@example.org",
        ".a@example.org",
        "a.@example.org",
        "a b@example.org",
        "a@exa mple.org",
        "a@-x.example",
        "a@x..example",
        "a@example.org.",
        "a@b@example.org",
        "a,b@example.org",
        "<a@example.org>",
        "a@ex_ample.org",
        "a\r\nb@example.org",
        &long_local,
        &long_domain,
    ] {
        assert!(EmailAddress::parse(text).is_err(), "{text}");
    }
}

#[test]
fn mailboxes_parse_with_and_without_a_name() {
    for (text, name) in [
        ("College News <news@example.edu>", Some("College News")),
        ("\"News, Inc.\" <news@example.edu>", Some("News, Inc.")),
        ("\"The \\\"News\\\"\" <news@example.edu>", Some("The \"News\"")),
        ("新闻 <news@example.edu>", Some("新闻")),
        ("News, Inc. <news@example.edu>", Some("News, Inc.")),
        ("<news@example.edu>", None),
        ("news@example.edu", None),
    ] {
        let mailbox = Mailbox::parse(text).unwrap();
        assert_eq!(mailbox.name.as_deref(), name);
        assert_eq!(mailbox.address.as_str(), "news@example.edu");
        assert_eq!(Mailbox::parse(&mailbox.to_string()).unwrap(), mailbox);
    }
    assert_eq!(
        Mailbox::parse("News, Inc. <a@b.example>").unwrap().to_string(),
        "\"News, Inc.\" <a@b.example>"
    );
}

#[test]
fn header_injection_in_a_mailbox_is_rejected() {
    for text in [
        "News\r\nBcc: x@example.org <a@b.example>",
        "a <b> <a@b.example>",
        "\"a <a@b.example>",
        "N <a@b.example> x",
    ] {
        assert!(Mailbox::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn formatted_addresses_parse_to_themselves(text in "\\PC{0,20}|[a-z.]{1,5}@[a-z.]{1,9}|[a-z\"\\\\<> ]{0,9}<a@b.cd>") {
        if let Ok(address) = EmailAddress::parse(&text) {
            prop_assert_eq!(EmailAddress::parse(address.as_str()), Ok(address.clone()));
            prop_assert!(address.as_str().is_ascii());
        }
        if let Ok(mailbox) = Mailbox::parse(&text) {
            prop_assert_eq!(Mailbox::parse(&mailbox.to_string()), Ok(mailbox));
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = (EmailAddress::parse(&text), Mailbox::parse(&text));
    }
}
