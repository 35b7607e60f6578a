//! Content distribution: pushes new versions to the subscribers of the hub (WebSub section 7).

use std::sync::Arc;
use std::time::Instant;

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LINK};
use hyper::{Method, StatusCode};
use url::Url;

use super::limiter::{HttpJob, MAX_LEASED_PER_HOST, RequestClass};
use super::retry::{log_store_error, push_retry_at};
use super::signature::signature;
use super::state::{Inner, ServedDocument, versions};
use crate::domain::backoff::Jitter;
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::Millis;
use crate::feeds::headers::content_type;
use crate::store::StoreResult;
use crate::store::http_job_leases::HttpJobKind;
use crate::store::hub_pushes::{Push, PushLeaseCriteria, PushResult};

const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-hub-signature");
/// Response time in seconds at which a subscriber counts as slow.
const SLOW_RESPONSE_SECONDS: u64 = 3;

/// Starts the pushes that are due. Returns their number.
pub(super) async fn push_due(
    inner: &Arc<Inner>,
    served: &[ServedDocument],
    now: Millis,
) -> StoreResult<usize> {
    let eligible: Vec<ServedDocument> = served
        .iter()
        .filter(|served| served.rendered.length <= inner.config.websub.max_bytes)
        .cloned()
        .collect();
    if eligible.is_empty() {
        return Ok(0);
    }
    let (versions, mut started) = (versions(&eligible), 0);
    for (class, is_slow) in [(RequestClass::Healthy, false), (RequestClass::Slow, true)] {
        let (capacity, busy) = (inner.limiter.capacity(class), inner.limiter.busy_hosts(class));
        let query = PushLeaseCriteria {
            node: &inner.node,
            limit: capacity,
            limit_per_host: MAX_LEASED_PER_HOST,
            excluded_hosts: &busy,
            slow: is_slow,
        };
        let pushes = inner.store.hub().lease_pushes(query, &versions, now).await?;
        // Without capacity there may still be jobs.
        inner.limiter.set_has_more(class, capacity == 0 || !pushes.is_empty() || !busy.is_empty());
        started += pushes.len();
        for push in pushes {
            let document = eligible
                .iter()
                .find(|s| s.version.feed == push.feed && s.version.format == push.format)
                .cloned();
            let Some(document) = document else { continue };
            let job = HttpJob {
                class,
                host: push.host.clone(),
                leased_row: Some((HttpJobKind::Push, push.id)),
            };
            inner.limiter.spawn(job, push_document(Arc::clone(inner), push, document));
        }
    }
    Ok(started)
}

async fn push_document(inner: Arc<Inner>, push: Push, document: ServedDocument) {
    let started = Instant::now();
    let response = send(&inner, &push, &document).await;
    let (attempts, etag) = (push.attempts + 1, &document.version.etag);
    let pushed = match response {
        Ok(status) if status.is_success() => {
            PushResult::Delivered { slow: started.elapsed().as_secs() >= SLOW_RESPONSE_SECONDS }
        }
        Ok(StatusCode::GONE) => PushResult::Unsubscribed,
        other => {
            let reason = other.map_or_else(|e| e, |status| status.to_string());
            tracing::debug!(host = %push.host, feed = %push.feed, attempts, "push failed: {reason}");
            push_retry_at(attempts, inner.now(), Jitter::new(push.id, attempts))
                .map_or(PushResult::GivenUp, PushResult::RetryAt)
        }
    };
    log_store_error(inner.store.hub().complete_push(&inner.node, push.id, etag, pushed).await);
}

async fn send(inner: &Inner, push: &Push, document: &ServedDocument) -> Result<StatusCode, String> {
    let callback = Url::parse(&push.callback).map_err(|e| e.to_string())?;
    let body = inner.cache.identity(&document.rendered);
    let links = SiteUrls(&inner.config.site.base_url);
    let link = format!(
        "<{}>; rel=\"hub\", <{}>; rel=\"self\"",
        links.hub(),
        links.feed(&push.feed, &push.format)
    );
    let signed = push.secret.as_ref().map(|secret| signature(secret.as_bytes(), &body));
    let values = [
        (LINK, Some(link)),
        (CONTENT_TYPE, Some(content_type(document.rendered.format))),
        (SIGNATURE_HEADER, signed),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in values {
        let value = value.map(HeaderValue::try_from).transpose().map_err(|e| e.to_string())?;
        headers.extend(value.map(|value| (name, value)));
    }
    // The response body is not used, so none of it is read.
    let response = inner
        .callback_client
        .send(Method::POST, &callback, headers, body, 0)
        .await
        .map_err(|e| e.to_string())?;
    Ok(response.status)
}
