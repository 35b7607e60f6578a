//! The demo: an SMTP server that catches its mail, and the content of a fictional college.

pub mod mailbox;
pub mod sample_college;

use mailbox::Mailbox;

/// Settings of the demo, which adds an inbox and a publishing form.
#[derive(Debug, Clone)]
pub struct Demo {
    /// SMTP server that receives the demo's e-mails.
    pub mailbox: Mailbox,
    /// Sections to choose from in the publishing form.
    pub sections: Vec<String>,
    /// Built-in source that the publishing form writes to.
    pub source: String,
}
