//! Tests of `/metrics`: who may read it, and what it says of a working site.

use super::*;
use crate::domain::role::Role;
use crate::metrics::Metrics;

impl Site {
    async fn metrics(&self, token: &str, accept: &str) -> TestResponse {
        let request = Request::get("/metrics")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::ACCEPT, accept);
        self.send(request, "").await
    }
}

#[tokio::test]
async fn metrics_need_a_token_and_report_requests_sources_feeds_and_the_database() {
    let site = Site::new(false).await;
    assert_eq!(site.get("/metrics").await.status, StatusCode::UNAUTHORIZED);
    let token = site.token("prometheus", Role::Viewer, 1).await;
    site.publish("Open day").await;
    let feed = site.get("/feeds/news.rss").await;
    let again = Request::get("/feeds/news.rss").header(header::IF_NONE_MATCH, feed.header("etag"));
    assert_eq!(site.send(again, "").await.status, StatusCode::NOT_MODIFIED);
    site.get("/no/such/page").await;
    let response = site.metrics(&token, "text/plain").await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(response.header("cache-control"), "no-store");
    let text = response.text();
    let documents = site.app.config.feeds.len() * 3;
    for line in [
        format!("courant_build{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")),
        "courant_http_requests_total{surface=\"feeds\",code=\"200\"} 1".to_owned(),
        "courant_http_requests_total{surface=\"feeds\",code=\"304\"} 1".to_owned(),
        "courant_http_requests_total{surface=\"pages\",code=\"404\"} 1".to_owned(),
        "courant_http_requests_total{surface=\"pages\",code=\"401\"} 1".to_owned(),
        "courant_database_up 1".to_owned(),
        "courant_deliveries_pending 0".to_owned(),
        format!("courant_feed_documents_declared {documents}"),
        format!("courant_feed_documents {documents}"),
    ] {
        assert!(text.lines().any(|l| l.trim_end_matches(".0") == line), "{line} in\n{text}");
    }
    let open = site.metrics(&token, "application/openmetrics-text; version=1.0.0").await;
    assert!(open.header("content-type").starts_with("application/openmetrics-text"));
    assert!(open.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn metrics_contain_no_address_of_a_subscriber_and_no_secret_path() {
    let site = Site::new(false).await;
    let token = site.token("prometheus", Role::Viewer, 1).await;
    site.get("/unsubscribe/secret-token").await;
    site.get("/feeds/guess-of-a-secret.rss").await;
    let text = site.metrics(&token, "").await.text();
    assert!(!text.contains('@') && !text.contains("secret"), "{text}");
}

/// Returns docs/metrics.md as the registry describes it.
fn reference() -> String {
    let mut text = String::from(
        "# Metrics

`GET /metrics` returns the metrics of one process in the Prometheus text format, or in the OpenMetrics format if the client
accepts that. The request needs an API token whose role includes the permission to read metrics; create one with
`courant tokens create prometheus --role viewer`.

```yaml
scrape_configs:
  - job_name: courant
    authorization: { credentials_file: /etc/prometheus/courant-token }
    static_configs: [{ targets: [\"news.example.edu:8080\"] }]
```

Each node counts what it does itself, so sum the counters over all nodes. Values that are read from the database are the same on
every node and at most 10 seconds old. While the database is unavailable, the response is 503, because no token can be checked;
alert on `up` to detect this. Label values are names from `config.toml`, status codes, the version, or fixed words, never
addresses, domains or paths. Counters start at zero when the process starts; a reload also resets those of deliveries and feeds.

| metric | type | labels | meaning |
|---|---|---|---|
",
    );
    for metric in Metrics::new().descriptions() {
        let suffix = if metric.kind == "counter" { "_total" } else { "" };
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, help) = (metric.name, metric.kind, metric.help);
        text += &format!("| `{name}{suffix}` | {kind} | {} | {help} |\n", labels.join(", "));
    }
    text
}

#[test]
fn the_documentation_lists_every_metric() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let expected = reference();
    if std::env::var_os("COURANT_TEST_UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == expected, "set COURANT_TEST_UPDATE=1 to write docs/metrics.md again");
}
