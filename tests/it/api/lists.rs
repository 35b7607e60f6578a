//! Lists are read page by page; single resources have an entity tag.

use axum::http::{Method, StatusCode};
use courant::domain::role::Role;
use serde_json::{Value, json};

use super::Client;
use crate::support::{article, database_tests};

/// Reads a list page by page and returns the values of a key.
pub(super) async fn read_all(client: &Client, list: &str, limit: usize, key: &str) -> Vec<Value> {
    let separator = if list.contains('?') { '&' } else { '?' };
    let first = format!("{list}{separator}limit={limit}");
    let (mut path, mut found) = (first, Vec::new());
    loop {
        let page = client.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {page:?}");
        let items = page.json["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        found.extend(items.iter().map(|item| item[key].clone()));
        let link = page.header("link");
        match page.json["next"].as_str() {
            None => {
                assert_eq!(link, "");
                return found;
            }
            Some(cursor) => {
                let query =
                    link.strip_prefix("<?").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
                assert!(query.contains(cursor), "{link} names {cursor}");
                path = format!("{}?{query}", list.split('?').next().unwrap());
            }
        }
    }
}

database_tests! {
    async fn a_list_is_read_completely_in_pages_of_any_size(world) {
        world.publish(["a", "b", "c", "d", "e"].map(article)).await;
        let client = Client::new(world, Role::Viewer).await;
        let all = read_all(&client, "/api/v1/articles", 1000, "source_id").await;
        assert_eq!(all.len(), 5);
        for limit in [1, 2, 5] {
            assert_eq!(read_all(&client, "/api/v1/articles", limit, "source_id").await, all);
        }
    }

    async fn a_cursor_of_another_list_or_filter_and_an_unknown_parameter_are_refused(world) {
        world.publish(["a", "b"].map(article)).await;
        let client = Client::new(world, Role::Admin).await;
        let page = client.get("/api/v1/articles?limit=1").await;
        let cursor = page.json["next"].as_str().unwrap();
        for path in [
            format!("/api/v1/suppressions?cursor={cursor}"),
            format!("/api/v1/articles?cursor={}", &cursor[1..]),
            "/api/v1/articles?cursor=Nw".to_owned(),
            "/api/v1/articles?limit=0".to_owned(),
            "/api/v1/articles?limit=1001".to_owned(),
            "/api/v1/articles?limit=x".to_owned(),
            "/api/v1/articles?limits=1".to_owned(),
            "/api/v1/articles?limit=1&limit=2".to_owned(),
            "/api/v1/suppressions?email=%00".to_owned(),
            "/api/v1/articles/%00".to_owned(),
        ] {
            let refused = client.get(&path).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}: {refused:?}");
        }
    }

    async fn a_resource_has_an_entity_tag_by_which_clients_skip_what_they_know(world) {
        world.publish([article("a")]).await;
        let client = Client::new(world, Role::Viewer).await;
        let shown = client.get("/api/v1/articles/college%2Fa").await;
        assert_eq!((shown.status, &shown.json["title"]), (StatusCode::OK, &json!("Title of a")));
        let etag = shown.header("etag").to_owned();
        let known = client.send(Method::GET, "/api/v1/articles/a", &[("if-none-match", &etag)], None).await;
        assert_eq!((known.status, known.header("etag")), (StatusCode::NOT_MODIFIED, etag.as_str()));
        let other = client.send(Method::GET, "/api/v1/articles/a", &[("if-none-match", "\"x\"")], None).await;
        assert_eq!(other.status, StatusCode::OK);
        assert_eq!(client.get("/api/v1/articles/b").await.status, StatusCode::NOT_FOUND);
    }

    async fn an_address_is_suppressed_once_and_released_by_its_hash(world) {
        let client = Client::new(world, Role::ListManager).await;
        let body = json!({"email": "Ann@example.org"});
        let added = client.post("/api/v1/suppressions", &body).await;
        assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
        assert_eq!(client.post("/api/v1/suppressions", &body).await.status, StatusCode::OK);
        let hash = added.json["hash"].as_str().unwrap();
        let found = client.get("/api/v1/suppressions?email=ann%40example.org").await;
        assert_eq!(found.json["items"][0]["hash"], hash);
        let path = format!("/api/v1/suppressions/{hash}");
        let stale = client.send(Method::DELETE, &path, &[("if-match", "\"x\"")], None).await;
        assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(client.delete(&path).await.status, StatusCode::NOT_FOUND);
    }
}
