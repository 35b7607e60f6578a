//! Sources in foreign databases (SQLite, PostgreSQL, MariaDB): a custom CMS, WordPress, Ghost and
//! Drupal.

mod changes;
mod cms;
mod columns;
mod drupal;
mod drupal_texts;
mod ghost;
mod inspect;
mod languages;
mod mariadb;
mod notifications;
mod rejections;
mod session;
mod test_source;
mod texts;
mod visibility;
mod wordpress;
mod wordpress_content;
mod wordpress_members;
