//! Posts of WordPress that plugins show to members only.

use std::fmt::Write as _;

use super::wordpress::site;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_for_members_is_left_out_and_reported() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let gated = source.quote("For all. [members_only]Minutes.[/members_only]");
    source
        .execute(&format!(
            "UPDATE wp_posts SET post_content = {gated} WHERE ID = 111; INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES \
             (101, '_members_access_role', 'editor'), (108, '_jetpack_newsletter_access', 'subscribers')"
        ))
        .await;
    let sync = source.sync();
    assert!(
        sync.rejected().contains(&"101: a plugin shows this post to members only".to_owned()),
        "{:?}",
        sync.rejected()
    );
    assert!(!source.article("111")["body_html"].as_str().unwrap().contains("Minutes"));
    assert_eq!(source.article("108")["body_html"].as_str().unwrap_or_default().trim(), "");
    source.configure(&source.url, "kind = \"wordpress\"\nunknown_enclosing = \"show\"");
    source.sync();
    assert!(!source.article("111")["body_html"].as_str().unwrap().contains("Minutes"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_with_a_required_level_are_left_out_and_unreadable_levels_stop_the_sync() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let mut statements =
        "CREATE TABLE wp_pmpro_memberships_pages (membership_id INT, page_id BIGINT);
        CREATE TABLE wp_pmpro_memberships_categories (membership_id INT, category_id BIGINT);
        INSERT INTO wp_pmpro_memberships_pages VALUES (1, 101);
        INSERT INTO wp_pmpro_memberships_categories
          SELECT 1, tt.term_id FROM wp_term_taxonomy tt
            JOIN wp_term_relationships tr ON tr.term_taxonomy_id = tt.term_taxonomy_id
           WHERE tr.object_id = 108 AND tt.taxonomy = 'category' LIMIT 1;
        CREATE USER limited@'127.0.0.1' IDENTIFIED BY 'sesame';"
            .to_owned();
    for table in
        ["posts", "postmeta", "options", "terms", "term_taxonomy", "term_relationships", "users"]
    {
        writeln!(statements, "GRANT SELECT ON wp_{table} TO limited@'127.0.0.1';").unwrap();
    }
    source.execute(&statements).await;
    let rejected = source.sync().rejected();
    for id in ["101", "108"] {
        let expected = format!("{id}: a plugin shows this post to members only");
        assert!(rejected.contains(&expected), "{rejected:?}");
    }
    // Without the plugin, a table that is not readable does not exist for the source.
    let url = source.url.replace("//courant:", "//limited:");
    source.configure(&url, "kind = \"wordpress\"");
    source.shell.run_ok(&["sources", "check", "cms"]);
    let active = source.quote("a:1:{i:0;s:45:\"paid-memberships-pro/paid-memberships-pro.php\";}");
    source
        .execute(&format!(
            "INSERT INTO wp_options (option_name, option_value) VALUES ('active_plugins', {active})"
        ))
        .await;
    let error = source.sync_error();
    assert!(error.contains("grant SELECT on wp_pmpro_memberships_pages"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_of_a_restricted_category_are_left_out_and_unreadable_settings_stop_the_sync() {
    let Some(source) = site("wp_", "/%postname%/").await else { return };
    let settings = source.quote("a:1:{s:13:\"subscriptions\";a:1:{i:0;i:2;}}");
    let mut statements = format!(
        "CREATE TABLE IF NOT EXISTS wp_termmeta (meta_id BIGINT AUTO_INCREMENT PRIMARY KEY, term_id BIGINT, meta_key VARCHAR(255), meta_value LONGTEXT);
        INSERT INTO wp_termmeta (term_id, meta_key, meta_value)
          SELECT tt.term_id, 'rcp_restricted_meta', {settings} FROM wp_term_taxonomy tt
            JOIN wp_term_relationships tr ON tr.term_taxonomy_id = tt.term_taxonomy_id
           WHERE tr.object_id = 108 AND tt.taxonomy = 'category' LIMIT 1;
        CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'sesame';"
    );
    for table in
        ["posts", "postmeta", "options", "terms", "term_taxonomy", "term_relationships", "users"]
    {
        writeln!(statements, "GRANT SELECT ON wp_{table} TO reader@'127.0.0.1';").unwrap();
    }
    source.execute(&statements).await;
    let rejected = source.sync().rejected();
    let expected = "108: a plugin shows this post to members only".to_owned();
    assert!(rejected.contains(&expected), "{rejected:?}");
    let url = source.url.replace("//courant:", "//reader:");
    source.configure(&url, "kind = \"wordpress\"");
    source.shell.run_ok(&["sources", "check", "cms"]);
    let active = source.quote("a:1:{i:0;s:41:\"restrict-content-pro/restrict-content.php\";}");
    source
        .execute(&format!(
            "INSERT INTO wp_options (option_name, option_value) VALUES ('active_plugins', {active})"
        ))
        .await;
    let error = source.sync_error();
    assert!(error.contains("grant SELECT on wp_termmeta"), "{error}");
}
