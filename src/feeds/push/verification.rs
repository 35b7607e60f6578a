//! Asking callbacks whether they want what was asked for in their name (WebSub section 5.3), and telling them of an end (5.2).

use std::sync::Arc;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use url::Url;

use super::hands::{Held, Lane};
use super::retry::{chance, next_question};
use super::{Own, noted};
use crate::clock;
use crate::domain::time::Millis;
use crate::feeds::http::HttpError;
use crate::store::StoreResult;
use crate::store::hub::{Mode, Orphan, Request};
use crate::store::pushes::Errand;

/// More of an answer than a challenge is long: what goes on behind it is no confirmation.
const READ: usize = 1024;

/// Begins the questions that are due; gives how many.
pub(super) async fn ask_due(own: &Arc<Own>, now: Millis) -> StoreResult<usize> {
    let (room, besides) = (own.hands.room(Lane::New), own.hands.busy_hosts(Lane::New));
    let requests = own.store.claim_hub_requests(&own.node, &besides, room, now).await?;
    own.hands.note(Lane::New, room == 0 || !requests.is_empty() || !besides.is_empty());
    let count = requests.len();
    for request in requests {
        let held = Held {
            lane: Lane::New,
            host: request.host.clone(),
            row: Some((Errand::Verify, request.id)),
        };
        own.hands.begin(held, verify(Arc::clone(own), request));
    }
    Ok(count)
}

async fn verify(own: Arc<Own>, request: Request) {
    let challenge: String =
        clock::random_bytes::<20>().iter().map(|byte| format!("{byte:02x}")).collect();
    let heard = question(&own, &request, &challenge).await;
    let (now, attempts) = (own.now(), request.attempts + 1);
    let (host, feed, mode) = (&request.host, &request.feed, request.mode.word());
    let again = match &heard {
        // Who is away may be asked again; who answers has answered.
        Err(HttpError::Broken(_) | HttpError::Late(_)) => {
            next_question(attempts, now, chance(request.id, attempts))
        }
        _ => None,
    };
    if let Some(until) = again {
        return noted(own.store.delay_errand(&own.node, Errand::Verify, request.id, until).await);
    }
    match &heard {
        Ok(true) => tracing::debug!(%host, %feed, mode, "confirmed at the hub"),
        Ok(false) => tracing::debug!(%host, %feed, mode, "not confirmed, so forgotten"),
        Err(why) => tracing::debug!(%host, %feed, mode, "could not be asked, so forgotten: {why}"),
    }
    let confirmed = matches!(heard, Ok(true));
    noted(own.store.close_hub_request(&own.node, &request, confirmed, now).await.map(|_| ()));
}

/// Whether the callback wants it: a 2xx and the very challenge.
async fn question(own: &Own, request: &Request, challenge: &str) -> Result<bool, HttpError> {
    let lease = request.lease_seconds.to_string();
    let mut said = vec![
        ("hub.mode", request.mode.word()),
        ("hub.topic", &request.topic),
        ("hub.challenge", challenge),
    ];
    if request.mode == Mode::Subscribe {
        said.push(("hub.lease_seconds", &lease));
    }
    let url = with(&request.callback, &said)?;
    let answer =
        own.callbacks.send(Method::GET, &url, HeaderMap::new(), Bytes::new(), READ).await?;
    Ok(answer.status.is_success() && answer.is_whole && answer.body == challenge.as_bytes())
}

/// Takes subscriptions to feeds that are declared no more out of the books, and tells each callback once; gives how many.
pub(super) async fn deny_orphans(own: &Arc<Own>) -> StoreResult<usize> {
    let declared: Vec<String> = own.config.feeds.iter().map(|feed| feed.name.clone()).collect();
    let orphans = own.store.take_orphans(&declared, own.hands.room(Lane::New)).await?;
    let count = orphans.len();
    for orphan in orphans {
        let held = Held { lane: Lane::New, host: orphan.host.clone(), row: None };
        own.hands.begin(held, deny(Arc::clone(own), orphan));
    }
    Ok(count)
}

async fn deny(own: Arc<Own>, orphan: Orphan) {
    let said = [
        ("hub.mode", "denied"),
        ("hub.topic", &orphan.topic),
        ("hub.reason", "this feed is published no more"),
    ];
    let told = async {
        own.callbacks
            .send(Method::GET, &with(&orphan.callback, &said)?, HeaderMap::new(), Bytes::new(), 0)
            .await
    };
    if let Err(why) = told.await {
        tracing::debug!(host = %orphan.host, "could not be told that its feed is no more: {why}");
    }
}

/// A callback with more in its query; what stood there stays.
fn with(callback: &str, said: &[(&str, &str)]) -> Result<Url, HttpError> {
    let mut url = Url::parse(callback).map_err(|_| HttpError::Unfit(callback.to_owned()))?;
    url.query_pairs_mut().extend_pairs(said);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_keeps_its_own_query() {
        let made = with(
            "https://reader.example/cb?key=a%20b+c&x",
            &[("hub.mode", "subscribe"), ("hub.topic", "https://n.example/?a&b")],
        );
        assert_eq!(
            made.unwrap().as_str(),
            "https://reader.example/cb?key=a%20b+c&x&hub.mode=subscribe&hub.topic=https%3A%2F%2Fn.example%2F%3Fa%26b"
        );
        assert_eq!(
            with("http://r.example", &[("a", "1")]).unwrap().as_str(),
            "http://r.example/?a=1"
        );
    }
}
