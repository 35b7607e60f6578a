//! The pages of a feed's archive, and in which state each is: found out without making any.

use sha2::{Digest as _, Sha256};

use super::super::archive::{Page, newest_page};
use super::super::feed::Archive;
use super::super::plan::{self, Plan};
use super::super::shelf::{Shelf, settings_of};
use crate::config::{Config, Feed};
use crate::domain::time::{MINUTE, Millis};
use crate::store::{Store, StoreResult};

/// A change is looked for on the newest pages at once, and on all that are older this often at most.
const WALK: i64 = MINUTE;

/// The pages of one feed.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// Newest first, each with what tells its state from others.
    pub(super) all: Vec<(Page, String)>,
    /// All changes up to this generation of the shelf were looked at.
    generation: u64,
    walked: Option<Millis>,
    /// Whether older pages may have changed since.
    is_behind: bool,
}

impl Pages {
    /// Whether there is something to look at.
    pub(super) fn is_due(&self, shelf: &Shelf, feed: &Feed, now: Millis) -> bool {
        self.walked.is_none_or(|at| self.is_behind && now.0 - at.0 >= WALK)
            || shelf.was_touched(&feed.selection, self.generation)
    }

    /// Looks at what changed.
    pub(super) async fn refresh(
        &mut self,
        store: &Store,
        config: &Config,
        shelf: &Shelf,
        feed: &Feed,
        now: Millis,
    ) -> StoreResult<()> {
        // Read before the articles are, so that a change in between is not missed.
        let generation = shelf.generation();
        if self.is_due(shelf, feed, now) {
            let from_the_beginning = self.walked.is_none_or(|at| now.0 - at.0 >= WALK);
            self.walk(store, config, feed, from_the_beginning, now).await?;
            self.is_behind = !from_the_beginning;
            if from_the_beginning {
                self.walked = Some(now);
            }
        }
        self.generation = generation;
        Ok(())
    }

    /// Walks from the newest page to the oldest, or to the first that is known as it is.
    async fn walk(
        &mut self,
        store: &Store,
        config: &Config,
        feed: &Feed,
        to_the_end: bool,
        now: Millis,
    ) -> StoreResult<()> {
        let mut found = Vec::new();
        let is_complete =
            store.newest_keys(&feed.selection, now, feed.items + 1).await?.len() <= feed.items;
        let mut next = if is_complete { None } else { newest_page(store, feed, now).await? };
        while let Some(page) = next {
            let Some(plan) = plan::page(store, config, feed, page, now).await? else { break };
            let state = (page, state(config, feed, page, &plan));
            let known = self.all.iter().position(|known| *known == state);
            if let (false, Some(at)) = (to_the_end, known) {
                found.extend_from_slice(&self.all[at..]);
                break;
            }
            found.push(state);
            next = previous(&plan);
        }
        self.all = found;
        Ok(())
    }
}

/// The page before one in time.
fn previous(plan: &Plan) -> Option<Page> {
    let Archive::Page { previous: Some(address), .. } = &plan.archive else { return None };
    address.rsplit('/').next()?.parse().ok()
}

/// Everything a page's bytes depend on.
fn state(config: &Config, feed: &Feed, page: Page, plan: &Plan) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!(
        "{} {page} {:?} {:?}",
        settings_of(config, feed),
        plan.updated,
        plan.archive
    ));
    for planned in &plan.items {
        hasher.update(planned.fingerprint);
    }
    hasher.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect()
}
