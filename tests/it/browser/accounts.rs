//! Stories of users and tokens: the first sign-in with a second factor, and a revoked token.

use serde_json::json;

use super::site::{BUILTIN, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_user_sets_a_password_and_signs_in_with_a_second_factor() {
    let mut link = String::new();
    let prepare = |shell: &crate::support::Shell| {
        let added = shell.courant(&["users", "add", "mei", "--role", "editor", "--json"]).json();
        link = added["url"].as_str().unwrap().to_owned();
    };
    let Some(site) = Site::start(BUILTIN, prepare).await else { return };
    let facts = json!({"javascript": false, "link": link});
    site.tell("sign_in", &facts, |request| panic!("unknown request {request:?}"));
    let changes = site.audit_of("mei");
    let sign_ins = changes.iter().filter(|change| *change == "sign_in user").count();
    let sign_outs = changes.iter().filter(|change| *change == "sign_out user").count();
    assert_eq!((sign_ins, sign_outs), (3, 2), "{changes:?}");
}
