//! Integration tests of the whole program, and checks of its architecture.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue should panic on the spot")]
#![expect(
    clippy::too_many_lines,
    reason = "a test follows one course of events, and a table of cases is one function"
)]

mod api;
mod archive;
mod attributes;
mod audit;
mod bulk;
mod callback_server;
mod chaos;
mod cli;
mod cli_errors;
mod clock_faults;
mod connection_limits;
mod corpus;
mod crashes;
mod daemon;
mod definition_versions;
mod definitions;
mod degraded_start;
mod digest_previews;
mod edge_terminations;
mod edition_breaker;
mod edition_commands;
mod feed_readers;
mod feed_validators;
mod feeds;
mod file_imports;
mod foreign;
mod hostile;
mod id_mappings;
mod import_limits;
mod importers;
mod inflight_limit;
mod init;
mod layers;
mod ledger;
mod limits;
mod list_pages;
mod lists;
mod load_balancing;
mod lost_replies;
mod mail_layout;
mod metrics;
mod migrations;
mod multi_node_crashes;
mod nodes;
mod outputs;
mod pipelining;
mod publishing;
mod queued_messages;
mod random_replies;
mod readership;
mod rejected_addresses;
mod relay_outcomes;
mod reload;
mod rules;
mod schedule;
mod schedule_changes;
mod security;
mod segments;
mod selection_changes;
mod sending;
mod server_process;
mod serving;
mod shutdown;
mod signatures;
mod smtp;
mod smtp_contents;
mod smtp_login;
mod smtp_server;
mod smtp_tls;
mod sources;
mod status;
mod subscriber_files;
mod subscriber_filters;
mod subscriptions;
mod support;
mod sync_hook;
mod terminal;
mod webhooks;
mod websub;
mod write_failures;
