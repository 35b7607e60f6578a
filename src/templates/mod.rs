//! The one door to Handlebars and Fluent: what mails and pages look like, and the words they say.
//!
//! Every template has a typed context with samples; [`Templates::check`] renders them all. Files in the operator's folder
//! override the embedded ones of the same name; `email/NAME/` there is a digest template of the operator's own.

mod engine;
mod guard;
mod inline;
pub mod mail;
pub mod pages;
mod recipe;
mod source;
mod speech;
#[cfg(test)]
mod tests;
mod words;
mod wrap;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::domain::characters::one_line;
use engine::Engine;
pub use mail::{ConfirmContext, DigestContext, RenderedMail};
pub use pages::View;
pub use recipe::Recipe;
use source::Sources;
use speech::Speech;
pub use speech::{date_text, month_text};

/// All templates, parsed and found acceptable.
pub struct Templates {
    engine: Engine,
    speech: Arc<Speech>,
    stylesheet: Stylesheet,
    mails: Vec<String>,
    sources: Sources,
}

/// The style sheet of all pages, served at `/assets/style.css`.
#[derive(Debug, Clone)]
pub struct Stylesheet {
    /// The CSS.
    pub text: String,
    /// The beginning of its SHA-256 in hex: pages link to `/assets/style.css?v=HASH`, so it may be cached for ever.
    pub hash: String,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").field("mails", &self.mails).finish_non_exhaustive()
    }
}

impl Templates {
    /// Reads the embedded templates and those of the folder, and parses them.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy: a file that can't be read or that nothing would use, bad syntax,
    /// a partial that does not exist, or nesting and size beyond what can be rendered safely.
    pub fn load(override_folder: Option<&Path>) -> anyhow::Result<Self> {
        Self::of(Sources::gather(override_folder)?)
    }

    /// Parses what was gathered.
    fn of(mut sources: Sources) -> anyhow::Result<Self> {
        let speech = Arc::new(Speech::load(&sources.fluent)?);
        let mails = sources.mails();
        let text =
            sources.files.remove(pages::STYLESHEET).map(|source| source.text).unwrap_or_default();
        let digest = Sha256::digest(text.as_bytes());
        let hash = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let stylesheet = Stylesheet { text, hash };
        let engine = Engine::load(
            &sources.files,
            &speech,
            &format!("/assets/style.css?v={}", stylesheet.hash),
        )?;
        Ok(Self { engine, speech, stylesheet, mails, sources })
    }

    /// The style sheet that pages link to.
    pub fn stylesheet(&self) -> &Stylesheet {
        &self.stylesheet
    }

    /// The codes of the languages that have texts, each with its own name for itself.
    pub fn languages(&self) -> Vec<(String, String)> {
        let name = |code: &str| self.text(code, "language-name", &[]);
        self.speech.languages().map(|code| (code.to_owned(), name(code))).collect()
    }

    /// The code of the texts that a reader of `language` gets: `zh` for `zh-CN`, `en` for one without texts.
    pub fn spoken(&self, language: &str) -> &str {
        self.speech.spoken(language)
    }

    /// One text in a language; the key itself if there is no such text or a value is lacking, so that no page fails for it.
    pub fn text(&self, language: &str, key: &str, values: &[(&str, &str)]) -> String {
        self.speech
            .text(language, key, &speech::arguments(values))
            .unwrap_or_else(|| key.to_owned())
    }

    /// The names a digest's `template` can have: `digest` and the operator's own.
    pub fn digest_templates(&self) -> impl Iterator<Item = &str> {
        self.mails.iter().map(String::as_str).filter(|name| *name != mail::CONFIRM)
    }

    /// Whether a digest template does more with a subscriber's values than print them (`{{subscriber.name}}`), so that
    /// filling slots is not enough and each subscriber's mail has to be rendered in full. In HTML, printing one unescaped
    /// (`{{{subscriber.name}}}`) counts too, since a slot's value is always escaped there.
    pub fn uses_subscriber_in_logic(&self, template: &str) -> bool {
        source::MAIL_PARTS.iter().any(|part| {
            let stem = part.trim_end_matches(".hbs");
            self.engine.subscriber_in_logic(&format!("email/{template}/{stem}"))
        })
    }

    /// One page.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy; a page of the embedded templates does not fail.
    pub fn page<V: View>(&self, view: &V) -> anyhow::Result<String> {
        self.engine.render(V::TEMPLATE, &serde_json::to_value(view)?)
    }

    /// One variant of a digest's edition; unique ASCII letters and digits in the subscriber's fields come out as they are.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy, also when there is no digest template of that name.
    pub fn render_digest(
        &self,
        template: &str,
        context: &DigestContext,
    ) -> anyhow::Result<RenderedMail> {
        if !self.digest_templates().any(|known| known == template) {
            let known: Vec<&str> = self.digest_templates().collect();
            anyhow::bail!(
                "there is no digest template `{template}`; known are {}",
                known.join(", ")
            );
        }
        self.render_mail(template, &serde_json::to_value(context)?)
    }

    /// The mail that asks a new subscriber to confirm.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy; the embedded template does not fail.
    pub fn render_confirm(&self, context: &ConfirmContext) -> anyhow::Result<RenderedMail> {
        self.render_mail(mail::CONFIRM, &serde_json::to_value(context)?)
    }

    fn render_mail(&self, name: &str, context: &Value) -> anyhow::Result<RenderedMail> {
        let subject = self.engine.render(&format!("email/{name}/subject"), context)?;
        let html = self.engine.render(&format!("email/{name}/html"), context)?;
        let text = self.engine.render(&format!("email/{name}/text"), context)?;
        let html = inline::inline_css(&html)
            .map_err(|why| anyhow::anyhow!("email/{name}/html.hbs: {why}"))?;
        Ok(RenderedMail { subject: one_line(&subject), html, text: mail::tidy(&text) })
    }

    /// Renders every template with all samples; the errors, one sentence each.
    pub fn check(&self) -> Vec<String> {
        let mut errors = Vec::new();
        for template in self.digest_templates() {
            errors.extend(
                DigestContext::samples()
                    .iter()
                    .filter_map(|sample| self.render_digest(template, sample).err()),
            );
        }
        errors.extend(
            ConfirmContext::samples().iter().filter_map(|sample| self.render_confirm(sample).err()),
        );
        errors.extend(pages::check(self));
        let mut errors: Vec<String> = errors.iter().map(|error| format!("{error:#}")).collect();
        errors.dedup();
        errors
    }
}

/// The embedded file `templates/demo/NAME`: what the sample college publishes.
pub fn demo_file(name: &str) -> Option<String> {
    source::demo(name)
}
