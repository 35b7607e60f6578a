//! Tests of the filter language.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::domain::attribute::{AttributeType, AttributeValue, Number};
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;

fn attributes() -> BTreeMap<String, AttributeType> {
    [
        ("city", AttributeType::Text),
        ("visits", AttributeType::Number),
        ("joined", AttributeType::Date),
        ("vip", AttributeType::Boolean),
        ("城市", AttributeType::Text),
    ]
    .map(|(name, kind)| (name.to_owned(), kind))
    .into()
}

fn checked(filter: &str) -> Result<Condition, FilterError> {
    let segments: BTreeMap<String, String> = [
        ("partners", "tag = \"partner\""),
        ("nested", "segment = \"partners\""),
        ("broken", "tag ="),
    ]
    .map(|(name, filter)| (name.to_owned(), filter.to_owned()))
    .into();
    let context = FilterContext {
        attributes: Some(&attributes()),
        digests: &["weekly".to_owned(), "monthly".to_owned()],
        segments: Some(&segments),
        timezone: &TimeZone::get("Asia/Shanghai").unwrap(),
    };
    check(parse(filter)?.as_ref(), &context)
}

fn subscription(digest: &str, status: SubscriptionStatus, sections: &[&str]) -> SubscriptionValues {
    SubscriptionValues {
        digest: digest.to_owned(),
        status,
        sections: sections.iter().map(|&section| section.to_owned()).collect(),
    }
}

fn ann() -> SubscriberValues {
    SubscriberValues {
        address_key: "ann@example.org".to_owned(),
        name: Some("Ann Müller".to_owned()),
        language: Some("zh-Hant".to_owned()),
        timezone: None,
        tags: vec!["partner".to_owned(), "résumé".to_owned()],
        attributes: [
            ("city".to_owned(), AttributeValue::Text("Köln".to_owned())),
            ("visits".to_owned(), AttributeValue::Number(Number::parse("12.5").unwrap())),
            ("joined".to_owned(), AttributeType::Date.value("2026-05-03").unwrap()),
        ]
        .into(),
        // 2026-05-03 in UTC, 2026-05-04 in Shanghai.
        created_at: Millis::from("2026-05-03T20:00:00Z".parse::<jiff::Timestamp>().unwrap()),
        suppressed: false,
        subscriptions: vec![
            subscription("weekly", SubscriptionStatus::Paused, &["Campus"]),
            subscription("monthly", SubscriptionStatus::Confirmed, &[]),
        ],
    }
}

fn holds(filter: &str) -> bool {
    checked(filter).unwrap_or_else(|e| panic!("{filter}: {e}")).holds_for(&ann())
}

#[test]
fn filters_select_by_every_field() {
    for filter in [
        "",
        "address = \"ANN@example.org\"",
        "address ~ 'nn@ex'",
        "domain = \"Example.org\" and domain != \"example.com\"",
        "name ~ \"muller\" and name > \"ANA\" and name is not empty",
        "language = \"zh\" and language in (\"en\", \"ZH-hant\")",
        "timezone is empty and timezone != \"Asia/Shanghai\"",
        "tag = \"Partner\" and tag = \"resume\" and tag ~ \"art\" and not tag = \"x\"",
        "city = \"koln\" and city ~ \"ÖL\" and visits >= 12.5 and visits != 12",
        "joined = \"2026-05-03\" and joined < \"2026-05-04\"",
        "created = \"2026-05-04\" and created > \"2026-05-03\" and created <= \"2026-05-04\"",
        "suppressed = no and not suppressed = true",
        "vip is empty and vip != true and not vip = false",
        "城市 is empty",
        "segment = \"partners\"",
        "digest = \"weekly\" and digest = \"monthly\" and digest is not empty",
        "section = \"campus\" or section = \"sport\"",
        "tag = \"none\" or (visits > 12 and (not tag = \"none\"))",
        "AND_ = 1 or tag = 'partner'".strip_prefix("AND_ = 1 or ").unwrap(),
        "TAG = \"partner\" AND NOT tag IN (\"a\", \"b\")",
    ] {
        assert!(holds(filter), "{filter}");
    }
    for filter in [
        "visits > 12.5",
        "visits in (1, 2)",
        "timezone = \"Asia/Shanghai\"",
        "timezone < \"z\"",
        "vip = true",
        "vip = false",
        "created < \"2026-05-04\"",
        "language = \"zh-Hans\"",
        "domain ~ \"ann\"",
        "suppressed = yes",
    ] {
        assert!(!holds(filter), "{filter}");
    }
}

#[test]
fn a_status_beside_a_digest_is_that_of_the_same_subscription() {
    for (filter, expected) in [
        ("digest = \"weekly\" and status = \"paused\"", true),
        ("digest = \"monthly\" and status = \"paused\"", false),
        ("digest = \"monthly\" and not status = \"paused\"", true),
        ("digest = \"monthly\" and not (status = \"paused\" or status = \"pending\")", true),
        ("digest = \"weekly\" and status != \"paused\"", false),
        ("status = \"paused\"", true),
        ("not status = \"paused\"", false),
        ("status = \"pending\"", false),
        ("status = \"confirmed\" and section = \"campus\"", false),
        ("section = \"campus\" and section is empty", false),
        ("status = \"confirmed\" and section is empty", true),
        ("(digest = \"weekly\" or digest = \"monthly\") and status = \"confirmed\"", true),
        ("digest in (\"weekly\", \"monthly\") and section = \"campus\"", true),
        ("digest = \"monthly\" and section = \"campus\"", false),
        ("digest = \"monthly\" and (tag = \"partner\" and section is empty)", true),
        ("digest = \"weekly\" and not digest = \"monthly\"", false),
        ("not (digest = \"monthly\" and status = \"paused\")", true),
    ] {
        assert_eq!(holds(filter), expected, "{filter}");
    }
    let mut left = ann();
    left.subscriptions[0].status = SubscriptionStatus::Unsubscribed;
    let of_left = |filter: &str| checked(filter).unwrap().holds_for(&left);
    assert!(!of_left("digest = \"weekly\""));
    assert!(!of_left("section = \"campus\""));
    assert!(of_left("digest = \"weekly\" and status = \"unsubscribed\""));
}

#[test]
fn an_error_names_the_character_what_is_expected_and_the_nearest_word() {
    for (filter, expected) in [
        (
            "lanugage = \"zh\"",
            "at character 1: unknown field or attribute `lanugage`; did you mean `language`?",
        ),
        (
            "tag = \"a\" and citi = \"x\"",
            "at character 15: unknown field or attribute `citi`; did you mean `city`?",
        ),
        ("email = \"x\"", "write `address`"),
        (
            "tag = partner",
            "at character 7: expected a value; put the text in quotation marks: \"partner\"",
        ),
        ("tag \"x\"", "at character 5: expected a comparison after `tag`"),
        ("tag = \"x", "at character 7: a text begins here and has no closing \""),
        ("tag = “x”", "use straight quotation marks"),
        (
            "tag = \"x\" tag = \"y\"",
            "at character 11: expected `and`, `or` or the end of the filter",
        ),
        ("(tag = \"x\"", "expected `and`, `or` or `)`, found the end of the filter"),
        ("tag = \"x\")", "closes no parenthesis"),
        ("tag < \"x\"", "values of `tag` have no order"),
        ("status = \"pausd\"", "did you mean `paused`?"),
        ("digest = \"wekly\"", "did you mean `weekly`?"),
        ("segment = \"partner\"", "did you mean `partners`?"),
        ("segment = \"nested\"", "the filter of a segment cannot name segments"),
        ("segment = \"broken\"", "the segment \"broken\": at character 6: expected a value"),
        ("visits = \"12\"", "`visits` is a number, so it cannot be compared with the text \"12\""),
        ("city = 12", "put the number 12 in quotation marks"),
        ("joined = 2026-05-03", "put dates and texts in quotation marks"),
        ("joined = \"3 May\"", "write a date such as `2026-11-29`"),
        ("vip = \"yes\"", "write true or false, without quotation marks"),
        ("address is empty", "`address` is never empty"),
        ("created ~ \"2026\"", "is not a text"),
        ("tag ~ \"\"", "needs a text that is not empty"),
        ("tag && vip", "write `and` instead of `&`"),
        (
            "digest = \"weekly\" and (status = \"paused\" or tag = \"x\")",
            "at character 24: `status` stands beside other fields",
        ),
        ("language = \"english\"", ""),
        ("not", "expected a field such as `tag`"),
    ] {
        match checked(filter) {
            Err(error) => assert!(error.to_string().contains(expected), "{filter}: {error}"),
            Ok(_) => assert_eq!(expected, "", "{filter} is accepted"),
        }
    }
    let marked = parse("tag = \"中文\" tag").unwrap_err().marked("tag = \"中文\" tag");
    assert!(marked.ends_with(&format!("\n{}^", " ".repeat(13))), "{marked}");
}

#[test]
fn filters_beyond_the_limits_are_rejected() {
    let long = format!("tag = \"{}\"", "a".repeat(MAX_BYTES));
    assert!(parse(&long).unwrap_err().to_string().contains("bytes"));
    let deep = format!("{}tag = \"a\"{}", "(".repeat(MAX_DEPTH + 1), ")".repeat(MAX_DEPTH + 1));
    assert!(parse(&deep).unwrap_err().to_string().contains("nested"));
    assert!(parse(&deep[1..deep.len() - 1]).is_ok());
    let tests = vec!["tag = \"a\""; MAX_TERMS + 1].join(" or ");
    assert!(parse(&tests).unwrap_err().to_string().contains("comparisons"));
    assert!(checked(&vec!["tag = \"a\""; MAX_TERMS].join(" or ")).is_ok());
}

proptest! {
    #[test]
    fn arbitrary_text_is_a_filter_or_an_error_within_it(text in "\\PC*") {
        if let Err(error) = checked(&text) {
            prop_assert!(error.position <= text.chars().count());
            error.marked(&text);
        }
    }

    #[test]
    fn words_of_the_language_in_any_order_never_panic(
        words in proptest::collection::vec(
            prop_oneof![
                Just("tag"), Just("="), Just("!="), Just("\"x\""), Just("and"), Just("or"),
                Just("not"), Just("("), Just(")"), Just("in"), Just(","), Just("is"),
                Just("empty"), Just("visits"), Just("3"), Just("digest"), Just("status"),
                Just("\"weekly\""), Just("\"paused\""),
            ],
            0..20,
        ),
    ) {
        let _ = checked(&words.join(" "));
    }
}
