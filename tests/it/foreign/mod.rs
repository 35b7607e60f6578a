//! Articles out of other people's databases: SQLite, PostgreSQL and MariaDB, a home-made CMS, WordPress, Ghost and Drupal.

mod changes;
mod cms;
mod columns;
mod drupal;
mod ghost;
mod inspect;
mod languages;
mod mariadb;
mod notices;
mod place;
mod rejections;
mod wordpress;
