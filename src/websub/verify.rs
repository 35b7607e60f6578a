//! Verification of intent: asks callbacks to confirm requests made in their name (WebSub section
//! 5.3), and denies subscriptions to removed feeds (section 5.2).

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use url::Url;

use super::limiter::{HttpJob, RequestClass};
use super::retry::{log_store_error, verification_retry_at};
use super::state::Inner;
use crate::clock;
use crate::domain::backoff::Jitter;
use crate::domain::time::Millis;
use crate::net::http_client::HttpError;
use crate::store::StoreResult;
use crate::store::http_job_leases::HttpJobKind;
use crate::store::hub_requests::{HubMode, HubRequest};
use crate::store::hub_subscriptions::DroppedSubscription;

/// Maximum number of bytes read of a response. It exceeds the length of a challenge, so that a
/// challenge followed by more text is not a confirmation.
const MAX_RESPONSE_BYTES: usize = 1024;
/// Longest wait for a callback at its first verification, short because many may never answer.
const FIRST_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait for a callback at a later verification.
const RETRY_TIMEOUT: Duration = Duration::from_secs(6);

/// Starts the verifications that are due. Returns their number.
pub(super) async fn verify_due(inner: &Arc<Inner>, now: Millis) -> StoreResult<usize> {
    let (capacity, busy) = (
        inner.limiter.capacity(RequestClass::Unverified),
        inner.limiter.busy_hosts(RequestClass::Unverified),
    );
    let requests = inner.store.hub().lease_requests(&inner.node, &busy, capacity, now).await?;
    inner.limiter.set_has_more(
        RequestClass::Unverified,
        capacity == 0 || !requests.is_empty() || !busy.is_empty(),
    );
    let count = requests.len();
    for request in requests {
        let job = HttpJob {
            class: RequestClass::Unverified,
            host: request.host.clone(),
            leased_row: Some((HttpJobKind::Verify, request.id)),
        };
        inner.limiter.spawn(job, run_verification(Arc::clone(inner), request));
    }
    Ok(count)
}

async fn run_verification(inner: Arc<Inner>, request: HubRequest) {
    let challenge: String = hex::encode(clock::random_bytes::<20>());
    let result = verify_intent(&inner, &request, &challenge).await;
    let (now, attempts) = (inner.now(), request.attempts + 1);
    let (host, feed, mode) = (&request.host, &request.feed, request.mode.as_str());
    let retry_at = match &result {
        // Only unreachable callbacks are retried; any response is final.
        Err(HttpError::Connection(_) | HttpError::Timeout(_)) => {
            verification_retry_at(attempts, now, Jitter::new(request.id, attempts))
        }
        _ => None,
    };
    if let Some(until) = retry_at {
        return log_store_error(
            inner
                .store
                .http_job_leases()
                .delay_job(&inner.node, HttpJobKind::Verify, request.id, until)
                .await,
        );
    }
    match &result {
        Ok(true) => tracing::debug!(%host, %feed, mode, "hub request confirmed by its callback"),
        Ok(false) => {
            tracing::debug!(%host, %feed, mode, "hub request not confirmed by its callback; deleted")
        }
        Err(reason) => {
            tracing::debug!(%host, %feed, mode, "cannot verify the hub request; deleted: {reason}")
        }
    }
    let confirmed = matches!(result, Ok(true));
    log_store_error(
        inner.store.hub().complete_request(&inner.node, &request, confirmed, now).await.map(|_| ()),
    );
}

/// Returns `true` if the callback confirms: a 2xx status and exactly the challenge as the body.
async fn verify_intent(
    inner: &Inner,
    request: &HubRequest,
    challenge: &str,
) -> Result<bool, HttpError> {
    let lease = request.lease_seconds.to_string();
    let mut parameters = vec![
        ("hub.mode", request.mode.as_str()),
        ("hub.topic", &request.topic),
        ("hub.challenge", challenge),
    ];
    if request.mode == HubMode::Subscribe {
        parameters.push(("hub.lease_seconds", &lease));
    }
    let url = with_query(&request.callback, &parameters)?;
    let timeout = if request.attempts == 0 { FIRST_TIMEOUT } else { RETRY_TIMEOUT };
    let response = inner
        .callback_client
        .with_timeout_at_most(timeout)
        .send(Method::GET, &url, HeaderMap::new(), Bytes::new(), MAX_RESPONSE_BYTES)
        .await?;
    Ok(response.status.is_success()
        && response.is_complete
        && response.body == challenge.as_bytes())
}

/// Deletes subscriptions to feeds that are no longer declared and sends each callback one denial.
/// Returns their number.
pub(super) async fn deny_subscriptions_to_removed_feeds(inner: &Arc<Inner>) -> StoreResult<usize> {
    let declared: Vec<String> = inner.config.feeds.iter().map(|feed| feed.name.clone()).collect();
    let removed = inner
        .store
        .hub()
        .take_dropped_subscriptions(&declared, inner.limiter.capacity(RequestClass::Unverified))
        .await?;
    let count = removed.len();
    for subscription in removed {
        let job = HttpJob {
            class: RequestClass::Unverified,
            host: subscription.host.clone(),
            leased_row: None,
        };
        inner.limiter.spawn(job, deny(Arc::clone(inner), subscription));
    }
    Ok(count)
}

async fn deny(inner: Arc<Inner>, subscription: DroppedSubscription) {
    let parameters = [
        ("hub.mode", "denied"),
        ("hub.topic", &subscription.topic),
        ("hub.reason", "this feed is no longer published"),
    ];
    let response = async {
        inner
            .callback_client
            .send(
                Method::GET,
                &with_query(&subscription.callback, &parameters)?,
                HeaderMap::new(),
                Bytes::new(),
                0,
            )
            .await
    };
    if let Err(reason) = response.await {
        tracing::debug!(host = %subscription.host, "cannot notify a subscriber that its feed was removed: {reason}");
    }
}

/// Appends parameters to the query of a callback URL, whose own parameters are kept.
fn with_query(callback: &str, parameters: &[(&str, &str)]) -> Result<Url, HttpError> {
    let mut url =
        Url::parse(callback).map_err(|_| HttpError::InvalidRequest(callback.to_owned()))?;
    url.query_pairs_mut().extend_pairs(parameters);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callback_keeps_its_own_query() {
        let url = with_query(
            "https://reader.example/cb?key=a%20b+c&x",
            &[("hub.mode", "subscribe"), ("hub.topic", "https://n.example/?a&b")],
        );
        assert_eq!(
            url.unwrap().as_str(),
            "https://reader.example/cb?key=a%20b+c&x&hub.mode=subscribe&hub.topic=https%3A%2F%2Fn.example%2F%3Fa%26b"
        );
        assert_eq!(
            with_query("http://r.example", &[("a", "1")]).unwrap().as_str(),
            "http://r.example/?a=1"
        );
    }
}
