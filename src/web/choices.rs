//! What readers can choose feeds by: the sections, languages and tags that articles have, looked up at most once a minute
//! and only after something changed.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use super::Web;
use crate::domain::language;
use crate::domain::selection::Kind;
use crate::domain::time::{MINUTE, Millis};
use crate::feeds::address::Subject;
use crate::store::StoreResult;
use crate::store::terms::Term;
use crate::templates::pages::{FeedGroup, FeedRow};

/// Terms of a kind that are offered; the others are there all the same.
const MOST: i64 = 40;
/// Changes that touch no declared feed are seen after this long, in milliseconds.
const LONGEST: i64 = 15 * MINUTE;
/// A page does without, if the database takes longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A tag of fewer articles makes no feed that anybody would follow.
const FEW: i64 = 3;
/// What is offered, in this order.
const KINDS: [(Kind, &str); 3] = [
    (Kind::Section, "feeds-by-section"),
    (Kind::Language, "feeds-by-language"),
    (Kind::Tag, "feeds-by-tag"),
];

/// The terms that articles have, as they were last looked up.
#[derive(Debug, Default)]
pub(super) struct Choices {
    last: ArcSwap<Look>,
    /// Held by whoever looks; the others take what is known.
    looking: Mutex<()>,
}

#[derive(Debug, Default)]
struct Look {
    at: Option<Millis>,
    /// How often feeds had changed by then.
    changes: u64,
    known: Arc<Known>,
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
        let (now, last) = (self.app.now(), self.choices.last.load_full());
        let changes = *self.app.shelf.changes().borrow();
        let age = last.at.map_or(i64::MAX, |at| now.0 - at.0);
        if age < MINUTE || (age < LONGEST && changes == last.changes) {
            return Arc::clone(&last.known);
        }
        let Ok(_looking) = self.choices.looking.try_lock() else { return Arc::clone(&last.known) };
        let known = match tokio::time::timeout(PATIENCE, self.ask(now)).await {
            Ok(Ok(known)) => Arc::new(known),
            // Pages are there without the database; what it says about it others will tell.
            Ok(Err(_)) | Err(_) => Arc::clone(&last.known),
        };
        self.choices.last.store(Arc::new(Look {
            at: Some(now),
            changes,
            known: Arc::clone(&known),
        }));
        known
    }

    async fn ask(&self, now: Millis) -> StoreResult<Known> {
        let mut known = Vec::new();
        for (kind, title) in KINDS {
            let mut terms = self.app.store.terms(kind, MOST, now).await?;
            match kind {
                Kind::Language => terms = without_sole_varieties(terms),
                Kind::Tag => terms.retain(|term| term.articles >= FEW),
                Kind::Section | Kind::Author | Kind::Source => {}
            }
            terms.sort_by_key(|term| term.name.to_lowercase());
            known.push((kind, title, terms));
        }
        Ok(Known(known))
    }
}

/// Of `zh` and `zh-cn` with the same articles the first alone.
fn without_sole_varieties(mut terms: Vec<Term>) -> Vec<Term> {
    let is_same = |one: &Term, other: &Term| {
        other.term != one.term
            && language::matches(&other.term, &one.term)
            && other.articles == one.articles
    };
    let all = terms.clone();
    terms.retain(|one| !all.iter().any(|other| is_same(one, other)));
    terms
}

impl Known {
    /// The feeds that narrow a subject by one more term, of those terms that `fits` takes; a kind with one term is no choice.
    pub(super) fn narrowing(
        &self,
        subject: &Subject,
        fits: impl Fn(Kind, &Term) -> bool,
    ) -> Vec<FeedGroup> {
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
            feeds: terms
                .iter()
                .filter(|term| fits(*kind, term))
                .map(|term| row(*kind, term))
                .collect(),
        });
        groups.filter(|group| group.feeds.len() > 1).collect()
    }
}
