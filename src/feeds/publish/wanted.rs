//! What a place should have: the documents on the shelf, and the pages of their archives.

use std::sync::Arc;

use anyhow::Context;

use super::super::address::Place;
use super::super::archive::Page;
use super::super::format::Format;
use super::super::headers::{cache_control, content_type};
use super::super::made::Made;
use super::super::making;
use super::super::plan;
use super::super::shelf::file_name;
use super::{Own, Parcel, State, hash8};
use crate::config::Feed;
use crate::store::published::Wanted;

/// A document that should be there; its file is named as its address behind `/feeds/`.
#[derive(Debug)]
pub(super) struct Document<'c> {
    pub(super) wanted: Wanted,
    /// A page of the archive; none: the feed itself.
    pub(super) page: Option<Page>,
    feed: &'c Feed,
    format: Format,
    made: Option<Arc<Made>>,
}

impl Document<'_> {
    /// The feed and format that it belongs to.
    pub(super) fn of(&self) -> (&str, &'static str) {
        (&self.feed.name, self.format.extension())
    }

    fn place(&self) -> Place {
        self.page.map_or(Place::Newest, Place::Page)
    }
}

impl Own {
    /// What should be there, as far as it is made: pages oldest first, then what links to them.
    pub(super) fn documents(&self, state: &State) -> Vec<Document<'_>> {
        let feeds = self.config.published(&self.to);
        let mut all = Vec::new();
        for &feed in &feeds {
            let pages = state.pages.get(&feed.name).map_or(&[][..], |pages| &pages.all);
            for (page, version) in pages.iter().rev() {
                all.extend(
                    Format::ALL
                        .map(|format| self.document(feed, format, Some(*page), version, None)),
                );
            }
        }
        for &feed in &feeds {
            for format in Format::ALL {
                let Some(made) = self.shelf.get(&file_name(feed, format)) else { continue };
                let version = made.etag.clone();
                all.push(self.document(feed, format, None, &version, Some(made)));
            }
        }
        all
    }

    fn document<'c>(
        &self,
        feed: &'c Feed,
        format: Format,
        page: Option<Page>,
        version: &str,
        made: Option<Arc<Made>>,
    ) -> Document<'c> {
        let path =
            page.map_or_else(|| feed.path(), |page| format!("{}/archive/{page}", feed.path()));
        let file = format!("{path}.{}", format.extension());
        let of =
            page.is_none().then(|| (feed.name.clone(), format.extension(), version.to_owned()));
        let mut document =
            Document { wanted: Wanted { file, etag: String::new(), of }, page, feed, format, made };
        let manner = format!(
            "{}\n{}\n{}",
            content_type(format),
            cache_control(feed, document.place()),
            self.to.gzip
        );
        document.wanted.etag = format!("{}:{}:{version}", self.place.mark(), hash8(&manner));
        document
    }

    /// The files of the feeds themselves, made or not yet.
    pub(super) fn declared(&self) -> impl Iterator<Item = String> {
        let feeds = self.config.published(&self.to).into_iter();
        feeds.flat_map(|feed| {
            Format::ALL.map(|format| format!("{}.{}", feed.path(), format.extension()))
        })
    }

    /// The document with what is said beside it.
    pub(super) async fn parcel(&self, document: &Document<'_>) -> anyhow::Result<Parcel> {
        let made = match (&document.made, document.page) {
            (Some(made), _) => Arc::clone(made),
            (None, page) => {
                self.made_page(document, page.context("it is not on the shelf")?).await?
            }
        };
        Ok(Parcel {
            file: document.wanted.file.clone(),
            made,
            content_type: content_type(document.format),
            cache_control: cache_control(document.feed, document.place()),
        })
    }

    async fn made_page(&self, document: &Document<'_>, page: Page) -> anyhow::Result<Arc<Made>> {
        let (feed, now) = (document.feed, (self.clock)());
        let plan = plan::page(&self.store, &self.config, feed, page, now)
            .await?
            .context("there is no such page any more")?;
        let made =
            making::make(&self.store, &self.config, feed, plan, vec![(document.format, None)], now)
                .await?;
        Ok(Arc::new(made.into_iter().next().context("nothing was made")?))
    }
}
