//! `/admin/digests`: the digests, the page of one, and previews of its mail.

mod calendar;
mod list;
mod pauses;
pub(super) mod preview;
mod sending;
mod show;
mod texts;

pub(super) use list::list;
pub(super) use pauses::{pause, pause_all, pause_every, resume, resume_every};
pub(super) use sending::{create_edition, test};
pub(super) use show::show;
pub(super) use texts::{dependent_texts, schedule_text, schedule_words, size_text};

use super::visit::Visit;
use crate::app::App;
use crate::config::Digest;
use crate::web::error::{WebError, WebResult};

impl Visit {
    /// Returns the parts of Courant with the newest configuration, which the running one may lack for
    /// about a second after a change.
    pub(super) async fn newest_app(&self) -> WebResult<App> {
        let mut app = self.app().clone();
        app.config = app.newest_config().await.map_err(anyhow::Error::from)?;
        Ok(app)
    }
}

/// Returns a digest that the user may see.
fn find<'a>(visit: &Visit, app: &'a App, name: &str) -> WebResult<&'a Digest> {
    let found = app.config.digests.iter().find(|digest| digest.name == name);
    found.filter(|_| visit.actor.digests().contains(name)).ok_or_else(WebError::not_found)
}
