//! The list of all statements, with which the schema of a database is checked.

use super::db::Statement;
use super::{
    Store, StoreResult, address_changes, address_rejections, api_tokens, article_counts,
    article_lists, article_writes, articles, attributes, audience, audit_log, audit_names,
    bulk_jobs, change_log, clock_faults, definitions, deliveries, delivery_leasing, digest_pauses,
    digests, due_work, edition_commands, edition_completion, edition_counts, edition_creation,
    edition_deliveries, edition_retries, edition_unsubscriptions, editions, events, feed_queries,
    feed_versions, handle, http_job_leases, hub_pings, hub_pushes, hub_requests, hub_subscriptions,
    hub_verifications, id_mappings, idempotency_keys, identity, imports, leases, left_out,
    oidc_requests, outcomes, password_links, publications, rate_limits, readership, recent_changes,
    recent_counts, rejected_rows, reloads, rename_statements, second_factors, selection_entries,
    sessions, sign_in_failures, sources, stories, subscriber_changes, subscriber_values,
    subscribers, subscription_counts, subscription_history, subscriptions, suppressions, terms,
    transactional_messages, transport_failures, user_preferences, users, webhook_commands,
    webhook_log, webhooks,
};

/// The statements of all files of the store.
static ALL: &[&[&Statement]] = &[
    address_changes::STATEMENTS,
    api_tokens::STATEMENTS,
    article_counts::STATEMENTS,
    article_lists::STATEMENTS,
    article_writes::STATEMENTS,
    articles::STATEMENTS,
    attributes::STATEMENTS,
    audience::STATEMENTS,
    audience::batches::STATEMENTS,
    audience::filtered::STATEMENTS,
    audience::not_addressed::STATEMENTS,
    audit_log::STATEMENTS,
    audit_names::STATEMENTS,
    bulk_jobs::STATEMENTS,
    bulk_jobs::CHANGE_STATEMENTS,
    change_log::STATEMENTS,
    clock_faults::STATEMENTS,
    clock_faults::articles::STATEMENTS,
    clock_faults::webhooks::STATEMENTS,
    delivery_leasing::STATEMENTS,
    definitions::STATEMENTS,
    deliveries::STATEMENTS,
    digest_pauses::STATEMENTS,
    digests::STATEMENTS,
    due_work::STATEMENTS,
    edition_commands::STATEMENTS,
    edition_completion::STATEMENTS,
    edition_counts::STATEMENTS,
    edition_creation::STATEMENTS,
    edition_deliveries::STATEMENTS,
    edition_retries::STATEMENTS,
    edition_unsubscriptions::STATEMENTS,
    editions::STATEMENTS,
    events::STATEMENTS,
    feed_queries::STATEMENTS,
    feed_versions::STATEMENTS,
    handle::STATEMENTS,
    hub_pings::STATEMENTS,
    hub_pushes::STATEMENTS,
    hub_requests::STATEMENTS,
    hub_subscriptions::STATEMENTS,
    hub_verifications::STATEMENTS,
    id_mappings::STATEMENTS,
    id_mappings::guid_assignment::STATEMENTS,
    id_mappings::guid_conflicts::STATEMENTS,
    id_mappings::steps::STATEMENTS,
    idempotency_keys::STATEMENTS,
    identity::STATEMENTS,
    http_job_leases::STATEMENTS,
    imports::STATEMENTS,
    imports::content::STATEMENTS,
    imports::current::STATEMENTS,
    imports::forgetting::STATEMENTS,
    imports::changes::STATEMENTS,
    imports::subscriptions::STATEMENTS,
    imports::work::STATEMENTS,
    leases::STATEMENTS,
    left_out::STATEMENTS,
    oidc_requests::STATEMENTS,
    outcomes::STATEMENTS,
    outcomes::TRANSITION_STATEMENTS,
    password_links::STATEMENTS,
    publications::STATEMENTS,
    rate_limits::STATEMENTS,
    readership::STATEMENTS,
    recent_changes::STATEMENTS,
    recent_counts::STATEMENTS,
    rejected_rows::STATEMENTS,
    address_rejections::STATEMENTS,
    reloads::STATEMENTS,
    rename_statements::STATEMENTS,
    second_factors::STATEMENTS,
    sessions::STATEMENTS,
    sign_in_failures::STATEMENTS,
    sources::STATEMENTS,
    stories::STATEMENTS,
    subscriber_changes::STATEMENTS,
    subscriber_values::STATEMENTS,
    subscribers::STATEMENTS,
    subscription_counts::STATEMENTS,
    subscription_history::STATEMENTS,
    subscriptions::STATEMENTS,
    subscriptions::ends::STATEMENTS,
    subscriptions::expiry::STATEMENTS,
    subscriptions::confirmation_limits::STATEMENTS,
    subscriptions::requests::STATEMENTS,
    suppressions::STATEMENTS,
    terms::STATEMENTS,
    transactional_messages::STATEMENTS,
    transport_failures::STATEMENTS,
    user_preferences::STATEMENTS,
    users::STATEMENTS,
    webhook_commands::STATEMENTS,
    webhook_log::STATEMENTS,
    webhooks::STATEMENTS,
    selection_entries::STATEMENTS,
];

impl Store {
    /// Prepares every statement of the program and returns their number.
    ///
    /// # Errors
    /// The database lacks a table or column that a statement uses.
    pub async fn prepare_statements(&self) -> StoreResult<usize> {
        let mut connection = super::db::Connection::open(self).await?;
        for statement in ALL.iter().copied().flatten() {
            connection.prepare(statement).await?;
        }
        connection.close().await?;
        Ok(ALL.iter().map(|statements| statements.len()).sum())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::ALL;

    fn rust_files(directory: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rust_files(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }

    #[test]
    fn every_statement_is_listed() {
        let mut files = Vec::new();
        rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"), &mut files);
        let mut declared = 0;
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let names: Vec<&str> = text
                .lines()
                .filter_map(|line| {
                    line.split_once("static ").filter(|(visibility, _)| {
                        ["", "pub(super) ", "pub(in crate::store) "].contains(visibility)
                    })
                })
                .map(|(_, declaration)| declaration)
                .filter_map(|line| line.strip_suffix("Statement::new(").or(Some(line)))
                .filter_map(|line| line.split_once(": Statement ").map(|(name, _)| name))
                .collect();
            declared += names.len();
            let Some(start) = text.find("static STATEMENTS: ") else {
                assert!(names.is_empty(), "{} has no list STATEMENTS", file.display());
                continue;
            };
            let list = text[start..].split_once(';').unwrap().0;
            for name in names {
                assert!(
                    list.contains(&format!("&{name},")) || list.contains(&format!("&{name}]")),
                    "{name} is missing in STATEMENTS of {}",
                    file.display()
                );
            }
        }
        let listed: usize = ALL.iter().map(|statements| statements.len()).sum();
        assert_eq!(listed, declared, "a file is missing in ALL");
    }
}
