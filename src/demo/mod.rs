//! The demo: an SMTP server that catches its mail, and the content of a fictional college.

pub mod mail_catcher;
pub mod sample_college;

use mail_catcher::MailCatcher;

/// Settings of the demo, which adds an inbox and a publishing form.
#[derive(Debug, Clone)]
pub struct Demo {
    /// SMTP server that receives the demo's e-mails.
    pub mail_catcher: MailCatcher,
    /// Sections to choose from in the publishing form.
    pub sections: Vec<String>,
    /// Builtin source that the publishing form writes to.
    pub source: String,
}
