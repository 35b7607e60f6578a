//! What readers can choose feeds by: the sections, languages and tags that articles have, looked up at most once a minute.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::Web;
use crate::domain::language;
use crate::domain::selection::Kind;
use crate::domain::time::{MINUTE, Millis};
use crate::feeds::offer::Subject;
use crate::store::StoreResult;
use crate::store::terms::Term;
use crate::templates::pages::{FeedGroup, FeedRow};

/// Terms of a kind that are offered; the others are there all the same.
const MOST: i64 = 40;
/// A tag of fewer articles makes no feed that anybody would follow.
const FEW: i64 = 3;
/// What is offered, in this order.
const KINDS: [(Kind, &str); 3] = [(Kind::Section, "feeds-by-section"), (Kind::Language, "feeds-by-language"), (Kind::Tag, "feeds-by-tag")];

/// The terms that articles have, remembered for a minute.
#[derive(Debug, Default)]
pub(super) struct Choices {
    known: Mutex<Option<(Millis, Arc<Known>)>>,
}

/// Terms by kind.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<(Kind, &'static str, Vec<Term>)>);

impl Web {
    /// What can be chosen by; nothing where there are no feeds on demand, and while the database is away what was last known.
    pub(super) async fn choices(&self) -> Arc<Known> {
        if !self.app.config.server.on_demand {
            return Arc::default();
        }
        let now = self.app.now();
        // Held while the database is asked, so that a crowd asks once.
        let mut known = self.choices.known.lock().await;
        match &*known {
            Some((at, terms)) if now.0 - at.0 < MINUTE => Arc::clone(terms),
            before => {
                let before = before.as_ref().map(|(_, terms)| Arc::clone(terms)).unwrap_or_default();
                let fresh = self.ask(now).await.map(Arc::new).unwrap_or_else(|why| {
                    tracing::debug!("what feeds can be chosen by was not read: {why}");
                    before
                });
                *known = Some((now, Arc::clone(&fresh)));
                fresh
            }
        }
    }

    async fn ask(&self, now: Millis) -> StoreResult<Known> {
        let mut known = Vec::new();
        for (kind, title) in KINDS {
            let mut terms = self.app.store.terms(kind, MOST, now).await?;
            match kind {
                Kind::Language => terms = self.without_sole_varieties(terms),
                Kind::Tag => terms.retain(|term| term.articles >= FEW),
                Kind::Section | Kind::Author | Kind::Source => {}
            }
            terms.sort_by_key(|term| term.name.to_lowercase());
            known.push((kind, title, terms));
        }
        Ok(Known(known))
    }

    /// Languages under their own names; of `zh` and `zh-cn` with the same articles the first alone.
    fn without_sole_varieties(&self, terms: Vec<Term>) -> Vec<Term> {
        let is_same = |one: &Term, other: &Term| {
            other.term != one.term && language::matches(&other.term, &one.term) && other.articles == one.articles
        };
        let kept: Vec<Term> = terms.iter().filter(|one| !terms.iter().any(|other| is_same(one, other))).cloned().collect();
        kept.into_iter().map(|term| Term { name: self.language_name(&term.term), ..term }).collect()
    }

    /// A language's own name for itself, where our pages speak it; else its tag.
    pub(super) fn language_name(&self, tag: &str) -> String {
        let own = self.app.templates.languages().into_iter().find(|(code, _)| code.eq_ignore_ascii_case(tag));
        own.map_or_else(|| language::canonical(tag).unwrap_or_else(|_| tag.to_owned()), |(_, name)| name)
    }
}

impl Known {
    /// The feeds that narrow a subject by one more term, of those terms that `fits` takes; a kind with one term is no choice.
    pub(super) fn narrowing(&self, subject: &Subject, fits: impl Fn(Kind, &Term) -> bool) -> Vec<FeedGroup> {
        let row = |kind: Kind, term: &Term| {
            let mut narrowed = subject.clone();
            narrowed.chosen.list_mut(kind).push(term.term.clone());
            FeedRow {
                path: narrowed.path(),
                title: term.name.clone(),
                count: usize::try_from(term.articles).unwrap_or(0),
                ..FeedRow::default()
            }
        };
        let open = self.0.iter().filter(|(kind, _, _)| subject.chosen.list(*kind).is_empty());
        let groups = open.map(|(kind, title, terms)| FeedGroup {
            title: (*title).to_owned(),
            feeds: terms.iter().filter(|term| fits(*kind, term)).map(|term| row(*kind, term)).collect(),
        });
        groups.filter(|group| group.feeds.len() > 1).collect()
    }
}
