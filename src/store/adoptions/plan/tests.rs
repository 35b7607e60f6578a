//! Maps of ids on paper: what they come to, and which lines are refused.

use proptest::prelude::*;

use super::*;

fn article(row: i64, source: &str, id: &str) -> Known {
    let guid = format!("tag:x:{source}/{id}");
    Known {
        row,
        source: source.into(),
        source_id: id.into(),
        guid,
        group: row,
        translation_of: None,
    }
}

fn claim(line: u64, old: &str, new: &str) -> Claim {
    Claim { line, old: old.into(), new: new.into(), source: None }
}

fn sources() -> Vec<String> {
    ["old", "new"].map(str::to_owned).into()
}

#[test]
fn every_way_to_write_an_old_id_is_understood() {
    let articles = [article(1, "old", "5"), article(2, "old", "a/b"), article(3, "new", "9")];
    let claims = [
        claim(1, "tag:x:old/5", "new/5"),
        claim(2, "old/a/b", "new/9"),
        claim(3, "urn:uuid:7", "new/7"),
        claim(4, "12 at http://x.example", "new/8"),
    ];
    let plan = plan(&claims, &sources(), &articles, &[]).unwrap();
    assert_eq!(
        (plan.moved.len(), plan.merged.len(), plan.named.len(), plan.notes.len()),
        (1, 1, 0, 4)
    );
    assert_eq!((plan.report.adopted, plan.report.waiting, plan.report.already), (2, 2, 0));
    assert_eq!(plan.merged[0], json!({"old": 2, "fresh": 3, "guid": "tag:x:old/a/b"}));
}

#[test]
fn what_is_not_clear_or_there_twice_is_refused_with_its_line() {
    let articles = [article(1, "old", "5"), article(2, "new", "5"), article(3, "old", "6")];
    let claims = [
        claim(1, "5", "new/1"),
        claim(2, "old/5", "new/2"),
        claim(3, "tag:x:old/5", "new/3"),
        claim(4, "6", "new/2"),
        claim(5, "nowhere", "new/4"),
        claim(6, "old/6", "4"),
    ];
    let refused = plan(&claims, &sources(), &articles, &[]).unwrap_err();
    let said: Vec<(u64, bool)> =
        ["old/5 or new/5", "in line 2 already", "in line 2 already", "no article", "SOURCE/ID"]
            .iter()
            .zip(&refused)
            .map(|(words, (line, why))| (*line, why.contains(words)))
            .collect();
    assert_eq!(said, [1, 3, 4, 5, 6].map(|line| (line, true)), "{refused:?}");
}

#[test]
fn ids_of_one_source_can_change_places() {
    let mut articles = [article(1, "old", "5"), article(2, "old", "9"), article(3, "old", "11")];
    articles[1].translation_of = Some("5".into());
    articles[2].translation_of = Some("9".into());
    let claims = [claim(1, "old/5", "old/9"), claim(2, "old/9", "old/5")];
    let plan = plan(&claims, &sources(), &articles, &[]).unwrap();
    let places: Vec<(i64, &str, Option<&str>)> = plan
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
    assert_eq!(places, [(1, "9", None), (2, "5", Some("9"))]);
    assert_eq!(plan.unlinked, [3], "another stands there now");
}

#[test]
fn a_line_that_was_carried_out_is_not_carried_out_again() {
    let noted = [
        Noted {
            guid: "tag:x:old/5".into(),
            source: "old".into(),
            source_id: "9".into(),
            from: Some(("old".into(), "5".into())),
        },
        Noted {
            guid: "tag:x:old/9".into(),
            source: "old".into(),
            source_id: "5".into(),
            from: Some(("old".into(), "9".into())),
        },
        Noted { guid: "urn:x:1".into(), source: "new".into(), source_id: "1".into(), from: None },
    ];
    let mut articles = [article(1, "old", "9"), article(2, "old", "5")];
    (articles[0].guid, articles[1].guid) = ("tag:x:old/5".into(), "tag:x:old/9".into());
    let claims = [claim(1, "old/5", "old/9"), claim(2, "9", "old/5"), claim(3, "urn:x:1", "new/1")];
    let again = plan(&claims, &sources(), &articles, &noted).unwrap();
    assert_eq!((again.report.already, again.notes.len()), (3, 0));
    // An id that still waits may be promised to another; one that was taken over is not given twice.
    let other = plan(&[claim(1, "urn:x:1", "new/2")], &sources(), &articles, &noted).unwrap();
    assert_eq!(other.report.waiting, 1);
    let refused = plan(&[claim(1, "urn:x:2", "new/1")], &sources(), &articles, &noted).unwrap_err();
    assert!(refused[0].1.contains("took over"), "{refused:?}");
}

proptest! {
    #[test]
    fn no_map_makes_two_articles_of_one_place_or_one_id(pairs in proptest::collection::vec((0_u8..12, 0_u8..12), 0..10)) {
        let articles: Vec<Known> = (0..6).map(|i| article(i64::from(i) + 1, "old", &i.to_string())).collect();
        let claims: Vec<Claim> = (1..).zip(&pairs).map(|(line, (o, n))| claim(line, &format!("old/{o}"), &format!("old/{n}"))).collect();
        if let Ok(plan) = plan(&claims, &sources(), &articles, &[]) {
            let moved: HashMap<i64, String> =
                plan.moved.iter().map(|m| (m["id"].as_i64().unwrap(), m["source_id"].as_str().unwrap().to_owned())).collect();
            let gone: HashSet<i64> = plan.merged.iter().map(|m| m["old"].as_i64().unwrap()).collect();
            let places: Vec<String> = articles
                .iter()
                .filter(|a| !gone.contains(&a.row))
                .map(|a| moved.get(&a.row).cloned().unwrap_or_else(|| a.source_id.clone()))
                .collect();
            prop_assert_eq!(places.iter().collect::<HashSet<_>>().len(), places.len());
            prop_assert_eq!(moved.len(), plan.moved.len());
        }
    }
}
