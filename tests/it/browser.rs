//! Stories of the admin area in a real browser: each runs a script of `tests/browser` against the running
//! program, and then checks the outcome from outside. COURANT_TEST_BROWSER is the directory in which
//! `.ci/run` installs the packages of `tests/browser/package.json`.

mod accounts;
mod editions;
mod operation;
mod people;
mod site;
mod site_checks;
mod story;
