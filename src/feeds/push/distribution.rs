//! Sending a new version to who subscribed at our hub (WebSub section 7).

use std::sync::Arc;
use std::time::Instant;

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LINK};
use hyper::{Method, StatusCode};
use url::Url;

use super::super::headers::content_type;
use super::hands::{Held, Lane, ROOM_OF_HOST};
use super::retry::{chance, next_push};
use super::signature::signature;
use super::{Own, Served, noted, versions};
use crate::domain::links::Links;
use crate::domain::time::Millis;
use crate::store::StoreResult;
use crate::store::pushes::{Errand, Push, Pushed, Sought};

const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature");
/// Who takes longer waits behind the others next time, in seconds.
const SLOW: u64 = 3;

/// Begins the pushes that are due; gives how many.
pub(super) async fn push_due(own: &Arc<Own>, served: &[Served], now: Millis) -> StoreResult<usize> {
    let fit: Vec<Served> = served
        .iter()
        .filter(|served| served.made.length <= own.config.push.max_bytes)
        .cloned()
        .collect();
    if fit.is_empty() {
        return Ok(0);
    }
    let (versions, mut begun) = (versions(&fit), 0);
    for (lane, troubled) in [(Lane::Swift, false), (Lane::Slow, true)] {
        let (room, besides) = (own.hands.room(lane), own.hands.busy_hosts(lane));
        let sought = Sought {
            node: &own.node,
            room,
            room_of_host: ROOM_OF_HOST,
            besides: &besides,
            troubled,
        };
        let pushes = own.store.claim_pushes(sought, &versions, now).await?;
        // With no room something may still be there.
        own.hands.note(lane, room == 0 || !pushes.is_empty() || !besides.is_empty());
        begun += pushes.len();
        for push in pushes {
            let document = fit
                .iter()
                .find(|s| s.version.feed == push.feed && s.version.format == push.format)
                .cloned();
            let Some(document) = document else { continue };
            let held =
                Held { lane, host: push.host.clone(), row: Some((Errand::Deliver, push.id)) };
            own.hands.begin(held, deliver(Arc::clone(own), push, document));
        }
    }
    Ok(begun)
}

async fn deliver(own: Arc<Own>, push: Push, document: Served) {
    let begun = Instant::now();
    let answered = send(&own, &push, &document).await;
    let (attempts, etag) = (push.attempts + 1, &document.version.etag);
    let pushed = match answered {
        Ok(status) if status.is_success() => {
            Pushed::Done { slow: begun.elapsed().as_secs() >= SLOW }
        }
        Ok(StatusCode::GONE) => Pushed::Gone,
        other => {
            let why = other.map_or_else(|e| e, |status| status.to_string());
            tracing::debug!(host = %push.host, feed = %push.feed, attempts, "a push did not get through: {why}");
            next_push(attempts, own.now(), chance(push.id, attempts))
                .map_or(Pushed::GivenUp, Pushed::Later)
        }
    };
    noted(own.store.close_push(&own.node, push.id, etag, pushed).await);
}

async fn send(own: &Own, push: &Push, document: &Served) -> Result<StatusCode, String> {
    let callback = Url::parse(&push.callback).map_err(|e| e.to_string())?;
    let body = own.shelf.plain(&document.made);
    let links = Links(&own.config.site.base_url);
    let link = format!(
        "<{}>; rel=\"hub\", <{}>; rel=\"self\"",
        links.hub(),
        links.feed(&push.feed, &push.format)
    );
    let signed = push.secret.as_ref().map(|secret| signature(secret.as_bytes(), &body));
    let said = [
        (LINK, Some(link)),
        (CONTENT_TYPE, Some(content_type(document.made.format))),
        (SIGNATURE, signed),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in said {
        let value = value.map(HeaderValue::try_from).transpose().map_err(|e| e.to_string())?;
        headers.extend(value.map(|value| (name, value)));
    }
    // What they answer is nobody's business, so none of it is read.
    let answer = own
        .callbacks
        .send(Method::POST, &callback, headers, body, 0)
        .await
        .map_err(|e| e.to_string())?;
    Ok(answer.status)
}
