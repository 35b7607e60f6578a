//! Telling hubs elsewhere that a document changed, once this node serves it (WebSub section 6).

use std::sync::Arc;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::{Url, form_urlencoded};

use super::hands::{Held, Lane};
use super::retry::{chance, next_push};
use super::{Own, Served, host_of, noted, versions};
use crate::domain::links::Links;
use crate::domain::time::{Millis, SECOND};
use crate::store::StoreResult;
use crate::store::pings::Ping;
use crate::store::pushes::Errand;

/// How much of a hub's refusal is read, for the log.
const READ: usize = 300;
/// With several nodes the others have the new bytes by then, so that the hub, whichever it asks, does not get the old ones.
const OTHERS_HAVE_IT: i64 = 3 * SECOND;

/// Begins the pings that are due; gives how many.
pub(super) async fn ping_due(own: &Arc<Own>, served: &[Served], now: Millis) -> StoreResult<usize> {
    let room = own.hands.room(Lane::Swift);
    if own.config.push.hubs.is_empty() || served.is_empty() || room == 0 {
        return Ok(0);
    }
    let settled = if own.store.is_sqlite() { Millis(i64::MAX) } else { now.plus(-OTHERS_HAVE_IT) };
    let pings = own
        .store
        .claim_pings(&own.node, &own.config.push.hubs, &versions(served), settled, now, room)
        .await?;
    let count = pings.len();
    for ping in pings {
        let Ok(url) = Url::parse(&ping.hub) else { continue };
        let held =
            Held { lane: Lane::Swift, host: host_of(&url), row: Some((Errand::Ping, ping.id)) };
        own.hands.begin(held, tell(Arc::clone(own), url, ping));
    }
    Ok(count)
}

async fn tell(own: Arc<Own>, hub: Url, ping: Ping) {
    let told = ask(&own, &hub, &ping).await;
    let (now, attempts) = (own.now(), ping.attempts + 1);
    let closed = match told {
        Ok(()) => own.store.close_ping(&own.node, &ping).await,
        Err(why) => {
            let topic =
                Links(&own.config.site.base_url).feed(&ping.version.feed, &ping.version.format);
            match next_push(attempts, now, chance(ping.id, attempts)) {
                Some(until) => {
                    tracing::debug!(hub = %hub, %topic, attempts, "could not be told of a change: {why}");
                    own.store.delay_errand(&own.node, Errand::Ping, ping.id, until).await
                }
                None => {
                    tracing::warn!(hub = %hub, %topic, attempts, "is not told of this change any more, but of the next: {why}");
                    own.store.close_ping(&own.node, &ping).await
                }
            }
        }
    };
    noted(closed);
}

async fn ask(own: &Own, hub: &Url, ping: &Ping) -> Result<(), String> {
    let topic = Links(&own.config.site.base_url).feed(&ping.version.feed, &ping.version.format);
    // Old hubs know `hub.url`, newer ones `hub.topic`; both is what publishers send.
    let form = [("hub.mode", "publish"), ("hub.url", &topic), ("hub.topic", &topic)];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let answer = own
        .hubs
        .send(Method::POST, hub, headers, Bytes::from(body), READ)
        .await
        .map_err(|e| e.to_string())?;
    if answer.status.is_success() {
        return Ok(());
    }
    Err(format!(
        "{} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body).replace(char::is_control, " ")
    ))
}
