//! `courant digests preview` and `courant digests test`: the mail of a digest before it is sent.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use super::digest_sentences::{find_digest, left_out_summary, size_sentence};
use super::output;
use super::output::pluralize;
use crate::app::App;
use crate::config::Digest;
use crate::digests::{self, PreviewContent, PreviewOptions, TestMail};
use crate::domain::actor::Actor;
use crate::domain::delivery::DeliveryState;
use crate::fs::{create_private_directory, write_private_file};
use crate::wire::digests::{DigestPreview, LeftOutArticles, QueuedTest};

/// Options that choose other content than the next edition.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct ContentArgs {
    /// Show the newest edition of the digest instead
    #[arg(long)]
    last: bool,
    /// Show this edition instead
    #[arg(long, value_name = "ID")]
    edition: Option<i64>,
    /// Show the newest articles, even if sent or too old
    #[arg(long)]
    sample: bool,
}

impl From<ContentArgs> for PreviewContent {
    fn from(args: ContentArgs) -> Self {
        match args {
            ContentArgs { last: true, .. } => Self::Last,
            ContentArgs { sample: true, .. } => Self::Sample,
            ContentArgs { edition: Some(id), .. } => Self::Edition(id),
            ContentArgs { .. } => Self::Next,
        }
    }
}

/// Writes a preview of a digest to files.
pub(super) async fn preview(
    app: &App,
    name: &str,
    options: &PreviewOptions,
    out: &Path,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let digest = find_digest(app, name)?;
    let p = digests::preview(app.digest_context(), digest, options, app.now()).await?;
    create_private_directory(out)
        .with_context(|| format!("cannot create the directory {}", out.display()))?;
    let subject = format!("{}\n", p.mail.subject);
    for (file, text) in [
        ("subject.txt", &subject),
        ("body.html", &p.mail.html),
        ("body.txt", &p.mail.text),
        ("message.eml", &p.message),
    ] {
        let file = out.join(file);
        write_private_file(&file, text.as_bytes())
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let subscribers = count_recipients(app, digest, options.content).await?;
    let text = format!(
        "Wrote {}, with subject.txt, body.txt and message.eml: {}, {}, {} kB of HTML{}.",
        out.join("body.html").display(),
        pluralize(p.stories, "article"),
        pluralize(subscribers, "recipient"),
        p.size.html_bytes.div_ceil(1000),
        left_out_summary(digest, p.stories, &p.left_out)
    );
    let document = DigestPreview {
        directory: out.display().to_string(),
        articles: p.stories,
        subscribers,
        html_bytes: p.size.html_bytes,
        unlisted_count: p.size.unlisted_count,
        left_out: LeftOutArticles::list(&p.left_out),
    };
    output::result(json, &document, &text)?;
    if let Some(sentence) = size_sentence(digest, p.size) {
        output::note(&sentence);
    }
    suggest_sample(options.content, p.stories);
    Ok(ExitCode::SUCCESS)
}

/// Returns the number of deliveries of the edition that a preview shows; for other contents, that of
/// the subscribers who would receive an edition now.
async fn count_recipients(
    app: &App,
    digest: &Digest,
    content: PreviewContent,
) -> anyhow::Result<i64> {
    let edition = match content {
        PreviewContent::Edition(id) => Some(id),
        PreviewContent::Last => app.store.editions().last_of(&digest.name).await?,
        PreviewContent::Next | PreviewContent::Sample => None,
    };
    let Some(id) = edition else {
        return digests::audience_size(app.digest_context(), digest).await;
    };
    let counts = app.store.editions().counts(id).await?;
    Ok(DeliveryState::ALL.into_iter().map(|state| counts.of(state)).sum())
}

/// Names the option that shows articles, if the next edition would have none.
fn suggest_sample(content: PreviewContent, stories: usize) {
    if content == PreviewContent::Next && stories == 0 {
        output::note("Add --sample to see the e-mail with the newest articles.");
    }
}

/// Queues a test e-mail of a digest.
pub(super) async fn test(
    app: &App,
    name: &str,
    to: &str,
    content: PreviewContent,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let digest = find_digest(app, name)?;
    let context = app.digest_context();
    let TestMail { delivery, stories, left_out } =
        digests::queue_test(context, digest, to, &content.into(), &Actor::Cli, app.now()).await?;
    let text = format!(
        "Queued as delivery {delivery}: {}{}. `courant serve` or `courant deliver` sends it.",
        pluralize(stories, "article"),
        left_out_summary(digest, stories, &left_out)
    );
    let left_out = LeftOutArticles::list(&left_out);
    output::result(json, &QueuedTest { delivery, articles: stories, left_out }, &text)?;
    suggest_sample(content, stories);
    Ok(ExitCode::SUCCESS)
}
