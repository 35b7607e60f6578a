//! Links in the two XML formats, which write them alike.

use atom_syndication::Link;

use super::feed::{Archive, Head, Twin};
use super::format::Format;

/// Where a document is, who tells of its changes (WebSub), and which other documents belong to its feed (RFC 5005).
pub(super) fn of_document(head: &Head<'_>, format: Format) -> Vec<Link> {
    let document = |rel: &str, address: &str| Link {
        rel: rel.to_owned(),
        mime_type: Some(format.media_type().to_owned()),
        href: format!("{address}.{}", format.extension()),
        ..Link::default()
    };
    let mut links = vec![document("self", &head.self_url)];
    links.extend(head.hubs.iter().map(|hub| Link {
        rel: "hub".to_owned(),
        href: hub.clone(),
        ..Link::default()
    }));
    let (previous, current, next) = match head.archive {
        Archive::Complete => (None, None, None),
        Archive::Newest { previous } => (previous.as_ref(), None, None),
        Archive::Page { current, previous, next, .. } => {
            (previous.as_ref(), Some(current), next.as_ref())
        }
    };
    for (rel, address) in [("current", current), ("prev-archive", previous), ("next-archive", next)]
    {
        links.extend(address.map(|address| document(rel, address)));
    }
    links
}

/// The same article in another language.
pub(super) fn translation(twin: &Twin) -> Link {
    Link {
        rel: "alternate".to_owned(),
        mime_type: Some("text/html".to_owned()),
        hreflang: Some(twin.language.clone()),
        href: twin.url.clone(),
        ..Link::default()
    }
}
