//! `courant demo`: a sample college with everything that goes out of it, in a folder that vanishes with it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{output, serve};
use crate::app::App;
use crate::clock;
use crate::config::Config;
use crate::daemon;
use crate::domain::article::Draft;
use crate::domain::subscription::Asker;
use crate::feeds::shelf;
use crate::mail::mailbox::Mailbox;
use crate::sources::import;
use crate::subscribers::{self, Person};
use crate::web::Demo;

pub mod college;

use college::{College, SampleArticle};

/// The demo's builtin source.
const SOURCE: &str = "college";
/// The port tried first when none is asked for.
const PORT: u16 = 8080;
/// A made-up article is published this often.
const NOW_AND_THEN: Duration = Duration::from_secs(40);

/// What `courant demo` can be told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The port of its web pages; default: 8080, or a free one if that is taken
    #[arg(long)]
    port: Option<u16>,
}

impl Options {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let listener = listen(self.port).await?;
        let folder = Folder::new()?;
        let (mailbox, smtp) =
            Mailbox::listen(0, clock::now).await.context("the demo's mailbox can't listen")?;
        let college = College::sample()?;
        let app = App::connect(config(&college, &folder.0, listener.local_addr()?, smtp)?).await?;
        let _lock = app.store.lock()?;
        fill(&app, &college).await?;
        shelf::refresh_due(&app.store, &app.config, &app.shelf, app.now()).await?;
        greet(&app.config.site.base_url, &college)?;
        let stop = serve::stopped_by_signals()?;
        let publishing =
            tokio::spawn(publish_now_and_then(app.clone(), college.later.clone(), stop.clone()));
        let demo = Demo { mailbox, source: SOURCE.to_owned(), sections: college.sections.clone() };
        let ended = daemon::run_on(app.clone(), Some(demo), listener, stop.clone()).await;
        stop.cancel();
        publishing.await?;
        app.store.close().await;
        ended.map(|()| ExitCode::SUCCESS)
    }
}

/// A folder of its own that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let name: String = clock::random_bytes::<6>().iter().map(|b| format!("{b:02x}")).collect();
        let path = std::env::temp_dir().join(format!("courant-demo-{name}"));
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn listen(port: Option<u16>) -> anyhow::Result<TcpListener> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match (port, TcpListener::bind(at(port.unwrap_or(PORT))).await) {
        (_, Ok(listener)) => Ok(listener),
        (None, Err(_)) => TcpListener::bind(at(0)).await.context("no port is free"),
        (Some(port), Err(e)) => {
            Err(e).with_context(|| format!("port {port} can't be used: choose another with --port"))
        }
    }
}

/// The demo's configuration: a file like any other, read like any other.
fn config(
    college: &College,
    folder: &Path,
    web: SocketAddr,
    smtp: SocketAddr,
) -> anyhow::Result<Config> {
    let zone = jiff::tz::TimeZone::system()
        .iana_name()
        .filter(|z| *z != "Etc/UTC")
        .unwrap_or("UTC")
        .to_owned();
    let text = format!(
        r#"[site]
title = {title:?}
base_url = "http://{web}"
language = "en"
timezone = "{zone}"
id_authority = "demo.example,2026"
postal_address = {postal:?}

[database]
url = "sqlite://courant.db"

[server]
listen = "{web}"

[[sources]]
name = "{SOURCE}"
kind = "builtin"

[[feeds]]
name = "news"
title = "Everything from the college"

[[feeds]]
name = "english"
title = "College news"
languages = ["en"]

[[feeds]]
name = "chinese"
title = {title_zh:?}
languages = ["zh"]

[[feeds]]
name = "admissions"
title = "Admissions"
sections = ["Admissions"]

[[digests]]
name = "minute"
title = "The minute at the college"
schedule = "* * * * *"
languages = ["en", "zh"]
max_articles = 6
from = "College News <news@linden.example>"
reply_to = "office@linden.example"

[[transports]]
name = "default"
url = "smtp://{smtp}"
connections = 4
"#,
        title = college.title,
        title_zh = college.title_zh,
        postal = college.postal_address,
    );
    Ok(Config::parse(&folder.join("demo.toml"), &text, std::iter::empty())?)
}

/// Publishes what the college has written so far and signs its readers up.
async fn fill(app: &App, college: &College) -> anyhow::Result<()> {
    let (now, base_url) = (app.now(), &app.config.site.base_url);
    let drafts = college.articles.iter().map(|a| a.draft(now, base_url)).collect();
    import::publish(&app.store, &app.config, SOURCE, drafts, now).await?;
    let digests: Vec<_> = app.config.digests.iter().collect();
    let mut requests = Vec::new();
    for reader in &college.subscribers {
        let person = Person {
            email: reader.email.clone(),
            name: Some(reader.name.clone()),
            language: Some(reader.language.clone()),
            timezone: None,
            sections: reader.sections.clone(),
        };
        requests.push(
            subscribers::request(&person, &digests, "made up for the demo", &app.instance.secret)
                .map_err(anyhow::Error::msg)?,
        );
    }
    subscribers::carry_out(&app.store, requests, &digests, Asker::AdminWithConsent, now).await?;
    Ok(())
}

fn greet(base_url: &str, college: &College) -> anyhow::Result<()> {
    let bold = |text: &str| {
        if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            format!("\x1b[1m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    };
    output::line("")?;
    output::line(&format!("  {} is on the air.", bold(&college.title)))?;
    output::line("")?;
    for (what, path) in [
        ("The college's feeds", "/"),
        ("Where its digests arrive", "/mailbox"),
        ("Publish an article yourself", "/demo/publish"),
    ] {
        output::line(&format!("  {what:28} {}", bold(&format!("{base_url}{path}"))))?;
    }
    output::line("")?;
    output::line(
        "  A digest goes out every minute, a made-up article appears now and then. Ctrl-C ends it; nothing stays.",
    )?;
    output::line("")
}

/// Publishes one story after the other, with its twin; when all are told, they are told again under new ids.
async fn publish_now_and_then(app: App, later: Vec<SampleArticle>, stop: CancellationToken) {
    let mut stories: Vec<Vec<SampleArticle>> = Vec::new();
    for article in later {
        match stories.last_mut() {
            Some(story) if article.translation_of.is_some() => story.push(article),
            _ => stories.push(vec![article]),
        }
    }
    if stories.is_empty() {
        return;
    }
    for turn in 0.. {
        let (round, story) = (turn / stories.len(), &stories[turn % stories.len()]);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(NOW_AND_THEN) => {}
        }
        let now = app.now();
        let again = |id: &str| if round == 0 { id.to_owned() } else { format!("{id}-{round}") };
        let drafts: Vec<Draft> = story
            .iter()
            .map(|article| {
                let mut article = article.clone();
                article.id = again(&article.id);
                article.translation_of = article.translation_of.as_deref().map(again);
                Draft { published_at: now, ..article.draft(now, &app.config.site.base_url) }
            })
            .collect();
        if let Err(e) = import::publish(&app.store, &app.config, SOURCE, drafts, now).await {
            tracing::error!("the made-up article could not be published: {e:#}");
        }
    }
}
