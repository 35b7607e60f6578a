//! Recipes: what a variant keeps when its template decides by a subscriber's values and must be rendered for each, so that
//! an edited template or an upgrade changes nothing about an edition that is made.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::source::{Source, Sources};
use super::{DigestContext, RenderedMail, Templates};
use crate::domain::characters::one_line;

/// A digest's template as it was when the edition was made, with all that it shows.
#[derive(Debug)]
pub struct Recipe {
    templates: Templates,
    template: String,
    context: DigestContext,
}

/// How a recipe is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    template: String,
    context: DigestContext,
    /// Mail templates by name.
    files: Vec<(String, String)>,
    /// Fluent files by name, later ones overriding earlier ones.
    texts: Vec<(String, String)>,
}

impl Templates {
    /// The text from which [`Recipe::read`] makes the mail that this template makes now.
    ///
    /// # Errors
    /// Only when the context can't be written as JSON.
    pub fn recipe(&self, template: &str, context: &DigestContext) -> anyhow::Result<String> {
        let text = |(name, source): (&String, &Source)| (name.clone(), source.text.clone());
        let kept = Kept {
            template: template.to_owned(),
            context: context.clone(),
            files: self
                .sources
                .files
                .iter()
                .filter(|(name, _)| name.starts_with("email/"))
                .map(text)
                .collect(),
            texts: self.sources.fluent.iter().map(|(name, source)| text((name, source))).collect(),
        };
        Ok(serde_json::to_string(&kept)?)
    }
}

impl Recipe {
    /// Reads what [`Templates::recipe`] wrote.
    ///
    /// # Errors
    /// One sentence when the text is not one of those.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let kept: Kept =
            serde_json::from_str(text).context("the variant's recipe can't be read")?;
        let source = |(name, text): (String, String)| {
            (name.clone(), Source { text, shown: format!("the edition's {name}") })
        };
        let sources = Sources {
            files: kept.files.into_iter().map(source).collect(),
            fluent: kept.texts.into_iter().map(source).collect(),
        };
        Ok(Self {
            templates: Templates::of(sources)?,
            template: kept.template,
            context: kept.context,
        })
    }

    /// The mail for one subscriber; a name is one line of text.
    ///
    /// # Errors
    /// One sentence when the template can't be rendered with these values.
    pub fn render(
        &self,
        name: &str,
        address: &str,
        unsubscribe_url: &str,
    ) -> anyhow::Result<RenderedMail> {
        let mut context = self.context.clone();
        context.subscriber.name = one_line(name);
        address.clone_into(&mut context.subscriber.address);
        unsubscribe_url.clone_into(&mut context.subscriber.unsubscribe_url);
        self.templates.render_digest(&self.template, &context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_makes_the_same_mail_whatever_becomes_of_the_templates() {
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
        let context = DigestContext::samples().remove(0);
        let kept = templates.recipe("mine", &context).unwrap();
        std::fs::write(mine.join("subject.hbs"), "edited").unwrap();
        let mail = Recipe::read(&kept)
            .unwrap()
            .render("Ada", "ada@example.org", "https://x.example/u")
            .unwrap();
        assert_eq!(mail.subject, format!("{} for Ada", context.digest.title));
        assert!(
            mail.html.contains("<p>ada@example.org</p>")
                && mail.text.contains("https://x.example/u")
        );
    }
}
