//! Which feeds there are: those of the config, and for every section, tag, author and language, and what is chosen by
//! several of them, one that is made when somebody asks.

use super::address::{CHOICES, Subject};
use crate::config::{Config, Content, Feed};
use crate::domain::selection::{Selection, term};
use crate::domain::time::Millis;
use crate::store::{Store, StoreResult};

/// Articles in a feed on demand.
const ITEMS: usize = 50;

/// The feed that an address names; `None` if the config has none of that name, or no article ever had a chosen term.
pub async fn feed(
    store: &Store,
    config: &Config,
    subject: &Subject,
    now: Millis,
) -> StoreResult<Option<Feed>> {
    let Some(base) = base(config, subject) else { return Ok(None) };
    if subject.chosen == Selection::default() {
        return Ok(Some(base));
    }
    let Some(selection) =
        narrowed(&base.selection, &subject.chosen).filter(|_| config.server.on_demand)
    else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for kind in CHOICES {
        for term in subject.chosen.list(kind) {
            let Some(name) = store.name_of_term(kind, term, now).await? else { return Ok(None) };
            names.push(name);
        }
    }
    let name = Subject { secret: None, ..subject.clone() }.path();
    Ok(Some(Feed {
        title: format!("{}: {}", base.title, names.join(", ")),
        name,
        selection,
        aliases: Vec::new(),
        ..base
    }))
}

/// The feed that something is chosen of.
fn base(config: &Config, subject: &Subject) -> Option<Feed> {
    match &subject.declared {
        Some(name) => config
            .feeds
            .iter()
            .find(|feed| feed.name == *name && feed.private == subject.secret)
            .cloned(),
        None if subject.chosen == Selection::default() => None,
        None => {
            let all = Feed::on_demand(String::new(), Selection::default(), ITEMS, Content::Full);
            Some(Feed { title: config.site.title.clone(), ..all })
        }
    }
}

/// What both take; `None` where one list can't say that.
fn narrowed(selection: &Selection, chosen: &Selection) -> Option<Selection> {
    let mut both = selection.clone();
    for kind in CHOICES {
        let (own, chosen) = (selection.list(kind), chosen.list(kind));
        if !chosen.is_empty() {
            if !own.is_empty() && !chosen.iter().all(|c| own.iter().any(|o| term(o) == *c)) {
                return None;
            }
            *both.list_mut(kind) = chosen.to_vec();
        }
    }
    Some(both)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::selection::Kind;

    fn only(kind: Kind, name: &str) -> Selection {
        let mut chosen = Selection::default();
        chosen.list_mut(kind).push(name.to_owned());
        chosen
    }

    #[test]
    fn a_choice_narrows_a_feed_and_never_widens_it() {
        let jobs = Selection { tags: vec!["Jobs".into(), "Grants".into()], ..Selection::default() };
        let narrowed_by = |tag: &str| narrowed(&jobs, &only(Kind::Tag, tag)).map(|both| both.tags);
        assert_eq!(narrowed_by("jobs"), Some(vec!["jobs".to_owned()]));
        assert_eq!(narrowed_by("sport"), None);
        assert_eq!(narrowed(&jobs, &only(Kind::Language, "zh")).unwrap().tags, jobs.tags);
    }
}
