//! Every route does what its declared access says.

use axum::http::{Method, Request, StatusCode, header};

use super::Site;
use crate::domain::permission::Permission;
use crate::domain::role::Role;
use crate::web::access::Access;
use crate::web::router::declared_routes;

/// Returns an address of a route.
fn address(route: &str) -> String {
    let segments =
        route.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn open_pages_refuse_cross_origin_requests_and_links_and_programs_do_not() {
    let site = Site::new(true).await;
    let routes = declared_routes(site.app.clone(), site.demo.clone());
    assert!(routes.len() > 15, "{routes:?}");
    for (route, access) in routes {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let request = Request::builder()
                .method(method.clone())
                .uri(address(route))
                .header("sec-fetch-site", "cross-site");
            let status = site.send(request, "").await.status;
            let is_refused = matches!(
                status,
                StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNAUTHORIZED
            );
            match access {
                Access::Public | Access::Permission(_) | Access::Page(_) | Access::SignedIn => {
                    assert!(is_refused, "{method} {route}: {status}");
                }
                Access::TokenInPath | Access::ServerToServer => {
                    assert_ne!(status, StatusCode::FORBIDDEN, "{method} {route}");
                }
            }
        }
    }
}

#[tokio::test]
async fn routes_of_programs_need_a_token_whose_role_grants_their_permission() {
    let site = Site::new(false).await;
    // The stream of events then ends at once.
    site.app.change_feed.close();
    let mut checked = 0;
    for (route, access) in declared_routes(site.app.clone(), None) {
        let needs_token = route.starts_with("/api/v1/") || route == "/metrics";
        assert_eq!(needs_token, matches!(access, Access::Permission(_)), "{route}");
        let Access::Permission(permission) = access else { continue };
        checked += 1;
        let options = Request::builder().method(Method::OPTIONS).uri(address(route));
        let allowed = site.send(options, "").await.header(header::ALLOW).to_owned();
        let method = allowed.split(',').next().unwrap();
        let request = || Request::builder().method(method).uri(address(route));
        let without = site.send(request(), "").await;
        assert_eq!(without.status, StatusCode::UNAUTHORIZED, "{route}");
        for (number, role) in (1..).zip(Role::ALL) {
            let name = format!("t{checked}-{}", role.as_str());
            let token = site.token(&name, role, 16 * checked + number).await;
            let request = request().header(header::AUTHORIZATION, format!("Bearer {token}"));
            let is_forbidden = site.send(request, "").await.status == StatusCode::FORBIDDEN;
            assert_eq!(is_forbidden, !role.grants(permission), "{route} {role:?}");
        }
    }
    assert!(checked > 0 && Permission::ALL.len() > usize::from(checked));
}

#[tokio::test]
async fn responses_carry_a_request_id_that_only_a_trusted_proxy_may_choose() {
    let site = Site::new(false).await;
    let from = |peer: [u8; 4]| {
        Request::get("/subscribe")
            .header("x-request-id", "chosen")
            .extension(axum::extract::ConnectInfo(std::net::SocketAddr::from((peer, 9))))
    };
    let through_proxy = site.send(from([127, 0, 0, 1]), "").await;
    assert_eq!(through_proxy.header("x-request-id"), "chosen");
    let direct = site.send(from([198, 51, 100, 1]), "").await;
    assert_eq!(direct.header("x-request-id").len(), 16, "{:?}", direct.header("x-request-id"));
}
