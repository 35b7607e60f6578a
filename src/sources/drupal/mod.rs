//! Drupal on MySQL, MariaDB, PostgreSQL or SQLite: reads its published nodes, with one article per
//! language.

mod access;
mod displays;
mod elements;
mod entities;
mod fields;
mod files;
mod formats;
mod hidden_nodes;
mod layouts;
mod media;
mod node;
mod nodes;
mod site;
mod texts;
mod urls;

use html_escape::encode_text;
use tokio::sync::mpsc::Sender;

use self::fields::{TextFormat, TextPart};
use self::node::{Node, Translation};
use self::site::DrupalSite;
use super::panics::catch_panic;
use super::paywall;
use super::read_session::ReadSession;
use crate::config::{Ids, Source};
use crate::domain::article::{IncomingArticle, SourceRow};
use crate::domain::time::{Millis, SignedDuration};

/// Reads every published node, or those that changed since a time, and sends their languages
/// through `items`, in a read-only session. Returns `true` if it read every node.
///
/// The nodes that the Scheduler module will publish are listed first: a node that it publishes
/// meanwhile is read as well. The error is one sentence for the admin and never contains the
/// password.
pub(crate) async fn read(
    source: &Source,
    since: Option<Millis>,
    items: Sender<SourceRow>,
) -> anyhow::Result<bool> {
    let mut session = ReadSession::open(source).await?;
    let site = site::site(&mut session, source).await?;
    for hidden in hidden_nodes::list(&mut session, &site, since).await? {
        // If the receiver is gone, so it is for the first node.
        items.send(hidden).await.ok();
    }
    let mut after = 0;
    loop {
        let page = nodes::next_nodes(&mut session, &site, after, since).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for node in &page {
            // The original may be unpublished, so the first published language takes its role.
            let first = node.published().next().map(|first| first.source_id(node.id));
            for translation in node.published() {
                let id = translation.source_id(node.id);
                let item = match catch_panic(|| to_article(source, &site, node, translation)) {
                    Ok(article) => SourceRow::Article(Box::new(IncomingArticle {
                        translation_of: first.clone().filter(|first| *first != id),
                        ..article
                    })),
                    Err(reason) => SourceRow::Rejected { id, reason },
                };
                if items.send(item).await.is_err() {
                    // The receiver is gone, so reading on is pointless.
                    session.close().await;
                    return Ok(false);
                }
            }
        }
    }
    session.close().await;
    Ok(since.is_none())
}

/// Checks that the site can be read: connection, tables, columns.
pub(crate) async fn check(source: &Source) -> anyhow::Result<()> {
    let mut session = ReadSession::open(source).await?;
    let site = site::site(&mut session, source).await?;
    nodes::next_nodes(&mut session, &site, 0, None).await?;
    session.close().await;
    Ok(())
}

/// Returns the texts of an article as HTML, not yet sanitized, and notes on what is left out.
fn body_html(site: &DrupalSite, translation: &Translation) -> (String, Vec<String>) {
    let mut notes = translation.notes.clone();
    let mut html = Vec::new();
    for TextPart { text, format } in &translation.parts {
        match format {
            TextFormat::Plain => {
                let lines = text.lines().map(|line| encode_text(line).into_owned());
                html.push(format!("<p>{}</p>", lines.collect::<Vec<_>>().join("<br>")));
            }
            TextFormat::Html => html.push(text.clone()),
            TextFormat::Named(name) => match site.formats.html(text, name) {
                Some(text) => html.push(text),
                None => notes.push(format!(
                    "Its text format {name} is missing or disabled in Drupal, which then shows no text."
                )),
            },
        }
    }
    let mut html = html.join("\n");
    if let Some(end) = paywall::start(&html) {
        html.truncate(end);
        notes.push(paywall::NOTE.to_owned());
    }
    notes.dedup();
    (html, notes)
}

/// Converts one language of a node into an article.
fn to_article(
    source: &Source,
    site: &DrupalSite,
    node: &Node,
    translation: &Translation,
) -> IncomingArticle {
    // Drupal's titles and names are plain text, in which `<` and `&` are ordinary characters.
    let plain = |text: &String| encode_text(text).into_owned();
    let (body, mut notes) = body_html(site, translation);
    let summary = (!translation.summary.trim().is_empty())
        .then(|| site.formats.html(&translation.summary, &translation.format));
    let (body_html, left_out) = media::embed(&body, &node.media);
    if left_out > 0 {
        notes.push(
            "Embedded media that are not public, or of an unsupported kind, are left out."
                .to_owned(),
        );
    }
    let image = translation.lead_image.as_ref().map(|lead| &lead.image);
    let image_url = image.and_then(|image| files::file_url(&site.files_url, &image.uri));
    let image = image.filter(|_| image_url.is_some());
    let size = image.and_then(|image| image.size);
    // In Drupal's own feeds all languages of a node have one guid; only one article can keep it.
    let keeps_guid = source.ids == Ids::SiteFeed && translation.is_original;
    IncomingArticle {
        guid: keeps_guid.then(|| format!("{} at {}", node.id, source.site_url)),
        title: plain(&translation.title),
        url: Some(urls::article_url(site, node, translation)),
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
        image_url,
        image_alt: image.map(|image| plain(&image.alt)).filter(|alt| !alt.is_empty()),
        image_width: size.map(|(width, _)| width),
        image_height: size.map(|(_, height)| height),
        published_at: Millis(0).plus(SignedDuration::from_secs(translation.published_at)),
        updated_at: translation.changed_at.map(|at| Millis(0).plus(SignedDuration::from_secs(at))),
        source_id: translation.source_id(node.id),
        notes,
        ..IncomingArticle::default()
    }
}
