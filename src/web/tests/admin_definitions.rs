//! Stories about digests and feeds that are defined in the admin area.

use super::accounts::{add, get_with, post_with, sign_in};
use super::admin_digests::limited_user;
use super::*;
use crate::definitions;
use crate::domain::definition::DefinitionKind;
use crate::domain::page::PageRequest;

const NEW: &str =
    "name=monthly&title=The+month&schedule=0+9+1+*+*&from=News+%3Cnews%40example.edu%3E";

/// Returns the newest version of a definition.
async fn version(site: &Site, kind: DefinitionKind, name: &str) -> i64 {
    site.app.store.definitions().newest_version_of(kind, name).await.unwrap().unwrap()
}

/// Returns the text of the newest version of a definition.
async fn body(site: &Site, kind: DefinitionKind, name: &str) -> String {
    let version = version(site, kind, name).await;
    site.app.store.definitions().find_version(version).await.unwrap().unwrap().body
}

/// Returns the number of audit entries about a definition.
async fn entries(site: &Site, name: &str) -> usize {
    let log = site.app.store.audit_log().list(&PageRequest::first(100)).await.unwrap();
    log.items.iter().filter(|entry| entry.object_id == name).count()
}

#[tokio::test]
async fn a_digest_is_created_checked_changed_and_shown_at_once() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let form = get_with(&site, "/admin/digests/new", &session).await.text();
    assert!(form.contains("every Monday at 8:00") && form.contains("name=\"titles.zh\""), "{form}");
    let checked =
        post_with(&site, "/admin/digests/new", &session, &format!("{NEW}&check=on")).await;
    assert_eq!(checked.status, StatusCode::OK);
    assert!(checked.text().contains("on the first day of each month at 9:00"));
    assert_eq!(site.app.store.definitions().version().await.unwrap(), 0, "nothing is stored");
    let created = post_with(&site, "/admin/digests/new", &session, NEW).await;
    let page = created.header(header::LOCATION).strip_prefix("/news").unwrap().to_owned();
    assert_eq!(page, "/admin/digests/monthly?done=definition-saved", "{}", created.text());
    let page = get_with(&site, &page, &session).await.text();
    assert!(page.contains("The month") && page.contains("/admin/digests/monthly/edit"), "{page}");
    assert_eq!(entries(&site, "monthly").await, 1);
    let taken = post_with(&site, "/admin/digests/new", &session, NEW).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(taken.text().contains("This name is taken") && taken.text().contains("The month"));
    let in_file = NEW.replace("monthly", "weekly");
    let in_file = post_with(&site, "/admin/digests/new", &session, &in_file).await.text();
    assert!(in_file.contains("The config file has this name"), "{in_file}");
    let edit = get_with(&site, "/admin/digests/weekly/edit", &session).await;
    assert!(edit.header(header::LOCATION).ends_with("refused=definition-in-file"));
}

/// Returns `true` if a form has a checked box or button of this name and value.
fn is_checked(html: &str, name: &str, value: &str) -> bool {
    html.contains(&format!("name=\"{name}\" value=\"{value}\" checked"))
}

#[tokio::test]
async fn a_schedule_is_chosen_without_cron_and_shown_in_the_same_fields() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let form = get_with(&site, "/admin/digests/new", &session).await.text();
    assert!(is_checked(&form, "schedule.kind", "weekly"), "{form}");
    assert!(is_checked(&form, "schedule.days", "1") && !is_checked(&form, "schedule.days", "2"));
    let fields = "name=notes&title=Notes&from=News+%3Cnews%40example.edu%3E&schedule.kind=weekly\
                  &schedule.day=1&schedule=0+9+1+*+*&schedule.time=07%3A30";
    let new = format!("{fields}&schedule.days=4&schedule.days=2");
    let check = format!("{new}&check=on");
    let checked = post_with(&site, "/admin/digests/new", &session, &check).await.text();
    let (_, outcome) = checked.split_once("class=\"schedule-outcome\"").unwrap();
    assert!(outcome.contains("every Tuesday and Thursday at 7:30"), "{outcome}");
    let (dates, _) = outcome.split_once("</ol>").unwrap();
    assert_eq!(dates.matches("<li>").count(), 5, "{dates}");
    let created = post_with(&site, "/admin/digests/new", &session, &new).await;
    assert_eq!(created.status, StatusCode::SEE_OTHER, "{}", created.text());
    let stored = body(&site, DefinitionKind::Digest, "notes").await;
    assert!(stored.contains("schedule = \"30 7 * * TUE,THU\""), "{stored}");
    let form = get_with(&site, "/admin/digests/notes/edit", &session).await.text();
    assert!(is_checked(&form, "schedule.days", "2") && is_checked(&form, "schedule.days", "4"));
    assert!(form.contains("type=\"time\" class=\"short\" value=\"07:30\""), "{form}");
    let wrong = fields.replace("notes", "other");
    let wrong = post_with(&site, "/admin/digests/new", &session, &wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let wrong = wrong.text();
    assert!(wrong.contains("id=\"error-schedule\">Choose at least one day"), "{wrong}");
    assert!(is_checked(&wrong, "schedule.kind", "weekly") && wrong.contains("value=\"07:30\""));
}

#[tokio::test]
async fn a_schedule_that_needs_cron_is_shown_and_kept_as_its_pattern() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let new = NEW.replace("0+9+1+", "0+9+1%2C15+");
    assert_eq!(
        post_with(&site, "/admin/digests/new", &session, &new).await.status,
        StatusCode::SEE_OTHER
    );
    let form = get_with(&site, "/admin/digests/monthly/edit", &session).await.text();
    assert!(is_checked(&form, "schedule.kind", "cron"), "{form}");
    assert!(form.contains("type=\"text\" value=\"0 9 1,15 * *\""), "{form}");
    let version = version(&site, DefinitionKind::Digest, "monthly").await;
    let changed =
        format!("version={version}&schedule.kind=monthly&schedule.day=L&schedule.time=9:00")
            + NEW
                .trim_start_matches("name=monthly")
                .replace("0+9+1+*+*", "0+9+1%2C15+*+*")
                .as_str();
    let saved = post_with(&site, "/admin/digests/monthly/edit", &session, &changed).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let stored = body(&site, DefinitionKind::Digest, "monthly").await;
    assert!(stored.contains("schedule = \"0 9 L * *\""), "{stored}");
}

#[tokio::test]
async fn a_rejected_form_keeps_its_values_with_each_error_at_its_field() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let wrong = "name=monthly&title=%3Cb%3EMonth&schedule=sometimes&from=nobody&min_articles=many&pause=Christmas&template=other";
    let rejected = post_with(&site, "/admin/digests/new", &session, wrong).await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = rejected.text();
    for key in ["schedule", "from", "min_articles", "pause"] {
        assert!(text.contains(&format!("href=\"#field-{key}\"")), "{key}: {text}");
        assert!(text.contains(&format!("id=\"error-{key}\"")), "{key}");
    }
    for value in ["value=\"sometimes\"", "value=\"many\"", "value=\"&lt;b&gt;Month\"", "Christmas"]
    {
        assert!(text.contains(value), "{value}");
    }
    let secret = "name=staff-2&private=***";
    let secret = post_with(&site, "/admin/feeds/new", &session, secret).await;
    assert_eq!(secret.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(secret.text().contains("id=\"error-private\""), "{}", secret.text());
}

#[tokio::test]
async fn all_errors_of_a_new_definition_are_shown_at_once() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let settings = "schedule.kind=weekly&schedule.time=8:00&from=&min_articles=many";
    for (name, error) in [
        ("", "Enter a name."),
        ("Two+Weeks", "two-weeks"),
        ("weekly", "The config file has this name"),
    ] {
        let form = format!("name={name}&{settings}");
        let rejected = post_with(&site, "/admin/digests/new", &session, &form).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = rejected.text();
        assert!(text.contains("href=\"#name\"") && text.contains(error), "{text}");
        for key in ["schedule", "from", "min_articles"] {
            assert!(text.contains(&format!("id=\"error-{key}\"")), "{name} {key}: {text}");
        }
        assert!(!text.contains("unnamed"), "{text}");
    }
    let feed = post_with(&site, "/admin/feeds/new", &session, "name=&items=0").await.text();
    assert!(feed.contains("Enter a name.") && feed.contains("id=\"error-items\""), "{feed}");
}

#[tokio::test]
async fn two_people_who_edit_one_feed_are_told_and_lose_nothing() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let kind = DefinitionKind::Feed;
    let new = "name=campus&title=Campus&items=5&private=Sesame0123456789";
    assert_eq!(
        post_with(&site, "/admin/feeds/new", &session, new).await.status,
        StatusCode::SEE_OTHER
    );
    let first = version(&site, kind, "campus").await;
    let form = get_with(&site, "/admin/feeds/campus/edit", &session).await.text();
    assert!(form.contains("value=\"***\"") && !form.contains("Sesame0123456789"));
    let one = format!("version={first}&title=Campus+life&items=5&private=***");
    let other = format!("version={first}&title=Campus&items=9&private=***");
    let saved = post_with(&site, "/admin/feeds/campus/edit", &session, &one).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let told = post_with(&site, "/admin/feeds/campus/edit", &session, &other).await;
    assert_eq!(told.status, StatusCode::CONFLICT);
    let text = told.text();
    assert!(text.contains("lin changed this") && text.contains("value=\"Campus life\""), "{text}");
    assert!(text.contains("value=\"9\""));
    let second = version(&site, kind, "campus").await;
    let both = format!("version={second}&title=Campus+life&items=9&private=***");
    post_with(&site, "/admin/feeds/campus/edit", &session, &both).await;
    let body = body(&site, kind, "campus").await;
    assert!(body.contains("Campus life") && body.contains("items = 9"), "{body}");
    assert!(body.contains("Sesame0123456789"), "the secret is kept: {body}");
}

#[tokio::test]
async fn a_definition_is_renamed_deleted_and_restored_with_its_history() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let kind = DefinitionKind::Digest;
    post_with(&site, "/admin/digests/new", &session, NEW).await;
    let first = version(&site, kind, "monthly").await;
    let wrong = format!("version={first}&new_name=No+Name");
    let wrong = post_with(&site, "/admin/digests/monthly/rename", &session, &wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("value=\"No Name\""));
    let form = format!("version={first}&new_name=month");
    let renamed = post_with(&site, "/admin/digests/monthly/rename", &session, &form).await;
    assert!(
        renamed.header(header::LOCATION).contains("/admin/digests/month?"),
        "{}",
        renamed.text()
    );
    let newest = version(&site, kind, "month").await;
    let unconfirmed = format!("version={newest}");
    let kept = post_with(&site, "/admin/digests/month/delete", &session, &unconfirmed).await;
    assert_eq!(kept.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = format!("version={newest}&confirmed=on");
    let deleted = post_with(&site, "/admin/digests/month/delete", &session, &form).await;
    let history = deleted.header(header::LOCATION).strip_prefix("/news").unwrap().to_owned();
    assert_eq!(history, "/admin/digests/month/history?done=definition-deleted");
    assert_eq!(
        get_with(&site, "/admin/digests/month", &session).await.status,
        StatusCode::NOT_FOUND
    );
    let text = get_with(&site, &history, &session).await.text();
    assert!(text.contains("as monthly") && text.contains(">Deleted<"), "{text}");
    let last = version(&site, kind, "month").await;
    let stale = format!("version={newest}&newest={newest}");
    let stale = post_with(&site, "/admin/digests/month/restore", &session, &stale).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = format!("version={newest}&newest={last}");
    let restored = post_with(&site, "/admin/digests/month/restore", &session, &form).await;
    assert_eq!(restored.status, StatusCode::SEE_OTHER, "{}", restored.text());
    assert_eq!(get_with(&site, "/admin/digests/month", &session).await.status, StatusCode::OK);
    assert_eq!(definitions::history(&site.app.store, kind, "month").await.unwrap().len(), 4);
}

#[tokio::test]
async fn only_those_who_may_change_a_definition_can() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    add(&site, "wu", Role::Viewer).await;
    let (editor, viewer) = (sign_in(&site, "lin").await, sign_in(&site, "wu").await);
    post_with(&site, "/admin/digests/new", &editor, NEW).await;
    for path in ["digests/new", "digests/monthly/edit", "digests/monthly/delete", "feeds/new"] {
        let path = format!("/admin/{path}");
        assert_eq!(get_with(&site, &path, &viewer).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(post_with(&site, &path, &viewer, NEW).await.status, StatusCode::FORBIDDEN);
    }
    let mei = limited_user(&site, "daily").await;
    for path in ["edit", "delete", "history"] {
        let hidden = get_with(&site, &format!("/admin/digests/monthly/{path}"), &mei).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}");
    }
    let other = NEW.replace("monthly", "other");
    let refused = post_with(&site, "/admin/digests/new", &mei, &other).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let feed = post_with(&site, "/admin/feeds/new", &mei, "name=campus").await;
    assert_eq!(feed.status, StatusCode::FORBIDDEN, "feeds belong to no digest");
    assert_eq!(site.app.store.definitions().current().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_limited_editor_is_offered_only_what_the_server_accepts() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let editor = sign_in(&site, "lin").await;
    let audience = format!("{NEW}&audience=tag+%3D+%22staff%22");
    post_with(&site, "/admin/digests/new", &editor, &audience).await;
    post_with(&site, "/admin/feeds/new", &editor, "name=campus&title=Campus").await;
    let feed = version(&site, DefinitionKind::Feed, "campus").await;
    let renamed = format!("version={feed}&title=Campus+life");
    post_with(&site, "/admin/feeds/campus/edit", &editor, &renamed).await;
    let mei = limited_user(&site, "monthly").await;
    for path in ["digests/new", "feeds/new", "feeds/campus/edit", "feeds/campus/delete"] {
        let path = format!("/admin/{path}");
        assert_eq!(get_with(&site, &path, &mei).await.status, StatusCode::FORBIDDEN, "{path}");
        let posted = post_with(&site, &path, &mei, "name=monthly").await;
        assert_eq!(posted.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(get_with(&site, &path, &editor).await.status, StatusCode::OK, "{path}");
    }
    for path in ["digests", "feeds", "feeds/campus"] {
        let html = get_with(&site, &format!("/admin/{path}"), &mei).await.text();
        assert!(!html.contains("/new\"") && !html.contains("/campus/edit"), "{path}: {html}");
    }
    let history = get_with(&site, "/admin/feeds/campus/history", &mei).await.text();
    assert!(history.contains("Version") && !history.contains("/restore"), "{history}");
    let history = get_with(&site, "/admin/feeds/campus/history", &editor).await.text();
    assert!(history.contains("/restore"), "{history}");
    assert!(history.contains("<ins>Campus</ins>") && !history.contains("<td><code>"), "{history}");

    let form = get_with(&site, "/admin/digests/monthly/edit", &mei).await.text();
    assert!(!form.contains("/monthly/rename") && form.contains("/monthly/delete"), "{form}");
    assert!(form.contains("name=\"audience\" type=\"text\" readonly"), "{form}");
    let own = version(&site, DefinitionKind::Digest, "monthly").await;
    let change = audience.replace("name=monthly", &format!("version={own}")).replace("The", "Our");
    let saved = post_with(&site, "/admin/digests/monthly/edit", &mei, &change).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
}
