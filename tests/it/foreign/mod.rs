//! Articles out of other people's databases: SQLite, PostgreSQL and MariaDB, a home-made CMS and WordPress.

mod cms;
mod columns;
mod mariadb;
mod place;
mod refusals;
mod wordpress;
