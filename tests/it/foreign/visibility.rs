//! An entry of WordPress, Ghost and Drupal is public as long as the CMS shows it: not before it has
//! published a scheduled entry, and not after it has withdrawn one.

use courant::app::App;
use courant::domain::time::{DAY, HOUR, MINUTE, Millis, SECOND};
use courant::store::sources::SourceState;

use super::test_source::{KINDS, Kind, TestSource};
use super::{drupal, ghost, wordpress};
use crate::support::START_TIME;

/// The date of the scheduled entry.
const DATE: Millis = Millis(START_TIME.0 + 20 * 60 * 1000);

/// Formats an instant as a local time in a zone.
fn civil(at: Millis, zone: &str) -> String {
    at.timestamp().in_tz(zone).unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A site with an entry to schedule and another one to edit, and the statements of its CMS.
struct Site {
    source: TestSource,
    label: String,
    /// Id of the entry that is scheduled.
    id: &'static str,
    /// Schedules the entry for a time; its last change stays weeks ago.
    schedule: fn(Millis) -> String,
    /// Publishes the entry as the CMS does, which is scheduled for [`DATE`].
    publish: &'static str,
    /// Changes the title of another entry at a time.
    edit: fn(Millis) -> String,
    /// Statements that withdraw the entry at the time `@`, each in another way.
    withdraw: &'static [&'static str],
    /// Statements that publish a withdrawn entry at the time `@`.
    restore: &'static str,
    /// Formats a time as in the columns of the CMS.
    time: fn(Millis) -> String,
}

impl Site {
    /// Configures the source with one poll an hour and one full sync a day.
    fn new(site: Self, keys: &str) -> Self {
        let intervals = "poll = \"1h\"\nfull_sync = \"1d\"";
        site.source.configure(&site.source.url, &format!("{keys}\n{intervals}"));
        site
    }

    async fn schedule(&self, at: Millis) {
        self.source.execute(&(self.schedule)(at)).await;
    }

    /// Edits another entry, so that the watermark passes this time.
    async fn edit(&self, at: Millis) {
        self.source.execute(&(self.edit)(at)).await;
    }

    /// Runs an incremental sync at this time, and returns how many articles it added and removed.
    async fn poll(&self, at: Millis) -> (usize, usize) {
        let report = self.source.sync_due(at).await;
        assert!(!report.is_full, "{}: {report:?}", self.label);
        (report.added, report.removed)
    }

    fn is_public(&self) -> bool {
        self.source.field_values("source_id").iter().any(|id| id == self.id)
    }

    async fn state(&self) -> SourceState {
        let app = App::from_file(&self.source.shell.path("config.toml")).await.unwrap();
        let state = app.store.sources().state("cms").await.unwrap().unwrap();
        app.store.close().await;
        state
    }
}

fn wordpress_schedule(at: Millis) -> String {
    let (local, utc) = (civil(at, "Asia/Shanghai"), civil(at, "UTC"));
    format!(
        "UPDATE wp_posts SET post_status = 'future', post_date = '{local}', post_date_gmt = '{utc}' WHERE ID = 111"
    )
}

fn wordpress_edit(at: Millis) -> String {
    let utc = civil(at, "UTC");
    format!("UPDATE wp_posts SET post_title = '{utc}', post_modified_gmt = '{utc}' WHERE ID = 101")
}

fn ghost_schedule(at: Millis) -> String {
    let utc = civil(at, "UTC");
    format!("UPDATE posts SET status = 'scheduled', published_at = '{utc}' WHERE id = 'b02'")
}

fn ghost_edit(at: Millis) -> String {
    let utc = civil(at, "UTC");
    format!("UPDATE posts SET title = '{utc}', updated_at = '{utc}' WHERE id = 'b01'")
}

fn drupal_schedule(at: Millis) -> String {
    let seconds = at.epoch_seconds();
    format!("UPDATE node_field_data SET status = 0, publish_on = {seconds} WHERE nid = 2")
}

fn drupal_edit(at: Millis) -> String {
    let seconds = at.epoch_seconds();
    format!(
        "UPDATE node_field_data SET title = '{seconds}', changed = {seconds} WHERE nid = 1 AND langcode = 'en'"
    )
}

/// Creates a site of each CMS on each kind of database that is available.
async fn sites() -> Vec<Site> {
    let mut sites = Vec::new();
    if let Some(source) = wordpress::site("wp_", "/%postname%/").await {
        let site = Site {
            source,
            label: "wordpress".to_owned(),
            id: "111",
            schedule: wordpress_schedule,
            publish: "UPDATE wp_posts SET post_status = 'publish' WHERE ID = 111",
            edit: wordpress_edit,
            withdraw: &[
                "UPDATE wp_posts SET post_status = 'draft', post_modified_gmt = '@' WHERE ID = 111",
                "UPDATE wp_posts SET post_status = 'private', post_modified_gmt = '@' WHERE ID = 111",
                "UPDATE wp_posts SET post_status = 'trash', post_modified_gmt = '@' WHERE ID = 111",
                "UPDATE wp_posts SET post_password = 'sesame', post_modified_gmt = '@' WHERE ID = 111",
                "UPDATE wp_posts SET post_type = 'page', post_modified_gmt = '@' WHERE ID = 111",
                "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (111, '_members_access_role', 'editor');
                 UPDATE wp_posts SET post_modified_gmt = '@' WHERE ID = 111",
            ],
            restore: "DELETE FROM wp_postmeta WHERE meta_key = '_members_access_role';
                UPDATE wp_posts SET post_status = 'publish', post_password = '', post_type = 'post', post_modified_gmt = '@' WHERE ID = 111",
            time: |at| civil(at, "UTC"),
        };
        sites.push(Site::new(site, "kind = \"wordpress\""));
    }
    for kind in [Kind::Sqlite, Kind::Mariadb] {
        let Some(source) = ghost::site(kind).await else { continue };
        let site = Site {
            source,
            label: format!("ghost {kind:?}"),
            id: "b02",
            schedule: ghost_schedule,
            publish: "UPDATE posts SET status = 'published' WHERE id = 'b02'",
            edit: ghost_edit,
            withdraw: &[
                "UPDATE posts SET status = 'draft', updated_at = '@' WHERE id = 'b02'",
                "UPDATE posts SET visibility = 'paid', updated_at = '@' WHERE id = 'b02'",
            ],
            restore: "UPDATE posts SET status = 'published', visibility = 'public', updated_at = '@' WHERE id = 'b02'",
            time: |at| civil(at, "UTC"),
        };
        sites.push(Site::new(site, "kind = \"ghost\"\nsite_url = \"https://dyes.example/blog/\""));
    }
    for kind in KINDS {
        let Some(source) = drupal::site(kind, "").await else { continue };
        let site = Site {
            source,
            label: format!("drupal {kind:?}"),
            id: "2",
            schedule: drupal_schedule,
            publish: "UPDATE node_field_data SET status = 1, changed = publish_on, publish_on = NULL WHERE nid = 2",
            edit: drupal_edit,
            withdraw: &["UPDATE node_field_data SET status = 0, changed = @ WHERE nid = 2"],
            restore: "UPDATE node_field_data SET status = 1, changed = @ WHERE nid = 2",
            time: |at| at.epoch_seconds().to_string(),
        };
        sites.push(Site::new(site, "kind = \"drupal\"\nsite_url = \"https://works.example\""));
    }
    sites
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_entry_appears_with_the_first_poll_after_its_publication() {
    for site in sites().await {
        let label = &site.label;
        site.schedule(DATE).await;
        assert!(site.source.sync_due(START_TIME).await.is_full, "{label}");
        assert!(!site.is_public(), "{label}: before its date");
        assert_eq!(
            site.state().await.due_at,
            DATE.plus(5 * SECOND),
            "{label}: soon after its date"
        );
        site.edit(DATE.plus(2 * SECOND)).await;
        assert_eq!(site.poll(DATE.plus(5 * SECOND)).await, (0, 0), "{label}");
        assert!(!site.is_public(), "{label}: after its date, but not published");
        assert_eq!(site.state().await.due_at, DATE.plus(35 * SECOND), "{label}: soon again");
        let late = DATE.plus(20 * HOUR);
        site.edit(late.plus(-MINUTE)).await;
        assert_eq!(site.poll(late).await, (0, 0), "{label}");
        assert!(!site.is_public(), "{label}: long after its date, but not published");
        site.source.execute(site.publish).await;
        let next = site.state().await.due_at;
        assert_eq!(next, late.plus(HOUR), "{label}: at the next poll, which is soon enough");
        assert_eq!(site.poll(next).await, (1, 0), "{label}");
        assert!(site.is_public(), "{label}: after its publication");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_is_scheduled_again_disappears_with_the_next_poll_and_keeps_its_id() {
    for site in sites().await {
        let label = &site.label;
        site.source.sync_due(START_TIME).await;
        assert!(site.is_public(), "{label}");
        let guid = site.source.article(site.id)["id"].clone();
        site.schedule(START_TIME.plus(2 * HOUR)).await;
        assert_eq!(site.poll(START_TIME.plus(HOUR)).await, (0, 1), "{label}");
        assert!(!site.is_public(), "{label}");
        site.source.execute(site.publish).await;
        assert_eq!(site.poll(START_TIME.plus(2 * HOUR + 5 * SECOND)).await, (0, 0), "{label}");
        assert!(site.is_public(), "{label}");
        assert_eq!(site.source.article(site.id)["id"], guid, "{label}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_is_withdrawn_disappears_with_the_next_poll_and_returns_with_its_id() {
    for site in sites().await {
        site.source.sync_due(START_TIME).await;
        let guid = site.source.article(site.id)["id"].clone();
        let mut at = START_TIME;
        for statement in site.withdraw {
            let label = format!("{}: {statement}", site.label);
            at = at.plus(HOUR);
            site.source.execute(&statement.replace('@', &(site.time)(at.plus(-MINUTE)))).await;
            assert_eq!(site.poll(at).await, (0, 1), "{label}");
            assert!(!site.is_public(), "{label}");
            at = at.plus(HOUR);
            site.source.execute(&site.restore.replace('@', &(site.time)(at.plus(-MINUTE)))).await;
            assert_eq!(site.poll(at).await, (0, 0), "{label}");
            assert_eq!(site.source.article(site.id)["id"], guid, "{label}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_schedules_most_of_its_articles_is_left_to_the_full_sync() {
    let Some(source) = wordpress::site("wp_", "/%postname%/").await else { return };
    let copies = (201..=212).map(|id| {
        format!("INSERT INTO wp_posts (ID, post_title, post_content, post_excerpt, post_date) VALUES ({id}, 'Copy', '', '', '2026-09-01 08:00:00');")
    });
    source.execute(&copies.collect::<String>()).await;
    source.configure(&source.url, "kind = \"wordpress\"");
    assert_eq!(source.sync_due(START_TIME).await.added, 15);
    source.execute("UPDATE wp_posts SET post_status = 'future' WHERE ID > 200").await;
    let poll = source.sync_due(START_TIME.plus(MINUTE)).await;
    assert_eq!((poll.is_full, poll.removed, poll.blocked_removals), (false, 0, 0));
    let full = source.sync_due(START_TIME.plus(DAY)).await;
    assert_eq!((full.is_full, full.removed, full.blocked_removals), (true, 0, 12));
}
