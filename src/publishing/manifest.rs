//! The desired files of a destination: the documents of its feeds and their archive pages.

use std::sync::Arc;

use anyhow::Context;

use super::hash::short_hash;
use super::state::{Inner, State};
use super::upload::Upload;
use crate::config::Feed;
use crate::feeds::archive::ArchivePageRef;
use crate::feeds::cache::document_key;
use crate::feeds::format::Format;
use crate::feeds::headers::{cache_control, content_type};
use crate::feeds::plan;
use crate::feeds::render;
use crate::feeds::rendered::RenderedFeed;
use crate::feeds::request::DocumentKind;
use crate::store::publications::DesiredFile;

/// A desired document, whose file name equals its URL path below `/feeds/`.
#[derive(Debug)]
pub(super) struct DesiredDocument<'c> {
    pub(super) desired: DesiredFile,
    /// Archive page, or `None` for the feed itself.
    pub(super) page: Option<ArchivePageRef>,
    feed: &'c Feed,
    format: Format,
    rendered: Option<Arc<RenderedFeed>>,
}

impl DesiredDocument<'_> {
    /// Returns the feed and format that the document belongs to.
    pub(super) fn key(&self) -> (&str, &'static str) {
        (&self.feed.name, self.format.extension())
    }

    fn document_kind(&self) -> DocumentKind {
        self.page.map_or(DocumentKind::Newest, DocumentKind::Page)
    }
}

impl Inner {
    /// Returns the desired documents that are rendered: archive pages, oldest first, then the feeds
    /// that link to them.
    pub(super) fn documents(&self, state: &State) -> Vec<DesiredDocument<'_>> {
        let feeds = self.config.feeds_published_to(&self.settings);
        let mut all = Vec::new();
        for &feed in &feeds {
            let pages = state.archives.get(&feed.name).map_or(&[][..], |pages| &pages.pages);
            for (page, version) in pages.iter().rev() {
                all.extend(
                    Format::ALL
                        .map(|format| self.document(feed, format, Some(*page), version, None)),
                );
            }
        }
        for &feed in &feeds {
            for format in Format::ALL {
                let Some(rendered) = self.cache.get(&document_key(feed, format)) else { continue };
                let version = rendered.etag.clone();
                all.push(self.document(feed, format, None, &version, Some(rendered)));
            }
        }
        all
    }

    fn document<'c>(
        &self,
        feed: &'c Feed,
        format: Format,
        page: Option<ArchivePageRef>,
        version: &str,
        rendered: Option<Arc<RenderedFeed>>,
    ) -> DesiredDocument<'c> {
        let path =
            page.map_or_else(|| feed.path(), |page| format!("{}/archive/{page}", feed.path()));
        let file = format!("{path}.{}", format.extension());
        let of =
            page.is_none().then(|| (feed.name.clone(), format.extension(), version.to_owned()));
        let mut document = DesiredDocument {
            desired: DesiredFile { file, version: String::new(), document: of },
            page,
            feed,
            format,
            rendered,
        };
        let headers = format!(
            "{}\n{}\n{}",
            content_type(format),
            cache_control(feed, document.document_kind()),
            self.settings.gzip
        );
        document.desired.version =
            format!("{}:{}:{version}", self.destination.fingerprint(), short_hash(&headers));
        document
    }

    /// Returns the files of the feeds themselves, rendered or not yet.
    pub(super) fn declared_files(&self) -> impl Iterator<Item = String> {
        let feeds = self.config.feeds_published_to(&self.settings).into_iter();
        feeds.flat_map(|feed| {
            Format::ALL.map(|format| format!("{}.{}", feed.path(), format.extension()))
        })
    }

    /// Returns the rendered document with its headers.
    pub(super) async fn build_upload(
        &self,
        document: &DesiredDocument<'_>,
    ) -> anyhow::Result<Upload> {
        let rendered = match (&document.rendered, document.page) {
            (Some(rendered), _) => Arc::clone(rendered),
            (None, page) => {
                self.render_page(document, page.context("the document is not in the feed cache")?)
                    .await?
            }
        };
        Ok(Upload {
            file: document.desired.file.clone(),
            rendered,
            content_type: content_type(document.format),
            cache_control: cache_control(document.feed, document.document_kind()),
        })
    }

    async fn render_page(
        &self,
        document: &DesiredDocument<'_>,
        page: ArchivePageRef,
    ) -> anyhow::Result<Arc<RenderedFeed>> {
        let (feed, now) = (document.feed, (self.clock)());
        let plan = plan::archive_page(&self.store, &self.config, feed, page, now)
            .await?
            .context("the archive page no longer exists")?;
        let rendered = render::render(
            &self.store,
            &self.config,
            feed,
            plan,
            vec![(document.format, None)],
            now,
        )
        .await?;
        Ok(Arc::new(rendered.into_iter().next().context("rendering returned no document")?))
    }
}
