//! Which permanent id an article gets when it is seen for the first time, now that ids can be adopted.

use crate::domain::article::Article;

/// Adoptions that concern an arrival: `$1` its source, `$2` its id there, `$3` the guid it would have.
pub(in crate::store) const PROMISES: &str = "SELECT source, source_id, guid FROM adoptions \
     WHERE (source = $1 AND source_id = $2) OR guid = $3 OR (from_source = $1 AND from_id = $2)";

/// The guids that go on where `$1` ends with a slash; `0` is the character after it.
pub(in crate::store) const LONGER: &str =
    "SELECT guid FROM articles WHERE guid > $1 || '/' AND guid < $1 || '0'";

/// An adoption: the article that takes an id, and the id.
pub(in crate::store) type Promise = (String, String, String);

/// What an article is at first sight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Sight {
    /// New, under this guid.
    New(String),
    /// New, but its guid went to an article of the same source when the ids there changed, so that it needs another.
    Another,
    /// It is, or has the guid of, this article: `source/source_id`.
    Taken(String),
}

/// Decides about an article that is not here yet; `there` are those that have its guid.
pub(in crate::store) fn at_first_sight(
    a: &Article,
    there: &[(String, String)],
    promises: Vec<Promise>,
) -> Sight {
    let (mine, others): (Vec<Promise>, Vec<Promise>) =
        promises.into_iter().partition(|(source, id, _)| (source, id) == (&a.source, &a.source_id));
    if let Some((_, _, guid)) = mine.into_iter().next() {
        return Sight::New(guid);
    }
    // Within one source an id that was given away is free for a new article; from elsewhere it is the same article again.
    let is_reused = others.iter().any(|(source, _, guid)| source == &a.source && guid == &a.guid);
    if is_reused {
        return Sight::Another;
    }
    let elsewhere = others.iter().find(|(source, _, guid)| source != &a.source || guid == &a.guid);
    match there
        .first()
        .map(|(source, id)| (source, id))
        .or_else(|| elsewhere.map(|(source, id, _)| (source, id)))
    {
        Some((source, id)) => Sight::Taken(format!("{source}/{id}")),
        None => Sight::New(a.guid.clone()),
    }
}

/// The first of `GUID/2`, `GUID/3` … that nobody has; a slash in an id of ours is percent-encoded, so it is no other article's.
pub(in crate::store) fn another(guid: &str, used: &[(String,)]) -> String {
    let made = |n: usize| format!("{guid}/{n}");
    (2..).map(made).find(|one| used.iter().all(|(taken,)| taken != one)).unwrap_or_else(|| made(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(source: &str, id: &str) -> Article {
        Article {
            source: source.into(),
            source_id: id.into(),
            guid: format!("tag:x:{source}/{id}"),
            ..Article::default()
        }
    }

    fn promise(source: &str, id: &str, guid: &str) -> Promise {
        (source.into(), id.into(), guid.into())
    }

    #[test]
    fn who_was_promised_an_id_has_it_at_first_sight() {
        let promises = vec![promise("new", "7", "tag:x:old/1")];
        assert_eq!(
            at_first_sight(&article("new", "7"), &[], promises),
            Sight::New("tag:x:old/1".into())
        );
    }

    #[test]
    fn an_id_given_away_elsewhere_is_no_new_article_and_one_given_away_within_the_source_may_be() {
        let away = vec![promise("new", "7", "tag:x:old/1")];
        assert_eq!(at_first_sight(&article("old", "1"), &[], away), Sight::Taken("new/7".into()));
        let within = vec![promise("news", "7", "tag:x:news/1")];
        assert_eq!(
            at_first_sight(&article("news", "1"), &[("news".into(), "7".into())], within),
            Sight::Another
        );
        assert_eq!(another("tag:x:news/1", &[("tag:x:news/1/2".into(),)]), "tag:x:news/1/3");
    }

    #[test]
    fn an_id_that_waits_for_its_article_is_nobody_elses() {
        let waiting = vec![promise("new", "7", "tag:x:old/1")];
        let other = Article { guid: "tag:x:old/1".into(), ..article("import", "x") };
        assert_eq!(at_first_sight(&other, &[], waiting), Sight::Taken("new/7".into()));
    }
}
