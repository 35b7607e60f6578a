//! The editions that a user may see.

use super::visit::Visit;
use crate::store::editions::Edition;
use crate::web::error::{WebError, WebResult};

impl Visit {
    /// Returns an edition of a digest that the user may see; others are "not found".
    pub(super) async fn find_edition(&self, id: i64) -> WebResult<Edition> {
        let found = self.app().store.editions().find(id).await?;
        found
            .filter(|edition| self.actor.digests().contains(&edition.digest))
            .ok_or_else(WebError::not_found)
    }
}
