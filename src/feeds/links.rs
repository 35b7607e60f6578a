//! Atom links, which both XML formats contain.

use atom_syndication::Link;

use super::format::Format;
use super::metadata::{ArchiveRole, FeedMetadata, Translation};

/// Returns the links of a document: itself, its hubs (WebSub) and the related documents of its feed
/// (RFC 5005).
pub(super) fn document_links(metadata: &FeedMetadata<'_>, format: Format) -> Vec<Link> {
    let document = |rel: &str, url: &str| Link {
        rel: rel.to_owned(),
        mime_type: Some(format.media_type().to_owned()),
        href: format!("{url}.{}", format.extension()),
        ..Link::default()
    };
    let mut links = vec![document("self", &metadata.self_url)];
    links.extend(metadata.hubs.iter().map(|hub| Link {
        rel: "hub".to_owned(),
        href: hub.clone(),
        ..Link::default()
    }));
    let (previous, current, next) = match metadata.archive {
        ArchiveRole::Complete => (None, None, None),
        ArchiveRole::Newest { previous } => (previous.as_ref(), None, None),
        ArchiveRole::Page { current, previous, next, .. } => {
            (previous.as_ref(), Some(current), next.as_ref())
        }
    };
    for (rel, url) in [("current", current), ("prev-archive", previous), ("next-archive", next)] {
        links.extend(url.map(|url| document(rel, url)));
    }
    links
}

/// Returns the link to a translation of an article.
pub(super) fn translation_link(translation: &Translation) -> Link {
    Link {
        rel: "alternate".to_owned(),
        mime_type: Some("text/html".to_owned()),
        hreflang: Some(translation.language.clone()),
        href: translation.url.clone(),
        ..Link::default()
    }
}
