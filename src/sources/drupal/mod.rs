//! Drupal on MySQL, MariaDB, PostgreSQL or SQLite: its published nodes, each language of one an article of its own.

mod addresses;
mod formats;
mod media;
mod nodes;
mod site;

use html_escape::encode_text;
use tokio::sync::mpsc::Sender;

use self::nodes::{Node, Translation};
use self::site::Site;
use super::session::Session;
use crate::config::{Ids, Source};
use crate::domain::article::{Draft, Found};
use crate::domain::time::{Millis, SECOND};

/// Reads every published node, or those that changed since a time, and tells their languages through `found`; the session
/// is read only. Gives whether it was every node.
///
/// What the Scheduler module will publish is told with its future date. The error is one sentence for the operator and
/// never holds the password.
pub(crate) async fn read(
    source: &Source,
    since: Option<Millis>,
    found: Sender<Found>,
) -> anyhow::Result<bool> {
    let mut session = Session::open(source).await?;
    let site = site::site(&mut session, source).await?;
    let mut after = 0;
    loop {
        let page = nodes::page(&mut session, &site, after, since).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for node in &page {
            // Others may be the translation of one that is not published, but never of nothing that is.
            let first = node.published().next().map(|first| source_id(node, first));
            for translation in node.published() {
                let mut told = tell(source, &site, node, translation);
                told.translation_of = first.clone().filter(|first| *first != told.source_id);
                if found.send(Found::Article(Box::new(told))).await.is_err() {
                    // Nobody listens any more, so there is nobody to read for.
                    session.close().await;
                    return Ok(false);
                }
            }
        }
    }
    session.close().await;
    Ok(since.is_none())
}

/// Whether the site can be read: connection, tables, columns.
pub(crate) async fn check(source: &Source) -> anyhow::Result<()> {
    let mut session = Session::open(source).await?;
    let site = site::site(&mut session, source).await?;
    nodes::page(&mut session, &site, 0, None).await?;
    session.close().await;
    Ok(())
}

/// The node's number, with the language for all but the one it was written in.
fn source_id(node: &Node, translation: &Translation) -> String {
    if translation.is_original {
        node.id.to_string()
    } else {
        format!("{}-{}", node.id, translation.language)
    }
}

/// One language of a node as an article.
fn tell(source: &Source, site: &Site, node: &Node, translation: &Translation) -> Draft {
    // Drupal's titles and names are plain text, in which `<` and `&` stand for themselves.
    let plain = |text: &String| encode_text(text).into_owned();
    let mut notes = Vec::new();
    let body = site.formats.html(&translation.body, &translation.format).unwrap_or_else(|| {
        notes.push(format!(
            "Its text format {} is missing or switched off in Drupal, which then shows no text.",
            translation.format
        ));
        String::new()
    });
    let summary = (!translation.summary.trim().is_empty())
        .then(|| site.formats.html(&translation.summary, &translation.format));
    let (body_html, unshown) = media::shown(&body, &node.media);
    if unshown > 0 {
        notes.push(
            "Embedded media that are not public, or of a kind that can't be shown, are left out."
                .to_owned(),
        );
    }
    // Drupal's own feeds give all languages of a node one guid; only one article can keep it.
    let keeps_guid = source.ids == Ids::Source && translation.is_original;
    Draft {
        guid: keeps_guid.then(|| format!("{} at {}", node.id, source.site_url)),
        title: plain(&translation.title),
        url: Some(addresses::article(site, node, translation)),
        summary: summary.flatten(),
        body_html,
        sections: translation.sections.iter().map(plain).collect(),
        tags: translation.tags.iter().map(plain).collect(),
        authors: (!translation.author.trim().is_empty())
            .then(|| plain(&translation.author))
            .into_iter()
            .collect(),
        language: (!matches!(translation.language.as_str(), "und" | "zxx" | ""))
            .then(|| translation.language.clone()),
        image_url: translation.image.as_deref().and_then(|uri| addresses::file(site, uri)),
        published_at: Millis(translation.published_at.saturating_mul(SECOND)),
        updated_at: translation.changed_at.map(|at| Millis(at.saturating_mul(SECOND))),
        source_id: source_id(node, translation),
        notes,
        ..Draft::default()
    }
}
