//! Articles out of other people's databases: SQLite, PostgreSQL and MariaDB, a home-made CMS, WordPress, Ghost and Drupal.

mod cms;
mod columns;
mod drupal;
mod ghost;
mod languages;
mod mariadb;
mod place;
mod refusals;
mod survey;
mod wordpress;
