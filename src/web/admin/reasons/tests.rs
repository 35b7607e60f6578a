//! Every reason has a text in every language, and every text has a reason.

use std::collections::BTreeSet;

use super::*;
use crate::domain::address::EmailAddress;
use crate::domain::attribute::AttributeType;
use crate::domain::filter::{self, FilterNames, MAX_BYTES, MAX_DEPTH, MAX_TERMS};
use crate::domain::language;
use crate::domain::tag;
use crate::fs::{FileProblem, InFile, OtherFormat, RowProblem};
use crate::subscribers::import::jobs::problem_json;
use crate::subscribers::{ColumnProblem, LineProblem};

/// Filters that are not valid, each for another reason.
const FILTERS: &[&str] = &[
    "tag = \"a\")",
    "tag = \"a\" tag",
    "(tag = \"a\" tag)",
    "=",
    "tag \"a\"",
    "tag is full",
    "tag in \"a\"",
    "tag in (\"a\" \"b\")",
    "tag = ",
    "tag = a",
    "tag <> \"a\"",
    "tag = \"a",
    "tag = \"a\\b\"",
    "tag = \"a\nb\"",
    "visits = 3x",
    "tag ! \"a\"",
    "tag = “a”",
    "tag = \"a\" & vip = true",
    "tag = #",
    "email = \"a\"",
    "tagg = \"a\"",
    "zzzzzzzz = \"a\"",
    "address is empty",
    "vip ~ \"a\"",
    "tag < \"a\"",
    "tag ~ \"\"",
    "city = 12",
    "visits = \"12\"",
    "joined = 12",
    "vip = \"yes\"",
    "digest = \"wekly\"",
    "status = \"pausd\"",
    "segment = \"partner\"",
    "segment = \"broken\"",
    "segment = \"nested\"",
    "digest = \"weekly\" and (status = \"paused\" or tag = \"x\")",
    "joined = \"3 May\"",
    "language = \"english!\"",
    "language = \"zh_CN\"",
];

fn names() -> FilterNames {
    let types = [
        ("city", AttributeType::Text),
        ("visits", AttributeType::Number),
        ("joined", AttributeType::Date),
        ("vip", AttributeType::Boolean),
    ];
    let segments = [
        ("partners", "tag = \"a\" or tag = \"b\""),
        ("nested", "segment = \"partners\""),
        ("broken", "tag ="),
    ];
    FilterNames {
        attributes: Some(types.map(|(name, kind)| (name.to_owned(), kind)).into()),
        digests: vec!["weekly".to_owned()],
        segments: segments.map(|(name, filter)| (name.to_owned(), filter.to_owned())).into(),
        timezone: jiff::tz::TimeZone::UTC,
    }
}

/// Returns the code and values of a reason with its English sentence.
fn sample(reason: &(impl Serialize + Display)) -> (Json, String) {
    (serde_json::to_value(reason).unwrap(), reason.to_string())
}

fn filter_problems() -> Vec<(Json, String)> {
    let nested = format!("{}tag = \"a\"{}", "(".repeat(MAX_DEPTH + 1), ")".repeat(MAX_DEPTH + 1));
    let long = format!("tag = \"{}\"", "a".repeat(MAX_BYTES));
    let many = vec!["tag = \"a\""; MAX_TERMS + 1].join(" or ");
    let comparisons = vec!["tag = \"a\""; MAX_TERMS - 1].join(" or ");
    let with_segment = format!("{comparisons} or segment = \"partners\"");
    let filters = FILTERS.iter().map(|text| (*text).to_owned());
    let mut samples: Vec<_> = filters
        .chain([nested, long, many, with_segment])
        .map(|text| sample(&filter::compile(&text, &names()).unwrap_err().problem))
        .collect();
    let segment = filter::compile_segment("segment = \"partners\"", &names()).unwrap_err();
    samples.push(sample(&segment.problem));
    let none = FilterNames { segments: [].into(), ..names() };
    samples.push(sample(&filter::compile("segment = \"a\"", &none).unwrap_err().problem));
    let unchecked = FilterNames { attributes: None, ..names() };
    let reserved = filter::compile("subscriptions = 1", &unchecked).unwrap_err();
    samples.push(sample(&reserved.problem));
    samples
}

fn value_problems() -> Vec<(Json, String)> {
    let addresses = [
        "",
        "nobody",
        "@a.org",
        "\"a b\"@a.org",
        "é@a.org",
        "a..b@a.org",
        "a b@a.org",
        "a@",
        "a@[192.0.2.1]",
        "a@a_b.org",
        "a@local",
        "a@192.0.2.1",
    ];
    let long = [
        format!("{}@a.org", "a".repeat(65)),
        format!("{}@{}a.org", "a".repeat(10), "abcdefgh.".repeat(27)),
    ];
    let addresses = addresses.into_iter().map(str::to_owned).chain(long);
    let mut samples: Vec<_> =
        addresses.map(|text| sample(&EmailAddress::parse(&text).unwrap_err())).collect();
    for text in ["", "a;b", &"a".repeat(99)] {
        samples.push(sample(&tag::normalize(text).unwrap_err()));
    }
    for tag in ["english!", "zh_CN"] {
        samples.push(sample(&language::canonical(tag).unwrap_err()));
    }
    for (kind, text) in [
        (AttributeType::Text, String::new()),
        (AttributeType::Text, "a".repeat(999)),
        (AttributeType::Number, "x".to_owned()),
        (AttributeType::Date, "3 May".to_owned()),
        (AttributeType::Boolean, "maybe".to_owned()),
    ] {
        let problem = kind.value(&text).unwrap_err();
        samples.push(sample(&problem));
        samples.push(sample(&LineProblem::Attribute { attribute: "city".to_owned(), problem }));
    }
    samples
}

fn line_problems() -> Vec<(Json, String)> {
    let text = |text: &str| text.to_owned();
    let lines = [
        LineProblem::LongField { column: text("name"), limit: 1_000 },
        LineProblem::LongAttributes { limit: 1_000 },
        LineProblem::AttributesNotJson { error: text("EOF") },
        LineProblem::AttributesNotObject,
        LineProblem::InvalidStatus { status: text("x"), known: text("paused") },
        LineProblem::InvalidSuppression { word: text("x"), known: text("bounce") },
        LineProblem::InvalidTimezone { zone: text("Mars") },
        LineProblem::UnknownLanguage { tag: text("xx"), known: text("zh") },
        LineProblem::UnknownSection { section: text("x"), known: text("News") },
        LineProblem::LineNotObject,
        LineProblem::LineNotJson { error: text("EOF") },
        LineProblem::LongLine { bytes: 9, limit: 8 },
        LineProblem::SameAddress { line: 2 },
        LineProblem::Row(RowProblem::NotUtf8),
        LineProblem::Row(RowProblem::LongValueOfRow { position: 1, bytes: 9, limit: 8 }),
        LineProblem::Row(RowProblem::LongRow { bytes: 9, limit: 8 }),
        LineProblem::Row(RowProblem::ManyFields { fields: 9, limit: 8 }),
    ];
    let separators = [b',', b';', b'\t', b'|'];
    let rows =
        separators.map(|separator| RowProblem::ExcessFields { fields: 3, columns: 2, separator });
    lines.iter().map(sample).chain(rows.iter().map(sample)).collect()
}

fn file_problems() -> Vec<(Json, String)> {
    let text = |text: &str| text.to_owned();
    let columns = [
        ColumnProblem::NoColumn {
            heading: text("Mail"),
            column: text("email"),
            existing: text("a, b"),
        },
        ColumnProblem::NoIgnoredColumn { heading: text("Mail"), existing: text("a, b") },
        ColumnProblem::NoHeadings { heading: text("email") },
        ColumnProblem::SeveralColumns { column: text("email"), names: text("Mail, E-Mail") },
        ColumnProblem::InvalidAttributeName { name: text("A"), sentence: text("not valid") },
        ColumnProblem::SameAttribute {
            first: text("City"),
            second: text("city"),
            name: text("city"),
        },
    ];
    let formats = [OtherFormat::Xlsx, OtherFormat::Xls, OtherFormat::Html];
    let files = formats.map(|format| FileProblem::NotCsv { format });
    let others = [
        FileProblem::NotEncoded { encoding: "gb18030" },
        FileProblem::UnclosedQuotation,
        FileProblem::EmptyFile,
        FileProblem::Header(RowProblem::NotUtf8),
    ];
    let columns = columns.map(LineProblem::Columns);
    columns.iter().map(sample).chain(files.iter().chain(&others).map(sample)).collect()
}

#[test]
fn every_reason_of_courant_itself_has_a_text_and_is_one_that_the_store_writes() {
    let templates = Templates::load(None).unwrap();
    let sources = [
        include_str!("../../../store/delivery_leasing.rs"),
        include_str!("../../../store/outcomes.rs"),
        include_str!("../../../store/subscriber_changes.rs"),
        include_str!("../../../store/transactional_messages.rs"),
    ]
    .concat();
    for reason in UnsentReason::ALL {
        assert_eq!(UnsentReason::parse(reason.as_str()), Some(reason));
        let is_written = sources.contains(&format!("'{}'", reason.as_str()));
        assert!(is_written || reason == UnsentReason::Shutdown, "{reason:?}");
        for language in ["en", "zh", "zh-hant"] {
            let key = format!("unsent-{}", reason.code());
            assert_ne!(templates.text_with(language, &key, &[]), key, "{language}");
        }
    }
    assert_eq!(UnsentReason::parse("550 5.1.1 user unknown"), None);
}

/// Returns the keys of the catalog of reasons in a language.
fn keys(catalog: &str) -> BTreeSet<String> {
    let lines = catalog.lines().filter_map(|line| line.strip_prefix("reason-"));
    lines.filter_map(|line| Some(line.split_once(" =")?.0.to_owned())).collect()
}

#[test]
fn every_reason_has_a_text_in_every_language_and_every_text_a_reason() {
    let templates = Templates::load(None).unwrap();
    let samples = [filter_problems(), value_problems(), line_problems(), file_problems()].concat();
    let mut codes = BTreeSet::from(["of-attribute", "in-line", "found", "hint"].map(str::to_owned));
    for (detail, sentence) in &samples {
        codes.extend(detail["code"].as_str().map(str::to_owned));
        for language in ["en", "zh", "zh-hant"] {
            let text = translated(&templates, language, detail);
            let text = text.unwrap_or_else(|| panic!("{language}: {detail} ({sentence})"));
            let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
            assert_eq!(text.chars().any(is_han), language != "en", "{language}: {text}");
            assert!(!text.contains("reason-"), "{text}");
        }
    }
    for catalog in [
        include_str!("../../../../templates/i18n/en/reasons.ftl"),
        include_str!("../../../../templates/i18n/zh/reasons.ftl"),
        include_str!("../../../../templates/i18n/zh-Hant/reasons.ftl"),
    ] {
        assert_eq!(keys(catalog), codes);
    }
}

#[test]
fn a_text_names_the_values_of_its_reason() {
    let templates = Templates::load(None).unwrap();
    let error = filter::compile("digest = \"wekly\"", &names()).unwrap_err();
    let (detail, _) = sample(&error.problem);
    let text = translated(&templates, "zh", &detail).unwrap();
    assert_eq!(text, "没有名为“wekly”的简报。您是不是想写“weekly”？");
    let problem = AttributeType::Number.value("x").unwrap_err();
    let (detail, _) = sample(&LineProblem::Attribute { attribute: "visits".to_owned(), problem });
    let text = translated(&templates, "en", &detail).unwrap();
    assert!(text.starts_with("visits: “x” is not a number."), "{text}");
    let unknown = serde_json::json!({"code": "of-another-version"});
    assert_eq!(translated(&templates, "zh", &unknown), None);
}

#[test]
fn the_problem_of_a_file_names_the_line() {
    let templates = Templates::load(None).unwrap();
    let name = "people.csv".to_owned();
    let problem = LineProblem::from(RowProblem::ManyFields { fields: 9, limit: 8 });
    let in_line = anyhow::Error::new(InFile { name: name.clone(), line: Some(3), problem });
    let text = translated(&templates, "en", &problem_json(&in_line).unwrap()).unwrap();
    assert!(text.starts_with("Line 3: The line has 9 fields"), "{text}");
    let problem = FileProblem::NotCsv { format: OtherFormat::Xlsx };
    let whole = anyhow::Error::new(InFile { name, line: None, problem });
    let text = translated(&templates, "zh", &problem_json(&whole).unwrap()).unwrap();
    assert_eq!(
        text,
        "该文件是 .xlsx 之类的工作簿，不是 CSV。请用电子表格软件打开，另存为“CSV UTF-8”。"
    );
    assert_eq!(problem_json(&anyhow::anyhow!("cannot write a temporary file")), None);
}
