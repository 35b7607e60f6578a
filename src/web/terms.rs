//! Cache of the sections, languages and tags that on-demand feeds can be selected by, refreshed at
//! most once a minute and only after a change.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use crate::app::App;
use crate::config::Config;
use crate::domain::language;
use crate::domain::selection::TermKind;
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::{MINUTE, Millis, SignedDuration};
use crate::feeds::request::FeedSelector;
use crate::store::terms::Term;
use crate::store::{Store, StoreResult};
use crate::templates::pages::{FeedGroup, FeedRow};

/// Maximum number of terms per kind that pages list; the feeds of the others exist as well.
const MAX_TERMS_PER_KIND: i64 = 40;
/// Maximum age of a snapshot, after which changes that touch no declared feed show up.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(15);
/// Query timeout after which a page uses the previous snapshot.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);
/// Tags with fewer articles are not listed.
const MIN_ARTICLES_PER_TAG: i64 = 3;
/// Kinds of terms in display order, each with the catalog key of its heading.
const OFFERED_TERM_KINDS: [(TermKind, &str); 3] = [
    (TermKind::Section, "feeds-by-section"),
    (TermKind::Language, "feeds-by-language"),
    (TermKind::Tag, "feeds-by-tag"),
];

/// Cache of the terms that articles have.
#[derive(Debug, Default)]
pub(super) struct TermCache {
    snapshot: ArcSwap<TermSnapshot>,
    /// Held during a refresh; other requests use the previous snapshot meanwhile.
    refresh_lock: Mutex<()>,
}

#[derive(Debug, Default)]
struct TermSnapshot {
    taken_at: Option<Millis>,
    /// Change counter of the feed cache at that time.
    document_change_count: u64,
    terms: Arc<TermLists>,
}

/// Terms of all articles, grouped by kind.
#[derive(Debug, Default)]
pub(super) struct TermLists(Vec<(TermKind, &'static str, Vec<Term>)>);

impl TermCache {
    /// Returns the current terms; empty if on-demand feeds are disabled, and the previous ones
    /// while the database is unavailable.
    pub(super) async fn get(&self, app: &App) -> Arc<TermLists> {
        if !app.config.server.on_demand {
            return Arc::default();
        }
        let (now, last) = (app.now(), self.snapshot.load_full());
        let changes = *app.feed_cache.document_changes().borrow();
        let age = last.taken_at.map_or(SignedDuration::MAX, |at| now.since(at));
        if age < MINUTE || (age < MAX_AGE && changes == last.document_change_count) {
            return Arc::clone(&last.terms);
        }
        let Ok(_refreshing) = self.refresh_lock.try_lock() else {
            return Arc::clone(&last.terms);
        };
        let terms = match tokio::time::timeout(QUERY_TIMEOUT, query_terms(&app.store, now)).await {
            Ok(Ok(fresh)) => Arc::new(fresh),
            // Pages work without the database, and its errors are logged elsewhere.
            Ok(Err(_)) | Err(_) => Arc::clone(&last.terms),
        };
        self.snapshot.store(Arc::new(TermSnapshot {
            taken_at: Some(now),
            document_change_count: changes,
            terms: Arc::clone(&terms),
        }));
        terms
    }
}

async fn query_terms(store: &Store, now: Millis) -> StoreResult<TermLists> {
    let mut groups = Vec::new();
    for (kind, title_key) in OFFERED_TERM_KINDS {
        let mut terms = store.terms().list(kind, MAX_TERMS_PER_KIND, now).await?;
        match kind {
            TermKind::Language => terms = drop_redundant_varieties(terms),
            TermKind::Tag => terms.retain(|term| term.articles >= MIN_ARTICLES_PER_TAG),
            TermKind::Section | TermKind::Author | TermKind::Source => {}
        }
        terms.sort_by_key(|term| term.name.to_lowercase());
        groups.push((kind, title_key, terms));
    }
    Ok(TermLists(groups))
}

/// Drops a language variety with the same articles as its base language: `zh-cn` beside `zh`.
fn drop_redundant_varieties(mut terms: Vec<Term>) -> Vec<Term> {
    let is_redundant = |one: &Term, other: &Term| {
        other.term != one.term
            && language::matches(&other.term, &one.term)
            && other.articles == one.articles
    };
    let all = terms.clone();
    terms.retain(|one| !all.iter().any(|other| is_redundant(one, other)));
    terms
}

impl TermLists {
    /// Returns the feeds that narrow `subject` by one more term that `fits` accepts, with names of
    /// sections in a language. Kinds with a single term are left out.
    pub(super) fn narrower_feeds(
        &self,
        config: &Config,
        language: &str,
        subject: &FeedSelector,
        fits: impl Fn(TermKind, &Term) -> bool,
    ) -> Vec<FeedGroup> {
        let row = |kind: TermKind, term: &Term| {
            let mut narrowed = subject.clone();
            narrowed.terms.list_mut(kind).push(term.term.clone());
            let path = narrowed.path();
            FeedRow {
                url: SiteUrls(&config.site.base_url).feed_page(&path),
                path,
                title: match kind {
                    TermKind::Section => config.section_title(&term.name, language).to_owned(),
                    _ => term.name.clone(),
                },
                count: usize::try_from(term.articles).unwrap_or(0),
                ..FeedRow::default()
            }
        };
        let open = self.0.iter().filter(|(kind, _, _)| subject.terms.list(*kind).is_empty());
        let groups = open.map(|(kind, title_key, terms)| FeedGroup {
            title_key: (*title_key).to_owned(),
            feeds: terms
                .iter()
                .filter(|term| fits(*kind, term))
                .map(|term| row(*kind, term))
                .collect(),
        });
        groups.filter(|group| group.feeds.len() > 1).collect()
    }
}
