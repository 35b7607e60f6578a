//! Tests of rejected requests and their error pages.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;

use super::*;
use crate::web::error::WebError;
use crate::web::layers::with_layers;
use crate::web::state::build_state;

#[tokio::test]
async fn rejected_subscribe_requests_change_nothing() {
    let site = Site::new(false).await;
    for (body, status) in [
        ("address=nobody&digest=weekly", StatusCode::UNPROCESSABLE_ENTITY),
        ("address=eve%40example.org", StatusCode::UNPROCESSABLE_ENTITY),
        ("address=eve%40example.org&digest=unknown", StatusCode::BAD_REQUEST),
        ("address=eve%40example.org&digest=weekly&website=spam", StatusCode::OK),
        (
            &format!("address=eve%40example.org&digest=weekly&name={}", "x".repeat(70_000)),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        assert_eq!(site.post("/subscribe", body).await.status, status);
    }
    let foreign = Request::post("/subscribe").header("sec-fetch-site", "cross-site");
    assert_eq!(
        site.send(foreign, "address=eve%40example.org&digest=weekly").await.status,
        StatusCode::FORBIDDEN
    );
    assert!(site.subscriptions("eve@example.org").await.is_empty());
    let request = || {
        Request::post("/subscribe")
            .extension(axum::extract::ConnectInfo(SocketAddr::from(([198, 51, 100, 1], 9))))
    };
    for _ in 0..20 {
        assert_eq!(
            site.send(request(), "address=eve%40example.org&digest=weekly").await.status,
            StatusCode::OK
        );
    }
    let rejected = site.send(request(), "address=eve%40example.org&digest=weekly").await;
    assert_eq!(rejected.status, StatusCode::TOO_MANY_REQUESTS);
    // A request is due every 180 seconds; a slow machine has spent some of them.
    let wait: u64 = rejected.header(header::RETRY_AFTER).parse().unwrap();
    assert!((121..=180).contains(&wait), "{wait}");
    assert!(rejected.text().contains("Too many requests"));
    assert!(rejected.text().contains("Please try again in 3 minutes."), "{}", rejected.text());
}

#[tokio::test]
async fn programs_get_no_error_pages() {
    let config = format!("{CONFIG}[websub]\nhub = true\n");
    let site = Site::with_config(&config, false, false).await;
    let large = format!("hub.mode=subscribe&hub.secret={}", "x".repeat(MAX_BODY_BYTES));
    let refused = site.post("/hub", &large).await;
    assert_eq!(
        (refused.status, refused.header(header::CONTENT_TYPE), refused.text().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "text/plain; charset=utf-8", "payload too large\n")
    );
    let routes = Router::new()
        .route("/api/v1/broken", get(async || -> StatusCode { panic!("a bug") }))
        .route("/api/v1/busy", get(async || WebError::unavailable(30)));
    let router = with_layers(routes, build_state(site.app.clone(), None, None));
    for (path, status) in [("/api/v1/broken", 500), ("/api/v1/busy", 503)] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let headers = response.headers();
        assert_eq!(
            (response.status().as_u16(), headers[header::CONTENT_TYPE].to_str().unwrap()),
            (status, "application/problem+json")
        );
        assert_eq!(headers.contains_key(header::RETRY_AFTER), status == 503, "{path}");
    }
}

#[tokio::test]
async fn each_error_status_has_its_own_title_and_text() {
    let site = Site::new(false).await;
    site.publish("One").await;
    let form = "address=eve%40example.org&digest=weekly";
    let too_large = format!("{form}&name={}", "x".repeat(MAX_BODY_BYTES));
    let cross_site = Request::post("/subscribe").header("sec-fetch-site", "cross-site");
    let no_coding = Request::get("/feeds/news.rss").header(header::ACCEPT_ENCODING, "identity;q=0");
    let bad_request = site.post("/subscribe", "address=eve%40example.org&digest=unknown").await;
    for (response, status, title, text) in [
        (bad_request, 400_u16, "Bad request", "The form was incomplete or not valid"),
        (site.send(cross_site, form).await, 403, "Request not allowed", "from another website"),
        (site.get("/nothing").await, 404, "Page not found", "Check the address"),
        (site.get("/confirm/x").await, 404, "This link does not work", "may have expired"),
        (
            site.post("/", "").await,
            405,
            "Method not allowed",
            "does not accept that type of request",
        ),
        (site.send(no_coding, "").await, 406, "Encoding not available", "any encoding"),
        (site.post("/subscribe", &too_large).await, 413, "Too much data", "larger than we accept"),
    ] {
        assert_eq!(response.status, status, "{title}");
        let page = response.text();
        let heading = format!("<h1>{title}</h1>");
        assert!(page.contains(&heading) && page.contains(text), "{status}: {page}");
    }
}
