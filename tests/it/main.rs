//! Stories about the whole program, told from outside, and guards of its shape.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it can't")]

mod answers;
mod behaviours;
mod callbacks;
mod cli;
mod corpus;
mod crashes;
mod endings;
mod feeds;
mod files;
mod foreign;
mod hostile;
mod judges;
mod layers;
mod limits;
mod lists;
mod lost_answers;
mod migrations;
mod nodes;
mod orders;
mod program;
mod publishing;
mod push;
mod readers;
mod riding;
mod rules;
mod running;
mod schedule;
mod sending;
mod sharing;
mod signatures;
mod smtp;
mod smtp_login;
mod smtp_server;
mod smtp_tls;
mod sources;
mod standing;
mod steps;
mod stopping;
mod storm;
mod support;
mod takeovers;
mod telling;
