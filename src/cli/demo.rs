//! `courant demo`: a fictional college with feeds, digests and subscribers, in a temporary
//! directory.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{output, serve};
use crate::app::App;
use crate::clock;
use crate::config::Config;
use crate::daemon::{self, ConfigLoader, Server, max_web_connections};
use crate::demo::Demo;
use crate::demo::mailbox::Mailbox;
use crate::demo::sample_college::{College, SampleArticle};
use crate::domain::actor::Actor;
use crate::domain::article::IncomingArticle;
use crate::domain::subscription::RequestOrigin;
use crate::feeds::cache;
use crate::fs::create_private_directory;
use crate::sources::import;
use crate::subscribers::{self, NewSubscriber};

/// Name of the built-in source.
const SOURCE: &str = "college";
/// Port tried first if none is given.
const DEFAULT_PORT: u16 = 8080;
/// Interval between two published articles.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(40);

/// Arguments of `courant demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Web port [default: 8080, or a free one if in use]
    #[arg(long)]
    port: Option<u16>,
}

impl DemoArgs {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let listener = listen(self.port).await?;
        let dir = TempDir::new()?;
        let (mailbox, smtp) =
            Mailbox::listen(0, clock::now).await.context("cannot start the mailbox of the demo")?;
        let college = College::sample()?;
        let app =
            App::connect(demo_config(&college, &dir.0, listener.local_addr()?, smtp)?).await?;
        let _lock = app.store.acquire_send_lock()?;
        seed(&app, &college).await?;
        cache::refresh_due(&app.store, &app.config, &app.feed_cache, app.now()).await?;
        print_welcome(&app.config.site.base_url, &college)?;
        let stop = serve::stop_on_signals()?;
        let publish_task =
            tokio::spawn(publish_periodically(app.clone(), college.later.clone(), stop.clone()));
        let demo = Demo { mailbox, source: SOURCE.to_owned(), sections: college.sections.clone() };
        let service = daemon::site_service(app.clone(), Some(demo.clone()));
        let maximum = max_web_connections(&app.config);
        let server = Server::start(listener, service, maximum, stop.clone())?;
        let loader = ConfigLoader::fixed((*app.config).clone(), Arc::clone(&app.templates));
        let result = daemon::run(app.clone(), Some(demo), server, loader, stop.clone()).await;
        stop.cancel();
        publish_task.await?;
        app.store.close().await;
        result.map(|()| ExitCode::SUCCESS)
    }
}

/// Temporary directory, deleted when dropped.
struct TempDir(PathBuf);

impl TempDir {
    fn new() -> anyhow::Result<Self> {
        let name: String = hex::encode(clock::random_bytes::<6>());
        let path = std::env::temp_dir().join(format!("courant-demo-{name}"));
        create_private_directory(&path)
            .with_context(|| format!("cannot create the directory {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn listen(port: Option<u16>) -> anyhow::Result<TcpListener> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match (port, TcpListener::bind(at(port.unwrap_or(DEFAULT_PORT))).await) {
        (_, Ok(listener)) => Ok(listener),
        (None, Err(_)) => TcpListener::bind(at(0)).await.context("no free port found"),
        (Some(port), Err(e)) => Err(e).with_context(|| {
            format!("cannot listen on port {port}; choose another one with --port")
        }),
    }
}

/// Feeds, digest and sections of the demo, as TOML.
const CONTENT: &str = r#"[[feeds]]
name = "news"
title = "Everything from the college"
titles = { zh = "学院全部文章" }

[[feeds]]
name = "english"
title = "College news"
titles = { zh = "学院新闻（英文）" }
languages = ["en"]

[[feeds]]
name = "chinese"
title = "College news in Chinese"
titles = { zh = "学院新闻" }
languages = ["zh"]

[[feeds]]
name = "admissions"
title = "Admissions"
titles = { zh = "招生" }
sections = ["Admissions"]

[[digests]]
name = "minute"
title = "The minute at the college"
titles = { zh = "学院一分钟" }
schedule = "* * * * *"
languages = ["en", "zh"]
max_articles = 6
from = "College News <news@linden.example>"
reply_to = "office@linden.example"

[[sections]]
name = "News"
titles = { zh = "新闻" }

[[sections]]
name = "Admissions"
titles = { zh = "招生" }

[[sections]]
name = "International"
titles = { zh = "国际交流" }

[[sections]]
name = "Workshops"
titles = { zh = "实训" }

[[sections]]
name = "Campus"
titles = { zh = "校园" }

"#;

/// Returns the configuration, parsed like any configuration file.
fn demo_config(
    college: &College,
    dir: &Path,
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
titles = {{ zh = {title_zh:?} }}
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

{CONTENT}[[transports]]
name = "default"
url = "smtp://{smtp}"
connections = 4
"#,
        title = college.title,
        title_zh = college.title_zh,
        postal = college.postal_address,
    );
    let path = dir.join("demo.toml");
    // Definitions in the admin area are validated with the file.
    std::fs::write(&path, &text)?;
    Ok(Config::parse(&path, &text, std::iter::empty())?)
}

/// Publishes the initial articles and adds the subscribers.
async fn seed(app: &App, college: &College) -> anyhow::Result<()> {
    let (now, base_url) = (app.now(), &app.config.site.base_url);
    let articles = college.articles.iter().map(|a| a.incoming_article(now, base_url)).collect();
    import::upsert_articles(&app.store, &app.config, SOURCE, articles, now).await?;
    let digests: Vec<_> = app.config.digests.iter().collect();
    let mut requests = Vec::new();
    for sample in &college.subscribers {
        let subscriber = NewSubscriber {
            email: sample.email.clone(),
            name: Some(sample.name.clone()),
            language: Some(sample.language.clone()),
            sections: sample.sections.clone(),
            ..NewSubscriber::default()
        };
        requests.push(
            subscribers::validate(
                &subscriber,
                &digests,
                "fictional subscriber of the demo",
                &app.store_identity.secret,
            )
            .map_err(anyhow::Error::msg)?,
        );
    }
    subscribers::apply_requests(
        &app.store,
        requests,
        &digests,
        RequestOrigin::AdminWithConsent,
        &Actor::System,
        now,
    )
    .await?;
    Ok(())
}

fn print_welcome(base_url: &str, college: &College) -> anyhow::Result<()> {
    let bold = output::bold;
    output::line("")?;
    output::line(&format!("  {} is running.", bold(&college.title)))?;
    output::line("")?;
    for (label, path) in [
        ("Feeds and subscription page", "/"),
        ("Inbox of the subscribers", "/mailbox"),
        ("Publish an article", "/demo/publish"),
    ] {
        output::line(&format!("  {label:30} {}", bold(&format!("{base_url}{path}"))))?;
    }
    output::line("")?;
    output::line(
        "  A digest is sent every minute, and a new article is published every 40 seconds. Press Ctrl-C to stop; all data is deleted.",
    )?;
    output::line("")
}

/// Publishes one story after the other, each with its translation. After the last, all are
/// published again under new ids.
async fn publish_periodically(app: App, later: Vec<SampleArticle>, stop: CancellationToken) {
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
    for index in 0.. {
        let (round, story) = (index / stories.len(), &stories[index % stories.len()]);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PUBLISH_INTERVAL) => {}
        }
        let now = app.now();
        let id_in_round =
            |id: &str| if round == 0 { id.to_owned() } else { format!("{id}-{round}") };
        let articles: Vec<IncomingArticle> = story
            .iter()
            .map(|article| {
                let mut article = article.clone();
                article.id = id_in_round(&article.id);
                article.translation_of = article.translation_of.as_deref().map(id_in_round);
                IncomingArticle {
                    published_at: now,
                    ..article.incoming_article(now, &app.config.site.base_url)
                }
            })
            .collect();
        if let Err(e) =
            import::upsert_articles(&app.store, &app.config, SOURCE, articles, now).await
        {
            tracing::error!("cannot publish the demo article: {e:#}");
        }
    }
}
