//! Templates of e-mails and pages: the only module that uses Handlebars and Fluent.
//!
//! Every template has a typed context with samples; [`Templates::check`] renders them all. Files in
//! the admin's directory override the embedded ones of the same name; a directory `email/NAME/`
//! there is a custom digest template.

mod assets;
mod choices;
mod files;
mod helpers;
mod i18n;
mod inline;
pub mod mail;
pub mod pages;
mod recurrence_text;
mod render_pool;
mod renderer;
mod sandbox;
mod snapshot;
#[cfg(test)]
mod tests;
mod wrap;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::anyhow;
use serde_json::Value;

use crate::domain::language;
use crate::domain::text_repair::one_line;
pub use assets::Asset;
use assets::Assets;
pub use choices::{ChosenDigest, SubscriptionChoices};
use files::{MAIL_PREFIX, PAGE_PREFIX, TemplateFiles};
use i18n::Catalog;
pub use i18n::{TextValue, date_text, month_text};
pub use mail::{ConfirmContext, DigestMailContext, RenderedMail};
pub use pages::View;
use renderer::Renderer;
pub use snapshot::TemplateSnapshot;

/// Directory of the templates of the admin area.
const ADMIN_PREFIX: &str = "web/admin/";

/// All templates. Those of e-mails and of the admin are parsed and checked against the limits of the sandbox,
/// the embedded ones of pages when they are first used.
pub struct Templates {
    /// The templates of e-mails.
    mails: Renderer,
    /// The templates of public pages.
    public_pages: ParsedOnUse,
    /// The templates of all pages, which those of the admin area share.
    all_pages: ParsedOnUse,
    catalog: Arc<Catalog>,
    assets: Arc<Assets>,
    mail_names: Vec<String>,
    files: TemplateFiles,
    /// Names of the attributes of subscribers that the templates of e-mails use.
    attribute_names: BTreeSet<String>,
}

/// Templates of pages, parsed when the first of them is rendered, because most processes render none; at once
/// if the admin has own ones.
type ParsedOnUse = OnceLock<Result<Renderer, String>>;

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").field("mails", &self.mail_names).finish_non_exhaustive()
    }
}

impl Templates {
    /// Loads the embedded templates and those of the admin's directory, and parses those of e-mails and of the
    /// admin.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy: an unreadable or unused file, invalid
    /// syntax, a missing partial, or a template beyond the limits on nesting and size.
    pub fn load(override_directory: Option<&Path>) -> anyhow::Result<Self> {
        Self::from_files(TemplateFiles::load(override_directory)?)
    }

    /// Parses the loaded template files.
    fn from_files(mut files: TemplateFiles) -> anyhow::Result<Self> {
        let fluent = std::mem::take(&mut files.fluent);
        let catalog = Arc::new(Catalog::load(fluent, files.overrides_texts)?);
        let mail_names = files.mail_names();
        let assets = Arc::new(Assets::take(&mut files));
        let parts = files.files.iter().filter(|(name, _)| name.starts_with(MAIL_PREFIX));
        let mails = Renderer::load(parts, &catalog, &assets)?;
        let attribute_names = files.attribute_names();
        let templates = Self {
            mails,
            public_pages: OnceLock::new(),
            all_pages: OnceLock::new(),
            catalog,
            assets,
            mail_names,
            files,
            attribute_names,
        };
        if templates.files.overrides_pages {
            templates.page_renderer(PAGE_PREFIX)?;
            templates.page_renderer(ADMIN_PREFIX)?;
        }
        Ok(templates)
    }

    /// Returns the renderer with the template of a page.
    ///
    /// # Errors
    /// One sentence about the first template of its area that is invalid.
    fn page_renderer(&self, template: &str) -> anyhow::Result<&Renderer> {
        let has_admin_pages = template.starts_with(ADMIN_PREFIX);
        let parsed = if has_admin_pages { &self.all_pages } else { &self.public_pages };
        let is_needed = |name: &str| {
            name.starts_with(PAGE_PREFIX) && (has_admin_pages || !name.starts_with(ADMIN_PREFIX))
        };
        let load = || {
            let files = self.files.files.iter().filter(|(name, _)| is_needed(name));
            Renderer::load(files, &self.catalog, &self.assets).map_err(|e| format!("{e:#}"))
        };
        parsed.get_or_init(load).as_ref().map_err(|reason| anyhow!("{reason}"))
    }

    /// Returns all files below `/assets/`.
    pub fn assets(&self) -> impl Iterator<Item = &Asset> {
        self.assets.iter()
    }

    /// Returns the file below `/assets/` with this name, if pages use one.
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.find(name)
    }

    /// Returns the languages that have a catalog: code and native name.
    pub fn languages(&self) -> Vec<(String, String)> {
        let name = |code: &str| self.text(code, "language-name", &[]);
        self.catalog.languages().map(|code| (code.to_owned(), name(code))).collect()
    }

    /// Returns the native name of a language: that of its catalog, which tells the Chinese scripts
    /// apart, else its own.
    pub fn language_name(&self, tag: &str) -> String {
        let code = self.catalog_code(tag);
        if language::primary(code).eq_ignore_ascii_case(language::primary(tag)) {
            return self.text(code, "language-name", &[]);
        }
        language::autonym(tag)
    }

    /// Returns the code of the catalog for a language: `zh` for `zh-CN`, `en` for a language
    /// without a catalog.
    pub fn catalog_code(&self, language: &str) -> &str {
        self.catalog.catalog_code(language)
    }

    /// Returns a text in a language; the key itself if the text or a value is missing, so that no
    /// page fails.
    pub fn text(&self, language: &str, key: &str, values: &[(&str, &str)]) -> String {
        self.catalog
            .text(language, key, &i18n::text_arguments(values))
            .unwrap_or_else(|| key.to_owned())
    }

    /// Returns a text with texts and numbers as its values; the key itself if the text or a value is
    /// missing.
    pub fn text_with(&self, language: &str, key: &str, values: &[(&str, TextValue<'_>)]) -> String {
        self.catalog.text(language, key, &i18n::arguments(values)).unwrap_or_else(|| key.to_owned())
    }

    /// Returns a text with a number as its only value, in the plural form that the number takes;
    /// the key itself if no such text exists.
    pub fn text_with_number(&self, language: &str, key: &str, name: &str, number: i64) -> String {
        self.catalog
            .text(language, key, &i18n::number_argument(name, number))
            .unwrap_or_else(|| key.to_owned())
    }

    /// Returns the valid values of a digest's `template`: `digest` and the admin's own
    /// templates.
    pub fn digest_templates(&self) -> impl Iterator<Item = &str> {
        self.mail_names.iter().map(String::as_str).filter(|name| *name != mail::CONFIRM)
    }

    /// Returns `true` if a digest template uses subscriber values in more than plain output
    /// (`{{subscriber.name}}`), so that each subscriber's mail must be rendered separately instead
    /// of filling placeholders. In HTML this includes unescaped output (`{{{subscriber.name}}}`),
    /// because placeholders are always filled with escaped values there.
    pub fn uses_subscriber_in_logic(&self, template: &str) -> bool {
        files::MAIL_PARTS.iter().any(|part| {
            let stem = part.trim_end_matches(".hbs");
            self.mails.subscriber_in_logic(&format!("email/{template}/{stem}"))
        })
    }

    /// Runs work with the templates on a rendering thread, so that it does not block the async
    /// runtime.
    ///
    /// # Errors
    /// One sentence if `work` panicked.
    pub async fn run_on_pool<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let templates = Arc::clone(self);
        render_pool::run(move || work(&templates)).await
    }

    /// Renders a page.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy; embedded templates do not fail.
    pub async fn page<V: View>(self: &Arc<Self>, view: &V) -> anyhow::Result<String> {
        let data = serde_json::to_value(view)?;
        let render = move |templates: &Self| {
            templates.page_renderer(V::TEMPLATE)?.render(V::TEMPLATE, &data)
        };
        self.run_on_pool(render).await?
    }

    /// Renders one variant of a digest's edition; blocks the thread. Placeholders of ASCII letters
    /// and digits in the subscriber's fields appear unchanged in the output.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy, or with the valid names if the template
    /// does not exist.
    pub fn render_digest(
        &self,
        template: &str,
        context: &DigestMailContext,
    ) -> anyhow::Result<RenderedMail> {
        if !self.digest_templates().any(|known| known == template) {
            let known: Vec<&str> = self.digest_templates().collect();
            anyhow::bail!(
                "unknown digest template `{template}`; available are {}",
                known.join(", ")
            );
        }
        let mut data = serde_json::to_value(context)?;
        if let Some(values) = data["subscriber"]["attributes"].as_object_mut() {
            for name in &self.attribute_names {
                values.entry(name.clone()).or_insert(Value::Null);
            }
        }
        self.render_mail(template, &data)
    }

    /// Renders the mail that asks a new subscriber to confirm; blocks the thread.
    ///
    /// # Errors
    /// One sentence with file, line, column and remedy; the embedded template does not fail.
    pub fn render_confirm(&self, context: &ConfirmContext) -> anyhow::Result<RenderedMail> {
        self.render_mail(mail::CONFIRM, &serde_json::to_value(context)?)
    }

    /// Renders the three parts of a message and inlines the styles of its HTML.
    fn render_mail(&self, name: &str, context: &Value) -> anyhow::Result<RenderedMail> {
        let subject = self.mails.render(&format!("email/{name}/subject"), context)?;
        let html = self.mails.render(&format!("email/{name}/html"), context)?;
        let text = self.mails.render(&format!("email/{name}/text"), context)?;
        let html = inline::inline_css(&html)
            .map_err(|error| anyhow::anyhow!("email/{name}/html.hbs: {error}"))?;
        Ok(RenderedMail { subject: one_line(&subject), html, text: mail::tidy(&text) })
    }

    /// Renders with all their samples the templates that files of the admin can affect; returns the errors, one
    /// sentence each. The embedded templates alone do not fail.
    pub fn check(&self) -> Vec<String> {
        let TemplateFiles { overrides_mails, overrides_pages, overrides_texts, .. } = self.files;
        let mut errors = Vec::new();
        if overrides_mails || overrides_texts {
            errors.extend(self.check_mails());
        }
        if overrides_pages || overrides_texts {
            errors.extend(pages::check(&|template| self.page_renderer(template)));
        }
        let mut errors: Vec<String> = errors.iter().map(|error| format!("{error:#}")).collect();
        errors.dedup();
        errors
    }

    fn check_mails(&self) -> Vec<anyhow::Error> {
        let mut errors = Vec::new();
        for template in self.digest_templates() {
            errors.extend(
                DigestMailContext::samples()
                    .iter()
                    .filter_map(|sample| self.render_digest(template, sample).err()),
            );
        }
        errors.extend(
            ConfirmContext::samples().iter().filter_map(|sample| self.render_confirm(sample).err()),
        );
        errors
    }
}

/// Returns the embedded file `templates/demo/NAME`, which has the sample college's articles.
pub fn demo_file(name: &str) -> Option<String> {
    files::demo(name).and_then(|bytes| String::from_utf8(bytes.into_owned()).ok())
}

/// Returns the embedded PNG file `templates/demo/pictures/NAME`, a picture of a sample article.
pub fn demo_picture(name: &str) -> Option<Cow<'static, [u8]>> {
    files::demo(&format!("pictures/{name}"))
}
