//! Floods of sign-ups: limits of networks, of clients without a known address, and of all together.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};

use super::Site;

/// Signs up one address per header value from a peer; returns the number of accepted requests.
async fn accepted(site: &Site, peer: &str, forwarded: impl Iterator<Item = String>) -> usize {
    let peer: SocketAddr = peer.parse().unwrap();
    let mut accepted = 0;
    for (n, forwarded) in forwarded.enumerate() {
        let request = Request::post("/subscribe")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("x-forwarded-for", forwarded)
            .extension(ConnectInfo(peer));
        let body = format!("address=reader{n}.{}%40example.org&digest=weekly", peer.port());
        let status = site.send(request, &body).await.status;
        assert!(matches!(status, StatusCode::OK | StatusCode::TOO_MANY_REQUESTS), "{status}");
        accepted += usize::from(status == StatusCode::OK);
    }
    accepted
}

#[tokio::test]
async fn no_form_of_x_forwarded_for_escapes_the_limit_of_sign_ups() {
    let site = Site::new(false).await;
    let ports = (0..60).map(|n| format!("203.0.113.7:{}", 2_000 + n));
    assert_eq!(accepted(&site, "127.0.0.1:1", ports).await, 20, "with a port");
    let same_64 = (0..60).map(|n| format!("[2001:db8:1:2::{n:x}]:443"));
    assert_eq!(accepted(&site, "127.0.0.1:2", same_64).await, 20, "one IPv6 /64");
    let names = ["unknown", "_hidden", "_SEVKISEK", "", "for=203.0.113.9", "localhost"];
    let unknown = (0..200).map(|n| names[n % names.len()].to_owned());
    assert_eq!(accepted(&site, "127.0.0.1:3", unknown).await, 100, "without an address");
    let of_others = (0..60).map(|n| format!("198.51.100.{n}"));
    assert_eq!(accepted(&site, "192.0.2.1:4", of_others).await, 20, "not a trusted proxy");
}

#[tokio::test]
async fn many_networks_together_cause_a_limited_number_of_confirmations_per_hour() {
    let config = super::CONFIG.replacen(
        "[[digests]]",
        "[server]\nconfirmations_per_hour = 5\n[[digests]]",
        1,
    );
    let site = Site::with_config(&config, false, false).await;
    let mut refused = None;
    for n in 0..7 {
        let peer: SocketAddr = format!("198.51.100.{n}:80").parse().unwrap();
        let request = Request::post("/subscribe")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .extension(ConnectInfo(peer));
        let body = format!("address=reader{n}%40example.org&digest=weekly");
        let response = site.send(request, &body).await;
        let is_expected = (response.status == StatusCode::OK) == (n < 5);
        assert!(is_expected, "{n}: {}", response.status);
        refused = Some(response);
    }
    let refused = refused.unwrap();
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers[header::RETRY_AFTER], "600");
    assert!(String::from_utf8_lossy(&refused.body).contains("try again later"));
}
