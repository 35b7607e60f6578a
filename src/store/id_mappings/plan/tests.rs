//! Plans for mapping files, and the lines that are rejected.

use proptest::prelude::*;

use super::*;

fn article(row: i64, source: &str, id: &str) -> ArticleIdentity {
    let guid = format!("tag:x:{source}/{id}");
    ArticleIdentity {
        row_id: row,
        source: source.into(),
        source_id: id.into(),
        guid,
        story: row,
        translation_of: None,
    }
}

fn mapping_line(line: u64, old: &str, new: &str) -> MappingLine {
    MappingLine { line, old: old.into(), new: new.into(), source: None }
}

fn sources() -> Vec<String> {
    ["old", "new"].map(str::to_owned).into()
}

#[test]
fn all_forms_of_old_ids_are_recognized() {
    let articles = [article(1, "old", "5"), article(2, "old", "a/b"), article(3, "new", "9")];
    let lines = [
        mapping_line(1, "tag:x:old/5", "new/5"),
        mapping_line(2, "old/a/b", "new/9"),
        mapping_line(3, "urn:uuid:7", "new/7"),
        mapping_line(4, "12 at http://x.example", "new/8"),
    ];
    let plan = plan(&lines, &sources(), &articles, &[]).unwrap();
    assert_eq!(
        (plan.moved.len(), plan.merged.len(), plan.reassigned.len(), plan.mappings.len()),
        (1, 1, 0, 4)
    );
    assert_eq!((plan.report.mapped, plan.report.pending, plan.report.unchanged), (2, 2, 0));
    assert_eq!(plan.merged[0], json!({"old": 2, "imported": 3, "guid": "tag:x:old/a/b"}));
}

#[test]
fn ambiguous_and_repeated_ids_are_rejected_with_their_line() {
    let articles = [article(1, "old", "5"), article(2, "new", "5"), article(3, "old", "6")];
    let lines = [
        mapping_line(1, "5", "new/1"),
        mapping_line(2, "old/5", "new/2"),
        mapping_line(3, "tag:x:old/5", "new/3"),
        mapping_line(4, "6", "new/2"),
        mapping_line(5, "nowhere", "new/4"),
        mapping_line(6, "old/6", "4"),
    ];
    let rejected = plan(&lines, &sources(), &articles, &[]).unwrap_err();
    let reported: Vec<(u64, bool)> = [
        "old/5 or new/5",
        "already occurs in line 2",
        "already occurs in line 2",
        "no article",
        "SOURCE/ID",
    ]
    .iter()
    .zip(&rejected)
    .map(|(words, (line, reason))| (*line, reason.contains(words)))
    .collect();
    assert_eq!(reported, [1, 3, 4, 5, 6].map(|line| (line, true)), "{rejected:?}");
}

#[test]
fn two_articles_of_one_source_can_swap_ids() {
    let mut articles = [article(1, "old", "5"), article(2, "old", "9"), article(3, "old", "11")];
    articles[1].translation_of = Some("5".into());
    articles[2].translation_of = Some("9".into());
    let lines = [mapping_line(1, "old/5", "old/9"), mapping_line(2, "old/9", "old/5")];
    let plan = plan(&lines, &sources(), &articles, &[]).unwrap();
    let keys: Vec<(i64, &str, Option<&str>)> = plan
        .moved
        .iter()
        .map(|m| {
            (
                m["id"].as_i64().unwrap(),
                m["source_id"].as_str().unwrap(),
                m["translation_of"].as_str(),
            )
        })
        .collect();
    assert_eq!(keys, [(1, "9", None), (2, "5", Some("9"))]);
    assert_eq!(plan.unlinked, [3], "another article has that id now");
}

#[test]
fn applied_line_is_not_applied_again() {
    let mappings = [
        Mapping {
            guid: "tag:x:old/5".into(),
            source: "old".into(),
            source_id: "9".into(),
            from: Some(("old".into(), "5".into())),
        },
        Mapping {
            guid: "tag:x:old/9".into(),
            source: "old".into(),
            source_id: "5".into(),
            from: Some(("old".into(), "9".into())),
        },
        Mapping { guid: "urn:x:1".into(), source: "new".into(), source_id: "1".into(), from: None },
    ];
    let mut articles = [article(1, "old", "9"), article(2, "old", "5")];
    (articles[0].guid, articles[1].guid) = ("tag:x:old/5".into(), "tag:x:old/9".into());
    let lines = [
        mapping_line(1, "old/5", "old/9"),
        mapping_line(2, "9", "old/5"),
        mapping_line(3, "urn:x:1", "new/1"),
    ];
    let again = plan(&lines, &sources(), &articles, &mappings).unwrap();
    assert_eq!((again.report.unchanged, again.mappings.len()), (3, 0));
    // A pending id may be mapped to another article; a mapped article cannot get a second id.
    let other =
        plan(&[mapping_line(1, "urn:x:1", "new/2")], &sources(), &articles, &mappings).unwrap();
    assert_eq!(other.report.pending, 1);
    let rejected =
        plan(&[mapping_line(1, "urn:x:2", "new/1")], &sources(), &articles, &mappings).unwrap_err();
    assert!(rejected[0].1.contains("already has the mapped id"), "{rejected:?}");
}

proptest! {
    #[test]
    fn source_ids_stay_unique_under_any_mapping(pairs in proptest::collection::vec((0_u8..12, 0_u8..12), 0..10)) {
        let articles: Vec<ArticleIdentity> = (0..6).map(|i| article(i64::from(i) + 1, "old", &i.to_string())).collect();
        let lines: Vec<MappingLine> = (1..).zip(&pairs).map(|(line, (o, n))| mapping_line(line, &format!("old/{o}"), &format!("old/{n}"))).collect();
        if let Ok(plan) = plan(&lines, &sources(), &articles, &[]) {
            let moved: HashMap<i64, String> =
                plan.moved.iter().map(|m| (m["id"].as_i64().unwrap(), m["source_id"].as_str().unwrap().to_owned())).collect();
            let gone: HashSet<i64> = plan.merged.iter().map(|m| m["old"].as_i64().unwrap()).collect();
            let keys: Vec<String> = articles
                .iter()
                .filter(|a| !gone.contains(&a.row_id))
                .map(|a| moved.get(&a.row_id).cloned().unwrap_or_else(|| a.source_id.clone()))
                .collect();
            prop_assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
            prop_assert_eq!(moved.len(), plan.moved.len());
        }
    }
}
