//! Template snapshots: stored with a variant whose template uses subscriber values in its logic and
//! must be rendered per recipient, so that neither a template change nor an upgrade alters a
//! prepared edition.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::files::{MAIL_PREFIX, TemplateFile, TemplateFiles};
use super::mail::SubscriberContext;
use super::{DigestMailContext, RenderedMail, Templates};
use crate::domain::text_repair::one_line;

/// Digest template as it was when the edition was prepared, with its data.
#[derive(Debug)]
pub struct TemplateSnapshot {
    templates: Templates,
    template: String,
    context: DigestMailContext,
}

/// Stored form of a snapshot (JSON).
#[derive(Serialize, Deserialize)]
struct StoredTemplate {
    template: String,
    context: DigestMailContext,
    /// Mail templates: name and text.
    files: Vec<(String, String)>,
    /// Fluent files of e-mails and public pages: name and text; later ones override earlier ones.
    texts: Vec<(String, String)>,
}

impl Templates {
    /// Serializes a snapshot of a digest template and its context for [`TemplateSnapshot::parse`].
    ///
    /// # Errors
    /// Fails only if the context cannot be serialized as JSON.
    pub fn snapshot(&self, template: &str, context: &DigestMailContext) -> anyhow::Result<String> {
        let text = |(name, source): (&String, &TemplateFile)| {
            (name.clone(), source.text.clone().into_owned())
        };
        let stored = StoredTemplate {
            template: template.to_owned(),
            context: context.clone(),
            files: self
                .files
                .files
                .iter()
                .filter(|(name, _)| name.starts_with(MAIL_PREFIX))
                .map(text)
                .collect(),
            texts: self.catalog.site_files().map(|(name, source)| text((name, source))).collect(),
        };
        Ok(serde_json::to_string(&stored)?)
    }
}

impl TemplateSnapshot {
    /// Parses a snapshot written by [`Templates::snapshot`].
    ///
    /// # Errors
    /// One sentence if the text is not a valid snapshot.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let stored: StoredTemplate =
            serde_json::from_str(text).context("the variant's template snapshot is not valid")?;
        let file = |(name, text): (String, String)| {
            let display_path = format!("the edition's {name}");
            (name, TemplateFile { text: text.into(), display_path })
        };
        let files = TemplateFiles {
            files: stored.files.into_iter().map(file).collect(),
            fluent: stored.texts.into_iter().map(file).collect(),
            overrides_mails: true,
            overrides_pages: false,
            overrides_texts: true,
        };
        Ok(Self {
            templates: Templates::from_files(files)?,
            template: stored.template,
            context: stored.context,
        })
    }

    /// Renders the mail for one subscriber; the name is reduced to one line.
    ///
    /// # Errors
    /// One sentence if the template cannot be rendered with these values.
    pub fn render(&self, subscriber: SubscriberContext) -> anyhow::Result<RenderedMail> {
        let mut context = self.context.clone();
        context.subscriber = SubscriberContext { name: one_line(&subscriber.name), ..subscriber };
        self.templates.render_digest(&self.template, &context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshot_renders_the_same_mail_after_the_templates_change() {
        let folder = tempfile::tempdir().unwrap();
        let mine = folder.path().join("email/mine");
        std::fs::create_dir_all(&mine).unwrap();
        for (part, text) in [
            (
                "subject.hbs",
                "{{digest.title}}{{#if subscriber.name}} for {{subscriber.name}}{{/if}}",
            ),
            ("html.hbs", "<p>{{subscriber.address}}</p>"),
            ("text.hbs", "{{#each lead}}{{title}}\n{{/each}}{{subscriber.unsubscribe_url}}"),
        ] {
            std::fs::write(mine.join(part), text).unwrap();
        }
        let templates = Templates::load(Some(folder.path())).unwrap();
        let context = DigestMailContext::samples().remove(0);
        let stored = templates.snapshot("mine", &context).unwrap();
        assert!(stored.contains("digest-read-more") && !stored.contains("i18n/en/"), "its texts");
        std::fs::write(mine.join("subject.hbs"), "edited").unwrap();
        let mail = TemplateSnapshot::parse(&stored)
            .unwrap()
            .render(SubscriberContext {
                name: "Ada".to_owned(),
                address: "ada@example.org".to_owned(),
                unsubscribe_url: "https://x.example/u".to_owned(),
                ..SubscriberContext::default()
            })
            .unwrap();
        assert_eq!(mail.subject, format!("{} for Ada", context.digest.title));
        assert!(
            mail.html.contains("<p>ada@example.org</p>")
                && mail.text.contains("https://x.example/u")
        );
    }
}
