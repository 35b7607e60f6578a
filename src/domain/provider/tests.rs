//! Which limit a domain has.

use proptest::prelude::*;

use super::*;
use crate::domain::time::{DAY, SECOND};

fn limits(lines: &[&str]) -> Result<Limits, String> {
    Limits::with_defaults(
        &lines.iter().map(|line| Rule::parse(line)).collect::<Result<Vec<_>, _>>()?,
    )
}

fn shown(limits: &Limits, domain: &str) -> String {
    limits.of(domain).map_or("none".to_owned(), |limit| {
        let at_once = limit.at_once.map_or(String::new(), |n| format!("{n} at once "));
        format!(
            "{}: {at_once}{}",
            limit.key,
            limit.rates.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        )
        .trim_end()
        .to_owned()
    })
}

#[test]
fn the_large_providers_have_defaults_and_nobody_else() {
    let limits = limits(&[]).unwrap();
    for (domain, limit) in [
        ("gmail.com", "google: 10 at once 50/s"),
        ("googlemail.com", "google: 10 at once 50/s"),
        ("hotmail.co.uk", "microsoft: 10 at once 30/s"),
        ("foxmail.com", "tencent: 2 at once 5/s"),
        ("126.com", "netease: 2 at once 5/s"),
        ("example.edu", "none"),
        ("mail.gmail.com", "none"),
        ("yahoo.co.jp", "none"),
        ("google", "none"),
    ] {
        assert_eq!(shown(&limits, domain), limit, "{domain}");
    }
}

#[test]
fn a_line_replaces_the_default_of_the_domains_it_names_alone() {
    let limits = limits(&[
        "GMail.com, bücher.example: 3 at once, 5/s, 20000/d",
        "hotmail.com: none",
        "*: 1 at once",
    ])
    .unwrap();
    let own = limits.of("gmail.com").unwrap();
    let rates = [Rate { messages: 5, span: SECOND }, Rate { messages: 20_000, span: DAY }];
    assert_eq!((own.key, own.at_once, own.rates), ("gmail.com", Some(3), &rates[..]));
    assert_eq!(limits.of("xn--bcher-kva.example"), Some(own));
    for (domain, limit) in [
        ("googlemail.com", "google: 10 at once 50/s"),
        ("hotmail.com", "none"),
        ("outlook.com", "microsoft: 10 at once 30/s"),
        ("example.edu", "example.edu: 1 at once"),
        ("example.org", "example.org: 1 at once"),
    ] {
        assert_eq!(shown(&limits, domain), limit, "{domain}");
    }
}

#[test]
fn a_family_can_be_named_and_a_domains_own_line_is_nearer() {
    for lines in [
        ["microsoft, yahoo: 7/m", "live.com: 9 at once"],
        ["live.com: 9 at once", "Microsoft, yahoo: 7/m"],
    ] {
        let limits = limits(&lines).unwrap();
        assert_eq!(shown(&limits, "outlook.com"), "microsoft: 7/m");
        assert_eq!(shown(&limits, "aol.com"), "microsoft: 7/m");
        assert_eq!(shown(&limits, "live.com"), "live.com: 9 at once");
    }
}

#[test]
fn none_alone_lifts_every_default() {
    let limits = limits(&["none", "qq.com: 2 at once"]).unwrap();
    assert_eq!(
        ["gmail.com", "foxmail.com", "qq.com"].map(|d| shown(&limits, d)),
        ["none", "none", "qq.com: 2 at once"]
    );
    let plain = Limits::of_rules(&[Rule::parse("qq.com: 2 at once").unwrap()]).unwrap();
    assert_eq!(["gmail.com", "qq.com"].map(|d| shown(&plain, d)), ["none", "qq.com: 2 at once"]);
}

#[test]
fn what_is_no_rule_gets_a_sentence_with_the_remedy() {
    for (lines, part) in [
        (&["gmail.com"][..], "write domains, a colon and limits"),
        (&[""], "write domains, a colon and limits"),
        (&["gmail.com:"], "is no limit: write \"10 at once\""),
        (&["gmail.com: 10"], "is no limit: write \"10 at once\""),
        (&["gmail.com: 0 at once"], "from 1 to 10000: write"),
        (&["gmail.com: 2 at once, 3 at once"], "keep one of the two"),
        (&["gmail.com: 5/s, 6/s"], "keep one of the two"),
        (&["gmail.com: 5/s, none"], "is no limit"),
        (&["gogle: 5/s"], "nor one of the families google, microsoft"),
        (&["*.edu: 5/s"], "write what stands behind the @"),
        (&["ann@gmail.com: 5/s"], "write what stands behind the @"),
        (&["gmail.com, : 5/s"], "write what stands behind the @"),
        (&["gmail.com, *: 5/s"], "`*` stands alone"),
        (&["gmail.com, GMAIL.com: 5/s"], "is named twice"),
        (&["gmail.com: 5/s", "qq.com, gmail.com: 6/s"], "`gmail.com` has two lines"),
        (&["*: 5/s", "*: 6/s"], "`*` has two lines"),
    ] {
        let said = limits(lines).unwrap_err();
        assert!(said.contains(part), "{lines:?}: {said}");
    }
}

#[test]
fn every_domain_of_a_family_is_its_alone_and_as_addresses_write_it() {
    let mut seen = BTreeSet::new();
    for family in FAMILIES {
        assert!(!family.name.contains('.') && family.name == family.name.to_lowercase());
        for domain in family.domains {
            assert_eq!(ascii_domain(domain).as_deref(), Ok(*domain));
            assert!(seen.insert(*domain), "{domain}");
        }
    }
}

#[test]
fn the_handbook_tells_the_default_of_every_family() {
    let handbook = include_str!("../../../docs/operating.md");
    for family in FAMILIES {
        let line = handbook
            .lines()
            .find(|line| line.starts_with('|') && line.contains(&format!("`{}`", family.name)));
        let bound = family.bound();
        let limit = format!("{} at once, {}", bound.at_once.unwrap(), bound.rates[0]);
        assert!(
            line.is_some_and(|line| line.contains(&limit) && line.contains(family.domains[0])),
            "{}: {limit}",
            family.name
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), names in any::<String>(), domain in any::<String>()) {
        for line in [text.clone(), format!("{names}: {text}"), format!("gmail.com: {text} at once")] {
            if let Ok(rule) = Rule::parse(&line) {
                let _ = Limits::with_defaults(&[rule]).unwrap().of(&domain);
            }
        }
    }
}
