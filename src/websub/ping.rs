//! Publisher: pings external hubs once this node serves a changed document (WebSub section 6).

use std::sync::Arc;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::{Url, form_urlencoded};

use super::limiter::{HttpJob, RequestClass, host_of};
use super::retry::{log_store_error, push_retry_at};
use super::state::{Inner, ServedDocument, versions};
use crate::domain::backoff::Jitter;
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::{Millis, SignedDuration};
use crate::store::StoreResult;
use crate::store::http_job_leases::HttpJobKind;
use crate::store::hub_pings::Ping;

/// Maximum number of bytes of a hub's error response that are logged.
const MAX_LOGGED_BYTES: usize = 300;
/// Delay of a ping in installations with several nodes. By then all nodes serve the new version, so
/// that the hub does not fetch the old one from another node.
const NODE_CATCH_UP_DELAY: SignedDuration = SignedDuration::from_secs(3);

/// Starts the pings that are due. Returns their number.
pub(super) async fn ping_due(
    inner: &Arc<Inner>,
    served: &[ServedDocument],
    now: Millis,
) -> StoreResult<usize> {
    let capacity = inner.limiter.capacity(RequestClass::Healthy);
    if inner.config.websub.hubs.is_empty() || served.is_empty() || capacity == 0 {
        return Ok(0);
    }
    let changed_before =
        if inner.store.is_sqlite() { Millis(i64::MAX) } else { now.plus(-NODE_CATCH_UP_DELAY) };
    let pings = inner
        .store
        .hub()
        .lease_pings(
            &inner.node,
            &inner.config.websub.hubs,
            &versions(served),
            changed_before,
            now,
            capacity,
        )
        .await?;
    let count = pings.len();
    for ping in pings {
        let Ok(url) = Url::parse(&ping.hub) else { continue };
        let job = HttpJob {
            class: RequestClass::Healthy,
            host: host_of(&url),
            leased_row: Some((HttpJobKind::Ping, ping.id)),
        };
        inner.limiter.spawn(job, ping_hub(Arc::clone(inner), url, ping));
    }
    Ok(count)
}

async fn ping_hub(inner: Arc<Inner>, hub: Url, ping: Ping) {
    let result = send_ping(&inner, &hub, &ping).await;
    let (now, attempts) = (inner.now(), ping.attempts + 1);
    let closed = match result {
        Ok(()) => inner.store.hub().complete_ping(&inner.node, &ping).await,
        Err(reason) => {
            let topic = SiteUrls(&inner.config.site.base_url)
                .feed(&ping.version.feed, &ping.version.format);
            match push_retry_at(attempts, now, Jitter::new(ping.id, attempts)) {
                Some(until) => {
                    tracing::debug!(hub = %hub, %topic, attempts, "hub ping failed; retrying later: {reason}");
                    inner
                        .store
                        .http_job_leases()
                        .delay_job(&inner.node, HttpJobKind::Ping, ping.id, until)
                        .await
                }
                None => {
                    tracing::warn!(hub = %hub, %topic, attempts, "hub ping failed too often; giving up until the next change: {reason}");
                    inner.store.hub().complete_ping(&inner.node, &ping).await
                }
            }
        }
    };
    log_store_error(closed);
}

async fn send_ping(inner: &Inner, hub: &Url, ping: &Ping) -> Result<(), String> {
    let topic =
        SiteUrls(&inner.config.site.base_url).feed(&ping.version.feed, &ping.version.format);
    // Old hubs read `hub.url`, newer ones `hub.topic`; publishers customarily send both.
    let form = [("hub.mode", "publish"), ("hub.url", &topic), ("hub.topic", &topic)];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let response = inner
        .hub_client
        .send(Method::POST, hub, headers, Bytes::from(body), MAX_LOGGED_BYTES)
        .await
        .map_err(|e| e.to_string())?;
    if response.status.is_success() {
        return Ok(());
    }
    Err(format!(
        "{} {}",
        response.status,
        String::from_utf8_lossy(&response.body).replace(char::is_control, " ")
    ))
}
