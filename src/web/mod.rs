//! placeholder
use crate::app::App;
pub struct Demo { pub mailbox: crate::mail::mailbox::Mailbox, pub source: String, pub sections: Vec<String> }
pub async fn serve(_: App, _: tokio::net::TcpListener, _: Option<Demo>, stop: tokio_util::sync::CancellationToken) -> anyhow::Result<()> { stop.cancelled().await; Ok(()) }
